"""One thread per customer, paged by keyset, now or as of any moment, and why each item is on it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from identity import views
from identity.customers import ContactId, CustomerId, WorkspaceId
from identity.errors import Impossible, NotFound
from identity.explaining import IdentifierView, identifier_views
from identity.policy import STANDARD, IdentityPolicy
from identity.views import People
from timeline import store
from timeline import views as thread_views
from timeline.events import CHANGE, RECORDED, EventId
from timeline.followers import Checkpoint
from timeline.interactions import CHANNELS
from timeline.items import Explainer, Item
from timeline.object_types import Types
from timeline.objects import TYPES, ObjectView
from timeline.objects import read as read_objects
from timeline.objects import read_as_of as read_objects_as_of
from timeline.pseudonyms import Pseudonyms
from timeline.tickets.naming import find_tickets, refs_of
from timeline.tickets.projection import POLICIES, TicketRef
from timeline.tickets.reading import TicketView, find_standing, read_kept
from timeline.tickets.then import Then, read_then
from timeline.tickets.ticket import TicketId

RECORDED_TYPES: Final = [event_type.__name__ for event_type in RECORDED.values()]


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """One desk, as far as reading and writing its threads depends on it."""

    id: WorkspaceId
    slug: str
    region: str | None = None
    channels: frozenset[str] = frozenset(CHANNELS)
    identity: IdentityPolicy = STANDARD
    """What is linked by itself."""
    pseudonyms: Pseudonyms | None = None
    """What erased items are recognised by; without, a redelivery of one is taken for new."""

    @property
    def salt(self) -> bytes:
        """What the values by which people are found are hashed with: without the installation's secret nobody can try
        values against the database."""
        return self.id.bytes if self.pseudonyms is None else self.pseudonyms.of_workspace(self.id)

    def erased_names(self, names: Sequence[tuple[str, str]]) -> list[str]:
        """What items of these names would bear instead of their source id, had they been erased."""
        if self.pseudonyms is None:
            return [source_id for _, source_id in names]
        return [self.pseudonyms.of_item(self.id, source, source_id) for source, source_id in names]


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A place on a thread: just before or after this item."""

    shown_at: datetime
    event_id: UUID


class ThreadQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What to show of a thread. Empty sets filter nothing; `start` is inclusive, `end` exclusive; `tickets` are ids or
    numbers."""

    limit: int = 50
    before: Mark | None = None
    after: Mark | None = None
    kinds: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    tickets: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    as_of: datetime | None = None

    @property
    def is_plain(self) -> bool:
        """Whether everything of today is asked for, from some place on."""
        return not (self.kinds or self.channels or self.tickets or self.start or self.end or self.as_of)

    @property
    def newer(self) -> bool:
        return self.before is None and self.after is not None

    @property
    def edge(self) -> tuple[datetime, UUID | None]:
        """Where the page begins: a shown time and the item there."""
        mark = self.after if self.newer else self.before
        if mark is not None:
            return mark.shown_at, mark.event_id
        return thread_views.BEFORE_ALL if self.newer else thread_views.AFTER_ALL, None


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Items, the newest first. `next` goes on towards older items, `previous` towards newer ones."""

    items: list[Item]
    next: Mark | None
    previous: Mark | None


TicketsState = Literal["current", "deriving", "too_many"]
"""Deriving: a job folds them again. Too many: the thread is longer than what is folded for a moment of the past."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    events: int
    messages: int
    orders: int
    tickets: int = 0
    tickets_open: int = 0


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that an agent wants to know before saying hello."""

    people: People
    name: str | None
    tickets: list[TicketView]
    tickets_state: TicketsState
    objects: list[ObjectView]
    counts: Counts
    timeline: Page
    head: Checkpoint


class CustomerSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A customer in a list."""

    id: CustomerId
    name: str | None
    identifiers: list[IdentifierView]


async def read_page(db: store.Db, workspace: WorkspaceId, customer: CustomerId, query: ThreadQuery) -> Page:
    """One page of a customer's thread. Raises `NotFound` and `Absorbed`."""
    if not query.is_plain:
        people = await views.read_people(db, workspace, customer, query.as_of, whole=False)
        then = await _then(db, workspace, people, query)
        return await _read_page(db, workspace, people, query, await TYPES.read(db, workspace), then)
    people, row = await views.read_people_with(db, workspace, customer, _rider(query), whole=False)
    return await _page_with(db, workspace, people, row, query, await TYPES.as_at(db, workspace, row["types"]))


async def read_page_of(db: store.Db, workspace: WorkspaceId, ticket: TicketView, query: ThreadQuery) -> Page:
    """One page of what belongs to a ticket that was just read."""
    plain, query = query.is_plain, msgspec.structs.replace(query, tickets=(str(ticket.id),))
    if not plain:
        return await read_page(db, workspace, ticket.customer_id, query)
    rider = _rider(query, tickets=(ticket.id, *ticket.parts))
    people, row = await views.read_people_with(db, workspace, ticket.customer_id, rider, whole=False)
    return await _page_with(db, workspace, people, row, query, await TYPES.as_at(db, workspace, row["types"]))


