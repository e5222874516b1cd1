"""Rebuild tickets from the ledger: the steps of which each is one transaction; who opens them comes from the edge."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from identity import store as identity_store
from identity.claims import customer_lock
from identity.customers import CustomerId, WorkspaceId
from identity.merging import edge_of
from timeline.errors import StartOver
from timeline.store import Db
from timeline.tickets import refolding, store, streams
from timeline.tickets.policy import Versions
from timeline.tickets.projection import POLICIES
from timeline.tickets.refolding import Difference, Refold
from timeline.tickets.stage import Stage

EVERYTHING: Final = 2**62
EVERYBODY: Final = CustomerId(UUID(int=0))
"""Waits for a job in place of all customers: a policy holds for the past, and the past is not cut again yet."""
AT_A_TIME: Final = 5_000
"""Rows that one transaction of a long job writes."""


async def read_whole(db: Db, workspace: WorkspaceId, customers: Sequence[CustomerId]) -> Stage:
    """All that the tickets of some customers are folded from, as it stands."""
    contacts = await streams.homes(db, workspace, customers)
    edges = tuple(edge_of(row) for row in await identity_store.edges(db, workspace, list(contacts)))
    stage = Stage(contacts=contacts, edges=edges, starts=dict.fromkeys(contacts.values(), 0))
    return await refolding.read_stage(db, workspace, stage)


async def check(
    db: Db, workspace: WorkspaceId, customers: Sequence[CustomerId], versions: Versions | None = None
) -> tuple[Difference, int]:
    """What folding some customers' threads again, under other policies if they are given, makes other than it is kept,
    in one snapshot; and how many events that were."""
    refold = Refold(await read_whole(db, workspace, customers), versions or await POLICIES.read(db, workspace))
    await refold.load(db, workspace, [])
    while await read_on(db, workspace, refold):
        pass
    return await refold.difference(db, workspace), refold.events


async def mend(db: Db, workspace: WorkspaceId, customers: Sequence[CustomerId]) -> int:
    """Fold some customers' threads again under their locks and keep what differs; returns the rows that did.

    Raises `StartOver` and `NumbersSpent`."""
    await _lock(db, workspace, customers)
    found, _ = await check(db, workspace, customers)
    await refolding.write(db, workspace, found)
    homes = await streams.homes(db, workspace, customers)
    await store.recount(db, workspace, list(homes))
    await streams.derived(db, workspace, list({*homes.values()}))
    return found.rows


async def _lock(db: Db, workspace: WorkspaceId, customers: Sequence[CustomerId]) -> None:
    """Keep pushes and decisions about the customers waiting. Raises `StartOver` where one was merged away."""
    await identity_store.lock(db, sorted(customer_lock(workspace, customer) for customer in customers))
    if len(await streams.standing(db, workspace, customers)) < len(customers):
        raise StartOver


async def read_on(db: Db, workspace: WorkspaceId, refold: Refold) -> bool:
    """Step the next run of events; whether there may be more."""
    events, refold.last, more = await refolding.read_events(
        db, workspace, refold.stage, refold.last, refolding.MOST_AT_ONCE
    )
    refold.step(events)
    return more


async def begin(db: Db, workspace: WorkspaceId, customer: CustomerId) -> Refold:
    """The start of a long job over one customer, in a snapshot of its own."""
    refold = Refold(await read_whole(db, workspace, [customer]), await POLICIES.read(db, workspace))
    await refold.load(db, workspace, [])
    return refold


async def finish(db: Db, workspace: WorkspaceId, customer: CustomerId, refold: Refold) -> int | None:
    """Under the customer's lock, take in what came meanwhile, and keep what differs; returns the rows that did. None: a
    decision changed the customer or its policy meanwhile, and the job begins again.

    Raises `StartOver` and `NumbersSpent`, after which it may be called again."""
    await _lock(db, workspace, [customer])
    if (await read_whole(db, workspace, [customer]), await POLICIES.read(db, workspace)) != (
        refold.stage,
        refold.versions,
    ):
        return None
    while await read_on(db, workspace, refold):
        pass
    found = await refold.difference(db, workspace)
    await refolding.write(db, workspace, found)
    await store.recount(db, workspace, list(refold.stage.contacts))
    await streams.derived(db, workspace, list(refold.stage.starts))
    return found.rows
