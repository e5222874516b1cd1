"""Moving a ticket to another customer, item by item, and back; making a ticket of a talk that is none."""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import msgspec

from app.api import identity, ticket_life
from app.api.calls import Answer, read_id
from app.console.asking import answered, ask
from app.console.customer_list import named
from app.console.doing import Doing, Looking, Said, Shown, Told
from app.console.language import _, counted
from app.console.pages import MOST_FIELDS, Page, Visit, moved, page
from app.console.sayings import Speaker, agents_in
from identity.errors import Impossible, NotFound
from timeline.consequences import TicketChanges
from timeline.events import KIND_OF
from timeline.items import Item
from timeline.threads import ThreadQuery, read_page_of
from timeline.tickets import views
from timeline.tickets.reading import TicketView, read_ticket

MOST_ITEMS: Final = 50
MOST_TYPED: Final = 200
RECORDED: Final = frozenset(KIND_OF.values())


class _Changed(msgspec.Struct, frozen=True, kw_only=True):
    tickets: TicketChanges


class _Placed(msgspec.Struct, frozen=True, kw_only=True):
    changed: _Changed
    decision_id: UUID | None = None


class _Escalated(msgspec.Struct, frozen=True, kw_only=True):
    number: int


# -- to another customer ---------------------------------------------------------------------------------------------


async def _look(looking: Looking) -> Shown:
    """Whom it could go to; with a customer chosen what becomes of tickets, which is told of one item alone."""
    visit, ticket, said = looking.visit, looking.ticket, looking.said
    typed = said.text("q")[:MOST_TYPED]
    shown: dict[str, Any] = {"people": [], "typed": typed, "customer": None}
    if not said.text("customer"):
        found = await named(visit, typed) if typed else []
        return shown | {"people": [one for one in found if one.id != ticket.customer_id]}
    found, customer = await _recorded(visit, ticket), str(read_id(said.text("customer")))
    items = [one.event_id for one in found]
    path, query = {"customer_id": str(ticket.customer_id)}, {"preview": "true"}
    body = {"event": items[0], "customer": customer}
    preview = await answered(visit, identity.place, _Placed, path, query=query, body=body)
    after = preview.changed.tickets if len(items) == 1 else None
    return (
        shown
        | {"customer": customer, "name": said.text("name")[:MOST_TYPED], "items": found, "after": after}
        | {"speaker": await _speaker(visit, found)}
    )


async def _speaker(visit: Visit, items: Sequence[Item]) -> Speaker:
    async with visit.read() as db:
        return Speaker(await views.agent_names(db, visit.workspace, agents_in(items)), None)


async def _recorded(visit: Visit, ticket: TicketView) -> Sequence[Item]:
    """What was said and recorded in a ticket, the item that opened it first. Raises `Impossible`."""
    if ticket.parts:
        raise Impossible("ticket", _("other tickets were merged into it: take these merges back first"))
    query = ThreadQuery(limit=MOST_ITEMS, kinds=RECORDED)
    async with visit.read() as db:
        found = await read_page_of(db, visit.workspace, ticket, query)
    if found.next is not None:
        raise Impossible("ticket", _("it has more than %(most)s items: merge or part the customers", most=MOST_ITEMS))
    mine = [one for one in found.items if one.tickets and one.tickets[0].id == ticket.id]
    if not mine:
        raise Impossible("ticket", _("nothing that was said or recorded is in it"))
    return sorted(mine, key=lambda one: (one.event_id != ticket.id, one.event_id))


async def _move(visit: Visit, said: Said) -> Told:
    async with visit.read() as db:
        ticket = await read_ticket(db, visit.workspace, visit.request.path_params["ticket"])
    customer, decisions = str(read_id(said.text("customer"))), list[str]()
    for at, item in enumerate(await _recorded(visit, ticket)):
        body = {"event": item.event_id, "customer": customer, "reason": said.text("reason") or None}
        path, once = {"customer_id": str(ticket.customer_id)}, said.once and f"{said.once}-{at}"
        placed = await answered(visit, identity.place, _Placed, path, body=body, once=once)
        decisions.append(str(placed.decision_id))
    query = urlencode({"moved": decisions}, doseq=True)
    return Told(words=_("It is another customer's now."), goes=f"/tickets/{ticket.number}?{query}")


def told_of(visit: Visit) -> Told | None:
    """What a page says of a ticket that was just moved to its customer, with the way back."""
    query = parse_qsl(visit.request.scope["query_string"].decode("ascii", "replace"), max_num_fields=MOST_FIELDS)
    asked = Said(lists={"moved": [value for name, value in query if name == "moved"]})
    moves = [("decision", str(one)) for one in _decisions(asked, "moved")]
    if not moves:
        return None
    words = counted("An item was moved to this customer.", "%(num)s items were moved to this customer.", len(moves))
    return Told(words=words, back=f"back?{urlencode(moves)}")


def _decisions(said: Said, field: str) -> list[UUID]:
    found: list[UUID] = []
    for text in said.all(field)[:MOST_ITEMS]:
        try:
            found.append(read_id(text))
        except NotFound:
            continue
    return found


async def _look_back(looking: Looking) -> Shown:
    decisions = _decisions(looking.said, "decision")
    if not decisions:
        raise NotFound
    return {"decisions": decisions}


async def _move_back(visit: Visit, said: Said) -> Told:
    async with visit.read() as db:
        ticket = await read_ticket(db, visit.workspace, visit.request.path_params["ticket"])
    path = {"customer_id": str(ticket.customer_id)}
    for at, decision in enumerate(reversed(_decisions(said, "decision"))):
        body = {"decision": decision, "reason": said.text("reason") or None}
        await ask(visit, identity.unmerge, path, body=body, once=said.once and f"{said.once}-{at}")
    return Told(words=_("It is where it was."), goes=f"/tickets/{ticket.number}")


# -- a talk that is no ticket ----------------------------------------------------------------------------------------


@page("POST", "/customers/{customer_id}/escalate", "desk")
async def escalate(visit: Visit) -> Answer:
    """Make a ticket of the conversation that an item is of, and open it."""
    said = Said(lists=await visit.form_lists())
    path = {"customer_id": visit.request.path_params["customer_id"]}
    body = {"event": said.text("event")}
    made = await answered(visit, ticket_life.escalate_talk, _Escalated, path, body=body, once=said.once)
    return moved(f"/tickets/{made.number}")


DOINGS: Final = (
    Doing(
        name="move",
        title=lambda t: _("Move #%(number)s to another customer", number=t.number),
        template="move",
        look=_look,
        act=_move,
        size="wide",
    ),
    Doing(name="back", title=lambda _t: _("Move it back"), template="back", look=_look_back, act=_move_back),
)
PAGES: Final[tuple[Page, ...]] = (escalate,)
