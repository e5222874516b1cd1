"""Every statement of the outbox: mails on their way out, and the domains that are left alone for a while."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from channels.store import Db, Row

_MAIL: Final = (
    "id, key, account_id, event_id, contact_id, conversation, purpose, message_id, recipients, domain, state, "
    "outcomes, tries, doubts, status, reason, made_at, due_at, next_try_at, tried_at, sent_at"
)
_SIGNS_IN: Final = "purpose IN ('invitation', 'reset')"
"""What holds a link that signs somebody in: nothing needs its bytes once it went out."""


async def add(db: Db, workspace: UUID, mail: UUID, **columns: Any) -> bool:
    """False where one of this key is there already. `columns`: key, account, event, contact, conversation, purpose,
    message_id, recipients (bytes), domain, raw, files (bytes), state, reason, next_try_at, now."""
    done = await db.fetchval(
        "INSERT INTO outbound_mail (workspace_id, id, key, account_id, event_id, contact_id, conversation, purpose, "
        "message_id, recipients, domain, raw, files, state, reason, next_try_at, made_at, due_at) VALUES ($1, $2, $3, "
        "$4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17) "
        "ON CONFLICT (workspace_id, key) DO NOTHING RETURNING id",
        workspace,
        mail,
        columns["key"],
        columns["account"],
        columns["event"],
        columns["contact"],
        columns["conversation"],
        columns["purpose"],
        columns["message_id"],
        columns["recipients"],
        columns["domain"],
        columns["raw"],
        columns["files"],
        columns["state"],
        columns["reason"],
        columns["next_try_at"],
        columns["now"],
    )
    return done is not None


async def mail(db: Db, workspace: UUID, mail_id: UUID, *, alone: bool = False) -> Row | None:
    """With `alone`, nobody else changes it until the transaction ends."""
    ending = " FOR UPDATE" if alone else ""
    return await db.fetchrow(
        f"SELECT {_MAIL} FROM outbound_mail WHERE workspace_id = $1 AND id = $2{ending}", workspace, mail_id
    )


async def mail_of_key(db: Db, workspace: UUID, key: str) -> Row | None:
    return await db.fetchrow(f"SELECT {_MAIL} FROM outbound_mail WHERE workspace_id = $1 AND key = $2", workspace, key)


async def mails(
    db: Db, workspace: UUID, states: Sequence[str], account: UUID | None, before: UUID | None, limit: int
) -> list[Row]:
    """The newest first; without states, in any."""
    values: list[Any] = [workspace, before, limit]
    wanted = ""
    if account is not None:
        values.append(account)
        wanted += f" AND account_id = ${len(values)}"
    if states and {*states} <= {"failed", "uncertain"}:
        wanted += " AND state IN ('failed', 'uncertain')"  # said outright: a partial index has them
    if states:
        values.append(list(states))
        wanted += f" AND state = ANY(${len(values)}::text[])"
    return await db.fetch(
        f"SELECT {_MAIL} FROM outbound_mail WHERE workspace_id = $1 AND ($2::uuid IS NULL OR id < $2){wanted} "
        "ORDER BY id DESC LIMIT $3",
        *values,
    )


async def due(db: Db, workspace: UUID, now: datetime) -> list[Row]:
    """Accounts and domains that have something to be sent now, and how often each failed in a row."""
    return await db.fetch(
        "SELECT m.account_id, m.domain, coalesce(l.failures, 0) AS failures FROM (SELECT DISTINCT account_id, domain "
        "FROM outbound_mail WHERE workspace_id = $1 AND next_try_at <= $2) AS m LEFT JOIN outbound_lane l "
        "ON l.workspace_id = $1 AND l.account_id = m.account_id AND l.domain = m.domain "
        "WHERE l.paused_until IS NULL OR l.paused_until <= $2 ORDER BY m.account_id, m.domain",
        workspace,
        now,
    )


async def lost(db: Db, workspace: UUID, account: UUID, domain: str, now: datetime, limit: int) -> list[Row]:
    """Mails that were being sent when their worker ended."""
    return await db.fetch(
        f"SELECT {_MAIL} FROM outbound_mail WHERE workspace_id = $1 AND account_id = $2 AND domain = $3 "
        "AND state = 'sending' AND next_try_at <= $4 ORDER BY id LIMIT $5",
        workspace,
        account,
        domain,
        now,
        limit,
    )


async def stale(db: Db, workspace: UUID, limit: int) -> list[Row]:
    """Mails that a backup brought back undecided."""
    return await db.fetch(
        f"SELECT {_MAIL} FROM outbound_mail WHERE workspace_id = $1 AND next_try_at IS NOT NULL "
        "AND epoch < current_epoch() ORDER BY id LIMIT $2",
        workspace,
        limit,
    )


async def is_stale(db: Db, workspace: UUID) -> bool:
    found = await db.fetchval(
        "SELECT EXISTS (SELECT FROM outbound_mail WHERE workspace_id = $1 AND next_try_at IS NOT NULL "
        "AND epoch < current_epoch())",
        workspace,
    )
    return found is True


async def claim(
    db: Db, workspace: UUID, account: UUID, domain: str, now: datetime, until: datetime, limit: int
) -> list[Row]:
    """The next due mails of a domain, counted as tried before anybody tries; two workers never get the same."""
    return await db.fetch(
        "WITH taken AS MATERIALIZED (SELECT id FROM outbound_mail WHERE workspace_id = $1 AND account_id = $2 "
        "AND domain = $3 AND next_try_at <= $4 AND state IN ('waiting', 'uncertain') AND epoch = current_epoch() "
        "ORDER BY next_try_at, id LIMIT $6 FOR UPDATE SKIP LOCKED), "
        "moved AS (UPDATE outbound_mail m SET tries = m.tries + 1, tried_at = $4, next_try_at = $5 FROM taken t "
        "WHERE m.workspace_id = $1 AND m.id = t.id RETURNING m.id, m.event_id, m.contact_id, m.message_id, "
        "m.recipients, m.raw, m.files, m.outcomes, m.tries, m.doubts, m.due_at) "
        "SELECT id, event_id, contact_id, message_id, recipients, raw, files, outcomes, tries, doubts, due_at "
        "FROM moved ORDER BY id",
        workspace,
        account,
        domain,
        now,
        until,
        limit,
    )


async def begin(db: Db, workspace: UUID, mail_id: UUID, tries: int, until: datetime) -> bool:
    """Write down that its content goes out from here on; False where it is not this attempt's any more."""
    done = await db.fetchval(
        "UPDATE outbound_mail SET state = 'sending', next_try_at = $4 WHERE workspace_id = $1 AND id = $2 "
        "AND tries = $3 AND state IN ('waiting', 'uncertain') AND epoch = current_epoch() RETURNING id",
        workspace,
        mail_id,
        tries,
        until,
    )
    return done is not None


