"""What waits: a list of tickets beside all the lists there are. What is new comes in by the stream."""

from datetime import UTC, datetime
from typing import Any, Final, get_args

from app.api.calls import Answer
from app.api.changes import follow, start_of
from app.api.listings import SORTS
from app.console.asked_lists import Pairs, read_pairs
from app.console.inbox_reading import read_inbox
from app.console.language import _
from app.console.local_times import presets
from app.console.pages import Page, Visit, page
from app.console.presence import presence_of
from app.errors import Problem
from timeline.events import Priority, Status
from timeline.followers import head
from timeline.tickets.glances import colleagues

STATUSES: Final[tuple[Status, ...]] = get_args(Status)
PRIORITIES: Final[tuple[Priority, ...]] = get_args(Priority)


@page("GET", "/", "read")
async def show_inbox(visit: Visit) -> Answer:
    """The list of the address, else what is open; as a part, the same without the page around it."""
    pairs, fault = pairs_of(visit.request.scope["query_string"])
    return await show_list(visit, pairs, fault=fault)


def pairs_of(raw: bytes) -> tuple[Pairs, str]:
    """What an address asks for, and what is wrong with it."""
    try:
        return read_pairs(raw), ""
    except Problem as problem:
        return (), problem.detail


async def show_list(visit: Visit, pairs: Pairs, *, fault: str = "", outcome: Any = None) -> Answer:
    """The inbox; `outcome` is what came of what somebody did there."""
    exact = visit.request.method == "POST"
    async with visit.read() as db:
        shown = await read_inbox(db, visit, pairs, fault, exact=exact)
        now = await head(db, visit.workspace)
        agents = await colleagues(db, visit.workspace) if visit.may("desk") else []
    sorts = {"sla_due_at": _("due first"), "last_at": _("latest first"), "opened_at": _("newest first")}
    return visit.show(
        "inbox_part.html" if visit.is_fragment else "inbox.html",
        status=200 if visit.is_fragment else shown.status,
        inbox=shown,
        outcome=outcome,
        once=visit.new_name(),
        sorts=[(name, sorts[name]) for name in SORTS],
        site=str(visit.request.base_url).rstrip("/"),
        stamp=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        agents=agents,
        head=visit.edge.tokens.seal_checkpoint(visit.workspace, now),
        statuses=[one for one in STATUSES if one != "new"],
        priorities=PRIORITIES,
        presets=_presets(visit),
    )


def _presets(visit: Visit) -> list[tuple[str, str]]:
    """Until when something is laid aside, as one asks for it most."""
    assert visit.who is not None
    said = {
        "hours": _("For three hours"),
        "evening": _("Until this evening"),
        "tomorrow": _("Until tomorrow"),
        "monday": _("Until Monday"),
        "week": _("For a week"),
    }
    return [(one.at.isoformat(), said[one.name]) for one in presets(datetime.now(UTC), visit.who.clock)]


@page("GET", "/live", "read", media_type="text/event-stream")
async def listen(visit: Visit) -> Answer:
    """Hints of what is new, for as long as the session holds; and of who comes to the customer who is looked at. After
    a place that nobody knows, as of before a restore under another secret, from now on: the page is told to look."""
    customer = visit.asked_for.get("customer")
    near = presence_of(visit.workspace, customer) if customer else None
    try:
        return await follow(visit, start_of(visit), near=near)
    except Problem as problem:
        if problem.status != 400:
            raise
    return await follow(visit, None, near=near, anew=True)


PAGES: Final[tuple[Page, ...]] = (show_inbox, listen)
