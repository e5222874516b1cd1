"""Which tickets a list holds: the statements behind every list of tickets, and how many each of several would hold."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from identity.customers import CustomerId, WorkspaceId
from timeline.events import Priority, Status
from timeline.store import Db, Row
from timeline.tickets.ticket import OPEN, Waiting
from timeline.tickets.views import IN_FORCE, OWNER

Sort = Literal["last_at", "opened_at", "sla_due_at"]

NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""Where a list by due time has come to those that are never due."""
_DIRECTION: Final[dict[Sort, str]] = {"last_at": "DESC", "opened_at": "DESC", "sla_due_at": "ASC"}
_STATUS: Final = (
    "CASE WHEN t.closes_at <= now() THEN 'closed' WHEN t.resolves_at <= now() THEN 'resolved' ELSE t.status END"
)
"""As silence has left it by now."""
_IS_OPEN: Final = (
    "(t.is_open AND (t.closes_at IS NULL OR t.closes_at > now()) AND (t.resolves_at IS NULL OR t.resolves_at > now()))"
)
_ROW: Final = "t.id, t.number, t.contact_id, t.opened_at, t.last_at, t.sla_due_at, t.assignee, t.fold"
_WILD: Final = re.compile(r"([\\%_])")


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What a list holds. Empty sets filter nothing, but for `statuses`: the open ones. `start` is inclusive, `end`
    exclusive; `after` is where the page before ended: the time that it is sorted by, and a ticket."""

    statuses: frozenset[Status] = frozenset()
    priorities: frozenset[Priority] = frozenset()
    assignees: frozenset[UUID] = frozenset()
    unassigned: bool = False
    queues: frozenset[str] = frozenset()
    unqueued: bool = False
    teams: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    untyped: bool = False
    tags: tuple[str, ...] = ()
    channels: frozenset[str] = frozenset()
    waiting: frozenset[Waiting] = frozenset()
    fields: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Of each custom field the values of which it has one, as they are written in a query."""
    snoozed: bool | None = None
    breached: bool = False
    due_within: timedelta | None = None
    text: str | None = None
    customer: CustomerId | None = None
    start: datetime | None = None
    end: datetime | None = None
    sort: Sort = "last_at"
    after: tuple[datetime, UUID] | None = None
    limit: int = 50


async def page(db: Db, workspace: WorkspaceId, listing: Listing) -> list[Row]:
    """Tickets, the newest first or the first due: each with its customer, the latest policy and the time that its state
    is told by."""
    values: list[Any] = [workspace]
    way = _DIRECTION[listing.sort]
    by = f"ORDER BY t.{listing.sort} {way}, t.id {way}"
    order = f"{by} LIMIT ${_put(values, listing.limit)}"
    filters = " AND ".join(_filters(listing, values))
    rows = [
        f"SELECT {_ROW} {source} {order}"
        for start in _starts(listing, values)
        for source in _sources(listing, filters + start, order, values)
    ]
    every = rows[0] if len(rows) == 1 else f"SELECT {_ROW} FROM ({_united(rows)}) AS t {order}"
    return await db.fetch(
        f"SELECT t.id, t.number, t.fold, t.{listing.sort} AS at, t.sla_due_at, o.customer_id, {IN_FORCE}, "
        "CASE WHEN t.assignee IS NOT NULL THEN "
        "(SELECT name FROM agent WHERE workspace_id = $1 AND id = t.assignee) END AS assignee_name "
        f"FROM ({every}) AS t {OWNER} {by}",
        *values,
    )


async def counts(db: Db, workspace: WorkspaceId, listings: Sequence[Listing], most: int) -> list[int]:
    """How many tickets each of some lists holds, told up to `most`, in one statement."""
    values: list[Any] = [workspace, most]
    told: list[str] = []
    for listing in listings:
        filters = " AND ".join(_filters(listing, values))
        rows = _united([f"SELECT 1 {source}" for source in _sources(listing, filters, "LIMIT $2", values)])
        told.append(f"(SELECT count(*) FROM (SELECT FROM ({rows}) AS r LIMIT $2) AS c)")
    row = await db.fetchrow(f"SELECT {', '.join(told)}", *values) if told else None
    return [] if row is None else list(row.values())


def _united(rows: Sequence[str]) -> str:
    return " UNION ALL ".join(f"({one})" for one in rows)


def _put(values: list[Any], value: Any) -> int:
    values.append(value)
    return len(values)


def _starts(listing: Listing, values: list[Any]) -> list[str]:
    """Conditions by which a page goes on, each for a source of its own: what is never due comes last, and is met by
    its own end of the index."""
    if listing.after is None:
        return [""]
    time, last = listing.after
    ticket = _put(values, last)
    if listing.sort != "sla_due_at":
        at = _put(values, time)
        column = f"t.{listing.sort}"
        return [f" AND {column} <= ${at}::timestamptz AND ({column}, t.id) < (${at}, ${ticket}::uuid)"]
    if time == NEVER:
        return [f" AND t.sla_due_at IS NULL AND t.id > ${ticket}::uuid"]
    at = _put(values, time)
    going = f" AND t.sla_due_at >= ${at}::timestamptz AND (t.sla_due_at, t.id) > (${at}, ${ticket}::uuid)"
    return [going, " AND t.sla_due_at IS NULL"]