async def hold(db: Db, workspace: UUID, mail_id: UUID, tries: int, until: datetime) -> None:
    """Nobody takes it for free, or for lost, before then."""
    await db.execute(
        "UPDATE outbound_mail SET next_try_at = $4 WHERE workspace_id = $1 AND id = $2 AND tries = $3 "
        "AND next_try_at IS NOT NULL",
        workspace,
        mail_id,
        tries,
        until,
    )


async def settle(db: Db, workspace: UUID, mails: Sequence[dict[str, Any]], now: datetime) -> list[UUID]:
    """What became of attempts, each with id, tries, before (the state that it must be in; None: any that goes on),
    state, outcomes (bytes), doubts, status, reason, next_try_at; those that were erased, discarded or taken by another
    attempt meanwhile are left as they are. Returns the others."""
    rows = await db.fetch(
        "UPDATE outbound_mail m SET state = k.state, outcomes = k.outcomes, doubts = k.doubts, status = k.status, "
        "reason = k.reason, next_try_at = k.next_try, sent_at = CASE WHEN k.state = 'sent' THEN $10 ELSE m.sent_at END"
        f", raw = CASE WHEN k.state = 'sent' AND m.{_SIGNS_IN} THEN NULL ELSE m.raw END "
        "FROM unnest($2::uuid[], $3::int[], $4::text[], $5::jsonb[], $6::int[], $7::int[], $8::text[], "
        "$9::timestamptz[], $11::text[]) AS k(id, tries, state, outcomes, doubts, status, reason, next_try, before) "
        "WHERE m.workspace_id = $1 AND m.id = k.id AND m.tries = k.tries AND m.next_try_at IS NOT NULL "
        "AND m.state = coalesce(k.before, m.state) RETURNING m.id",
        workspace,
        [one["id"] for one in mails],
        [one["tries"] for one in mails],
        [one["state"] for one in mails],
        [one["outcomes"] for one in mails],
        [one["doubts"] for one in mails],
        [one["status"] for one in mails],
        [one["reason"] for one in mails],
        [one["next_try_at"] for one in mails],
        now,
        [one["before"] for one in mails],
    )
    return [row["id"] for row in rows]


