"""What does an interaction say about its contact, and which locks keep others from deciding about the same?"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from identity.customers import ContactClaim, WorkspaceId
from identity.identifiers import LONGEST_SCOPE, Identifier, label, normalise, shared_by_form

Value = tuple[str, str, str]

OURS: Final = ("identifier/", "interaction/", "claimed/", "erased/", "key/")
SCOPED_BY_SOURCE: Final = frozenset({"account", "external", "handle"})


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier of somebody, and whether it is proved that it is theirs."""

    identifier: Identifier
    verified: bool


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What one interaction says about its contact, normalised; `held` are verified as far as the source proves."""

    source: str
    key: str
    name: str | None
    attributes: dict[str, str]
    held: tuple[Held, ...]
    said_at: datetime

    @property
    def proofs(self) -> list[Identifier]:
        return [h.identifier for h in self.held if h.verified and h.identifier.strong]


def read_claim(
    source: str,
    source_id: str,
    said: ContactClaim,
    proves: frozenset[str],
    region: str | None,
    said_at: datetime,
) -> Claim:
    """The claim in `said`: what the source may not prove is claimed, whatever the payload says."""
    held: dict[Value, Held] = {}
    for one in said.identifiers or ():
        identifier = normalise(one.kind, one.value, one.scope or _own_scope(source, one.kind), region)
        verified = one.verified is True and one.kind in proves and identifier.problem is None
        before = held.get(identifier.key)
        if before is None or (verified and not before.verified):
            held[identifier.key] = Held(identifier=identifier, verified=verified)
    first = next((h.identifier for h in held.values() if h.verified), None)
    derived = f"identifier/{_unmistakable(first)}" if first else f"interaction/{source_id}"
    key = _said_key(said.key, proves) if said.key else derived
    return Claim(
        source=source,
        key=key,
        name=said.name or None,
        attributes={name: value for name, value in (said.attributes or {}).items() if value is not None},
        held=tuple(held.values()),
        said_at=said_at,
    )


def _said_key(key: str, proves: frozenset[str]) -> str:
    """A source's own key for somebody. One that proves nothing (a form on the web) names contacts of its own and
    reaches nobody's proved one; and no key can be taken for one that we derived."""
    if not proves:
        return f"claimed/{key}"
    return f"key/{key}" if key.startswith(OURS) else key


def key_as_given(stored: str) -> str:
    """A contact's key as its source gave it; one that we derived is told as it is kept."""
    return stored.partition("/")[2] if stored.startswith(("claimed/", "key/")) else stored


def _own_scope(source: str, kind: str) -> str | None:
    """An account or an id without a scope is unique in its source and nowhere else."""
    if kind not in SCOPED_BY_SOURCE:
        return None
    return source if len(source) <= LONGEST_SCOPE else hashlib.sha256(source.encode()).hexdigest()


def _unmistakable(identifier: Identifier) -> str:
    """The label, with the scope told apart from a value that holds colons: `a:b` and `c` are not `a` and `b:c`."""
    if not identifier.scope and ":" not in identifier.value:
        return label(identifier)
    return ":".join((identifier.kind, identifier.scope.replace("%", "%25").replace(":", "%3A"), identifier.value))


def lock_key(workspace: WorkspaceId, *parts: str) -> int:
    """A 64-bit advisory lock for a name; two names that meet only wait for each other."""
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=8, key=workspace.bytes).digest()
    return int.from_bytes(digest, "big", signed=True)


def claim_locks(workspace: WorkspaceId, claims: Iterable[Claim], shared: "SharedValues") -> set[int]:
    """The locks that keep others from deciding about the same contacts and values meanwhile."""
    locks: set[int] = set()
    for claim in claims:
        locks.add(lock_key(workspace, "contact", claim.source, claim.key))
        for identifier in (held.identifier for held in claim.held if held.identifier.strong):
            if (workspace, identifier.key) not in shared.values and shared_by_form(identifier) is None:
                locks.add(lock_key(workspace, "identifier", *identifier.key))
    return locks


def customer_lock(workspace: WorkspaceId, customer: UUID) -> int:
    return lock_key(workspace, "customer", str(customer))


def accounts_in(held: Iterable[Held]) -> list[Identifier]:
    return [one.identifier for one in held if one.identifier.kind == "account"]


class SharedValues:
    """Values that this process has seen classed as shared: nobody waits for their lock. It may be behind; a value
    that stopped being shared is found out after the locks, and the push starts over."""

    def __init__(self, most: int = 100_000) -> None:
        self.values: set[tuple[WorkspaceId, Value]] = set()
        self._most = most

    def add(self, workspace: WorkspaceId, value: Value) -> None:
        if len(self.values) >= self._most:
            self.values.clear()
        self.values.add((workspace, value))
