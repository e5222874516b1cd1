"""What a ticket is made: its status, owner, queue, priority, type, fields, tags and subject, one at a time."""

import math
import re
from typing import Any, Final

import msgspec

from app import people
from app.api import claims
from app.console.doing import Doing, Looking, Option, Said, Shown, Told, patch, post, read_agent, read_choice
from app.console.language import _
from app.console.pages import Visit
from app.console.ticket_words import PRIORITIES, STATUSES, priority_words, status_words
from app.db import Db
from timeline.tickets.reading import TicketView, read_ticket
from timeline.tickets.ticket import ENDED, MOVES
from timeline.tickets.types import Field, Types
from timeline.tickets.versions import read_desk
from timeline.tickets.views import tags_used

MOST_AGENTS: Final = 200
SUGGESTED: Final = 12
THIRD_PARTY: Final = "on_hold third_party"
_NUMBER: Final = re.compile(r"-?\d{1,16}")


async def _types(db: Db, visit: Visit) -> Types:
    return (await read_desk(db, visit.workspace)).configuration.types


# -- status ----------------------------------------------------------------------------------------------------------


async def _statuses(db: Db, visit: Visit, ticket: TicketView) -> list[Option]:
    """What the ticket may become, with what came of it where the desk says so."""
    desk, found = await _types(db, visit), list[Option]()
    for status in (ticket.status, *MOVES[ticket.status]):
        words, is_now = status_words(status), status == ticket.status
        if is_now or not (desk.disposition_required and status in ENDED):
            found.append(Option(value=status, words=words, is_now=is_now))
        if is_now:
            continue
        if status == "on_hold":
            found.append(Option(value=THIRD_PARTY, words=words, note=_("waiting for a third party")))
        if status in ENDED:
            found += [Option(value=f"{status} {one.key}", words=words, note=one.name) for one in desk.dispositions]
    return found


async def _show_status(db: Db, looking: Looking) -> Shown:
    return {"field": "status", "options": await _statuses(db, looking.visit, looking.ticket)}


async def _set_status(visit: Visit, said: Said) -> Told:
    status, _sep, rest = said.text("status").partition(" ")
    change = {"status": read_choice("status", status, STATUSES)}
    if said.text("status") == THIRD_PARTY:
        change["waiting"] = rest
    elif rest:
        change["disposition"] = rest
    await patch(visit, said, change)
    return Told(words=_("It is %(status)s now.", status=status_words(status)))


# -- owner -----------------------------------------------------------------------------------------------------------


async def _show_owner(db: Db, looking: Looking) -> Shown:
    found = await people.list_agents(db, looking.visit.workspace, None, False, None, MOST_AGENTS)
    found.sort(key=lambda one: (one.id != looking.visit.agent, one.state != "online", one.name.casefold()))
    options = [
        Option(
            value=str(one.id),
            words=one.name,
            note=_("me")
            if one.id == looking.visit.agent
            else _("%(state)s, has %(held)s", state=one.state, held=one.holds),
            is_now=one.id == looking.ticket.assignee,
        )
        for one in found
        if one.role != "auditor"
    ]
    return {"field": "assignee", "options": options}


async def _set_owner(visit: Visit, said: Said) -> Told:
    agent = read_agent(visit, "assignee", said.text("assignee"))
    await patch(visit, said, {"assignee": None if agent is None else str(agent)})
    return Told(words=_("It is yours now.") if agent == visit.agent else _("It has another owner now."))


async def _claim(visit: Visit, said: Said) -> Told:
    await post(visit, said, claims.take, {})
    return Told(words=_("It is yours now."))


async def _hand_back(visit: Visit, said: Said) -> Told:
    await post(visit, said, claims.give_back, {"reason": said.text("reason") or None}, seen=True)
    return Told(words=_("Nobody has it now, and it waits in its queue."))


# -- queue, priority, type -------------------------------------------------------------------------------------------


async def _show_queue(db: Db, looking: Looking) -> Shown:
    queues = await people.list_queues(db, looking.visit.workspace)
    options = [Option(value=one.key, words=one.name, is_now=one.key == looking.ticket.queue) for one in queues]
    return {"field": "queue", "options": [*options, _none(looking.ticket.queue)]}


def _none(now: str | None) -> Option:
    return Option(value="", words=_("none"), is_now=now is None)


async def _set_queue(visit: Visit, said: Said) -> Told:
    await patch(visit, said, {"queue": said.text("queue") or None})
    return Told(words=_("It waits in another queue now."))


async def _show_priority(looking: Looking) -> Shown:
    options = [
        Option(value=one, words=priority_words(one), is_now=one == looking.ticket.priority) for one in PRIORITIES
    ]
    return {"field": "priority", "options": options}


async def _set_priority(visit: Visit, said: Said) -> Told:
    priority = read_choice("priority", said.text("priority"), PRIORITIES)
    await patch(visit, said, {"priority": priority})
    return Told(words=_("Its priority is %(priority)s now.", priority=priority_words(priority)))


async def _show_type(db: Db, looking: Looking) -> Shown:
    desk = await _types(db, looking.visit)
    options = [Option(value=one.key, words=one.name, is_now=one.key == looking.ticket.type) for one in desk.types]
    return {"field": "type", "options": [*options, _none(looking.ticket.type)]}


