"""Where the new text of a mail ends and what it quotes begins, and where its signature does.

Every program that people write mails with marks this in its own way; the forms here are those that their
documentation and their output show. The text itself is never shortened: an index says where a reader may fold it.
"""

import re
from typing import Final

import msgspec

MOST_ATTRIBUTION: Final = 500
MOST_ATTRIBUTION_LINES: Final = 4
MOST_SIGNATURE_LINES: Final = 30
MOST_LINE: Final = 1_000
MOST_TRIED: Final = 2_000
MOST_FIELDS: Final = 12
MOST_BLANK_LINES: Final = 10

_OPENING: Final = re.compile(
    r"\s*(?:On|Am|Le|El|Il|Op|Em|Den|W dniu|Dne|Dana|On the|Den|Pe|Në|Le|\d{4}-\d\d-\d\d|\w{2,10},? \d{1,2}[. ])\b",
    re.UNICODE,
)
_WROTE: Final = re.compile(
    r"(?:\bwrote|\bschrieb(?:\b.{1,250})?|\bgeschrieben|a écrit|\bescribió|ha scritto"
    r"|\bschreef(?: .{1,200})?|\bescreveu|\bskrev(?: .{1,200})?"
    r"|\bkirjoitti|\bnapisał(?:\(a\)|a)?|\bnapsal(?:\(a\))?|\bwrites)\s?:\s*\Z"
)
_ADDRESSED: Final = re.compile(r"<[^<>\s]{1,200}@[^<>\s]{1,200}>\s?:\s*\Z")
_SAID_THEN: Final = re.compile(r"[<(][^<>()\s]{1,200}@[^<>()\s]{1,200}[>)][^<>]{0,100}[:：]\s*\Z")
_DATED: Final = re.compile(r"@|\d.{0,40}\d.{0,40}\d")
_RUN_ON: Final = re.compile(
    r"\s{1,4}(?:On|Am|Le|El) .{5,200}<[^<>\s]{1,200}@[^<>\s]{1,200}> ?(?:wrote|schrieb)[^:]{0,40}:\s+\S"
)
_SEPARATOR: Final = re.compile(
    r"\s*(?:-{2,}|_{2,}|\*{2,})\s*(?:Original Message|Original-Nachricht|Ursprüngliche Nachricht|Originalnachricht"
    r"|Ursprungsnachricht|Urspr\. Nachricht|Message d'origine|Mensaje original|Messaggio originale|Mensagem original"
    r"|Oorspronkelijk bericht|Reply message)\s*(?:-{2,}|_{2,}|\*{2,})\s*",
    re.IGNORECASE,
)
_FORWARDED: Final = re.compile(
    r"\s*(?:(?:-{2,}|_{2,})\s*(?:Forwarded message|Weitergeleitete Nachricht|Message transféré|Mensaje reenviado"
    r"|Doorgestuurd bericht|Messaggio inoltrato)\b.*|Begin forwarded message:"
    r"|Anfang der weitergeleiteten Nachricht:)\s*",
    re.IGNORECASE,
)
_FIELD: Final = re.compile(
    r"\s*\*?(?:(?P<sender>From|Von|De|Da|Van|Från|Fra|Od|Lähettäjä|Gönderen|От|发件人|差出人)"
    r"|(?P<subject>Subject|Betreff|Objet|Asunto|Oggetto|Onderwerp|Assunto|Ämne|Emne|Temat|Předmět|Aihe|Konu|Тема|主题|件名)"
    r"|(?P<other>Sent|Date|To|Cc|Gesendet|Datum|An|Envoyé|À|Enviado(?: el)?|Para|Inviato|A|Verzonden|Aan|Skickat|Till"
    r"|Sendt|Til|Data|Wysłane|Do|Odesláno|Komu|Lähetetty|Gönderildi|Kime|Дата|Кому|发送时间|收件人|Reply-To|Kopie"
    r"|Antwort an))\s?[:：]\*?\s"
)
_IS_ANSWER: Final = re.compile(r"\s*[^\W\d_]{1,5}(?:[\[(^]\d{1,4}[\])]?)?\s?[:：]")
_RULE: Final = re.compile(r"\s*(?:_{8,}|-{8,})\s*")
_IS_FORWARD: Final = re.compile(r"\s*(?:fwd?|wg|tr|rv|i|enc|doorst)\s*:", re.IGNORECASE)
_DELIMITER: Final = re.compile(r"--[ \xa0]?")
_SENT_WITH: Final = re.compile(
    r"\s*(?:Sent from (?:my |Mail|Outlook|Yahoo|Proton|Windows)|Von meinem .{1,60} gesendet|Get Outlook for"
    r"|(?:Holen Sie sich )?Outlook für (?:iOS|Android)|Sent with \[?Proton|Mit \[?Proton ?Mail.{0,20} gesendet"
    r"|Diese Nachricht wurde (?:von meinem|mit) .{1,60} (?:gesendet|geschrieben)|Envoyé de mon |Enviado desde mi )"
)
_SENT_BY: Final = re.compile(r"\s*(?:Gesendet (?:von|mit|über|aus)|Sent via|Inviato da)\b.{1,60}\Z")
"""What begins like the words of a device and may be a person's: only as a paragraph of its own."""


