"""What should an index hold of some items, cases and contacts, by the ledger as it is now?"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from identity.customers import WorkspaceId
from search import sources
from search.building import (
    Case,
    Told,
    case_document,
    case_id,
    contact_document,
    contact_id,
    item_document,
    item_id,
    read_told,
)
from search.documents import Document
from search.sources import Db
from timeline.tickets import streams
from timeline.tickets.ticket import TicketId, as_of

MOST_WORDS: Final = 300


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Ids of events, tickets and contacts; `gone` are documents that nothing may stand behind any more."""

    items: set[UUID] = msgspec.field(default_factory=set)
    tickets: set[UUID] = msgspec.field(default_factory=set)
    contacts: set[UUID] = msgspec.field(default_factory=set)
    gone: set[str] = msgspec.field(default_factory=set)


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """Documents by id as they should be, None: not there. `cases` are those that the items and tickets belong to;
    `faults` are documents that could not be made, with words why."""

    documents: dict[str, Document | None] = msgspec.field(default_factory=dict)
    cases: dict[UUID, Case] = msgspec.field(default_factory=dict)
    faults: dict[str, str] = msgspec.field(default_factory=dict)

    def put(self, document: str, make: Callable[[], Document | None]) -> None:
        """One that cannot be made is set aside, and no other with it."""
        try:
            self.documents[document] = make()
        except Exception as error:  # noqa: BLE001 - whatever a stranger's bytes did to us
            self.documents.pop(document, None)
            self.faults[document] = f"it could not be read: {type(error).__name__}: {error}"[:MOST_WORDS]


async def read(
    db: Db, workspace: WorkspaceId, wanted: Wanted, region: str | None, now: datetime, *, with_cases: bool = True
) -> Expected:
    """What the index should hold of all that is wanted and, `with_cases`, of the cases that items belong to."""
    rows = await sources.items(db, workspace, list(wanted.items)) if wanted.items else []
    named = wanted.tickets | {ticket for row in rows for ticket in row.tickets}
    standing = await read_standing(db, workspace, named)
    found = Expected(documents=dict.fromkeys(wanted.gone | {item_id(event) for event in wanted.items}))
    found.cases.update({case.fold.id: case for case in standing.values() if case is not None})
    for row in rows:
        cases = [case for ticket in row.tickets if (case := standing[ticket]) is not None]
        found.put(item_id(row.id), lambda row=row, cases=cases: item_document(row, cases, now, region))
    if with_cases:
        found.documents.update(dict.fromkeys(case_id(ticket) for ticket in named))
        await _put_cases(db, workspace, found, now)
    found.documents.update(dict.fromkeys(contact_id(contact) for contact in wanted.contacts))
    for contact in await sources.contacts(db, workspace, list(wanted.contacts)) if wanted.contacts else []:
        found.put(contact_id(contact.id), lambda contact=contact: contact_document(contact))
    return found


async def read_standing(db: Db, workspace: WorkspaceId, tickets: Iterable[UUID]) -> dict[UUID, Case | None]:
    """For each ticket the one that stands for it today; None where there is none."""
    known: dict[UUID, Case] = {}
    asked: set[UUID] = set()
    tickets = set(tickets)
    missing = tickets
    while missing:
        asked |= missing
        rows = await streams.by_id(db, workspace, [TicketId(ticket) for ticket in missing])
        known |= {row.fold.id: Case(number=row.number, fold=row.fold) for row in rows}
        missing = {case.fold.joined_into for case in known.values() if case.fold.joined_into is not None} - asked
    return {ticket: _end_of(ticket, known) for ticket in tickets}


def _end_of(ticket: UUID, known: dict[UUID, Case]) -> Case | None:
    case = known.get(ticket)
    while case is not None and case.fold.joined_into is not None:
        case = known.get(case.fold.joined_into)
    return case


async def _put_cases(db: Db, workspace: WorkspaceId, found: Expected, now: datetime) -> None:
    if not found.cases:
        return
    cases = list(found.cases.values())
    began = await sources.beginnings(db, workspace, [case.fold.id for case in cases])
    ended = [case for case in cases if as_of(case.fold, now).is_ended]
    parts = [(case.fold, part) for case in ended for part in (case.fold.id, *case.fold.parts)]
    until = [max(as_of(fold, now).ended_at or now, fold.last_at) for fold, _ in parts]
    answered = await sources.answers(db, workspace, [fold.id for fold, _ in parts], [part for _, part in parts], until)
    for case in cases:
        (_, first), (_, answer) = (ends.get(case.fold.id, (None, None)) for ends in (began, answered))
        found.put(
            case_id(case.fold.id),
            lambda case=case, first=first, answer=answer: case_document(case, _told(first), _told(answer), now),
        )


def _told(data: bytes | None) -> Told | None:
    return None if data is None else read_told(data)
