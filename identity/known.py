"""A contact as one transaction knows it: read from its row, changed in memory, written at the end."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from identity import store
from identity.claims import Held, Value, accounts_in
from identity.customers import DESK_SOURCE, ContactId, CustomerId, DecisionId, Grade
from identity.facts import Profile
from identity.identifiers import Identifier
from identity.names import PersonName, read_name

_held: Final = msgspec.json.Decoder(list[tuple[str, str, str, str, str | None, bool, datetime]])


@dataclass(kw_only=True, slots=True)
class Known:
    """A contact in the book, as it is by now."""

    id: ContactId
    source: str
    key: str
    home_id: CustomerId
    customer_id: CustomerId
    grade: Grade
    name: str | None
    attributes: dict[str, str]
    said_at: datetime
    via: str | None
    home_decision: DecisionId | None
    customer_decision: DecisionId | None
    created_at: datetime
    since: datetime
    proved: bool
    held: dict[Value, Held]
    last_seen: dict[Value, datetime]
    facts: Profile | None = None
    """What it is compared by, once that was read; None again when the contact changes."""

    @property
    def is_desk(self) -> bool:
        return self.source == DESK_SOURCE

    @property
    def person_name(self) -> PersonName:
        return read_name(self.name, self.attributes)

    @property
    def accounts(self) -> list[Identifier]:
        return accounts_in(self.held.values())


def known_of(row: store.Row) -> Known:
    """From a row with `held`, as `store.contacts` and its like bring it."""
    known = Known(
        id=row["id"],
        source=row["source"],
        key=row["source_key"],
        home_id=row["home_id"],
        customer_id=row["customer_id"],
        grade=row["grade"],
        name=row["name"],
        attributes=store.decode(row, "attributes"),
        said_at=row["said_at"],
        via=row["via"],
        home_decision=row["home_decision"],
        customer_decision=row["customer_decision"],
        created_at=row["created_at"],
        since=row["since"],
        proved=False,
        held={},
        last_seen={},
    )
    for kind, scope, value, raw, problem, verified, last_seen in _held.decode(row["held"] or "[]"):
        identifier = Identifier(kind=kind, scope=scope, value=value, raw=raw, problem=problem)
        known.held[identifier.key] = Held(identifier=identifier, verified=verified)
        known.last_seen[identifier.key] = last_seen
        known.proved = known.proved or (verified and identifier.strong)
    return known
