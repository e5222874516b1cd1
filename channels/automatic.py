"""Automatic mails into the outbox: each is counted against its address in the transaction that puts it there, so that
however many workers there are, no address gets too many. What does not go out is there too, with the reason.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from channels import automatic_store, outbox, outbox_store
from channels.contract import Account
from channels.email import automatic
from channels.email.automatic import Lately
from channels.email.composing import Automatic, Letter, Recipient
from channels.email.settings import MailSettings
from channels.email.tokens import Tokens
from channels.outbox import KIND, NewId, Prepared
from channels.outbox_store import Db
from identity.claims import lock_key
from identity.customers import WorkspaceId
from timeline import posting
from timeline.events import Actor
from timeline.mail_events import MailSettled
from timeline.posting import Settled

_SYSTEM = Actor("system")


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """An account that is there, with what it is set to."""

    account: Account
    settings: MailSettings
    created_at: datetime

    @property
    def sends(self) -> bool:
        return self.settings.smtp is not None and not self.account.is_disabled


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """An automatic mail to one address; to nobody where `refusal` says already why it does not go out. With a contact,
    what becomes of it is told on the thread, about the event. `answers` is the item that it answers, and `whose` that
    is."""

    box: Box
    key: str
    purpose: str
    to: str | None
    subject: str = ""
    text: str = ""
    references: tuple[str, ...] = ()
    automatic: Automatic = "generated"
    event: UUID | None = None
    contact: UUID | None = None
    answers: UUID | None = None
    whose: UUID | None = None
    conversation: str | None = None
    refusal: str | None = None


async def boxes(db: Db, workspace: UUID) -> list[Box]:
    """Every mailbox of a workspace, the oldest first."""
    return [
        Box(
            account=(account := outbox.account_of(row)),
            settings=_settings(account),
            created_at=row["created_at"],
        )
        for row in await automatic_store.mailboxes(db, workspace, KIND)
    ]


def own_addresses(boxes: Sequence[Box]) -> frozenset[str]:
    """In small letters; also of accounts that are disabled."""
    return frozenset(address.lower() for box in boxes for address in box.settings.addresses)


def notifier(boxes: Sequence[Box]) -> Box | None:
    """The account that writes to agents."""
    return next((box for box in boxes if box.sends and box.settings.notifies), None)


async def post(
    db: Db,
    workspace: WorkspaceId,
    asked: Sequence[Asked],
    ours: frozenset[str],
    *,
    tokens: Tokens,
    new_id: NewId,
    now: datetime,
) -> dict[str, Prepared]:
    """Let those go out that may, and keep the others with the reason; by their keys, without those that were there
    already. To be called once in a transaction, which writes nothing before. Raises `StartOver`."""
    wanted = [contact for one in asked for contact in (one.contact, one.whose) if contact is not None]
    owners = await posting.lock(db, workspace, wanted)
    blanked = await outbox_store.blanked(db, workspace, [one.answers for one in asked if one.answers is not None])
    asked = [one for one in asked if one.answers not in blanked]  # erased since they were read
    known = await _lately(db, workspace, asked, now)
    kept: dict[str, Prepared] = {}
    for one in asked:
        address = (one.to or "").lower()
        refusal = one.refusal or automatic.refused(one.purpose, address, ours, known[address])
        mail = _prepared(one, refusal, tokens, new_id, now)
        if one.key in kept or not await outbox.keep(db, workspace, mail, now):
            continue
        kept[one.key] = mail
        if mail.state == "waiting":
            known[address] = automatic.counted(known[address], one.purpose)
    told = [_settled(mail) for mail in kept.values() if mail.contact is not None and mail.state != "waiting"]
    await posting.tell(db, workspace, owners, [one for one in told if one], actor=_SYSTEM, new_id=new_id)
    return kept


async def _lately(db: Db, workspace: WorkspaceId, asked: Sequence[Asked], now: datetime) -> dict[str, Lately]:
    """Counted where nobody else counts the same addresses meanwhile."""
    addresses = sorted({(one.to or "").lower() for one in asked if one.to} - {""})
    await automatic_store.lock(db, sorted({lock_key(workspace, "automatic mail", one) for one in addresses}))
    since, acknowledged = now - automatic.WITHIN, now - automatic.ACKNOWLEDGED_WITHIN
    rows = await automatic_store.lately(db, workspace, addresses, since, acknowledged)
    found = {
        row["address"]: Lately(sent=row["sent"], acknowledged=row["acknowledged"], bounced=row["bounced"])
        for row in rows
    }
    return {"": Lately(), **found}


def _prepared(one: Asked, refusal: str | None, tokens: Tokens, new_id: NewId, now: datetime) -> Prepared:
    letter = Letter(
        to=(Recipient(address=one.to),) if one.to else (),
        subject=one.subject,
        text=one.text,
        references=one.references,
        automatic=one.automatic,
    )
    return outbox.prepare(
        one.box.account,
        letter,
        key=one.key,
        purpose=one.purpose,
        tokens=tokens,
        new_id=new_id,
        now=now,
        event=one.event,
        contact=one.contact,
        conversation=one.conversation,
        suppressed=refusal,
    )


def _settled(mail: Prepared) -> Settled | None:
    if mail.event is None or mail.contact is None or mail.state == "waiting":
        return None
    told = MailSettled(status=mail.state, message_id=mail.message_id, words=mail.reason)
    return Settled(event_id=mail.event, contact_id=mail.contact, told=told)


def _settings(account: Account) -> MailSettings:
    assert isinstance(account.settings, MailSettings)
    return account.settings
