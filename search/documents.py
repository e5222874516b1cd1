"""What is found: one document for each item of a thread, each case and each contact, in the shape that every engine
keeps.

Documents carry contacts and never customers: a merge moves the contact's pointer, and the next search follows it
without a document written.
"""

import hashlib
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

Kind = Literal["message", "call", "note", "order", "payment", "shipment", "visit", "fact", "case", "contact"]
Outcome = Literal["open", "solved", "came_back", "given_up"]
"""How a case ended: resolved for good, resolved and opened again since, or closed without having been resolved."""

ITEMS: Final[frozenset[Kind]] = frozenset({"message", "call", "note", "order", "payment", "shipment", "visit", "fact"})


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a document's tickets are today, for filters and facets: each a sorted set over all of them."""

    tickets: tuple[str, ...] = ()
    """Ids."""
    statuses: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    """Ids of who has them."""
    outcomes: tuple[Outcome, ...] = ()


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be found. `id` is `item-`, `case-` or `contact-` and the id in hexadecimal digits: letters,
    digits and dashes, which every engine takes for a key."""

    id: str
    kind: Kind
    contact_id: UUID
    """On whose thread it stands; where an item was placed, the contact that it was given to."""
    event_id: UUID | None = None
    """An item's own; a case's ticket (the id of its opening event); None for a contact."""
    at: datetime
    """An item's `shown_at`, a case's last activity, when a contact was first seen."""
    channel: str | None = None
    direction: str | None = None
    internal: bool = False
    """Only for those who may read notes."""
    title: str = ""
    """A subject; a contact's name."""
    text: str = ""
    """What was said or written; a case: its first message and the answer that ended it."""
    idents: tuple[str, ...] = ()
    """Ids that it names, each as one token (`search/tokens.py`): orders, tracking numbers, the ticket's number, the
    source's own."""
    people: tuple[str, ...] = ()
    """Names and addresses by which a contact is known, or from whom an item is: normalised as identifiers are."""
    meaning: str = ""
    """What is embedded; empty: found by words alone."""
    facts: Facts = Facts()


_encoder = msgspec.msgpack.Encoder(order="deterministic")


def digest(document: Document) -> str:
    """What an index is compared by: of everything that is in it but the vector; 32 hexadecimal digits."""
    return hashlib.blake2b(_encoder.encode(document), digest_size=16).hexdigest()


def meaning_digest(document: Document) -> str:
    """Of what is embedded: a vector stands while this is the same; empty where nothing is embedded."""
    return hashlib.blake2b(document.meaning.encode(), digest_size=16).hexdigest() if document.meaning else ""
