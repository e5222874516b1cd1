"""A ticket beside its customer's thread: its page, its panel, and the dialogs in which something is done to it."""

from collections.abc import Mapping
from typing import Final

import msgspec

from app.access import permit
from app.api.calls import Answer
from app.console import doing_edits, doing_life, doing_moving, doing_properties, ticket_words
from app.console.composing import Draft, compose
from app.console.customers import show_thread
from app.console.doing import REFUSED, Doing, Looking, Refusal, Said, Told, refusal_of
from app.console.filtering import read_wanted
from app.console.language import _
from app.console.meanwhile import in_a_line, read_meanwhile
from app.console.pages import Page, Visit, moved, page, read_lists
from app.console.panel import read_panel
from app.console.rendering import HTML
from app.errors import Problem
from identity.errors import NotFound
from identity.views import customer_then
from timeline.errors import TicketElsewhere
from timeline.tickets.reading import read_ticket

DOINGS: Final[dict[str, Doing]] = {
    one.name: one for one in (*doing_properties.DOINGS, *doing_life.DOINGS, *doing_edits.DOINGS, *doing_moving.DOINGS)
}
CHOSEN: Final = frozenset({"other", "customer", "see"})
"""What is chosen in a dialog's first step, and left out where it cannot be."""
_NOT_SAID: Final = frozenset({401, 403})
"""What is no matter of the form: it is answered as on every page."""


def words_of(error: Exception) -> str:
    """Why it was not taken, for whoever typed it."""
    return refusal_of(error).words


@page("GET", "/tickets/{ticket}", "read")
async def open_ticket(visit: Visit) -> Answer:
    """A ticket is shown on its customer's thread."""
    return await show_ticket(visit, Draft(), told=doing_moving.told_of(visit))


async def show_ticket(
    visit: Visit, draft: Draft, status: int = 200, fault: str = "", told: Told | None = None
) -> Answer:
    """The ticket's page, with what could not be taken: an answer, or with `fault` a change. Of the past the page of the
    customer whose it was then."""
    past = read_wanted(visit).as_of
    try:
        async with visit.read() as db:
            ticket = await read_ticket(db, visit.workspace, visit.request.path_params["ticket"])
            then = await customer_then(db, visit.workspace, ticket.contact_id, past) if past else ticket.customer_id
            if then is None:
                raise Problem(404, "not_found", _("Who wrote in this ticket was not known at that moment."))
            if then != ticket.customer_id:
                return moved(f"/customers/{then}?{visit.request.url.query}")
            composer = await compose(db, visit, ticket, draft)
            panel = await read_panel(db, visit, ticket, told, fault)
    except TicketElsewhere as elsewhere:
        return _follow(visit, elsewhere)
    panel = msgspec.structs.replace(panel, composer=composer)
    return await show_thread(visit, ticket.customer_id, status=status, panel=panel)


@page("GET", "/tickets/{ticket}/panel", "read")
async def show_panel(visit: Visit) -> Answer:
    """The panel as it is now, to be put where it is."""
    return await _panel(visit)


async def _panel(
    visit: Visit, told: Told | None = None, refusal: Refusal | None = None, said: Said | None = None
) -> Answer:
    try:
        async with visit.read() as db:
            ticket = await read_ticket(db, visit.workspace, visit.request.path_params["ticket"])
            fault = refusal.words if refusal else ""
            if refusal and refusal.is_stale and said:
                fault = f"{fault} {in_a_line(await read_meanwhile(db, visit, ticket, said))}"
            panel = await read_panel(db, visit, ticket, told, fault)
    except TicketElsewhere as elsewhere:
        return _follow(visit, elsewhere)
    headers = {"HX-Trigger-After-Swap": "throughline:done"} if told else {}
    return visit.show("panel_swap.html", refusal.status if refusal else 200, headers, panel=panel)


