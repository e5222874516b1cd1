"""What a kind of channel is: its settings, who may hand something in, and what that says.

Every channel has this shape. `verify` and `parse` are pure: bytes and a clock in, values or a named refusal out.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

import msgspec

from timeline.events import Actor
from timeline.interactions import Interaction

MOST_FIELD: Final = 200


class Unverified(Exception):
    """Nobody that the account knows has signed this; the words are for the operator's log, never for the caller."""


class Unparseable(ValueError):
    """Good bytes of a known sender that cannot become interactions: `field` is at fault, `words` says why.

    A field's name comes from outside as well: it is cut, and shown without what cannot be printed."""

    def __init__(self, field: str, words: str) -> None:
        self.field = "".join(letter if letter.isprintable() else "?" for letter in field[:MOST_FIELD])
        self.words = words
        super().__init__(f"{self.field}: {words}" if field else words)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One configured mailbox, number, page, widget or shop, as far as reading what it hands in depends on it."""

    id: UUID
    kind: str
    source: str
    settings: Any
    proves: frozenset[str]
    is_disabled: bool

    @property
    def actor(self) -> Actor:
        return Actor(f"channel:{self.id}")

    @property
    def proves_now(self) -> frozenset[str]:
        """A disabled account proves nothing any more: what it sent before is taken as claimed."""
        return frozenset() if self.is_disabled else self.proves


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What reached us, as it came. `key` is the sender's own name for it, the same over repeated attempts."""

    key: str
    raw: bytes
    headers: dict[str, str]
    received_at: datetime | None = None
    """Of one that was archived."""


class ChannelKind(Protocol):
    """A kind of channel. `proves` is what its accounts prove where nobody says otherwise; `headers` are those kept
    beside the bytes: what `parse` needs and no more. A kind whose deliveries need more than bytes and a clock, a
    process that may be killed, lookups, files, `is_apart`: a `channels.reading.Understanding` reads it."""

    name: str
    settings: type[msgspec.Struct]
    proves: tuple[str, ...]
    headers: tuple[str, ...]
    is_apart: bool

    def new_secret(self) -> str:
        """A secret for a new account, as the sender is told it."""
        ...

    def read_secret(self, text: str) -> str:
        """A secret that the sender has chosen. Raises `InvalidField`."""
        ...

    def verify(self, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], now: datetime) -> str:
        """The delivery's key, if one of the secrets has signed it. Header names are in small letters.

        Raises `Unverified`. Takes the same time for every refusal over the same bytes."""
        ...

    def most_bytes(self, settings: msgspec.Struct) -> int:
        """How long a delivery may be."""
        ...

    def parse(self, delivery: Delivery, account: Account) -> list[Interaction]:
        """What it says, in order. The same delivery gives the same source ids for ever. Raises `Unparseable`."""
        ...
