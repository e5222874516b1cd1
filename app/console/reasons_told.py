"""One item by itself: why it stands on this thread, who decided so, where that is undone; and all of a long text."""

from typing import Final
from uuid import UUID

import msgspec

from app.api.calls import Answer
from app.console.filtering import read_wanted
from app.console.leaves import Clocks, Row, lay_out
from app.console.pages import Page, Visit, page
from app.console.rendering import stamp
from app.console.unrolling import speaker_of
from app.console.verdicts import because, grade_words
from app.db import Db
from identity.customers import CustomerId
from identity.errors import NotFound
from identity.views import Decided, People, SeenContact, best_name, read_people
from timeline.events import EventId
from timeline.item_reading import read_item
from timeline.items import Item
from timeline.tickets import views

MOST_DATA: Final = 20_000


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """`contact` is who it came in as, `decided` what put that contact here, `by` who did: by name where an agent,
    `because` on what, `sure` how sure it is."""

    item: Item
    contact: SeenContact | None
    decided: Decided | None
    by: str
    because: list[str]
    sure: str
    data: str


async def _item(db: Db, visit: Visit, customer: CustomerId) -> Item:
    """The item of the address. Raises `NotFound`."""
    at = read_wanted(visit).at
    if at is None:
        raise NotFound
    item = await read_item(db, visit.workspace, customer, EventId(visit.path_id("event_id")), at)
    if item is None:
        raise NotFound
    return item


def _reason(people: People, item: Item, by: str, decided: Decided | None) -> Reason:
    contact = next((one for one in people.contacts if one.id == item.contact_id), None)
    said = msgspec.json.format(bytes(item.data), indent=2).decode() if item.data != b"null" else ""
    return Reason(
        item=item,
        contact=contact,
        decided=decided,
        by=by,
        because=because(decided.evidence) if decided else [],
        sure=grade_words(item.why.grade),
        data=said[:MOST_DATA],
    )


async def _decided_by(db: Db, visit: Visit, decided: Decided | None) -> str:
    kind, _sign, name = (decided.actor if decided else "").partition(":")
    if kind != "agent":
        return decided.actor if decided else ""
    names = await views.agent_names(db, visit.workspace, [UUID(name)])
    return names.get(UUID(name), name)


@page("GET", "/customers/{customer_id}/items/{event_id}/why", "read")
async def show_why(visit: Visit) -> Answer:
    """Identifier, grade, evidence, decision, who, and where to undo it."""
    customer = CustomerId(visit.path_id("customer_id"))
    async with visit.read() as db:
        item = await _item(db, visit, customer)
        people = await read_people(db, visit.workspace, customer, whole=False)
        decided = next((one for one in people.decisions if one.id == item.why.decision), None)
        by = await _decided_by(db, visit, decided)
    template = "why.html" if visit.is_fragment else "why_page.html"
    return visit.show(template, customer=customer, reason=_reason(people, item, by, decided))


@page("GET", "/customers/{customer_id}/items/{event_id}/mark", "read")
async def show_mark(visit: Visit) -> Answer:
    """What became of a mail, as its item says it now."""
    customer = CustomerId(visit.path_id("customer_id"))
    async with visit.read() as db:
        item = await _item(db, visit, customer)
    return visit.show("mark.html", customer=customer, it=item, stamp=stamp(item.shown_at))


@page("GET", "/customers/{customer_id}/items/{event_id}", "read")
async def show_item(visit: Visit) -> Answer:
    """All that an item says, however long."""
    customer = CustomerId(visit.path_id("customer_id"))
    async with visit.read() as db:
        item = await _item(db, visit, customer)
        people = await read_people(db, visit.workspace, customer, whole=False)
        speaker = await speaker_of(db, visit, [item], best_name(people))
    row: Row = lay_out([item], speaker, Clocks(visit.who, None, item.shown_at)).rows[0]
    whole = msgspec.structs.replace(row, goes_on=False, said=item.body or "", rest="", cut=0)
    return visit.show("item_alone.html" if visit.is_fragment else "item_page.html", customer=customer, row=whole)


PAGES: Final[tuple[Page, ...]] = (show_why, show_mark, show_item)
