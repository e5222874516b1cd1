"""What another policy would have made of the past, before it is in force: over the customers who came last, as many as
can be looked at in a few seconds. Nothing is written."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol, TypeVar

import msgspec

from app import retaining
from app.db import Database, Db
from app.errors import too_many
from app.retaining import Retained
from identity.customers import CustomerId, WorkspaceId
from timeline.retention import RetentionPolicy
from timeline.threads import Workspace
from timeline.tickets import rebuilding, refolding, views
from timeline.tickets.comparing import Comparison, Cut
from timeline.tickets.items import FoldEvent
from timeline.tickets.policy import TicketPolicy, Versions, rules_of
from timeline.tickets.projection import POLICIES
from timeline.tickets.replaying import OtherSla, Replay, SlaCut, rules_of_other
from timeline.tickets.stage import Stage
from timeline.tickets.versions import read_desk

MOST_CUSTOMERS: Final = 1_000
MOST_EVENTS: Final = 20_000
LONGEST: Final = 5_000
SECONDS: Final = 4.0
AT_ONCE: Final = 50


class LookedAt(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a preview looked at: the `customers` who came last, with all of their `events`; `left_out` are those among
    them whose threads are too long. `whole`: those are all."""

    customers: int
    events: int
    left_out: int
    whole: bool


class TicketPreview(msgspec.Struct, frozen=True, kw_only=True):
    looked_at: LookedAt
    comparison: Comparison


class SlaPreview(msgspec.Struct, frozen=True, kw_only=True):
    looked_at: LookedAt
    replay: Replay


class _Cut(Protocol):
    stage: Stage

    def step(self, events: Sequence[FoldEvent]) -> None: ...


C = TypeVar("C", bound=_Cut)


class Previews:
    """One at a time in a process: whoever comes meanwhile is asked to come again. `clock` tells seconds."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._database, self._clock = database, clock
        self._busy = asyncio.Lock()

    async def tickets(self, workspace: WorkspaceId, policy: TicketPolicy) -> TicketPreview:
        """Raises the 429."""
        other, total = rules_of(policy, 0), Comparison()
        async with self._turn():
            sample = self._sample(workspace)
            async for run, cut in self._cuts(sample, lambda stage, versions: Cut(stage, versions, other)):
                total = total.plus(await asyncio.to_thread(cut.compared, len(run), datetime.now(UTC)))
        return TicketPreview(looked_at=sample.looked_at, comparison=total)

    async def promises(self, workspace: WorkspaceId, other: OtherSla) -> SlaPreview:
        """Raises the 429, and `InvalidField` for policies that cannot be."""
        async with self._database.read(workspace) as db:
            rules = rules_of_other(other, (await read_desk(db, workspace)).configuration.calendars)
        total = Replay()
        async with self._turn():
            sample = self._sample(workspace)
            async for run, cut in self._cuts(sample, lambda stage, versions: SlaCut(stage, versions, rules)):
                total = total.plus(await asyncio.to_thread(cut.compared, len(run), datetime.now(UTC)))
        return SlaPreview(looked_at=sample.looked_at, replay=total)

    async def retained(self, workspace: Workspace, policy: RetentionPolicy, home: Path) -> Retained:
        """The oldest customers first, for it is them that a policy erases. Raises the 429."""
        async with self._turn():
            end = self._clock() + SECONDS
            return await retaining.apply(
                self._database,
                workspace,
                home,
                datetime.now(UTC),
                preview=True,
                policy=policy,
                is_over=lambda: self._clock() >= end,
            )

    async def _cuts(
        self, sample: "_Sample", begin: Callable[[Stage, Versions], C]
    ) -> AsyncIterator[tuple[list[CustomerId], C]]:
        """Each run of the sample with all its events folded, under today's policy and under the other."""
        workspace = sample.workspace
        async for run in sample.runs():
            async with self._database.read(workspace) as db:
                stage = await rebuilding.read_whole(db, workspace, run)
                cut = begin(stage, await POLICIES.read(db, workspace))
                await _fold(db, workspace, cut)
            yield run, cut

    def _turn(self) -> asyncio.Lock:
        if self._busy.locked():
            raise too_many(int(SECONDS))
        return self._busy

    def _sample(self, workspace: WorkspaceId) -> "_Sample":
        return _Sample(self._database, workspace, self._clock, self._clock() + SECONDS)


class _Sample:
    def __init__(self, database: Database, workspace: WorkspaceId, clock: Callable[[], float], end: float) -> None:
        self._database, self.workspace, self._clock, self._end = database, workspace, clock, end
        self._customers = self._events = self._left_out = 0
        self._whole = False

    @property
    def looked_at(self) -> LookedAt:
        return LookedAt(
            customers=self._customers,
            events=self._events,
            left_out=self._left_out,
            whole=self._whole and not self._left_out,
        )

    async def runs(self) -> AsyncIterator[list[CustomerId]]:
        """The customers who came last, until there are enough or the time is over."""
        before: CustomerId | None = None
        while self._customers < MOST_CUSTOMERS and self._clock() < self._end:
            async with self._database.read(self.workspace) as db:
                page = await views.newest_customers(db, self.workspace, before, AT_ONCE)
            run: list[CustomerId] = []
            for customer, events in page:
                if events > LONGEST:
                    self._left_out += 1
                    continue
                if self._events + events > MOST_EVENTS:
                    break
                self._events += events
                run.append(customer)
            else:
                self._whole = len(page) < AT_ONCE
            self._customers += len(run)
            if run:
                yield run
            if self._whole or not page or self._events + LONGEST > MOST_EVENTS:
                return
            before = page[-1][0]


async def _fold(db: Db, workspace: WorkspaceId, cut: _Cut) -> None:
    """Step all events of a run, beside whatever else the process answers."""
    after, more = 0, True
    while more:
        events, after, more = await refolding.read_events(db, workspace, cut.stage, after, refolding.MOST_AT_ONCE)
        await asyncio.to_thread(cut.step, events)
