"""What was answered to cases like this one: shown beside the composer after the page, to be taken with its source."""

from collections.abc import Sequence
from typing import Final, TypeVar

import msgspec

from app.api import assistance, similar
from app.api.assistance import SuggestedAnswers
from app.api.calls import Answer
from app.api.routes import Route
from app.api.similar import SimilarPage
from app.console.asking import ask
from app.console.language import _
from app.console.pages import Page, Visit, page
from app.errors import Problem
from search.engine import EngineAway
from search.similar import SimilarCase
from search.suggested import SuggestedAnswer

T = TypeVar("T")

MOST_ANSWERS: Final = 4
MOST_CASES: Final = 5


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """`why_not` says in words why there may be nothing, or less than there could be."""

    answers: Sequence[SuggestedAnswer]
    cases: Sequence[SimilarCase]
    why_not: Sequence[str]


@page("GET", "/tickets/{ticket}/past", "read")
async def show_past(visit: Visit) -> Answer:
    """Past answers and cases like a ticket; those of its own customer are marked."""
    try:
        past = await _past(visit)
    except EngineAway as away:
        past = Past(answers=(), cases=(), why_not=[_("Search is away just now: %(words)s.", words=str(away))])
    except Problem as problem:
        if problem.status != 503:
            raise
        past = Past(answers=(), cases=(), why_not=[problem.detail])
    return visit.show("past.html", past=past)


async def _past(visit: Visit) -> Past:
    suggested = await _asked(visit, assistance.suggested_answers, SuggestedAnswers)
    alike = await _asked(visit, similar.similar_to_ticket, SimilarPage, limit=str(MOST_CASES + 1))
    answers = suggested.items[:MOST_ANSWERS] if suggested else []
    own = visit.request.path_params["ticket"]
    told = {one.case.case.event_id for one in answers}
    cases = [one for one in (alike.items if alike else []) if one.case.event_id not in told and not _is(one, own)]
    words = [*(suggested.degraded if suggested else ()), *(alike.degraded if alike else ())]
    return Past(answers=answers, cases=cases[:MOST_CASES], why_not=list(dict.fromkeys(words)))


def _is(case: SimilarCase, ticket: str) -> bool:
    at = case.case.ticket
    return at is not None and ticket in (str(at.number), str(at.id))


async def _asked(visit: Visit, route: Route, shape: type[T], **query: str) -> T | None:
    """None where the ticket went elsewhere."""
    done = await ask(visit, route, {"ticket": visit.request.path_params["ticket"]}, query=query)
    return msgspec.json.decode(done.body, type=shape) if done.status == 200 else None


PAGES: Final[tuple[Page, ...]] = (show_past,)