class Folded(msgspec.Struct, frozen=True, kw_only=True):
    """Both in characters from the beginning; None where there is nothing to fold."""

    quoted_at: int | None = None
    signed_at: int | None = None


def fold(
    text: str, subject: str | None = None, *, marked_at: int | None = None, signed_at: int | None = None
) -> Folded:
    """Where `text` (lines end with a newline) may be folded. A forward is new to whoever gets it: what it forwards is
    no quote. `marked_at` and `signed_at` are where the HTML of the mail says so. Text that would be folded whole is
    left as it is."""
    lines = text.split("\n")
    starts = _starts(lines)
    is_forward = bool(_IS_FORWARD.match(subject or ""))
    hard = _hard_quote(lines, has_headers=not is_forward and (subject is None or bool(_IS_ANSWER.match(subject))))
    if marked_at is not None and not is_forward and not _is_answered_below(lines, _line_at(starts, marked_at)):
        hard = min(hard, _line_at(starts, marked_at))
    end = _trailing_quote(lines, hard)
    below = _delimiter(lines, end) if end == hard else None
    if below is not None and (above := _trailing_quote(lines, below)) < below:
        end = above  # a signature below the quote
    if end < len(lines) and not any(line.strip() for line in lines[:end]):
        end = len(lines)
    signature = _signature(lines, end)
    if signature is None and signed_at is not None and (at := _line_at(starts, signed_at)) < end:
        signature = at
    if signature is not None and not any(line.strip() for line in lines[:signature]):
        signature = None
    return Folded(
        quoted_at=starts[end] if end < len(lines) else None,
        signed_at=starts[signature] if signature is not None else None,
    )


def unquoted(text: str) -> str:
    """Without the lines with > and those above them that say whose they are: what is new where somebody answers between
    quotes or below them."""
    kept: list[str] = []
    is_quote = False
    for line in text.split("\n"):
        was_quote, is_quote = is_quote, line.lstrip().startswith(">")
        if not is_quote:
            kept.append(line)
        elif not was_quote:
            del kept[_whose(kept) :]
    return "\n".join(kept)


def _whose(lines: list[str]) -> int:
    """Where the words begin, at the end of these lines, that say whose quote follows; their end if there are none."""
    above = len(lines)
    while above and not lines[above - 1].strip() and len(lines) - above < MOST_BLANK_LINES:
        above -= 1
    for first in range(max(0, above - MOST_ATTRIBUTION_LINES), above):
        if _attribution(lines, first) == above - 1:
            return first
    return above - 1 if above and len(lines) - above <= 1 and _says_who(lines[above - 1]) else len(lines)


def _starts(lines: list[str]) -> list[int]:
    starts, at = [0], 0
    for line in lines:
        at += len(line) + 1
        starts.append(at)
    return starts


def _line_at(starts: list[int], at: int) -> int:
    """The first line that begins at or after a place in the text."""
    low, high = 0, len(starts) - 1
    while low < high:
        middle = (low + high) // 2
        if starts[middle] < at:
            low = middle + 1
        else:
            high = middle
    return low


def _is_answered_below(lines: list[str], at: int) -> bool:
    """Whether something follows the lines with > that begin here, perhaps behind who wrote them."""
    number, said = at, 0
    while number < len(lines) and not lines[number].startswith(">") and said <= MOST_ATTRIBUTION_LINES:
        said += bool(lines[number].strip())
        number += 1
    if number == len(lines) or not lines[number].startswith(">"):
        return False
    return any(line.strip() and not line.startswith(">") for line in lines[number:])


