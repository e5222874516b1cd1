"""What do we hold about one person? Everything that stands on their contacts, piece by piece, and nothing of others.

docs/export.md has the shape. What somebody at the desk placed on another person is that person's; what was placed here
is theirs.
"""

import base64
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, get_args
from uuid import UUID

import msgspec

from app.db import Db
from channels import archives, files, forgetting
from channels.files import FileMissing, FileStore, FileUse
from identity import views
from identity.customers import ContactId, CustomerId, Grade
from identity.errors import Absorbed
from identity.explaining import DecisionView, IdentifierView, IdentityView, read_identity
from identity.views import People
from timeline import erasure, export_views
from timeline.events import EventId, Status
from timeline.items import Item
from timeline.object_reading import ListedObject, ObjectQuery, read_objects
from timeline.threads import Mark, ThreadQuery, Workspace, read_page
from timeline.tickets.listing import Listing
from timeline.tickets.reading import TicketView, list_tickets
from timeline.views import BEFORE_ALL

FORMAT: Final = 1
PAGE: Final = 200
NOTHING: Final = msgspec.Raw(b"null")
_SHOWN_OF_FILE: Final = ("id", "part", "name", "type", "size", "sha256")

Section = Literal["contacts", "decisions", "tickets", "objects", "events", "files", "deliveries", "quarantine"]
SECTIONS: Final[tuple[Section, ...]] = get_args(Section)


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Whose export it is. `absorbed` are earlier ids of the same person."""

    format: int
    exported_at: datetime
    workspace: str
    customer_id: CustomerId
    name: str | None
    absorbed: list[CustomerId]


class Former(msgspec.Struct, frozen=True, kw_only=True):
    """What a contact was called before, as its source said then."""

    name: str | None
    attributes: dict[str, str]
    said_at: datetime


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """One source's view of the person."""

    id: ContactId
    source: str
    key: str
    name: str | None
    grade: Grade
    attributes: dict[str, str]
    identifiers: list[IdentifierView]
    former: list[Former]
    created_at: datetime


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A decision about who the person is. Where it was about somebody else as well, only that it was: reason and
    evidence speak of both."""

    id: UUID
    kind: str
    contacts: list[UUID]
    with_others: bool
    actor: str
    reason: str | None
    evidence: list[dict[str, Any]]
    undone: bool
    decided_at: datetime


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """An event, with what it said about who it is from; of one that was placed here, that is somebody else."""

    item: Item
    contact: msgspec.Raw = NOTHING


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A payload as it came: text, or base64 where it is none."""

    id: UUID
    through: str
    source: str | None
    source_id: str | None
    received_at: datetime
    event_ids: list[UUID]
    encoding: Literal["utf-8", "base64"]
    raw: str


class KeptFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of an event with its bytes in base64; null where they are missing."""

    id: UUID
    event_id: UUID
    part: files.Part
    name: str
    type: str
    size: int
    sha256: str
    content: str | None


Piece = Contact | Decision | TicketView | ListedObject | Said | KeptFile | Kept


class Export:
    """The export of one person in one snapshot. Made by `open_export`; nothing of it is held in memory but a page."""

    def __init__(self, db: Db, workspace: Workspace, people: People, identity: IdentityView, store: FileStore) -> None:
        self._db, self._workspace, self._people, self._identity = db, workspace, people, identity
        self._store = store
        self._uses: list[tuple[UUID, FileUse]] = []
        self._contacts = [contact.id for contact in people.contacts]
        self.head = Head(
            format=FORMAT,
            exported_at=datetime.now(UTC),
            workspace=workspace.slug,
            customer_id=people.customer_id,
            name=views.best_name(people),
            absorbed=people.absorbed,
        )

    async def pieces(self) -> AsyncIterator[tuple[Section, Piece]]:
        """Everything, section after section in the order of `SECTIONS`; events from the first to the last."""
        for contact in await self._read_contacts():
            yield "contacts", contact
        ends: set[UUID] = {end for one in self._people.contacts for end in (one.id, one.home_id)}
        for decision in self._identity.decisions:
            yield "decisions", _decision(decision, ends)
        async for ticket in self._tickets():
            yield "tickets", ticket
        async for one in self._objects():
            yield "objects", one
        async for said in self._events():
            yield "events", said
        async for file in self._files():
            yield "files", file
        async for kept in self._deliveries():
            yield "deliveries", kept
        for kept in await self._quarantine():
            yield "quarantine", kept

    async def _read_contacts(self) -> list[Contact]:
        former: dict[UUID, list[Former]] = {}
        for row in await export_views.former(self._db, self._workspace.id, self._contacts):
            attributes = msgspec.json.decode(row["attributes"], type=dict[str, str])
            said = Former(name=row["name"], attributes=attributes, said_at=row["said_at"])
            former.setdefault(row["contact_id"], []).append(said)
        return [
            Contact(
                id=contact.id,
                source=contact.source,
                key=contact.key,
                name=contact.name,
                grade=contact.grade,
                attributes=contact.attributes,
                identifiers=contact.identifiers,
                former=former.get(contact.id, []),
                created_at=contact.created_at,
            )
            for contact in self._identity.contacts
        ]

    async def _tickets(self) -> AsyncIterator[TicketView]:
        listing = Listing(
            statuses=frozenset(get_args(Status)), customer=self.head.customer_id, sort="opened_at", limit=PAGE
        )
        while page := await list_tickets(self._db, self._workspace.id, listing):
            for ticket in page:
                yield ticket
            listing = msgspec.structs.replace(listing, after=(page[-1].opened_at, page[-1].id))

    async def _objects(self) -> AsyncIterator[ListedObject]:
        query = ObjectQuery(customer=self.head.customer_id, limit=PAGE)
        while page := await read_objects(self._db, self._workspace.id, query):
            for one in page:
                yield one
            query = msgspec.structs.replace(query, after=page[-1].event_id)

    async def _events(self) -> AsyncIterator[Said]:
        mark: Mark | None = Mark(shown_at=BEFORE_ALL, event_id=EventId(UUID(int=0)))
        while mark is not None:
            page = await read_page(
                self._db, self._workspace.id, self.head.customer_id, ThreadQuery(limit=PAGE, after=mark)
            )
            own = [item.event_id for item in page.items if item.contact_id in self._contacts]
            said = await export_views.said_of(self._db, self._workspace.id, own)
            found = await files.parts_of(self._db, self._workspace.id, own)
            self._uses += [(event, use) for event, uses in found.items() for use in uses]
            for item in reversed(page.items):
                yield Said(item=item, contact=msgspec.Raw(said.get(item.event_id, b"null")))
            mark = page.previous if page.items else None

    async def _files(self) -> AsyncIterator[KeptFile]:
        """Of the events that were read before, one file at a time."""
        for event, use in self._uses:
            fields = {name: value for name, value in msgspec.structs.asdict(use).items() if name in _SHOWN_OF_FILE}
            yield KeptFile(event_id=event, content=await self._content(use), **fields)

    async def _content(self, use: FileUse) -> str | None:
        try:
            blocks = await self._store.read(self._workspace.id, use.sha256)
        except FileMissing:
            return None
        return base64.b64encode(b"".join([block async for block in blocks])).decode()

    async def _deliveries(self) -> AsyncIterator[Kept]:
        after: UUID | None = None
        while page := await archives.deliveries_of(self._db, self._workspace.id, self._contacts, after, PAGE):
            for row in page:
                through = f"{row['kind']}: {row['account']}"
                yield _kept(row, through=through, event_ids=row["event_ids"])
            after = page[-1]["id"]

    async def _quarantine(self) -> list[Kept]:
        person = await erasure.read_customer(self._db, self._workspace.id, self.head.customer_id)
        entries = await forgetting.entries_naming(self._db, self._workspace, person, self.head.exported_at)
        return [
            _kept(row, through=row["door"], source=row["source"], source_id=row["source_id"])
            for row in await archives.entries(self._db, self._workspace.id, entries)
        ]


async def open_export(db: Db, workspace: Workspace, customer: CustomerId, store: FileStore) -> Export:
    """The export of a customer, or of the one that it was merged into. Raises `NotFound`."""
    try:
        identity = await read_identity(db, workspace.id, customer)
    except Absorbed as absorbed:
        customer = CustomerId(absorbed.survivor)
        identity = await read_identity(db, workspace.id, customer)
    return Export(db, workspace, await views.read_people(db, workspace.id, customer, None), identity, store)


def _decision(decision: DecisionView, ours: set[UUID]) -> Decision:
    ends: set[UUID] = {end for end in (decision.contact_a, decision.contact_b, *decision.contacts) if end}
    others = not ends <= ours
    return Decision(
        id=decision.id,
        kind=decision.kind,
        contacts=sorted(ends & ours, key=str),
        with_others=others,
        actor=decision.actor,
        reason=None if others else decision.reason,
        evidence=[] if others else decision.evidence,
        undone=decision.undone_by is not None,
        decided_at=decision.decided_at,
    )


def _kept(
    row: archives.Row,
    *,
    through: str,
    source: str | None = None,
    source_id: str | None = None,
    event_ids: Sequence[UUID] = (),
) -> Kept:
    raw = bytes(row["raw"])
    encoding: Literal["utf-8", "base64"] = "utf-8"
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        encoding, text = "base64", base64.b64encode(raw).decode()
    return Kept(
        id=row["id"],
        through=through,
        source=source,
        source_id=source_id,
        received_at=row["received_at"],
        event_ids=list(event_ids),
        encoding=encoding,
        raw=text,
    )
