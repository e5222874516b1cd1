"""Finding: one box for customers, items, orders and past cases, by words and by meaning; narrowed by what was found."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import msgspec

from app.api import search
from app.api.calls import Answer
from app.console.asking import answered
from app.console.language import _
from app.console.pages import MOST_FIELDS, Page, Visit, page
from app.console.rendering import words
from app.errors import Problem, problem_of
from identity.errors import Impossible, NotFound
from search.engine import FACETS, EngineAway
from search.query import OPERATORS
from timeline.interactions import InvalidField
from timeline.tickets import views

NOTHING: Final = search.SearchPage(items=[], next=None, total=None, facets={}, corrected={}, degraded=[])
DAYS: Final = ("from", "to")
PASSED: Final = frozenset(one.name for one in search.QUERY) - {*DAYS, "group", "limit", "facets", "correct", "prior"}
MOST_COUNTED: Final = 10_000
_AT: Final = re.compile(r"at character (\d+): (.*)", re.DOTALL)
_TOKEN: Final = re.compile(r"\S*")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the page was asked for, in pairs, as its address has it."""

    pairs: tuple[tuple[str, str], ...]

    def one(self, name: str) -> str:
        return next((value for key, value in reversed(self.pairs) if key == name), "")

    def every(self, name: str) -> list[str]:
        return [value for key, value in self.pairs if key == name]

    def has(self, name: str, value: str) -> bool:
        return (name, value) in self.pairs

    def toggled(self, name: str, value: str) -> str:
        """The address with one filter more, or without it where it is set."""
        rest = [pair for pair in self.pairs if pair != (name, value) and pair[0] != "cursor"]
        return self._address(rest if self.has(name, value) else [*rest, (name, value)])

    def without(self, name: str) -> str:
        return self._address([pair for pair in self.pairs if pair[0] not in (name, "cursor")])

    def with_(self, name: str, value: str) -> str:
        return self._address([*((key, one) for key, one in self.pairs if key not in (name, "cursor")), (name, value)])

    @property
    def bare(self) -> str:
        """The question alone."""
        return self._address([("q", self.one("q"))])

    @property
    def narrows(self) -> bool:
        return any(name not in ("q", "sort", "cursor", "mode") for name, _value in self.pairs)

    @staticmethod
    def _address(pairs: Sequence[tuple[str, str]]) -> str:
        return f"/search?{urlencode(pairs)}"


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What cannot be meant. `before`, `here` and `behind` are the question, parted at the place, where it has one."""

    words: str
    before: str = ""
    here: str = ""
    behind: str = ""


@page("GET", "/search", "read")
async def find(visit: Visit) -> Answer:
    """What was found, with what it can be narrowed by; a question that cannot be read says where."""
    asked, found, fault, names = read_asked(visit), NOTHING, None, dict[str, str]()
    if asked.one("q").strip() or asked.narrows:
        try:
            found = await _found(visit, asked)
            names = await _names(visit, found)
        except (Problem, NotFound, Impossible, InvalidField, EngineAway) as error:
            fault = fault_of(error, asked.one("q"))
    return visit.show(
        "hits.html" if visit.is_fragment else "search.html",
        found=found,
        fault=fault,
        asked=asked,
        facets=facets(found, asked, names),
        operators=_help(),
        most=MOST_COUNTED,
    )


def read_asked(visit: Visit) -> Asked:
    raw = visit.request.scope["query_string"].decode("utf-8", "replace")
    known = PASSED | {*DAYS}
    pairs = parse_qsl(raw, max_num_fields=MOST_FIELDS)
    return Asked(pairs=tuple(dict.fromkeys(pair for pair in pairs if pair[0] in known)))


async def _found(visit: Visit, asked: Asked) -> search.SearchPage:
    query: dict[str, list[str] | str] = {name: asked.every(name) for name in PASSED if asked.every(name)}
    clock = visit.who.clock if visit.who is not None else UTC
    for name in DAYS:
        if text := asked.one(name):
            first = _day(name, text) + timedelta(days=name == "to")
            query[name] = datetime.combine(first, time.min, clock).astimezone(UTC).isoformat().replace("+00:00", "Z")
    return await answered(visit, search.search, search.SearchPage, query={**query, "group": "case"})


def _day(name: str, text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise InvalidField(name, _("expected a day such as 2026-01-31")) from None
    if not 1970 <= found.year < 2199:
        raise InvalidField(name, _("expected a day of the years 1970 to 2199"))
    return found


def fault_of(error: Exception, typed: str) -> Fault:
    """In words, and where it is about the question itself, at its place."""
    problem = problem_of(error)
    placed = next((_AT.fullmatch(one.words) for one in problem.fields if one.field == "q"), None)
    if placed is None:
        return Fault(words=plain_words(error))
    at = min(int(placed[1]) - 1, len(typed))
    token = _TOKEN.match(typed, at)
    end = token.end() if token else at
    return Fault(words=_sentence(placed[2]), before=typed[:at], here=typed[at:end], behind=typed[end:])


def plain_words(error: Exception) -> str:
    """A fault of what was typed as a sentence: without the name of its parameter and without its place."""
    problem = problem_of(error)
    said = next((one.words for one in problem.fields if one.field == "q"), None)
    if said is None:
        return problem.detail
    placed = _AT.fullmatch(said)
    return _sentence(placed[2] if placed else said)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}" + ("" if words.endswith((".", "?", ":")) else ".")


# -- what it can be narrowed by --------------------------------------------------------------------------------------


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One value, how many hits have it, and whether it is asked for."""

    words: str
    count: int | None
    href: str
    chosen: bool


def facets(found: search.SearchPage, asked: Asked, names: Mapping[str, str]) -> list[tuple[str, list[Choice]]]:
    """By kind of fact, the commonest value first; what is asked for is there though nothing has it."""
    told: list[tuple[str, list[Choice]]] = []
    for facet in FACETS:
        counted = {**dict.fromkeys(asked.every(facet), 0), **found.facets.get(facet, {})}
        choices = [
            Choice(
                words=names.get(value) or words(value),
                count=count,
                href=asked.toggled(facet, value),
                chosen=asked.has(facet, value),
            )
            for value, count in sorted(counted.items(), key=lambda one: (-one[1], one[0]))
        ]
        if choices:
            told.append((_facet_words(facet), choices))
    return told


def _facet_words(facet: str) -> str:
    return {
        "kind": _("What"),
        "channel": _("Channel"),
        "status": _("Status of the ticket"),
        "queue": _("Queue"),
        "tag": _("Tag"),
        "agent": _("Agent"),
        "outcome": _("How it ended"),
    }[facet]


async def _names(visit: Visit, found: search.SearchPage) -> dict[str, str]:
    """Agents by the id that stands for them in a facet."""
    ids = [UUID(one) for one in found.facets.get("agent", {})]
    if not ids:
        return {}
    async with visit.read() as db:
        return {str(agent): name for agent, name in (await views.agent_names(db, visit.workspace, ids)).items()}


def _help() -> list[tuple[str, str]]:
    told = {
        '"never came"': _("these words behind one another"),
        "-paypal": _("not with this word"),
        "late OR lost": _("one of them"),
        "from:mara": _("said by them: a name, an address or a number"),
        "order:482133": _("about that order"),
        "ticket:421": _("in that ticket"),
        "after:2026-01 before:2026-02-15": _("from then on; before then"),
    }
    rest = [one for one in OPERATORS if one not in ("from", "order", "ticket", "after", "before")]
    return [*told.items(), (" ".join(f"{one}:" for one in rest), _("as the filters beside of these names"))]


PAGES: Final[tuple[Page, ...]] = (find,)
