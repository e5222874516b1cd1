"""The history, searched: by words and by meaning, as one question or through filters."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

import msgspec

from app.access import may
from app.api.calls import Answer, Call, answer, read_id
from app.api.customers import CURSOR, LIMIT, PAGING
from app.api.routes import Parameter, Route, route
from app.errors import bad_request
from app.tokens import FoundAt
from identity.customers import CustomerId
from search.fusion import MODES, Mode, Priors, Ranked
from search.history import Answered, Prepared, find, group_by_case, prepare, read_page, to_the_letter_of
from search.query import QueryFault, read_question
from search.showing import Hit
from search.wishes import KINDS, ME, OUTCOMES, STATUSES, Group, Sort, Wish, with_terms

DIRECTIONS: Final = frozenset({"inbound", "outbound", "internal"})
PRIORS: Final = frozenset({"recency", "outcome", "none"})
GROUPED: Final = 200
"""Hits, the newest, behind which a list in order of time ends that is grouped by case."""


class SearchPage(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, the best first. `total` and `facets` count all that may be seen and holds the words, exactly up
    to 10,000; `corrected`: words that nothing here holds, and what they were taken for; `degraded`: what could not be
    done, in words."""

    items: list[Hit]
    next: str | None
    total: int | None
    facets: dict[str, dict[str, int]]
    corrected: dict[str, list[str]]
    degraded: list[str]


def _several(name: str, words: str, values: Sequence[str] | None = None) -> Parameter:
    items: dict[str, Any] = {"type": "string", **({"enum": list(values)} if values else {})}
    return Parameter(name=name, words=f"{words}; given twice means or.", schema={"type": "array", "items": items})


def _one(name: str, words: str, values: Sequence[str], default: str) -> Parameter:
    return Parameter(name=name, words=words, schema={"type": "string", "enum": list(values), "default": default})


_BETWEEN: Final = tuple(one for one in PAGING if one.name in ("from", "to"))
QUERY: Final = (
    Parameter(
        name="q",
        words='Words, "phrases", -not, OR, and from: channel: kind: status: queue: tag: agent: outcome: before: after: '
        "order: ticket:. Without, everything that passes the filters, newest first.",
        schema={"type": "string", "maxLength": 1_000},
    ),
    _one("mode", "By words, by meaning, or both.", MODES, "hybrid"),
    Parameter(name="customer", words="Only the contacts of this customer of today.", schema={"type": "string"}),
    _several("channel", "Only these channels"),
    _several("kind", "Only these", sorted(KINDS)),
    _several("direction", "Only these", sorted(DIRECTIONS)),
    _several("status", "Only what belongs to a ticket in one of these", sorted(STATUSES)),
    _several("queue", "Only what belongs to a ticket in one of these queues, by key"),
    _several("tag", "Only what belongs to a ticket with one of these tags"),
    _several("agent", f"Only what belongs to a ticket that these have, by id; `{ME}` for whose key this is"),
    _several("outcome", "Only what belongs to a ticket that ended so", sorted(OUTCOMES)),
    _several("ticket", "Only what belongs to these tickets, by id or number"),
    _several("order", "Only what names one of these orders"),
    *_BETWEEN,
    _one("group", "`case`: each case once, by the best of it.", ("none", "case"), "none"),
    _one("sort", "By relevance (at most 200 hits), or the newest first.", ("relevance", "newest"), "relevance"),
    _several("prior", "Which gentle preferences count, both by default; `none` for none", sorted(PRIORS)),
    _one("facets", "Whether to count what was found by its facts.", ("true", "false"), "true"),
    _one("correct", "Whether words that nothing here holds are taken for the nearest.", ("true", "false"), "true"),
    LIMIT,
    CURSOR,
)


@route("GET", "/api/v1/search", "read", query=QUERY, answers={200: SearchPage}, refuses=frozenset({422, 503}))
async def search(call: Call) -> Answer:
    """What was said, sent, noted and pushed, whole cases and contacts: by words and by meaning. Notes are found by
    those who may read them."""
    wish, now = read_wish(call), datetime.now(UTC)
    limit, listed = call.query.limit(), _listed(wish)
    cursor = call.query.text("cursor")
    after = None if cursor is None else call.edge.tokens.open_found(call.workspace, listed, cursor)
    region, engine = call.caller.workspace.region, call.edge.engine
    async with call.read() as db:
        prepared = await prepare(db, call.workspace, wish, engine.name, region)
    in_parts = wish.newest and wish.group == "none"
    behind = None if after is None or not in_parts else (after.at, after.id)
    most = limit if in_parts else GROUPED
    found = await find(engine, call.edge.embedder, call.workspace, wish, prepared, now, behind, most)
    async with call.read() as db:
        ranked, counts = found.ranked, dict[str, int]()
        if not wish.newest:
            ranked = await to_the_letter_of(db, call.workspace, found, wish.question, prepared.instead, region, now)
        if wish.group == "case":
            ranked, counts = await group_by_case(db, call.workspace, ranked, region, now)
        page = ranked if in_parts else _behind(ranked, after, newest=wish.newest)[: limit + 1]
        shown = page[:limit]
        hits = await read_page(db, call.workspace, wish, shown, prepared.instead, region, now)
    more = found.more if in_parts else len(page) > limit
    items = [msgspec.structs.replace(hit, found=counts[hit.id]) if hit.id in counts else hit for hit in hits]
    return answer(_page(call, items, listed, found, prepared, found.ranked[-1:] if in_parts else shown[-1:], more))


