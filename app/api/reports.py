"""Reports: which numbers there are, what one comes to, group by group, and the tickets that it was counted from."""

import re
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, cast, get_args
from zoneinfo import available_timezones

import msgspec

from app.api.calls import Answer, Call, answer, read_id
from app.api.customers import CURSOR, LIMIT, PAGING
from app.api.routes import Parameter, Route, route
from app.api.sheets import CHARSET, CSV, sheet
from app.errors import bad_request
from identity.errors import NotFound
from timeline.events import Priority
from timeline.tickets import reporting
from timeline.tickets.reporting import DEFINITIONS, Counted, Definition, Line, Measure, Part
from timeline.tickets.reporting_views import Dimension, Number, Period, Question
from timeline.tickets.sla import Target

NONE: Final = "none"
_SECONDS: Final = re.compile(r"[0-9]{1,10}(\.[0-9]{1,6})?", re.ASCII)
DIMENSIONS: Final[tuple[Dimension, ...]] = get_args(Dimension)
PERIODS: Final[tuple[Period, ...]] = get_args(Period)
_DIMENSIONS: Final[dict[str, Dimension]] = {one: one for one in DIMENSIONS}
_PERIODS: Final[dict[str, Period]] = {one: one for one in PERIODS}
TOLD: Final[dict[Measure, tuple[str, ...]]] = {
    "count": (),
    "seconds": ("mean", "p50", "p90", "p95"),
    "share": ("kept", "share"),
}


class ReportList(msgspec.Struct, frozen=True, kw_only=True):
    """What can be asked, each with its definition; the values that `group` takes."""

    items: list[Definition]
    dimensions: tuple[str, ...] = DIMENSIONS
    periods: tuple[str, ...] = PERIODS
    next: None = None


class CountedPage(msgspec.Struct, frozen=True, kw_only=True):
    """In order of the tickets' ids."""

    items: list[Counted]
    next: str | None


class Report(Definition, frozen=True, kw_only=True):
    """A number, group by group. `group` names the values of each row; `now` is when it was counted. `ids`, where they
    were asked for, are the tickets that it was counted from, `spread` how many facts took how long."""

    group: tuple[str, ...]
    period: str | None
    zone: str
    start: datetime | None = msgspec.field(name="from")
    end: datetime | None = msgspec.field(name="to")
    now: datetime
    rows: list[Line]
    spread: list[Part] | None = None
    ids: CountedPage | None = None


def _only(name: str, words: str) -> Parameter:
    items = {"type": "array", "items": {"type": "string"}}
    return Parameter(name=name, words=f"Only {words}; `{NONE}` for those without; given twice means or.", schema=items)


_BETWEEN: Final = tuple(
    msgspec.structs.replace(one, words=f"What puts a fact into a period lies since or before then: {one.words}")
    for one in PAGING
    if one.name in ("from", "to")
)
_WORDS: Final[dict[str, tuple[str, ...]]] = {"priority": get_args(Priority), "target": get_args(Target)}
_ASKED: Final = (
    Parameter(
        name="group",
        words=f"By what to group, with commas between: {', '.join(DIMENSIONS)}, and one of {', '.join(PERIODS)}.",
        schema={"type": "string"},
    ),
    Parameter(
        name="zone",
        words="The IANA time zone in which periods begin; weeks begin on Monday.",
        schema={"type": "string", "default": "UTC"},
    ),
    *_BETWEEN,
    _only("queue", "tickets of this queue"),
    _only("type", "tickets of this type"),
    _only("channel", "tickets that came by this channel"),
    _only("tag", "tickets with this tag"),
    _only("priority", "tickets of this priority"),
    _only("target", "promises of this target; only of `sla`"),
    _only("policy", "promises of this SLA policy; only of `sla`"),
    _only("agent", "what happened while this agent had the ticket, by id"),
    Parameter(name="least", words="Only what took at least so many seconds; only of times.", schema={"type": "number"}),
    Parameter(
        name="below", words="Only what took less than so many seconds; only of times.", schema={"type": "number"}
    ),
    Parameter(
        name="kept",
        words="Only promises that were kept, or only those that were not; only of `sla`.",
        schema={"type": "boolean"},
    ),
    Parameter(
        name="spread",
        words="Also how many facts took how long; only of times, and not by periods.",
        schema={"type": "boolean", "default": False},
    ),
    Parameter(
        name="ids",
        words="Also the tickets that it was counted from, `limit` at a time.",
        schema={"type": "boolean", "default": False},
    ),
    Parameter(
        name="format",
        words="`csv` is the same as `Accept: text/csv`.",
        schema={"type": "string", "enum": ["json", "csv"]},
    ),
    LIMIT,
    CURSOR,
)


@route("GET", "/api/v1/reports", "reports.read", answers={200: ReportList})
async def list_reports(call: Call) -> Answer:
    """Every number with its definition in a sentence, and what puts what it counts into a period."""
    _ = call.query
    return answer(ReportList(items=list(DEFINITIONS.values())))


