"""Deciding who is who: merge, unmerge, place, keep apart, and the review queue."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, get_args

from app.api.calls import Answer, Call, answer, read_id
from app.api.customers import CURSOR, LIMIT
from app.api.routes import Parameter, Route, route
from app.api.shapes import (
    Apart,
    Decide,
    DecisionPage,
    Merge,
    NotSame,
    Place,
    Postpone,
    Rejected,
    SuggestionPage,
    Unmerge,
)
from app.db import Db
from app.errors import bad_request
from identity.customers import ContactId, CustomerId, DecisionId, DecisionKind
from identity.decided import latest_decided
from identity.named import find_contact
from identity.reasons import WhyView, why
from timeline import desk, placing, suggestions
from timeline.decisions import Change, Desk
from timeline.interactions import check_time
from timeline.placing import ItemMoved
from timeline.suggestions import Postponed

PREVIEW: Final = Parameter(
    name="preview", words="Show what would change, and change nothing.", schema={"type": "boolean", "default": False}
)
KINDS: Final[tuple[DecisionKind, ...]] = get_args(DecisionKind)
_IMPOSSIBLE: Final = frozenset({409, 422})


@route(
    "POST",
    "/api/v1/customers/{customer_id}/merge",
    "desk",
    query=(PREVIEW,),
    takes=Merge,
    answers={200: Change},
    refuses=_IMPOSSIBLE,
)
async def merge(call: Call) -> Answer:
    """Make another customer part of this one, whose id stays. Costs the same for ten events or ten million."""
    customer, asked = CustomerId(call.path_id("customer_id")), await call.take(Merge)
    other = CustomerId(read_id(asked.other))
    return await _decide(call, asked.reason, lambda db, at: desk.merge(db, at, customer, other))


@route(
    "POST",
    "/api/v1/customers/{customer_id}/unmerge",
    "desk",
    query=(PREVIEW,),
    takes=Unmerge,
    answers={200: (Change, ItemMoved)},
    refuses=_IMPOSSIBLE,
)
async def unmerge(call: Call) -> Answer:
    """Take a decision back exactly, or split contacts off; no automatic link unites the sides again."""
    customer, asked = CustomerId(call.path_id("customer_id")), await call.take(Unmerge)
    if (asked.decision is None) == (asked.contacts is None):
        raise bad_request("decision", "expected either decision or contacts")
    if asked.decision is not None:
        decision = DecisionId(read_id(asked.decision))
        return await _decide(call, asked.reason, lambda db, at: desk.unmerge(db, at, customer, decision))
    contacts = [ContactId(read_id(contact)) for contact in dict.fromkeys(asked.contacts or ())]
    return await _decide(call, asked.reason, lambda db, at: desk.split(db, at, customer, contacts))


@route(
    "POST",
    "/api/v1/customers/{customer_id}/place",
    "desk",
    query=(PREVIEW,),
    takes=Place,
    answers={200: ItemMoved},
    refuses=_IMPOSSIBLE,
)
async def place(call: Call) -> Answer:
    """Give one item of this thread to another contact, or to a customer, with everything about it."""
    customer, asked = CustomerId(call.path_id("customer_id")), await call.take(Place)
    if (asked.contact is None) == (asked.customer is None):
        raise bad_request("contact", "expected either contact or customer")
    event = read_id(asked.event)
    contact = ContactId(read_id(asked.contact)) if asked.contact is not None else None
    target = CustomerId(read_id(asked.customer)) if asked.customer is not None else None
    return await _decide(
        call, asked.reason, lambda db, at: placing.place(db, at, customer, event, contact=contact, target=target)
    )


def _either(name: str) -> Parameter:
    words = "A contact's id, a customer's (its oldest contact), `kind:value` (who proves it), or `source/key`."
    return Parameter(name=name, words=words, schema={"type": "string"})


@route(
    "GET",
    "/api/v1/identity/why",
    "read",
    query=(_either("a"), _either("b")),
    answers={200: WhyView},
    refuses=frozenset({422}),
)
async def show_why(call: Call) -> Answer:
    """Why two contacts are, or are not, one customer: what was decided, and what comparing them finds today."""
    said = {name: call.query.text(name) for name in ("a", "b")}
    workspace = call.caller.workspace
    async with call.read() as db:
        named: list[ContactId] = []
        for name, text in said.items():
            if not text:
                raise bad_request(name, "expected a contact: its id, a customer's, kind:value or source/key")
            named.append(await find_contact(db, workspace.id, text, workspace.region))
        return answer(await why(db, workspace.id, *named, salt=workspace.salt))


@route(
    "GET",
    "/api/v1/identity/decisions",
    "read",
    query=(
        Parameter(
            name="kind",
            words="Only these; given twice means or.",
            schema={"type": "array", "items": {"type": "string", "enum": list(KINDS)}},
        ),
        LIMIT,
        CURSOR,
    ),
    answers={200: DecisionPage},
)
async def list_decisions(call: Call) -> Answer:
    """Who was said to be whom, the newest decision first: by whom, about which contacts or customers with who they are
    today, and whether it was taken back (`undone_by`). A page may hold fewer than `limit`, even none, while `next` says
    that there are more."""
    query, tokens = call.query, call.edge.tokens
    limit, kinds, cursor = query.limit(), query.several("kind", frozenset(KINDS)), query.text("cursor")
    listed = f"decisions {sorted(kinds)}"
    before = None if cursor is None else tokens.open_id(call.workspace, listed, cursor)
    async with call.read() as db:
        asked: list[DecisionKind] = [kind for kind in KINDS if kind in kinds or not kinds]
        found, last = await latest_decided(db, call.caller.workspace.id, asked, before, limit)
    more = tokens.seal_id(call.workspace, listed, last) if last is not None else None
    return answer(DecisionPage(items=found, next=more))


@route("POST", "/api/v1/identity/not-same", "desk", takes=NotSame, answers={200: Apart}, refuses=_IMPOSSIBLE)
async def keep_apart(call: Call) -> Answer:
    """Record that two contacts are not the same person: no automatic link unites them."""
    asked = await call.take(NotSame)
    a, b = ContactId(read_id(asked.a)), ContactId(read_id(asked.b))

    async def work(db: Db) -> Answer:
        decision = await suggestions.keep_apart(db, call.desk(reason=asked.reason), a, b, [])
        return answer(Apart(decision_id=decision))

    return await call.write(work)


@route(
    "GET",
    "/api/v1/identity/suggestions",
    "suggestions.read",
    query=(
        Parameter(
            name="state",
            words="Which; open by default.",
            schema={"type": "string", "enum": list(suggestions.STATES), "default": "open"},
        ),
        Parameter(
            name="kind",
            words="Only these; given twice means or.",
            schema={"type": "array", "items": {"type": "string", "enum": list(suggestions.KINDS)}},
        ),
        LIMIT,
        CURSOR,
    ),
    answers={200: SuggestionPage},
)
async def list_suggestions(call: Call) -> Answer:
    """Pairs that a person should look at, the most valuable first: the surer, and the more is at stake. A pair that
    was joined or parted meanwhile is open no more."""
    query, tokens = call.query, call.edge.tokens
    limit, state, kinds = (
        query.limit(),
        query.text("state") or "open",
        query.several("kind", frozenset(suggestions.KINDS)),
    )
    if state not in suggestions.STATES:
        raise bad_request("state", "expected one of " + ", ".join(suggestions.STATES))
    listed, cursor = f"suggestions {state} {sorted(kinds)}", query.text("cursor")
    after = None if cursor is None else tokens.open_rank(call.workspace, listed, cursor)
    async with call.read() as db:
        found = await suggestions.read_suggestions(db, call.desk(), state, after, limit + 1, kinds)
    more = tokens.seal_rank(call.workspace, listed, found[limit - 1].rank) if len(found) > limit else None
    return answer(SuggestionPage(items=found[:limit], next=more))


@route(
    "POST",
    "/api/v1/identity/suggestions/{suggestion_id}/accept",
    "suggestions.decide",
    query=(PREVIEW,),
    takes=Decide,
    answers={200: Change},
    refuses=_IMPOSSIBLE,
)
async def accept(call: Call) -> Answer:
    """Do as suggested. A link: they are the same person and merged by hand; the older customer's id stays. An unlink:
    `a` is split off, and no automatic link brings it back."""
    suggestion, reason = call.path_id("suggestion_id"), await _reason(call)
    return await _decide(call, reason, lambda db, at: suggestions.accept(db, at, suggestion))


@route(
    "POST",
    "/api/v1/identity/suggestions/{suggestion_id}/reject",
    "suggestions.decide",
    takes=Decide,
    answers={200: Rejected},
    refuses=_IMPOSSIBLE,
)
async def reject(call: Call) -> Answer:
    """Not as suggested, for ever. A link: they are not the same person. An unlink: they stay one, and nobody is asked
    again."""
    suggestion, reason = call.path_id("suggestion_id"), await _reason(call)

    async def work(db: Db) -> Answer:
        return answer(Rejected(decision_id=await suggestions.reject(db, call.desk(reason=reason), suggestion)))

    return await call.write(work)


@route(
    "POST",
    "/api/v1/identity/suggestions/{suggestion_id}/later",
    "suggestions.decide",
    takes=Postpone,
    needs_body=False,
    answers={200: Postponed},
    refuses=_IMPOSSIBLE,
)
async def postpone(call: Call) -> Answer:
    """Leave it out of the open ones until a time, for a week by default; then it is back by itself."""
    suggestion = call.path_id("suggestion_id")
    until = (await call.take(Postpone)).until if await call.body() else None
    if until is not None:
        check_time("until", until)

    async def work(db: Db) -> Answer:
        return answer(await suggestions.postpone(db, call.desk(), suggestion, until))

    return await call.write(work)


async def _reason(call: Call) -> str | None:
    return (await call.take(Decide)).reason if await call.body() else None


async def _decide(call: Call, reason: str | None, work: Callable[[Db, Desk], Awaitable[Any]]) -> Answer:
    """Decide in one transaction; a preview answers in the same shape and is kept under no Idempotency-Key."""
    preview = call.query.flag("preview")
    at = call.desk(reason=reason, preview=preview)

    async def decide(db: Db) -> Answer:
        return answer(await work(db, at))

    return await (call.commit(decide) if preview else call.write(decide))


ROUTES: Final[tuple[Route, ...]] = (
    merge,
    unmerge,
    place,
    show_why,
    list_decisions,
    keep_apart,
    list_suggestions,
    accept,
    reject,
    postpone,
)
