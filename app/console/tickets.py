"""A ticket beside its customer's thread: what it is, and what an agent does with it."""

from collections.abc import Sequence
from typing import Final, get_args
from uuid import UUID

import msgspec

from app import people
from app.api.calls import Answer, read_id
from app.api.ticket_commands import meant
from app.console.customers import show_thread
from app.console.pages import Page, Visit, moved, page
from app.db import Db
from app.errors import Problem, problem_of
from identity.errors import Impossible, NotFound
from timeline.acting import Ask, perform
from timeline.addressing import answered_subject
from timeline.commands import AddNote, Assign, Command, Reply, SetPriority, SetQueue, SetStatus, Tag
from timeline.errors import StartOver, TicketElsewhere, TicketStale
from timeline.events import Priority, Status
from timeline.interactions import InvalidField
from timeline.telling import mentions_in
from timeline.tickets.aiming import Aim, at_item, read_aims
from timeline.tickets.reading import TicketView, read_ticket

STATUSES: Final[tuple[Status, ...]] = get_args(Status)
PRIORITIES: Final[tuple[Priority, ...]] = get_args(Priority)
MOST_AGENTS: Final = 200
_REFUSED: Final = (Impossible, InvalidField, TicketStale, TicketElsewhere, Problem)


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed and could not be taken: it is shown again, with the reason."""

    body: str = ""
    note: bool = False
    fault: str = ""


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Whom an answer goes to: shown before it is sent, and sent to nobody else."""

    about: UUID
    channel: str
    value: str | None
    subject: str


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """All that stands beside the thread when a ticket is open."""

    ticket: TicketView
    recipient: Recipient | None
    agents: Sequence[people.AgentView]
    queues: Sequence[people.QueueView]
    draft: Draft
    once: str
    statuses: tuple[Status, ...] = STATUSES
    priorities: tuple[Priority, ...] = PRIORITIES


@page("GET", "/tickets/{ticket}", "read")
async def open_ticket(visit: Visit) -> Answer:
    """A ticket is shown on its customer's thread."""
    return await _shown(visit, Draft())


async def _shown(visit: Visit, draft: Draft, status: int = 200) -> Answer:
    try:
        async with visit.read() as db:
            ticket = await read_ticket(db, visit.workspace, visit.request.path_params["ticket"])
            recipient = await _recipient(db, visit, ticket)
            agents = await people.list_agents(db, visit.workspace, None, False, None, MOST_AGENTS)
            queues = await people.list_queues(db, visit.workspace)
    except TicketElsewhere as elsewhere:
        where = f"/tickets/{elsewhere.survivor}" if elsewhere.survivor else f"/customers/{elsewhere.customer}"
        return moved(where if elsewhere.survivor or elsewhere.customer else "/")
    panel = Panel(ticket=ticket, recipient=recipient, agents=agents, queues=queues, draft=draft, once=visit.new_name())
    return await show_thread(visit, ticket.customer_id, status=status, panel=panel)


async def _recipient(db: Db, visit: Visit, ticket: TicketView) -> Recipient | None:
    aim = (await read_aims(db, visit.workspace, [ticket.id]))[ticket.id]
    place = (await at_item(db, visit.workspace, aim, None)).answered if isinstance(aim, Aim) else None
    if place is None:
        return None
    return Recipient(
        about=place.about,
        channel=place.channel or "api",
        value=place.point["value"] if place.point else None,
        subject=answered_subject(place.subject or ticket.subject),
    )


@page("POST", "/tickets/{ticket}/say", "desk")
async def say(visit: Visit) -> Answer:
    """Answer the customer, or note something for colleagues; perhaps with a status. Sent twice it is done once."""
    said = await visit.form()
    note, body = said.get("as") == "note", said.get("body", "")
    try:
        about = read_id(said["about"]) if said.get("about") else None
        async with visit.read() as db:
            mentions = await mentions_in(db, visit.workspace, body, []) if note else ()
        to = (said["to"],) if said.get("to") and not note else None
        command = AddNote(body=body, mentions=mentions) if note else Reply(body=body, to=to)
        done = await _perform(visit, said, [command, *_status(said)], None if note else about)
    except _REFUSED as error:
        problem = problem_of(error)
        return await _shown(visit, Draft(body=body, note=note, fault=_words(error)), problem.status)
    return done


@page("POST", "/tickets/{ticket}/change", "desk")
async def change(visit: Visit) -> Answer:
    """Make a ticket something else, as it was seen."""
    said = await visit.form()
    try:
        return await _perform(visit, said, _commands(said), None)
    except _REFUSED as error:
        return await _shown(visit, Draft(fault=_words(error)), problem_of(error).status)


async def _perform(visit: Visit, said: dict[str, str], commands: list[Command], about: UUID | None) -> Answer:
    version = _version(said)

    async def work(db: Db) -> Answer:
        ticket = await meant(db, visit)
        done = await perform(db, visit.desk(), Ask(ticket=ticket, version=version), commands, about=about)
        return Answer(status=201, body=f"#item-{done.events[0]}".encode() if done.events else b"")

    visit.said_once(said.get("once"))
    done = await visit.write(work)
    return moved(f"/tickets/{visit.request.path_params['ticket']}{done.body.decode()}")


def _version(said: dict[str, str]) -> int | None:
    text = said.get("version", "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidField("version", "expected the version that was seen")
    return int(text)


def _status(said: dict[str, str]) -> list[Command]:
    text = said.get("status", "")
    if not text:
        return []
    if text not in STATUSES:
        raise InvalidField("status", f"expected one of {', '.join(STATUSES)}")
    return [SetStatus(status=text, disposition=said.get("disposition") or None)]


def _commands(said: dict[str, str]) -> list[Command]:
    """What of a ticket a form names. Raises `InvalidField`."""
    found: list[Command] = _status(said)
    if "assignee" in said:
        found.append(Assign(assignee=_agent(said["assignee"])))
    if "priority" in said:
        if said["priority"] not in PRIORITIES:
            raise InvalidField("priority", f"expected one of {', '.join(PRIORITIES)}")
        found.append(SetPriority(priority=said["priority"]))
    if "queue" in said:
        found.append(SetQueue(queue=said["queue"] or None))
    if "tags" in said:
        found.append(Tag(added=tuple(one.strip() for one in said["tags"].split(",") if one.strip()), only=True))
    return found


def _agent(text: str) -> UUID | None:
    if not text:
        return None
    try:
        return read_id(text)
    except NotFound:
        raise InvalidField("assignee", "expected an agent") from None


def _words(error: Exception) -> str:
    """Why it was not taken, for whoever typed it."""
    if isinstance(error, TicketStale):
        return "Somebody changed this ticket meanwhile. What you typed is still here: look, and send it again."
    if isinstance(error, StartOver):
        return "This did not go through just now. Send it again."
    return problem_of(error).detail


PAGES: Final[tuple[Page, ...]] = (open_ticket, say, change)
