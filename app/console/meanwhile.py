"""What became of a ticket while somebody filled in a form about it: who did what and when, and a form to go on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from app.console.doing import Said
from app.console.pages import Visit
from app.console.sayings import Speaker, agents_in
from app.db import Db
from timeline.items import Item
from timeline.threads import ThreadQuery, read_page_of
from timeline.tickets import views
from timeline.tickets.reading import TicketView, read_ticket

MOST_TOLD: Final = 10
MOST_SHOWN: Final = 160
VERSIONS: Final = frozenset({"version", "other_version"})
_OWN: Final = frozenset({"csrf", "once", *VERSIONS})
"""What a form carries beside what was said in it."""


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """One thing; `number` is the ticket that it happened to."""

    at: datetime
    number: int
    who: str
    what: str


class Meanwhile(msgspec.Struct, frozen=True, kw_only=True):
    """What happened, the newest first, `more` than is told; `fields` do it anyway, at the versions that are shown."""

    told: Sequence[Happened]
    more: int
    fields: Sequence[tuple[str, str]]


async def read_meanwhile(db: Db, visit: Visit, ticket: TicketView, said: Said) -> Meanwhile:
    """Of the ticket, and of the other one that the form is about."""
    seen: dict[str, TicketView] = {"version": ticket}
    if said.text("other_version") and said.text("other"):
        seen["other_version"] = await read_ticket(db, visit.workspace, said.text("other"))
    told: list[Happened] = []
    more = 0
    for field, one in seen.items():
        happened = one.version - _number(said.text(field), one.version)
        told += await _since(db, visit, one, min(happened, MOST_TOLD))
        more += max(0, happened - MOST_TOLD)
    told.sort(key=lambda one: one.at, reverse=True)
    fields = [(name, value) for name, values in said.lists.items() if name not in _OWN for value in values]
    return Meanwhile(told=told, more=more, fields=[*fields, *_versions(said.lists, seen)])


def in_a_line(meanwhile: Meanwhile) -> str:
    """What happened, for where there is no room for a list."""
    return "; ".join(f"{one.who}: {one.what}" for one in meanwhile.told)


def _versions(lists: Mapping[str, list[str]], seen: Mapping[str, TicketView]) -> list[tuple[str, str]]:
    return [(field, str(one.version)) for field, one in seen.items() if field in lists]


def _number(text: str, now: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else now


async def _since(db: Db, visit: Visit, ticket: TicketView, happened: int) -> list[Happened]:
    """The last things that happened to a ticket: each made it one version more."""
    if happened <= 0:
        return []
    found = (await read_page_of(db, visit.workspace, ticket, ThreadQuery(limit=happened))).items
    names = await views.agent_names(db, visit.workspace, agents_in(found))
    speaker = Speaker(names, None)
    return [
        Happened(at=one.recorded_at, number=ticket.number, who=speaker.who(one), what=_what(speaker, one))
        for one in found
    ]


def _what(speaker: Speaker, item: Item) -> str:
    if item.kind == "change":
        return speaker.what(item)
    return f"“{(item.body or item.subject or item.kind)[:MOST_SHOWN]}”"
