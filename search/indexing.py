"""Keeping an index true to the ledger: what new events touch, what time did, and what is due.

One process at a time works on an index: whoever calls this holds its lock. Documents are read in one snapshot, written
to the engine, and only then are the checkpoint and the marks moved: cut short anywhere, the same is done again.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

import msgspec

from identity.customers import WorkspaceId
from search import index_store, sources, word_store
from search.building import Case, case_id, item_id
from search.documents import Document, digest
from search.engine import Engine, Index
from search.index_store import Row
from search.indexes import Kept
from search.mending import Expected, Wanted, read
from search.touching import touched
from timeline import store
from timeline.followers import Followed, head, read_after, read_checkpoint
from timeline.tickets.projection import POLICIES

BATCH: Final = 500
PAGE: Final = 500
INLINE: Final = 200
"""Items of a ticket that are written with it; more are written afterwards, page by page."""
DUE_AT_ONCE: Final = 200
TURNED_AT_ONCE: Final = 200
MOST_TURNED: Final = 50_000
TIME_KEPT: Final = timedelta(minutes=5)
ASKED_AT_ONCE: Final = 1_000
LONG_AGO: Final = datetime(1, 1, 1, tzinfo=UTC)

Db = Any
T = TypeVar("T")
Then = Callable[[Db], Awaitable[None]]


class Access(Protocol):
    """The database as the edge opens it."""

    def read(self, workspace: UUID) -> AbstractAsyncContextManager[Db]: ...

    async def write(self, workspace: UUID, work: Callable[[Db], Awaitable[T]]) -> T: ...


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Which index of which workspace, and what reads and writes it; `region` is the workspace's."""

    access: Access
    engine: Engine
    workspace: WorkspaceId
    region: str | None
    kept: Kept

    @property
    def index(self) -> Index:
        return self.kept.index

    @property
    def generation(self) -> int:
        return self.kept.index.generation


class Put(msgspec.Struct, frozen=True, kw_only=True):
    """What a step came to: documents that were missing, other, and too many, and those that were set aside."""

    missing: list[str] = msgspec.field(default_factory=list)
    stale: list[str] = msgspec.field(default_factory=list)
    orphaned: list[str] = msgspec.field(default_factory=list)
    aside: list[str] = msgspec.field(default_factory=list)

    @property
    def drift(self) -> int:
        return len(self.missing) + len(self.stale) + len(self.orphaned)


# -- new events ------------------------------------------------------------------------------------------------------


async def begin(db: Db, workspace: WorkspaceId, generation: int, follower: str, now: datetime) -> None:
    """Let a new index follow from here on: what came before is in its first pass over all."""
    at = await head(db, workspace)
    await store.move_checkpoint(db, workspace, follower, (at.epoch, at.xid, at.position), now)
    await index_store.begin_sweep(db, workspace, generation)


async def follow(place: Place, now: datetime, limit: int = BATCH) -> int:
    """Take in the next events; returns how many."""
    async with place.access.read(place.workspace) as db:
        after = await read_checkpoint(db, place.workspace, place.kept.follower)
        batch = await read_after(db, place.workspace, after, limit)
        if not batch:
            return 0
        wanted, people = await _wanted(db, place.workspace, batch)
        expected = await read(db, place.workspace, wanted, place.region, now)
    if people:
        await _ask(place, "contact", people)
    last = batch[-1].at

    async def move(db: Db) -> None:
        to = (last.epoch, last.xid, last.position)
        await store.move_checkpoint(db, place.workspace, place.kept.follower, to, now)

    await settle(place, expected, now, spread=True, then=move)
    return len(batch)


async def _wanted(db: Db, workspace: WorkspaceId, batch: Sequence[Followed]) -> tuple[Wanted, set[UUID]]:
    """What a batch touches, and the contacts of whom all is to be looked at."""
    versions = await POLICIES.read(db, workspace)
    joins = any(rules.on_link == "join" for _, rules in versions.kept)
    found = touched([(one.customer_id, one.event) for one in batch], joins=joins)
    people = found.people | set(await sources.contacts_of(db, workspace, list(found.customers)))
    return Wanted(items=found.items, tickets=found.tickets, contacts=found.contacts), people


async def _ask(place: Place, kind: str, ids: set[UUID]) -> None:
    async def ask(db: Db) -> None:
        await index_store.ask(db, place.workspace, place.generation, kind, list(ids))

    await place.access.write(place.workspace, ask)


# -- what is due -----------------------------------------------------------------------------------------------------


