"""Whose address a header names, and whether it names one at all: the one that is shown is the one that is answered.

Written for headers that want to be misread: nothing is decoded before the structure is known, nothing recurses, and
what two programs could read in two ways is no address here but a fault in words.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal

import idna
import msgspec

from channels.email.charsets import decode, printable
from channels.email.headers import has_controls, words_of
from channels.email.mail import From, Mailbox

MOST_MAILBOXES: Final = 500
MOST_NAME: Final = 200
MOST_BRACKETS: Final = 10_000
MOST_RAW: Final = 1_000

_TOKEN: Final = re.compile(r'=\?[^?\s"<>@;:]{1,80}\?[bBqQ]\?[^?\s"<>@;:]*\?=|[^\s()<>@,;:"\\\[\]]+|\s+|.', re.DOTALL)
_IN_QUOTES: Final = re.compile(r'["\\]')
_IN_COMMENT: Final = re.compile(r"[()\\]")
_LABELS: Final = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
)
_DOT_ATOM: Final = re.compile(r"[^\s\x00-\x20\x7f()<>@,;:\"\\\[\]]+")
_ENCODED: Final = re.compile(r"=\?[^?]*\?[bBqQ]\?")
_ADDRESS_IN_NAME: Final = re.compile(r"[^\s<>\"'()\[\],;:]{1,256}@[\w.-]{1,253}")

Kind = Literal["text", "quoted", "comment", "space", "special"]
Token = tuple[Kind, str]
_COMMA: Final[Token] = ("text", ",")


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of addresses holds: the first 500; where `count` is more than that, nobody counted on."""

    mailboxes: tuple[Mailbox, ...] = ()
    count: int = 0
    faults: tuple[str, ...] = ()
    has_group: bool = False


def read_from(values: list[bytes]) -> From:
    """Who the From headers name; without a mailbox wherever that is not one address beyond doubt."""
    raw = " | ".join(_shown(value) for value in values)[:MOST_RAW]
    if not values:
        return From(raw="", fault="there is no From header")
    if len(values) > 1:
        return From(raw=raw, fault=f"there are {len(values)} From headers")
    if has_controls(values[0]):
        return From(raw=raw, fault="the From header holds control characters")
    found = read_addresses(values[0])
    if found.has_group:
        return From(raw=raw, fault="the From header names a group")
    if found.count > 1:
        return From(raw=raw, fault=f"the From header names {found.count} people")
    if found.faults:
        return From(raw=raw, fault=found.faults[0])
    if not found.mailboxes:
        return From(raw=raw, fault="the From header names no address")
    return From(raw=raw, mailbox=found.mailboxes[0])


def _shown(value: bytes) -> str:
    return printable(decode(value[:MOST_RAW], None)[0])


def misleading_name(values: list[bytes]) -> str | None:
    """Words about a From whose name shows another address than the one that wrote; such a name is left out."""
    found = read_addresses(values[0]) if len(values) == 1 else None
    if found and len(found.mailboxes) == 1 and found.mailboxes[0].name is None:
        for other in _ADDRESS_IN_NAME.findall(printable(words_of(decode(values[0], None)[0]))):
            if not _is_same(other, found.mailboxes[0].address):
                return f"the sender's name shows another address: {other[:100]}"
    return None


def _is_same(shown: str, address: str) -> bool:
    """Whether what is shown is that address, as one writes it: in capitals, or in letters of its own language."""
    found = read_addresses(shown.encode("utf-8", "replace")).mailboxes
    return any(one.address.lower() == address.lower() for one in found)


def read_addresses(value: bytes) -> Addresses:
    """The mailboxes of one header. What stands in a group counts; `a@b; c@d`, as Outlook writes it, is two. A name
    with a comma that should be quoted, `Doe, Jane <a@b>`, is one."""
    mailboxes: list[Mailbox] = []
    faults: list[str] = []
    count, has_group = 0, False
    held: list[Token] = []
    words: list[Token] = []
    is_angled = False
    for token in _tokens(decode(value, None)[0], faults):
        kind, text = token
        if kind == "special" and text in "<>":
            is_angled = text == "<"
        if kind != "special" or is_angled or text not in ",;:":
            held.append(token)
            continue
        if text == ":":
            has_group, held, words = True, [], []
        elif not any(kind == "special" for kind, _ in held):
            words += [*held, _COMMA] if _says(held) else []
        else:
            count += 1
            if count > MOST_MAILBOXES:
                break
            _take([*words, *held] if ("special", "<") in held else held, mailboxes, faults)
            words = []
        held = []
    if words:
        count += 1
        faults.append("there is no address")
    if is_angled:
        count += 1
        faults.append("an address is not closed by >")
    return Addresses(mailboxes=tuple(mailboxes), count=count, faults=tuple(dict.fromkeys(faults)), has_group=has_group)


def _says(tokens: list[Token]) -> bool:
    return any(kind not in {"space", "comment"} for kind, _ in tokens)


def _take(held: list[Token], mailboxes: list[Mailbox], faults: list[str]) -> None:
    """Of a list that lost its commas (Python's own generator encodes them in long ones) every address counts; as a
    From it has a fault."""
    mailbox, fault = _mailbox(held)
    if fault:
        faults.append(fault)
    if mailbox:
        mailboxes.append(mailbox)
        return
    starts = [at for at, token in enumerate(held) if token == ("special", "<")]
    for start, stop in pairwise([*starts, len(held)]) if len(starts) > 1 else ():
        ends = [at for at in range(start, stop) if held[at] == ("special", ">")]
        address = _address(held[start + 1 : ends[0]])[0] if ends else None
        if address and len(mailboxes) < MOST_MAILBOXES:
            mailboxes.append(Mailbox(address=address))


