"""What is done to which items a ticket has and what it has to do with others: merge, split, file, link, take back."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from app import people
from app.api import ticket_edits
from app.api.routes import Route
from app.console.asking import answered, ask
from app.console.doing import Doing, Looking, Option, Said, Shown, Told, name_of
from app.console.joining import joined
from app.console.language import _, counted
from app.console.pages import Visit
from app.console.sayings import Speaker, agents_in
from app.db import Db
from identity.customers import CustomerId
from identity.errors import Impossible
from timeline.editing import LinkKind, Undone
from timeline.errors import TicketElsewhere
from timeline.events import KIND_OF, Status
from timeline.interactions import InvalidField
from timeline.items import Item
from timeline.threads import ThreadQuery, read_page, read_page_of
from timeline.tickets import views
from timeline.tickets.listing import Listing
from timeline.tickets.reading import TicketView, list_tickets, read_ticket
from timeline.tickets.ticket import headline

LINKS: Final[tuple[LinkKind, ...]] = get_args(LinkKind)
FOUND: Final = 12
MOST_ITEMS: Final = 100
MOST_WORDS: Final = 200
EVERY_STATUS: Final[frozenset[Status]] = frozenset(get_args(Status))
RECORDED: Final = frozenset(KIND_OF.values())


class _Numbered(msgspec.Struct, frozen=True, kw_only=True):
    number: int


class _Made(msgspec.Struct, frozen=True, kw_only=True):
    edit_id: UUID
    ticket: _Numbered


async def _make(visit: Visit, said: Said, route: Route, ticket: str, body: Mapping[str, Any]) -> _Made:
    return await answered(visit, route, _Made, {"ticket": ticket}, body=dict(body), once=said.once)


def _back(made: _Made) -> str:
    return f"undo?edit={made.edit_id}"


async def _found(db: Db, visit: Visit, ticket: TicketView, said: Said, customer: CustomerId | None) -> list[TicketView]:
    """Other tickets by number or words, what could be one with this one first."""
    words = said.text("q").removeprefix("#").strip()[:MOST_WORDS] or None
    if words is None and customer is None:
        return []
    asked = Listing(customer=customer, statuses=EVERY_STATUS, text=words, limit=FOUND + 1)
    found = [one for one in await list_tickets(db, visit.workspace, asked) if one.id != ticket.id][:FOUND]
    close = {one.id for one in ticket.could_join} if ticket.could_join is not msgspec.UNSET else set()
    return sorted(found, key=lambda one: one.id not in close)


def _number(said: Said, field: str = "other") -> str:
    """Raises `InvalidField`."""
    text = said.text(field).removeprefix("#").strip()
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InvalidField(field, _("expected the number of a ticket"))
    return text


# -- merge -----------------------------------------------------------------------------------------------------------


async def _show_merge(db: Db, looking: Looking) -> Shown:
    shown: dict[str, Any] = {"found": [], "other": None, "is_list": looking.said.text("list") == "yes"}
    if not looking.said.text("other"):
        return shown | {
            "found": await _found(db, looking.visit, looking.ticket, looking.said, looking.ticket.customer_id)
        }
    try:
        other = await read_ticket(db, looking.visit.workspace, _number(looking.said))
    except TicketElsewhere as elsewhere:
        raise Impossible("other", str(elsewhere)) from None
    if other.id == looking.ticket.id:
        raise Impossible("other", _("a ticket cannot be merged with itself"))
    if other.customer_id != looking.ticket.customer_id:
        raise Impossible("other", _("it is another customer's ticket: merge the customers, or link the tickets"))
    return shown | {"other": other, "there": joined(other, looking.ticket), "here": joined(looking.ticket, other)}


async def _merge(visit: Visit, said: Said) -> Told:
    here, other = name_of(visit)["ticket"], _number(said)
    if said.text("into") == "other":
        seen = {"other": here, "version": _seen(said, "other_version")}
        made = await _make(visit, said, ticket_edits.merge, other, seen)
        return Told(words=_("Merged."), back=_back(made), goes=f"/tickets/{made.ticket.number}")
    seen = {"other": other, "version": _seen(said, "version")}
    made = await _make(visit, said, ticket_edits.merge, here, seen)
    return Told(words=_("#%(number)s is part of this ticket now.", number=other), back=_back(made))


def _seen(said: Said, field: str) -> int:
    """Raises `InvalidField`."""
    text = said.text(field)
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidField("version", "expected the version that was seen")
    return int(text)


# -- split, file -----------------------------------------------------------------------------------------------------


async def _items(db: Db, visit: Visit, found: Sequence[Item]) -> Shown:
    names = await views.agent_names(db, visit.workspace, agents_in(found))
    return {"items": found, "speaker": Speaker(names, None)}


async def _show_split(db: Db, looking: Looking) -> Shown:
    query = ThreadQuery(limit=MOST_ITEMS, kinds=RECORDED)
    page = await read_page_of(db, looking.visit.workspace, looking.ticket, query)
    stays = {looking.ticket.id, *looking.ticket.parts}
    chosen = {*looking.said.all("item")}
    goes = [one for one in page.items if str(one.event_id) in chosen and one.event_id not in stays]
    if looking.said.text("see") and not goes and looking.visit.request.method == "GET":
        raise InvalidField("items", _("choose what goes into the new ticket"))
    shown = {**await _items(db, looking.visit, page.items), "stays": stays, "chosen": chosen, "more": page.next}
    way = urlencode([*(("item", one) for one in sorted(chosen)), ("subject", looking.said.text("subject"))])
    again = f"/tickets/{looking.ticket.number}/do/split?{way}"
    return shown | {"goes": goes, "called": _called(looking.said, goes), "again": again}


def _called(said: Said, goes: Sequence[Item]) -> str | None:
    """What a ticket of these items is called; they come newest first."""
    return said.text("subject") or (headline(goes[-1].subject, goes[-1].body) if goes else None)


async def _split(visit: Visit, said: Said) -> Told:
    body = {"items": said.all("item"), "subject": said.text("subject") or None, "version": _seen(said, "version")}
    made = await _make(visit, said, ticket_edits.split, name_of(visit)["ticket"], body)
    words = counted("An item has a ticket of its own now.", "%(num)s items have a ticket of their own now.",
                    len(said.all("item")))  # fmt: skip
    return Told(words=words, back=_back(made))


async def _show_file(db: Db, looking: Looking) -> Shown:
    """One item, and the tickets of its customer that could have it; without one the items to choose from."""
    page = await read_page(
        db, looking.visit.workspace, looking.ticket.customer_id, ThreadQuery(limit=MOST_ITEMS, kinds=RECORDED)
    )
    chosen = looking.said.text("item")
    item = next((one for one in page.items if str(one.event_id) == chosen), None)
    found = [] if not chosen else await list_tickets(
        db, looking.visit.workspace, Listing(customer=looking.ticket.customer_id, statuses=EVERY_STATUS, limit=FOUND)
    )  # fmt: skip
    has = {one.id for one in item.tickets} if item else set()
    options = [one for one in found if one.id not in has]
    return {**await _items(db, looking.visit, page.items), "item": item, "chosen": chosen, "found": options, "has": has}


async def _file(visit: Visit, said: Said) -> Told:
    into = _number(said)
    mode = "share" if said.text("mode") == "share" else "move"
    made = await _make(visit, said, ticket_edits.file, into, {"event": said.text("item"), "mode": mode})
    if mode == "share":
        return Told(words=_("The item is in #%(number)s too.", number=into), back=_back(made))
    return Told(words=_("The item is in #%(number)s now.", number=into), back=_back(made))


# -- links, work of our own ------------------------------------------------------------------------------------------


async def _show_link(db: Db, looking: Looking) -> Shown:
    return {
        "found": await _found(db, looking.visit, looking.ticket, looking.said, None),
        "kinds": LINKS,
        "is_list": looking.said.text("list") == "yes",
    }


async def _link(visit: Visit, said: Said) -> Told:
    other = _number(said)
    body = {"other": other, "kind": said.text("kind")}
    made = await _make(visit, said, ticket_edits.link, name_of(visit)["ticket"], body)
    return Told(words=_("It is linked with #%(number)s.", number=other), back=_back(made))


async def _show_backstage(db: Db, looking: Looking) -> Shown:
    queues = await people.list_queues(db, looking.visit.workspace)
    return {"queues": [Option(value=one.key, words=one.name) for one in queues]}


async def _backstage(visit: Visit, said: Said) -> Told:
    body = {"subject": said.text("subject"), "queue": said.text("queue") or None}
    made = await _make(visit, said, ticket_edits.open_backstage, name_of(visit)["ticket"], body)
    return Told(words=_("#%(number)s is there for it.", number=made.ticket.number), back=_back(made))


# -- taking back -----------------------------------------------------------------------------------------------------


async def _preview_undo(looking: Looking) -> Shown:
    path, query = {"edit_id": looking.said.text("edit")}, {"preview": "true"}
    return {"undone": await answered(looking.visit, ticket_edits.undo, Undone, path, query=query)}


async def _undo(visit: Visit, said: Said) -> Told:
    body = {"reason": said.text("reason") or None}
    await ask(visit, ticket_edits.undo, {"edit_id": said.text("edit")}, body=body, once=said.once)
    return Told(words=_("It is taken back."))


DOINGS: Final = (
    Doing(
        name="merge",
        title=lambda t: _("Merge #%(number)s with another ticket", number=t.number),
        template="merge",
        show=_show_merge,
        act=_merge,
        size="wide",
    ),
    Doing(
        name="split",
        title=lambda t: _("Split items off #%(number)s", number=t.number),
        template="split",
        show=_show_split,
        act=_split,
        size="wide",
    ),
    Doing(
        name="file",
        title=lambda _t: _("File an item"),
        template="file",
        show=_show_file,
        act=_file,
        size="wide",
    ),
    Doing(name="link", title=lambda _t: _("Link with another ticket"), template="link", show=_show_link, act=_link),
    Doing(
        name="backstage",
        title=lambda _t: _("Work of our own"),
        template="backstage",
        show=_show_backstage,
        act=_backstage,
    ),
    Doing(name="undo", title=lambda _t: _("Take it back"), template="undo", look=_preview_undo, act=_undo),
)
