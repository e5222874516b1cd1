"""Settle: what follows from events that were just appended, in their transaction."""

from collections.abc import Sequence

from identity.customers import CustomerId, WorkspaceId
from identity.merging import Joined
from timeline.events import NewEvent
from timeline.store import Db
from timeline.tickets import linking, projection
from timeline.tickets.policy import Versions
from timeline.tickets.projection import Advanced, fold_event


async def settle(
    db: Db,
    workspace: WorkspaceId,
    events: Sequence[NewEvent],
    positions: Sequence[int],
    owners: Sequence[CustomerId],
    versions: Versions,
    joined: Sequence[Joined] = (),
) -> Advanced:
    """Advance the tickets of the events' customers, whose locks are held; `joined` are the merges that came before."""
    for one in joined:
        await linking.join(db, workspace, one, versions)
    folded = [fold_event(event, position) for event, position in zip(events, positions, strict=True)]
    steps = [(customer, event) for customer, event in zip(owners, folded, strict=True) if event is not None]
    return await projection.advance(db, workspace, steps, versions)
