"""What the inbox shows: one list of tickets with its lines, and beside it every list with how many it holds."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from app import people, saved_views
from app.api.calls import Call
from app.api.listings import BREACHED, DUE_WITHIN, ME, NOBODY, words_of
from app.console.asked_lists import AskedList, Pairs, read_asked, view_in
from app.console.due_words import span
from app.console.inbox_lists import AWAKE, Group, counted, groups_of
from app.console.language import _
from app.console.lines import MOST_CELL, Line, cut, heading, line_of
from app.console.rendering import words
from app.db import Db
from app.errors import Problem, problem_of
from app.saved_views import Count, SavedView
from identity.errors import NotFound
from timeline.events import Status
from timeline.threads import Mark
from timeline.tickets.glances import last_words, names_of
from timeline.tickets.listing import NEVER, Listing
from timeline.tickets.reading import TicketView, list_tickets
from timeline.tickets.ticket import TicketId
from timeline.tickets.views import agent_names

A_PAGE: Final = 50
LISTED: Final = "inbox"
_EVERY: Final[frozenset[Status]] = frozenset(("new", "open", "pending", "on_hold", "resolved", "closed"))


class Chip(msgspec.Struct, frozen=True, kw_only=True):
    """A filter that is set, and the address without it."""

    words: str
    without: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """All that the inbox shows. `fault` says what of the address could not be asked, `is_old` that counts are of a
    moment ago."""

    asked: AskedList
    title: str
    groups: list[Group]
    count: Count | None
    is_old: bool
    chips: list[Chip]
    queues: dict[str, str]
    view: SavedView | None = None
    lines: list[Line] = []
    headings: list[tuple[str, str]] = []
    older: str | None = None
    fault: str = ""
    status: int = 200
    is_first_run: bool = False


async def read_inbox(db: Db, call: Call, pairs: Pairs, fault: str = "", *, exact: bool = True) -> Shown:
    """The list of an address beside all the others. What cannot be asked is said, and nothing is listed then. Where
    they need not be `exact`, counts may be a second old."""
    queues = {one.key: one.name for one in await people.list_queues(db, call.workspace)}
    views = await saved_views.list_views(db, call.caller)
    status, asked, listing, tickets = 400 if fault else 200, AskedList(), None, list[TicketView]()
    view = _view_in(pairs, views)
    try:
        if view_in(pairs) and view is None:
            raise NotFound
        asked = read_asked(pairs, view)
        listing = asked.listing(call.caller)
        if not fault:
            tickets = await list_tickets(db, call.workspace, _begun(call, asked, listing))
    except (Problem, NotFound) as error:
        fault, status, listing = _words(error, pairs), problem_of(error).status, None
    told = await counted(db, call.caller, asked, listing, groups_of(call.caller, queues, views), exact=exact)
    shown = tickets[:A_PAGE]
    return Shown(
        asked=asked,
        title=_title(view, told.groups),
        groups=told.groups,
        count=told.count,
        is_old=told.is_old,
        chips=[] if fault else await _chips(db, call, asked, queues),
        queues=queues,
        view=view,
        lines=await _lines(db, call, shown, asked.columns, queues),
        headings=[(column, heading(column)) for column in asked.columns],
        older=_older(call, asked, listing, shown[-1]) if listing and len(tickets) > A_PAGE else None,
        fault=fault,
        status=status,
        is_first_run=not shown and not fault and not await _has_tickets(db, call),
    )


def _view_in(pairs: Pairs, views: Sequence[SavedView]) -> SavedView | None:
    wanted = view_in(pairs)
    return next((one for one in views if str(one.id) == wanted), None)


def _words(error: Exception, pairs: Pairs) -> str:
    if isinstance(error, NotFound):
        gone = "view" if view_in(pairs) else "assignee"
        return _("This view is not there, or not yours to see.") if gone == "view" else _("Nobody here is called that.")
    problem = problem_of(error)
    if any(one.field == "cursor" for one in problem.fields):
        return _("This page belongs to another list. Begin at its top.")
    return problem.detail


def _begun(call: Call, asked: AskedList, listing: Listing) -> Listing:
    """The list from where the address says on. Raises the 400."""
    more = msgspec.structs.replace(listing, limit=A_PAGE + 1)
    if asked.cursor is None:
        return more
    mark = call.edge.tokens.open_mark(call.workspace, asked.cursor, "cursor", _name(listing))
    return msgspec.structs.replace(more, after=(mark.shown_at, mark.event_id))


def _older(call: Call, asked: AskedList, listing: Listing, last: TicketView) -> str:
    at = {"sla_due_at": last.sla_due_at, "opened_at": last.opened_at, "last_at": last.last_at}[listing.sort]
    cursor = call.edge.tokens.seal_mark(call.workspace, Mark(shown_at=at or NEVER, event_id=last.id), _name(listing))
    return f"{asked.query}&{urlencode({'cursor': cursor})}".lstrip("&")


def _name(listing: Listing) -> str:
    return f"{LISTED} {words_of(listing)}"


async def _has_tickets(db: Db, call: Call) -> bool:
    (every,) = await saved_views.count(db, call.caller, [Listing(statuses=_EVERY)])
    return every is not None and every.tickets > 0


async def _lines(
    db: Db, call: Call, tickets: Sequence[TicketView], columns: Sequence[str], queues: dict[str, str]
) -> list[Line]:
    if not tickets:
        return []
    names = await names_of(db, call.workspace, [one.customer_id for one in tickets])
    parts = [(one.id, part) for one in tickets for part in (one.id, *map(TicketId, one.parts))]
    said = await last_words(db, call.workspace, parts)
    now = datetime.now(UTC)
    return [line_of(one, names.get(one.customer_id), said.get(one.id), columns, queues, now) for one in tickets]


def _title(view: SavedView | None, groups: Sequence[Group]) -> str:
    if view is not None:
        return view.name
    return next((one.name for group in groups for one in group.entries if one.is_current), _("Tickets"))


# -- the filters that are set ----------------------------------------------------------------------------------------


async def _chips(db: Db, call: Call, asked: AskedList, queues: Mapping[str, str]) -> list[Chip]:
    """What the list is narrowed to, each with the address of the list without it."""
    ids = [UUID(value) for value in asked.values("assignee") if value not in (ME, NOBODY)]
    known = {str(one): name for one, name in (await agent_names(db, call.workspace, ids)).items()} if ids else {}
    return [
        Chip(words=cut(_chip(name, value, queues, known), MOST_CELL), without=asked.with_(drop=(name, value)).query)
        for name, value in asked.filters
        if (name, value) != AWAKE
    ]


def _chip(name: str, value: str, queues: Mapping[str, str], agents: Mapping[str, str]) -> str:
    if name == "assignee":
        return _("Whose: %(who)s", who={ME: _("mine"), NOBODY: _("nobody's")}.get(value) or agents.get(value, value))
    if name == "snoozed":
        return _("Snoozed") if value == "true" else _("Not snoozed")
    if name == "sla":
        seconds = value.removeprefix(DUE_WITHIN)
        return _("Over time") if value == BREACHED else _("Due within %(span)s", span=span(int(seconds)))
    shown = queues.get(value, value) if name == "queue" else words(value)
    shown = _("none") if value == NOBODY else shown
    return _("%(filter)s: %(value)s", filter=filter_name(name), value=shown)


def filter_name(name: str) -> str:
    """A filter as one reads it."""
    known = {
        "status": _("Status"),
        "priority": _("Priority"),
        "assignee": _("Whose"),
        "queue": _("Queue"),
        "team": _("Team"),
        "type": _("Type"),
        "tag": _("Tag"),
        "channel": _("Channel"),
        "waiting": _("Waits for"),
        "sla": _("Clock"),
        "snoozed": _("Snoozed"),
        "q": _("Words"),
        "customer": _("Customer"),
        "from": _("Opened since"),
        "to": _("Opened before"),
    }
    return known.get(name) or cut(name.removeprefix("field.").replace("_", " "), 24)
