"""Pages of a thread for the console: leaves with their addresses, so that one goes on to older and newer ones.

The newest stands at the bottom, above the composer, as in any conversation: one reads down to what was said last and
answers below it. Older leaves come in above while one scrolls up. Below the newest leaf is the tail, which asks for
what came after it.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Final

import msgspec

from app.api.calls import Answer
from app.console.filtering import A_LEAF, BESIDE, Wanted, just_behind, read_wanted
from app.console.leaves import Border, Clocks, Leaf, lay_out, read_border
from app.console.pages import Page, Visit, page
from app.console.persons import attributes_of, zone_of
from app.console.sayings import File, Speaker, agents_in
from app.db import Db
from channels import files
from channels.files import FileUse
from identity.customers import CustomerId
from identity.views import best_name, read_people
from timeline.events import EventId
from timeline.items import Item
from timeline.threads import Mark, read_page
from timeline.threads import Page as ThreadPage
from timeline.tickets import views
from timeline.tickets.reading import TicketView

NEWER: Final = "newer"
OLDER: Final = "older"
WHOLE: Final = "whole"
_SENT_FILES: Final = re.compile(rb'"attachments": ?\["')
"""Files of an answer from here, in its data."""


class Unrolled(msgspec.Struct, frozen=True, kw_only=True):
    """A leaf with where it goes on: the address of the older leaf, of the newer one, and of what is yet to come. None
    where there is nothing. `part` says which border it was asked for at."""

    leaf: Leaf
    part: str
    customer: CustomerId
    older: str | None
    newer: str | None
    tail: str | None
    back: str | None
    onward: str
    """What to ask for on either side once the leaf there is gone."""
    here: EventId | None = None
    """The first item at the place that was asked for, or after it."""


async def speaker_of(db: Db, visit: Visit, items: Sequence[Item], name: str | None) -> Speaker:
    """Who says what on a page: a statement where agents did something, one where they sent files."""
    agents = agents_in(items)
    names = await views.agent_names(db, visit.workspace, agents) if agents else {}
    sent = [one.event_id for one in items if _SENT_FILES.search(one.data)]
    uses = await files.parts_of(db, visit.workspace, sent) if sent else {}
    return Speaker(names, name, {event: tuple(_file(one) for one in some) for event, some in uses.items()})


def _file(use: FileUse) -> File:
    return File(id=use.id, name=use.name, type=use.type, size=use.size)


def unroll(
    visit: Visit,
    customer: CustomerId,
    wanted: Wanted,
    found: ThreadPage,
    speaker: Speaker,
    zone: tzinfo | None,
    *,
    part: str = WHOLE,
    more: bool = False,
    tickets: Sequence[TicketView] = (),
) -> Unrolled:
    """`more`: newer items wait; `tickets` are the open ones, which run on to the newest leaf's end."""
    asked, seal = visit.asked_for, visit.edge.tokens.seal_mark
    given = read_border(asked.get("lanes", ""), asked.get("day", ""))
    below = given if part == OLDER else Border()
    if part == WHOLE and wanted.at is None and not (wanted.is_narrowed or wanted.is_first):
        numbers = frozenset(one.number for one in tickets)
        below = Border(lanes=dict.fromkeys(numbers, -1), open=numbers)
    clocks = Clocks(visit.who, zone, datetime.now(UTC))
    leaf = lay_out(found.items, speaker, clocks, older=given if part == NEWER else Border(), newer=below)
    here = next((one.event_id for one in reversed(found.items) if wanted.at and one.shown_at >= wanted.at), None)
    path = f"/customers/{customer}/thread"
    after = seal(visit.workspace, found.previous or _beginning())
    onward = path + wanted.address(after=after, lanes=leaf.newer.text, day=leaf.newer.day)
    back = None
    if found.next is not None and not wanted.is_first:
        back = path + wanted.address(before=seal(visit.workspace, found.next), lanes=leaf.older.text)
    return Unrolled(
        leaf=leaf,
        part=part,
        customer=customer,
        older=back if part != NEWER else None,
        newer=onward if more and part != OLDER else None,
        tail=onward if not more and part != OLDER and wanted.as_of is None else None,
        back=back,
        onward=onward,
        here=here,
    )


def _beginning() -> Mark:
    return just_behind(datetime(1970, 1, 1, tzinfo=UTC))


async def around(
    db: Db, visit: Visit, customer: CustomerId, wanted: Wanted, found: ThreadPage
) -> tuple[ThreadPage, bool]:
    """A page that ends at a place in the middle, with some of what came after it; and whether there is more of that."""
    if wanted.at is None:
        return found, wanted.is_first and len(found.items) >= A_LEAF
    query = wanted.query(after=just_behind(wanted.at), limit=BESIDE)
    after = await read_page(db, visit.workspace, customer, query)
    items = [*after.items, *found.items]
    page = ThreadPage(items=items, next=found.next, previous=after.previous or found.previous)
    return page, len(after.items) >= BESIDE


@page("GET", "/customers/{customer_id}/thread", "read")
async def show_leaf(visit: Visit) -> Answer:
    """The leaf before or after a place, to be put to the one that is there."""
    customer, wanted = CustomerId(visit.path_id("customer_id")), read_wanted(visit)
    tokens, asked = visit.edge.tokens, visit.asked_for
    before, after = asked.get("before"), asked.get("after")
    query = wanted.query(
        before=tokens.open_mark(visit.workspace, before, "before") if before else None,
        after=tokens.open_mark(visit.workspace, after, "after") if after and not before else None,
    )
    async with visit.read() as db:
        people = await read_people(db, visit.workspace, customer, wanted.as_of, whole=False)
        found = await read_page(db, visit.workspace, customer, query)
        speaker = await speaker_of(db, visit, found.items, best_name(people))
    zone = zone_of(attributes_of(people.persons))
    more = query.newer and len(found.items) >= A_LEAF
    shown = unroll(visit, customer, wanted, found, speaker, zone, part=NEWER if query.newer else OLDER, more=more)
    return visit.show("leaf.html", shown=shown, wanted=wanted)


PAGES: Final[tuple[Page, ...]] = (show_leaf,)
