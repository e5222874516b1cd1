"""Who may do what: the only way from a request to a workspace's data. What is not declared is denied."""

from collections.abc import Sequence
from typing import Final, Literal
from uuid import UUID

import msgspec

from app.db import Db
from app.errors import forbidden
from identity.customers import CustomerId
from identity.identifiers import parse_label
from identity.views import by_identifiers, page_of_customers
from timeline.events import Actor
from timeline.interactions import InvalidField
from timeline.threads import CustomerSummary, Workspace, summaries

Role = Literal["admin", "lead", "agent", "auditor", "integration"]
Right = Literal[
    "push",
    "read",
    "desk",
    "suggestions.read",
    "suggestions.decide",
    "keys.read",
    "keys.write",
    "quarantine.read",
    "quarantine.decide",
    "channels.read",
    "channels.write",
    "config.write",
    "people.write",
    "erase",
    "holds.read",
    "holds.write",
    "reports.read",
    "retention.read",
    "retention.write",
    "notes.read",
]

_INTEGRATION: Final[frozenset[Right]] = frozenset({"push", "read"})
_DESK: Final[frozenset[Right]] = frozenset({"desk", "suggestions.read", "suggestions.decide", "notes.read"})
_AGENT: Final = _INTEGRATION | _DESK
_LEAD: Final = _AGENT | frozenset[Right]({"channels.read", "config.write", "reports.read", "retention.read"})
_AUDITOR: Final[frozenset[Right]] = frozenset(
    {
        "read",
        "suggestions.read",
        "keys.read",
        "quarantine.read",
        "channels.read",
        "holds.read",
        "reports.read",
        "retention.read",
        "notes.read",
    }
)
_OPERATOR: Final[frozenset[Right]] = frozenset(
    {"keys.write", "quarantine.decide", "channels.write", "people.write", "erase", "holds.write", "retention.write"}
)
_ADMIN: Final = _LEAD | _AUDITOR | _OPERATOR

RIGHTS: Final[dict[Role, frozenset[Right]]] = {
    "integration": _INTEGRATION,
    "agent": _AGENT,
    "lead": _LEAD,
    "auditor": _AUDITOR,
    "admin": _ADMIN,
}
ROLES: Final[tuple[Role, ...]] = tuple(RIGHTS)


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever holds a key: the workspace, the role, the identifier kinds that what they push proves, and the agent
    whose key it is (None: a program's)."""

    workspace: Workspace
    key: UUID
    role: Role
    proves: frozenset[str]
    rate: int
    agent: UUID | None = None
    session: bool = False
    """A browser's, of an agent who signed in."""

    @property
    def actor(self) -> Actor:
        return Actor(f"agent:{self.agent}" if self.agent else f"key:{self.key}")


def may(caller: Caller, right: Right) -> bool:
    return right in RIGHTS[caller.role]


def permit(caller: Caller, right: Right) -> None:
    """Raises the 403 where the caller's role has not been given the right."""
    if not may(caller, right):
        raise forbidden(right)


async def find_customers(
    db: Db, caller: Caller, identifiers: Sequence[str], after: UUID | None, limit: int
) -> list[CustomerSummary]:
    """The caller's customers in order of id: all, or those that hold one of the identifiers. Raises `InvalidField`."""
    workspace = caller.workspace
    if not identifiers:
        found = await page_of_customers(db, workspace.id, after, limit)
    else:
        try:
            readings = [one for text in identifiers for one in parse_label(text, workspace.region)]
        except ValueError as error:
            raise InvalidField("identifier", str(error)) from None
        found = await by_identifiers(db, workspace.id, readings, after, limit)
    return await summarised(db, caller, found)


async def summarised(db: Db, caller: Caller, customers: list[CustomerId]) -> list[CustomerSummary]:
    """As a list shows them, in the order given."""
    return await summaries(db, caller.workspace.id, customers)
