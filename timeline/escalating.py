"""Escalating: a conversation that was only talk becomes a ticket, with all of it so far."""

from typing import Final
from uuid import UUID

from identity.customers import CustomerId
from identity.errors import Impossible, NotFound
from timeline import store
from timeline.beside import append, beside_item, locked_with
from timeline.decisions import Desk
from timeline.edit_events import TicketEscalated
from timeline.errors import StillDeriving
from timeline.events import KIND_OF
from timeline.reactions import settle
from timeline.tickets import talk_store
from timeline.tickets.projection import POLICIES
from timeline.tickets.ticket import TicketId

MOST_ITEMS: Final = 2_000


async def escalate(db: store.Db, desk: Desk, customer: CustomerId, item: UUID) -> TicketId:
    """Make a ticket of the conversation that an item is of, or of the item where it is of none.

    Raises `NotFound`, `Impossible`, `StillDeriving`, `StartOver`."""
    _, (row,) = await locked_with(db, desk, [], [item])
    if row["customer_id"] != customer:
        raise NotFound
    if row["type"] not in KIND_OF:
        raise Impossible("event", "only what was said or recorded becomes a ticket")
    if row["tickets"]:
        raise Impossible("event", "it is in a ticket already")
    items = [item]
    if row["source"] is not None and row["conversation"] is not None:
        talk = (row["source"], row["conversation"])
        items = await talk_store.loose(db, desk.workspace, customer, *talk, MOST_ITEMS + 1) or items
    if len(items) > MOST_ITEMS:
        raise Impossible("event", f"its conversation has more than {MOST_ITEMS} items")
    _, rows = await locked_with(db, desk, [], items)
    here = [one for one in rows if one["customer_id"] == customer]
    ticket = TicketId(here[0]["id"])
    event = TicketEscalated(ticket=ticket, items=tuple(one["id"] for one in here), cause="api")
    made, new = await append(db, desk, event, beside_item(here[0]))
    versions = await POLICIES.read(db, desk.workspace)
    placed = {made.id: (made.place.stands_on, made.place.customer_id)}
    settled = await settle(db, desk.workspace, [new], [made.position], [made.place.owner_id], versions, placed=placed)
    if settled.deriving:
        raise StillDeriving
    if made.id in settled.voids:
        raise Impossible("event", settled.voids[made.id])
    return ticket
