"""What a mail says about the delivery of another: reports as RFC 3464 has them, and the forms that are none.

Which mail it was about is what its own returned headers say; whether that mail was ours, a signed id has to show.
"""

import re
from typing import Final

from channels.email.charsets import decode, printable
from channels.email.headers import Head, read_head
from channels.email.mail import Bounce, Failed

MOST_FAILED: Final = 500
MOST_READ: Final = 256 << 10

_ACTIONS: Final = frozenset({"failed", "delayed", "delivered", "relayed", "expanded"})
_STATUS: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_MESSAGE_ID: Final = re.compile(r"^[ \t>]{0,8}Message-ID:\s{0,4}<([^<>\s]{1,900})>", re.IGNORECASE | re.MULTILINE)
_SUBJECT: Final = re.compile(
    r"\s*(?:undeliver(?:able|ed)|unzustellbar|delivery (?:status notification|failure|has failed)|returned mail"
    r"|failure notice"
    r"|mail delivery (?:failed|failure|error)|mail system error|non remis|nicht zugestellt|message delivery failure)",
    re.IGNORECASE,
)
_FORMS: Final = re.compile(
    r"This is the qmail-send program|This message was created automatically by mail delivery software"
    r"|Delivery has failed to these recipients|Fehler bei der Nachrichtenzustellung"
    r"|Ihre Nachricht konnte nicht zugestellt werden|Your message did(?:n't| not) reach|could not be delivered to"
    r"|The following (?:address|recipient)(?:es|s|\(es\)|\(s\))? (?:failed|had)"
    r"|I'm afraid I wasn't able to deliver|konnte (?:nicht|an) .{1,60}zugestellt",
    re.IGNORECASE,
)
_LATER: Final = re.compile(
    r"not yet been delivered|delivery (?:is|has been|was) delayed|\bmessage delayed|\bmessage \S{1,60} delayed"
    r"|delivery attempts will continue|will (?:be retried|keep trying|continue to try)|noch nicht zugestellt"
    r"|Zustellung verzögert|weiterhin versucht",
    re.IGNORECASE,
)
_RETURNED: Final = re.compile(
    r"^(?:-{2,} .{0,80}(?:copy of the message|original message|returned message|Ursprüngliche|header).{0,80}"
    r"|Original message headers:|Ursprüngliche Nachrichtenkopfzeilen:)",
    re.IGNORECASE | re.MULTILINE,
)
_RECIPIENT: Final = re.compile(
    r"^[ \t]{0,8}<?([^\s<>:;,()\"]{1,64}@[\w.-]{1,253})>?"
    r"(?:[ \t]{0,4}<(?:mailto:)?[^<>\s]{1,320}>|[ \t]{0,4}\([^()\n]{1,320}\))?[ \t]{0,4}:?[ \t]{0,4}$",
    re.MULTILINE,
)
_ID: Final = re.compile(rb"<([^<>\s]{1,900})>")


def read_report(status: bytes, returned: bytes | None) -> Bounce:
    """A report of delivery status (RFC 3464) and the mail or the headers that it gives back."""
    failed: list[Failed] = []
    at, status = 0, status[:MOST_READ]
    while at < len(status) and len(failed) < MOST_FAILED:
        group = read_head(status, at)
        one = _recipient(group)
        if one:
            failed.append(one)
        if group.end <= at:
            break
        at = group.end
        if group.defects:
            end = status.find(b"\n\n", at)
            at = len(status) if end < 0 else end + 2
    return Bounce(message_id=returned_id(returned), failed=tuple(failed))


def _recipient(group: Head) -> Failed | None:
    said = group.text("original-recipient") or group.text("final-recipient")
    final = group.text("final-recipient") or said
    if not said or not final:
        return None
    action = (group.text("action") or "failed").lower().partition(" ")[0]
    found = _STATUS.search(group.text("status") or "") or _STATUS.search(group.text("diagnostic-code") or "")
    words = group.text("diagnostic-code")
    return Failed(
        address=(_typed(said) or _typed(final))[:320],
        action=action if action in _ACTIONS else "failed",  # pyright: ignore[reportArgumentType]
        status=found[1] if found else None,
        words=_typed(words)[:1_000] if words else None,
    )


def _typed(said: str) -> str:
    """`rfc822; jane@example.com` without its type."""
    return said.partition(";")[2].strip() if ";" in said else said.strip()


def returned_id(returned: bytes | None) -> str | None:
    """The Message-ID in the headers that came back."""
    if returned is None:
        return None
    at = len(returned) - len(returned[:1_000].lstrip(b"\r\n\t ")) if returned[:1].isspace() else 0
    found = _ID.search(read_head(returned, max(0, min(at, 1_000))).first("message-id") or b"")
    return printable(decode(found[1], None)[0]) if found else None


def read_form(head: Head, text: str, *, is_machine: bool, is_daemon: bool) -> Bounce | None:
    """A report in the words of qmail, Exim, Exchange and others; None if it is none. `is_machine`: nobody is named in
    its envelope, or a mailer daemon wrote it. A person who quotes such words has written no report, nor has who is
    away and quotes ours: words of a report are a daemon's."""
    text = text[:MOST_READ]
    told = head.text("x-failed-recipients")
    if not is_machine:
        return None
    if not (told or _SUBJECT.match(head.text("subject") or "") or (is_daemon and _FORMS.search(text[:8_000]))):
        return None
    back = _RETURNED.search(text)
    said, copy = (text[: back.start()], text[back.end() :]) if back else (text, text)
    found = _MESSAGE_ID.search(copy) or _MESSAGE_ID.search(text)
    addresses = [one.strip() for one in told.split(",")] if told else _RECIPIENT.findall(said)
    is_later = bool(_LATER.search(head.text("subject") or "") or _LATER.search(said[:8_000]))
    named = [address for address in list(dict.fromkeys(addresses))[:20] if "@" in address]
    return Bounce(
        message_id=found[1] if found else None,
        failed=tuple(_failed(address, said, is_later=is_later) for address in named),
    )


def _failed(address: str, said: str, *, is_later: bool) -> Failed:
    at = said.find(address)
    behind = said[at + len(address) : at + len(address) + 1_500] if at >= 0 else said[:1_500]
    found = _STATUS.search(behind)
    words = printable(behind.lstrip(">: \n").partition("\n\n")[0])[:500]
    delayed = found[1][0] == "4" if found is not None else is_later
    return Failed(
        address=address[:320],
        action="delayed" if delayed else "failed",
        status=found[1] if found else None,
        words=words or None,
    )
