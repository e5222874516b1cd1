"""What a mail becomes in the ledger: one item, with what it says of itself and what we know of who wrote it."""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from channels.contract import Account
from channels.email.authentication import Proof
from channels.email.mail import Mail, Mailbox
from channels.email.threading import Place
from channels.files import FileUse
from identity.customers import ClaimedIdentifier, ContactClaim
from timeline.interactions import AHEAD, EARLIEST, Interaction, check_time

DISPLAY_NAME: Final = "display_name"
SLACK: Final = timedelta(days=7)
"""A mail may be on its way for days. A Date that is further away is a wrong clock or a lie."""
MOST_HEADER: Final = 1_000
MOST_SUBJECT: Final = 1_000
MOST_MAILBOXES: Final = 500
MOST_REFERENCES: Final = 20

_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def source_id_of(key: str) -> str:
    """The source id of the mail that was delivered under this key, the SHA-256 of its bytes."""
    return f"mail:{key}"


def interaction(
    account: Account,
    source_id: str,
    mail: Mail,
    proof: Proof,
    place: Place,
    files: Sequence[FileUse],
    *,
    arrived: datetime,
) -> Interaction:
    """`arrived` is when the mail reached us or its mail server; a Date near it says when it was written."""
    return Interaction(
        source=account.source,
        source_id=source_id,
        kind="fact" if mail.bounce is not None else "message",
        channel="email",
        direction="inbound",
        occurred_at=_written_at(mail.date, arrived),
        contact=contact_of(account, mail, proof, place),
        conversation=place.conversation,
        ticket=str(place.sent.ticket_id) if place.sent is not None and place.sent.ticket_id is not None else None,
        subject=_clean(mail.subject, MOST_SUBJECT),
        body=_clean(mail.text, len(mail.text)),
        data={"mail": _data(mail, proof, place, files)},
    )


def _written_at(said: datetime | None, arrived: datetime) -> datetime:
    try:
        if said is not None and arrived - SLACK <= said <= arrived + AHEAD:
            check_time("date", said)
            return said.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        pass
    return max(arrived, EARLIEST).astimezone(UTC)


def contact_of(account: Account, mail: Mail, proof: Proof, place: Place) -> ContactClaim:
    """Whose it is: a proved sender is known by the address, a claimed one is somebody of this thread alone, and one who
    is contradicted or cannot be told is nobody: the address stands in the data and links nothing.

    A claimed sender's name is shown and compares with nobody's: whoever forges an address writes the name beside it."""
    mailbox = mail.sender.mailbox
    if mailbox is None or proof.verdict in ("contradicted", "ambiguous"):
        return ContactClaim()
    is_proved = proof.verdict == "proved" and "email" in account.proves_now
    identifier = ClaimedIdentifier(kind="email", value=mailbox.address, verified=is_proved)
    name = _clean(mailbox.name, 200) or None
    if is_proved:
        return ContactClaim(name=name, identifiers=[identifier])
    said = f"{mailbox.address.lower()}\n{place.conversation}".encode("utf-8", "surrogatepass")
    attributes: dict[str, str | None] = {DISPLAY_NAME: name} if name else {}
    return ContactClaim(key=f"mail/{hashlib.sha256(said).hexdigest()}", identifiers=[identifier], attributes=attributes)


def _data(mail: Mail, proof: Proof, place: Place, files: Sequence[FileUse]) -> dict[str, Any]:
    """Without what is not there."""
    references = list(dict.fromkeys((*mail.references, *mail.in_reply_to)))[-MOST_REFERENCES:]
    thread: dict[str, Any] = {"by": place.by, "words": place.words}
    if place.sent is not None:
        thread["sent"] = str(place.sent.id)
    shown = {
        "message_id": mail.message_id,
        "references": references,
        "from": _shown(mail.sender.mailbox) if mail.sender.mailbox else None,
        "raw_from": mail.sender.raw[:MOST_HEADER],
        "to": _listed(mail.to),
        "cc": _listed(mail.cc),
        "reply_to": _listed(mail.reply_to),
        "date": mail.date.isoformat() if mail.date else None,
        "proof": msgspec.to_builtins(proof),
        "robot": msgspec.to_builtins(mail.robot) if mail.robot else None,
        "bounce": msgspec.to_builtins(mail.bounce) if mail.bounce else None,
        "quoted_at": mail.quoted_at,
        "signed_at": mail.signed_at,
        "html": any(one.part == "html" for one in files),
        "attachments": [_attached(one) for one in files if one.part != "html"],
        "thread": {name: value for name, value in thread.items() if value is not None},
        "defects": list(mail.defects),
    }
    return _cleaned({name: value for name, value in shown.items() if value is not None})


def _attached(file: FileUse) -> dict[str, Any]:
    shown = {"id": str(file.id), "name": file.name, "type": file.type, "size": file.size}
    return {**shown, "inline": file.part == "inline"}


def _listed(mailboxes: Sequence[Mailbox]) -> list[dict[str, Any]]:
    return [_shown(one) for one in mailboxes[:MOST_MAILBOXES]]


def _shown(mailbox: Mailbox) -> dict[str, Any]:
    return {"address": mailbox.address} | ({"name": mailbox.name} if mailbox.name else {})


def _cleaned(value: Any) -> Any:
    """What the ledger can keep of a stranger's words."""
    if isinstance(value, str):
        return _UNPRINTABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {name: _cleaned(inner) for name, inner in value.items()}
    return [_cleaned(inner) for inner in value] if isinstance(value, list | tuple) else value


def _clean(text: str | None, most: int) -> str | None:
    return None if text is None else _UNPRINTABLE.sub("\ufffd", text[:most])
