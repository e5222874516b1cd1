"""Which documents Meilisearch may look at: filters of ours in its filter language.

Nothing a caller writes can leave its place: attributes are those named here, and every value is between quotes that
it cannot close. The language is that of its `filter-parser`: inside double quotes a backslash escapes.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from identity.customers import WorkspaceId
from search.engine import Facet, Filters

Attribute = Literal[
    "id", "workspace", "contact", "kind", "channel", "direction", "statuses", "queues", "tags", "agents", "outcomes",
    "tickets", "idents", "people",
]  # fmt: skip
FACETED: Final[dict[Facet, str]] = {
    "kind": "kind",
    "channel": "channel",
    "status": "statuses",
    "queue": "queues",
    "tag": "tags",
    "agent": "agents",
    "outcome": "outcomes",
}
"""Attributes that are counted by value, too."""
EQUAL: Final = (
    "workspace", "contact", "direction", "internal", "tickets", "idents", "people", "waits", "embedded",
)  # fmt: skip
"""Attributes that are asked for by value alone."""
COMPARED: Final = ("id", "at")
EMBEDDED: Final = "embedded = true"
WAITING: Final = "waits = true"
EVERY: Final = "id EXISTS"

_EPOCH: Final = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_MICROSECOND: Final = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """Since 1970: exact in the doubles that Meilisearch keeps, up to the year 2255."""
    return (at - _EPOCH) // _MICROSECOND


def moment(at: int) -> datetime:
    return _EPOCH + at * _MICROSECOND


def quoted(value: str) -> str:
    """A value as the language reads it back, whatever is in it; lone surrogates, which no JSON holds, as `?`."""
    sound = value.encode("utf-8", "replace").decode()
    return '"' + sound.replace("\\", "\\\\").replace('"', '\\"') + '"'


def one_of(attribute: Attribute, values: Iterable[str]) -> str:
    return f"{attribute} IN [{', '.join(quoted(value) for value in sorted(values))}]"


def behind(identifier: str) -> str:
    """Documents whose ids come after one, in the order of the ids' letters."""
    return f"id > {quoted(identifier)}" if identifier else EVERY


def conditions(workspace: WorkspaceId, filters: Filters, after: tuple[datetime, str] | None = None) -> list[str] | None:
    """What a document must meet, all of it; None where nothing can."""
    if filters.contacts is not None and not filters.contacts:
        return None
    found = [one_of("workspace", (UUID(str(workspace)).hex,))]
    if not filters.internal:
        found.append("internal = false")
    if filters.contacts is not None:
        found.append(one_of("contact", {contact.hex for contact in filters.contacts}))
    found += [one_of(attribute, values) for attribute, values in _sets(filters) if values]
    if filters.without:
        found.append(f"NOT {one_of('id', filters.without)}")
    if filters.start is not None:
        found.append(f"at >= {micros(filters.start)}")
    if filters.end is not None:
        found.append(f"at < {micros(filters.end)}")
    if after is not None:
        at, identifier = micros(after[0]), quoted(after[1])
        found.append(f"(at < {at} OR (at = {at} AND id < {identifier}))")
    return found


def _sets(filters: Filters) -> Iterable[tuple[Attribute, frozenset[str]]]:
    yield "kind", filters.kinds
    yield "channel", filters.channels
    yield "direction", filters.directions
    yield "statuses", filters.statuses
    yield "queues", filters.queues
    yield "tags", filters.tags
    yield "agents", filters.agents
    yield "outcomes", filters.outcomes
    yield "tickets", filters.tickets
    yield "idents", filters.idents
    yield "people", filters.people