def _hard_quote(lines: list[str], *, has_headers: bool) -> int:
    """The first line from which on all is quoted, whether or not it is marked with >. `has_headers`: whether a header
    may begin a quote; in a mail that is no answer it is what somebody forwards or a form has filled in."""
    tried = 0
    for number, line in enumerate(lines):
        if not line or len(line) > MOST_LINE or line[0] == ">":
            continue
        if _FORWARDED.fullmatch(line):
            return len(lines)
        if _SEPARATOR.fullmatch(line) or _RUN_ON.match(line[:600]):
            return number
        if has_headers and _FIELD.match(line[:40]) and _is_header(lines, number):
            return number - 1 if number and _RULE.fullmatch(lines[number - 1]) else _above_blank_rule(lines, number)
        if tried < MOST_TRIED and _OPENING.match(line[:40]):
            tried += 1
            last = _attribution(lines, number)
            if (
                last is not None
                and not _is_marked(lines, last + 1)
                and _DATED.search(" ".join(lines[number : last + 1]))
            ):
                return number
    return len(lines)


def _above_blank_rule(lines: list[str], number: int) -> int:
    """Outlook's rule stands a blank line above, too."""
    if number >= 2 and not lines[number - 1].strip() and _RULE.fullmatch(lines[number - 2]):
        return number - 2
    return number


def _is_header(lines: list[str], number: int) -> bool:
    """Lines without a blank one, of which one names a sender, one a subject, and one more something else: people write
    `From: Berlin` and `To: Paris`, too."""
    found: set[str | None] = set()
    for line in lines[number : number + MOST_FIELDS]:
        if not line.strip():
            break
        if field := _FIELD.match(line[:40]):
            found.add(field.lastgroup)
    return len(found) == 3


def _attribution(lines: list[str], number: int) -> int | None:
    """The last line of `On … wrote:` that begins here, which programs fold over at most four lines."""
    if not _OPENING.match(lines[number][:40]):
        return None
    said = ""
    for last in range(number, min(len(lines), number + MOST_ATTRIBUTION_LINES)):
        line = lines[last][:MOST_ATTRIBUTION]
        if not line.strip() or line.startswith(">"):
            return None
        said = f"{said} {line}" if said else line
        if line.rstrip().endswith(":") and (_WROTE.search(said[-300:]) or _ADDRESSED.search(said[-450:])):
            return last
        if len(said) > MOST_ATTRIBUTION:
            return None
    return None


def _is_marked(lines: list[str], number: int) -> bool:
    """Whether the next line that says something is quoted with >."""
    for line in lines[number : number + 4]:
        if line.strip():
            return line.startswith(">")
    return False


def _trailing_quote(lines: list[str], stop: int) -> int:
    """Where the lines with > begin that nothing new follows before `stop`, with the line that says whose they are."""
    at, is_quote = stop, False
    while at and (not lines[at - 1].strip() or lines[at - 1].startswith(">")):
        at -= 1
        is_quote = is_quote or lines[at].startswith(">")
    if not is_quote:
        return stop
    while at < stop and not lines[at].strip():
        at += 1
    return _whose(lines[:at])


def _says_who(line: str) -> bool:
    """Whether a line above a quote says whose it is, in whatever language: an address, and a date beside it."""
    return bool(_ADDRESSED.search(line[-450:]) or (_SAID_THEN.search(line[-450:]) and any(map(str.isdigit, line))))


def _signature(lines: list[str], end: int) -> int | None:
    """The line `-- ` or the words of a device near the end of what is new."""
    if (found := _delimiter(lines, end)) is not None:
        return found
    last = _last_said(lines, end)
    for number in range(max(0, last - 3), last):
        is_apart = not number or not lines[number - 1].strip()
        if _SENT_WITH.match(lines[number][:200]) or (is_apart and _SENT_BY.match(lines[number][:200])):
            return number
    return None


def _delimiter(lines: list[str], end: int) -> int | None:
    last = _last_said(lines, end)
    for number in range(last - 1, max(-1, last - 1 - MOST_SIGNATURE_LINES), -1):
        if _DELIMITER.fullmatch(lines[number][:4]):
            return number
    return None


def _last_said(lines: list[str], end: int) -> int:
    """Behind the last line that says something."""
    while end and not lines[end - 1].strip():
        end -= 1
    return end
