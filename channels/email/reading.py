"""What does this mail say? All of it in values, its files in a folder, whatever it is that came.

It runs where it may be killed (`channels.email.child`). A stage that fails costs what that stage reads and leaves a
defect in words: headers, text and files are read apart, so that nearly every mail becomes an event.
"""

import re
from datetime import UTC, datetime
from email.utils import mktime_tz, parsedate_tz
from pathlib import Path
from typing import Final

import msgspec

from channels.email.addresses import MOST_MAILBOXES, Addresses, misleading_name, read_addresses, read_from
from channels.email.attachments import keep
from channels.email.bodies import Body, read_body
from channels.email.bounces import read_form, read_report
from channels.email.charsets import decode, printable, tidy
from channels.email.headers import Head, read_head
from channels.email.mail import Attached, Bounce, Mail
from channels.email.mime import Part, Structure, content, content_type, split
from channels.email.quoting import Folded, fold
from channels.email.robots import read_robot

MOST_SUBJECT: Final = 1_000
MOST_IDS: Final = 100
MOST_DEFECTS: Final = 30
MOST_RESULTS: Final = 50
MOST_PLAIN: Final = 200_000

_ID: Final = re.compile(r"<([^<>\s]{1,900})>")
_RETURNED: Final = frozenset(
    {"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers", "message/rfc822-headers"}
)
_NOBODY: Final = re.compile(rb"\s*<\s*>")
_ENCRYPTED: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_STATUSES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_REPORTS: Final = _STATUSES | {"multipart/report"}


def read_mail(raw: bytes, folder: Path) -> Mail:
    """Everything. Its files lie in `folder` afterwards, by the sha256 of their bytes."""
    raw, defects = _with_line_ends(raw)
    head = read_head(raw, 0)
    structure = split(raw, head)
    body = read_body(raw, structure.parts, head.text("subject"))
    attached = keep(raw, [structure.parts[number] for number in body.kept], folder, defects)
    if structure.type == "multipart/encrypted" or any(part.type in _ENCRYPTED for part in structure.parts):
        defects.append("it is encrypted or signed as a whole: what it says is in its files")
    bounce = _report(raw, structure)
    mail = _with_headers(head, structure.type, structure.parameters, body, bounce)
    folded = fold(body.text, mail.subject, marked_at=body.marked_at, signed_at=body.signed_at)
    return _finished(mail, folded, attached, (*mail.defects, *structure.defects, *body.defects, *defects))


def read_plainly(raw: bytes, words: str) -> Mail:
    """The headers, and the beginning of what follows as text: for a mail whose parts cannot be read, as `words` say."""
    raw, defects = _with_line_ends(raw)
    head = read_head(raw, 0)
    text = tidy(decode(raw[head.end : head.end + MOST_PLAIN], None)[0])
    type_, parameters = content_type(head, "text/plain")
    mail = _with_headers(head, type_, parameters, Body(text=text), None)
    return _finished(mail, Folded(), (), (words, *mail.defects, *defects))


def _with_line_ends(raw: bytes) -> tuple[bytes, list[str]]:
    """Lines that end with a carriage return alone, as nobody writes them who wants to be read."""
    if b"\r" in raw[:4_096] and b"\n" not in raw:
        return raw.replace(b"\r", b"\n"), ["its lines end with carriage returns alone"]
    return raw, []


def _finished(mail: Mail, folded: Folded, attached: tuple[Attached, ...], defects: tuple[str, ...]) -> Mail:
    told = tuple(printable(one)[:300] for one in list(dict.fromkeys(defects))[:MOST_DEFECTS])
    return msgspec.structs.replace(
        mail, quoted_at=folded.quoted_at, signed_at=folded.signed_at, attachments=attached, defects=told
    )


