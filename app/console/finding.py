"""Finding: one box for customers, tickets, orders and past cases, by words and by meaning."""

from typing import Final

import msgspec

from app.api import search
from app.api.calls import Answer
from app.console.pages import Page, Visit, page
from app.errors import Problem, problem_of
from identity.errors import NotFound

_page: Final = msgspec.json.Decoder(search.SearchPage)
FILTERS: Final = ("kind", "channel", "status", "outcome")
NOTHING: Final = search.SearchPage(items=[], next=None, total=None, facets={}, corrected={}, degraded=[])


@page("GET", "/search", "read")
async def find(visit: Visit) -> Answer:
    """What was found, with what it can be narrowed by; a question that cannot be read says where."""
    asked = visit.asked_for
    found, fault = NOTHING, ""
    if asked.get("q", "").strip() or any(asked.get(name) for name in FILTERS):
        try:
            found = _page.decode((await search.search.handler(visit.asking(search.QUERY, group="case"))).body)
        except (Problem, NotFound) as error:
            fault = problem_of(error).detail
    return visit.show("search.html", found=found, fault=fault, asked=asked, filters=FILTERS)


PAGES: Final[tuple[Page, ...]] = (find,)
