"""Ticket numbers: each process takes them in blocks, so that no push waits for another at a counter.

Gaps stay and no number is used twice: a block counts only once the transaction that took it has committed.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from identity.customers import WorkspaceId
from timeline.errors import NumbersSpent
from timeline.store import Db
from timeline.tickets import store

BLOCK: Final = 100
WORK_AHEAD: Final = 10
"""A block is for so many pieces of work like the one that asks: each begins again once for it."""


class Numbers:
    """The numbers that this process may still give, by workspace."""

    def __init__(self) -> None:
        self._left: dict[UUID, list[int]] = {}

    def take(self, workspace: WorkspaceId, count: int) -> Sequence[int]:
        """Numbers in their order. Raises `NumbersSpent`."""
        left = self._left.get(workspace, [])
        if len(left) < count:
            raise NumbersSpent(workspace, count)
        self._left[workspace] = left[count:]
        return left[:count]

    async def block(self, db: Db, workspace: UUID, wanted: int) -> range:
        """The next block, for `give` after the commit."""
        size = max(BLOCK, WORK_AHEAD * wanted)
        first = await store.take_numbers(db, WorkspaceId(workspace), size)
        return range(first, first + size)

    def give(self, workspace: UUID, block: range) -> None:
        self._left.setdefault(workspace, []).extend(block)


NUMBERS: Final = Numbers()
"""Of this process."""
