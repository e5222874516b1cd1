"""Which ticket does an id or a number mean? Old ones answer for ever, redirecting where a ticket went."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from identity.customers import CustomerId, WorkspaceId
from timeline.store import Db
from timeline.tickets import store, views
from timeline.tickets.projection import TicketRef, ref
from timeline.tickets.ticket import TicketId, as_of


class FoundTicket(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket of the registry, and whose it is today (None: the opening event is in no ticket)."""

    id: TicketId
    number: int
    customer_id: CustomerId | None


async def find_tickets(db: Db, workspace: WorkspaceId, names: Sequence[str | int]) -> dict[str, FoundTicket]:
    """Tickets by what they were called, id or number; a name that is none is left out."""
    numbers, ids = {}, {}
    for name in {str(name) for name in names}:
        if name.isascii() and name.isdigit() and len(name) <= 18:
            numbers[int(name)] = name
        elif (found := _uuid(name)) is not None:
            ids[found] = name
    if not (numbers or ids):
        return {}
    called: dict[str, FoundTicket] = {}
    for row in await views.resolve_names(db, workspace, list(numbers), list(ids)):
        one = FoundTicket(id=row["ticket_id"], number=row["number"], customer_id=row["customer_id"])
        for name in (numbers.get(row["number"]), ids.get(row["ticket_id"])):
            if name is not None:
                called[name] = one
    return called


def _uuid(text: str) -> UUID | None:
    if len(text) != 36:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None


async def refs_of(
    db: Db, workspace: WorkspaceId, tickets: Sequence[TicketId], now: datetime
) -> dict[TicketId, TicketRef]:
    """Tickets in a word, as silence has left them by now; one that was joined into another stands for that."""
    asked = list(dict.fromkeys(tickets))
    kept = {one.fold.id: one for one in await store.tickets(db, workspace, asked)}
    while missing := [
        one.fold.joined_into
        for one in kept.values()
        if one.fold.joined_into is not None and one.fold.joined_into not in kept
    ]:
        kept.update({one.fold.id: one for one in await store.tickets(db, workspace, missing)})
    refs: dict[TicketId, TicketRef] = {}
    for ticket in asked:
        one = kept.get(ticket)
        while one is not None and one.fold.joined_into is not None:
            one = kept.get(one.fold.joined_into)
        if one is not None:
            refs[ticket] = ref(as_of(one.fold, now), one.number)
    return refs
