"""The review queue as pages: who may be one person with whom, one question side by side, and its answer."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from app.api import identity
from app.api.calls import Answer
from app.api.shapes import Rejected, SuggestionPage
from app.console.asking import answered
from app.console.beside import Side, lines, read_side
from app.console.decisions import latest_decisions
from app.console.language import _
from app.console.pages import Page, Visit, moved, moved_after, page
from app.console.said_decisions import changes, evidence_line, weighed
from app.console.sayings import Speaker, agents_in
from app.console.told_once import Told
from app.console.verdicts import likely
from app.errors import Problem, problem_of
from identity.errors import AlreadyDecided, Impossible
from timeline.decisions import Change
from timeline.errors import StartOver
from timeline.interactions import InvalidField
from timeline.suggestions import STATES, Postponed, Suggestion, read_suggestion
from timeline.tickets import views

A_PAGE: Final = 50
FEW: Final = 5
DECIDED: Final = "decided"
Answered = Literal["accept", "reject", "later"]
_REFUSED: Final = (AlreadyDecided, Impossible, InvalidField, StartOver, Problem)


@page("GET", "/suggestions", "suggestions.read")
async def show_queue(visit: Visit) -> Answer:
    """What waits for an answer, the most valuable first, and the latest decisions; or what was postponed, answered or
    decided."""
    if visit.asked_for.get("state") == DECIDED:
        return await _decisions(visit)
    state = visit.asked_for.get("state", "open")
    state = state if state in STATES else "open"
    asked = {"state": state, "cursor": visit.asked_for.get("cursor"), "limit": A_PAGE}
    found = await answered(visit, identity.list_suggestions, SuggestionPage, query=asked)
    latest = await latest_decisions(visit, None, FEW) if state == "open" and not asked["cursor"] else None
    return visit.show(
        "suggestions.html",
        found=found,
        state=state,
        states=_states(),
        line=evidence_line,
        likely=likely,
        latest=latest,
    )


async def _decisions(visit: Visit) -> Answer:
    latest = await latest_decisions(visit, visit.asked_for.get("cursor"), A_PAGE)
    return visit.show("suggestions.html", found=None, state=DECIDED, states=_states(), latest=latest)


def _states() -> Sequence[tuple[str, str]]:
    return (
        ("open", _("Waiting")),
        ("later", _("Later")),
        ("accepted", _("Accepted")),
        ("rejected", _("Not so")),
        (DECIDED, _("Decisions")),
    )


@page("GET", "/suggestions/next", "suggestions.read")
async def go_on(visit: Visit) -> Answer:
    """To the question that matters most now."""
    found = await answered(visit, identity.list_suggestions, SuggestionPage, query={"limit": 1})
    return moved(f"/suggestions/{found.items[0].id}" if found.items else "/suggestions")


@page("GET", "/suggestions/{suggestion}", "suggestions.read")
async def show_question(visit: Visit) -> Answer:
    """Both sides, what speaks for it and against it, and what a yes would change."""
    return await _shown(visit)


async def _shown(visit: Visit, *, fault: str = "", reason: str = "", status: int = 200) -> Answer:
    question = visit.path_id("suggestion")
    async with visit.read() as db:
        asked = await read_suggestion(db, visit.desk(), question)
        doubted = asked.a.contact_id if asked.kind == "unlink" else None
        a = await read_side(db, visit, asked.a.customer_id, only=doubted)
        b = await read_side(db, visit, asked.b.customer_id, but=doubted)
        agents = await views.agent_names(db, visit.workspace, agents_in([*a.items, *b.items]))
    preview, cannot = await _preview(visit, asked)
    return visit.show(
        "suggestion.html",
        status=status,
        asked=asked,
        a=a,
        b=b,
        said=(Speaker(agents, a.name), Speaker(agents, b.name)),
        lines=lines(a, b),
        weighed=weighed(asked.evidence),
        likely=likely(asked.evidence, asked.probability),
        preview=preview,
        keeps=_keeps(preview, a, b),
        changes=changes(preview.changed) if preview else [],
        fault=fault or cannot,
        reason=reason,
        waits=_waits(asked),
        once=visit.new_name(),
    )


def _waits(asked: Suggestion) -> bool:
    """Whether there still is a question: a merge may have joined the two meanwhile, or a split parted them."""
    joined = asked.a.customer_id == asked.b.customer_id
    return asked.state in ("open", "later") and joined == (asked.kind == "unlink")


def _keeps(preview: Change | None, a: Side, b: Side) -> Side | None:
    return next((side for side in (a, b) if preview is not None and side.customer_id == preview.customer_id), None)


async def _preview(visit: Visit, asked: Suggestion) -> tuple[Change | None, str]:
    if not _waits(asked) or not visit.may("suggestions.decide"):
        return None, ""
    try:
        path = {"suggestion_id": str(asked.id)}
        done = await answered(visit, identity.accept, Change, path, query={"preview": "true"})
    except _REFUSED as error:
        return None, problem_of(error).detail
    return done, ""


@page("POST", "/suggestions/{suggestion}", "suggestions.decide")
async def decide(visit: Visit) -> Answer:
    """Answer it: yes, no, or later. Sent twice it is answered once."""
    said = await visit.form()
    reason, once, path = said.get("reason", "").strip(), said.get("once"), {"suggestion_id": _path(visit)}
    body = {"reason": reason or None}
    try:
        match said.get("answer"):
            case "accept":
                done = await answered(visit, identity.accept, Change, path, body=body, once=once)
                return _landed(visit, done)
            case "reject":
                kept = await answered(visit, identity.reject, Rejected, path, body=body, once=once)
                if kept.decision_id is None:
                    return moved("/suggestions")
                return moved_after(visit, "/suggestions", Told(decision=kept.decision_id))
            case "later":
                await answered(visit, identity.postpone, Postponed, path, once=once)
                return moved("/suggestions?state=open&later=yes")
            case _:
                raise InvalidField("answer", _("say whether they are one person, or leave it for later"))
    except _REFUSED as error:
        return await _shown(visit, fault=_words(error), reason=reason, status=problem_of(error).status)


def _path(visit: Visit) -> str:
    return str(visit.path_id("suggestion"))


def _landed(visit: Visit, done: Change) -> Answer:
    if done.decision_id is msgspec.UNSET:
        return moved("/suggestions")
    return moved_after(visit, f"/customers/{done.customer_id}", Told(decision=done.decision_id, asks_on=True))


def _words(error: Exception) -> str:
    if isinstance(error, AlreadyDecided):
        return _("Somebody answered this meanwhile: %(how)s. Nothing was done.", how=str(error))
    if isinstance(error, StartOver):
        return _("One of the two changed just now. Look again, and send it once more.")
    return problem_of(error).detail


PAGES: Final[tuple[Page, ...]] = (show_queue, go_on, show_question, decide)
