"""Every statement of the reports: the facts that a number is counted from, and how they are counted.

A fact is one row: a ticket, the time that puts it into a period, who had the ticket, and perhaps how long it took."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from identity.customers import WorkspaceId
from timeline.store import Db, Row

Number = Literal[
    "opened",
    "ended",
    "reopened",
    "backlog",
    "first_response",
    "next_response",
    "first_resolution",
    "resolution",
    "sla",
]
Dimension = Literal["queue", "type", "channel", "tag", "priority", "agent", "target", "policy"]
Period = Literal["hour", "day", "week", "month"]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A number, how it is grouped and what is counted. `where` holds the values of each dimension that count (None:
    has none); `start` is inclusive, `end` exclusive."""

    number: Number
    group: tuple[Dimension, ...] = ()
    period: Period | None = None
    zone: str = "UTC"
    where: Mapping[Dimension, frozenset[str | None]] = {}
    start: datetime | None = None
    end: datetime | None = None
    now: datetime
    least: float | None = None
    """Only what took at least so many seconds."""
    below: float | None = None
    kept: bool | None = None
    """Only promises that were kept, or only broken ones."""


class Instants(msgspec.Struct, frozen=True, kw_only=True):
    """The moments at which a backlog is counted, with the beginning of the period of each."""

    starts: Sequence[datetime | None]
    ends: Sequence[datetime]


PERCENTILES: Final = (0.5, 0.9, 0.95)
_OF_TICKET: Final[Mapping[Dimension, str]] = {
    "queue": "t.queue",
    "type": "t.type",
    "channel": "t.channel",
    "priority": "t.priority",
    "target": "c.target",
    "policy": "c.policy",
}
_SILENT: Final = (
    "SELECT id, coalesce((fold->>'reopened')::int, 0), coalesce(resolves_at, closes_at), "
    "(fold->>'opened_now')::timestamptz, assignee FROM ticket WHERE workspace_id = $1 AND {which} "
    "AND coalesce(resolves_at, closes_at) <= {{now}} AND NOT fold ? 'ended_at'"
)
_ENDS: Final = (
    "(SELECT ticket_id, round, at, since, agent FROM ticket_moment WHERE workspace_id = $1 "
    f"AND turn IN ('resolved', 'closed') UNION ALL {_SILENT.format(which='next_at <= {now} AND NOT lapsed')} "
    f"UNION ALL {_SILENT.format(which='closes_at <= {now} AND lapsed')})"
)
"""Also the ends that silence has brought and that no event has told of yet."""
_FAMILY: Final = (
    "up AS (SELECT id, joined_into AS root FROM ticket WHERE workspace_id = $1 AND joined_into IS NOT NULL UNION ALL "
    "SELECT u.id, p.joined_into FROM up u JOIN ticket p ON p.workspace_id = $1 AND p.id = u.root "
    "WHERE p.joined_into IS NOT NULL), "
    "family AS (SELECT u.id, u.root FROM up u JOIN ticket p ON p.workspace_id = $1 AND p.id = u.root "
    "WHERE p.joined_into IS NULL UNION SELECT root, root FROM up), "
    "answers AS (SELECT f.root AS ticket_id, m.at, m.since, m.agent, m.turn = 'first_response' AND row_number() OVER "
    "(PARTITION BY f.root ORDER BY m.turn <> 'first_response', m.at, m.position) = 1 AS is_first FROM family f "
    "JOIN ticket_moment m ON m.workspace_id = $1 AND m.ticket_id = f.id "
    "AND m.turn IN ('first_response', 'next_response'))"
)
"""The answers of tickets that were joined, as those of the ticket that they became: one of them is the first."""
_OF_CLOCK: Final = (
    "c.started_by",
    "c.started_at",
    "c.seconds",
    "c.calendar",
    "c.met_at",
    "c.stopped_at",
    "c.found_missed",
)
_TAGGED: Final = " CROSS JOIN LATERAL unnest(CASE WHEN t.tags = '{}' THEN ARRAY[NULL] ELSE t.tags END) AS g(tag)"
_ANSWERS: Final = (
    "(SELECT ticket_id, at, since, agent FROM ticket_moment WHERE workspace_id = $1 AND turn = '{turn}' "
    "AND ticket_id NOT IN (SELECT id FROM family) UNION ALL "
    "SELECT ticket_id, at, since, agent FROM answers WHERE is_first = {first})"
)
_REOPENED_LATER: Final = (
    "EXISTS (SELECT FROM ticket_moment r WHERE r.workspace_id = $1 AND r.ticket_id = m.ticket_id "
    "AND r.turn = 'reopened' AND r.round > m.round)"
)


