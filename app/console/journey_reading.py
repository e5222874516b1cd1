"""What a journey is drawn from: items of a ticket or a customer, their tickets, with turns and promises."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from app.console.journeys import Happened, Side, Turn
from app.console.language import _
from app.console.pages import Visit
from app.console.sayings import Speaker, agents_in
from app.db import Db
from identity.customers import CustomerId
from identity.views import best_name, read_people
from timeline.events import Status
from timeline.items import Item
from timeline.threads import ThreadQuery, read_page, read_page_of
from timeline.tickets import moment_store, views
from timeline.tickets.listing import Listing
from timeline.tickets.moments import Moment
from timeline.tickets.reading import TicketView, list_tickets, read_ticket
from timeline.tickets.ticket import ENDED, OPEN

MOST_ITEMS: Final = 2_000
MOST_TICKETS: Final = 12
MOST_WORDS: Final = 80
EVERY: Final[frozenset[Status]] = frozenset((*OPEN, *ENDED))
DESK: Final = "desk"
"""The lane of what the desk did within."""
_UNSEEN: Final = frozenset({"SlaBreached", "SlaWarned", "MailSettled"})
"""Drawn as a promise, or told at the item itself."""


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket on its journey, with the turns that reports count."""

    ticket: TicketView
    moments: Sequence[Moment]
    turns: Sequence[tuple[datetime, Turn]]
    """When the customer asked and we answered, as the thread shows it."""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """`more`: there is more before; the oldest item shown is where it goes on."""

    customer: CustomerId
    name: str | None
    matters: Sequence[Matter]
    left: bool
    """Whether there are more tickets than are drawn."""
    items: Sequence[Happened]
    more: bool
    now: datetime


async def of_ticket(db: Db, visit: Visit, name: str, until: datetime | None) -> Read:
    """Raises `NotFound` and `TicketElsewhere`."""
    ticket = await read_ticket(db, visit.workspace, name)
    page = await read_page_of(db, visit.workspace, ticket, ThreadQuery(limit=MOST_ITEMS, end=until))
    people = await read_people(db, visit.workspace, ticket.customer_id, None, whole=False)
    called = best_name(people)
    return await _read(db, visit, ticket.customer_id, called, [ticket], page.items, more=page.next is not None)


async def of_customer(db: Db, visit: Visit, customer: CustomerId, until: datetime | None) -> Read:
    """Raises `NotFound` and `Absorbed`."""
    page = await read_page(db, visit.workspace, customer, ThreadQuery(limit=MOST_ITEMS, end=until))
    people = await read_people(db, visit.workspace, customer, None, whole=False)
    listing = Listing(statuses=EVERY, customer=customer, sort="opened_at", limit=MOST_TICKETS + 1)
    tickets = await list_tickets(db, visit.workspace, listing)
    return await _read(db, visit, customer, best_name(people), tickets, page.items, more=page.next is not None)


async def _read(
    db: Db,
    visit: Visit,
    customer: CustomerId,
    called: str | None,
    tickets: Sequence[TicketView],
    items: Sequence[Item],
    *,
    more: bool,
) -> Read:
    shown = tickets[:MOST_TICKETS]
    owners = {part: ticket.id for ticket in shown for part in (ticket.id, *ticket.parts)}
    turns = await moment_store.moments(db, visit.workspace, list(owners), -1)
    agents = await views.agent_names(db, visit.workspace, agents_in(items))
    speaker = Speaker(agents, called)
    return Read(
        customer=customer,
        name=called,
        matters=[
            _matter(ticket, [one for one in turns if owners[one.ticket_id] == ticket.id], items) for ticket in shown
        ],
        left=len(tickets) > MOST_TICKETS,
        items=[_happened(one, speaker) for one in reversed(items) if one.type not in _UNSEEN],
        more=more,
        now=datetime.now(UTC),
    )


def _matter(ticket: TicketView, moments: Sequence[Moment], items: Sequence[Item]) -> Matter:
    """A call that was taken as it came in was answered at once; one that was not is what a later answer answers."""
    waited = {one.since for one in moments} | {ticket.waiting_since}
    turns: list[tuple[datetime, Turn]] = []
    for item in items:
        if item.kind not in ("message", "call") or not any(ref.id == ticket.id for ref in item.tickets):
            continue
        known = item.shown_at if item.history else item.recorded_at
        if item.direction == "inbound":
            turns.append((item.shown_at, "asks" if item.kind == "message" or known in waited else "answers"))
        elif item.direction == "outbound":
            turns.append((item.shown_at, "answers"))
    return Matter(ticket=ticket, moments=sorted(moments, key=lambda one: one.at), turns=turns)


def _happened(item: Item, speaker: Speaker) -> Happened:
    within = item.kind in ("change", "note")
    said = speaker.what(item) if item.kind == "change" else item.subject or _begun(item.body or "") or _kind(item)
    return Happened(
        id=str(item.event_id),
        at=item.shown_at,
        lane=DESK if within else item.channel or "api",
        side=_side(item),
        kind=item.type if item.kind == "change" else item.kind,
        words=said,
        who=speaker.who(item),
    )


def _begun(body: str) -> str:
    """How a text begins, cut behind a word, with a mark where something is left out."""
    text = " ".join(body[: 4 * MOST_WORDS].split())
    if len(text) <= MOST_WORDS:
        return text
    cut = text[: MOST_WORDS - 2]
    return f"{cut.rpartition(' ')[0] or cut} …"


def _kind(item: Item) -> str:
    return {
        "message": _("a message"), "call": _("a call"), "order": _("an order"), "payment": _("a payment"),
        "shipment": _("a shipment"), "visit": _("a visit"), "fact": _("a fact"),
    }.get(item.kind, item.kind)  # fmt: skip


def _side(item: Item) -> Side:
    if item.kind == "change":
        return "change"
    if item.kind == "note":
        return "note"
    if item.kind in ("message", "call"):
        return "customer" if item.direction == "inbound" else "desk"
    return "fact"
