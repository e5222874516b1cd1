"""Erasing people: whose words go, under which locks, and what stays.

A person is every contact of a customer with all that came in by them, and what somebody at the desk placed on them
(docs/decisions/0011). The database's own function leaves the tombstones; digests prove what it did.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from identity import store as identity_store
from identity.claims import Value, customer_lock, lock_key
from identity.customers import DESK_SOURCE, ContactId, CustomerId, WorkspaceId
from identity.errors import Absorbed, NotFound
from timeline import codec, erasure_views, objects, store
from timeline.decisions import Desk, seam, time_of
from timeline.errors import StartOver, UnderHold
from timeline.events import CustomerErased, EventId, ItemsErased, NewEvent
from timeline.pseudonyms import Pseudonyms
from timeline.tickets import rebuilding, streams

MOST_CONTACTS: Final = 1_000_000
PAGE: Final = 500
LONG: Final = 5_000
"""Events of a thread that is folded again in a moment."""
_identifiers = msgspec.json.Decoder(list[tuple[str, str, str, str, str | None, bool, datetime]])


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Whom an erasure is about: contacts, the customers that they are, what they are found by, and the items of others
    that stand on them. `elsewhere` are the customers whose threads change with it, `own` the identifiers that nobody
    else holds, `raws` the same as they were written."""

    contacts: tuple[ContactId, ...]
    customers: tuple[CustomerId, ...]
    elsewhere: tuple[CustomerId, ...] = ()
    keys: frozenset[tuple[str, str]] = frozenset()
    names: frozenset[str] = frozenset()
    values: frozenset[Value] = frozenset()
    own: frozenset[Value] = frozenset()
    raws: frozenset[str] = frozenset()
    items: tuple[UUID, ...] = ()

    def locks(self, workspace: WorkspaceId) -> list[int]:
        """What keeps pushes about this person waiting."""
        keys = {lock_key(workspace, "contact", *key) for key in self.keys}
        return sorted(keys | {lock_key(workspace, "identifier", *value) for value in self.values})


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """How much an erasure takes. `placed_here` are items of others on this thread, `placed_elsewhere` the person's own
    on other threads: both go."""

    contacts: int
    events: int
    identifiers: int
    placed_here: int
    placed_elsewhere: int

    @property
    def nothing(self) -> bool:
        """Whether all of it is gone already."""
        return not (self.contacts or self.events or self.identifiers)


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What an erasure did; `digest` is what the log outside the database keeps of it."""

    id: UUID
    contacts: tuple[ContactId, ...]
    items: tuple[UUID, ...]
    events: int
    digest: bytes


async def take_time(db: store.Db) -> None:
    """Let this transaction's statements take as long as a long life's thread needs."""
    await erasure_views.take_time(db)


async def read_customer(db: store.Db, workspace: WorkspaceId, customer: CustomerId) -> Person:
    """The person behind a customer. Raises `NotFound` and `Absorbed`."""
    rows = await identity_store.members(db, workspace, [customer], MOST_CONTACTS)
    if not rows:
        survivor = await identity_store.survivor(db, workspace, customer)
        raise NotFound if survivor is None else Absorbed(customer, survivor)
    return await _person(db, workspace, rows)


async def _read_again(
    db: store.Db, workspace: WorkspaceId, contacts: Sequence[ContactId], items: Sequence[UUID]
) -> Person:
    rows = await identity_store.contacts(db, workspace, contacts)
    return msgspec.structs.replace(await _person(db, workspace, rows, items), contacts=tuple(contacts))


async def _person(
    db: store.Db, workspace: WorkspaceId, rows: Sequence[store.Row], items: Sequence[UUID] = ()
) -> Person:
    held = [one for row in rows for one in _identifiers.decode(row["held"] or "[]")]
    contacts = tuple(sorted((row["id"] for row in rows), key=str))
    own = await erasure_views.own_values(db, workspace, contacts)
    items = sorted({*items, *await erasure_views.placed_here(db, workspace, contacts)}, key=str)
    customers = tuple(dict.fromkeys(row["customer_id"] for row in rows))
    touched = await erasure_views.customers_of(db, workspace, contacts, items)
    return Person(
        contacts=contacts,
        customers=customers,
        elsewhere=tuple(one for one in touched if one not in customers),
        keys=frozenset((row["source"], row["source_key"]) for row in rows if row["source"] != DESK_SOURCE),
        names=frozenset(row["name"] for row in rows if row["name"]),
        values=frozenset((kind, scope, value) for kind, scope, value, *_ in held),
        own=frozenset((row["kind"], row["scope"], row["value"]) for row in own),
        raws=frozenset(row["raw"] for row in own),
        items=tuple(items),
    )


async def lock_person(db: store.Db, workspace: WorkspaceId, customer: CustomerId) -> Person:
    """The person as they are under the locks of pushes and decisions. Raises `NotFound`, `Absorbed`, `StartOver`."""
    before = await read_customer(db, workspace, customer)
    await lock(db, workspace, before)
    person = await read_customer(db, workspace, customer)
    if _held(workspace, person) != _held(workspace, before):
        raise StartOver
    return person


async def lock_again(
    db: store.Db, workspace: WorkspaceId, contacts: Sequence[ContactId], items: Sequence[UUID]
) -> Person:
    """The person that an earlier erasure was about, as far as they are here, or nobody but the owners of single items.
    Raises `StartOver`."""
    before = await _read_again(db, workspace, contacts, items)
    await lock(db, workspace, before)
    person = await _read_again(db, workspace, contacts, items)
    if _held(workspace, person) != _held(workspace, before):
        raise StartOver
    return person


async def lock(db: store.Db, workspace: WorkspaceId, person: Person) -> None:
    """In the order of pushes: what a contact is found by, then customers."""
    locks, customers = _held(workspace, person)
    await identity_store.lock(db, locks)
    await identity_store.lock(db, customers)


def _held(workspace: WorkspaceId, person: Person) -> tuple[list[int], list[int]]:
    customers = {customer_lock(workspace, customer) for customer in (*person.customers, *person.elsewhere)}
    return person.locks(workspace), sorted(customers)


async def extent(db: store.Db, workspace: WorkspaceId, person: Person) -> Changed:
    """What an erasure of this person would take."""
    row = await erasure_views.extent(db, workspace, person.contacts, person.items)
    return Changed(**dict(row), placed_here=len(person.items))


async def check_holds(db: store.Db, workspace: WorkspaceId, person: Person) -> None:
    """Raises `UnderHold`."""
    holds = await erasure_views.holds_on(db, workspace, person.contacts, person.items)
    if holds:
        raise UnderHold(holds)


async def erase(
    db: store.Db, desk: Desk, erasure: UUID, person: Person, pseudonyms: Pseudonyms, *, again: bool = False
) -> Erased:
    """Blank the person for ever, and say so on their own thread. The locks are held. `again` repeats an erasure after
    a restore, whatever holds the restored database knows. Raises `UnderHold`."""
    now = await time_of(db, desk)
    try:
        row = await erasure_views.erase(
            db,
            erasure,
            person.contacts,
            person.items,
            pseudonyms.blocks,
            actor=desk.actor,
            reason=desk.reason,
            now=now,
            again=again,
        )
    except asyncpg.PostgresError as error:
        if getattr(error, "sqlstate", None) == erasure_views.HELD:
            raise UnderHold([]) from None
        raise
    await _follow(db, desk.workspace, erasure, person, now)
    if person.contacts and person.customers:
        said = CustomerErased(erasure=erasure, contacts=list(person.contacts))
        await seam(db, desk, person.customers, said, now)
    elif not person.contacts:
        shown = ItemsErased(erasure=erasure, items=[EventId(item) for item in person.items])
        await seam(db, desk, person.elsewhere, shown, now)
    return Erased(id=erasure, contacts=person.contacts, items=person.items, events=row["events"], digest=row["digest"])


async def _follow(db: store.Db, workspace: WorkspaceId, erasure: UUID, person: Person, now: datetime) -> None:
    """Let the projections say what the tombstones say: objects, then tickets, for single items on a long thread in a
    job. Raises `NumbersSpent`."""
    after: UUID | None = None
    while rows := await erasure_views.named_objects(db, workspace, erasure, after, PAGE):
        await objects.forget(db, workspace, [row["id"] for row in rows])
        await objects.record(db, workspace, [_again(row) for row in rows], [row["position"] for row in rows])
        for row in rows:
            if row["stands_on"] is not None:
                await objects.stand_on(db, workspace, row["id"], [row["contact_id"], row["stands_on"]])
        after = rows[-1]["id"]
    for customer in sorted({*person.customers, *person.elsewhere}):
        contacts = await streams.homes(db, workspace, [customer])
        if person.contacts or not await streams.is_long(db, workspace, list(contacts), LONG):
            await rebuilding.mend(db, workspace, [customer])
        else:
            await streams.wait_for_job(db, workspace, list(set(contacts.values())), now)


def _again(row: store.Row) -> NewEvent:
    return NewEvent(
        id=row["id"],
        contact_id=row["contact_id"],
        event=codec.decode(row["type"], row["data"]),
        actor=row["actor"],
        shown_at=row["shown_at"],
        occurred_at=row["occurred_at"],
        recorded_at=row["recorded_at"],
    )


async def last_of(db: store.Db, workspace: WorkspaceId, person: Person) -> UUID | None:
    """The latest erasure of this person."""
    return await erasure_views.last_erasure(db, workspace, person.contacts)


async def known(db: store.Db, workspace: WorkspaceId, erasures: Sequence[UUID]) -> set[UUID]:
    """Which of these erasures were done here."""
    return await erasure_views.known_erasures(db, workspace, erasures)
