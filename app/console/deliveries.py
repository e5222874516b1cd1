"""What became of an answer by mail, in words, and what can be done about it by whoever may."""

from collections.abc import Sequence
from typing import Final

import msgspec

from app.api import outbound
from app.api.calls import Answer
from app.api.routes import Route
from app.console.asking import ask
from app.console.language import _
from app.console.pages import Page, Visit, moved, page
from app.errors import Problem, problem_of
from channels.bouncing import BounceView, bounced_of
from channels.email.sending import State
from channels.mailings import MailDelivery, show_reply
from identity.errors import Impossible, NotFound

DOINGS: Final[dict[str, Route]] = {
    "again": outbound.replay,
    "discard": outbound.discard,
    "sent": outbound.mark_sent,
}
POSSIBLE: Final[dict[State, tuple[str, ...]]] = {
    "waiting": ("again", "discard"),
    "failed": ("again", "discard"),
    "uncertain": ("again", "sent", "discard"),
}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A mail as an agent reads it. `doings` are names and words of what may be done."""

    mail: MailDelivery
    words: str
    doings: Sequence[tuple[str, str]]
    bounced: Sequence[BounceView]
    fault: str = ""


@page("GET", "/deliveries/{event}", "read")
async def show_delivery(visit: Visit) -> Answer:
    """What became of an answer."""
    return await _show(visit)


@page("POST", "/deliveries/{event}/{what}", "config.write")
async def decide_delivery(visit: Visit) -> Answer:
    """Send it again, leave it, or say that it arrived."""
    said = await visit.form()
    route = DOINGS.get(visit.request.path_params["what"])
    if route is None:
        raise NotFound
    async with visit.read() as db:
        mail = await show_reply(db, visit.workspace, visit.path_id("event"))
    try:
        await ask(visit, route, {"delivery_id": str(mail.id)}, once=said.get("once"))
    except (Impossible, Problem) as error:
        return await _show(visit, problem_of(error).detail, problem_of(error).status)
    return await _show(visit) if visit.is_fragment else moved(f"/deliveries/{mail.event_id}")


async def _show(visit: Visit, fault: str = "", status: int = 200) -> Answer:
    event = visit.path_id("event")
    async with visit.read() as db:
        mail = await show_reply(db, visit.workspace, event)
        bounced = await bounced_of(db, visit.workspace, event)
    may = POSSIBLE.get(mail.state, ()) if visit.may("config.write") else ()
    words = _doing_words()
    doings = [(name, words[name]) for name in may]
    shown = Shown(mail=mail, words=_words(mail.state), doings=doings, bounced=bounced, fault=fault)
    template = "delivery.html" if visit.is_fragment else "delivery_page.html"
    return visit.show(template, status=status, shown=shown, once=visit.new_name())


def _words(state: State) -> str:
    return {
        "waiting": _("It waits to be sent."),
        "sending": _("It is being sent right now."),
        "sent": _("The mail server of the recipient took it."),
        "failed": _("It could not be sent."),
        "uncertain": _("Nobody knows whether it arrived. It is not sent again until somebody decides."),
        "suppressed": _("It is not sent any more."),
    }[state]


def _doing_words() -> dict[str, str]:
    return {"again": _("Send it again"), "discard": _("Do not send it"), "sent": _("Mark it as sent")}


PAGES: Final[tuple[Page, ...]] = (show_delivery, decide_delivery)