async def catch_up(place: Place, now: datetime) -> int:
    """Compare some of what was asked for again; returns how much of it was looked at."""
    async with place.access.read(place.workspace) as db:
        rows = await index_store.due(db, place.workspace, place.generation, DUE_AT_ONCE)
    waiting = list(rows)
    while waiting:
        wanted, moves = Wanted(), list[tuple[Row, datetime | None, int, bool]]()
        async with place.access.read(place.workspace) as db:
            while waiting and len(wanted.items) < PAGE:
                moves.append(await _page(db, place.workspace, waiting.pop(0), wanted))
            expected = await read(db, place.workspace, wanted, place.region, now)

        async def move(db: Db, moves: Sequence[tuple[Row, datetime | None, int, bool]] = moves) -> None:
            for row, at, position, ended in moves:
                if ended:
                    await index_store.done(db, place.workspace, place.generation, row)
                else:
                    await index_store.move_due(db, place.workspace, place.generation, row, at, position)

        await settle(place, expected, now, spread=True, then=move)
    return len(rows)


async def _page(db: Db, workspace: WorkspaceId, row: Row, wanted: Wanted) -> tuple[Row, datetime | None, int, bool]:
    """Add the next page of a contact or a ticket to what is wanted; how far it reaches, and whether it is the last."""
    after, who = row["after_position"], row["id"]
    if row["kind"] == "ticket":
        since = row["after_at"] or LONG_AGO
        items = await sources.items_of_ticket(db, workspace, who, (since, after), PAGE)
        wanted.items.update(item["event_id"] for item in items)
        wanted.tickets.add(who)
        return (
            row,
            items[-1]["shown_at"] if items else None,
            items[-1]["position"] if items else after,
            len(items) < PAGE,
        )
    if after == 0:
        placed, tickets = await sources.beside_stream(db, workspace, who)
        wanted.items.update(placed)
        wanted.tickets.update(tickets)
        wanted.contacts.add(who)
    events = await sources.stream_of(db, workspace, who, after, PAGE)
    ids = {event["id"] for event in events}
    wanted.items.update(ids)
    wanted.gone.update(case_id(event) for event in ids)  # a ticket's id is that of its opening event
    return row, None, events[-1]["position"] if events else after, len(events) < PAGE


async def pass_time(place: Place, now: datetime) -> int:
    """Take in what silence did to tickets since the last time; returns how many that were."""
    async with place.access.read(place.workspace) as db:
        turned = await sources.turned(db, place.workspace, place.kept.timed_until, now, MOST_TURNED)
    for start in range(0, len(turned), TURNED_AT_ONCE):
        async with place.access.read(place.workspace) as db:
            wanted = Wanted(tickets=set(turned[start : start + TURNED_AT_ONCE]))
            expected = await read(db, place.workspace, wanted, place.region, now)
        await settle(place, expected, now, spread=True)

    async def move(db: Db) -> None:
        await index_store.move_time(db, place.workspace, place.generation, now)
        if len(turned) == MOST_TURNED:
            await index_store.begin_sweep(db, place.workspace, place.generation)

    if turned or now - place.kept.timed_until > TIME_KEPT:
        await place.access.write(place.workspace, move)
    return len(turned)


async def try_again(place: Place, document: str, now: datetime) -> bool:
    """Make and write one document again; whether it is in the index as it should be."""
    kind, _, name = document.partition("-")
    ids = {UUID(hex=name)}
    wanted = Wanted(
        items=ids if kind == "item" else set(),
        tickets=ids if kind == "case" else set(),
        contacts=ids if kind == "contact" else set(),
    )
    async with place.access.read(place.workspace) as db:
        expected = await read(db, place.workspace, wanted, place.region, now)
    done = await settle(place, expected, now)
    if document in done.aside:
        return False

    async def forget(db: Db) -> None:
        await index_store.settle_faults(db, place.workspace, place.generation, [document])

    await place.access.write(place.workspace, forget)
    return True


# -- putting it there ------------------------------------------------------------------------------------------------


async def settle(
    place: Place, expected: Expected, now: datetime, *, spread: bool = False, then: Then | None = None
) -> Put:
    """Make the index hold what is expected, and keep that it does: `then`, in one transaction with the counts.

    With `spread` the items of a ticket whose facts are other than in the index follow it: whether they are tells the
    item that opened it, which is therefore written last."""
    held = await _held(place, list(expected.documents))
    last: set[str] = set()
    if spread and expected.cases:
        last = {item_id(ticket) for ticket in expected.cases}
        held |= await _spread(place, expected, held, now)
    return await put(place, expected, held, now, last, then)


