"""The numbers of the desk for its lead: the page, and each number as a part of it or as a page of its own."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

import msgspec

from app.access import Right
from app.api import reports
from app.api.calls import Answer
from app.console.asking import ask
from app.console.counting import BY, Asked, between, read_asked, usual_asked
from app.console.figures import read_figure, title_of
from app.console.graphs import address
from app.console.groups import dimension_name, read_load
from app.console.language import _
from app.console.pages import Page, Visit, page
from app.console.periods import DAYS, against, in_words
from app.errors import Problem, problem_of
from identity.errors import NotFound
from timeline.interactions import InvalidField
from timeline.tickets.reporting import DEFINITIONS
from timeline.tickets.reporting_views import Number

RIGHT: Final[Right] = "reports.read"
SHOWN: Final[tuple[tuple[Number, ...], ...]] = (
    ("sla",),
    ("opened", "ended", "reopened", "backlog"),
    ("first_response", "next_response", "first_resolution", "resolution"),
)
_NUMBERS: Final[dict[str, Number]] = {one: one for one in get_args(Number)}
_REFUSED: Final = (InvalidField, Problem)


class Chip(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the numbers are narrowed by, and the page without it."""

    words: str
    without: str


class Chooser(msgspec.Struct, frozen=True, kw_only=True):
    """The form on top: what can be chosen, what was typed, what is wrong with it."""

    typed: Mapping[str, str]
    faults: Mapping[str, str]
    days: Sequence[tuple[int, str]]
    versus: Sequence[tuple[str, str]]
    by: Sequence[tuple[str, str]]
    chips: Sequence[Chip]
    kept: Sequence[tuple[str, str]]
    """What the form carries along."""


@page("GET", "/numbers", RIGHT)
async def show_numbers(visit: Visit) -> Answer:
    """The page; its numbers come after it, one by one."""
    try:
        asked = await read_asked(visit)
    except _REFUSED as error:
        return await _refused(visit, error)
    shown = [[(one, title_of(one), _href(one, asked)) for one in some] for some in SHOWN]
    return visit.show("numbers.html", shown=shown, load=_href("load", asked), **_frame(asked, visit))


@page("GET", "/numbers/load", RIGHT)
async def show_load(visit: Visit) -> Answer:
    """What is open: in which queues, on which channels, with whom."""
    asked = await read_asked(visit)
    return visit.show(
        "load.html",
        load=await read_load(visit, asked),
        definition=DEFINITIONS["backlog"].definition,
        **_frame(asked, visit),
    )


@page("GET", "/numbers/{number}", RIGHT)
async def show_number(visit: Visit) -> Answer:
    """One of them."""
    number = number_of(visit)
    try:
        asked = await read_asked(visit)
        figure = await read_figure(visit, number, asked)
    except _REFUSED as error:
        return await _refused(visit, error)
    template = "number.html" if visit.is_fragment else "number_page.html"
    return visit.show(template, figure=figure, alone=not visit.is_fragment, **_frame(asked, visit))


@page("GET", "/numbers/{number}/csv", RIGHT)
async def download(visit: Visit) -> Answer:
    """The same rows as a file."""
    number, asked = number_of(visit), await read_asked(visit)
    span, group = asked.period.span, ",".join(one for one in (asked.by, asked.period.step) if one)
    query: dict[str, Any] = {**between(asked.period, span.start, span.end), **asked.where}
    query |= {"zone": str(asked.period.zone), "group": group, "format": "csv"}
    return await ask(visit, reports.show, {"report": number}, query=query)


def number_of(visit: Visit) -> Number:
    name = _NUMBERS.get(visit.request.path_params["number"])
    if name is None:
        raise NotFound
    return name


async def _refused(visit: Visit, error: Exception) -> Answer:
    """The form again, with the words at the field and what was typed; no number."""
    problem = problem_of(error)
    if visit.is_fragment:
        raise error
    asked = await usual_asked(visit)
    faults = {fault.field: fault.words for fault in problem.fields} or {"": problem.detail}
    return visit.show("numbers.html", problem.status, shown=[], load="", **_frame(asked, visit, faults))


def _frame(asked: Asked, visit: Visit, faults: Mapping[str, str] | None = None) -> dict[str, Any]:
    period = asked.period
    usual = {"days": str(period.days or ""), "versus": period.versus, "by": asked.by or ""}
    chooser = Chooser(
        typed={
            **usual,
            "from": str(period.span.first),
            "to": str(period.span.last),
            **(visit.asked_for if faults else {}),
        },
        faults=faults or {},
        days=[(one, _link(asked, one)) for one in DAYS],
        versus=[("before", _("the time before")), ("year", _("the same weeks a year before")), ("none", _("nothing"))],
        by=[("", _("not broken down")), *((one, dimension_name(one)) for one in BY)],
        chips=_chips(asked),
        kept=[(name, value) for name, values in asked.where.items() for value in values],
    )
    words = "" if faults else _sentence(asked)
    return {"asked": asked, "chooser": chooser, "words": words, "numbers_href": address("/numbers", asked.query)}


def _sentence(asked: Asked) -> str:
    period = asked.period
    days = in_words(period.span)
    said = _("%(days)s, so far", days=days) if period.runs else days
    if period.before is None:
        return said
    then = in_words(period.before)
    return _("%(days)s, compared with %(against)s (%(then)s)", days=said, against=against(period), then=then)


def _href(name: str, asked: Asked) -> str:
    return address(f"/numbers/{name}", asked.query)


def _link(asked: Asked, days: int) -> str:
    rest = {name: value for name, value in asked.query.items() if name not in ("from", "to", "days")}
    return address("/numbers", {"days": str(days), **rest})


def _chips(asked: Asked) -> list[Chip]:
    found: list[Chip] = []
    for name, values in asked.where.items():
        for value in values:
            rest = {**asked.query, name: [one for one in values if one != value]}
            found.append(Chip(words=asked.only(name, value), without=address("/numbers", rest)))
    return found


PAGES: Final[tuple[Page, ...]] = (show_numbers, show_load, show_number, download)
