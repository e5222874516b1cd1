"""What has this process learned of a workspace? The counters behind every decision: read once, added to in memory by
each decision, and written outside of pushes, so that no row is written by all of them.

They are a projection, and another process's news come with the next write: counts that were 500 contacts behind decided
as well as those of the moment.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from identity import blocking_store
from identity.customers import WorkspaceId
from identity.statistics import Counts
from identity.store import Db

MOST_WORKSPACES: Final = 200
WRITE_SECONDS: Final = 3.0
WRITE_CONTACTS: Final = 100
FEWEST_KEPT: Final = 2
"""A value that one customer has is as rare as one that nobody has: it is not held in memory."""


class Learned:
    """One workspace's counters: `counts` with everything that is known here, `pending` what the database lacks."""

    def __init__(self, counts: Counts, now: float) -> None:
        self.counts = counts
        self.pending = Counts()
        self.written = now


class Learning:
    """The counters of the workspaces that this process decided about last."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._workspaces: OrderedDict[WorkspaceId, Learned] = OrderedDict()

    async def of(self, db: Db, workspace: WorkspaceId) -> Learned:
        learned = self._workspaces.get(workspace)
        if learned is None:
            counts = Counts()
            for row in await blocking_store.counters(db, workspace):
                counts.numbers[row["counter"]] = row["amount"]
            for row in await blocking_store.values(db, workspace, FEWEST_KEPT):
                counts.values[row["value"]] = row["customers"]
            learned = self._workspaces.setdefault(workspace, Learned(counts, self._clock()))
            self._forget_some()
        self._workspaces.move_to_end(workspace)
        return learned

    def take(self, workspace: WorkspaceId, lesson: Counts) -> None:
        """Add what a transaction learned, once nothing can make it start over any more."""
        learned = self._workspaces.get(workspace)
        if learned is not None:
            learned.counts.add(lesson)
            learned.pending.add(lesson)

    def due(self, workspace: WorkspaceId) -> bool:
        """Whether it is time to write what was learned of a workspace."""
        learned = self._workspaces.get(workspace)
        if learned is None or not learned.pending.numbers:
            return False
        waited = self._clock() - learned.written
        return waited >= WRITE_SECONDS or learned.pending.numbers.get("contacts", 0) >= WRITE_CONTACTS

    def unwritten(self, workspace: WorkspaceId) -> bool:
        learned = self._workspaces.get(workspace)
        return learned is not None and bool(learned.pending.numbers)

    async def write(self, db: Db, workspace: WorkspaceId) -> None:
        """Write what is pending and take over what other processes wrote, in a transaction of its own."""
        learned = self._workspaces.get(workspace)
        if learned is None:
            return
        taken, learned.pending, learned.written = learned.pending, Counts(), self._clock()
        try:
            names, values = sorted(taken.numbers), sorted(taken.values)
            await blocking_store.add_counters(db, workspace, names, [taken.numbers[name] for name in names])
            rows = await blocking_store.add_values(db, workspace, values, [taken.values[value] for value in values])
            numbers = {row["counter"]: row["amount"] for row in await blocking_store.counters(db, workspace)}
            anew = numbers.get("recounted") != learned.counts.numbers.get("recounted")
            every = await blocking_store.values(db, workspace, FEWEST_KEPT) if anew else None
        except BaseException:
            learned.pending.add(taken)
            raise
        news = learned.pending
        learned.counts.numbers = {
            name: numbers.get(name, 0.0) + news.numbers.get(name, 0.0) for name in numbers.keys() | news.numbers.keys()
        }
        if every is not None:
            learned.counts.values = {row["value"]: row["customers"] for row in every}
            for value, customers in news.values.items():
                learned.counts.value(value, customers)
        for row in rows:
            learned.counts.values[row["value"]] = row["customers"] + news.values.get(row["value"], 0)

    def forget(self, workspace: WorkspaceId) -> None:
        """Read the counters anew: somebody counted again."""
        self._workspaces.pop(workspace, None)

    def _forget_some(self) -> None:
        while len(self._workspaces) > MOST_WORKSPACES:
            oldest, learned = next(iter(self._workspaces.items()))
            if learned.pending.numbers:
                self._workspaces.move_to_end(oldest)
                return
            del self._workspaces[oldest]


LEARNING: Final = Learning()
