"""Receive one interaction or a batch: lock, resolve to contacts, append once.

The same source and source id is one event for ever: the same content answers with the first result, other content
is refused by field. Everything happens in the transaction of the caller, who keeps what was refused.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec

from identity import merging
from identity.book import Book, Moved
from identity.claims import Claim, SharedValues, claim_locks, customer_lock, lock_key, read_claim
from identity.customers import ContactClaim, ContactId, CustomerId, WorkspaceId
from identity.deciding import Evidence
from identity.identifiers import normalise
from identity.learning import LEARNING
from identity.merging import Joined
from identity.resolution import resolve
from identity.store import lock
from timeline import codec, merges, objects, store
from timeline.errors import StartOver
from timeline.events import RECORDED, Actor, EventId, NewEvent, Recorded
from timeline.interactions import Interaction, shown_at
from timeline.reactions import settle
from timeline.threads import Workspace
from timeline.tickets.naming import FoundTicket, find_tickets, refs_of
from timeline.tickets.policy import Versions
from timeline.tickets.projection import POLICIES, TicketRef
from timeline.tickets.ticket import TicketId
from timeline.worth import weigh

NewId = Callable[[], UUID]

MOST_ITEMS: Final = 100
MOST_LOCKS: Final = 1_000
_shared_values: Final = SharedValues()


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Who hands interactions in, and which identifier kinds that proves. `history` marks an import."""

    workspace: Workspace
    actor: Actor
    proves: frozenset[str]
    history: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one item; `status` is the number that a single push answers with."""

    status: int
    event_id: EventId | None = None
    contact_id: ContactId | None = None
    customer_id: CustomerId | None = None
    ticket: TicketRef | None = None
    code: str | None = None
    fields: list[str] = []
    words: str | None = None

    @property
    def error(self) -> tuple[str, str] | None:
        """The fields at fault and the words, of an item that was refused."""
        return (", ".join(self.fields), self.words or "") if self.status >= 400 else None


@dataclass(kw_only=True, slots=True)
class _Taken:
    """An item on its way. `same_as` is the place of an earlier item of the batch that it repeats."""

    item: Interaction
    claim: Claim
    event_id: EventId
    contact_id: ContactId | None = None
    answer: Outcome | None = None
    same_as: int | None = None
    ticket: FoundTicket | None = None


def chunks(items: Sequence[Interaction]) -> Iterator[Sequence[Interaction]]:
    """Runs of items that one transaction takes: at most 100 items and 1,000 locks."""
    start, locks = 0, 0
    for at, item in enumerate(items):
        wanted = 3 + len(item.contact.identifiers or ())
        if at > start and (at - start >= MOST_ITEMS or locks + wanted > MOST_LOCKS):
            yield items[start:at]
            start, locks = at, 0
        locks += wanted
    if start < len(items):
        yield items[start:]


async def receive(
    db: store.Db, sender: Sender, items: Sequence[Interaction], *, new_id: NewId, now: datetime | None = None
) -> list[Outcome]:
    """Take items in their order; one outcome each. `now` is for tests: the database's clock otherwise.

    Raises `StartOver` when a merge came between reading and locking: roll back and call again."""
    workspace = sender.workspace.id
    taken = [_taken(sender, item, new_id) for item in items]
    claims = [one.claim for one in taken]
    locks = claim_locks(workspace, claims, _shared_values)
    locks.update(lock_key(workspace, "item", item.source, item.source_id) for item in items)
    await lock(db, sorted(locks))
    clock, policy = await _recognise(db, sender, taken)
    await _find_tickets(db, workspace, taken)
    fresh = [one for one in taken if one.answer is None and one.same_as is None]
    if fresh:
        versions = await POLICIES.at_least(db, workspace, policy)
        try:
            await _take(db, sender, fresh, versions, new_id, now or clock)
        except Moved:
            raise StartOver from None
    return [one.answer or _again(taken[one.same_as or 0]) for one in taken]


def _taken(sender: Sender, item: Interaction, new_id: NewId) -> _Taken:
    claim = read_claim(
        item.source, item.source_id, item.contact, sender.proves, sender.workspace.region, item.occurred_at
    )
    return _Taken(item=item, claim=claim, event_id=EventId(new_id()))


async def _recognise(db: store.Db, sender: Sender, taken: list[_Taken]) -> tuple[datetime, int]:
    """Answer the items whose name is taken: by an event, or by an earlier item of the same batch. Returns the clock and
    the latest ticket policy."""
    names = [(one.item.source, one.item.source_id) for one in taken]
    found = await store.by_source(db, sender.workspace.id, names, sender.workspace.erased_names(names))
    rows = {(row["asked_source"], row["asked"]): row for row in found if row["id"] is not None}
    faults = await objects.refused(db, sender.workspace.id, [one.item for one in taken], found[0]["types"])
    first: dict[tuple[str, str], int] = {}
    known: dict[int, TicketId] = {}
    for at, (name, one) in enumerate(zip(names, taken, strict=True)):
        row = rows.get(name)
        if row is not None:
            fields = _differing_from(one.item, row, sender.workspace.region)
            ids = {"event_id": row["id"], "contact_id": row["contact_id"], "customer_id": row["customer_id"]}
            one.answer = _differs(fields, row["id"]) if fields else Outcome(status=200, **ids)
            if not fields and row["ticket_id"] is not None:
                known[at] = row["ticket_id"]
        elif at in faults:
            one.answer = Outcome(status=400, code="invalid", fields=[faults[at].field], words=faults[at].words)
        elif name in first:
            fields = differing(one.item, taken[first[name]].item, sender.workspace.region)
            if fields:
                one.answer = _differs(fields, taken[first[name]].event_id)
            else:
                one.same_as = first[name]
        else:
            first[name] = at
    if known:
        refs = await refs_of(db, sender.workspace.id, list(known.values()), found[0]["now"])
        for at, ticket in known.items():
            answer = taken[at].answer
            assert answer is not None
            taken[at].answer = msgspec.structs.replace(answer, ticket=refs.get(ticket))
    return found[0]["now"], found[0]["policy"]


async def _find_tickets(db: store.Db, workspace: WorkspaceId, taken: list[_Taken]) -> None:
    """The tickets that items name, by id or number; an item that names none of this workspace is refused."""
    naming = [one for one in taken if one.answer is None and one.item.ticket is not None]
    if not naming:
        return
    found = await find_tickets(db, workspace, [one.item.ticket for one in naming if one.item.ticket is not None])
    for one in naming:
        assert one.item.ticket is not None
        one.ticket = found.get(str(one.item.ticket))
        if one.ticket is None:
            one.answer = Outcome(status=404, code="not_found", fields=["ticket"], words="There is no such ticket.")


def _differing_from(item: Interaction, row: store.Row, region: str | None) -> list[str]:
    """The fields in which the item differs from the event of its name; of an erased one nothing is left to compare."""
    if row["source_id"] != item.source_id:
        return []
    stored = codec.decode(row["type"], row["data"])
    assert isinstance(stored, Recorded)
    return differing(item, _stored(row, stored), region)


def _again(first: _Taken) -> Outcome:
    assert first.answer is not None
    return first.answer if first.answer.status >= 400 else msgspec.structs.replace(first.answer, status=200)


def _differs(fields: list[str], event_id: EventId) -> Outcome:
    return Outcome(
        status=409,
        code="content_differs",
        event_id=event_id,
        fields=fields,
        words="this source and source_id were pushed before with other content",
    )


async def _take(
    db: store.Db, sender: Sender, fresh: list[_Taken], versions: Versions, new_id: NewId, now: datetime
) -> None:
    """Resolve and append what is new, and settle. Writes nothing before all locks are held."""
    workspace = sender.workspace.id
    evidence = await _evidence(db, sender.workspace)
    book = Book(workspace, evidence)
    await book.read(db, [one.claim for one in fresh], _shared_values)
    customers = book.customers()
    if customers:
        await lock(db, sorted(customer_lock(workspace, customer) for customer in customers))
    await book.read_candidates(db)
    joined: list[Joined] = []
    for one in fresh:
        resolved = await resolve(db, book, one.claim, sender.actor, now, new_id)
        one.contact_id = resolved.contact_id
        joined.extend(resolved.joined)
    await book.write(db, now)
    if book.regrade:
        await merging.regrade(db, workspace, sorted(book.regrade), now)
    events = [_event(sender, one, now) for one in fresh]
    owners = [book.contacts[event.contact_id].customer_id for event in events]
    positions = await store.append(db, workspace, events, owners, objects.lone_orders(events))
    if len(positions) < len(events):
        raise StartOver
    await objects.record(db, workspace, events, positions)
    settled = await settle(db, workspace, events, positions, owners, versions, joined)
    await merges.append_joined(db, workspace, joined, sender.actor, new_id, now)
    if book.asked:
        await weigh(db, workspace, book.asked)
    for one, customer in zip(fresh, owners, strict=True):
        one.answer = Outcome(
            status=201,
            event_id=one.event_id,
            contact_id=one.contact_id,
            customer_id=customer,
            ticket=settled.tickets.get(one.event_id),
        )
    if evidence is not None:
        LEARNING.take(workspace, evidence.lesson)


async def _evidence(db: store.Db, workspace: Workspace) -> Evidence | None:
    """What a batch weighs its contacts by; None where the workspace links on proof alone."""
    if workspace.identity.automatic == "proof":
        return None
    learned = await LEARNING.of(db, workspace.id)
    return Evidence(workspace.id, workspace.salt, learned.counts, workspace.identity)


def was_answered(item: Interaction) -> bool:
    """Whether somebody on our side took the customer's call, by what its source says of it."""
    said = (item.data or {}).get("answered_by")
    return item.kind == "call" and item.direction == "inbound" and isinstance(said, str) and bool(said.strip())


