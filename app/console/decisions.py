"""The latest decisions about who is who as a list: what was done to whom, by whom, and whether it stands."""

from typing import Final

import msgspec

from app.api import identity
from app.api.shapes import DecisionPage
from app.console.asking import answered
from app.console.language import _
from app.console.pages import Visit
from app.console.said_decisions import UNDOABLE, actor_words, agent_of, title_of
from identity.customers import DecisionKind
from identity.decided import Decided
from timeline.tickets import views

SHOWN: Final[tuple[DecisionKind, ...]] = ("merge", "unmerge", "split", "not_same", "place", "undo")
"""Without the links and proofs of every push."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One decision. `state` is one of stands, undone, and nothing where there is nothing that could be undone."""

    known: Decided
    title: str
    actor: str
    state: str
    words: str


class Latest(msgspec.Struct, frozen=True, kw_only=True):
    """A page; `next` is the cursor of the one after it."""

    lines: list[Line]
    next: str | None


async def latest_decisions(visit: Visit, cursor: str | None, limit: int) -> Latest:
    """Those after the cursor, the newest first. Raises the 400 for a cursor that is none."""
    asked = {"kind": list(SHOWN), "cursor": cursor, "limit": limit}
    found = await answered(visit, identity.list_decisions, DecisionPage, query=asked)
    actors = {who for one in found.items if (who := agent_of(one.decision.actor))}
    async with visit.read() as db:
        agents = await views.agent_names(db, visit.workspace, sorted(actors))
    return Latest(lines=[_line(one, actor_words(one.decision.actor, agents)) for one in found.items], next=found.next)


def _line(one: Decided, actor: str) -> Line:
    if one.decision.undone_by is not None:
        state, words = "undone", _("undone")
    elif one.decision.kind in UNDOABLE:
        state, words = "stands", _("stands")
    else:
        state, words = "", ""
    return Line(known=one, title=title_of(one.decision.kind), actor=actor, state=state, words=words)
