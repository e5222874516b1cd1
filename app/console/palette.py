"""What is found while it is typed: customers, tickets and orders at once, past cases by meaning a moment later."""

import asyncio
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

import msgspec

from app.api import search
from app.api.calls import Answer
from app.api.customers import MOST_TYPED
from app.console.asking import answered
from app.console.customer_list import named
from app.console.finding import plain_words
from app.console.pages import Page, Visit, moved, page
from app.errors import Problem
from identity.errors import Impossible, NotFound
from search.engine import EngineAway
from search.showing import Hit
from timeline.errors import TicketElsewhere
from timeline.threads import CustomerSummary
from timeline.tickets.glances import open_of
from timeline.tickets.reading import read_ticket

FEW: Final = 5
LOOKED_AT: Final = 12
MOST_OPEN: Final = 3
LEAST: Final = 2
"""Signs of a question that cases by meaning are looked up for; fewer mean nothing."""
LONGEST_NUMBER: Final = 9
THINGS: Final = ("order", "payment", "shipment")
_REFUSED: Final = (Problem, NotFound, Impossible, EngineAway)


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket in the list."""

    number: int
    subject: str | None
    status: str
    who: str | None


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Customers who are called so, and the newest of their tickets that nobody ended."""

    people: Sequence[CustomerSummary] = ()
    open: Sequence[Named] = ()


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What there is, the best of each kind."""

    people: Sequence[CustomerSummary] = ()
    tickets: list[Named] = []
    orders: list[Hit] = []
    by_meaning: bool = False


@page("GET", "/palette", "read")
async def look(visit: Visit) -> Answer:
    """Whatever is called so, or holds the words."""
    if not visit.is_fragment:
        return _as_page(visit)
    typed, fault = " ".join(visit.asked_for.get("q", "").split()), ""
    found = Found()
    if typed:
        people, number, hits = await asyncio.gather(
            _people(visit, typed), _numbered(visit, typed), _hits(visit, typed), return_exceptions=True
        )
        for one in (people, number, hits):
            if isinstance(one, BaseException):
                fault = _words(one)
        found = _found(
            people if isinstance(people, Known) else Known(),
            number if isinstance(number, Named) else None,
            hits if isinstance(hits, list) else [],
            len(typed) > LEAST and visit.edge.embedder is not None,
        )
    return visit.show("palette_found.html", found=found, typed=typed, fault=fault)


@page("GET", "/palette/cases", "read")
async def look_for_cases(visit: Visit) -> Answer:
    """Past cases that mean something like it, but for those that are shown already."""
    if not visit.is_fragment:
        return _as_page(visit)
    typed, told = visit.asked_for.get("q", "").strip(), visit.asked_for.get("but", "").split(",")
    asked = {"q": typed, "kind": "case", "mode": "semantic", "limit": FEW + min(len(told), FEW), "facets": "false"}
    try:
        cases = (await answered(visit, search.search, search.SearchPage, query=asked)).items if typed else []
    except _REFUSED:
        cases = []  # what cannot be read was said above it
    new = [one for one in cases if one.ticket is not None and str(one.ticket.number) not in told]
    return visit.show("palette_cases.html", cases=new[:FEW])


def _as_page(visit: Visit) -> Answer:
    """The list stands in the palette alone; whoever opens its address finds the same on the page of the search."""
    return moved("/search?" + urlencode({"q": visit.asked_for.get("q", "")}))


def _found(known: Known, number: Named | None, hits: list[Hit], by_meaning: bool) -> Found:
    cases = [
        Named(number=hit.ticket.number, subject=hit.subject, status=hit.ticket.status, who=hit.contact_name)
        for hit in hits
        if hit.kind == "case" and hit.ticket is not None
    ]
    first = [number] if number is not None else []
    tickets: dict[int, Named] = {}
    for one in (*first, *known.open, *cases):
        tickets.setdefault(one.number, one)
    return Found(
        people=known.people,
        tickets=list(tickets.values())[:FEW],
        orders=[hit for hit in hits if hit.kind in THINGS and hit.parts.ident][:FEW],
        by_meaning=by_meaning,
    )


async def _people(visit: Visit, typed: str) -> Known:
    """Who is called so, with what they have open."""
    people = await named(visit, typed[:MOST_TYPED], FEW)
    if not people:
        return Known()
    names = {one.id: one.name for one in people}
    async with visit.read() as db:
        rows = await open_of(db, visit.workspace, list(names), MOST_OPEN)
    return Known(
        people=people,
        open=[
            Named(number=row["number"], subject=row["subject"], status=row["status"], who=names[row["customer_id"]])
            for row in rows
        ],
    )


async def _numbered(visit: Visit, typed: str) -> Named | None:
    """The ticket that has this number, or that this number leads to."""
    digits = typed.removeprefix("#")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER):
        return None
    async with visit.read() as db:
        try:
            found = await read_ticket(db, visit.workspace, digits)
        except TicketElsewhere as elsewhere:
            if elsewhere.survivor is None:
                return None
            found = await read_ticket(db, visit.workspace, str(elsewhere.survivor))
        except NotFound:
            return None
    return Named(number=found.number, subject=found.subject, status=found.status, who=found.assignee_name)


async def _hits(visit: Visit, typed: str) -> list[Hit]:
    """Tickets by their words; where a number was typed, what it may be the id of, too."""
    names_one = any(map(str.isdigit, typed))
    kinds, limit = (["case", *THINGS], LOOKED_AT) if names_one else (["case"], FEW)
    asked = {"q": typed, "kind": kinds, "mode": "keyword", "limit": limit, "facets": "false"}
    return (await answered(visit, search.search, search.SearchPage, query=asked)).items


def _words(error: BaseException) -> str:
    if not isinstance(error, _REFUSED):
        raise error
    return plain_words(error)


PAGES: Final[tuple[Page, ...]] = (look, look_for_cases)
