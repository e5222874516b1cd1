"""How a mail becomes an item: read in a process that may be killed, proved, its files kept; then, in the transaction of
its event, put into its thread.

What touches the world comes in from outside: processes, name servers, the file store, and agents.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

from channels import files, outbox_store
from channels.contract import Account, Delivery, Unparseable
from channels.email import items, threading_store
from channels.email.authentication import Proof
from channels.email.dns import Lookup
from channels.email.kind import arrived_at
from channels.email.mail import Attached, Mail
from channels.email.proving import prove
from channels.email.quoting import unquoted
from channels.email.readers import Readers, ReadMail, Unreadable
from channels.email.settings import MailSettings
from channels.email.threading import (
    NOTIFICATION,
    Hashes,
    Member,
    Place,
    Sent,
    Threads,
    Wanted,
    member_of,
    place,
    want,
)
from channels.email.tokens import Tokens
from channels.files import FileUse, use_id
from channels.reading import Placed, Read
from channels.store import Db, Row, lock
from identity.claims import lock_key
from timeline.intake import Outcome
from timeline.threads import Workspace

HTML_NAME: Final = "message.html"

Keep = Callable[[UUID, Mapping[str, Path]], Awaitable[None]]
"""Store files by their hashes, so that they can be pointed to; `app.filing.keep`."""
Look = Callable[[UUID], AbstractAsyncContextManager[Db]]
"""A snapshot of a workspace."""


class MailRead(Read, frozen=True, kw_only=True):
    """A mail that was read, and what has to be known to place it."""

    source_id: str
    mail: Mail
    proof: Proof
    files: tuple[FileUse, ...]
    arrived: datetime
    wanted: Wanted


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """What belongs to the event of a mail."""

    member: Member | None
    files: tuple[FileUse, ...]


class Answering(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to a mail that we sent to an agent: what is new in it, and from where."""

    sent: Sent
    address: str
    text: str
    proof: Proof


Answer = Callable[[Db, Workspace, Account, Answering], Awaitable[Sequence[UUID] | str]]
"""Let an agent who may do so answer by mail: the events that came of it, or why it is a mail from outside."""


