"""Every statement about objects: their newest states, kept and as of any moment."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from identity.customers import ContactId, WorkspaceId
from timeline.events import EventId
from timeline.store import EVENT, Db, Row

OBJECTS: Final = (
    "(SELECT json_agg(o ORDER BY o.shown_at DESC, o.type, o.id) FROM (SELECT DISTINCT ON (type, id) type, id, version, "
    "state, kind, contact_id, event_id, shown_at FROM object_state WHERE workspace_id = $1 AND contact_id {contacts} "
    "ORDER BY type, id, version_number DESC, version_text DESC) AS o)"
)
"""A column of the objects on some contacts, the latest first; `{contacts}` is the condition on them."""


async def known(
    db: Db, workspace: WorkspaceId, named: Sequence[tuple[ContactId, str, str]]
) -> set[tuple[ContactId, str, str]]:
    rows = await db.fetch(
        "SELECT o.contact_id, o.type, o.id FROM unnest($2::uuid[], $3::text[], $4::text[]) AS k(contact_id, type, id) "
        "CROSS JOIN LATERAL (SELECT * FROM object_state s WHERE s.workspace_id = $1 AND s.contact_id = k.contact_id "
        "AND s.type = k.type AND s.id = k.id LIMIT 1) AS o",
        workspace,
        [n[0] for n in named],
        [n[1] for n in named],
        [n[2] for n in named],
    )
    return {(row["contact_id"], row["type"], row["id"]) for row in rows}


class StateRow(msgspec.Struct, frozen=True, kw_only=True):
    """One pushed state of an object; `rank` is what versions are compared by."""

    contact_id: ContactId
    type: str
    id: str
    rank: tuple[int, str]
    version: bytes
    state: bytes
    kind: str
    event_id: EventId
    shown_at: datetime


async def write(db: Db, workspace: WorkspaceId, states: Sequence[StateRow]) -> None:
    """Keep the newest state of each object; `states` hold each object once. Equal versions: the later push wins."""
    await db.execute(
        "INSERT INTO object_state AS o (workspace_id, contact_id, type, id, version_number, version_text, "
        "version, state, kind, event_id, shown_at) SELECT $1, k.* FROM unnest($2::uuid[], $3::text[], $4::text[], "
        "$5::numeric[], $6::text[], "
        "$7::jsonb[], $8::jsonb[], $9::text[], $10::uuid[], $11::timestamptz[]) AS k "
        "ON CONFLICT (workspace_id, contact_id, type, id) DO UPDATE SET version_number = excluded.version_number, "
        "version_text = excluded.version_text, version = excluded.version, state = excluded.state, "
        "kind = excluded.kind, event_id = excluded.event_id, shown_at = excluded.shown_at "
        "WHERE (excluded.version_number, excluded.version_text) >= (o.version_number, o.version_text)",
        workspace,
        [s.contact_id for s in states],
        [s.type for s in states],
        [s.id for s in states],
        [s.rank[0] for s in states],
        [s.rank[1] for s in states],
        [s.version for s in states],
        [s.state for s in states],
        [s.kind for s in states],
        [s.event_id for s in states],
        [s.shown_at for s in states],
    )


async def as_of(db: Db, workspace: WorkspaceId, contacts: Sequence[ContactId], as_of: datetime) -> list[Row]:
    return await db.fetch(
        f"SELECT {EVENT} FROM event e WHERE e.workspace_id = $1 AND e.contact_id = ANY($2::uuid[]) AND "
        "e.recorded_at <= $3 AND e.data ? 'object' ORDER BY e.position",
        workspace,
        contacts,
        as_of,
    )
