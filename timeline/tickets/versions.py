"""Which ticket policies were decided, by whom and from when, and a new one."""

from datetime import datetime
from typing import Final

import msgspec

from identity.customers import WorkspaceId
from timeline.store import Db
from timeline.tickets import store
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
        for row in await store.policies(db, workspace)
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
    version = await store.latest_policy(db, workspace) + 1
    body = msgspec.json.encode(policy)
    await store.add_policy(db, workspace, version, body, past=past, actor=actor, reason=reason, now=now)
    return PolicyVersion(version=version, policy=policy, past=past, actor=actor, reason=reason, decided_at=now)
