"""Comparing an index with the ledger, document by document, and mending it: cases, contacts, then items, each by id.

The same pass fills a new index, brings back one that was wiped, and finds what drifted.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from search import index_store, sources
from search.building import case_id, contact_id, item_id
from search.documents import digest
from search.indexing import PAGE, Db, Place, Put, catch_up, follow, pass_time, put
from search.mending import Expected, Wanted, read

KINDS: Final = ("case-", "contact-", "item-")
END: Final = "~"
"""Behind every id of a kind."""
DIGESTS_AT_ONCE: Final = 1_000
NOTHING: Final = UUID(int=0)


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Part of all documents: those whose id lies behind `after` and not behind `until` (None: to the end). `next` is
    where the following part begins, None behind the last."""

    after: str
    until: str | None
    next: str | None
    wanted: Wanted


async def sweep(place: Place, now: datetime, *, settled: bool = False, limit: int = PAGE) -> tuple[str | None, Put]:
    """Compare and mend one page from `swept_to` on; where the next begins, and what was found. `settled` takes in what
    the followers have to do first, so that only what they would never mend is counted."""
    assert place.kept.swept_to is not None
    page, expected = await _expected(place, now, limit)
    held = await _held_between(place, page.after, page.until)
    if settled and _differ(expected, held):
        await settle_all(place, now)
        page, expected = await _expected(place, now, limit)
        held = await _held_between(place, page.after, page.until)
    for name in held:
        if name not in expected.faults:
            expected.documents.setdefault(name, None)
    done = await put(place, expected, held, now)

    async def move(db: Db) -> None:
        await index_store.move_sweep(
            db,
            place.workspace,
            place.generation,
            page.next,
            looked=sum(1 for one in expected.documents.values() if one is not None) + len(done.orphaned),
            missing=len(done.missing),
            stale=len(done.stale),
            orphaned=len(done.orphaned),
            now=now,
        )

    await place.access.write(place.workspace, move)
    return page.next, done


async def settle_all(place: Place, now: datetime) -> None:
    """Take in all that is new, that time did and that is due."""
    while await follow(place, now):
        pass
    await pass_time(place, now)
    while await catch_up(place, now):
        pass


async def _expected(place: Place, now: datetime, limit: int) -> tuple[Page, Expected]:
    async with place.access.read(place.workspace) as db:
        page = await _page(db, place, limit)
        expected = await read(db, place.workspace, page.wanted, place.region, now, with_cases=bool(page.wanted.tickets))
    inside = {
        name: one
        for name, one in expected.documents.items()
        if name > page.after and (page.until is None or name <= page.until)
    }
    return page, Expected(documents=inside, faults=expected.faults)


async def _page(db: Db, place: Place, limit: int) -> Page:
    after = place.kept.swept_to or ""
    kind = next((kind for kind in KINDS if after < kind + END), None)
    if kind is None:
        return Page(after=after, until=None, next=None, wanted=Wanted())
    since = UUID(hex=after.removeprefix(kind)) if after.startswith(kind) else NOTHING
    if kind == "case-":
        found = await sources.tickets_after(db, place.workspace, since, limit)
        wanted, name = Wanted(tickets=set(found)), case_id
    elif kind == "contact-":
        found = await sources.contacts_after(db, place.workspace, since, limit)
        wanted, name = Wanted(contacts=set(found)), contact_id
    else:
        found = await sources.events_after(db, place.workspace, since, limit)
        wanted, name = Wanted(items=set(found)), item_id
    until = name(found[-1]) if len(found) == limit else kind + END
    return Page(after=after, until=until, next=until, wanted=wanted)


async def _held_between(place: Place, after: str, until: str | None) -> dict[str, str]:
    found: dict[str, str] = {}
    while True:
        rows = await place.engine.digests(place.workspace, place.index, after, DIGESTS_AT_ONCE)
        inside = [row for row in rows if until is None or row[0] <= until]
        found |= dict(inside)
        if len(inside) < len(rows) or len(rows) < DIGESTS_AT_ONCE:
            return found
        after = rows[-1][0]


def _differ(expected: Expected, held: dict[str, str]) -> bool:
    there = {name: digest(one) for name, one in expected.documents.items() if one is not None}
    return there != held
