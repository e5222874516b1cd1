"""What waits: a list of tickets beside all the lists there are. What is new comes in by the stream."""

from datetime import UTC, datetime
from typing import Any, Final

from app.api.calls import Answer
from app.api.changes import stream
from app.api.listings import SORTS
from app.console.asked_lists import Pairs, read_pairs
from app.console.inbox_reading import read_inbox
from app.console.language import _
from app.console.pages import Page, Visit, page
from app.errors import Problem


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
    async with visit.read() as db:
        shown = await read_inbox(db, visit, pairs, fault)
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
    )


@page("GET", "/live", "read", media_type="text/event-stream")
async def listen(visit: Visit) -> Answer:
    """Hints of what is new, for as long as the session holds."""
    return await stream.handler(visit)


PAGES: Final[tuple[Page, ...]] = (show_inbox, listen)
