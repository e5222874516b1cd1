"""The lists at the side of the inbox, built in, of queues and kept by somebody, and how many tickets each holds."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from app.access import Caller
from app.api.views import perhaps_listing
from app.console.asked_lists import AskedList, Pairs
from app.console.fresh_counts import COUNTS
from app.console.language import _
from app.db import Db
from app.saved_views import Count, SavedView
from timeline.tickets.listing import Listing

AWAKE: Final = ("snoozed", "false")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A list at the side. `count` is None where it cannot be told."""

    name: str
    query: str
    listing: Listing | None
    filters: Pairs = ()
    view: UUID | None = None
    count: Count | None = None
    is_current: bool = False


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Lists of one sort. `is_kept`: somebody made them, and may change them."""

    name: str
    entries: list[Entry]
    is_kept: bool = False


def groups_of(caller: Caller, queues: Mapping[str, str], views: Sequence[SavedView]) -> list[Group]:
    mine = frozenset([caller.agent] if caller.agent else [])
    own = [
        _entry(_("Mine"), Listing(assignees=mine, snoozed=False), ("assignee", "me"), AWAKE),
        _entry(_("Unassigned"), Listing(unassigned=True, snoozed=False), ("assignee", "none"), AWAKE),
        _entry(_("All open"), Listing(snoozed=False), AWAKE),
        _entry(_("Snoozed"), Listing(snoozed=True), ("snoozed", "true")),
    ]
    waiting = [
        _entry(name, Listing(queues=frozenset([key]), snoozed=False), ("queue", key), AWAKE)
        for key, name in queues.items()
    ]
    kept = [
        Entry(name=one.name, query=urlencode({"view": str(one.id)}), listing=perhaps_listing(one, caller), view=one.id)
        for one in views
    ]
    found = [Group(name=_("Lists"), entries=own)]
    if waiting:
        found.append(Group(name=_("Queues"), entries=waiting))
    return [*found, Group(name=_("Views"), entries=kept, is_kept=True)]


def _entry(name: str, listing: Listing, *pairs: tuple[str, str]) -> Entry:
    query = urlencode([pair for pair in pairs if pair != AWAKE])
    return Entry(name=name, query=query, listing=listing, filters=tuple(sorted(pairs)))


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """The groups with what each list holds, and how many the one that is asked for does. `is_old`: of a moment ago."""

    groups: list[Group]
    count: Count | None
    is_old: bool


async def counted(
    db: Db, caller: Caller, asked: AskedList, listing: Listing | None, groups: Sequence[Group], *, exact: bool
) -> Counted:
    """In one statement."""
    replace = msgspec.structs.replace
    listings = [listing, *(one.listing for group in groups for one in group.entries)]
    (count, *told), is_old = await COUNTS.of(db, caller, listings, exact=exact)
    numbers = iter(told)
    known = [
        replace(
            group,
            entries=[
                replace(one, count=next(numbers), is_current=listing is not None and is_shown(one, asked))
                for one in group.entries
            ],
        )
        for group in groups
    ]
    return Counted(groups=known, count=count, is_old=is_old)


def is_shown(entry: Entry, asked: AskedList) -> bool:
    """Whether an entry is the list that is asked for, whatever its order and columns."""
    if asked.view is not None:
        return entry.view == asked.view
    return entry.view is None and entry.filters == asked.filters