def _event(sender: Sender, one: _Taken, now: datetime) -> NewEvent:
    item = one.item
    assert one.contact_id is not None
    shown = shown_at(item.occurred_at, now)
    event = RECORDED[item.kind](
        subject=item.subject,
        body=item.body,
        data=item.data,
        object=item.object,
        ticket=item.ticket,
        ticket_id=one.ticket and one.ticket.id,
        contact=item.contact,
        ahead=shown != item.occurred_at,
        history=sender.history,
        answered=was_answered(item),
    )
    return NewEvent(
        id=one.event_id,
        contact_id=one.contact_id,
        event=event,
        channel=item.channel,
        direction=item.direction,
        conversation=item.conversation,
        source=item.source,
        source_id=item.source_id,
        actor=sender.actor,
        shown_at=shown,
        occurred_at=item.occurred_at,
        recorded_at=now,
    )


def _stored(row: store.Row, stored: Recorded) -> Interaction:
    """The interaction that an event was recorded from."""
    kind = next(kind for kind, event_type in RECORDED.items() if isinstance(stored, event_type))
    return Interaction(
        source=row["source"],
        source_id=row["source_id"],
        kind=kind,  # pyright: ignore[reportArgumentType]
        channel=row["channel"],
        direction=row["direction"],
        occurred_at=row["occurred_at"],
        contact=stored.contact,
        conversation=row["conversation"],
        subject=stored.subject,
        body=stored.body,
        data=stored.data,
        object=stored.object,
        ticket=stored.ticket,
    )


