"""Which promises were missed: whose ticket, which promise, by how much, and what its clock counted."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from app.api import reports
from app.api.calls import Answer
from app.console.counting import Asked, between, read_asked, several
from app.console.faces import Face, read_faces
from app.console.graphs import address
from app.console.language import _
from app.console.number_words import lasting
from app.console.numbers import RIGHT
from app.console.pages import Page, Visit, page
from app.console.periods import Span, in_words, this_week, week_before
from app.console.ticket_words import policy_names, target_words
from app.errors import bad_request
from timeline.tickets import reporting
from timeline.tickets.reporting import Line, Missed
from timeline.tickets.reporting_views import Question
from timeline.tickets.versions import read_desk

A_PAGE: Final = 50
SUMMED: Final = 5


class Miss(msgspec.Struct, frozen=True, kw_only=True):
    """A missed promise in words. `why`: what started its clock and how it ran."""

    promise: Missed
    face: Face | None
    target: str
    late: str
    why: str


@page("GET", "/numbers/missed", RIGHT)
async def show_missed(visit: Visit) -> Answer:
    """This week's, or those of the days that are asked for: the latest first. As a part of a page, the first few."""
    asked, span, week = await _asked(visit)
    question = _question(asked, span)
    limit = SUMMED if visit.is_fragment else A_PAGE
    after = _place(visit)
    then = week_before(asked.period.zone, asked.period.now)
    async with visit.read() as db:
        lines = await reporting.count(db, visit.workspace, await reporting.ask(db, question))
        earlier = await reporting.count(db, visit.workspace, await reporting.ask(db, _question(asked, then)))
        found = await reporting.missed(db, visit.workspace, question, after, limit + 1)
        faces = await read_faces(db, visit, [one.ticket for one in found[:limit]])
        policies = policy_names((await read_desk(db, visit.workspace)).configuration.sla)
    missed, of = _missed(lines), sum(one.count for one in lines)
    misses = [_miss(one, faces.get(one.ticket), policies.get(one.policy, one.policy)) for one in found[:limit]]
    return visit.show(
        "missed.html" if visit.is_fragment else "missed_page.html",
        misses=misses,
        missed=missed,
        kept=of - missed,
        of=of,
        span=in_words(span),
        week=week,
        before=_missed(earlier),
        before_href=address("/numbers/missed", {"from": str(then.first), "to": str(then.last)}),
        next=_next(found, limit, visit),
        here=address("/numbers/missed", several(visit)),
    )


def _missed(lines: Sequence[Line]) -> int:
    return sum(one.count - (one.kept or 0) for one in lines)


async def _asked(visit: Visit) -> tuple[Asked, Span, bool]:
    """What was asked for; without days, this week."""
    asked = await read_asked(visit)
    own = any(visit.asked_for.get(name) for name in ("days", "from", "to"))
    return asked, asked.period.span if own else this_week(asked.period.zone, asked.period.now), not own


def _question(asked: Asked, span: Span) -> Question:
    where: dict[Any, frozenset[str | None]] = {
        name: frozenset(None if one == reports.NONE else one for one in values) for name, values in asked.where.items()
    }
    end = between(asked.period, span.start, span.end).get("to")
    return Question(
        number="sla", where=where, start=span.start, end=span.end if end else None, now=asked.period.now
    )  # fmt: skip


def _place(visit: Visit) -> tuple[datetime, UUID, str] | None:
    text = visit.asked_for.get("cursor")
    if not text:
        return None
    at, _dot, rest = text.partition("_")
    started_by, _dot, target = rest.partition("_")
    try:
        return datetime.fromtimestamp(int(at) / 1_000_000, UTC), UUID(started_by), target
    except (ValueError, OverflowError, OSError):
        raise bad_request("cursor", "expected one that a list gave") from None


def _next(found: Sequence[Missed], limit: int, visit: Visit) -> str | None:
    if len(found) <= limit:
        return None
    last = found[limit - 1]
    micros = round(last.due_at.timestamp() * 1_000_000)
    return address("/numbers/missed", {**several(visit), "cursor": f"{micros}_{last.started_by}_{last.target}"})


def _miss(promise: Missed, face: Face | None, policy: str) -> Miss:
    if promise.late is None:
        late = _("not kept: the ticket ended first")
    elif promise.open:
        late = _("%(time)s so far, still open", time=lasting(promise.late))
    else:
        late = _("%(time)s too late", time=lasting(promise.late))
    return Miss(promise=promise, face=face, target=target_words(promise.target), late=late, why=_why(promise, policy))


def _why(promise: Missed, policy: str) -> str:
    """What the clock counted, in a sentence."""
    promised = lasting(promise.seconds)
    hours = _("of the hours “%(calendar)s”", calendar=promise.calendar) if promise.calendar else _("by all hours")
    said = _("Promised within %(time)s %(hours)s by “%(policy)s”", time=promised, hours=hours, policy=policy)
    found = _("found missed when the past was cut again") if promise.found_missed else ""
    return f"{said}; {found}." if found else f"{said}."


PAGES: Final[tuple[Page, ...]] = (show_missed,)
