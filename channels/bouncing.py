"""What came back: a report that one of our mails did not arrive, by its token, marks the address, and is told where the
mail came from. A report without a token of ours is a mail from outside and changes nothing; so does one of a delay.

The token is that of the Message-ID in the headers that came back, or, where none came, of the address that the report
was sent to: each of our mails has a return address of its own (VERP)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from channels import automatic_store, outbox_store
from channels.automatic import Box
from channels.email.mail import Bounce, Failed
from channels.email.tokens import Tokens
from channels.outbox import NewId, Recipients, outcomes_of
from channels.outbox_store import Db, Row
from identity.customers import WorkspaceId
from identity.errors import NotFound
from timeline import posting
from timeline.events import Actor, RecordedEvent
from timeline.followers import Followed
from timeline.mail_events import MailSettled, RecipientFate
from timeline.posting import Settled

_SYSTEM: Final = Actor("system")
_MOST_WORDS: Final = 500
_MOST_TO: Final = 20
_WENT_OUT: Final = ("sending", "sent", "uncertain")


class _To(msgspec.Struct, frozen=True, kw_only=True):
    address: str


class _Mail(msgspec.Struct, frozen=True, kw_only=True):
    bounce: Bounce | None = None
    to: tuple[_To, ...] = ()

    @property
    def tokens(self) -> list[str]:
        """Where a token of ours may stand, the surest first."""
        named = self.bounce.message_id if self.bounce is not None else None
        return [*([named] if named is not None else ()), *(one.address for one in self.to[:_MOST_TO])]


class _Data(msgspec.Struct, frozen=True, kw_only=True):
    mail: _Mail | None = None


class _Report(msgspec.Struct, frozen=True, kw_only=True):
    data: _Data | None = None
    history: bool = False


_report = msgspec.json.Decoder(_Report)


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """A mail of ours, the report about it, and at whom it did not arrive, by addresses in small letters."""

    mail: Row
    event: UUID
    failed: dict[str, Failed]


class BounceView(msgspec.Struct, frozen=True, kw_only=True):
    """An address at which a mail of ours did not arrive, and what the report said. `event_id` is the report."""

    id: UUID
    mail_id: UUID
    address: str
    event_id: UUID
    status: str | None
    words: str | None
    bounced_at: datetime
    cleared_at: datetime | None
    cleared_by: str | None


class BounceMark(msgspec.Struct, frozen=True, kw_only=True):
    """No mail arrives at an address since then; `status` and `words` are those of the latest report."""

    since: datetime
    status: str | None
    words: str | None


async def take(
    db: Db,
    workspace: WorkspaceId,
    batch: Sequence[Followed],
    boxes: Sequence[Box],
    *,
    tokens: Tokens,
    new_id: NewId,
    now: datetime,
) -> None:
    """Take in the reports of a batch, each mail and address once. Raises `StartOver`."""
    found = [one for followed in batch if (one := await _returned(db, workspace, followed.event, boxes, tokens))]
    if not found:
        return
    owners = await posting.lock(db, workspace, [one.mail["contact_id"] for one in found if one.mail["contact_id"]])
    carried = [event for one in found for event in (one.event, one.mail["event_id"]) if event is not None]
    blanked = await outbox_store.blanked(db, workspace, carried)
    found = [one for one in found if not blanked & {one.event, one.mail["event_id"]}]  # erased since they were read
    told: list[Settled] = []
    for one in found:
        fresh = {
            address: each
            for address, each in one.failed.items()
            if await _add(db, workspace, one, each, address, new_id, now)
        }
        if fresh and one.mail["event_id"] is not None and one.mail["contact_id"] is not None:
            fact = _fact(one.mail, fresh)
            told.append(Settled(event_id=one.mail["event_id"], contact_id=one.mail["contact_id"], told=fact))
    await posting.tell(db, workspace, owners, told, actor=_SYSTEM, new_id=new_id)


async def _returned(
    db: Db, workspace: UUID, event: RecordedEvent, boxes: Sequence[Box], tokens: Tokens
) -> Returned | None:
    came = _came(event)
    if came is None or came.bounce is None:
        return None
    for box in (box for box in boxes if box.account.source == event.source):
        for text in came.tokens:
            mail = tokens.read(box.account.id, text)
            row = await outbox_store.mail(db, workspace, mail) if mail is not None else None
            if row is not None and row["account_id"] == box.account.id and row["state"] in _WENT_OUT:
                failed = _failed(row, came.bounce.failed)
                return Returned(mail=row, event=event.id, failed=failed) if failed else None
    return None


def _came(event: RecordedEvent) -> _Mail | None:
    if event.type not in ("FactRecorded", "MessageRecorded") or event.direction != "inbound" or event.source is None:
        return None
    if b'"bounce"' not in bytes(event.data):
        return None
    try:
        said = _report.decode(event.data)
    except msgspec.MsgspecError:
        return None
    return said.data.mail if not said.history and said.data is not None else None


def _failed(mail: Row, failed: Sequence[Failed]) -> dict[str, Failed]:
    """Of whom the report says so for good. Forwarded, it names another address than ours: the only one is meant."""
    ours = [address.lower() for address in msgspec.json.decode(mail["recipients"], type=Recipients).addresses]
    for_good = [one for one in failed if one.action == "failed"]
    found = {one.address.lower(): one for one in for_good if one.address.lower() in ours}
    return found or ({ours[0]: for_good[0]} if len(ours) == 1 and for_good else {})


async def _add(
    db: Db, workspace: UUID, one: Returned, each: Failed, address: str, new_id: NewId, now: datetime
) -> bool:
    return await automatic_store.add_bounce(
        db,
        workspace,
        new_id(),
        mail=one.mail["id"],
        address=address,
        event=one.event,
        status=each.status,
        words=each.words and each.words[:_MOST_WORDS],
        now=now,
    )


def _fact(mail: Row, failed: dict[str, Failed]) -> MailSettled:
    """Of all whom it went to: those who have it, and those who do not."""
    fates: dict[str, RecipientFate] = {}
    for address, outcome in outcomes_of(mail).items():
        status = "uncertain" if outcome.state == "waiting" else outcome.state
        fates[address] = RecipientFate(address=address, status=status, words=outcome.words)
    for address in msgspec.json.decode(mail["recipients"], type=Recipients).addresses:
        if (one := failed.get(address.lower())) is not None:
            fates[address] = RecipientFate(address=address, status="bounced", words=_words(one))
    words = "; ".join(dict.fromkeys(filter(None, map(_words, failed.values()))))[:_MOST_WORDS] or None
    message_id = mail["message_id"]
    return MailSettled(
        status="bounced", message_id=message_id, words=words, tries=mail["tries"], recipients=tuple(fates.values())
    )


def _words(one: Failed) -> str | None:
    return " ".join(filter(None, (one.status, one.words)))[:_MOST_WORDS] or None


# -- as a person sees them --------------------------------------------------------------------------------------------


async def marks_of(db: Db, workspace: UUID, addresses: Sequence[str]) -> dict[str, BounceMark]:
    """The marks of these addresses, by the address in small letters."""
    rows = await automatic_store.standing_bounces(db, workspace, [one.lower() for one in addresses])
    return {one["address"]: BounceMark(since=one["since"], status=one["status"], words=one["words"]) for one in rows}


async def list_bounces(
    db: Db, workspace: UUID, address: str | None, before: UUID | None, limit: int
) -> list[BounceView]:
    """Those that were not cleared, the newest first."""
    wanted = address.strip().lower() if address is not None else None
    return [BounceView(**dict(row)) for row in await automatic_store.bounces(db, workspace, wanted, before, limit)]


async def bounced_of(db: Db, workspace: UUID, reply: UUID) -> list[BounceView]:
    """What is known of the addresses that a reply goes to."""
    return [BounceView(**dict(row)) for row in await automatic_store.bounced_of(db, workspace, reply)]


async def clear(db: Db, workspace: UUID, bounce: UUID, *, by: Actor, now: datetime) -> BounceView:
    """Let automatic mail go to its address again. Raises `NotFound`."""
    row = await automatic_store.clear(db, workspace, bounce, by, now)
    if row is None:
        raise NotFound
    return BounceView(**dict(row))
