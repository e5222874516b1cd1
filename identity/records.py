"""What resolution and merging hand to the store: rows about to be written."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from identity.customers import ContactId, CustomerId, DecisionId, Grade
from identity.identifiers import Identifier


class NewContact(msgspec.Struct, frozen=True, kw_only=True):
    """A contact seen for the first time; `opens`: its home is new too."""

    id: ContactId
    source: str
    key: str
    home_id: CustomerId
    customer_id: CustomerId
    grade: Grade
    name: str | None = None
    attributes: dict[str, str] = {}
    said_at: datetime
    via: str | None = None
    home_decision: DecisionId | None = None
    customer_decision: DecisionId | None = None
    created_at: datetime
    opens: bool = False


class ChangedContact(msgspec.Struct, frozen=True, kw_only=True):
    """A contact as it shall be from now on; `since` is the version that this was decided on."""

    id: ContactId
    home_id: CustomerId
    customer_id: CustomerId
    grade: Grade
    name: str | None
    attributes: dict[str, str]
    said_at: datetime
    via: str | None
    home_decision: DecisionId | None
    customer_decision: DecisionId | None
    since: datetime


class SeenIdentifier(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier that a contact came with."""

    contact_id: ContactId
    identifier: Identifier
    verified: bool


class SharedValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value found to belong to several people."""

    identifier: Identifier
    reason: str


class NewSuggestion(msgspec.Struct, frozen=True, kw_only=True):
    """Two contacts that a person should look at. `link`: may they be one? `unlink`: should `contact_a`, which was
    linked by itself, be split off from `contact_b` and theirs? `probability` is that they are one."""

    id: UUID
    contact_a: ContactId
    contact_b: ContactId
    evidence: list[dict[str, Any]]
    kind: Literal["link", "unlink"] = "link"
    probability: float | None = None
    value: float = 0.0

    @property
    def proved(self) -> bool:
        """Whether a proof asks here, and no mere evidence: it may ask again where a person keeps two apart."""
        return any(piece.get("level") == "exact_verified" for piece in self.evidence)
