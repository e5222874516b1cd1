"""Two customers made one by hand, and any decision about who is who: seen in words, and taken back."""

from typing import Any, Final
from uuid import UUID

import msgspec

from app.api import identity
from app.api.calls import Answer, read_id
from app.api.customers import MOST_TYPED
from app.console.asking import answered
from app.console.beside import lines, read_side
from app.console.customer_list import named
from app.console.language import _
from app.console.pages import Page, Visit, moved, moved_after, page
from app.console.said_decisions import UNDOABLE, actor_words, agent_of, changes, title_of, weighed
from app.console.sayings import Speaker, agents_in
from app.console.told_once import Told
from app.console.verdicts import likely
from app.errors import Problem, problem_of
from identity.customers import CustomerId, DecisionId
from identity.decided import Decided, read_decided, read_parties
from identity.errors import Absorbed, AlreadyUndone, Impossible, NotFound
from timeline.decisions import Change
from timeline.errors import StartOver
from timeline.interactions import InvalidField
from timeline.tickets import views

MOST_PARTIES: Final = 20
REFUSED: Final = (Absorbed, AlreadyUndone, Impossible, InvalidField, StartOver, Problem)


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What comparing two finds today."""

    evidence: list[dict[str, Any]]
    probability: float


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Two compared: contact with contact, and where that decides, customer with customer."""

    contacts: Compared
    customers: Compared | None


NOT_COMPARED: Final = Compared(evidence=[], probability=0.0)


# -- merging by hand -------------------------------------------------------------------------------------------------


@page("GET", "/customers/{customer_id}/merge", "desk")
async def ask_merge(visit: Visit) -> Answer:
    """Who is the other? Found as it is typed; then what merging the two would change."""
    customer, other = CustomerId(visit.path_id("customer_id")), visit.asked_for.get("other")
    if other:
        return await _offered(visit, customer, read_id(other))
    typed = visit.asked_for.get("q", "").strip()[:MOST_TYPED]
    found = [one for one in await named(visit, typed) if one.id != customer] if typed else []
    href = f"/customers/{customer}/merge?other="
    if visit.is_fragment:
        return visit.show("people_found.html", people=found, typed=typed, href=href)
    async with visit.read() as db:
        side = await read_side(db, visit, customer)
    if side.customer_id != customer:
        return moved(f"/customers/{side.customer_id}/merge")
    return visit.show("merge_with.html", side=side, people=found, typed=typed, href=href)


async def _offered(
    visit: Visit, customer: CustomerId, other: UUID, *, fault: str = "", reason: str = "", status: int = 200
) -> Answer:
    async with visit.read() as db:
        a, b = await read_side(db, visit, customer), await read_side(db, visit, CustomerId(other))
        agents = await views.agent_names(db, visit.workspace, agents_in([*a.items, *b.items]))
    preview, cannot, compared = None, "", NOT_COMPARED
    if a.customer_id == b.customer_id:
        cannot = _("These two are one customer already.")
    else:
        try:
            preview = await _merge(visit, a.customer_id, b.customer_id, preview="true")
            compared = await _compared(visit, a.customer_id, b.customer_id)
        except REFUSED as error:
            cannot = words_of(error)
    return visit.show(
        "merge.html",
        status=status,
        a=a,
        b=b,
        said=(Speaker(agents, a.name), Speaker(agents, b.name)),
        lines=lines(a, b),
        changes=changes(preview.changed) if preview else [],
        weighed=weighed(compared.evidence),
        likely=likely(compared.evidence, compared.probability) if compared.evidence else "",
        fault=fault or cannot,
        reason=reason,
        once=visit.new_name(),
    )


async def _compared(visit: Visit, a: CustomerId, b: CustomerId) -> Compared:
    """Nothing of who has no contact but the desk's own."""
    try:
        found = await answered(visit, identity.show_why, Why, query={"a": str(a), "b": str(b)})
    except (Impossible, NotFound):
        return NOT_COMPARED
    return found.customers or found.contacts


async def _merge(visit: Visit, customer: UUID, other: UUID, reason: str = "", **asked: Any) -> Change:
    once = asked.pop("once", None)
    body = {"other": str(other), "reason": reason or None}
    path = {"customer_id": str(customer)}
    return await answered(visit, identity.merge, Change, path, query=asked, body=body, once=once)


