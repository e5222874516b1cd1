"""One item of a thread as it is shown, and why it is there: identifier, grade, decision, in words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from identity.customers import ContactId, DecisionId, Grade
from identity.explaining import supporting
from identity.views import Decided, People, SeenContact
from timeline.events import CHANGE, KIND_OF, EventId, RecordedEvent
from timeline.mail_events import MailSettled
from timeline.object_types import NO_TYPES, Card, Types
from timeline.tickets.projection import TicketRef

NOTHING: Final = msgspec.Raw(b"null")


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Why an item is on this thread: the identifier, the grade and the decision that put it here, and in words."""

    identifier: str | None
    grade: Grade
    decision: DecisionId | None
    words: str


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a thread. `ahead`: its clock was; `history`: it was imported; `erased`: it is a tombstone. `delivery`
    is what became of what went out by mail, where anything is known."""

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
    card: Card | None
    ahead: bool
    history: bool
    erased: bool
    tickets: Sequence[TicketRef]
    why: Why
    delivery: MailSettled | None = None


class _Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a thread shows of a recorded interaction's bytes."""

    subject: str | None = None
    body: str | None = None
    data: msgspec.Raw = NOTHING
    object: msgspec.Raw = NOTHING
    ahead: bool = False
    history: bool = False
    erased: bool = False


class _Named(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    id: str
    version: int | str = 0
    state: Any = None


_shown = msgspec.json.Decoder(_Shown)
_named = msgspec.json.Decoder(_Named | None)


class Explainer:
    """Turns rows of a customer's thread into items that say why they are on it."""

    def __init__(self, people: People, types: Types = NO_TYPES) -> None:
        self._types = types
        self._contacts = {contact.id: contact for contact in people.contacts}
        self._decisions = {decided.id: decided for decided in people.decisions}
        self._placed = {placed.event_id: placed for placed in people.placements}
        self._why: dict[ContactId, Why] = {}

    def items(
        self,
        events: Sequence[RecordedEvent],
        tickets: Mapping[EventId, Sequence[TicketRef]],
        fates: Mapping[EventId, MailSettled],
    ) -> list[Item]:
        """`tickets` are those that each event belongs to, `fates` what became of what went out."""
        return [self._item(event, tickets.get(event.id, ()), fates.get(event.id)) for event in events]

    def _item(self, event: RecordedEvent, tickets: Sequence[TicketRef], fate: MailSettled | None) -> Item:
        kind = KIND_OF.get(event.type)
        shown = _shown.decode(event.data) if kind else _Shown(data=event.data)
        return Item(
            event_id=event.id,
            kind=kind or CHANGE,
            type=event.type,
            channel=event.channel,
            direction=event.direction,
            conversation=event.conversation,
            source=event.source,
            source_id=event.source_id,
            occurred_at=event.occurred_at,
            shown_at=event.shown_at,
            recorded_at=event.recorded_at,
            contact_id=event.contact_id,
            actor=event.actor,
            about=event.about,
            subject=None if shown.erased else shown.subject,
            body=shown.body,
            data=shown.data,
            object=shown.object,
            card=self._card(shown.object),
            ahead=shown.ahead,
            history=shown.history,
            erased=shown.erased,
            tickets=tickets,
            why=self._reason(event),
            delivery=fate,
        )

    def _card(self, pushed: msgspec.Raw) -> Card | None:
        said = _named.decode(pushed)
        return self._types.card(said.type, said.id, said.version, said.state) if said else None

    def _reason(self, event: RecordedEvent) -> Why:
        placed = self._placed.get(event.id) or (self._placed.get(event.about) if event.about else None)
        if placed is not None and placed.contact_id in self._contacts:
            return Why(identifier=None, grade="verified", decision=placed.decision_id, words="placed here by hand")
        why = self._why.get(event.contact_id)
        if why is None:
            why = self._why[event.contact_id] = self._because(self._contacts[event.contact_id])
        return why

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
    return next((piece.identifier for piece in decided.evidence if piece.identifier), None)


def _words(contact: SeenContact, identifier: str | None, decided: Decided | None) -> str:
    if decided is None:
        return f"came in as {identifier}" if identifier else f"the {contact.source} contact {contact.key}"
    day, presumed = decided.decided_at.date().isoformat(), decided.grade == "presumed"
    evidence = ", ".join(supporting(decided.evidence))
    proof = f"same verified {identifier}" if identifier else evidence
    if decided.kind == "link":
        linked, because = ("presumed", evidence) if presumed else ("linked", proof)
        return f"{linked} on {day}: {because}" if because else f"{linked} on {day}"
    if decided.kind == "split":
        return f"given a home of its own on {day} by {decided.actor}"
    merged = "presumed one and merged" if presumed else "merged"
    because = (evidence if presumed else proof) or decided.reason or "no reason given"
    return f"{merged} on {day} by {decided.actor}: {because}"
