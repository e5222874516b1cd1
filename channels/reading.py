"""How a kind of channel is read whose deliveries need more than their bytes and a clock.

`read` may take its time: it holds no transaction, runs for many deliveries at once, and what it does can be done again.
`place` and `record` are steps of the one transaction in which a delivery becomes items and is understood: a crash
before its commit leaves nothing of them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

import msgspec

from channels.contract import Account, Delivery
from channels.store import Db
from timeline.intake import Outcome
from timeline.interactions import Interaction
from timeline.threads import Workspace


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What a delivery says, before anybody asks the ledger. One that is `alone` is handed in by itself: it may lock
    more than its items do."""

    key: str
    alone: bool = False


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """The items of a delivery; or the events that it has become already, where it was no item of anybody's."""

    items: Sequence[Interaction] = ()
    events: Sequence[UUID] = ()
    note: Any = None
    """What `record` needs to know."""


class Understanding(Protocol):
    """Reads one kind. Its items are named by the delivery's own bytes: what bears the name of an event that there is
    is that event, whatever is read of it today."""

    async def read(self, workspace: Workspace, account: Account, delivery: Delivery) -> Read:
        """Raises `Unparseable`; whatever else it raises is a fault of ours, and tried again."""
        ...

    async def place(self, db: Db, workspace: Workspace, account: Account, reads: Sequence[Any]) -> list[Placed]:
        """What each becomes, now that nobody comes between."""
        ...

    async def record(
        self, db: Db, workspace: Workspace, account: Account, done: Sequence[tuple[Placed, Sequence[Outcome]]]
    ) -> None:
        """Keep what belongs to the events that intake has made of them."""
        ...


Apart = Mapping[str, Understanding]
"""The kinds that are read so, by name."""
