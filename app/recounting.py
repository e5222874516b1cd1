"""Long work over what appends keep of the ledger, counts and objects: compute it again beside traffic."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final, Literal
from uuid import UUID

import msgspec

from app.db import Database
from app.rebuilding import MENDED_AT_ONCE, Progress
from app.runs import runs
from identity.customers import ContactId, CustomerId, WorkspaceId
from timeline import recount_views, recounting
from timeline.recount_views import FIRST, LAST, Count, Kept, Span

EVENTS_AT_ONCE: Final = 5_000
"""Of streams, that one transaction reads: with as many rows to write, in less than a second."""
CONTACTS_AT_ONCE: Final = 1_000

What = Literal["counts", "objects"]
_TABLES: Final[Mapping[What, tuple[Kept, ...]]] = {
    "counts": ("contact_count",),
    "objects": ("object_event", "object_state"),
}


class Recounted(msgspec.Struct, frozen=True, kw_only=True):
    """What it came to: how many contacts, and how many kept rows were other than the ledger says."""

    contacts: int
    rows: int


async def rebuild_all(database: Database, workspace: WorkspaceId, what: What, told: Progress) -> Recounted:
    """Every contact beside whatever is being written, and what is kept of contacts that are not there."""
    contacts = rows = 0
    async for run in _runs(database, workspace):
        rows += await _rebuild(database, workspace, what, run)
        contacts += len(run)
        told(contacts)
    for table in _TABLES[what]:
        rows += await _empty_strays(database, workspace, table)
    return Recounted(contacts=contacts, rows=rows)


async def rebuild(database: Database, workspace: WorkspaceId, what: What, customer: CustomerId) -> int:
    """What is kept of one customer's contacts; returns the rows that differed."""
    async with database.read(workspace) as db:
        contacts = await recount_views.contacts_of(db, workspace, customer)
    return await _rebuild(database, workspace, what, contacts)


def _runs(database: Database, workspace: WorkspaceId) -> AsyncIterator[list[ContactId]]:
    """All contacts: decisions give them other customers meanwhile, and take none away."""

    async def page(after: ContactId | None) -> list[tuple[ContactId, int]]:
        async with database.read(workspace) as db:
            return await recount_views.contacts_after(db, workspace, after, CONTACTS_AT_ONCE)

    return runs(page, CONTACTS_AT_ONCE, EVENTS_AT_ONCE)


async def _rebuild(database: Database, workspace: WorkspaceId, what: What, contacts: Sequence[ContactId]) -> int:
    """Compute what is kept of some contacts again, and under their customers' locks, a few at a time, mend it where it
    differs; returns the rows that did."""
    differ, mend = (_counts_differ, _mend_counts) if what == "counts" else (_objects_differ, _mend_objects)
    if not await differ(database, workspace, contacts):
        return 0
    rows = 0
    for at in range(0, len(contacts), MENDED_AT_ONCE):
        rows += await mend(database, workspace, contacts[at : at + MENDED_AT_ONCE])
    return rows


async def _spans(
    database: Database, workspace: WorkspaceId, contacts: Sequence[ContactId], upto: int = LAST
) -> AsyncIterator[Span]:
    """Some contacts' streams up to a position, in parts that a moment is enough for."""
    after = FIRST
    while after < upto:
        async with database.read(workspace) as db:
            span = await recount_views.span_behind(db, workspace, contacts, after, upto, EVENTS_AT_ONCE)
        yield span
        after = span.upto


async def _counts_differ(database: Database, workspace: WorkspaceId, contacts: Sequence[ContactId]) -> bool:
    """Whether counts are kept otherwise; yes as well where there is more to count than fits one snapshot."""
    async with database.read(workspace) as db:
        span = await recount_views.span_behind(db, workspace, contacts, FIRST, LAST, EVENTS_AT_ONCE)
        return span.upto < LAST or await recounting.counts_differ(db, workspace, contacts)


async def _mend_counts(database: Database, workspace: WorkspaceId, contacts: Sequence[ContactId]) -> int:
    """What is long is counted up to its present head before anybody waits, and only the rest under the locks."""
    async with database.read(workspace) as db:
        span = await recount_views.span_behind(db, workspace, contacts, FIRST, LAST, EVENTS_AT_ONCE)
    known: set[CustomerId] = set()
    before: dict[ContactId, Count] = {}
    head = FIRST
    if span.upto < LAST:
        head = await database.write(workspace, lambda db: recounting.head(db, workspace, contacts, known))
        async for part in _spans(database, workspace, contacts, head):
            async with database.read(workspace) as db:
                before = await recounting.add(db, workspace, contacts, part, before)
    return await database.write(
        workspace, lambda db: recounting.mend_counts(db, workspace, contacts, known, before, head)
    )


async def _objects_differ(database: Database, workspace: WorkspaceId, contacts: Sequence[ContactId]) -> bool:
    async for span in _spans(database, workspace, contacts):
        async with database.read(workspace) as db:
            if await recounting.objects_differ(db, workspace, contacts, span):
                return True
    return False


async def _mend_objects(database: Database, workspace: WorkspaceId, contacts: Sequence[ContactId]) -> int:
    """First all that events say, then how objects stand by it."""
    known: set[CustomerId] = set()
    rows = 0
    for mend in (recounting.mend_mentions, recounting.mend_states):
        async for span in _spans(database, workspace, contacts):
            rows += await database.write(
                workspace, lambda db, mend=mend, span=span: mend(db, workspace, contacts, known, span)
            )
    return rows


async def _empty_strays(database: Database, workspace: WorkspaceId, table: Kept) -> int:
    """Contacts stay for ever, and whatever is kept of one that is not there came from no event."""
    rows, after = 0, UUID(int=0)
    while True:
        async with database.read(workspace) as db:
            page = await recount_views.holders_after(db, workspace, table, after, CONTACTS_AT_ONCE)
        strays = [contact for contact, there in page if not there]
        if strays:
            rows += await database.write(
                workspace, lambda db, strays=strays: recount_views.empty(db, workspace, table, strays)
            )
        if len(page) < CONTACTS_AT_ONCE:
            return rows
        after = page[-1][0]