class MailReading:
    """The understanding of the kind `email`."""

    def __init__(
        self, readers: Readers, lookup: Lookup, tokens: Tokens, *, keep: Keep, look: Look, answer: Answer
    ) -> None:
        self._readers = readers
        self._lookup = lookup
        self._tokens = tokens
        self._keep = keep
        self._look = look
        self._answer = answer

    async def read(self, workspace: Workspace, account: Account, delivery: Delivery) -> MailRead:
        """Raises `Unparseable`, `FilesAway` and what the database raises."""
        received = delivery.received_at or datetime.now(UTC)
        try:
            found = await self._readers.read(delivery.raw)
        except Unreadable as error:
            raise Unparseable("", error.words) from None
        source_id = items.source_id_of(delivery.key)
        try:
            proof = _believed(await self._prove(delivery.raw, account, found.mail, received), account)
            uses = await self._keep_files(workspace, account, source_id, found)
        finally:
            await asyncio.to_thread(found.discard)
        wanted = want(found.mail, account.id, self._tokens, Hashes(workspace.salt))
        return MailRead(
            key=delivery.key,
            alone=await self._is_to_an_agent(workspace, wanted),
            source_id=source_id,
            mail=msgspec.structs.replace(found.mail, html=None),
            proof=proof,
            files=uses,
            arrived=min(arrived_at(delivery) or received, received),
            wanted=wanted,
        )

    async def _prove(self, raw: bytes, account: Account, mail: Mail, received: datetime) -> Proof:
        results, authserv_id = mail.authentication_results, settings_of(account).authserv_id
        verify = self._readers.verify
        return await prove(raw, mail.sender, results, authserv_id, lookup=self._lookup, verify=verify, now=received)

    async def _keep_files(
        self, workspace: Workspace, account: Account, source_id: str, found: ReadMail
    ) -> tuple[FileUse, ...]:
        parts = dict(found.parts)
        uses = [_use(workspace, account, source_id, at, one) for at, one in enumerate(found.mail.attachments)]
        if found.mail.html is not None:
            html = found.mail.html.encode("utf-8", "replace")
            sha256 = hashlib.sha256(html).hexdigest()
            parts[sha256] = found.folder / HTML_NAME
            await asyncio.to_thread(parts[sha256].write_bytes, html)
            id_ = use_id(workspace.id, account.source, source_id, len(uses))
            uses.append(
                FileUse(
                    id=id_, ordinal=len(uses), part="html", name=HTML_NAME, type="text/html", size=len(html),
                    sha256=sha256,
                )
            )  # fmt: skip
        await self._keep(workspace.id, parts)
        return tuple(uses)

    async def _is_to_an_agent(self, workspace: Workspace, wanted: Wanted) -> bool:
        if not wanted.sent:
            return False
        async with self._look(workspace.id) as db:
            sent = await find_sent(db, workspace.id, wanted.sent)
        return any(one.purpose == NOTIFICATION for one in sent.values())

    async def place(self, db: Db, workspace: Workspace, account: Account, reads: Sequence[MailRead]) -> list[Placed]:
        """In their order: each is known to those after it."""
        sent = await find_sent(db, workspace.id, [one for read in reads for one in read.wanted.sent])
        threads = await _known(db, workspace.id, account.id, reads)
        hashes, ours = Hashes(workspace.salt), settings_of(account).addresses
        placed: list[Placed] = []
        for read in reads:
            at = place(read.mail, read.proof, read.wanted, read.source_id, sent, threads)
            if (told := _told(read, sent)) is not None:
                answered = await self._answered(db, workspace, account, read, told, at)
                if not isinstance(answered, str):
                    placed.append(Placed(events=answered))
                    continue
                at = Place(conversation=read.source_id, by="new", words=answered)
            item = items.interaction(
                account, read.source_id, read.mail, read.proof, at, read.files, arrived=read.arrived
            )
            member = member_of(read.mail, read.proof, read.wanted, at.conversation, ours, hashes)
            if member is not None:
                threads.add(member)
            placed.append(Placed(items=[item], note=Noted(member=member, files=read.files)))
        return placed

    async def _answered(
        self, db: Db, workspace: Workspace, account: Account, read: MailRead, told: Sent, at: Place
    ) -> Sequence[UUID] | str:
        """The events of an agent's answer to what we told, or why it is none."""
        if read.mail.bounce is not None or read.mail.robot is not None:
            return "no person answers what we told an agent"
        mailbox = read.mail.sender.mailbox
        is_theirs = mailbox is not None and at.sent is not None and at.sent.id == told.id
        answering = Answering(
            sent=told,
            address=mailbox.address if mailbox is not None and is_theirs else "",
            text=_new_in(read.mail),
            proof=read.proof,
        )
        return await self._answered_once(db, workspace, account, read, answering)

    async def _answered_once(
        self, db: Db, workspace: Workspace, account: Account, read: MailRead, answering: Answering
    ) -> Sequence[UUID] | str:
        """A mail comes in two copies where it was sent to two of our addresses: other bytes, the same answer."""
        said = (str(answering.sent.id), answering.address, read.mail.message_id or "", answering.text)
        name = Hashes(workspace.salt).of_answer(*said)
        await lock(db, lock_key(workspace.id, "agent answer", name.hex()))
        before = await threading_store.named(db, workspace.id, account.id, name)
        if before and read.proof.verdict == "proved":
            return before
        done = await self._answer(db, workspace, account, answering)
        if not isinstance(done, str):
            await threading_store.name(db, workspace.id, account.id, name, done)
        return done

    async def record(
        self, db: Db, workspace: Workspace, account: Account, done: Sequence[tuple[Placed, Sequence[Outcome]]]
    ) -> None:
        """Raises `FileGone` where an erasure took the bytes meanwhile: they are kept again with the next try."""
        members: list[tuple[UUID, Member]] = []
        for placed, outcomes in done:
            if not isinstance(placed.note, Noted) or not outcomes or outcomes[0].status != 201:
                continue
            event = outcomes[0].event_id
            assert event is not None
            if placed.note.files:
                await files.record(db, workspace.id, event, placed.note.files)
            if placed.note.member is not None:
                members.append((event, placed.note.member))
        if members:
            await threading_store.add(db, workspace.id, account.id, members)


