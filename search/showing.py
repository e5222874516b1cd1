"""What is shown of what was found: read from the ledger by its ids as it stands today, never from the index. What is
not there any more, or is not for whoever asks, is left out."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from identity.customers import ContactId, CustomerId, WorkspaceId
from search import hits
from search.building import Case, outcome_of
from search.documents import Document, Outcome
from search.fusion import Parts, Ranked
from search.hits import Db, Row
from search.mending import Expected, Wanted, read
from timeline.events import EventId
from timeline.tickets.projection import TicketRef, ref
from timeline.tickets.ticket import as_of

Marked = Callable[[Document], str]
"""What of a document is shown, with what matched in it."""


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was found, with where it stands. `highlight` is HTML of which `<mark>` is the only markup;
    `score` compares between questions. A contact has no event; a case stands under its opening event. `found` says
    how many hits of a case this one stands for."""

    id: str
    kind: str
    event_id: EventId | None
    source: str | None
    source_id: str | None
    conversation: str | None
    customer_id: CustomerId
    contact_id: ContactId
    contact_name: str | None
    ticket: TicketRef | None
    outcome: Outcome | None
    subject: str | None
    highlight: str
    occurred_at: datetime
    channel: str | None
    direction: str | None
    score: float
    parts: Parts
    found: int = 1


async def show(
    db: Db,
    workspace: WorkspaceId,
    ranked: Sequence[Ranked],
    marked: Marked,
    region: str | None,
    now: datetime,
    *,
    internal: bool,
) -> list[Hit]:
    """In the order of `ranked`."""
    expected = await documents(db, workspace, [one.id for one in ranked], region, now)
    standing = [
        (one, document)
        for one in ranked
        if (document := expected.documents.get(one.id)) is not None and (internal or not document.internal)
    ]
    events = [document.event_id for _, document in standing if document.event_id is not None]
    origins = await hits.origins(db, workspace, list(dict.fromkeys(events)))
    owners = await hits.owners(db, workspace, list({document.contact_id for _, document in standing}))
    return [
        _hit(one, document, expected, origins, owners[document.contact_id], marked, now)
        for one, document in standing
        if document.contact_id in owners
    ]


async def documents(db: Db, workspace: WorkspaceId, ids: Iterable[str], region: str | None, now: datetime) -> Expected:
    """The documents of some ids as the ledger has them now, and the cases that they belong to."""
    wanted, cases = Wanted(), Wanted()
    for one in ids:
        kind, _, number = one.partition("-")
        named = {"item": wanted.items, "case": cases.tickets, "contact": wanted.contacts}
        named[kind].add(UUID(number))
    found = await read(db, workspace, wanted, region, now, with_cases=False)
    if cases.tickets:
        more = await read(db, workspace, cases, region, now)
        found.documents.update(more.documents)
        found.cases.update(more.cases)
    return found


def _hit(
    one: Ranked,
    document: Document,
    expected: Expected,
    origins: dict[UUID, Row],
    owner: Row,
    marked: Marked,
    now: datetime,
) -> Hit:
    origin = origins.get(document.event_id) if document.event_id else None
    case = _case_of(document, expected)
    ended = case and as_of(case.fold, now)
    return Hit(
        id=document.id,
        kind=document.kind,
        event_id=None if document.event_id is None else EventId(document.event_id),
        source=origin["source"] if origin else owner["source"],
        source_id=origin["source_id"] if origin else owner["source_key"],
        conversation=origin["conversation"] if origin else None,
        customer_id=owner["customer_id"],
        contact_id=owner["id"],
        contact_name=owner["name"],
        ticket=ref(ended, case.number) if case and ended else None,
        outcome=outcome_of(ended) if ended else None,
        subject=document.title or None,
        highlight=marked(document),
        occurred_at=_at(document, origin, owner),
        channel=document.channel,
        direction=document.direction,
        score=one.score,
        parts=one.parts,
    )


def _at(document: Document, origin: Row | None, owner: Row) -> datetime:
    if document.kind == "contact":
        return owner["created_at"]
    return origin["occurred_at"] if origin and document.kind != "case" else document.at


def _case_of(document: Document, expected: Expected) -> Case | None:
    """The newest of the tickets that it belongs to."""
    cases = [expected.cases[UUID(one)] for one in document.facts.tickets if UUID(one) in expected.cases]
    return max(cases, key=lambda case: (case.fold.opened_at, case.number), default=None)