async def decide(
    db: Db, workspace: UUID, mail_id: UUID, *, state: str, outcomes: bytes, reason: str | None, now: datetime
) -> Row:
    """What a person decided: to be sent again, now and in this epoch, or never, or that it has arrived."""
    row = await db.fetchrow(
        "UPDATE outbound_mail SET state = $3, outcomes = $4, reason = $5, epoch = current_epoch(), "
        "doubts = CASE WHEN $3 IN ('waiting', 'suppressed') THEN 0 ELSE doubts END, tries = tries + 1, "
        f"raw = CASE WHEN $3 IN ('sent', 'suppressed') AND {_SIGNS_IN} THEN NULL ELSE raw END, "
        "sent_at = CASE WHEN $3 = 'sent' THEN $6 ELSE sent_at END, "
        "due_at = CASE WHEN $3 = 'waiting' THEN $6 ELSE due_at END, "
        "next_try_at = CASE WHEN $3 = 'waiting' THEN $6 END "
        f"WHERE workspace_id = $1 AND id = $2 RETURNING {_MAIL}",
        workspace,
        mail_id,
        state,
        outcomes,
        reason,
        now,
    )
    assert row is not None
    return row


async def has_bytes(db: Db, workspace: UUID, mail_id: UUID) -> bool:
    found = await db.fetchval(
        "SELECT raw IS NOT NULL FROM outbound_mail WHERE workspace_id = $1 AND id = $2", workspace, mail_id
    )
    return found is True


async def lane(db: Db, workspace: UUID, account: UUID, domain: str) -> Row | None:
    """How a domain fails; None where it does not."""
    return await db.fetchrow(
        "SELECT failures, failing_since, paused_until FROM outbound_lane WHERE workspace_id = $1 AND account_id = $2 "
        "AND domain = $3",
        workspace,
        account,
        domain,
    )


async def set_lane(
    db: Db,
    workspace: UUID,
    account: UUID,
    domain: str,
    *,
    failures: int,
    failing_since: datetime | None,
    paused_until: datetime | None,
    reason: str,
) -> None:
    await db.execute(
        "INSERT INTO outbound_lane (workspace_id, account_id, domain, failures, failing_since, paused_until, reason) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (workspace_id, account_id, domain) DO UPDATE SET "
        "failures = excluded.failures, failing_since = excluded.failing_since, paused_until = excluded.paused_until, "
        "reason = excluded.reason",
        workspace,
        account,
        domain,
        failures,
        failing_since,
        paused_until,
        reason,
    )


async def clear_lane(db: Db, workspace: UUID, account: UUID, domain: str) -> None:
    await db.execute(
        "DELETE FROM outbound_lane WHERE workspace_id = $1 AND account_id = $2 AND domain = $3",
        workspace,
        account,
        domain,
    )


async def forget_bytes(db: Db, workspace: UUID, made_before: datetime, before: UUID, limit: int) -> int:
    """Drop the bytes of what went out long ago; how many. `before` is an id of that time: ids are in order of time."""
    done = await db.fetch(
        "WITH old AS (SELECT id FROM outbound_mail WHERE workspace_id = $1 AND id < $3 AND raw IS NOT NULL "
        "AND next_try_at IS NULL AND made_at < $2 ORDER BY id LIMIT $4) UPDATE outbound_mail m SET raw = NULL, "
        "files = '[]' FROM old WHERE m.workspace_id = $1 AND m.id = old.id RETURNING m.id",
        workspace,
        made_before,
        before,
        limit,
    )
    return len(done)


async def blanked(db: Db, workspace: UUID, events: Sequence[UUID]) -> set[UUID]:
    """Those of the events that an erasure has blanked."""
    rows = await db.fetch(
        "SELECT id FROM erased_record WHERE workspace_id = $1 AND id = ANY($2::uuid[])", workspace, list(events)
    )
    return {row["id"] for row in rows}


async def forget_lanes(db: Db, workspace: UUID, contacts: Sequence[UUID], erasure: UUID) -> None:
    """What servers said of mails that `erase` is about to blank: they name whom they refuse."""
    await db.execute(
        "DELETE FROM outbound_lane l USING outbound_mail m WHERE l.workspace_id = $1 AND m.workspace_id = $1 "
        "AND m.account_id = l.account_id AND m.domain = l.domain AND (m.contact_id = ANY($2::uuid[]) "
        "OR m.event_id IN (SELECT r.id FROM erased_record r WHERE r.workspace_id = $1 AND r.erasure_id = $3))",
        workspace,
        contacts,
        erasure,
    )