@route("GET", "/api/v1/reports/{report}", "reports.read", query=_ASKED, answers={200: Report}, also_answers=CSV)
async def show(call: Call) -> Answer:
    """One number, counted from the tickets as they are today: a merge, an unmerge or a late item corrects it."""
    question, ids, as_csv, limit = _question(call), call.query.flag("ids"), _wants_csv(call), call.query.limit()
    spread = call.query.flag("spread")
    if spread and (DEFINITIONS[question.number].measure != "seconds" or question.period):
        raise bad_request("spread", "expected a number that takes time, and no period")
    listed = f"report {_words(question)}"
    after = call.start_of(listed)
    async with call.read() as db:
        asked = await reporting.ask(db, question)
        rows = await reporting.count(db, call.workspace, asked)
        found = await reporting.counted(db, call.workspace, asked, after, limit + 1) if ids else []
        parts = await reporting.spread(db, call.workspace, asked) if spread else None
    more = call.next_of(listed, [one.ticket for one in found], limit)
    page = CountedPage(items=found[:limit], next=more) if ids else None
    if as_csv:
        return _as_csv(question, rows, page)
    defined = DEFINITIONS[question.number]
    told = {name: getattr(question, name) for name in ("group", "period", "zone", "start", "end", "now")}
    return answer(Report(**msgspec.structs.asdict(defined), **told, rows=rows, spread=parts, ids=page))


def _question(call: Call) -> Question:
    number = call.request.path_params["report"]
    if number not in DEFINITIONS:
        raise NotFound
    query = call.query
    group, period = _group(query.text("group"))
    zone = query.text("zone") or "UTC"
    if zone not in _zones():
        raise bad_request("zone", "expected an IANA time zone, such as Europe/Berlin")
    start, end = query.time("from"), query.time("to")
    if start is not None and end is not None and start >= end:
        raise bad_request("to", "expected a time after `from`")
    given: dict[Dimension, tuple[str, ...]] = {one: query.texts(one) for one in DIMENSIONS}
    return Question(
        number=cast("Number", number),
        group=group,
        period=period,
        zone=zone,
        where={one: _wanted(one, texts) for one, texts in given.items() if texts},
        start=start,
        end=end,
        now=datetime.now(UTC),
        least=_seconds(query.text("least"), "least"),
        below=_seconds(query.text("below"), "below"),
        kept=query.flag("kept") if query.text("kept") is not None else None,
    )


def _seconds(text: str | None, field: str) -> float | None:
    if text is None:
        return None
    if not _SECONDS.fullmatch(text):
        raise bad_request(field, "expected seconds, such as 3600")
    return float(text)


def _wanted(dimension: Dimension, texts: tuple[str, ...]) -> frozenset[str | None]:
    """Raises the 400 for a word that no ticket can have, and `NotFound` for what is no agent's id."""
    wanted = frozenset(None if text == NONE else text for text in texts)
    known = _WORDS.get(dimension)
    if known is not None and not wanted <= {None, *known}:
        raise bad_request(dimension, f"expected {NONE}, or one of {', '.join(known)}")
    if dimension == "agent":
        for text in wanted - {None}:
            read_id(str(text))
    return wanted


def _group(text: str | None) -> tuple[tuple[Dimension, ...], Period | None]:
    """What to group by. Raises the 400."""
    named = [] if text is None else [one.strip() for one in text.split(",")]
    dimensions: tuple[Dimension, ...] = tuple(_DIMENSIONS[one] for one in named if one in _DIMENSIONS)
    periods: list[Period] = [_PERIODS[one] for one in named if one in _PERIODS]
    if len(dimensions) + len(periods) < len(named) or len(periods) > 1 or len(set(dimensions)) < len(dimensions):
        known = ", ".join((*DIMENSIONS, *PERIODS))
        raise bad_request("group", f"expected some of {known}, each once and one period at most, with commas between")
    return dimensions, periods[0] if periods else None


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime"}  # the machine's own: the database knows none by that name


def _words(question: Question) -> list[Any]:
    """The question in an order of its own, without the time of asking: pages of a list may differ in that."""
    where = sorted((name, sorted(str(one) for one in wanted)) for name, wanted in question.where.items())
    only = [question.least, question.below, question.kept]
    return [question.number, question.group, question.period, question.zone, question.start, question.end, where, only]


def _wants_csv(call: Call) -> bool:
    form = call.query.text("format")
    if form not in (None, "json", "csv"):
        raise bad_request("format", "expected json or csv")
    return form == "csv" or (form is None and CSV in call.request.headers.get("accept", "").lower())


def _as_csv(question: Question, rows: list[Line], page: CountedPage | None) -> Answer:
    """The rows, or where ids were asked for the facts of this page; the header `X-Next-Cursor` leads to the next."""
    named = [*([question.period] if question.period else []), *question.group]
    measure = DEFINITIONS[question.number].measure
    if page is None:
        cells = TOLD[measure]
        body = sheet(
            [*named, "count", *cells],
            ([*_cells(question, row), row.count, *(getattr(row, name) for name in cells)] for row in rows),
        )
    else:
        fact_cells = {"seconds": ("seconds",), "share": ("kept",)}.get(measure, ())
        body = sheet(
            ["ticket", "number", "at", *fact_cells, *named],
            (
                [
                    str(one.ticket),
                    one.number,
                    fact.at,
                    *(getattr(fact, name) for name in fact_cells),
                    *_cells(question, fact),
                ]
                for one in page.items
                for fact in one.facts
            ),
        )
    headers = {"Content-Disposition": f'attachment; filename="{question.number}.csv"', "Vary": "Accept"}
    if page is not None and page.next is not None:
        headers["X-Next-Cursor"] = page.next
    return Answer(body=body, headers=headers, media_type=CHARSET)


def _cells(question: Question, row: Line | reporting.Fact) -> list[Any]:
    return [*([row.period] if question.period else []), *row.values]


ROUTES: Final[tuple[Route, ...]] = (list_reports, show)
