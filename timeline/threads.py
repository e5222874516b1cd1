"""One thread per customer, paged by keyset, now or as of any moment, and why each item is on it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from identity import views
from identity.customers import ContactId, CustomerId, DecisionId, Grade, WorkspaceId
from identity.explaining import IdentifierView, identifier_views
from identity.views import Decided, People, SeenContact
from timeline import store
from timeline.events import CHANGE, KIND_OF, RECORDED, EventId
from timeline.followers import Checkpoint
from timeline.interactions import CHANNELS

RECORDED_TYPES: Final = [event_type.__name__ for event_type in RECORDED.values()]
NOTHING: Final = msgspec.Raw(b"null")


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """One desk, as far as reading and writing its threads depends on it."""

    id: WorkspaceId
    slug: str
    region: str | None = None
    channels: frozenset[str] = frozenset(CHANNELS)


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A place on a thread: just before or after this item."""

    shown_at: datetime
    event_id: UUID


class ThreadQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What to show of a thread. Empty sets filter nothing; `start` is inclusive, `end` exclusive."""

    limit: int = 50
    before: Mark | None = None
    after: Mark | None = None
    kinds: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    start: datetime | None = None
    end: datetime | None = None
    as_of: datetime | None = None


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Why an item is on this thread: the identifier, the grade and the decision that put it here, and in words."""

    identifier: str | None
    grade: Grade
    decision: DecisionId | None
    words: str


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a thread. `late` marks a clock that was ahead, `history` what was imported."""

    event_id: EventId
    kind: str
    type: str
    channel: str | None
    direction: str | None
    conversation: str | None
    source: str | None
    source_id: str | None
    occurred_at: datetime
    shown_at: datetime
    recorded_at: datetime
    contact_id: ContactId
    actor: str
    about: EventId | None
    subject: str | None
    body: str | None
    data: msgspec.Raw
    object: msgspec.Raw
    ahead: bool
    history: bool
    tickets: tuple[Any, ...]
    why: Why


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Items, the newest first. `next` goes on towards older items, `previous` towards newer ones."""

    items: list[Item]
    next: Mark | None
    previous: Mark | None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    events: int
    messages: int
    orders: int
    tickets: int = 0
    tickets_open: int = 0


class ObjectView(msgspec.Struct, frozen=True, kw_only=True):
    """The newest state of one object by version."""

    type: str
    id: str
    version: int | str
    state: msgspec.Raw
    kind: str
    contact_id: ContactId
    event_id: EventId
    shown_at: datetime


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that an agent wants to know before saying hello."""

    people: People
    name: str | None
    objects: list[ObjectView]
    counts: Counts
    timeline: Page
    head: Checkpoint


class CustomerSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A customer in a list."""

    id: CustomerId
    name: str | None
    identifiers: list[IdentifierView]


class _Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a thread shows of a recorded interaction's bytes."""

    subject: str | None = None
    body: str | None = None
    data: msgspec.Raw = NOTHING
    object: msgspec.Raw = NOTHING
    ahead: bool = False
    history: bool = False


_shown = msgspec.json.Decoder(_Shown)
_objects = msgspec.json.Decoder(list[ObjectView])


async def read_page(db: store.Db, workspace: WorkspaceId, customer: CustomerId, query: ThreadQuery) -> Page:
    """One page of a customer's thread. Raises `NotFound` and `Absorbed`."""
    people = await views.read_people(db, workspace, customer, query.as_of, whole=False)
    return await _read_page(db, workspace, people, query)


async def read_profile(db: store.Db, workspace: WorkspaceId, customer: CustomerId, query: ThreadQuery) -> Profile:
    """The profile in three statements, in the snapshot of the transaction. Raises `NotFound` and `Absorbed`."""
    people = await views.read_people(db, workspace, customer, query.as_of)
    contacts = [contact.id for contact in people.contacts]
    summary = await store.summary(db, workspace, contacts)
    if query.as_of is None:
        events, messages, orders = summary["counts"]
        counts = Counts(events=events, messages=messages, orders=orders)
        objects = _objects.decode(summary["objects"] or "[]")
    else:
        counts = await _counts_then(db, workspace, contacts, query.as_of)
        objects = await _objects_then(db, workspace, contacts, query.as_of)
    counts = await _placed_counts(db, workspace, people, counts, query.as_of)
    return Profile(
        people=people,
        name=views.best_name(people),
        objects=objects,
        counts=counts,
        timeline=await _read_page(db, workspace, people, query),
        head=Checkpoint(epoch=summary["epoch"], xid=summary["xid"], position=0),
    )


async def _read_page(db: store.Db, workspace: WorkspaceId, people: People, query: ThreadQuery) -> Page:
    newer = query.before is None and query.after is not None
    edge = query.after if newer else query.before
    contacts = [contact.id for contact in people.contacts]
    out, here = _placed(people)
    types = [event_type.__name__ for kind, event_type in RECORDED.items() if kind in query.kinds]
    only = store.PageFilter(
        types=types if query.kinds else None,
        changes=CHANGE in query.kinds,
        recorded=RECORDED_TYPES if query.kinds else [],
        channels=list(query.channels) if query.channels else None,
        as_of=query.as_of,
        start=query.start,
        end=query.end,
        placed_out=out,
        placed_in=here,
    )
    bounds = (edge.shown_at, edge.event_id) if edge else (None, None)
    rows = await store.page(db, workspace, contacts, newer=newer, edge=bounds, limit=query.limit + 1, only=only)
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    if newer:
        rows.reverse()
    items = Explainer(people).items(rows)
    older = bool(items) and (more or newer)
    return Page(
        items=items,
        next=_mark(items[-1]) if older else None,
        previous=_mark(items[0]) if items else query.after if newer else None,
    )


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
    contacts = [contact.id for contact in people.contacts]
    placed = await store.count_placed(db, workspace, contacts, out, here, as_of)
    return Counts(
        events=streams.events + placed["events"],
        messages=streams.messages + placed["messages"],
        orders=streams.orders + placed["orders"],
    )


