"""How a kind of channel is read whose deliveries need more than their bytes and a clock.

`read` may take its time: it holds no transaction, runs for many deliveries at once, and what it does can be done again.
`place` and `record` are steps of the one transaction in which a delivery becomes items and is understood: a crash
before its commit leaves nothing of them.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

import msgspec

from channels.contract import Account, Delivery, Unparseable
from channels.store import Db
from timeline.intake import NewId, Outcome, Sender, receive
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


class Reread(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery in the quarantine that was read apart once more: what it says, or why it is refused again."""

    account: Account
    way: Understanding
    read: Read | None = None
    refusal: Unparseable | None = None


async def hand_in(
    db: Db,
    workspace: Workspace,
    account: Account,
    placed: Sequence[Placed],
    *,
    new_id: NewId,
    way: Understanding | None,
) -> list[list[Outcome]]:
    """What became of the items of each, in their order. Raises `StartOver`."""
    sender = Sender(workspace=workspace, actor=account.actor, proves=account.proves_now)
    items = [item for one in placed for item in one.items]
    outcomes = iter(await receive(db, sender, items, new_id=new_id) if items else ())
    done = [[next(outcomes) for _ in one.items] for one in placed]
    if way is None:
        return done
    done = [[_by_its_bytes(one) for one in own] for own in done]
    await way.record(db, workspace, account, list(zip(placed, done, strict=True)))
    return done


def _by_its_bytes(outcome: Outcome) -> Outcome:
    """An item that is named by its bytes is the one of that name, whatever was read of it when it came first."""
    is_here = outcome.code == "content_differs" and outcome.event_id is not None
    return Outcome(status=200, event_id=outcome.event_id) if is_here else outcome
