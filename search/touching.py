"""Which documents does an event touch? By ids: items, tickets, contacts, and customers with all that is theirs."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

import msgspec

from identity.customers import CustomerId
from timeline.events import KIND_OF, RecordedEvent

MERGE: Final = "CustomersMerged"
STRUCTURAL: Final = frozenset(
    {
        "CustomersUnmerged",
        "ContactsSplit",
        "ItemPlaced",
        "DecisionUndone",
        "CustomerErased",
        "ItemsErased",
        "TicketsJoined",
        "TicketSplit",
        "TicketItemMoved",
        "TicketItemShared",
        "TicketEscalated",
        "BackstageOpened",
        "TicketEditUndone",
    }
)
"""What may give many items other tickets: everything of the customers concerned is compared again."""


class Touched(msgspec.Struct, frozen=True, kw_only=True):
    items: set[UUID] = msgspec.field(default_factory=set)
    tickets: set[UUID] = msgspec.field(default_factory=set)
    contacts: set[UUID] = msgspec.field(default_factory=set)
    customers: set[UUID] = msgspec.field(default_factory=set)
    people: set[UUID] = msgspec.field(default_factory=set)
    """Contacts of whom all is to be looked at, whosever they are."""


class _Says(msgspec.Struct, frozen=True, kw_only=True):
    """The ids that a change names."""

    ticket: UUID | None = None
    event: UUID | None = None
    undoes: UUID | None = None
    contacts: tuple[UUID, ...] = ()
    items: tuple[UUID, ...] = ()


_says = msgspec.json.Decoder(_Says)


def touched(batch: Iterable[tuple[CustomerId, RecordedEvent]], *, joins: bool) -> Touched:
    """Of events, each with the customer of today. `joins`: whether a policy joins the tickets of those who are found to
    be one; else a merge touches nothing."""
    found = Touched()
    for customer, event in batch:
        if event.type in KIND_OF:
            found.items.add(event.id)
            found.contacts.add(event.contact_id)
            continue
        if event.type in STRUCTURAL or (joins and event.type == MERGE):
            found.customers.add(customer)
        if event.type != MERGE:
            _name(found, _says.decode(event.data), event.id)
    return found


def _name(found: Touched, says: _Says, event: UUID) -> None:
    found.tickets.update(one for one in (says.ticket, says.undoes, event) if one is not None)
    found.items.update(one for one in (says.event, *says.items) if one is not None)
    found.people.update(says.contacts)
