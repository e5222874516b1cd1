"""Answering from a customer's page, where no ticket is open: where the customer's latest words can be answered. Where
there are none, the desk writes first."""

from typing import Final

from app.api.calls import Answer, moved_to
from app.console.pages import Page, Visit, moved, page
from identity.customers import CustomerId
from identity.errors import Absorbed
from timeline.items import Item
from timeline.threads import ThreadQuery, read_page

LOOKED_AT: Final = 50
SAID: Final = frozenset({"message", "call"})


@page("GET", "/customers/{customer_id}/answer", "desk")
async def answer_customer(visit: Visit) -> Answer:
    """The composer for what the customer said last: in its ticket, or by making one of the conversation."""
    customer = CustomerId(visit.path_id("customer_id"))
    try:
        async with visit.read() as db:
            found = await read_page(db, visit.workspace, customer, ThreadQuery(limit=LOOKED_AT, kinds=SAID))
    except Absorbed as absorbed:
        return moved_to(f"/customers/{absorbed.survivor}/answer", b"")
    last = next((one for one in found.items if one.direction == "inbound" and not one.erased), None)
    note = visit.asked_for.get("as") == "note"
    if last is not None and last.tickets:
        return moved(f"/tickets/{_newest(last)}?about={last.event_id}{'&as=note' if note else ''}#say")
    if last is None or note:
        return moved(f"/customers/{customer}/message{'?as=note' if note else ''}#say")
    return visit.show("first_answer.html", customer=customer, last=last, once=visit.new_name())


def _newest(item: Item) -> int:
    return max(one.number for one in item.tickets)


PAGES: Final[tuple[Page, ...]] = (answer_customer,)