def _page(
    call: Call,
    items: list[Hit],
    listed: str,
    found: Answered,
    prepared: Prepared,
    last: Sequence[Ranked],
    more: bool,
) -> SearchPage:
    following = None
    if more and last:
        at = FoundAt(at=last[0].at, weight=last[0].weight, id=last[0].id)
        following = call.edge.tokens.seal_found(call.workspace, listed, at)
    return SearchPage(
        items=items,
        next=following,
        total=found.total,
        facets=found.facets,
        corrected={word: list(meant) for word, meant in prepared.instead.items()},
        degraded=list(found.degraded),
    )


def _behind(ranked: list[Ranked], after: FoundAt | None, *, newest: bool) -> list[Ranked]:
    """What comes after a document, or after its time or weight where it is not found any more."""
    if after is None:
        return ranked
    at = next((place for place, one in enumerate(ranked) if one.id == after.id), None)
    if at is not None:
        return ranked[at + 1 :]
    if newest:
        return [one for one in ranked if (one.at, one.id) < (after.at, after.id)]
    return [one for one in ranked if one.weight < after.weight]


def _listed(wish: Wish) -> str:
    """What a cursor is bound to."""
    told = [(name, getattr(wish, name)) for name in Wish.__struct_fields__ if name not in ("question", "facets")]
    shown = [(name, sorted(one) if isinstance(one, frozenset) else str(one)) for name, one in told]
    return f"search {wish.question.typed} {shown}"


# -- what a request asks for -------------------------------------------------------------------------------------------


def read_wish(call: Call) -> Wish:
    """Raises the 400 that names the parameter and, in `q`, the place; and `NotFound`."""
    query, caller = call.query, call.caller
    customer = query.text("customer")
    try:
        question = read_question(query.text("q") or "")
        wish = Wish(
            question=question,
            internal=may(caller, "notes.read"),
            mode=cast(Mode, _choice(call, "mode", MODES)),
            customer=None if customer is None else CustomerId(read_id(customer)),
            kinds=query.several("kind", KINDS),
            channels=query.several("channel", caller.workspace.channels),
            directions=query.several("direction", DIRECTIONS),
            statuses=query.several("status", STATUSES),
            queues=frozenset(query.texts("queue")),
            tags=frozenset(tag.strip().lower() for tag in query.texts("tag")),
            agents=frozenset(_agent(call, one) for one in query.texts("agent")),
            outcomes=query.several("outcome", OUTCOMES),
            tickets=frozenset(query.texts("ticket")),
            orders=frozenset(query.texts("order")),
            start=query.time("from"),
            end=query.time("to"),
            group=cast(Group, _choice(call, "group", ("none", "case"))),
            sort=cast(Sort, _choice(call, "sort", ("relevance", "newest"))),
            priors=_priors(call),
            facets=_choice(call, "facets", ("true", "false")) == "true",
            correct=_choice(call, "correct", ("true", "false")) == "true",
        )
        return with_terms(wish, caller.workspace.channels, caller.agent)
    except QueryFault as fault:
        raise bad_request("q", str(fault)) from None


def _choice(call: Call, name: str, known: Sequence[str]) -> str:
    """One of some values, the first by default."""
    text = call.query.text(name) or known[0]
    if text not in known:
        raise bad_request(name, "expected one of " + ", ".join(known))
    return text


def _priors(call: Call) -> Priors:
    asked = call.query.several("prior", PRIORS)
    return Priors(recency=not asked or "recency" in asked, outcome=not asked or "outcome" in asked)


def _agent(call: Call, text: str) -> str:
    if text != ME:
        return str(read_id(text))
    if call.caller.agent is None:
        raise bad_request("agent", "this key is no agent's: expected an id")
    return str(call.caller.agent)


ROUTES: Final[tuple[Route, ...]] = (search,)
