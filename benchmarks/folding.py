"""What folding again costs: a full rebuild, another policy, taking a merge back, and a merge of many tickets."""

import os
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import psutil

from app import rebuilding
from app.db import Database
from app.rebuilding import Rebuilt
from benchmarks import bare
from benchmarks.bare import Event
from benchmarks.client import Client
from benchmarks.desk import FULL, Size
from benchmarks.growth import a_person
from benchmarks.house import House, cpu
from benchmarks.table import Line
from benchmarks.writes import BATCH, push, push_batch
from identity.customers import CustomerId, WorkspaceId
from timeline.tickets.policy import Continues, Reopens, TicketPolicy

OTHER = TicketPolicy(
    name="Shorter",
    continues=Continues(gap="1 day", same_channel=True),
    reopens=Reopens(within="2 days"),
    after_reply="resolved",
)
LATELY = 1_000
"""Events of the last weeks that both histories end with: what differs is how long they are."""
LONG_AGO = datetime(2016, 1, 1, tzinfo=UTC)


# -- the whole desk ------------------------------------------------------------------------------------------------


async def measure_rebuild(house: House, _: Size) -> list[Line]:
    """All threads folded again beside what is kept, and once more with nothing kept."""
    async with _Folding(house) as folding:
        whole = await folding.rebuild()
        if whole.rows:
            raise RuntimeError(f"{whole.rows} rows of the projection differ from the fold")
        lines = [_rebuilt("full rebuild, events a second: folded and compared", whole.events, folding)]
        await bare.forget_tickets(folding.bare, house.workspace)
        again = await folding.rebuild()
        lines.append(_rebuilt("full rebuild, events a second: everything written again", again.events, folding))
        left = await folding.rebuild()
        if left.rows or not again.rows:
            raise RuntimeError(f"rebuilt {again.rows} rows, {left.rows} still differ")
    return lines


def _rebuilt(what: str, events: int, spent: "_Folding") -> Line:
    rate = events / spent.seconds
    return Line(
        what=what,
        floor="15,000",
        target="50,000",
        measured=f"{rate:,.0f} ({events:,} events, {spent.words()})",
        met=(rate >= 15_000, rate >= 50_000),
    )


async def measure_derive(house: House, size: Size) -> list[Line]:
    """Another policy beside the one in force; limits shrink with the desk."""
    async with _Folding(house) as folding:
        found = await folding.compare()
        share = size.interactions / FULL.interactions
        return [
            Line(
                what=f"`derive` under another policy over {size.interactions:,} interactions",
                floor=f"{60 * share:g} s",
                target=f"{20 * share:g} s",
                measured=f"{folding.seconds:.1f} s ({folding.words()}; {found.tickets_before:,} tickets, "
                f"{found.tickets_after:,} under the other)",
                met=(folding.seconds <= 60 * share, folding.seconds <= 20 * share),
            )
        ]


