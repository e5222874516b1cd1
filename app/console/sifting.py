"""Words within one thread: the search of the API, of this customer alone."""

from typing import Any, Final

import msgspec

from app.api import search
from app.api.search import SearchPage
from app.console.asking import ask
from app.console.filtering import Wanted
from app.console.finding import plain_words
from app.console.pages import Visit
from app.console.rendering import stamp
from app.errors import Problem
from identity.customers import CustomerId
from identity.errors import NotFound
from search.engine import EngineAway
from search.wishes import KINDS

MOST: Final = 50
_page: Final = msgspec.json.Decoder(SearchPage)
_NOTHING: Final = SearchPage(items=[], next=None, total=None, facets={}, corrected={}, degraded=[])


async def search_in(visit: Visit, customer: CustomerId, wanted: Wanted) -> tuple[SearchPage, str]:
    """What was found, and why nothing could be."""
    query: dict[str, Any] = {
        "q": wanted.words,
        "customer": str(customer),
        "kind": sorted(wanted.kinds & KINDS) or None,
        "channel": sorted(wanted.channels) or None,
        "ticket": list(wanted.tickets) or None,
        "from": stamp(wanted.start) if wanted.start else None,
        "to": stamp(wanted.end) if wanted.end else None,
        "facets": "false",
        "limit": MOST,
    }
    try:
        return _page.decode((await ask(visit, search.search, query=query)).body), ""
    except (Problem, NotFound, EngineAway) as error:
        return _NOTHING, plain_words(error)
