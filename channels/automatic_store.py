"""Every statement about automatic mail: what went to an address lately, what an item says that is answered, which
addresses bounced, and what agents are to be told by mail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from channels.store import Db, Row

_GOES_OUT: Final = "(made_at > {since} OR tried_at > {since} OR next_try_at IS NOT NULL)"
"""Within the time since; what was made before it waits for two days at most."""
_BOUNCE: Final = "id, mail_id, address, event_id, status, words, bounced_at, cleared_at, cleared_by"


async def lock(db: Db, keys: Sequence[int]) -> None:
    """Count addresses alone until the transaction ends; `keys` come sorted."""
    await db.execute("SELECT pg_advisory_xact_lock(k) FROM unnest($1::bigint[]) AS k", keys)


async def lately(
    db: Db, workspace: UUID, addresses: Sequence[str], since: datetime, acknowledged_since: datetime
) -> list[Row]:
    """Of each address (in small letters) how many automatic mails it got since or will get, how many acknowledgements,
    and whether mail to it came back. What was never sent does not count; what waits does, however long."""
    return await db.fetch(
        "SELECT k.address, m.sent, m.acknowledged, EXISTS (SELECT FROM mail_bounce b WHERE b.workspace_id = $1 "
        "AND b.address = k.address AND b.cleared_at IS NULL) AS bounced FROM unnest($2::text[]) AS k(address) "
        f"CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE {_GOES_OUT.format(since='$3')}) AS sent, count(*) FILTER "
        f"(WHERE purpose = 'acknowledgement' AND {_GOES_OUT.format(since='$4')}) AS acknowledged "
        "FROM outbound_mail WHERE workspace_id = $1 AND purpose <> 'reply' "
        "AND lower(recipients #>> '{to,0,address}') = k.address AND made_at > $3::timestamptz - interval '3 days' "
        "AND state IN ('waiting', 'sending', 'sent', 'uncertain')) AS m",
        workspace,
        list(addresses),
        since,
        acknowledged_since,
    )


async def mailboxes(db: Db, workspace: UUID, kind: str) -> list[Row]:
    """Every account of a kind, also those that are disabled: their addresses are ours all the same. The oldest
    first."""
    return await db.fetch(
        "SELECT id, kind, name, source, settings, proves, disabled_at, created_at FROM channel_account "
        "WHERE workspace_id = $1 AND kind = $2 ORDER BY id",
        workspace,
        kind,
    )


async def items(db: Db, workspace: UUID, events: Sequence[UUID]) -> list[Row]:
    """What items say that an automatic mail may answer, and the number of the ticket that they are in."""
    return await db.fetch(
        "SELECT e.id, e.source, e.conversation, e.occurred_at, e.mail, (SELECT n.number FROM ticket_item i "
        "JOIN ticket_number n ON n.workspace_id = $1 AND n.ticket_id = i.ticket_id WHERE i.workspace_id = $1 "
        "AND i.event_id = e.id ORDER BY n.number DESC LIMIT 1) AS number FROM unnest($2::uuid[]) AS k(id) "
        "CROSS JOIN LATERAL (SELECT id, source, conversation, occurred_at, data->'data'->'mail' AS mail FROM event "
        "WHERE workspace_id = $1 AND id = k.id LIMIT 1) AS e",
        workspace,
        list(events),
    )


# -- bounces ---------------------------------------------------------------------------------------------------------


async def add_bounce(db: Db, workspace: UUID, bounce: UUID, **columns: Any) -> bool:
    """False where it was told before. `columns`: mail, address, event, status, words, now."""
    done = await db.fetchval(
        "INSERT INTO mail_bounce (workspace_id, id, mail_id, address, event_id, status, words, bounced_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (workspace_id, mail_id, address) DO NOTHING RETURNING id",
        workspace,
        bounce,
        columns["mail"],
        columns["address"],
        columns["event"],
        columns["status"],
        columns["words"],
        columns["now"],
    )
    return done is not None


async def bounces(db: Db, workspace: UUID, address: str | None, before: UUID | None, limit: int) -> list[Row]:
    """Those that were not cleared, the newest first."""
    return await db.fetch(
        f"SELECT {_BOUNCE} FROM mail_bounce WHERE workspace_id = $1 AND cleared_at IS NULL "
        "AND ($2::text IS NULL OR address = $2) AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4",
        workspace,
        address,
        before,
        limit,
    )


async def standing_bounces(db: Db, workspace: UUID, addresses: Sequence[str]) -> list[Row]:
    """Which of these addresses in small letters bounced and were not cleared: since when, and the latest report."""
    return await db.fetch(
        "SELECT DISTINCT ON (address) address, status, words, min(bounced_at) OVER (PARTITION BY address) AS since "
        "FROM mail_bounce WHERE workspace_id = $1 AND cleared_at IS NULL AND address = ANY($2::text[]) "
        "ORDER BY address, id DESC",
        workspace,
        list(addresses),
    )


async def bounced_of(db: Db, workspace: UUID, reply: UUID) -> list[Row]:
    """The latest bounce of each address that a reply goes to and that has one which was not cleared."""
    return await db.fetch(
        f"SELECT DISTINCT ON (address) {_BOUNCE} FROM mail_bounce WHERE workspace_id = $1 AND cleared_at IS NULL "
        "AND address IN (SELECT lower(one) FROM event e CROSS JOIN unnest(ARRAY['to', 'cc', 'bcc']) AS field "
        "CROSS JOIN jsonb_array_elements_text(coalesce(e.data->'data'->'mail'->field, '[]')) AS one "
        "WHERE e.workspace_id = $1 AND e.id = $2) ORDER BY address, id DESC",
        workspace,
        reply,
    )


async def clear(db: Db, workspace: UUID, bounce: UUID, by: str, now: datetime) -> Row | None:
    """Clear the address of a bounce, of all its bounces; None where there is no such."""
    await db.execute(
        "UPDATE mail_bounce SET cleared_at = $3, cleared_by = $4 WHERE workspace_id = $1 AND cleared_at IS NULL "
        "AND address = (SELECT address FROM mail_bounce WHERE workspace_id = $1 AND id = $2)",
        workspace,
        bounce,
        now,
        by,
    )
    return await db.fetchrow(
        f"SELECT {_BOUNCE} FROM mail_bounce WHERE workspace_id = $1 AND id = $2", workspace, bounce
    )


async def erase(db: Db, workspace: UUID, contacts: Sequence[UUID], erasure: UUID) -> None:
    """Forget what came back of mails to these contacts, and reports that an erasure has blanked."""
    await db.execute(
        "DELETE FROM mail_bounce b WHERE b.workspace_id = $1 AND (b.mail_id IN (SELECT m.id FROM outbound_mail m "
        "WHERE m.workspace_id = $1 AND m.contact_id = ANY($2::uuid[])) OR b.event_id IN (SELECT r.id "
        "FROM erased_record r WHERE r.workspace_id = $1 AND r.erasure_id = $3) OR b.mail_id IN (SELECT m.id "
        "FROM outbound_mail m JOIN erased_record r ON r.workspace_id = $1 AND r.erasure_id = $3 AND r.id = m.event_id "
        "WHERE m.workspace_id = $1))",
        workspace,
        contacts,
        erasure,
    )


# -- what agents are told --------------------------------------------------------------------------------------------


async def take_notices(
    db: Db, workspace: UUID, since: datetime, until: datetime, limit: int, *, counted_since: datetime, most: int
) -> list[Row]:
    """Notices that nobody has read, of agents who have had one for long enough, with all that these have by now; no
    other worker gets them. Who got as many automatic mails as one may waits, and gets all in one later. Each with the
    agent as of now and the name of the agent who did it."""
    return await db.fetch(
        "WITH waiting AS MATERIALIZED (SELECT w.agent_id FROM (SELECT DISTINCT agent_id FROM notification "
        "WHERE workspace_id = $1 AND mailed_at IS NULL AND read_at IS NULL AND made_at > $2 AND made_at <= $3) AS w "
        "JOIN agent a ON a.workspace_id = $1 AND a.id = w.agent_id WHERE (SELECT count(*) FROM outbound_mail "
        "WHERE workspace_id = $1 AND purpose <> 'reply' AND lower(recipients #>> '{to,0,address}') = lower(a.email) "
        f"AND made_at > $5::timestamptz - interval '3 days' AND {_GOES_OUT.format(since='$5')} "
        "AND state IN ('waiting', 'sending', 'sent', 'uncertain')) < $6 LIMIT $4), "
        "taken AS MATERIALIZED (SELECT n.id, n.agent_id, n.kind, n.ticket_id, n.event_id, n.actor "
        "FROM notification n JOIN waiting w ON w.agent_id = n.agent_id WHERE n.workspace_id = $1 "
        "AND n.mailed_at IS NULL AND n.read_at IS NULL AND n.made_at > $2 FOR UPDATE OF n SKIP LOCKED) "
        "SELECT t.id, t.agent_id, t.kind, t.ticket_id, t.event_id, a.email, a.mails, a.disabled_at, "
        "(SELECT number FROM ticket_number WHERE workspace_id = $1 AND ticket_id = t.ticket_id) AS number, "
        "(SELECT b.name FROM agent b WHERE b.workspace_id = $1 AND t.actor = 'agent:' || b.id) AS actor "
        "FROM taken t JOIN agent a ON a.workspace_id = $1 AND a.id = t.agent_id ORDER BY t.id",
        workspace,
        since,
        until,
        limit,
        counted_since,
        most,
    )


async def restored_at(db: Db, workspace: UUID) -> datetime | None:
    """When a backup was put back last."""
    return await db.fetchval("SELECT max(restored_at) FROM restoration WHERE workspace_id = $1", workspace)


async def mark_mailed(db: Db, workspace: UUID, notices: Sequence[UUID], now: datetime) -> None:
    await db.execute(
        "UPDATE notification SET mailed_at = $3 WHERE workspace_id = $1 AND id = ANY($2::uuid[])",
        workspace,
        list(notices),
        now,
    )
