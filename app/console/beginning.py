"""Writing to a customer first, and noting something down about one, from the customer's page: in the composer that
answers too, held as long and sent once."""

from typing import Any, Final
from uuid import UUID

import msgspec

from app.api import first_messages
from app.api.calls import Answer, moved_to
from app.api.first_messages import Writing
from app.console.asking import answered, ask
from app.console.composing import Composer, Draft, compose_first
from app.console.customers import show_thread
from app.console.drafting import check_session, filled_in, read_draft, refused_draft
from app.console.language import _
from app.console.pages import Page, Visit, moved, page
from app.console.placeholders import fill
from app.console.tickets import REFUSED
from app.errors import Problem
from channels.bouncing import BounceView
from identity.customers import CustomerId
from identity.errors import Absorbed
from identity.views import read_people


class _Ticket(msgspec.Struct, frozen=True, kw_only=True):
    number: int


class _Begun(msgspec.Struct, frozen=True, kw_only=True):
    event_id: UUID
    ticket: _Ticket | None = None
    bounced: list[BounceView] = []


@page("GET", "/customers/{customer_id}/message", "desk")
async def show_first(visit: Visit) -> Answer:
    """The customer's page with a composer that answers nothing."""
    customer = CustomerId(visit.path_id("customer_id"))
    try:
        return await show_thread(visit, customer, composer=await _composed(visit, Draft()))
    except Absorbed as absorbed:
        return moved_to(f"/customers/{absorbed.survivor}/message", visit.request.scope["query_string"])


@page("POST", "/customers/{customer_id}/message/composer", "desk")
async def renew(visit: Visit) -> Answer:
    """The composer anew with what was typed. Sends nothing."""
    draft = read_draft(await visit.form_lists())
    return await _composer(visit, msgspec.structs.replace(draft, once=""))


@page("POST", "/customers/{customer_id}/message/check", "desk")
async def check(visit: Visit) -> Answer:
    """What would be sent, and whether anything stands against it. Sends nothing."""
    draft = read_draft(await visit.form_lists())
    try:
        composer = await _composed(visit, draft)
        _read(draft, composer)
    except REFUSED as error:
        return await _refuse(visit, draft, error)
    return visit.show("composer_filled.html", composer=composer, filled=fill(draft.body, composer.values))


@page("POST", "/customers/{customer_id}/message/say", "desk")
async def say(visit: Visit) -> Answer:
    """Send it, or note it down."""
    lists = await visit.form_lists()
    draft, customer = read_draft(lists), visit.path_id("customer_id")
    try:
        check_session(visit, lists)
        begun = await (_note(visit, draft) if draft.note else _write(visit, draft))
    except REFUSED as error:
        return await _refuse(visit, draft, error)
    if visit.is_fragment:
        return await _composer(visit, Draft(note=draft.note, bounced=begun.bounced), begun)
    page = f"/tickets/{begun.ticket.number}" if begun.ticket else f"/customers/{customer}"
    return moved(f"{page}#item-{begun.event_id}")


async def _write(visit: Visit, draft: Draft) -> _Begun:
    composer = await _composed(visit, draft)
    body: dict[str, Any] = {
        "body": _read(draft, composer),
        "account": composer.draft.account,
        "to": composer.draft.to,
        "subject": draft.subject,
        "attachments": [one.id for one in draft.files],
    }
    return await _ask(visit, first_messages.write, body, draft.once)


async def _note(visit: Visit, draft: Draft) -> _Begun:
    return await _ask(visit, first_messages.note, {"body": draft.body}, draft.once)


async def _ask(visit: Visit, route: Any, body: dict[str, Any], once: str) -> _Begun:
    path = {"customer_id": visit.request.path_params["customer_id"]}
    done = await ask(visit, route, path, body=body, once=once or None)
    return msgspec.json.decode(done.body, type=_Begun)


def _read(draft: Draft, composer: Composer) -> str:
    """The text that would be sent. Raises what stands against it."""
    text = filled_in(draft, composer)
    for field, said, words in (
        ("to", composer.draft.to, _("Choose whom it goes to.")),
        ("account", composer.draft.account, _("Choose the mailbox that it goes out by.")),
        ("subject", draft.subject.strip(), _("Say what it is about: a mail has a subject.")),
    ):
        if not said:
            raise Problem(400, "invalid", words, [(field, words)])
    return text


async def _refuse(visit: Visit, draft: Draft, error: Exception) -> Answer:
    """The form again, with what was typed and why it was not taken."""
    refused, status = refused_draft(draft, error)
    if visit.is_fragment:
        return await _composer(visit, refused, status=status)
    customer = CustomerId(visit.path_id("customer_id"))
    return await show_thread(visit, customer, status=status, composer=await _composed(visit, refused))


async def _composer(visit: Visit, draft: Draft, begun: _Begun | None = None, status: int = 200) -> Answer:
    return visit.show("composer.html", status=status, composer=await _composed(visit, draft), done=begun)


async def _composed(visit: Visit, draft: Draft) -> Composer:
    customer = CustomerId(visit.path_id("customer_id"))
    path = {"customer_id": str(customer)}
    async with visit.read() as db:
        people = await read_people(db, visit.workspace, customer)
    return compose_first(visit, people, await answered(visit, first_messages.show_recipients, Writing, path), draft)


PAGES: Final[tuple[Page, ...]] = (show_first, renew, check, say)