async def plan_for_many(db: Db) -> None:
    """Let the statements of this transaction be planned for their values, by hashing: the plans that all others are
    kept to suit a few rows, and took four times as long here."""
    await db.execute(
        "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_nestloop', 'off', true), "
        "set_config('enable_mergejoin', 'off', true), set_config('work_mem', '32MB', true)"
    )


async def read_instants(db: Db, question: Question, most: int) -> Instants:
    """The ends of the periods between `start` and `end`, at most one more than `most`; the last one not after now.

    Hours are looked for every half hour: on Lord Howe Island the clocks go back by that much."""
    until = min(question.end or question.now, question.now)
    if question.period is None:
        return Instants(starts=[None], ends=[until])
    step, reach = ("30 minutes", f"{most + 2} hours") if question.period == "hour" else (f"1 {question.period}", None)
    rows = await db.fetch(
        "SELECT s AS start, coalesce(lead(s) OVER (ORDER BY s), $4::timestamptz) AS until FROM (SELECT DISTINCT "
        "date_trunc($1, g, $2) AS s FROM generate_series(date_trunc($1, $3::timestamptz, $2), "
        "least($4, date_trunc($1, $3, $2) + $6::text::interval), $5::text::interval, $2) AS g WHERE g < $4) AS k "
        "ORDER BY s LIMIT $7",
        question.period,
        question.zone,
        question.start,
        until,
        step,
        reach,
        most + 1,
    )
    return Instants(starts=[row["start"] for row in rows], ends=[row["until"] for row in rows])


async def count(db: Db, workspace: WorkspaceId, question: Question, instants: Instants, most: int) -> list[Row]:
    """One row a group in order of period and values, at most one more than `most`: count, the sum of what it took and
    its percentiles, in microseconds."""
    values: list[Any] = [workspace]
    withs, facts = _facts(question, instants, values)
    named = [*(["period"] if question.period else []), *question.group]
    grouped = f"GROUP BY {', '.join(named)} ORDER BY {', '.join(named)}" if named else ""
    shares = f"ARRAY[{', '.join(map(str, PERCENTILES))}]"
    return await db.fetch(
        f"WITH RECURSIVE {withs} SELECT {''.join(f'{name}, ' for name in named)}count(*) AS count, "
        "count(*) FILTER (WHERE kept) AS kept, "
        f"sum(took)::numeric AS took, percentile_disc({shares}) WITHIN GROUP (ORDER BY took) AS shares "
        f"FROM ({facts}) AS f {grouped} LIMIT ${_put(values, most + 1)}",
        *values,
    )


async def page(
    db: Db, workspace: WorkspaceId, question: Question, instants: Instants, after: UUID, limit: int
) -> list[Row]:
    """The facts of the next tickets in order of id."""
    values: list[Any] = [workspace]
    withs, facts = _facts(question, instants, values)
    named = [*(["period"] if question.period else []), *question.group]
    return await db.fetch(
        f"WITH RECURSIVE {withs}, f AS MATERIALIZED ({facts}) SELECT ticket_id, number, at, took, kept"
        f"{''.join(f', {name}' for name in named)} FROM f WHERE ticket_id IN (SELECT DISTINCT ticket_id FROM f "
        f"WHERE ticket_id > ${_put(values, after)}::uuid ORDER BY ticket_id LIMIT ${_put(values, limit)}) "
        f"ORDER BY {', '.join(('ticket_id', 'at', *named))}",
        *values,
    )


async def spread(
    db: Db, workspace: WorkspaceId, question: Question, instants: Instants, bounds: Sequence[float]
) -> dict[int, int]:
    """How many facts took how long: by how many of the bounds, in seconds, are not above it."""
    values: list[Any] = [workspace]
    withs, facts = _facts(question, instants, values)
    rows = await db.fetch(
        f"WITH RECURSIVE {withs} SELECT width_bucket(took, ${_put(values, [int(one * 1e6) for one in bounds])}"
        f"::bigint[]) AS bucket, count(*) AS count FROM ({facts}) AS f GROUP BY bucket",
        *values,
    )
    return {row["bucket"]: row["count"] for row in rows}