def _with_headers(head: Head, type_: str, parameters: dict[str, str], body: Body, bounce: Bounce | None) -> Mail:
    defects = list(head.defects)
    froms = head.all("from")
    sender = read_from(froms)
    if misled := misleading_name(froms):
        defects.append(misled)
    if sender.fault:
        defects.append(sender.fault)
    address = sender.mailbox.address if sender.mailbox else None
    return_path = _return_path(head)
    is_daemon = _is_mailer(address or sender.raw)
    is_machine = return_path == "" or is_daemon
    is_report = is_machine or type_ in _REPORTS  # a person may attach one: that is a question about it
    bounce = (bounce if is_report else None) or read_form(head, body.text, is_machine=is_machine, is_daemon=is_daemon)
    to, cc, reply_to = (_listed(head, name, defects) for name in ("to", "cc", "reply-to"))
    subject = head.text("subject")
    return Mail(
        sender=sender,
        reply_to=reply_to.mailboxes,
        to=to.mailboxes,
        cc=cc.mailboxes,
        subject=subject[:MOST_SUBJECT] if subject else None,
        date=_date(head, defects),
        message_id=next(iter(_ids(head, "message-id")), None),
        in_reply_to=_ids(head, "in-reply-to"),
        references=_ids(head, "references"),
        text=body.text,
        html=body.html,
        robot=read_robot(
            head, type_, parameters, sender=address, return_path=return_path, is_bounce=bounce is not None
        ),
        bounce=bounce,
        authentication_results=tuple(
            tidy(decode(one, None)[0]) for one in head.all("authentication-results")[:MOST_RESULTS]
        ),
        return_path=return_path,
        delivered_to=_delivered_to(head),
        defects=tuple(defects),
    )


def _is_mailer(sender: str) -> bool:
    said = sender.lower()
    return "mailer-daemon" in said or "postmaster" in said or "mail delivery" in said or "microsoftexchange" in said


def _listed(head: Head, name: str, defects: list[str]) -> Addresses:
    """All headers of that name together, as far as 500 addresses go."""
    found = [read_addresses(value) for value in head.all(name)[:10]]
    mailboxes = [mailbox for one in found for mailbox in one.mailboxes]
    if sum(one.count for one in found) > MOST_MAILBOXES:
        defects.append(f"{name.title()} names more than {MOST_MAILBOXES} people: the first {MOST_MAILBOXES} are kept")
    return Addresses(mailboxes=tuple(mailboxes[:MOST_MAILBOXES]))


def _ids(head: Head, name: str) -> tuple[str, ...]:
    """Without their brackets; of very many the first and the newest, as they count most."""
    said = " ".join(decode(value[:64_000], None)[0] for value in head.all(name)[:5])
    found = list(dict.fromkeys(printable(one) for one in _ID.findall(said)))
    if not found and name == "message-id" and said.strip() and not said.strip().count(" "):
        found = [printable(said)[:900]]
    return tuple(found if len(found) <= MOST_IDS else [found[0], *found[1 - MOST_IDS :]])


def _date(head: Head, defects: list[str]) -> datetime | None:
    said = head.text("date")
    if said is None:
        return None
    try:
        if fields := parsedate_tz(said[:200]):
            return datetime.fromtimestamp(mktime_tz(fields), UTC)
    except (ValueError, OverflowError, OSError, TypeError, IndexError):
        pass
    defects.append("its Date cannot be read")
    return None


def _return_path(head: Head) -> str | None:
    """The topmost, which our own server wrote; empty for a mail whose envelope has no sender."""
    value = head.first("return-path")
    if value is None:
        return None
    found = read_addresses(value[:2_000])
    if not found.mailboxes and _NOBODY.match(value):
        return ""
    return found.mailboxes[0].address if found.mailboxes else None


def _delivered_to(head: Head) -> tuple[str, ...]:
    values = [value for name in ("delivered-to", "x-original-to", "envelope-to") for value in head.all(name)[:20]]
    found = (mailbox.address for value in values for mailbox in read_addresses(value[:2_000]).mailboxes)
    return tuple(dict.fromkeys(found))


def _report(raw: bytes, structure: Structure) -> Bounce | None:
    """A delivery report, from its machine readable part."""
    status = next((part for part in structure.parts if part.type in _STATUSES), None)
    if status is None:
        return None
    returned = next((part for part in structure.parts if part.type in _RETURNED), None)
    return read_report(_beginning(raw, status), _beginning(raw, returned) if returned else None)


def _beginning(raw: bytes, part: Part) -> bytes:
    return b"".join(content(raw, msgspec.structs.replace(part, stop=min(part.stop, part.start + (256 << 10))), []))
