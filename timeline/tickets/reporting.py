"""The numbers of a desk: what each one is, in a sentence, and what it comes to for a question."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from identity.customers import WorkspaceId
from timeline.interactions import InvalidField
from timeline.store import Db, Row
from timeline.tickets import reporting_views
from timeline.tickets.reporting_views import Dimension, Number, Question
from timeline.tickets.sla import Target

MOST_PERIODS: Final = 1_000
MOST_ROWS: Final = 5_000
FIRST: Final = UUID(int=0)
"""Before every ticket."""
Measure = Literal["count", "seconds", "share"]
BOUNDS: Final = tuple(
    float(one * unit)
    for unit, ones in ((60, (1, 5, 15, 30)), (3_600, (1, 2, 4, 8)), (86_400, (1, 2, 4, 7, 14, 30)))
    for one in ones
)
"""Where a spread of times is cut, in seconds."""


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """A number: what is counted, what puts it into a period, and what is told beside the count: how long it took, or
    how many were kept."""

    name: Number
    definition: str
    dated: str
    measure: Measure


def _definition(name: Number, definition: str, dated: str, measure: Measure = "seconds") -> Definition:
    return Definition(name=name, definition=definition, dated=dated, measure=measure)


DEFINITIONS: Final[Mapping[Number, Definition]] = {
    one.name: one
    for one in (
        _definition("opened", "Tickets that were opened.", "the time shown on the item that opened it", "count"),
        _definition(
            "ended",
            "Tickets that were resolved, or closed without having been resolved, and have not been reopened since.",
            "when it ended last",
            "count",
        ),
        _definition("reopened", "Reopenings of tickets.", "when it was reopened", "count"),
        _definition(
            "backlog",
            "Tickets that were open at the end of the period (now, where it still runs), with the time since each was "
            "opened.",
            "the end of each period; without a period: `to`, or now",
        ),
        _definition(
            "first_response",
            "The time from the first message or call of a customer that a ticket had not answered to our first message "
            "or call after it.",
            "when we answered",
        ),
        _definition(
            "next_response",
            "The time from the first message or call of a customer since our last answer in a ticket to our next one, "
            "for every answer but a ticket's first.",
            "when we answered",
        ),
        _definition(
            "first_resolution",
            "The time from a ticket's opening until it was resolved or closed for the first time.",
            "when it ended for the first time",
        ),
        _definition(
            "resolution",
            "The time from a ticket's opening until it was resolved or closed for the last time, for tickets that have "
            "not been reopened since.",
            "when it ended last",
        ),
        _definition(
            "sla",
            "Promises of the SLA policies that were kept in time or broken, and the share of them that was kept.",
            "when it was kept, or, where it was broken, when it was due",
            "share",
        ),
    )
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One group: the beginning of its period, its values in the order asked for (null: has none), how many facts it
    has; in seconds their mean and the smallest one that half, 90 and 95 of a hundred are not above; or how many were
    kept, and their share."""

    period: datetime | None
    values: list[str | None]
    count: int
    mean: float | None = None
    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    kept: int | None = None
    share: float | None = None


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted once: when, how long it took or whether it was kept, and the group that it is in."""

    at: datetime
    seconds: float | None
    kept: bool | None
    period: datetime | None
    values: list[str | None]


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket with what was counted of it."""

    ticket: UUID
    number: int
    facts: list[Fact]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """How many facts took at least so many seconds and less than so many (null: however long)."""

    least: float
    below: float | None
    count: int


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """A broken promise. `late` is by how many seconds it was kept too late, or is too late by now where nobody kept it
    yet (`open`); null where the ticket ended first. `started_by` is the item that it began with."""

    ticket: UUID
    number: int
    target: Target
    policy: str
    started_by: UUID
    started_at: datetime
    seconds: int
    calendar: str | None
    due_at: datetime
    met_at: datetime | None
    open: bool
    late: float | None
    found_missed: bool


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question with the instants at which its backlog is counted."""

    question: Question
    instants: reporting_views.Instants


async def ask(db: Db, question: Question) -> Asked:
    """Make the transaction ready for a question. Raises `InvalidField` where that is more than a request may count."""
    needs = question.number == "backlog"
    asked = {*question.group, *question.where}
    if question.number != "sla" and (only := sorted(asked & OF_PROMISES)):
        raise InvalidField("group" if only[0] in question.group else only[0], f"only sla has a {only[0]}")
    _check_measure(question)
    if needs and question.period and question.start is None:
        raise InvalidField("from", "expected a time: a backlog by period needs the first period")
    await reporting_views.plan_for_many(db)
    if not needs:
        return Asked(question=question, instants=reporting_views.Instants(starts=[], ends=[]))
    instants = await reporting_views.read_instants(db, question, MOST_PERIODS)
    if len(instants.ends) > MOST_PERIODS:
        raise InvalidField("period", f"more than {MOST_PERIODS:,} periods; expected a longer period or a shorter time")
    return Asked(question=question, instants=instants)


def _check_measure(question: Question) -> None:
    """Only times are long or short, and only promises are kept. Raises `InvalidField`."""
    measure = DEFINITIONS[question.number].measure
    for name, asked in (("least", question.least), ("below", question.below)):
        if asked is not None and measure != "seconds":
            raise InvalidField(name, f"{question.number} takes no time")
    if question.kept is not None and measure != "share":
        raise InvalidField("kept", "only sla is kept or missed")


async def count(db: Db, workspace: WorkspaceId, asked: Asked) -> list[Line]:
    """The number, group by group in order of period and values. Raises `InvalidField` where there are too many."""
    rows = await reporting_views.count(db, workspace, asked.question, asked.instants, MOST_ROWS)
    if len(rows) > MOST_ROWS:
        raise InvalidField("group", f"more than {MOST_ROWS:,} groups; expected fewer dimensions or a filter")
    return [_line(row, asked.question) for row in rows]


def _line(row: Row, question: Question) -> Line:
    seconds: Sequence[float | None] = [None] * 4
    if row["took"] is not None:
        mean = round(row["took"] / row["count"])
        seconds = [one / 1_000_000 for one in (int(mean), *row["shares"])]
    shared = DEFINITIONS[question.number].measure == "share"
    return Line(
        **_group(row, question),
        count=row["count"],
        kept=row["kept"] if shared else None,
        share=round(row["kept"] / row["count"], 4) if shared and row["count"] else None,
        mean=seconds[0],
        p50=seconds[1],
        p90=seconds[2],
        p95=seconds[3],
    )


def _group(row: Row, question: Question) -> dict[str, Any]:
    zone = ZoneInfo(question.zone)
    values = [None if row[one] is None else str(row[one]) for one in question.group]
    return {"period": row["period"].astimezone(zone) if question.period else None, "values": values}


async def counted(db: Db, workspace: WorkspaceId, asked: Asked, after: UUID | None, limit: int) -> list[Counted]:
    """The next tickets in order of id that the number was counted from."""
    found: dict[UUID, Counted] = {}
    for row in await reporting_views.page(db, workspace, asked.question, asked.instants, after or FIRST, limit):
        one = found.setdefault(row["ticket_id"], Counted(ticket=row["ticket_id"], number=row["number"], facts=[]))
        took = None if row["took"] is None else row["took"] / 1_000_000
        one.facts.append(Fact(at=row["at"], seconds=took, kept=row["kept"], **_group(row, asked.question)))
    return list(found.values())


async def spread(db: Db, workspace: WorkspaceId, asked: Asked) -> list[Part]:
    """How many of the facts took how long."""
    counts = await reporting_views.spread(db, workspace, asked.question, asked.instants, BOUNDS)
    edges: list[float | None] = [*BOUNDS, None]
    return [
        Part(least=least, below=below, count=counts.get(at, 0))
        for at, (least, below) in enumerate(zip((0.0, *BOUNDS), edges, strict=True))
    ]


async def missed(
    db: Db, workspace: WorkspaceId, question: Question, after: tuple[datetime, UUID, str] | None, limit: int
) -> list[Missed]:
    """The broken promises that a question about `sla` counts, the latest first, behind one of them."""
    await reporting_views.plan_for_many(db)
    rows = await reporting_views.missed(db, workspace, question, after, limit)
    return [_missed(row, question.now) for row in rows]


def _missed(row: Row, now: datetime) -> Missed:
    is_open = row["met_at"] is None and row["stopped_at"] is None
    until = now if is_open else row["met_at"]
    kept = ("number", "target", "policy", "started_by", "started_at", "seconds", "calendar", "met_at")
    return Missed(
        **{name: row[name] for name in kept},
        ticket=row["ticket_id"],
        due_at=row["at"],
        open=is_open,
        late=None if until is None else (until - row["at"]).total_seconds(),
        found_missed=bool(row["found_missed"]),
    )


OF_PROMISES: Final[frozenset[Dimension]] = frozenset({"target", "policy"})
NUMBERS: Final[tuple[Number, ...]] = get_args(Number)
