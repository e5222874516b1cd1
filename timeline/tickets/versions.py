"""Which ticket policies were decided, by whom and from when, and a new one; the same for what a desk sets up."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec

from identity.customers import WorkspaceId
from timeline.store import Db, Row
from timeline.tickets import policy_store
from timeline.tickets.configuration import NO_DESK, DeskConfiguration, decode_desk, desk_rules_of
from timeline.tickets.policy import STANDARD, TicketPolicy


class PolicyVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version; 0 is the standard that holds where nobody decided anything. `past`: it holds for the past too."""

    version: int
    policy: TicketPolicy
    past: bool
    actor: str | None
    reason: str | None
    decided_at: datetime | None


STANDARD_VERSION: Final = PolicyVersion(version=0, policy=STANDARD, past=True, actor=None, reason=None, decided_at=None)


async def read_versions(db: Db, workspace: WorkspaceId) -> list[PolicyVersion]:
    """Every version, the one in force first."""
    versions = [
        PolicyVersion(
            version=row["version"],
            policy=msgspec.json.decode(row["policy"], type=TicketPolicy),
            past=row["from_position"] == 0,
            actor=row["actor"],
            reason=row["reason"],
            decided_at=row["decided_at"],
        )
        for row in await policy_store.policies(db, workspace)
        if row["part"] == "policy"
    ]
    return [*reversed(versions), STANDARD_VERSION]


async def decide(
    db: Db,
    workspace: WorkspaceId,
    policy: TicketPolicy,
    *,
    past: bool,
    actor: str,
    reason: str | None,
    now: datetime,
) -> PolicyVersion:
    """Put a policy in force, in a transaction that no other write is beside: from now on, or for the past too."""
    version = await policy_store.latest_policy(db, workspace) + 1
    body = msgspec.json.encode(policy)
    await policy_store.add_policy(db, workspace, version, body, past=past, actor=actor, reason=reason, now=now)
    return PolicyVersion(version=version, policy=policy, past=past, actor=actor, reason=reason, decided_at=now)


class DeskVersion(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk is set up to be; version 0 is nothing at all."""

    version: int = 0
    configuration: DeskConfiguration = NO_DESK
    actor: str | None = None
    reason: str | None = None
    decided_at: datetime | None = None


async def read_desk(db: Db, workspace: WorkspaceId) -> DeskVersion:
    """What is in force."""
    rows = [row for row in await policy_store.policies(db, workspace) if row["part"] == "desk"]
    return _desk_version(rows[-1]) if rows else DeskVersion()


def _desk_version(row: Row) -> DeskVersion:
    return DeskVersion(
        version=row["version"],
        configuration=decode_desk(row["policy"]),
        actor=row["actor"],
        reason=row["reason"],
        decided_at=row["decided_at"],
    )


async def decide_desk(
    db: Db,
    workspace: WorkspaceId,
    change: Callable[[DeskConfiguration], DeskConfiguration],
    *,
    actor: str,
    reason: str | None,
    now: datetime,
) -> DeskVersion:
    """Change what is set up, from now on, in a transaction that no other write is beside. Raises `InvalidField` with
    the path at fault."""
    version = await policy_store.latest_policy(db, workspace) + 1
    changed = change((await read_desk(db, workspace)).configuration)
    desk_rules_of(changed, version)
    body = msgspec.json.encode(changed)
    await policy_store.add_policy(
        db, workspace, version, body, part="desk", past=False, actor=actor, reason=reason, now=now
    )
    return DeskVersion(version=version, configuration=changed, actor=actor, reason=reason, decided_at=now)
