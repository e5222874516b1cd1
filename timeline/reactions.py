"""Settle: what follows from events that were just appended, in their transaction."""

from collections.abc import Mapping, Sequence

import msgspec

from identity.customers import ContactId, CustomerId, WorkspaceId
from identity.merging import Joined
from timeline.events import EventId, NewEvent
from timeline.store import Db
from timeline.tickets import linking, projection
from timeline.tickets.moving import with_items
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
    placed: Mapping[EventId, tuple[ContactId, CustomerId]] | None = None,
) -> Advanced:
    """Advance the tickets of the events' customers, whose locks are held.

    `joined` are the merges that came before; `placed` says of events that stand elsewhere than where they lie on which
    contact and whose thread that is."""
    for one in joined:
        await linking.join(db, workspace, one, versions)
    steps = []
    for event, position, owner in zip(events, positions, owners, strict=True):
        folded = fold_event(event, position)
        if folded is not None:
            contact, customer = (placed or {}).get(event.id, (event.contact_id, owner))
            steps.append((customer, msgspec.structs.replace(folded, contact_id=contact)))
    folded = await with_items(db, workspace, [event for _, event in steps])
    steps = [(customer, event) for (customer, _), event in zip(steps, folded, strict=True)]
    return await projection.advance(db, workspace, steps, versions)
