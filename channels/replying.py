"""The follower that makes mails of replies: each reply by mail of an account that sends, once, as it was recorded; and
of what the desk wrote first, which names its account.

Whom it goes to and what it is called stands in the reply's event; a merge since then changes nothing. What was recorded
before the account was made, or came in from outside, is nobody's to send.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from channels import automatic, files, outbox, outbox_store
from channels.accounts import public_id, read_public_id
from channels.email.composing import Enclosed, Letter, Recipient
from channels.email.settings import MailSettings
from channels.email.tokens import Tokens
from channels.files import FileUse
from channels.outbox import NewId, Prepared
from channels.outbox_store import Db, Row
from identity.customers import WorkspaceId
from timeline import followers, posting
from timeline.events import Actor, is_automatic
from timeline.followers import Followed
from timeline.mail_events import MailSettled
from timeline.posting import Settled

FOLLOWER: Final = "outbox"
CHANNEL: Final = "email"
PURPOSE: Final = "reply"


class _Mail(msgspec.Struct, frozen=True, kw_only=True):
    """As the reply's event says whom it goes to."""

    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    subject: str = ""
    account: str = ""

    def account_in(self, workspace: UUID) -> UUID | None:
        """The account that a mail goes out by that answers nothing."""
        of, account = read_public_id(self.account)
        return account if of == workspace else None


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """An account that sends mail, and the address that it sends from."""

    id: str
    name: str
    address: str


class _Data(msgspec.Struct, frozen=True, kw_only=True):
    mail: _Mail | None = None


class _Reply(msgspec.Struct, frozen=True, kw_only=True):
    body: str | None = None
    data: _Data | None = None
    reminder: bool = False
    history: bool = False
    erased: bool = False


