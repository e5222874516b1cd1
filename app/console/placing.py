"""One item given to another customer: whose it should be, what that changes, and done."""

from typing import Any, Final
from uuid import UUID

import msgspec

from app.api import identity
from app.api.calls import Answer, read_id
from app.api.customers import MOST_TYPED
from app.console.asking import answered
from app.console.beside import Side, read_side
from app.console.customer_list import named
from app.console.language import _
from app.console.merging import REFUSED, landed, words_of
from app.console.pages import Page, Visit, page
from app.console.said_decisions import changes
from app.console.sayings import Speaker, agents_in
from app.db import Db
from app.errors import problem_of
from identity.customers import CustomerId
from identity.errors import NotFound
from timeline.events import EventId
from timeline.item_reading import read_item
from timeline.items import Item
from timeline.placing import ItemMoved, whereabouts
from timeline.tickets import views


class Placing(msgspec.Struct, frozen=True, kw_only=True):
    """An item, and whose it is."""

    item: Item
    owner: Side
    speaker: Speaker


@page("GET", "/place", "desk")
async def ask_place(visit: Visit) -> Answer:
    """Whose is it? Found as it is typed; then what placing it there would change."""
    event, to = read_id(visit.asked_for.get("event", "")), visit.asked_for.get("to")
    if to:
        return await _offered(visit, event, read_id(to))
    typed = visit.asked_for.get("q", "").strip()[:MOST_TYPED]
    href = f"/place?event={event}&to="
    people = await named(visit, typed) if typed else []
    if visit.is_fragment:
        return visit.show("people_found.html", people=people, typed=typed, href=href)
    async with visit.read() as db:
        placing = await _read(db, visit, event)
    people = [one for one in people if one.id != placing.owner.customer_id]
    return visit.show("place_with.html", placing=placing, people=people, typed=typed, href=href)


async def _read(db: Db, visit: Visit, event: UUID) -> Placing:
    """Raises `NotFound`."""
    customer, shown_at = await whereabouts(db, visit.workspace, event)
    item = await read_item(db, visit.workspace, customer, EventId(event), shown_at)
    if item is None:
        raise NotFound
    owner, agents = (
        await read_side(db, visit, customer),
        await views.agent_names(db, visit.workspace, agents_in([item])),
    )
    return Placing(item=item, owner=owner, speaker=Speaker(agents, owner.name))


async def _offered(
    visit: Visit, event: UUID, to: UUID, *, fault: str = "", reason: str = "", status: int = 200
) -> Answer:
    async with visit.read() as db:
        placing, receiver = await _read(db, visit, event), await read_side(db, visit, CustomerId(to))
    preview, cannot = None, ""
    if placing.owner.customer_id == receiver.customer_id:
        cannot = _("It stands on this thread already.")
    else:
        try:
            preview = await _place(visit, placing.owner.customer_id, event, receiver.customer_id, preview="true")
        except REFUSED as error:
            cannot = words_of(error)
    return visit.show(
        "place.html",
        status=status,
        placing=placing,
        receiver=receiver,
        changes=changes(preview.changed) if preview else [],
        fault=fault or cannot,
        reason=reason,
        once=visit.new_name(),
    )


async def _place(
    visit: Visit, owner: CustomerId, event: UUID, to: CustomerId, reason: str = "", **asked: Any
) -> ItemMoved:
    once = asked.pop("once", None)
    body = {"event": str(event), "customer": str(to), "reason": reason or None}
    path = {"customer_id": str(owner)}
    return await answered(visit, identity.place, ItemMoved, path, query=asked, body=body, once=once)


@page("POST", "/place", "desk")
async def place(visit: Visit) -> Answer:
    """Give it there; to the thread that has it now. `from` is whose it was as it was seen."""
    said = await visit.form()
    event, to, owner = (read_id(said.get(name, "")) for name in ("event", "to", "from"))
    reason = said.get("reason", "").strip()
    try:
        done = await _place(visit, CustomerId(owner), event, CustomerId(to), reason, once=said.get("once"))
    except NotFound:
        gone = _("Somebody moved this item meanwhile. Look where it stands now before you go on.")
        return await _offered(visit, event, to, fault=gone, reason=reason, status=409)
    except REFUSED as error:
        return await _offered(visit, event, to, fault=words_of(error), reason=reason, status=problem_of(error).status)
    return landed(visit, done.customer_id, done.decision_id)


PAGES: Final[tuple[Page, ...]] = (ask_place, place)
