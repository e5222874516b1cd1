"""What does somebody have to know of a customer, or of a ticket, before saying hello? Dated lines, each taken from what
was said and naming the item it was taken from. It only reads: nothing here can act.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from identity.customers import CustomerId, WorkspaceId
from search import sources
from search.building import ItemRow, Told, read_told, said
from timeline.events import KIND_OF, Status
from timeline.items import Item
from timeline.threads import ThreadQuery, read_page, read_page_of
from timeline.tickets.listing import Listing
from timeline.tickets.projection import TicketRef
from timeline.tickets.reading import TicketView, list_tickets
from timeline.tickets.ticket import OPEN

Db = Any
Speaker = Literal["customer", "desk", "note", "record"]

MOST_TICKETS: Final = 20
MOST_LINES: Final = 12
MOST_ITEMS: Final = 200
MOST_OBJECTS: Final = 5
LONGEST: Final = 200
FEWEST_WORDS: Final = 3
STATUSES: Final[frozenset[Status]] = frozenset({*OPEN, "resolved", "closed"})
SPOKEN: Final = frozenset({"message", "call"})
RECORDS: Final = frozenset({"order", "payment", "shipment"})

_SENTENCE: Final = re.compile(r"(?<=[.!?…])\s+|\n+")
_GREETING: Final = re.compile(
    r"\s*(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|hallo|guten (?:tag|morgen|abend)|liebe[rs]?|"
    r"sehr geehrte[rs]?|bonjour|hola|ciao|thank you for|thanks for|danke für)\b"
    r"(?:[ \t]+[^\s,.!?]+){0,3}[ \t]*(?:[,.!\n]|$)",
    re.IGNORECASE,
)
_PARTING: Final = re.compile(
    r"\s*(?:best|kind|warm|many)?\s*(?:regards|wishes|thanks|thank you|cheers|sincerely|viele grüße|"
    r"mit freundlichen)\b",
    re.IGNORECASE,
)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was said, at `at`, in the words of the item `event_id`; `ticket` is the one that it belongs to."""

    at: datetime
    event_id: UUID
    who: Speaker
    words: str
    ticket: TicketRef | None = None


class CatchUp(msgspec.Struct, frozen=True, kw_only=True):
    """The earliest line first. `version` names what they were taken from: with another one, something was added, moved
    or taken away since, and `stale` says so of the version that was asked with."""

    customer_id: CustomerId
    lines: list[Line]
    version: str
    stale: bool = False


# -- reading ---------------------------------------------------------------------------------------------------------


async def catch_up_customer(db: Db, workspace: WorkspaceId, customer: CustomerId, seen: str | None = None) -> CatchUp:
    """What each of a customer's latest matters was about and how it was answered, and what was ordered last. Raises
    `NotFound` and `Absorbed`."""
    records = await read_page(db, workspace, customer, ThreadQuery(limit=50, kinds=RECORDS))
    listing = Listing(customer=customer, statuses=STATUSES, limit=MOST_TICKETS)
    tickets = await list_tickets(db, workspace, listing)
    lines = await _matters(db, workspace, tickets)
    lines += [_line_of(item) for item in _newest_of_each(records.items)]
    return _dated(customer, lines, tickets, [*records.items], seen)


async def catch_up_ticket(
    db: Db, workspace: WorkspaceId, ticket: TicketView, *, notes: bool, seen: str | None = None
) -> CatchUp:
    """Who said what in a ticket, turn by turn: how it began, and its last turns. With `notes` those of the desk too."""
    kinds = SPOKEN | {"note"} if notes else SPOKEN
    page = await read_page_of(db, workspace, ticket, ThreadQuery(limit=MOST_ITEMS, kinds=kinds))
    items = [item for item in reversed(page.items) if not item.erased and (notes or item.direction != "internal")]
    ref = TicketRef(id=ticket.id, number=ticket.number, status=ticket.status)
    lines = turns([_line_of(item, ref) for item in items])
    if page.next is not None:
        lines = [*await _beginning(db, workspace, ticket, ref), *lines]
    if len(lines) > MOST_LINES:
        lines = [lines[0], *lines[1 - MOST_LINES :]]
    return _dated(ticket.customer_id, lines, [ticket], page.items, seen)


