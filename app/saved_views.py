"""Views that somebody saved: whose they are, who sees and who changes them, and how many tickets each would show."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from app import people, saved_view_store
from app.access import RIGHTS, Caller, permit
from app.people import checked_name
from app.saved_view_store import Db, Row
from identity.errors import Impossible, NotFound
from timeline.interactions import InvalidField
from timeline.tickets import listing
from timeline.tickets.listing import Listing, Sort
from timeline.tickets.reading import TicketView, as_of_today

Audience = Literal["own", "team", "workspace"]
Filters = dict[str, str | list[str]]

MOST_OWN: Final = 100
MOST_COMMON: Final = 200
MOST_COUNTED: Final = 1_000
MOST_COLUMNS: Final = 50
_COLUMNS: Final = frozenset(TicketView.__struct_fields__)


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many tickets there are, told up to 1,000; `more`: there are more than that."""

    tickets: int
    more: bool


class SavedView(msgspec.Struct, frozen=True, kw_only=True):
    """A view. `owner` is the actor who made it. `count` is told where it is asked for; null where the view is of what
    `me` has and nobody asks, or of somebody who is gone."""

    id: UUID
    name: str
    audience: Audience
    team: str | None
    owner: str
    filters: Filters
    sort: Sort
    columns: list[str]
    created_at: datetime
    changed_at: datetime
    count: Count | msgspec.UnsetType | None = msgspec.UNSET


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody may say of a view."""

    name: str
    audience: Audience
    team: str | None
    filters: Filters
    sort: Sort
    columns: list[str]


async def list_views(db: Db, caller: Caller) -> list[SavedView]:
    """What the caller sees, in order of name."""
    return [_view(row) for row in await saved_view_store.seen(db, *_eyes(caller))]


async def read_view(db: Db, caller: Caller, view: UUID) -> SavedView:
    """Raises `NotFound`, also for somebody else's own."""
    row = await saved_view_store.one(db, *_eyes(caller), view)
    if row is None:
        raise NotFound
    return _view(row)


def _eyes(caller: Caller) -> tuple[UUID, str, UUID | None, bool]:
    return caller.workspace.id, caller.actor, caller.agent, _may_configure(caller)


def _may_configure(caller: Caller) -> bool:
    return "config.write" in RIGHTS[caller.role]


def _view(row: Row) -> SavedView:
    fields: dict[str, Any] = dict(row)
    fields["filters"] = msgspec.json.decode(row["filters"], type=Filters)
    return SavedView(**fields)


async def add_view(db: Db, caller: Caller, content: Content, new_id: Callable[[], UUID]) -> SavedView:
    """Raises `InvalidField`, `NotFound` for a team that is not there, `Impossible` where there are too many, and the
    403 for a shared one."""
    own, common = await saved_view_store.how_many(db, caller.workspace.id, caller.actor)
    if (own if content.audience == "own" else common) >= (MOST_OWN if content.audience == "own" else MOST_COMMON):
        raise Impossible("audience", f"at most {MOST_OWN} of one's own and {MOST_COMMON} that are shared")
    view = new_id()
    await _put(db, caller, view, caller.actor, content)
    return await read_view(db, caller, view)


async def change_view(db: Db, caller: Caller, was: SavedView, content: Content) -> SavedView:
    """Raises as `add_view` does."""
    _may_change(caller, was.audience)
    if content.audience == "own" and was.owner != caller.actor:
        raise Impossible("audience", "somebody else made this view: only they can keep it for themselves")
    await _put(db, caller, was.id, was.owner, content)
    return await read_view(db, caller, was.id)


async def remove_view(db: Db, caller: Caller, view: UUID) -> SavedView:
    """The view as it was. Raises `NotFound` and the 403."""
    was = await read_view(db, caller, view)
    _may_change(caller, was.audience)
    await saved_view_store.remove(db, caller.workspace.id, view)
    return was


def _may_change(caller: Caller, audience: Audience) -> None:
    if audience != "own":
        permit(caller, "config.write")


async def _put(db: Db, caller: Caller, view: UUID, owner: str, content: Content) -> None:
    _may_change(caller, content.audience)
    if (content.team is not None) != (content.audience == "team"):
        raise InvalidField("team", "expected for a view of a team, and for no other")
    if content.team is not None:
        await people.read_team(db, caller.workspace.id, content.team)
    if len(content.columns) > MOST_COLUMNS:
        raise InvalidField("columns", f"expected at most {MOST_COLUMNS}")
    for index, column in enumerate(content.columns):
        if column not in _COLUMNS and not (column.startswith("field.") and len(column) <= 100):
            raise InvalidField(f"columns[{index}]", "expected what a ticket has, or `field.` and the key of a field")
    await saved_view_store.put(
        db,
        caller.workspace.id,
        view,
        owner=owner,
        audience=content.audience,
        team=content.team,
        name=checked_name(content.name),
        filters=msgspec.json.encode(content.filters),
        sort=content.sort,
        columns=content.columns,
    )


async def count(db: Db, caller: Caller, listings: Sequence[Listing | None]) -> list[Count | None]:
    """How many tickets each of some lists holds now, in one statement; None of what cannot be asked."""
    today: list[Listing | None] = [None if one is None else await _today(db, caller, one) for one in listings]
    asked = [one for one in today if one is not None]
    told = iter(await listing.counts(db, caller.workspace.id, asked, MOST_COUNTED + 1))
    return [None if one is None else _count(next(told)) for one in today]


def _count(tickets: int) -> Count:
    return Count(tickets=min(tickets, MOST_COUNTED), more=tickets > MOST_COUNTED)


async def _today(db: Db, caller: Caller, asked: Listing) -> Listing | None:
    if asked.customer is None:
        return asked
    try:
        return await as_of_today(db, caller.workspace.id, asked)
    except NotFound:
        return None
