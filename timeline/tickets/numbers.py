"""Ticket numbers: each process takes blocks of a hundred, so that no push waits for another at a counter.

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


class Numbers:
    """The numbers that this process may still give, by workspace."""

    def __init__(self) -> None:
        self._left: dict[UUID, list[int]] = {}

    def take(self, workspace: WorkspaceId, count: int) -> Sequence[int]:
        """Numbers in their order. Raises `NumbersSpent`."""
        left = self._left.get(workspace, [])
        if len(left) < count:
            raise NumbersSpent(workspace)
        self._left[workspace] = left[count:]
        return left[:count]

    async def block(self, db: Db, workspace: UUID) -> range:
        """The next block, for `give` after the commit."""
        first = await store.take_numbers(db, WorkspaceId(workspace), BLOCK)
        return range(first, first + BLOCK)

    def give(self, workspace: UUID, block: range) -> None:
        self._left.setdefault(workspace, []).extend(block)


NUMBERS: Final = Numbers()
"""Of this process."""