def _tokens(text: str, faults: list[str]) -> Iterator[Token]:
    """Quoted strings without their quotes, comments without their brackets, runs of letters, blanks, single signs; a
    comma at the end."""
    at = 0
    while at < len(text):
        match text[at]:
            case '"':
                said, at = _until_quote(text, at + 1, faults)
                yield "quoted", said
            case "(":
                said, at = _until_bracket(text, at + 1, faults)
                yield "comment", said
            case _:
                found = _TOKEN.match(text, at)
                assert found is not None
                at = found.end()
                yield _kind(found[0]), found[0]
    yield "special", ","


def _kind(text: str) -> Kind:
    if text.isspace():
        return "space"
    return "special" if len(text) == 1 and text in '()<>@,;:"\\[]' else "text"


def _until_quote(text: str, at: int, faults: list[str]) -> tuple[str, int]:
    said: list[str] = []
    while found := _IN_QUOTES.search(text, at):
        said.append(text[at : found.start()])
        if found[0] == '"':
            return "".join(said), found.end()
        said.append(text[found.end() : found.end() + 1])
        at = found.end() + 1
    faults.append("a quoted name has no end")
    return "".join([*said, text[at:]]), len(text)


def _until_bracket(text: str, at: int, faults: list[str]) -> tuple[str, int]:
    """Comments nest: only their depth is counted, however deep."""
    start, depth, seen = at, 1, 0
    while depth and (found := _IN_COMMENT.search(text, at)) and seen < MOST_BRACKETS:
        seen += 1
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        at = found.end() + (found[0] == "\\")
    if depth:
        faults.append("a comment has no end")
        return text[start:][:MOST_NAME], len(text)
    return text[start : at - 1], at


def _mailbox(tokens: list[Token]) -> tuple[Mailbox | None, str | None]:
    """`Name <address>` or `address (Name)`. The fault stands even where an address was found."""
    angles = [at for at, token in enumerate(tokens) if token == ("special", "<")]
    if not angles:
        address, fault = _address([token for token in tokens if token[0] != "comment"])
        name = _name([token for token in tokens if token[0] == "comment"], address)
        return (Mailbox(address=address, name=name) if address else None), fault
    start = angles[0]
    ends = [at for at, token in enumerate(tokens) if token == ("special", ">")]
    if len(angles) > 1 or len(ends) != 1 or ends[0] < start:
        return None, "an address is within < and > twice, or not closed"
    address, fault = _address([token for token in tokens[start + 1 : ends[0]] if token[0] != "comment"])
    if any(kind not in {"space", "comment"} for kind, _ in tokens[ends[0] + 1 :]):
        fault = fault or "something follows the address"
    before = tokens[:start]
    if address and ("special", "@") in before and _joined(before).strip().lower() != address.lower():
        return None, f"the name is written like another address: {printable(_joined(before))[:100]}"
    return (Mailbox(address=address, name=_name(before, address)) if address else None), fault


def _joined(tokens: list[Token]) -> str:
    return "".join(text for kind, text in tokens if kind != "comment")


def _name(tokens: list[Token], address: str | None) -> str | None:
    """For people; none where it shows an address that is not the one it stands beside."""
    words = printable(words_of("".join(text if kind != "space" else " " for kind, text in tokens)))[:MOST_NAME].strip(
        "'\" "
    )
    others = [
        other
        for other in _ADDRESS_IN_NAME.findall(unicodedata.normalize("NFKC", words))
        if other.lower() != (address or "").lower()
    ]
    return words if words and not others and words.lower() != (address or "").lower() else None


def _address(tokens: list[Token]) -> tuple[str | None, str | None]:
    while tokens and tokens[0][0] == "space":
        tokens = tokens[1:]
    while tokens and tokens[-1][0] == "space":
        tokens = tokens[:-1]
    signs = [at for at, token in enumerate(tokens) if token == ("special", "@")]
    if len(signs) != 1:
        return None, "there is no address" if not signs else "there is more than one @ in an address"
    local, domain = tokens[: signs[0]], tokens[signs[0] + 1 :]
    if any(kind == "space" for kind, _ in tokens):
        return None, "an address holds blanks"
    host = ascii_domain("".join(text for _, text in domain))
    if host is None or any(kind == "quoted" for kind, _ in domain):
        return None, "what follows the @ is no domain"
    if len(local) == 1 and local[0][0] == "quoted" and local[0][1]:
        name = local[0][1]
        name = name if _DOT_ATOM.fullmatch(name) else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    else:
        name = "".join(text for _, text in local)
        if any(kind != "text" for kind, _ in local) or not _DOT_ATOM.fullmatch(name):
            return None, "what stands before the @ is no name"
    name = unicodedata.normalize("NFC", name)
    if _ENCODED.search(name) or printable(name) != name:
        return None, "what stands before the @ is encoded or not printable"
    if len(name) > 64 * 4 or len(name) + len(host) > 320:
        return None, "an address is too long"
    return f"{name}@{host}", None


@lru_cache(4_096)
def ascii_domain(text: str) -> str | None:
    """A domain in small ASCII letters (IDNA 2008), or a number in brackets; None if it is neither."""
    if len(text) > 255:
        return None
    if text.startswith("[") and text.endswith("]"):
        return text.lower() if re.fullmatch(r"\[(ipv6:)?[0-9a-fA-F.:]+\]", text, re.IGNORECASE) else None
    domain = text.lower()
    if not domain.isascii():
        try:
            domain = idna.encode(text, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError, ValueError):
            return None
    return domain if _LABELS.fullmatch(domain) else None