def settings_of(account: Account) -> MailSettings:
    assert isinstance(account.settings, MailSettings)
    return account.settings


def _believed(proof: Proof, account: Account) -> Proof:
    """Whatever shows who wrote it: an account that does not prove addresses proves nobody, customer or agent."""
    if proof.verdict != "proved" or "email" in account.proves_now:
        return proof
    return Proof(verdict="claimed", words=f"{proof.words}, and this account proves nobody by mail")


def _use(workspace: Workspace, account: Account, source_id: str, ordinal: int, one: Attached) -> FileUse:
    return FileUse(
        id=use_id(workspace.id, account.source, source_id, ordinal),
        ordinal=ordinal,
        part="inline" if one.is_inline else "attachment",
        name=one.name,
        type=one.type,
        size=one.size,
        sha256=one.sha256,
        content_id=one.content_id,
    )


def _told(read: MailRead, sent: Mapping[UUID, Sent]) -> Sent | None:
    """The notification that a mail answers, if it bears the token of one: no thread of a customer's has anything to do
    with it."""
    return next((sent[one] for one in read.wanted.sent if one in sent and sent[one].purpose == NOTIFICATION), None)


def _new_in(mail: Mail) -> str:
    """What was written, without the signature and whatever it quotes: that may be for colleagues alone."""
    text = mail.text if mail.quoted_at is None else mail.text[: mail.quoted_at]
    text = text if mail.signed_at is None else text[: mail.signed_at]
    return unquoted(text).strip()


async def _known(db: Db, workspace: UUID, account: UUID, reads: Sequence[MailRead]) -> Threads:
    messages = {one for read in reads for one in read.wanted.messages}
    owns = {read.wanted.own for read in reads if read.wanted.own is not None}
    senders = sorted({read.wanted.sender for read in reads if read.wanted.sender is not None})
    known: list[Member] = []
    if messages:
        rows = await threading_store.members(db, workspace, account, sorted(messages), senders)
        known.extend(_member(row) for row in rows)
    if owns and senders:
        rows = await threading_store.referring(db, workspace, account, sorted(owns), senders)
        known.extend(msgspec.structs.replace(_member(row), refers=frozenset([row["referred"]])) for row in rows)
    return Threads(known)


def _member(row: Row) -> Member:
    return Member(
        conversation=row["conversation"],
        message=row["message"],
        author=row["author"],
        named=frozenset(row["named"]),
        is_proved=row["is_proved"],
    )


async def find_sent(db: Db, workspace: UUID, ids: Sequence[UUID]) -> dict[UUID, Sent]:
    """The mails of ours that there are of these."""
    found: dict[UUID, Sent] = {}
    for id_ in dict.fromkeys(ids):
        row = await outbox_store.mail(db, workspace, id_)
        if row is not None:
            found[id_] = _sent(row)
    begun = [one.event_id for one in found.values() if one.event_id is not None and one.conversation is None]
    opened = await threading_store.opened(db, workspace, begun) if begun else set[UUID]()
    return {
        id_: msgspec.structs.replace(one, ticket_id=one.event_id) if one.event_id in opened else one
        for id_, one in found.items()
    }


def _sent(row: Row) -> Sent:
    said = msgspec.json.decode(row["recipients"], type=dict[str, list[dict[str, str | None]]])
    addresses = (one.get("address") for field in said.values() for one in field)
    return Sent(
        id=UUID(bytes=row["id"].bytes),
        purpose=row["purpose"],
        event_id=row["event_id"],
        conversation=row["conversation"],
        recipients=frozenset(address.lower() for address in addresses if address),
    )