async def missed(
    db: Db, workspace: WorkspaceId, question: Question, after: tuple[datetime, UUID, str] | None, limit: int
) -> list[Row]:
    """Broken promises, the latest first, from the place of one on: when it was due, what started it, its target."""
    values: list[Any] = [workspace]
    asked = msgspec.structs.replace(question, number="sla", group=("target", "policy"), period=None, kept=False)
    at, started_by, target = after or (None, None, None)
    withs, facts = _facts(asked, Instants(starts=[], ends=[]), values, _OF_CLOCK)
    since = _put(values, at)
    place = f"(${since}::timestamptz, ${_put(values, started_by)}::uuid, ${_put(values, target)}::text)"
    return await db.fetch(
        f"WITH RECURSIVE {withs} SELECT f.* FROM ({facts}) AS f WHERE ${since}::timestamptz IS NULL "
        f"OR (f.at, f.started_by, f.target) < {place} ORDER BY f.at DESC, f.started_by DESC, f.target DESC "
        f"LIMIT ${_put(values, limit)}",
        *values,
    )


async def faces(db: Db, workspace: WorkspaceId, tickets: Sequence[UUID]) -> list[Row]:
    """Tickets as a list of what was counted shows them."""
    return await db.fetch(
        "SELECT t.id, t.number, t.fold->>'subject' AS subject, t.status, t.queue, t.channel, t.opened_at, "
        "c.customer_id, a.name AS assignee FROM ticket t JOIN contact c ON c.workspace_id = $1 AND c.id = t.contact_id "
        "LEFT JOIN agent a ON a.workspace_id = $1 AND a.id = t.assignee "
        "WHERE t.workspace_id = $1 AND t.id = ANY($2::uuid[])",
        workspace,
        list(tickets),
    )


def _put(values: list[Any], value: Any) -> int:
    values.append(value)
    return len(values)


def _facts(question: Question, instants: Instants, values: list[Any], more: Sequence[str] = ()) -> tuple[str, str]:
    """What a number is counted from: tables to be named before it, and the rows, with some more columns."""
    asked = _SOURCES[question.number](question, instants, values)
    conditions = ["t.workspace_id = $1", "t.joined_into IS NULL", "NOT t.fold ? 'backstage_of'", *asked.conditions]
    if question.number != "backlog":
        bounds = ((">=", question.start), ("<", question.end))
        conditions += [f"{asked.at} {sign} ${_put(values, one)}::timestamptz" for sign, one in bounds if one]
    took = f"(date_part('epoch', {asked.took}) * 1000000)::bigint" if asked.took else "NULL::bigint"
    columns = [f"t.id AS ticket_id, t.number, {asked.at} AS at, {took} AS took, {asked.kept} AS kept"]
    if question.period is not None:
        columns.append(f"{asked.period or _truncated(question, asked.at, values)} AS period")
    columns += [*(f"{_dimension(one, asked.agent)} AS {one}" for one in question.group), *more]
    tagged = _TAGGED if "tag" in question.group else ""
    conditions += _where(question, asked.agent, values)
    for sign, seconds in ((">=", question.least), ("<", question.below)):
        if seconds is not None:
            conditions.append(f"{asked.took} {sign} make_interval(secs => ${_put(values, seconds)}::float8)")
    if question.kept is not None:
        conditions.append(f"({asked.kept}) = ${_put(values, question.kept)}::boolean")
    return _FAMILY, f"SELECT {', '.join(columns)} FROM {asked.rows}{tagged} WHERE {' AND '.join(conditions)}"


def _truncated(question: Question, at: str, values: list[Any]) -> str:
    return f"date_trunc(${_put(values, question.period)}::text, {at}, ${_put(values, question.zone)}::text)"


def _dimension(dimension: Dimension, agent: str) -> str:
    return {"tag": "g.tag", "agent": agent}.get(dimension) or _OF_TICKET[dimension]


class _Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where a number's facts lie: `rows` hold the ticket as `t`, the rest are expressions over them."""

    rows: str
    at: str
    took: str | None = None
    kept: str = "NULL::boolean"
    agent: str = "m.agent"
    period: str | None = None
    conditions: Sequence[str] = ()


def _moments(rows: str, *conditions: str, took: str | None = "m.at - m.since") -> _Source:
    timed = ["m.since IS NOT NULL"] if took else []
    joined = f"{rows} AS m JOIN ticket t ON t.id = m.ticket_id"
    return _Source(rows=joined, at="m.at", took=took, conditions=[*conditions, *timed])


def _opened(*_: Any) -> _Source:
    return _Source(rows="ticket t", at="t.opened_at", agent="t.assignee")


def _reopened(*_: Any) -> _Source:
    return _moments("ticket_moment", "m.workspace_id = $1", "m.turn = 'reopened'", took=None)


def _answers(turn: str, *, first: bool) -> _Source:
    return _moments(_ANSWERS.format(turn=turn, first=first))


def _ended(question: Question, values: list[Any], condition: str, took: str | None) -> _Source:
    return _moments(_ENDS.format(now=f"${_put(values, question.now)}::timestamptz"), condition, took=took)