async def erase(db: Db, workspace: UUID, contacts: Sequence[UUID], erasure: UUID) -> None:
    """Blank what was written to these contacts, and what carried an event that an erasure has blanked. What waits is
    never sent. That something was here stays, with its ids."""
    await db.execute(
        "UPDATE outbound_mail m SET raw = NULL, files = '[]', recipients = '{}', outcomes = '{}', domain = '', "
        "reason = 'erased', conversation = NULL, next_try_at = NULL, "
        "state = CASE WHEN m.state IN ('waiting', 'sending', 'uncertain') THEN 'suppressed' ELSE m.state END "
        "WHERE m.workspace_id = $1 AND (m.contact_id = ANY($2::uuid[]) OR m.event_id IN (SELECT r.id "
        "FROM erased_record r WHERE r.workspace_id = $1 AND r.erasure_id = $3))",
        workspace,
        contacts,
        erasure,
    )


# -- what a reply needs to know --------------------------------------------------------------------------------------


async def senders(db: Db, workspace: UUID, sources: Sequence[str], accounts: Sequence[UUID], kind: str) -> list[Row]:
    """The accounts of a kind, by themselves or by what they stand for, also disabled ones, the oldest first."""
    return await db.fetch(
        "SELECT id, kind, name, source, settings, proves, disabled_at, created_at FROM channel_account "
        "WHERE workspace_id = $1 AND (source = ANY($2::text[]) OR id = ANY($3::uuid[])) AND kind = $4 ORDER BY id",
        workspace,
        list(sources),
        list(accounts),
        kind,
    )


async def sender(db: Db, workspace: UUID, account: UUID, kind: str) -> Row | None:
    """An account of a kind that is not disabled."""
    return await db.fetchrow(
        "SELECT id, kind, name, source, settings, proves, disabled_at FROM channel_account WHERE workspace_id = $1 "
        "AND id = $2 AND kind = $3 AND disabled_at IS NULL",
        workspace,
        account,
        kind,
    )


async def answered(db: Db, workspace: UUID, events: Sequence[UUID]) -> list[Row]:
    """The items that replies answer: where they came from, in which conversation, and the ids of the mails that they
    were or, sent by us, became."""
    return await db.fetch(
        "SELECT e.id, e.source, e.conversation, e.subject, e.message_id, e.thread, m.message_id AS ours, "
        "m.account_id, m.conversation AS our_conversation FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL "
        "(SELECT id, source, conversation, data->>'subject' AS subject, data->'data'->'mail'->>'message_id' "
        "AS message_id, data->'data'->'mail'->'references' AS thread FROM event WHERE workspace_id = $1 AND id = k.id "
        "LIMIT 1) AS e LEFT JOIN LATERAL (SELECT message_id, account_id, conversation FROM outbound_mail "
        "WHERE workspace_id = $1 AND event_id = e.id AND purpose = 'reply' LIMIT 1) AS m ON true",
        workspace,
        list(events),
    )


async def sent_before(db: Db, workspace: UUID, events: Sequence[UUID]) -> list[Row]:
    """The message ids of our mails about the same items, in their order: a thread's mails of today."""
    return await db.fetch(
        "SELECT k.id, o.message_id FROM unnest($2::uuid[]) AS k(id) CROSS JOIN LATERAL (SELECT m.message_id, m.id "
        "FROM event e JOIN outbound_mail m ON m.workspace_id = $1 AND m.event_id = e.id AND m.purpose = 'reply' "
        "WHERE e.workspace_id = $1 AND e.about = k.id ORDER BY m.id DESC LIMIT 5) AS o ORDER BY k.id, o.id",
        workspace,
        list(events),
    )


async def is_listening(db: Db, workspace: UUID, kind: str) -> bool:
    """Whether there is an account of the kind, also a disabled one: what cannot go out is told."""
    found = await db.fetchval(
        "SELECT EXISTS (SELECT FROM channel_account WHERE workspace_id = $1 AND kind = $2) "
        "OR EXISTS (SELECT FROM outbound_mail WHERE workspace_id = $1 AND next_try_at IS NOT NULL)",
        workspace,
        kind,
    )
    return found is True


async def epoch(db: Db) -> int:
    """Of the workspace that the transaction works for."""
    found = await db.fetchval("SELECT coalesce(current_epoch(), 1)")
    assert isinstance(found, int)
    return found
