"""Which events of the ledger cause an automatic mail to a customer: a mail that begins a thread is acknowledged, a
reminder goes out as one. What they say is the desk's."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from channels import automatic_store
from channels.automatic import Asked, Box
from channels.email import automatic
from channels.email.automatic import Came
from channels.email.tokens import Tokens
from channels.outbox_store import Db, Row
from timeline.events import RecordedEvent
from timeline.followers import Followed

CHANNEL: Final = "email"
MOST_REFERENCES: Final = 20
RESTORED: Final = "a backup brought it back: whether it was answered since is unknown"


class _Mails(msgspec.Struct, frozen=True, kw_only=True):
    mail: msgspec.Raw = msgspec.Raw(b"null")


class _Point(msgspec.Struct, frozen=True, kw_only=True):
    to: dict[str, str] | None = None


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """What of an item says whether it may be answered by itself."""

    body: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")
    reminder: bool = False
    history: bool = False
    erased: bool = False


_said = msgspec.json.Decoder(_Said)
_came = msgspec.json.Decoder(Came | None)
_mails = msgspec.json.Decoder(_Mails | None)
_point = msgspec.json.Decoder(_Point | None)


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that came in, as far as an automatic mail may answer it."""

    id: UUID
    source: str | None
    conversation: str | None
    came: Came | None
    number: int | None

    @property
    def references(self) -> tuple[str, ...]:
        if self.came is None or self.came.message_id is None:
            return ()
        return (*self.came.references[-MOST_REFERENCES:], self.came.message_id)


async def read_items(db: Db, workspace: UUID, events: Sequence[UUID]) -> dict[UUID, Item]:
    rows = await automatic_store.items(db, workspace, list(events)) if events else []
    return {row["id"]: _item(row) for row in rows}


def _item(row: Row) -> Item:
    names = ("id", "source", "conversation", "number")
    return Item(came=read_came(row["mail"]), **{name: row[name] for name in names})


def read_came(raw: Any) -> Came | None:
    """None for what did not come by mail, or says so in another shape."""
    if raw is None:
        return None
    try:
        return _came.decode(raw)
    except msgspec.MsgspecError:
        return None


def box_of(boxes: Sequence[Box], source: str | None) -> Box | None:
    """The account that mail of this source is answered by."""
    return next((box for box in boxes if box.account.source == source and box.sends), None)


async def asked(
    db: Db,
    workspace: UUID,
    batch: Sequence[Followed],
    boxes: Sequence[Box],
    *,
    tokens: Tokens,
    epoch: int,
    now: datetime,
) -> list[Asked]:
    """The acknowledgements and reminders of a batch, also those that must not go out."""
    spoken = {
        one.event.id: (one, said)
        for one in batch
        if one.event.type == "MessageRecorded" and one.event.channel == CHANNEL and (said := _read(one.event))
    }
    wanted = [id_ for id_, (one, _) in spoken.items() if one.event.direction == "inbound"]
    wanted += [one.event.about for one, said in spoken.values() if said.reminder and one.event.about is not None]
    items = await read_items(db, workspace, wanted)
    found: list[Asked] = []
    for one, said in spoken.values():
        mail = _reminder(one, said, items, boxes) if said.reminder else _acknowledgement(one, items, boxes, tokens, now)
        if mail is not None:
            found.append(msgspec.structs.replace(mail, refusal=RESTORED) if one.at.epoch < epoch else mail)
    return found


def _read(event: RecordedEvent) -> _Said | None:
    try:
        said = _said.decode(event.data)
    except msgspec.MsgspecError:
        return None
    return None if said.history or said.erased else said


def _acknowledgement(
    one: Followed, items: Mapping[UUID, Item], boxes: Sequence[Box], tokens: Tokens, now: datetime
) -> Asked | None:
    event = one.event
    item, box = items.get(event.id), box_of(boxes, event.source)
    if event.direction != "inbound" or item is None or item.came is None or box is None:
        return None
    words = box.settings.acknowledge
    if not words or item.came.thread.by != "new":
        return None
    if not automatic.is_due(event.occurred_at, event.recorded_at, box.created_at, now):
        return None
    return Asked(
        box=box,
        key=f"{automatic.ACKNOWLEDGEMENT}/{event.id}",
        purpose=automatic.ACKNOWLEDGEMENT,
        to=item.came.address,
        subject=automatic.subject(box.settings, item.number),
        text=automatic.filled(words, item.number),
        references=item.references,
        automatic="replied",
        event=event.id,
        answers=event.id,
        whose=event.contact_id,
        conversation=item.conversation,
        refusal=automatic.not_answered(item.came, has_token(item.came, boxes, tokens)),
    )


def has_token(came: Came, boxes: Sequence[Box], tokens: Tokens) -> bool:
    """Whether it bears an id of ours, or refers to one."""
    said = [one for one in (came.message_id, *came.references) if one]
    return any(tokens.read(box.account.id, one) is not None for box in boxes for one in said)


def _reminder(one: Followed, said: _Said, items: Mapping[UUID, Item], boxes: Sequence[Box]) -> Asked | None:
    event = one.event
    item = items.get(event.about) if event.about is not None else None
    box = box_of(boxes, item.source) if item is not None else None
    if event.direction != "outbound" or event.source is not None or item is None or box is None or not said.body:
        return None
    if event.recorded_at < box.created_at:
        return None
    refusal = automatic.UNPROVED if item.came is None else automatic.not_told(item.came)
    return Asked(
        box=box,
        key=f"{automatic.REMINDER}/{event.id}",
        purpose=automatic.REMINDER,
        to=_address(said, item),
        subject=automatic.subject(box.settings, item.number),
        text=said.body,
        references=item.references,
        event=event.id,
        contact=event.contact_id,
        answers=item.id,
        conversation=item.conversation,
        refusal=refusal,
    )


def _address(said: _Said, item: Item) -> str | None:
    """As the reminder's event shows it; the spelling is the item's where they are the same."""
    point = _point.decode(said.data)
    shown = point.to.get("value") if point is not None and point.to is not None else None
    told = item.came.address if item.came is not None else None
    return told if told is not None and shown is not None and told.lower() == shown.lower() else shown
