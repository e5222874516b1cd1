"""The tickets that a part of a number was counted from."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from app.api import reports
from app.api.calls import Answer
from app.console.asking import answered, ask
from app.console.counting import dimension_word, read_names, several
from app.console.faces import read_faces
from app.console.figures import title_of
from app.console.graphs import address
from app.console.language import _
from app.console.number_words import lasting
from app.console.numbers import RIGHT, number_of
from app.console.pages import Page, Visit, page
from app.console.ticket_words import target_words

A_PAGE: Final = 50
SUMMED: Final = 5
MOST_COUNTED: Final = 100_000
_PLACE: Final = msgspec.json.Decoder(tuple[datetime, UUID, str])


@page("GET", "/numbers/{number}/tickets", RIGHT)
async def show_tickets(visit: Visit) -> Answer:
    """A page of them, in the order of their ids."""
    number, given = number_of(visit), several(visit)
    query: dict[str, Any] = {**given, "ids": "true"}
    if given.get("format") == ["csv"]:
        return await ask(visit, reports.show, {"report": number}, query={**query, "limit": "200"})
    found = await answered(
        visit, reports.show, reports.Report, {"report": number}, query={**query, "limit": str(A_PAGE)}
    )
    assert found.ids is not None
    async with visit.read() as db:
        faces = await read_faces(db, visit, [one.ticket for one in found.ids.items])
    path = f"/numbers/{number}/tickets"
    return visit.show(
        "number_tickets.html",
        report=found,
        title=title_of(number),
        only=await _only(visit, given),
        faces=faces,
        next=address(path, {**given, "cursor": found.ids.next}) if found.ids.next else None,
        csv=address(path, {**given, "format": "csv"}),
        lasting=lasting,
    )


async def _only(visit: Visit, given: dict[str, list[str]]) -> list[str]:
    """What the list is narrowed by, in words."""
    names, found = await read_names(visit), []
    for name, values in given.items():
        if name in (*reports.DIMENSIONS,):
            for value in values:
                called = target_words(value) if name == "target" else names.get(f"{name} {value}", value)
                found.append(f"{dimension_word(name)}: {called}")
    least, below = given.get("least", [""])[-1], given.get("below", [""])[-1]
    if least.replace(".", "").isdigit() and float(least):
        found.append(_("%(time)s or longer", time=lasting(float(least))))
    if below.replace(".", "").isdigit():
        found.append(_("less than %(time)s", time=lasting(float(below))))
    if given.get("kept") == ["false"]:
        found.append(_("missed"))
    return found


PAGES: Final[tuple[Page, ...]] = (show_tickets,)
