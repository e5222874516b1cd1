"""Which policies of identity were decided, by whom, and a new one."""

from datetime import datetime
from typing import Final

import msgspec

from identity import blocking_store
from identity.claims import lock_key
from identity.customers import WorkspaceId
from identity.policy import STANDARD, IdentityPolicy
from identity.store import Db, Row, lock


class IdentityPolicyVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A policy of a workspace; the highest version is in force. Version 0, by nobody, is the standard."""

    version: int
    policy: IdentityPolicy
    actor: str | None = None
    reason: str | None = None
    decided_at: datetime | None = None


STANDARD_VERSION: Final = IdentityPolicyVersion(version=0, policy=STANDARD)


async def read_versions(db: Db, workspace: WorkspaceId) -> list[IdentityPolicyVersion]:
    """Every version, the one in force first."""
    return [*(_version(row) for row in await blocking_store.policies(db, workspace)), STANDARD_VERSION]


async def in_force(db: Db, workspace: WorkspaceId) -> IdentityPolicy:
    row = await blocking_store.policy_in_force(db, workspace)
    return STANDARD if row is None else msgspec.json.decode(row["policy"], type=IdentityPolicy)


async def decide(
    db: Db, workspace: WorkspaceId, policy: IdentityPolicy, *, actor: str, reason: str | None, now: datetime
) -> IdentityPolicyVersion:
    """Put a policy in force; the one in force already makes no new version."""
    await lock(db, [lock_key(workspace, "identity policy")])
    latest = (await read_versions(db, workspace))[0]
    if latest.policy == policy:
        return latest
    version = latest.version + 1
    body = msgspec.json.encode(policy)
    await blocking_store.add_policy(db, workspace, version, body, actor=actor, reason=reason, now=now)
    return IdentityPolicyVersion(version=version, policy=policy, actor=actor, reason=reason, decided_at=now)


def _version(row: Row) -> IdentityPolicyVersion:
    return IdentityPolicyVersion(
        version=row["version"],
        policy=msgspec.json.decode(row["policy"], type=IdentityPolicy),
        actor=row["actor"],
        reason=row["reason"],
        decided_at=row["decided_at"],
    )
