"""Why are these contacts one person? Each contact with how it came here, the decisions, and what stands beside."""

from collections.abc import Mapping
from functools import partial
from typing import Final
from uuid import UUID

import msgspec

from app.api.calls import Answer, moved_to, read_id
from app.console.pages import Page, Visit, page
from app.console.said_decisions import UNDOABLE, actor_words, agent_of, title_of, weighed
from identity.customers import CustomerId, DecisionId
from identity.errors import Absorbed
from identity.explaining import ContactView, DecisionView, IdentityView, read_identity
from timeline.tickets import views

A_PAGE: Final = 40
MOST_REASONS: Final = 3


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of the contacts, the oldest first; `next` is the last of it where there are more."""

    contacts: list[ContactView]
    next: UUID | None
    before: int
    all: int


@page("GET", "/customers/{customer_id}/identity", "read")
async def show_identity(visit: Visit) -> Answer:
    """Contacts, identifiers, evidence and decisions of a customer."""
    customer, after = CustomerId(visit.path_id("customer_id")), visit.asked_for.get("after")
    try:
        async with visit.read() as db:
            known = await read_identity(db, visit.workspace, customer, salt=visit.caller.workspace.salt)
            who = {one for one in (agent_of(decision.actor) for decision in known.decisions) if one is not None}
            agents = await views.agent_names(db, visit.workspace, sorted(who))
    except Absorbed as absorbed:
        return moved_to(f"/customers/{absorbed.survivor}/identity", b"")
    decisions = list(reversed(known.decisions))[:A_PAGE]
    return visit.show(
        "identity.html",
        known=known,
        shown=_stretch(known, read_id(after) if after else None),
        decisions=[(one, actor_words(one.actor, agents)) for one in decisions],
        more_decisions=len(known.decisions) - len(decisions),
        undoable=_undoable,
        said=_said,
        why=partial(_why, {one.id: one for one in known.decisions}, agents),
    )


def _stretch(known: IdentityView, after: UUID | None) -> Shown:
    ids: list[UUID] = [one.id for one in known.contacts]
    start = ids.index(after) + 1 if after is not None and after in ids else 0
    contacts = known.contacts[start : start + A_PAGE]
    more = start + A_PAGE < len(ids)
    return Shown(contacts=contacts, next=contacts[-1].id if more else None, before=start, all=len(ids))


def _why(
    decisions: Mapping[DecisionId, DecisionView], agents: Mapping[UUID, str], contact: ContactView
) -> tuple[str, str]:
    """How a contact came to be this customer; and by whom, where somebody decided it."""
    decision = decisions.get(contact.decision) if contact.decision else None
    if decision is None:
        return contact.words, ""
    return _said(decision), actor_words(decision.actor, agents)


def _said(decision: DecisionView) -> str:
    """What was decided, and the reason or what spoke for it."""
    because = decision.reason or _on_what(decision)
    return f"{title_of(decision.kind)}: {because}" if because else title_of(decision.kind)


def _on_what(decision: DecisionView) -> str:
    found = weighed(decision.evidence)
    return "; ".join([one.words for one in found.reasons][:MOST_REASONS]) or found.verdict


def _undoable(decision: DecisionView) -> bool:
    return decision.undone_by is None and decision.kind in UNDOABLE


PAGES: Final[tuple[Page, ...]] = (show_identity,)