def differing(one: Interaction, other: Interaction, region: str | None) -> list[str]:
    """The fields in which two interactions of one name differ, after normalisation: instants whatever their zone,
    identifiers as a set, null as absent."""
    simple = ("kind", "channel", "direction", "occurred_at", "conversation", "subject", "body", "ticket")
    fields = [field for field in simple if getattr(one, field) != getattr(other, field)]
    if _plain(one.data or None) != _plain(other.data or None):
        fields.append("data")
    if _object(one) != _object(other):
        fields.append("object")
    ours, theirs = _contact(one.contact, region), _contact(other.contact, region)
    fields.extend(f"contact.{field}" for field in ours if ours[field] != theirs[field])
    return fields


def _object(item: Interaction) -> Any:
    pushed = item.object
    return None if pushed is None else (pushed.type, pushed.id, pushed.version, _plain(pushed.state))


def _plain(value: Any) -> Any:
    """JSON as it is compared: true is not 1, and a number is what PostgreSQL made of it (1e25 comes back as digits)."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, bool):
        return "bool", value
    return Decimal(repr(value)) if isinstance(value, int | float) else value


def _contact(said: ContactClaim, region: str | None) -> dict[str, Any]:
    held = {
        (normalise(one.kind, one.value, one.scope, region).key, one.verified is True): None
        for one in said.identifiers or ()
    }
    return {
        "key": said.key,
        "name": said.name or None,
        "identifiers": set(held),
        "attributes": {name: value for name, value in (said.attributes or {}).items() if value is not None},
    }