async def read_profile(db: store.Db, workspace: WorkspaceId, customer: CustomerId, query: ThreadQuery) -> Profile:
    """The profile in the snapshot of the transaction: one statement, of today and unfiltered; else some more.

    Raises `NotFound` and `Absorbed`."""
    if query.is_plain:
        rider = _rider(query, summarised=True)
        people, row = await views.read_people_with(db, workspace, customer, rider, whole=True)
        types = await TYPES.as_at(db, workspace, row["types"])
        page = await _page_with(db, workspace, people, row, query, types)
        return await _profile(db, workspace, people, row, page, query, types)
    people = await views.read_people(db, workspace, customer, query.as_of)
    summary = await thread_views.summary(db, workspace, [contact.id for contact in people.contacts])
    types = await TYPES.as_at(db, workspace, summary["types"])
    then = await _then(db, workspace, people, query)
    page = await _read_page(db, workspace, people, query, types, then)
    return await _profile(db, workspace, people, summary, page, query, types, then)


async def _then(db: store.Db, workspace: WorkspaceId, people: People, query: ThreadQuery) -> Then | None:
    return None if query.as_of is None else await read_then(db, workspace, people, query.as_of)


async def _profile(
    db: store.Db,
    workspace: WorkspaceId,
    people: People,
    summary: store.Row,
    page: Page,
    query: ThreadQuery,
    types: Types,
    then: Then | None = None,
) -> Profile:
    contacts = [contact.id for contact in people.contacts]
    if query.as_of is None:
        events, messages, orders, _ = summary["counts"]
        counts = Counts(events=events, messages=messages, orders=orders)
        objects = read_objects(summary, types)
    else:
        counts = await _counts_then(db, workspace, contacts, query.as_of)
        objects = await read_objects_as_of(db, workspace, people, query.as_of, types)
    counts = await _placed_counts(db, workspace, people, counts, query.as_of)
    tickets = await _open_tickets(db, workspace, people, summary, query, then)
    return Profile(
        people=people,
        name=views.best_name(people),
        tickets=tickets.open,
        tickets_state=tickets.state,
        objects=objects.items,
        counts=msgspec.structs.replace(
            counts, orders=counts.orders + objects.orders, tickets=tickets.all, tickets_open=tickets.all_open
        ),
        timeline=page,
        head=Checkpoint(epoch=summary["epoch"], xid=summary["xid"], position=0),
    )


class _OpenTickets(msgspec.Struct, frozen=True, kw_only=True):
    """The first of a customer's open tickets, and how many there are, of the open ones and of all."""

    open: list[TicketView] = []
    all: int = 0
    all_open: int = 0
    state: TicketsState = "current"


async def _open_tickets(
    db: store.Db,
    workspace: WorkspaceId,
    people: People,
    summary: store.Row,
    query: ThreadQuery,
    then: Then | None,
) -> _OpenTickets:
    if then is not None:
        standing = then.standing
        return _OpenTickets(
            open=then.open(people.customer_id, thread_views.MOST_OPEN),
            all=len(standing),
            all_open=sum(ticket.is_open for ticket in standing),
        )
    if query.as_of is not None:
        return _OpenTickets(state="too_many")
    every, every_open = summary["counts"][3], summary["open_tickets"]
    rules = (await POLICIES.at_least(db, workspace, summary["policy"])).latest
    kept = read_kept(summary["tickets"], people.customer_id, rules, summary["now"])
    state: TicketsState = "deriving" if summary["deriving"] else "current"
    return _OpenTickets(open=kept, all=every, all_open=every_open, state=state)


def _rider(query: ThreadQuery, *, summarised: bool = False, tickets: Sequence[TicketId] | None = None) -> views.Rider:
    return thread_views.page_rider(
        newer=query.newer, edge=query.edge, limit=query.limit + 1, summarised=summarised, tickets=tickets
    )


async def _page_with(
    db: store.Db, workspace: WorkspaceId, people: People, row: store.Row, query: ThreadQuery, types: Types
) -> Page:
    """The page that came along, unless items were placed by hand: it knows streams alone."""
    if people.placements:
        return await _read_page(db, workspace, people, query, types, None)
    return await _page(db, workspace, people, thread_views.page_in(row), query, types)