class _Folding:
    """A process of its own that folds, as `throughline rebuild` does, and what its last work took."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._workspace = WorkspaceId(house.workspace)
        self._database = Database(house.dsn)
        self.bare: asyncpg.Connection
        self.seconds = self.ours = self.postgres = 0.0

    async def __aenter__(self) -> "_Folding":
        self.bare = await bare.connect(self._house.dsn)
        await self._database.open()
        async with self._database.read(self._workspace):
            pass  # the connection is there before its CPU is counted
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._database.close()
        await self.bare.close()

    async def rebuild(self) -> Rebuilt:
        return await self._timed(lambda: rebuilding.rebuild_all(self._database, self._workspace, _nobody))

    async def compare(self) -> rebuilding.Comparison:
        return await self._timed(lambda: rebuilding.compare(self._database, self._workspace, OTHER, _nobody))

    async def fold(self, customer: UUID) -> int:
        return await self._timed(lambda: rebuilding.rebuild(self._database, self._workspace, CustomerId(customer)))

    async def _timed(self, work: Callable[[], Awaitable[Any]]) -> Any:
        me, servers = [psutil.Process(os.getpid())], self._house.postgres()
        before, began = (cpu(me), cpu(servers)), time.perf_counter()
        done = await work()
        self.seconds = time.perf_counter() - began
        self.ours, self.postgres = cpu(me) - before[0], cpu(servers) - before[1]
        return done

    def words(self) -> str:
        return f"CPU {self.ours:.1f} s of ours, {self.postgres:.1f} s of PostgreSQL"


def _nobody(_: int) -> None:
    """Is told of progress."""


# -- one customer --------------------------------------------------------------------------------------------------


async def measure_unmerge(house: House, size: Size) -> list[Line]:
    """Taking back a merge behind which 100 or 10,000 events came, of histories of 1,000 and a million, in turns."""
    taken: dict[tuple[int, int], list[float]] = {}
    async with Client("127.0.0.1", house.port, house.key) as client, _Folding(house) as folding:
        for since, rounds in ((100, 9), (10_000, 3)):
            sides = {}
            for history in (LATELY, size.history):
                name = f"u-{since}-{history}"
                kept = await a_person(client, f"{name}-kept", 1)
                other = await _with_history(client, folding, house, name, history)
                sides[history] = (name, kept, other)
            for at in range(rounds):
                for history, (name, kept, other) in sides.items():
                    seconds = await _merged_and_back(client, f"{name}-{at}", kept, other, since)
                    taken.setdefault((since, history), []).append(seconds)
    p50 = {key: statistics.median(times) * 1e3 for key, times in taken.items()}
    ratios = {since: p50[since, size.history] / p50[since, LATELY] for since in (100, 10_000)}
    said = "; ".join(
        f"{since:,} events since: {ratios[since]:.2f}x ({p50[since, size.history]:,.0f} ms against "
        f"{p50[since, LATELY]:,.0f} ms)"
        for since in ratios
    )
    return [
        Line(
            what=f"unmerge: a history of {size.history:,} events against one of {LATELY:,}",
            floor="1.5x",
            target="1.2x",
            measured=said,
            met=(max(ratios.values()) <= 1.5, max(ratios.values()) <= 1.2),
        )
    ]


async def _merged_and_back(client: Client, name: str, kept: UUID, other: UUID, since: int) -> float:
    done = await client.json("POST", f"/api/v1/customers/{kept}/merge", {"other": str(other)})
    now = datetime.now(UTC).isoformat()
    people = (name.rsplit("-", 1)[0] + "-kept-0", name.rsplit("-", 1)[0] + "-0")
    items = [
        {
            **push(1, f"{name}-{at}"),
            "conversation": f"{name}-{at // 20 * 2 + at % 2}",
            "subject": f"{name} {at // 20 * 2 + at % 2}",
            "direction": "outbound" if at % 4 > 1 else "inbound",
            "occurred_at": now,
            "contact": {"key": people[at % 2]},
        }
        for at in range(since)
    ]
    for start in range(0, since, BATCH):
        await push_batch(client, items[start : start + BATCH])
    began = time.perf_counter()
    await client.json("POST", f"/api/v1/customers/{kept}/unmerge", {"decision": done["decision_id"]})
    return time.perf_counter() - began


async def _with_history(client: Client, folding: _Folding, house: House, name: str, events: int) -> UUID:
    """A customer with so many events and their tickets: a long past, and the same last weeks as everybody."""
    customer = await a_person(client, name, 10)
    contacts = await bare.contacts_of(folding.bare, house.workspace, customer)
    now = datetime.now(UTC)
    await _insert(folding.bare, house.workspace, history(name, contacts, events - LATELY, LONG_AGO, now))
    lately = history(f"{name}-lately", contacts, LATELY, now - timedelta(days=30), now)
    await _insert(folding.bare, house.workspace, lately)
    await folding.fold(customer)
    return customer


async def _insert(db: asyncpg.Connection, workspace: UUID, events: Iterator[Event]) -> None:
    run: list[Event] = []
    for event in events:
        run.append(event)
        if len(run) == 1_000:
            await bare.insert_history(db, workspace, run)
            run = []
    if run:
        await bare.insert_history(db, workspace, run)


def history(name: str, contacts: list[UUID], events: int, start: datetime, end: datetime) -> Iterator[Event]:
    """Events in the order of their times: of twenty, four are a conversation about a matter of its own, and the others
    seek no ticket. They are marked as imported, so that silence has closed what is old."""
    for at in range(events):
        matter, place = divmod(at, 20)
        talks = place < 4
        yield Event(
            contact=contacts[matter % len(contacts)] if talks else contacts[at % len(contacts)],
            type="MessageRecorded" if talks else "VisitRecorded",
            direction="outbound" if place % 2 else "inbound",
            conversation=f"{name}-{matter}" if talks else None,
            at=start + (end - start) * (at / events),
            data=b'{"v": 1, "history": true, "subject": "Matter %d", "body": "parcel late refund", '
            b'"contact": {"key": "email-1"}}' % matter,
        )


# -- many tickets ---------------------------------------------------------------------------------------------------


async def measure_merge(house: House, _: Size) -> list[Line]:
    """A merge of a customer with 1,000 tickets, nearly all closed as those of a long life are, against one with 10."""
    taken: dict[int, list[float]] = {10: [], 1_000: []}
    sides: dict[int, tuple[UUID, UUID]] = {}
    async with Client("127.0.0.1", house.port, house.key) as client, _Folding(house) as folding:
        for tickets in taken:
            kept = await a_person(client, f"m-{tickets}-kept", 1)
            other = await a_person(client, f"m-{tickets}", 10)
            contacts = await bare.contacts_of(folding.bare, house.workspace, other)
            events = history(f"m-{tickets}", contacts, tickets * 20, LONG_AGO, datetime.now(UTC))
            await _insert(folding.bare, house.workspace, events)
            await folding.fold(other)
            sides[tickets] = (kept, other)
        for _round in range(12):
            for tickets, (kept, other) in sides.items():
                began = time.perf_counter()
                done = await client.json("POST", f"/api/v1/customers/{kept}/merge", {"other": str(other)})
                taken[tickets].append(time.perf_counter() - began)
                if done["changed"]["tickets"]["moved"] < tickets * 0.9:  # a matter may go on with an older one
                    raise RuntimeError(f"moved {done['changed']['tickets']['moved']} tickets of {tickets}")
                await client.json("POST", f"/api/v1/customers/{kept}/unmerge", {"decision": done["decision_id"]})
    few, lots = (statistics.median(taken[tickets]) * 1e3 for tickets in (10, 1_000))
    return [
        Line(
            what="merge: customer with 1,000 tickets against one with 10",
            floor="1.5x",
            target="1.2x",
            measured=f"{lots / few:.2f}x ({lots:.2f} ms against {few:.2f} ms)",
            met=(lots / few <= 1.5, lots / few <= 1.2),
        )
    ]
