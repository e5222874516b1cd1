"""Saying something in a ticket: an answer to the customer, or a note for colleagues. Sent twice it is done once; what
came meanwhile is shown before anything is sent."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from app.api import ticket_commands
from app.api.calls import Answer
from app.console import beginning, colleagues, deliveries, first_answers, past, presence, uploading
from app.console.asking import ask
from app.console.composing import Composer, Draft, came_since, compose
from app.console.drafting import check_session, count, filled_in, read_draft, refused_draft
from app.console.language import _, counted
from app.console.pages import Page, Visit, moved, page
from app.console.placeholders import fill
from app.console.tickets import REFUSED, show_ticket
from app.errors import Problem
from channels.bouncing import BounceView
from identity.errors import NotFound
from timeline.errors import TicketElsewhere, TicketStale
from timeline.items import Item
from timeline.tickets.reading import TicketView, read_ticket
from timeline.tickets.ticket import ENDED

LOOKS: Final = 3


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    event_id: UUID
    bounced: list[BounceView] = []


class _Came(Exception):
    """Others said something that whoever answers has not seen; `items` are how many there are with it."""

    def __init__(self, came: Sequence[Item], items: int) -> None:
        super().__init__(f"{len(came)} came meanwhile")
        self.came = came
        self.items = items


@page("GET", "/tickets/{ticket}/composer", "desk")
async def show_composer(visit: Visit) -> Answer:
    """The composer alone, anew: perhaps to answer another item."""
    return await _composer(visit, Draft())


@page("POST", "/tickets/{ticket}/composer", "desk")
async def renew(visit: Visit) -> Answer:
    """The composer anew with what was typed. Whom and what it answers is kept where it was chosen. Sends nothing."""
    lists = await visit.form_lists()
    said = {name: values[-1] for name, values in lists.items()}
    draft = msgspec.structs.replace(read_draft(lists), about=said.get("picked", ""), once="", seen=None)
    to = (await _composed(visit, draft)).recipient
    known = {one.value for one in to.points} if to and said.get("chosen") else set[str]()
    return await _composer(visit, draft if draft.to in known else msgspec.structs.replace(draft, to=""))


@page("GET", "/tickets/{ticket}/news", "desk")
async def show_news(visit: Visit) -> Answer:
    """What others said since the composer was shown, in a few words."""
    async with visit.read() as db:
        ticket = await read_ticket(db, visit.workspace, visit.request.path_params["ticket"])
        seen = count(visit.asked_for.get("seen", "")) or 0
        came = await came_since(db, visit, ticket, seen)
    return visit.show("composer_news.html", ticket=ticket, came=came, seen=seen)


@page("POST", "/tickets/{ticket}/check", "desk")
async def check(visit: Visit) -> Answer:
    """What an answer would say, and whether anything stands against sending it. Sends nothing."""
    draft = read_draft(await visit.form_lists())
    try:
        await _read(visit, draft)
    except (_Came, *REFUSED) as error:
        return await _refuse(visit, draft, error)
    composer = await _composed(visit, draft)
    return visit.show("composer_filled.html", composer=composer, filled=fill(draft.body, composer.values))


@page("POST", "/tickets/{ticket}/say", "desk")
async def say(visit: Visit) -> Answer:
    """Answer the customer, or note something for colleagues; perhaps with a status."""
    lists = await visit.form_lists()
    draft = read_draft(lists)
    try:
        check_session(visit, lists)
        said = await (_note(visit, draft) if draft.note else _reply(visit, draft))
    except (_Came, *REFUSED) as error:
        return await _refuse(visit, draft, error)
    if visit.is_fragment:
        return await _composer(visit, Draft(note=draft.note, bounced=said.bounced), said.event_id)
    return moved(f"/tickets/{visit.request.path_params['ticket']}#item-{said.event_id}")


async def _reply(visit: Visit, draft: Draft) -> _Said:
    """Look and send until nothing happens in between."""
    for _look in range(LOOKS):
        ticket, text = await _read(visit, draft)
        asked = {**_asked(draft, text), **_addressed(draft)}
        try:
            said = await _ask(visit, ticket_commands.reply, asked, draft.once, f'"{ticket.version}"')
        except TicketStale:
            continue
        if draft.source:
            body = _(
                "The words of answer %(once)s come from %(source)s.", once=f"#item-{said.event_id}", source=draft.source
            )
            await _ask(visit, ticket_commands.take_note, {"body": body}, f"{draft.once}-source" if draft.once else "")
        return said
    raise Problem(409, "busy", _("This ticket is changing just now. Nothing was sent: send it again."))


async def _note(visit: Visit, draft: Draft) -> _Said:
    return await _ask(visit, ticket_commands.take_note, _asked(draft, draft.body), draft.once)


async def _ask(visit: Visit, route: Any, asked: dict[str, Any], once: str, version: str | None = None) -> _Said:
    path = {"ticket": visit.request.path_params["ticket"]}
    done = await ask(visit, route, path, body=asked, once=once or None, version=version)
    return msgspec.json.decode(done.body, type=_Said)


async def _read(visit: Visit, draft: Draft) -> tuple[TicketView, str]:
    """The ticket as it is, and the text that would be sent. Raises what stands against it."""
    async with visit.read() as db:
        ticket = await read_ticket(db, visit.workspace, visit.request.path_params["ticket"])
        came = await came_since(db, visit, ticket, draft.seen) if draft.seen is not None else []
        composer = await compose(db, visit, ticket, draft)
    if came:
        raise _Came(came, ticket.items)
    if composer.refused:
        raise Problem(422, "impossible", composer.refused)
    to = composer.recipient
    if to and to.is_lent and draft.to not in {one.value for one in to.points}:
        words = _("Choose whom it goes to.")
        raise Problem(400, "invalid", words, [("to", words)])
    return ticket, filled_in(draft, composer)


def _asked(draft: Draft, text: str) -> dict[str, Any]:
    """As the API takes it: what is left empty is not said."""
    asked: dict[str, Any] = {"body": text}
    if draft.status:
        asked["status"] = draft.status
    if draft.disposition and draft.status in ENDED:
        asked["disposition"] = draft.disposition
    return asked


def _addressed(draft: Draft) -> dict[str, Any]:
    asked: dict[str, Any] = {name: value for name in ("about", "subject") if (value := getattr(draft, name))}
    if draft.to:
        asked["to"] = [draft.to]
    if draft.files:
        asked["attachments"] = [one.id for one in draft.files]
    return asked


async def _refuse(visit: Visit, draft: Draft, error: Exception) -> Answer:
    """The form again, with what was typed and why it was not taken."""
    change = msgspec.structs.replace
    if isinstance(error, _Came):
        one, many = "Somebody wrote meanwhile. Nothing was sent yet.", "%(num)d came meanwhile. Nothing was sent yet."
        words = counted(one, many, len(error.came))
        return await _show(visit, change(draft, fault=words, came=error.came, seen=error.items), 409)
    refused, status = refused_draft(draft, error)
    return await _show(visit, refused, status)


async def _show(visit: Visit, draft: Draft, status: int) -> Answer:
    return await (_composer(visit, draft, status=status) if visit.is_fragment else show_ticket(visit, draft, status))


async def _composer(visit: Visit, draft: Draft, done: UUID | None = None, status: int = 200) -> Answer:
    try:
        composer = await _composed(visit, draft)
    except TicketElsewhere as elsewhere:
        if elsewhere.number is None:
            raise NotFound from None
        return moved(f"/tickets/{elsewhere.number}/composer")
    return visit.show("composer.html", status=status, composer=composer, done=done)


async def _composed(visit: Visit, draft: Draft) -> Composer:
    async with visit.read() as db:
        ticket = await read_ticket(db, visit.workspace, visit.request.path_params["ticket"])
        return await compose(db, visit, ticket, draft)


PAGES: Final[tuple[Page, ...]] = (
    *(show_composer, renew, show_news, check, say),
    *uploading.PAGES,
    *colleagues.PAGES,
    *presence.PAGES,
    *past.PAGES,
    *deliveries.PAGES,
    *first_answers.PAGES,
    *beginning.PAGES,
)