_reply = msgspec.json.Decoder(_Reply)


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A reply to be sent, and what it says."""

    followed: Followed
    body: str
    mail: _Mail


async def follow(db: Db, workspace: WorkspaceId, tokens: Tokens, now: datetime, *, new_id: NewId) -> int:
    """Make mails of the next events; how many events were read. Raises `StartOver`."""

    async def take(batch: list[Followed]) -> None:
        asked = [one for one in map(_asked, batch) if one is not None]
        if asked:
            mails = await _prepared(db, workspace, asked, tokens, now, new_id)
            await _keep(db, workspace, mails, now, new_id)

    return await followers.advance(db, workspace, FOLLOWER, take, now)


def _asked(one: Followed) -> _Asked | None:
    """None for what is no reply of ours by mail."""
    event = one.event
    if event.type != "MessageRecorded" or event.direction != "outbound" or event.channel != CHANNEL:
        return None
    if event.source is not None:
        return None
    try:
        said = _reply.decode(event.data)
    except msgspec.MsgspecError:
        return None
    if said.reminder or said.history or said.erased or said.data is None or said.data.mail is None or not said.body:
        return None
    if event.about is None and not said.data.mail.account:
        return None
    return _Asked(followed=one, body=said.body, mail=said.data.mail)


async def goes_out(db: Db, workspace: UUID, item: UUID) -> bool:
    """Whether an answer by mail to this item is sent from here: by an account that sends."""
    items = await outbox_store.answered(db, workspace, [item])
    sources = [row["source"] for row in items if row["source"] is not None]
    accounts = [row["account_id"] for row in items if row["account_id"] is not None]
    found = await outbox_store.senders(db, workspace, sources, accounts, outbox.KIND) if sources or accounts else []
    sender = _sender(items[0], found) if items else None
    return sender is not None and _sends(sender)


async def sending(db: Db, workspace: UUID) -> tuple[list[Sending], frozenset[str]]:
    """The accounts that send, the oldest first, and every address that is our own, in small letters."""
    boxes = await automatic.boxes(db, workspace)
    found = [
        Sending(id=public_id(workspace, box.account.id), name=box.settings.name or "", address=box.settings.address)
        for box in boxes
        if box.sends
    ]
    return found, automatic.own_addresses(boxes)


async def _prepared(
    db: Db, workspace: UUID, asked: Sequence[_Asked], tokens: Tokens, now: datetime, new_id: NewId
) -> list[Prepared]:
    abouts = list({one.followed.event.about for one in asked if one.followed.event.about is not None})
    items = {row["id"]: row for row in await outbox_store.answered(db, workspace, abouts)}
    sources = list({row["source"] for row in items.values() if row["source"] is not None})
    accounts = {row["account_id"] for row in items.values() if row["account_id"] is not None}
    accounts |= {named for one in asked if (named := one.mail.account_in(workspace)) is not None}
    found = await outbox_store.senders(db, workspace, sources, list(accounts), outbox.KIND)
    before: dict[UUID, list[str]] = {}
    for row in await outbox_store.sent_before(db, workspace, abouts):
        before.setdefault(row["id"], []).append(row["message_id"])
    parts = await files.parts_of(db, workspace, [one.followed.event.id for one in asked])
    epoch = await outbox_store.epoch(db)
    made: list[Prepared] = []
    for one in asked:
        event = one.followed.event
        item = items.get(event.about) if event.about is not None else None
        sender = _sender(item, found) if item is not None else _named(one.mail.account_in(workspace), found)
        if sender is None or event.recorded_at < sender["created_at"]:
            continue
        mail = outbox.prepare(
            outbox.account_of(sender),
            _letter(one, item, before, parts.get(event.id, [])),
            key=f"{PURPOSE}/{event.id}",
            purpose=PURPOSE,
            tokens=tokens,
            new_id=new_id,
            now=now,
            event=event.id,
            contact=event.contact_id,
            conversation=None if item is None else item["conversation"] or item["our_conversation"],
            held=outbox.RESTORED if one.followed.at.epoch < epoch else None,
            fault=None if _sends(sender) else outbox.SENDS_NOTHING,
        )
        made.append(mail)
        if item is not None:
            before.setdefault(item["id"], []).append(mail.message_id)
    return made


def _sends(row: Row) -> bool:
    settings = msgspec.json.decode(row["settings"], type=MailSettings)
    return settings.smtp is not None and row["disabled_at"] is None


def _sender(item: Row, found: Sequence[Row]) -> Row | None:
    """The account that the item came in by; of a mail of ours the one that it went out by. One that sends, if any."""
    if item["source"] is None:
        return _named(item["account_id"], found)
    same = [row for row in found if row["source"] == item["source"]]
    return next((row for row in same if _sends(row)), same[-1] if same else None)


def _named(account: UUID | None, found: Sequence[Row]) -> Row | None:
    return next((row for row in found if row["id"] == account), None)


def _letter(one: _Asked, item: Row | None, before: Mapping[UUID, Sequence[str]], parts: Sequence[FileUse]) -> Letter:
    references: list[str] = []
    if item is not None:
        thread = msgspec.json.decode(item["thread"] or b"null", type=list[str] | None) or []
        parent = item["message_id"] or item["ours"]
        references = [*thread, *before.get(item["id"], ())[-5:], *([parent] if parent else [])]
    enclosed = (
        Enclosed(name=part.name, type=part.type, size=part.size, sha256=part.sha256)
        for part in parts
        if part.part == "attachment"
    )
    automatic = is_automatic(one.followed.event.actor)
    return Letter(
        to=tuple(Recipient(address=address) for address in one.mail.to),
        cc=tuple(Recipient(address=address) for address in one.mail.cc),
        bcc=tuple(Recipient(address=address) for address in one.mail.bcc),
        subject=one.mail.subject,
        text=one.body,
        references=tuple(references),
        automatic="generated" if automatic else None,
        files=tuple(enclosed),
    )


async def _keep(db: Db, workspace: WorkspaceId, mails: Sequence[Prepared], now: datetime, new_id: NewId) -> None:
    """What cannot go out is told at once, where the reply is. Who was erased since it was read gets nothing: erasures
    wait for the locks, or are seen under them."""
    owners = await posting.lock(db, workspace, [mail.contact for mail in mails if mail.contact is not None])
    blanked = await outbox_store.blanked(db, workspace, [mail.event for mail in mails if mail.event is not None])
    mails = [mail for mail in mails if mail.event not in blanked]
    stuck = {mail.id: settled for mail in mails if (settled := _stuck(mail)) is not None}
    kept = [mail.id for mail in mails if await outbox.keep(db, workspace, mail, now)]
    told = [stuck[mail] for mail in kept if mail in stuck]
    await posting.tell(db, workspace, owners, told, actor=Actor("system"), new_id=new_id)


def _stuck(mail: Prepared) -> Settled | None:
    if mail.state == "waiting" or mail.event is None or mail.contact is None:
        return None
    told = MailSettled(status=mail.state, message_id=mail.message_id, words=mail.fault or mail.held)
    return Settled(event_id=mail.event, contact_id=mail.contact, told=told)