async def _read_page(
    db: store.Db, workspace: WorkspaceId, people: People, query: ThreadQuery, types: Types, then: Then | None
) -> Page:
    contacts = [contact.id for contact in people.contacts]
    out, here = _placed(people)
    recorded_types = [event_type.__name__ for kind, event_type in RECORDED.items() if kind in query.kinds]
    only = thread_views.PageFilter(
        types=recorded_types if query.kinds else None,
        changes=CHANGE in query.kinds,
        recorded=RECORDED_TYPES if query.kinds else [],
        channels=list(query.channels) if query.channels else None,
        as_of=query.as_of,
        start=query.start or thread_views.BEFORE_ALL,
        end=query.end or thread_views.AFTER_ALL,
        placed_out=out,
        placed_in=here,
    )
    if query.tickets:
        only = await _of_tickets(db, workspace, people, query, only, then)
    rows = await thread_views.page(
        db, workspace, contacts, newer=query.newer, edge=query.edge, limit=query.limit + 1, only=only
    )
    return await _page(db, workspace, people, rows, query, types, then)


async def _of_tickets(
    db: store.Db,
    workspace: WorkspaceId,
    people: People,
    query: ThreadQuery,
    only: thread_views.PageFilter,
    then: Then | None,
) -> thread_views.PageFilter:
    """The filter with the tickets that the query names. Raises `NotFound` for one that is not of these people."""
    if query.as_of is not None and then is None:
        raise Impossible("ticket", "this thread is too long to tell what its tickets held at a moment of the past")
    if then is not None:
        found = await find_tickets(db, workspace, query.tickets)
        if any(name not in found or found[name].id not in then.folds for name in query.tickets):
            raise NotFound
        return msgspec.structs.replace(only, only=then.items_of(one.id for one in found.values()))
    meant: list[TicketId] = []
    for name in query.tickets:
        ticket, customer = await find_standing(db, workspace, name)
        if customer != people.customer_id:
            raise NotFound
        meant += [ticket.id, *ticket.parts]
    return msgspec.structs.replace(only, tickets=meant)


async def _page(
    db: store.Db,
    workspace: WorkspaceId,
    people: People,
    rows: thread_views.PageRows,
    query: ThreadQuery,
    types: Types,
    then: Then | None = None,
) -> Page:
    events = rows.events or []
    more = len(events) > query.limit
    events = events[: query.limit]
    if query.newer:
        events.reverse()
    tickets = then.refs if then else {} if query.as_of else await _tickets_on(db, workspace, rows)
    items = Explainer(people, types).items(events, tickets, dict(rows.fates or ()))
    older = bool(items) and (more or query.newer)
    return Page(
        items=items,
        next=_mark(items[-1]) if older else None,
        previous=_mark(items[0]) if items else query.after if query.newer else None,
    )


async def _tickets_on(
    db: store.Db, workspace: WorkspaceId, rows: thread_views.PageRows
) -> dict[EventId, list[TicketRef]]:
    """The tickets that the events of a page belong to; one that was joined into another stands for that."""
    found = rows.tickets or []
    joined = [TicketId(one.id) for one in found if one.joined_into is not None]
    stand = await refs_of(db, workspace, joined, rows.now) if joined else {}
    tickets: dict[EventId, list[TicketRef]] = {}
    for one in found:
        told = stand.get(TicketId(one.id)) or TicketRef(id=TicketId(one.id), number=one.number, status=one.status)
        for event in one.events:
            tickets.setdefault(EventId(event), []).append(told)
    return tickets


def _placed(people: People) -> tuple[list[UUID], list[UUID]]:
    """The items that were placed off the streams of these contacts, and those that were placed on them."""
    mine = {contact.id for contact in people.contacts}
    moved = [placed for placed in people.placements if placed.contact_id != placed.origin_id]
    return [p.event_id for p in moved if p.origin_id in mine], [p.event_id for p in moved if p.contact_id in mine]


async def _placed_counts(
    db: store.Db, workspace: WorkspaceId, people: People, streams: Counts, as_of: datetime | None
) -> Counts:
    """Counts belong to streams: an item placed by hand counts where it stands."""
    out, here = _placed(people)
    if not (out or here):
        return streams
    placed = await thread_views.count_placed(db, workspace, out, here, as_of)
    return Counts(
        events=streams.events + placed["events"],
        messages=streams.messages + placed["messages"],
        orders=streams.orders + placed["orders"],
    )


def _mark(item: Item) -> Mark:
    return Mark(shown_at=item.shown_at, event_id=item.event_id)


async def _counts_then(db: store.Db, workspace: WorkspaceId, contacts: list[ContactId], as_of: datetime) -> Counts:
    rows = {row["type"]: row for row in await thread_views.count_as_of(db, workspace, contacts, as_of)}
    return Counts(
        events=sum(row["n"] for row in rows.values()),
        messages=rows["MessageRecorded"]["n"] if "MessageRecorded" in rows else 0,
        orders=rows["OrderRecorded"]["alone"] if "OrderRecorded" in rows else 0,
    )


async def summaries(db: store.Db, workspace: WorkspaceId, customers: list[CustomerId]) -> list[CustomerSummary]:
    """Customers as a list shows them, in the order given."""
    return [
        CustomerSummary(
            id=people.customer_id, name=views.best_name(people), identifiers=identifier_views(people.identifiers)
        )
        for people in await views.people_of(db, workspace, customers)
    ]