def _backlog(question: Question, instants: Instants, values: list[Any]) -> _Source:
    """Each stretch of time for which a ticket was open, and of the instants those that lie in it."""
    ends = _ENDS.format(now=f"${_put(values, question.now)}::timestamptz")
    starts, until = _put(values, instants.starts), f"${_put(values, instants.ends)}::timestamptz[]"
    open_from = (
        "(SELECT id AS ticket_id, 0 AS round, opened_at AS at FROM ticket WHERE workspace_id = $1 UNION ALL "
        "SELECT ticket_id, round, at FROM ticket_moment WHERE workspace_id = $1 AND turn = 'reopened')"
    )
    last = f"CASE WHEN m.at IS NULL THEN cardinality({until}) ELSE width_bucket(m.at, {until}) END"
    return _Source(
        rows=f"{open_from} AS s LEFT JOIN {ends} AS m ON m.ticket_id = s.ticket_id AND m.round = s.round "
        f"JOIN ticket t ON t.id = s.ticket_id CROSS JOIN LATERAL generate_series(width_bucket(s.at, {until}) + 1, "
        f"{last}) AS k(k) CROSS JOIN LATERAL (SELECT ({until})[k.k] AS at, "
        f"(${starts}::timestamptz[])[k.k] AS start) AS p",
        at="p.at",
        took="p.at - t.opened_at",
        agent="t.assignee",
        period="p.start",
    )


def _sla(question: Question, _: Any, values: list[Any]) -> _Source:
    """Every promise of which it is known by now whether it was kept; a ticket that silence has ended, as of then."""
    now = f"${_put(values, question.now)}::timestamptz"
    ends = "coalesce(t.resolves_at, t.closes_at)"
    silent = f"({ends} <= {now} AND NOT t.fold ? 'ended_at')"
    running = "c.met_at IS NULL AND c.stopped_at IS NULL AND c.left IS NULL"
    until = f"CASE WHEN {silent} THEN {ends} ELSE {now} END"
    clocks = (
        f"ticket t CROSS JOIN LATERAL (SELECT c.target, c.policy, coalesce(c.breached_at, "
        f"CASE WHEN {running} AND c.due_at < {until} THEN c.due_at END) AS missed_at, c.started_by, c.started_at, "
        f"c.seconds, c.calendar, c.found_missed, coalesce(c.stopped_at, CASE WHEN {silent} "
        f"AND c.target <> 'resolution' AND c.met_at IS NULL THEN {ends} END) AS stopped_at, coalesce(c.met_at, "
        f"CASE WHEN {silent} AND c.target = 'resolution' AND c.stopped_at IS NULL THEN {ends} END) AS met_at "
        "FROM jsonb_to_recordset(t.fold->'clocks') AS c(target text, policy text, due_at timestamptz, "
        "started_by uuid, started_at timestamptz, seconds bigint, calendar text, found_missed boolean, "
        'met_at timestamptz, breached_at timestamptz, stopped_at timestamptz, "left" text) '
        "WHERE c.policy IS NOT NULL OFFSET 0) AS c"
    )
    return _Source(
        rows=clocks,
        at="coalesce(c.missed_at, c.met_at)",
        kept="c.missed_at IS NULL",
        agent="t.assignee",
        conditions=["t.fold ? 'clocks'", "coalesce(c.missed_at, c.met_at) IS NOT NULL"],
    )


_SOURCES: Final[Mapping[Number, Callable[[Question, Instants, list[Any]], _Source]]] = {
    "opened": _opened,
    "sla": _sla,
    "ended": lambda question, _, values: _ended(question, values, f"NOT {_REOPENED_LATER}", None),
    "reopened": _reopened,
    "backlog": _backlog,
    "first_response": lambda *_: _answers("first_response", first=True),
    "next_response": lambda *_: _answers("next_response", first=False),
    "first_resolution": lambda question, _, values: _ended(question, values, "m.round = 0", "m.at - m.since"),
    "resolution": lambda question, _, values: _ended(question, values, f"NOT {_REOPENED_LATER}", "m.at - m.since"),
}


def _where(question: Question, agent: str, values: list[Any]) -> list[str]:
    found: list[str] = []
    for dimension, wanted in question.where.items():
        some = sorted(one for one in wanted if one is not None)
        if dimension == "tag":
            told, none = f"t.tags && ${_put(values, some)}::text[]", "t.tags = '{}'"
        else:
            named = f"({agent})::text" if dimension == "agent" else _OF_TICKET[dimension]
            told, none = f"{named} = ANY(${_put(values, some)}::text[])", f"{named} IS NULL"
        found.append(f"({told} OR {none})" if None in wanted else told)
    return found