def _mark(item: Item) -> Mark:
    return Mark(shown_at=item.shown_at, event_id=item.event_id)


class Explainer:
    """Turns rows of a customer's thread into items that say why they are on it."""

    def __init__(self, people: People) -> None:
        self._contacts = {contact.id: contact for contact in people.contacts}
        self._decisions = {decided.id: decided for decided in people.decisions}
        self._placed = {placed.event_id: placed for placed in people.placements}
        self._why = {contact.id: self._because(contact) for contact in people.contacts}

    def items(self, rows: Sequence[store.Row]) -> list[Item]:
        return [self._item(row) for row in rows]

    def _item(self, row: store.Row) -> Item:
        event_type, data = row["type"], row["data"]
        kind = KIND_OF.get(event_type)
        shown = _shown.decode(data) if kind else _Shown(data=msgspec.Raw(data))
        return Item(
            event_id=row["id"],
            kind=kind or CHANGE,
            type=event_type,
            channel=row["channel"],
            direction=row["direction"],
            conversation=row["conversation"],
            source=row["source"],
            source_id=row["source_id"],
            occurred_at=row["occurred_at"],
            shown_at=row["shown_at"],
            recorded_at=row["recorded_at"],
            contact_id=row["contact_id"],
            actor=row["actor"],
            about=row["about"],
            subject=shown.subject,
            body=shown.body,
            data=shown.data,
            object=shown.object,
            ahead=shown.ahead,
            history=shown.history,
            tickets=(),
            why=self._reason(row),
        )

    def _reason(self, row: store.Row) -> Why:
        placed = self._placed.get(row["id"]) or self._placed.get(row["about"])
        if placed is not None and placed.contact_id in self._contacts:
            return Why(identifier=None, grade="verified", decision=placed.decision_id, words="placed here by hand")
        return self._why[row["contact_id"]]

    def _because(self, contact: SeenContact) -> Why:
        decision = contact.customer_decision or contact.home_decision
        decided = self._decisions.get(decision) if decision else None
        identifier = contact.via
        if contact.customer_decision and decided:
            identifier = _identifier_in(decided)
        return Why(
            identifier=identifier,
            grade=contact.grade,
            decision=decision,
            words=_words(contact, identifier, decided),
        )


def _identifier_in(decided: Decided) -> str | None:
    for piece in decided.evidence:
        if "identifier" in piece:
            return msgspec.json.decode(piece["identifier"], type=str)
    return None


def _words(contact: SeenContact, identifier: str | None, decided: Decided | None) -> str:
    if decided is None:
        return f"came in as {identifier}" if identifier else f"the {contact.source} contact {contact.key}"
    day = decided.decided_at.date().isoformat()
    if decided.kind == "link":
        return f"linked on {day}: same verified {identifier}" if identifier else f"linked on {day}"
    if decided.kind == "split":
        return f"given a home of its own on {day} by {decided.actor}"
    because = f"same verified {identifier}" if identifier else decided.reason or "no reason given"
    return f"merged on {day} by {decided.actor}: {because}"


async def _counts_then(db: store.Db, workspace: WorkspaceId, contacts: list[ContactId], as_of: datetime) -> Counts:
    rows = {row["type"]: row for row in await store.count_as_of(db, workspace, contacts, as_of)}
    return Counts(
        events=sum(row["n"] for row in rows.values()),
        messages=rows["MessageRecorded"]["n"] if "MessageRecorded" in rows else 0,
        orders=rows["OrderRecorded"]["things"] if "OrderRecorded" in rows else 0,
    )


async def _objects_then(
    db: store.Db, workspace: WorkspaceId, contacts: list[ContactId], as_of: datetime
) -> list[ObjectView]:
    newest: dict[tuple[str, str], tuple[tuple[int, str], ObjectView]] = {}
    for row in await store.objects_as_of(db, workspace, contacts, as_of):
        seen = msgspec.json.decode(row["data"], type=_WithObject).object
        version = (rank(seen.version), seen.version)
        view = ObjectView(
            type=seen.type,
            id=seen.id,
            version=seen.version,
            state=seen.state,
            kind=KIND_OF.get(row["type"], CHANGE),
            contact_id=row["contact_id"],
            event_id=row["id"],
            shown_at=row["shown_at"],
        )
        before = newest.get((seen.type, seen.id))
        if before is None or version[0] >= before[0]:
            newest[seen.type, seen.id] = (version[0], view)
    return sorted((view for _, view in newest.values()), key=lambda v: v.shown_at, reverse=True)


class _ObjectBytes(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    id: str
    version: int | str = 0
    state: msgspec.Raw = NOTHING


class _WithObject(msgspec.Struct, frozen=True, kw_only=True):
    object: _ObjectBytes


def rank(version: int | str) -> tuple[int, str]:
    """What versions are compared by: numbers as numbers, also when they come as text; other text after its bytes."""
    if isinstance(version, int):
        return version, ""
    return (int(version), "") if version.isascii() and version.isdigit() else (0, version)


async def summaries(db: store.Db, workspace: WorkspaceId, customers: list[CustomerId]) -> list[CustomerSummary]:
    """Customers as a list shows them, in the order given."""
    return [
        CustomerSummary(
            id=people.customer_id, name=views.best_name(people), identifiers=identifier_views(people.identifiers)
        )
        for people in await views.people_of(db, workspace, customers)
    ]