@page("POST", "/customers/{customer_id}/merge", "desk")
async def merge(visit: Visit) -> Answer:
    """Make the two one; to the thread that has both then."""
    said = await visit.form()
    customer, other = CustomerId(visit.path_id("customer_id")), read_id(said.get("other", ""))
    reason = said.get("reason", "").strip()
    try:
        done = await _merge(visit, customer, other, reason, once=said.get("once"))
    except REFUSED as error:
        status = problem_of(error).status
        return await _offered(visit, customer, other, fault=words_of(error), reason=reason, status=status)
    return landed(visit, done.customer_id, done.decision_id)


def landed(visit: Visit, customer: UUID, decision: Any) -> Answer:
    """To a thread where one sees what was done, with a way back."""
    path = f"/customers/{customer}"
    return moved(path) if decision is msgspec.UNSET else moved_after(visit, path, Told(decision=decision))


def words_of(error: Exception) -> str:
    """Why it cannot be done, for whoever asked."""
    match error:
        case Absorbed():
            return _("One of the two was merged into another meanwhile. Look again before you go on.")
        case AlreadyUndone():
            return _("Somebody took this back before. Nothing was done.")
        case StartOver():
            return _("One of the two changed just now. Look again, and send it once more.")
        case _:
            return problem_of(error).detail


# -- a decision ------------------------------------------------------------------------------------------------------


@page("GET", "/decisions/{decision}", "read")
async def show_decision(visit: Visit) -> Answer:
    """Who decided what, when, on what evidence; and what taking it back would change."""
    return await _decision(visit)


async def _decision(visit: Visit, *, fault: str = "", reason: str = "", status: int = 200) -> Answer:
    async with visit.read() as db:
        known = await read_decided(db, visit.workspace, DecisionId(visit.path_id("decision")))
        who = agent_of(known.decision.actor)
        agents = await views.agent_names(db, visit.workspace, [who] if who else [])
    preview, cannot = await _undoing(visit, known)
    moves = list(preview.moved) if preview else list(known.decision.contacts)
    async with visit.read() as db:
        parties = await read_parties(db, visit.workspace, moves[:MOST_PARTIES])
    return visit.show(
        "decision.html",
        status=status,
        known=known,
        decision=known.decision,
        actor=actor_words(known.decision.actor, agents),
        title=title_of(known.decision.kind),
        weighed=weighed(known.decision.evidence),
        parties=parties,
        more=len(moves) - len(parties),
        preview=preview,
        changes=changes(preview.changed) if preview else [],
        fault=fault or cannot,
        reason=reason,
        once=visit.new_name(),
    )


async def _undoing(visit: Visit, known: Decided) -> tuple[Change | None, str]:
    """What taking it back would change; None with the reason where it cannot be taken back by whoever looks."""
    decision = known.decision
    if decision.undone_by is not None or decision.kind not in UNDOABLE or not visit.may("desk"):
        return None, ""
    try:
        return await _undo(visit, known, preview="true"), ""
    except (*REFUSED, NotFound) as error:
        return None, words_of(error)


async def _undo(visit: Visit, known: Decided, reason: str = "", **asked: Any) -> Change:
    """Asked of the customer that has its contacts today. Raises as the route does."""
    once, end = asked.pop("once", None), known.b or known.a
    if end is None:
        raise NotFound
    body = {"decision": str(known.decision.id), "reason": reason or None}
    path = {"customer_id": str(end.customer_id)}
    return await answered(visit, identity.unmerge, Change, path, query=asked, body=body, once=once)


@page("POST", "/decisions/{decision}", "desk")
async def undo(visit: Visit) -> Answer:
    """Take it back; to the customer that came of it."""
    said = await visit.form()
    reason = said.get("reason", "").strip()
    async with visit.read() as db:
        known = await read_decided(db, visit.workspace, DecisionId(visit.path_id("decision")))
    try:
        done = await _undo(visit, known, reason, once=said.get("once"))
    except REFUSED as error:
        return await _decision(visit, fault=words_of(error), reason=reason, status=problem_of(error).status)
    return landed(visit, done.customer_id, done.decision_id)


PAGES: Final[tuple[Page, ...]] = (ask_merge, merge, show_decision, undo)
