"""Which trainings were put in force, by whom and from what: versions, of which each takes the learned shares' place."""

from datetime import datetime

import msgspec

from identity import pass_store
from identity.claims import lock_key
from identity.customers import WorkspaceId
from identity.statistics import Counts
from identity.store import Db, lock
from identity.training import ESTIMATED, Share
from identity.weights import VERSION


class Training(msgspec.Struct, frozen=True, kw_only=True):
    """From how many contacts, pairs of them and answers of people; what it made of each level; and the links that would
    have appeared and fallen when it was put in force."""

    contacts: int
    pairs: int
    answers: int
    shares: list[Share]
    appear: int
    fall: int


class TrainingVersion(msgspec.Struct, frozen=True, kw_only=True):
    """`model` is the version of the table of weights that the shares were learned on top of."""

    version: int
    model: str
    training: Training
    actor: str
    reason: str | None
    decided_at: datetime


async def read_trainings(db: Db, workspace: WorkspaceId) -> list[TrainingVersion]:
    """Every version, the latest first."""
    return [
        TrainingVersion(
            version=row["version"],
            model=row["model"],
            training=msgspec.json.decode(row["training"], type=Training),
            actor=row["actor"],
            reason=row["reason"],
            decided_at=row["decided_at"],
        )
        for row in await pass_store.trainings(db, workspace)
    ]


async def put_in_force(
    db: Db,
    workspace: WorkspaceId,
    training: Training,
    levels: Counts,
    *,
    actor: str,
    reason: str | None,
    now: datetime,
) -> TrainingVersion:
    """Let `levels` be the counters of levels: decisions go on adding to them."""
    await lock(db, [lock_key(workspace, "identity training")])
    latest = await pass_store.trainings(db, workspace)
    version = TrainingVersion(
        version=latest[0]["version"] + 1 if latest else 1,
        model=VERSION,
        training=training,
        actor=actor,
        reason=reason,
        decided_at=now,
    )
    body, names = msgspec.json.encode(training), sorted(levels.numbers)
    await pass_store.add_training(db, workspace, version.version, VERSION, body, actor=actor, reason=reason, now=now)
    await pass_store.replace_some(db, workspace, ESTIMATED, names, [levels.numbers[name] for name in names])
    return version
