"""What channels still hold of a person as it came: archived deliveries, and payloads in the quarantine."""

from collections.abc import Sequence
from uuid import UUID

from channels.store import Db, Row

_THEIRS = (
    "SELECT FROM event e LEFT JOIN placement p ON p.workspace_id = $1 AND p.event_id = e.id AND p.until = 'infinity' "
    "WHERE e.workspace_id = $1 AND {events} AND coalesce(p.contact_id, e.contact_id) {whose} ($2::uuid[])"
)


async def deliveries_of(db: Db, workspace: UUID, contacts: Sequence[UUID], after: UUID | None, limit: int) -> list[Row]:
    """Deliveries of which every event stands on these contacts, in order of id."""
    some = _THEIRS.format(events="e.id = ANY(d.event_ids)", whose="= ANY")
    others = _THEIRS.format(events="e.id = ANY(d.event_ids)", whose="<> ALL")
    return await db.fetch(
        "SELECT d.id, a.kind, a.name AS account, d.received_at, d.event_ids, d.raw FROM inbound_delivery d "
        "JOIN channel_account a ON a.workspace_id = $1 AND a.id = d.account_id WHERE d.workspace_id = $1 "
        "AND d.raw IS NOT NULL AND ($3::uuid IS NULL OR d.id > $3) "
        f"AND EXISTS ({some}) AND NOT EXISTS ({others}) ORDER BY d.id LIMIT $4",
        workspace,
        contacts,
        after,
        limit,
    )


async def entries(db: Db, workspace: UUID, ids: Sequence[UUID]) -> list[Row]:
    """Entries of the quarantine that still have their bytes, in order of id."""
    return await db.fetch(
        "SELECT id, door, source, source_id, reason, state, received_at, raw FROM quarantine "
        "WHERE workspace_id = $1 AND id = ANY($2::uuid[]) AND raw IS NOT NULL ORDER BY id",
        workspace,
        ids,
    )