async def _spread(place: Place, expected: Expected, held: dict[str, str], now: datetime) -> dict[str, str]:
    """Add the items of the tickets whose facts changed; returns what the index holds of those."""
    openings = {ticket for ticket in expected.cases if item_id(ticket) not in expected.documents}
    found: dict[str, str] = {}
    if openings:
        await _add(place, expected, openings, now)
        found = await _held(place, [item_id(ticket) for ticket in openings])
    changed = [case for case in expected.cases.values() if _is_changed(case, expected, held | found)]
    if not changed:
        return found
    members = {part for case in changed for part in (case.fold.id, *case.fold.parts)}
    async with place.access.read(place.workspace) as db:
        kept = await sources.items_of_tickets(db, place.workspace, list(members), INLINE + 1)
    long = {ticket for ticket, items in kept.items() if len(items) > INLINE}
    if long:
        await _ask(place, "ticket", long)
    more = {event for ticket, items in kept.items() if ticket not in long for event in items}
    more = {event for event in more if item_id(event) not in expected.documents}
    if more:
        await _add(place, expected, more, now)
        found |= await _held(place, [item_id(event) for event in more])
    return found


async def _add(place: Place, expected: Expected, items: set[UUID], now: datetime) -> None:
    ids = list(items)
    for start in range(0, len(ids), ASKED_AT_ONCE):
        async with place.access.read(place.workspace) as db:
            wanted = Wanted(items=set(ids[start : start + ASKED_AT_ONCE]))
            found = await read(db, place.workspace, wanted, place.region, now, with_cases=False)
        expected.documents.update(found.documents)
        expected.faults.update(found.faults)


def _is_changed(case: Case, expected: Expected, held: dict[str, str]) -> bool:
    opening = expected.documents.get(item_id(case.fold.id))
    return opening is None or held.get(opening.id) != digest(opening)


async def _held(place: Place, ids: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(ids), ASKED_AT_ONCE):
        found |= await place.engine.held(place.workspace, place.index, ids[start : start + ASKED_AT_ONCE])
    return found


async def put(
    place: Place,
    expected: Expected,
    held: dict[str, str],
    now: datetime,
    last: Collection[str] = (),
    then: Then | None = None,
) -> Put:
    """Write what differs from what is held, delete what should not be there, and set aside what is not taken."""
    changed = [one for one in expected.documents.values() if one is not None and held.get(one.id) != digest(one)]
    gone = [name for name, one in expected.documents.items() if one is None and name in held]
    await _learn(place, changed, [name for name, one in expected.documents.items() if one is None])
    refused: dict[str, str] = {}
    for part in _in_order(changed, last):
        refused |= {one.id: one.words for one in await place.engine.write(place.workspace, place.index, part)}
    if gone:
        await place.engine.delete(place.workspace, place.index, gone)
    done = Put(orphaned=gone, aside=sorted(expected.faults | refused))
    for one in changed:
        if one.id not in refused:
            (done.stale if one.id in held else done.missing).append(one.id)
    if done.drift or done.aside or then is not None:
        settled = [name for name in expected.documents if name not in refused]
        await _note(place, done, {"build": expected.faults, "write": refused}, settled, now, then)
    return done


async def _learn(place: Place, documents: Sequence[Document], absent: Sequence[str]) -> None:
    """Have their words known, and those of what is not there any more forgotten."""
    for start in range(0, max(len(documents), len(absent)), PAGE):
        part, gone = documents[start : start + PAGE], absent[start : start + PAGE]
        await place.access.write(
            place.workspace, lambda db, part=part, gone=gone: word_store.learn(db, place.workspace, part, gone)
        )


def _in_order(documents: Sequence[Document], last: Collection[str]) -> list[list[Document]]:
    parts = ([one for one in documents if (one.id in last) is late] for late in (False, True))
    return [part[at : at + PAGE] for part in parts for at in range(0, len(part), PAGE)]


async def _note(
    place: Place,
    done: Put,
    faults: dict[str, dict[str, str]],
    settled: Sequence[str],
    now: datetime,
    then: Then | None,
) -> None:
    """Keep the count, the faults, and how far that got."""
    more = len(done.missing) - len(done.orphaned)

    async def note(db: Db) -> None:
        if more:
            await index_store.count_documents(db, place.workspace, place.generation, more)
        if done.drift:
            await index_store.settle_faults(db, place.workspace, place.generation, settled)
        for step, found in faults.items():
            if found:
                await index_store.set_aside(db, place.workspace, place.generation, step, list(found.items()), now)
        if then is not None:
            await then(db)

    await place.access.write(place.workspace, note)
