"""Saying something in a ticket: an answer to the customer, or a note for colleagues. Sent twice it is done once."""

from typing import Any, Final

import msgspec

from app.api import ticket_commands
from app.api.calls import Answer
from app.console.asking import ask
from app.console.composing import Draft
from app.console.pages import Page, Visit, moved, page
from app.console.tickets import REFUSED, show_ticket, words_of
from app.errors import problem_of


class _Done(msgspec.Struct, frozen=True, kw_only=True):
    event_id: str


@page("POST", "/tickets/{ticket}/say", "desk")
async def say(visit: Visit) -> Answer:
    """Answer the customer, or note something for colleagues; perhaps with a status."""
    said = await visit.form()
    note, body = said.get("as") == "note", said.get("body", "")
    route = ticket_commands.take_note if note else ticket_commands.reply
    ticket = visit.request.path_params["ticket"]
    try:
        done = await ask(visit, route, {"ticket": ticket}, body=_asked(said, note), once=said.get("once"))
    except REFUSED as error:
        draft = Draft(body=body, note=note, fault=words_of(error))
        return await show_ticket(visit, draft, problem_of(error).status)
    return moved(f"/tickets/{ticket}#item-{msgspec.json.decode(done.body, type=_Done).event_id}")


def _asked(said: dict[str, str], note: bool) -> dict[str, Any]:
    """A form as the API takes it: what is left empty is not said."""
    asked: dict[str, Any] = {"body": said.get("body", "")}
    asked |= {name: said[name] for name in ("status", "disposition") if said.get(name)}
    if not note:
        asked |= {name: said[name] for name in ("about", "subject") if said.get(name)}
        asked |= {"to": [said["to"]]} if said.get("to") else {}
    return asked


PAGES: Final[tuple[Page, ...]] = (say,)
