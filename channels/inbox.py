"""The quarantine: what reached us and could not become an event, with its bytes, until a person decides.

The same payload is kept once, however often it comes. Replaying reads it again with what its key proved then.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from channels import store
from identity.claims import lock_key
from identity.customers import WorkspaceId
from identity.errors import NotFound
from timeline.errors import ItemRefused
from timeline.events import Actor
from timeline.intake import Outcome, Sender, receive
from timeline.interactions import InvalidField, decode
from timeline.threads import Workspace

State = Literal["waiting", "replayed", "discarded"]
STATES: Final[tuple[State, ...]] = ("waiting", "replayed", "discarded")
PUSHED: Final = "push"
"""The door of interactions that were pushed: their raw bytes are one interaction's JSON."""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A payload about to be kept, and why."""

    door: str
    code: str
    reason: str
    fields: list[str] = []
    source: str | None = None
    source_id: str | None = None
    event_id: UUID | None = None
    raw: bytes
    actor: Actor
    proves: frozenset[str]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One payload in the quarantine. `tries` counts how often it came or was replayed."""

    id: UUID
    door: str
    source: str | None
    source_id: str | None
    event_id: UUID | None
    code: str
    reason: str
    fields: list[str]
    state: State
    tries: int
    actor: str
    proves: list[str]
    received_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    size: int


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What replaying came to; refused again, the entry goes on waiting."""

    entry: Entry
    outcome: Outcome


async def keep(db: store.Db, workspace: UUID, refused: Refused, *, new_id: Callable[[], UUID]) -> UUID:
    """Keep what was refused, in the transaction that answers. Returns the entry's id."""
    return await store.keep(
        db,
        workspace,
        new_id(),
        door=refused.door,
        source=refused.source,
        source_id=refused.source_id,
        event_id=refused.event_id,
        code=refused.code,
        reason=refused.reason,
        fields=refused.fields,
        raw=refused.raw,
        digest=hashlib.sha256(refused.raw).digest(),
        actor=refused.actor,
        proves=sorted(refused.proves),
    )


async def list_entries(
    db: store.Db, workspace: UUID, states: Sequence[State], after: UUID | None, limit: int
) -> list[Entry]:
    """Entries in these states, the oldest first."""
    return [_entry(row) for row in await store.entries(db, workspace, states, after, limit)]


async def show(db: store.Db, workspace: UUID, entry: UUID) -> tuple[Entry, bytes | None]:
    """An entry with its raw bytes (None: discarded). Raises `NotFound`."""
    row = await store.entry(db, workspace, entry)
    if row is None:
        raise NotFound
    return _entry(row), row["raw"]


async def replay(db: store.Db, workspace: Workspace, entry: UUID, *, by: Actor, new_id: Callable[[], UUID]) -> Replayed:
    """Read the payload again and receive it. Raises `NotFound`, `ItemRefused`, `StartOver`."""
    row = await _waiting(db, workspace.id, entry)
    outcome = await _receive(db, workspace, row, new_id)
    if outcome.status < 400:
        return Replayed(entry=_entry(await store.decide(db, workspace.id, entry, "replayed", by)), outcome=outcome)
    return Replayed(entry=_entry(await store.count_try(db, workspace.id, entry)), outcome=outcome)


async def discard(db: store.Db, workspace: UUID, entry: UUID, *, by: Actor) -> Entry:
    """Throw the payload's bytes away; that it was here stays. Raises `NotFound` and `ItemRefused`."""
    await _waiting(db, workspace, entry)
    return _entry(await store.decide(db, workspace, entry, "discarded", by))


async def _waiting(db: store.Db, workspace: UUID, entry: UUID) -> store.Row:
    await store.lock(db, lock_key(WorkspaceId(workspace), "quarantine", str(entry)))
    row = await store.entry(db, workspace, entry)
    if row is None:
        raise NotFound
    if row["state"] != "waiting":
        raise ItemRefused("id", f"this entry was {row['state']} before")
    return row


async def _receive(db: store.Db, workspace: Workspace, row: store.Row, new_id: Callable[[], UUID]) -> Outcome:
    sender = Sender(workspace=workspace, actor=row["actor"], proves=frozenset(row["proves"]))
    try:
        item = decode(row["raw"], workspace.channels)
    except InvalidField as error:
        return Outcome(status=400, code="invalid", fields=[error.field], words=error.words)
    return (await receive(db, sender, [item], new_id=new_id))[0]


def _entry(row: store.Row) -> Entry:
    return Entry(**{name: value for name, value in row.items() if name != "raw"})
