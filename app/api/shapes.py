"""The shapes that clients rely on: what goes in, what comes out, and nothing of how it is kept."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from app.access import Role
from app.auth import ApiKey
from app.errors import FieldFault
from channels.bouncing import BounceMark
from channels.inbox import Entry
from identity.decided import Decided
from identity.explaining import IdentifierView, PossibleView
from identity.views import SeenContact
from timeline.items import Item
from timeline.objects import ObjectView
from timeline.suggestions import Suggestion
from timeline.threads import Counts, CustomerSummary, TicketsState
from timeline.tickets.projection import TicketRef
from timeline.tickets.reading import TicketView

Kind = Literal["email", "phone", "account", "external", "handle", "visitor"]
Reason = Annotated[str, msgspec.Meta(max_length=2_000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """Where a pushed interaction went: 201 new, 200 known with the first ids."""

    event_id: UUID
    contact_id: UUID
    customer_id: UUID
    ticket: TicketRef | None


class ItemError(msgspec.Struct, frozen=True, kw_only=True):
    """Why one item of a batch was refused."""

    code: str
    detail: str
    fields: list[FieldFault]


class BatchResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one item: `status` is what a single push would have answered with."""

    index: int
    status: int
    event_id: UUID | None = None
    contact_id: UUID | None = None
    customer_id: UUID | None = None
    ticket: TicketRef | msgspec.UnsetType | None = msgspec.UNSET
    error: ItemError | None = None


class BatchResults(msgspec.Struct, frozen=True, kw_only=True):
    """One result an item, in the order of the input."""

    items: list[BatchResult]


class TimelinePage(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first. `next` goes into `before`, `previous` into `after`."""

    items: list[Item]
    next: str | None
    previous: str | None


class ProfileIdentifier(IdentifierView, frozen=True, kw_only=True):
    """`bounced` where it is an address at which no mail arrives any more."""

    bounced: BounceMark | msgspec.UnsetType = msgspec.UNSET


class ProfileView(msgspec.Struct, frozen=True, kw_only=True):
    """A customer before saying hello. `tickets` are the open ones, the latest activity first, at most 50; `head` goes
    into `/changes` and `/stream` as `after`."""

    id: UUID
    name: str | None
    contacts: list[SeenContact]
    identifiers: list[ProfileIdentifier]
    tickets: list[TicketView]
    tickets_state: TicketsState
    objects: list[ObjectView]
    possible: list[PossibleView]
    counts: Counts
    timeline: TimelinePage
    head: str
    absorbed: list[UUID]


class CustomerPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[CustomerSummary]
    next: str | None


class SuggestionPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[Suggestion]
    next: str | None


class DecisionPage(msgspec.Struct, frozen=True, kw_only=True):
    """`next` may be there where a page is not full: go on until it is null."""

    items: list[Decided]
    next: str | None


class Merge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`other` becomes part of the customer in the path."""

    other: str
    reason: Reason | None = None


class Unmerge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Either a decision to take back, or contacts to split off."""

    decision: str | None = None
    contacts: Annotated[list[str], msgspec.Meta(min_length=1, max_length=500)] | None = None
    reason: Reason | None = None


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The item `event` goes to a contact, or to a customer's desk contact."""

    event: str
    contact: str | None = None
    customer: str | None = None
    reason: Reason | None = None


class NotSame(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two contacts that are not the same person."""

    a: str
    b: str
    reason: Reason | None = None


class Decide(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a decision may say; the body may be left out."""

    reason: Reason | None = None


class Postpone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Until when a suggestion waits; a week where nothing is said. The body may be left out."""

    until: datetime | None = None


class Apart(msgspec.Struct, frozen=True, kw_only=True):
    """The decision that keeps two contacts apart."""

    decision_id: UUID


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """The decision that keeps two contacts apart from now on; null where they are one customer and stay so."""

    decision_id: UUID | None


class NewKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`proves` are the identifier kinds whose `verified` is believed (default: all); `rate` 0 is no limit; without a
    name it is called by its role. What a key with an `agent_id` does, that agent did."""

    name: Name | None = None
    role: Role
    agent_id: UUID | None = None
    proves: Annotated[list[Kind], msgspec.Meta(max_length=6)] | None = None
    rate: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 200
    expires_at: datetime | None = None


class KeyWithText(ApiKey, frozen=True, kw_only=True):
    """A new key; `key` is shown this once."""

    key: str


class KeyPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[ApiKey]
    next: str | None


class EntryPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[Entry]
    next: str | None


class EntryWithRaw(Entry, frozen=True, kw_only=True):
    """`raw` as text where it is UTF-8, else in base64 as `encoding` says; null once discarded."""

    raw: str | None
    encoding: Literal["text", "base64"] | None


class ReplayResult(msgspec.Struct, frozen=True, kw_only=True):
    """What reading it again came to."""

    id: UUID
    state: str
    result: BatchResult


class ChangeItem(msgspec.Struct, frozen=True, kw_only=True):
    """That something happened, by ids; the customer is today's."""

    event_id: UUID
    contact_id: UUID
    customer_id: UUID
    kind: str
    type: str


class ChangePage(msgspec.Struct, frozen=True, kw_only=True):
    """`next` is null once there is no more; `head` is where to go on later."""

    items: list[ChangeItem]
    next: str | None
    head: str


class Health(msgspec.Struct, frozen=True, kw_only=True):
    status: Literal["ok", "unavailable"]
    checks: dict[str, bool]
