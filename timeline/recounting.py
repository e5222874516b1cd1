"""Compute again from the ledger what appends keep of it, counts and objects: the steps of which each is one
transaction; who opens them comes from the edge."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from identity import store as identity_store
from identity.claims import customer_lock
from identity.customers import ContactId, CustomerId, WorkspaceId
from timeline import objects, recount_views
from timeline.errors import StartOver
from timeline.events import KIND_OF
from timeline.interactions import ObjectState
from timeline.recount_views import FIRST, Count, Named, Span
from timeline.store import Db, Row

_NOTHING: Final = Count()


async def lock(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], known: set[CustomerId]) -> None:
    """Keep pushes and decisions about the contacts' customers waiting. Raises `StartOver` where a decision that came
    between gave them one that is not `known`; known by then, it is waited for in the next try, so that customers merged
    and parted without end are not run after."""
    known.update((await identity_store.pointers(db, workspace, contacts)).values())
    await identity_store.lock(db, sorted(customer_lock(workspace, customer) for customer in known))
    owners = set((await identity_store.pointers(db, workspace, contacts)).values())
    if not owners <= known:
        known.update(owners)
        raise StartOver


# -- counts ----------------------------------------------------------------------------------------------------------


async def head(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], known: set[CustomerId]) -> int:
    """A position that nothing in these streams can come before any more, however long its transaction stays open."""
    await lock(db, workspace, contacts, known)
    return await recount_views.head_of(db, workspace, contacts)


async def counts_differ(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId]) -> bool:
    return any(told != kept for _, told, kept in await recount_views.count(db, workspace, contacts, Span()))


async def add(
    db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], span: Span, before: Mapping[ContactId, Count]
) -> dict[ContactId, Count]:
    """The counts of what came before a part of some streams, and of that part."""
    found = await recount_views.count(db, workspace, contacts, span)
    return {contact: told.plus(before.get(contact, _NOTHING)) for contact, told, _ in found}


async def mend_counts(
    db: Db,
    workspace: WorkspaceId,
    contacts: Sequence[ContactId],
    known: set[CustomerId],
    before: Mapping[ContactId, Count] | None = None,
    behind: int = FIRST,
) -> int:
    """Under the locks, count what lies behind a position, add what was counted `before` it, and keep what differs;
    returns the rows that did. Raises `StartOver`."""
    await lock(db, workspace, contacts, known)
    differing: list[tuple[ContactId, Count]] = []
    for contact, told, kept in await recount_views.count(db, workspace, contacts, Span(after=behind)):
        whole = told.plus((before or {}).get(contact, _NOTHING))
        if whole != kept:
            differing.append((contact, whole))
    if differing:
        await recount_views.keep_counts(db, workspace, differing)
    return len(differing)


# -- objects ---------------------------------------------------------------------------------------------------------


async def objects_differ(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], span: Span) -> bool:
    """Whether a part of some streams, or how the objects named there stand on these contacts, is kept otherwise."""
    if await _differing(db, workspace, contacts, span):
        return True
    return await recount_views.count_differing_states(db, workspace, contacts, span) > 0


async def mend_mentions(
    db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], known: set[CustomerId], span: Span
) -> int:
    """Under the locks, keep what a part of some streams says of objects; returns the rows that differed.

    Raises `StartOver`."""
    await lock(db, workspace, contacts, known)
    differing = await _differing(db, workspace, contacts, span)
    if differing:
        await recount_views.drop_mentions(db, workspace, [kept for _, kept in differing if kept is not None])
        await recount_views.keep_mentions(db, workspace, [said for said, _ in differing if said is not None])
    return len(differing)


async def mend_states(
    db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], known: set[CustomerId], span: Span
) -> int:
    """Under the locks, let the objects that a part of some streams names stand on these contacts by all that is kept
    of what events say; returns the rows that differed. Raises `StartOver`."""
    await lock(db, workspace, contacts, known)
    return await recount_views.mend_states(db, workspace, contacts, span)


async def _differing(
    db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], span: Span
) -> list[tuple[Named | None, Named | None]]:
    """What events say of objects and what is kept of it, where they are not the same."""
    rows = await recount_views.mentions(db, workspace, contacts, span)
    kept = await recount_views.kept_mentions(db, workspace, [row["event_id"] for row in rows])
    both = [(_said(row), kept.get(row["event_id"])) for row in rows]
    return [(said, before) for said, before in both if said != before]


def _said(row: Row) -> Named | None:
    if row["object"] is None:
        return None
    said = msgspec.json.decode(row["object"], type=ObjectState)
    number, text = objects.rank_of(said.version, row["shown_at"], has_state=row["has_state"])
    return Named(
        event_id=row["event_id"],
        contact_id=row["contact_id"],
        type=said.type,
        id=said.id,
        kind=KIND_OF[row["type"]],
        has_state=row["has_state"],
        version_number=number,
        version_text=text,
        position=row["position"],
        shown_at=row["shown_at"],
        recorded_at=row["recorded_at"],
    )