async def _set_type(visit: Visit, said: Said) -> Told:
    await patch(visit, said, {"type": said.text("type") or None})
    return Told(words=_("It has another type now."))


# -- fields ----------------------------------------------------------------------------------------------------------


async def _show_fields(db: Db, looking: Looking) -> Shown:
    kind = (await _types(db, looking.visit)).named(looking.ticket.type)
    fields = kind.fields if kind is not None else ()
    now = {one.key: _standing(one, looking.ticket) for one in fields}
    typed = {key: looking.said.lists.get(f"fields.{key}", values) for key, values in now.items()}
    return {"fields": fields, "typed": typed, "was": looking.said.text("was") or msgspec.json.encode(now).decode()}


def _standing(field: Field, ticket: TicketView) -> list[str]:
    """What stands in the control of a field that nobody touched."""
    value = ticket.fields.get(field.key)
    if value is None:
        return []
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    return [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)]


async def _set_fields(visit: Visit, said: Said) -> Told:
    async with visit.read() as db:
        ticket = await read_ticket(db, visit.workspace, visit.request.path_params["ticket"])
        kind = (await _types(db, visit)).named(ticket.type)
    fields, was = kind.fields if kind is not None else (), _was(said)
    asked = {one.key: read_field(one, said) for one in fields if _sent(one, said) != was.get(one.key)}
    now = {key: list(one) if isinstance(one, tuple) else one for key, one in ticket.fields.items()}
    await patch(visit, said, {"fields": {key: one for key, one in asked.items() if one != now.get(key)}})
    return Told(words=_("The fields are filled in."))


def _was(said: Said) -> dict[str, list[str]]:
    """What stood in the controls at first: a field that was left alone is left as somebody else made it meanwhile."""
    try:
        seen = msgspec.json.decode(said.text("was"), type=dict[str, list[str]])
    except msgspec.MsgspecError:
        return {}
    return {key: sorted(values) for key, values in seen.items()}


def _sent(field: Field, said: Said) -> list[str]:
    return sorted(one for one in said.lists.get(f"fields.{field.key}", []) if one)


def read_field(field: Field, said: Said) -> Any:
    """What was typed as the API takes it; what is no number stays a text, and is refused there in words."""
    name = f"fields.{field.key}"
    if field.kind == "multi-choice":
        return said.all(name) or None
    text = said.text(name)
    if not text:
        return None
    if field.kind == "boolean":
        return {"yes": True, "no": False}.get(text, text)
    if field.kind in ("number", "integer"):
        return _number(text)
    return text


def _number(text: str) -> int | float | str:
    if _NUMBER.fullmatch(text) and text.isascii():
        return int(text)
    try:
        number = float(text.replace(",", ".")) if text.isascii() else math.inf
    except ValueError:
        return text
    return number if math.isfinite(number) else text


# -- tags, subject ---------------------------------------------------------------------------------------------------


async def _show_tags(db: Db, looking: Looking) -> Shown:
    typed = looking.said.text("add")
    part = typed.rpartition(",")[2].strip().lower()[:50]
    found = await tags_used(db, looking.visit.workspace, part, SUGGESTED + len(looking.ticket.tags))
    suggested = [one for one in found if one not in looking.ticket.tags][:SUGGESTED]
    return {"suggested": suggested, "typed": typed, "is_list": looking.said.text("list") == "yes"}


async def _set_tags(visit: Visit, said: Said) -> Told:
    added = [one.strip() for text in said.all("add") for one in text.split(",") if one.strip()]
    added += said.all("tag")
    removed = said.all("remove")
    await patch(visit, said, {"tags": {"add": added, "remove": removed}})
    return Told(words=_("The tags are changed."))


async def _set_subject(visit: Visit, said: Said) -> Told:
    await patch(visit, said, {"subject": said.text("subject") or None})
    return Told(words=_("It is called otherwise now."))


DOINGS: Final = (
    Doing(name="status", title=lambda _t: _("Status"), template="pick", show=_show_status, act=_set_status),
    Doing(name="owner", title=lambda _t: _("Who has it"), template="owner", show=_show_owner, act=_set_owner),
    Doing(name="claim", title=lambda _t: _("Assign to me"), act=_claim),
    Doing(name="handback", title=lambda _t: _("Hand back"), template="handback", act=_hand_back, is_one_form=True),
    Doing(name="queue", title=lambda _t: _("Queue"), template="pick", show=_show_queue, act=_set_queue),
    Doing(name="priority", title=lambda _t: _("Priority"), template="pick", look=_show_priority, act=_set_priority),
    Doing(name="type", title=lambda _t: _("Type"), template="pick", show=_show_type, act=_set_type),
    Doing(
        name="fields",
        title=lambda _t: _("Fields"),
        template="fields",
        show=_show_fields,
        act=_set_fields,
        is_one_form=True,
    ),
    Doing(name="tags", title=lambda _t: _("Tags"), template="tags", show=_show_tags, act=_set_tags),
    Doing(name="subject", title=lambda _t: _("Subject"), template="subject", act=_set_subject, is_one_form=True),
)