async def _matters(db: Db, workspace: WorkspaceId, tickets: Sequence[TicketView]) -> list[Line]:
    """How each ticket began, and the last that was answered."""
    parts = [(ticket, part) for ticket in tickets for part in (ticket.id, *ticket.parts)]
    answered = await sources.answers(
        db,
        workspace,
        [ticket.id for ticket, _ in parts],
        [part for _, part in parts],
        [max(ticket.last_at, ticket.opened_at) for ticket, _ in parts],
    )
    began = await sources.beginnings(db, workspace, [ticket.id for ticket in tickets])
    wanted = [event for event, _ in (*began.values(), *answered.values())]
    rows = {row.id: row for row in await sources.items(db, workspace, wanted)}
    found: list[Line] = []
    for ticket in tickets:
        ref = TicketRef(id=ticket.id, number=ticket.number, status=ticket.status)
        ends = (found_at[ticket.id] for found_at in (began, answered) if ticket.id in found_at)
        events = dict.fromkeys(event for event, _ in ends)
        found += [line for event in events if event in rows and (line := _line_of_row(rows[event], ref))]
    return found


async def _beginning(db: Db, workspace: WorkspaceId, ticket: TicketView, ref: TicketRef) -> list[Line]:
    """How a ticket began that is longer than what was read of it."""
    began = await sources.beginnings(db, workspace, [ticket.id])
    rows = await sources.items(db, workspace, [event for event, _ in began.values()])
    return [line for row in rows if (line := _line_of_row(row, ref))]


def _dated(
    customer: CustomerId,
    lines: Iterable[Line | None],
    tickets: Sequence[TicketView],
    items: Sequence[Item],
    seen: str | None,
) -> CatchUp:
    told = sorted((line for line in lines if line is not None), key=lambda line: (line.at, line.event_id))
    version = _version(customer, told, tickets, items)
    return CatchUp(customer_id=customer, lines=told, version=version, stale=seen is not None and seen != version)


def _version(customer: CustomerId, lines: Sequence[Line], tickets: Sequence[TicketView], items: Sequence[Item]) -> str:
    """A digest of what the lines were taken from: the items with what they say, the tickets with their versions."""
    parts = [str(customer)]
    parts += sorted(f"{ticket.id} {ticket.version} {ticket.status} {ticket.items}" for ticket in tickets)
    parts += sorted(f"{item.event_id} {item.contact_id} {item.erased}" for item in items)
    parts += [f"{line.event_id} {line.words}" for line in lines]
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=12).hexdigest()


# -- lines -----------------------------------------------------------------------------------------------------------


def gist(text: str) -> str:
    """The first sentence that says something: no greeting, no parting, and not two words alone."""
    parts = [" ".join(part.split()) for part in _SENTENCE.split(_GREETING.sub("", text, count=1)[: 20 * LONGEST])]
    parts = [part for part in parts if part and not _PARTING.match(part)]
    long = [part for part in parts if len(part.split()) >= FEWEST_WORDS]
    words = next(iter(long), "") or next(iter(parts), "") or " ".join(text.split())
    return words if len(words) <= LONGEST else words[: LONGEST - 1].rstrip() + "…"


def turns(lines: Iterable[Line | None]) -> list[Line]:
    """Of several in a row by the same side the first alone, but the last of all; those that say nothing are left
    out."""
    told = [line for line in lines if line is not None]
    first = [
        line for before, line in zip([None, *told], told, strict=False) if before is None or before.who != line.who
    ]
    return first if not told or first[-1] is told[-1] else [*first, told[-1]]


def _line_of(item: Item, ref: TicketRef | None = None) -> Line | None:
    if item.erased:
        return None
    told = Told(subject=item.subject, body=item.body, data=msgspec.json.decode(item.data))
    ticket = ref or next(iter(item.tickets), None)
    return _line(item.shown_at, item.event_id, _speaker(item.kind, item.direction), told, ticket)


def _line_of_row(row: ItemRow, ref: TicketRef) -> Line | None:
    told = read_told(row.data)
    who = _speaker(KIND_OF.get(row.type, ""), row.direction)
    return None if told.erased else _line(row.shown_at, row.id, who, told, ref)


def _line(at: datetime, event: UUID, who: Speaker, told: Told, ticket: TicketRef | None) -> Line | None:
    words = gist(said(told)) or " ".join((told.subject or "").split())[:LONGEST]
    if who == "record" and told.subject:
        words = " ".join(told.subject.split())[:LONGEST]
    return Line(at=at, event_id=event, who=who, words=words, ticket=ticket) if words else None


def _speaker(kind: str, direction: str | None) -> Speaker:
    if kind in RECORDS:
        return "record"
    if kind == "note" or direction == "internal":
        return "note"
    if kind not in SPOKEN:
        return "record"
    return "desk" if direction == "outbound" else "customer"


def _newest_of_each(items: Iterable[Item]) -> list[Item]:
    """Of records, which come newest first, the newest of each object."""
    found: dict[str, Item] = {}
    for item in items:
        thing = msgspec.json.decode(item.object) if item.object else None
        name = f"{thing['type']} {thing['id']}" if isinstance(thing, dict) else str(item.event_id)
        found.setdefault(name, item)
    return list(found.values())[:MOST_OBJECTS]