@page("GET", "/tickets/{ticket}/do/{what}", "read")
async def show_doing(visit: Visit) -> Answer:
    """A dialog in which something is done to a ticket; without a script a page."""
    doing = _doing(visit)
    if doing.template is None:
        raise NotFound
    permit(visit.caller, doing.right)
    asked = read_lists(visit.request.scope["query_string"])
    try:
        return await _dialog(visit, doing, Said(lists=asked))
    except REFUSED as error:
        if not asked.keys() & CHOSEN:
            raise
        return await _dialog(visit, doing, _unchosen(asked), refusal_of(error))


def _unchosen(lists: Mapping[str, list[str]]) -> Said:
    return Said(lists={name: values for name, values in lists.items() if name not in CHOSEN})


async def _dialog(visit: Visit, doing: Doing, said: Said, refusal: Refusal | None = None) -> Answer:
    try:
        async with visit.read() as db:
            ticket = await read_ticket(db, visit.workspace, visit.request.path_params["ticket"])
            looking = Looking(visit=visit, ticket=ticket, said=said)
            shown = dict(await doing.show(db, looking)) if doing.show else {}
            stale = refusal is not None and refusal.is_stale
            shown["meanwhile"] = await read_meanwhile(db, visit, ticket, said) if stale else None
        shown |= await doing.look(looking) if doing.look else {}
    except TicketElsewhere as elsewhere:
        return _follow(visit, elsewhere)
    values = {
        "doing": doing,
        "ticket": ticket,
        "tell": ticket_words,
        "said": said,
        "refusal": refusal,
        "once": visit.new_name(),
        **shown,
    }
    return visit.show(
        "doing.html" if visit.is_fragment else "doing_page.html",
        refusal.status if refusal else 200,
        {"HX-Retarget": "#doing", "HX-Reswap": "innerHTML"} if refusal else {},
        fields_at_fault=refusal.fields if refusal else {},
        **values,
    )


@page("POST", "/tickets/{ticket}/do/{what}", "desk")
async def do(visit: Visit) -> Answer:
    """Do it, once however often the form is sent; what is refused is shown again as it was typed."""
    doing = _doing(visit)
    if doing.act is None:
        raise NotFound
    said = Said(lists=await visit.form_lists())
    try:
        told = await doing.act(visit, said)
    except REFUSED as error:
        refusal = refusal_of(error)
        if refusal.status in _NOT_SAID:
            raise
        return await _refused(visit, doing, said, refusal)
    if visit.is_fragment and not told.goes:
        return await _panel(visit, told)
    return _go(visit, told.goes or f"/tickets/{visit.request.path_params['ticket']}")


async def _refused(visit: Visit, doing: Doing, said: Said, refusal: Refusal) -> Answer:
    if doing.template is not None:
        try:
            return await _dialog(visit, doing, said, refusal)
        except REFUSED as error:
            if not said.lists.keys() & CHOSEN:
                raise
            return await _dialog(visit, doing, _unchosen(said.lists), refusal_of(error))
    if visit.is_fragment:
        return await _panel(visit, refusal=refusal, said=said)
    return await show_ticket(visit, Draft(), refusal.status, refusal.words)


def _doing(visit: Visit) -> Doing:
    """Raises `NotFound`."""
    found = DOINGS.get(visit.request.path_params["what"])
    if found is None:
        raise NotFound
    return found


def _follow(visit: Visit, elsewhere: TicketElsewhere) -> Answer:
    """Where a ticket went that is not there any more."""
    if elsewhere.survivor:
        return _go(visit, f"/tickets/{elsewhere.number or elsewhere.survivor}")
    return _go(visit, f"/customers/{elsewhere.customer}" if elsewhere.customer else "/")


def _go(visit: Visit, path: str) -> Answer:
    if visit.is_fragment:
        return Answer(headers={"HX-Redirect": path}, media_type=HTML)
    return moved(path)


PAGES: Final[tuple[Page, ...]] = (open_ticket, show_panel, show_doing, do)
