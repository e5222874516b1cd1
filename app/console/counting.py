"""Asking the reports for a page: one number over a span of time, in steps or whole, and what it was counted from."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from app import people
from app.api import reports
from app.console.asking import answered
from app.console.graphs import Query, address
from app.console.language import _
from app.console.pages import MOST_FIELDS, Visit
from app.console.periods import Period, Span, read_period
from timeline.interactions import InvalidField
from timeline.tickets.reporting import DEFINITIONS, Line, Measure
from timeline.tickets.reporting_views import Dimension, Number

BY: Final[tuple[Dimension, ...]] = ("queue", "channel", "type", "priority", "agent", "tag")
"""What every number is broken down and narrowed by."""
MOST_AGENTS: Final = 1_000
_BY: Final[dict[str, Dimension]] = {one: one for one in BY}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A period, only of some tickets, and perhaps broken down. `names` are what queues and agents are called."""

    period: Period
    where: Mapping[str, Sequence[str]]
    by: Dimension | None
    names: Mapping[str, str]

    @property
    def query(self) -> Query:
        """As a page's address says it."""
        return {**self.period.asked, **({"by": self.by} if self.by else {}), **self.where}

    def name(self, dimension: str, value: str | None) -> str:
        """What a queue, an agent, a type is called."""
        if value is None:
            return nobody(dimension)
        return self.names.get(f"{dimension} {value}", value)

    def only(self, dimension: str, value: str) -> str:
        """What the numbers are narrowed by."""
        called = self.name(dimension, None if value == reports.NONE else value)
        return f"{dimension_word(dimension)}: {called}"


def dimension_word(dimension: str) -> str:
    return {
        "queue": _("Queue"),
        "channel": _("Channel"),
        "type": _("Type"),
        "priority": _("Priority"),
        "agent": _("Agent"),
        "tag": _("Tag"),
        "target": _("Promise"),
        "policy": _("SLA policy"),
    }[dimension]


def nobody(dimension: str) -> str:
    return {
        "queue": _("in no queue"),
        "agent": _("nobody's"),
        "type": _("without a type"),
        "tag": _("without a tag"),
    }.get(dimension, _("none"))


async def read_asked(visit: Visit) -> Asked:
    """What a page was asked for. Raises `InvalidField` with the field at fault."""
    assert visit.who is not None
    given = several(visit)
    by = visit.asked_for.get("by") or None
    if by is not None and by not in _BY:
        raise InvalidField("by", _("Choose what to break the numbers down by."))
    period = read_period(visit.asked_for, visit.who.clock, datetime.now(UTC))
    where = {name: values for name, values in given.items() if name in _BY}
    return Asked(period=period, where=where, by=_BY[by] if by else None, names=await read_names(visit))


async def usual_asked(visit: Visit) -> Asked:
    """What is shown where nobody asks for anything."""
    assert visit.who is not None
    return Asked(period=read_period({}, visit.who.clock, datetime.now(UTC)), where={}, by=None, names={})


async def read_names(visit: Visit) -> dict[str, str]:
    """What queues and agents are called, those who left too."""
    async with visit.read() as db:
        queues = await people.list_queues(db, visit.workspace)
        agents = await people.list_agents(db, visit.workspace, None, None, None, MOST_AGENTS)
    return {f"queue {one.key}": one.name for one in queues} | {f"agent {one.id}": one.name for one in agents}


def several(visit: Visit) -> dict[str, list[str]]:
    """The query, with every value of what is given several times. Raises `InvalidField`."""
    found: dict[str, list[str]] = {}
    raw = visit.request.scope["query_string"].decode("utf-8", "replace")
    try:
        pairs = parse_qsl(raw, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise InvalidField("", _("This address says more than a page can take.")) from None
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


async def count(visit: Visit, number: Number, asked: Asked, span: Span, *group: str, **more: Any) -> reports.Report:
    """A number over a span, group by group."""
    query = {**between(asked.period, span.start, span.end), "zone": str(asked.period.zone), **asked.where, **more}
    if group:
        query["group"] = ",".join(group)
    return await answered(visit, reports.show, reports.Report, {"report": number}, query=query)


def between(period: Period, start: datetime, end: datetime) -> dict[str, str]:
    """What is not over yet has no end: whatever comes while one looks belongs to it."""
    until = {} if end >= period.now else {"to": _instant(end)}
    return {"from": _instant(start), **until}


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def in_steps(rows: Sequence[Line], starts: Sequence[datetime]) -> list[Line | None]:
    """The row of each step; none where there was nothing."""
    found = {row.period.astimezone(UTC): row for row in rows if row.period is not None}
    return [found.get(at) for at in starts]


def tickets_at(number: Number, asked: Asked, start: datetime | None, end: datetime, **more: str) -> str:
    """Where the tickets are listed that a part of a number was counted from."""
    times = between(asked.period, start or asked.period.span.start, end)
    if number == "backlog":
        times.pop("from")
    return address(f"/numbers/{number}/tickets", {**times, **asked.where, **more})


def measure_of(number: Number) -> Measure:
    return DEFINITIONS[number].measure