def _filters(listing: Listing, values: list[Any]) -> list[str]:
    """Conditions on `t` but for the status."""
    found: list[str] = ["t.workspace_id = $1", "t.joined_into IS NULL"]
    for column, among, nothing in (
        ("priority", listing.priorities, False),
        ("type", listing.types, listing.untyped),
        ("queue", listing.queues, listing.unqueued),
        ("waiting", listing.waiting, False),
    ):
        found.extend(_among(f"t.{column}", "text", sorted(among), nothing, values))
    found.extend(_among("t.assignee", "uuid", sorted(listing.assignees), listing.unassigned, values))
    if listing.teams:
        teams = _put(values, sorted(listing.teams))
        keys = f"SELECT key FROM queue WHERE workspace_id = $1 AND team = ANY(${teams}::text[])"
        found.append(f"t.queue = ANY(ARRAY({keys}))")
    if listing.tags:
        found.append(f"t.tags && ${_put(values, list(listing.tags))}::text[]")
    if listing.channels:
        found.append(f"t.fold->'channels' ?| ${_put(values, sorted(listing.channels))}::text[]")
    if listing.snoozed is not None:
        found.append(f"coalesce(t.snoozed_until > now(), false) = ${_put(values, listing.snoozed)}::boolean")
    found.extend(_told(listing, values))
    if listing.start is not None:
        found.append(f"t.opened_at >= ${_put(values, listing.start)}::timestamptz")
    if listing.end is not None:
        found.append(f"t.opened_at < ${_put(values, listing.end)}::timestamptz")
    return found


def _among(column: str, kind: str, values_of: Sequence[Any], nothing: bool, values: list[Any]) -> list[str]:
    """One of some values, or nothing there."""
    told = [f"{column} IS NULL"] * nothing
    if values_of:
        told.append(f"{column} = ANY(${_put(values, list(values_of))}::{kind}[])")
    return [f"({' OR '.join(told)})"] if told else []


def _told(listing: Listing, values: list[Any]) -> list[str]:
    """What is filled in, what is due, and what somebody looks for."""
    found = [_filled(key, some, values) for key, some in listing.fields]
    due = ["t.sla_due_at <= now()"] * listing.breached
    if listing.due_within is not None:
        span = _put(values, listing.due_within)
        due.append(f"(t.sla_due_at > now() AND t.sla_due_at <= now() + ${span}::interval)")
    found.extend([f"({' OR '.join(due)})"] if due else [])
    if listing.text is not None:
        looks = [f"t.fold->>'subject' ILIKE ${_put(values, _pattern(listing.text))}::text"]
        number = listing.text.removeprefix("#")
        if number.isascii() and number.isdigit() and len(number) <= 18:
            looks.append(f"t.number = ${_put(values, int(number))}::bigint")
        found.append(f"({' OR '.join(looks)})")
    return found


def _pattern(text: str) -> str:
    return "%" + _WILD.sub(r"\\\1", text) + "%"


def _filled(key: str, texts: Sequence[str], values: list[Any]) -> str:
    """A custom field that has one of some values, each as a text and as whatever else it may mean."""
    name, some = _put(values, key), _put(values, list(texts))
    one = _put(values, [meant for text in texts for meant in _meanings(text)])
    return (
        f"EXISTS (SELECT FROM jsonb_array_elements(t.fold->'fields') AS f(pair) WHERE f.pair->>0 = ${name}::text "
        f"AND (f.pair->1 = ANY(${one}::jsonb[]) OR jsonb_typeof(f.pair->1) = 'array' "
        f"AND f.pair->1 ?| ${some}::text[]))"
    )


def _meanings(text: str) -> list[bytes]:
    found = [msgspec.json.encode(text)]
    try:
        other = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return found
    return [*found, msgspec.json.encode(other)] if isinstance(other, bool | int | float) else found


def _sources(listing: Listing, filters: str, order: str, values: list[Any]) -> list[str]:
    """Where the rows come from: a customer's contacts, some agents' or queues' work, or an index in order, one scan a
    status."""
    ended = listing.statuses - frozenset(OPEN)
    opens = not listing.statuses or frozenset(OPEN) <= listing.statuses
    some = ended if opens else listing.statuses
    told = " OR ".join([_IS_OPEN] * opens + [f"{_STATUS} = '{status}'" for status in sorted(some)])
    if listing.customer is not None:
        whose = _put(values, listing.customer)
        return [
            f"FROM contact m CROSS JOIN LATERAL (SELECT {_ROW} FROM ticket t WHERE t.contact_id = m.id AND {filters} "
            f"AND ({told}) OFFSET 0) AS t WHERE m.workspace_id = $1 AND m.customer_id = ${whose}"
        ]
    if listing.assignees and not listing.unassigned:
        return [_each("assignee", "uuid", sorted(listing.assignees), f"{filters} AND ({told}) {order}", values)]
    if listing.queues and not listing.unqueued and not some:
        return [_each("queue", "text", sorted(listing.queues), f"{filters} AND {_IS_OPEN} {order}", values)]
    if listing.sort != "last_at":
        return [f"FROM ticket t WHERE {filters} AND ({told})"]
    sources = [f"FROM ticket t WHERE {filters} AND {_IS_OPEN}"] if opens else []
    sources.extend(
        f"FROM ticket t WHERE t.status = '{one}' AND {filters} AND {_STATUS} = '{one}'" for one in sorted(some)
    )
    if "closed" in some:
        due = "t.closes_at <= k.now AND NOT t.lapsed"
        sources.append(f"FROM (SELECT now() AS now OFFSET 0) AS k, ticket t WHERE {due} AND {filters}")
    return sources


def _each(column: str, kind: str, among: Sequence[Any], rest: str, values: list[Any]) -> str:
    """The work of each of some, by an index of its own."""
    some = _put(values, list(among))
    return (
        f"FROM unnest(${some}::{kind}[]) AS a(one) CROSS JOIN LATERAL (SELECT {_ROW} FROM ticket t "
        f"WHERE t.{column} = a.one AND {rest}) AS t"
    )
