"""A ticket beside its customer's thread: what it is, and what an agent does with it."""

from collections.abc import Sequence
from typing import Final, get_args
from uuid import UUID

import msgspec

from app import people
from app.api.calls import Answer, read_id
from app.api.ticket_commands import meant
from app.console.composing import Composer, Draft, compose
from app.console.customers import show_thread
from app.console.pages import Page, Visit, moved, page
from app.db import Db
from app.errors import Problem, problem_of
from identity.errors import Impossible, NotFound
from timeline.acting import Ask, perform
from timeline.commands import Assign, Command, SetPriority, SetQueue, SetStatus, Tag
from timeline.errors import StartOver, TicketElsewhere, TicketStale
from timeline.events import Priority, Status
from timeline.interactions import InvalidField
from timeline.tickets.reading import TicketView, read_ticket

STATUSES: Final[tuple[Status, ...]] = get_args(Status)
PRIORITIES: Final[tuple[Priority, ...]] = get_args(Priority)
MOST_AGENTS: Final = 200
REFUSED: Final = (Impossible, InvalidField, TicketStale, TicketElsewhere, Problem)


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """All that stands beside the thread when a ticket is open."""

    ticket: TicketView
    composer: Composer
    agents: Sequence[people.AgentView]
    queues: Sequence[people.QueueView]
    fault: str
    once: str
    statuses: tuple[Status, ...] = STATUSES
    priorities: tuple[Priority, ...] = PRIORITIES


@page("GET", "/tickets/{ticket}", "read")
async def open_ticket(visit: Visit) -> Answer:
    """A ticket is shown on its customer's thread."""
    return await show_ticket(visit, Draft())


async def show_ticket(visit: Visit, draft: Draft, status: int = 200, fault: str = "") -> Answer:
    """The ticket's page, with what could not be taken: an answer, or with `fault` a change."""
    try:
        async with visit.read() as db:
            ticket = await read_ticket(db, visit.workspace, visit.request.path_params["ticket"])
            composer = await compose(db, visit, ticket, draft)
            agents = await people.list_agents(db, visit.workspace, None, False, None, MOST_AGENTS)
            queues = await people.list_queues(db, visit.workspace)
    except TicketElsewhere as elsewhere:
        where = f"/tickets/{elsewhere.survivor}" if elsewhere.survivor else f"/customers/{elsewhere.customer}"
        return moved(where if elsewhere.survivor or elsewhere.customer else "/")
    panel = Panel(ticket=ticket, composer=composer, agents=agents, queues=queues, fault=fault, once=visit.new_name())
    return await show_thread(visit, ticket.customer_id, status=status, panel=panel)


@page("POST", "/tickets/{ticket}/change", "desk")
async def change(visit: Visit) -> Answer:
    """Make a ticket something else, as it was seen."""
    said = await visit.form()
    try:
        return await _perform(visit, said, _commands(said))
    except REFUSED as error:
        return await show_ticket(visit, Draft(), problem_of(error).status, words_of(error))


async def _perform(visit: Visit, said: dict[str, str], commands: list[Command]) -> Answer:
    version = _version(said)

    async def work(db: Db) -> Answer:
        ticket = await meant(db, visit)
        await perform(db, visit.desk(), Ask(ticket=ticket, version=version), commands)
        return Answer(status=201)

    visit.said_once(said.get("once"))
    await visit.write(work)
    return moved(f"/tickets/{visit.request.path_params['ticket']}")


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


def words_of(error: Exception) -> str:
    """Why it was not taken, for whoever typed it."""
    if isinstance(error, TicketStale):
        return "Somebody changed this ticket meanwhile. What you typed is still here: look, and send it again."
    if isinstance(error, StartOver):
        return "This did not go through just now. Send it again."
    return problem_of(error).detail


PAGES: Final[tuple[Page, ...]] = (open_ticket, change)
