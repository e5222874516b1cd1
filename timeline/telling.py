"""What is an agent to hear of? A follower of the ledger tells each who is meant, once, in the product.

To hear of: a ticket given to one, a note that names one, a task of one's own and its time, what a ticket of one's own
waits for (its customer's answer, the end of a snooze, a promise about to be broken or broken), anything in a ticket
that one follows. Nobody hears of what they did themselves, nor of imports.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from identity.customers import WorkspaceId
from identity.errors import Impossible, NotFound
from timeline.events import RecordedEvent
from timeline.followers import Followed
from timeline.store import Db, Row, clock
from timeline.tickets import task_store, views
from timeline.tickets.reading import find_standing
from timeline.tickets.task_store import Notice
from timeline.tickets.ticket import TicketId

NewId = Callable[[], UUID]
FOLLOWER: Final = "notifications"
MOST_MENTIONED: Final = 50
DUE_AT_ONCE: Final = 500
_OF_CLOCKS: Final = {"SlaWarned": "sla_warned", "SlaBreached": "sla_breached"}
_GIVEN: Final = {"TicketAssigned": "assigned", "TaskAdded": "task", "TaskChanged": "task"}


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """What of an event says who is meant."""

    ticket: UUID | None = None
    ticket_id: UUID | None = None
    assignee: UUID | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")
    history: bool = False
    found_missed: bool = False
    confirmed: bool | None = None
    due: datetime | None = None


class _Named(msgspec.Struct, frozen=True, kw_only=True):
    mentions: list[UUID] = []


async def tell(db: Db, workspace: WorkspaceId, batch: Sequence[Followed], new_id: NewId, now: datetime) -> int:
    """Tell who is meant of a batch of events; how many notices that made at most."""
    events = {one.event.id: one.event for one in batch}
    meant = [one for event in events.values() for one in _meant(event)]
    why = {event.id: kind for event in events.values() if (kind := _concern(event)) is not None}
    held = await task_store.having(db, workspace, list(why)) if why else []
    meant.extend((row["agent_id"], why[row["event_id"]], row["ticket_id"], events[row["event_id"]]) for row in held)
    for row in await task_store.followed(db, workspace, list(events)):
        event = events[row["event_id"]]
        if not _said(event).history:
            meant.append((row["agent_id"], "changed", row["ticket_id"], event))
    told: dict[tuple[UUID, UUID], Notice] = {}
    works = await views.agents(db, workspace, list({agent for agent, *_ in meant})) if meant else {}
    for agent, kind, ticket, event in meant:
        if event.actor == f"agent:{agent}" or not works.get(agent):
            continue
        told.setdefault(
            (agent, event.id),
            Notice(
                id=new_id(),
                agent_id=agent,
                kind=kind,
                ticket_id=ticket,
                event_id=event.id,
                actor=event.actor,
                made_at=now,
            ),
        )
    await task_store.add_notices(db, workspace, list(told.values()))
    return len(told)


def _meant(event: RecordedEvent) -> Iterator[tuple[UUID, str, UUID, RecordedEvent]]:
    """Whom an event names, and why."""
    kind = _GIVEN.get(event.type)
    if kind is None and event.type != "NoteRecorded":
        return
    said = _said(event)
    if kind is not None and said.assignee is not None and said.ticket is not None:
        yield said.assignee, kind, said.ticket, event
    if kind is None and said.ticket_id is not None and not said.history:
        try:
            named = msgspec.json.decode(said.data, type=_Named | None)
        except msgspec.MsgspecError:
            return  # a push says in `data` what it likes
        for agent in named.mentions[:MOST_MENTIONED] if named else ():
            yield agent, "mentioned", said.ticket_id, event


def _concern(event: RecordedEvent) -> str | None:
    """Why whoever has the ticket is to hear of an event."""
    said = _said(event)
    if said.history or said.found_missed:
        return None
    if event.type in ("MessageRecorded", "CallRecorded"):
        return "answered" if event.direction == "inbound" else None
    if event.type == "TicketConfirmed":
        return "rejected" if said.confirmed is False else None
    if event.type == "TicketAwoke":
        return "awake" if said.due is not None else None
    return _OF_CLOCKS.get(event.type)


def _said(event: RecordedEvent) -> _Said:
    try:
        return msgspec.json.decode(event.data, type=_Said)
    except msgspec.MsgspecError:
        return _Said()  # of another shape: it names nobody


async def tell_due(db: Db, workspace: WorkspaceId, new_id: NewId, now: datetime) -> int:
    """Tell the owners of tasks whose time has come; how many tasks that were. Killed or doubled, it happens once."""
    rows = await task_store.tell_due(db, workspace, now, DUE_AT_ONCE)
    notices = [
        Notice(
            id=new_id(),
            agent_id=row["owner_id"],
            kind="task_due",
            ticket_id=row["ticket_id"],
            event_id=row["id"],
            actor="system",
            made_at=now,
        )
        for row in rows
        if row["owner_id"] is not None
    ]
    await task_store.add_notices(db, workspace, notices)
    return len(rows)


async def mentions_in(db: Db, workspace: WorkspaceId, body: str, named: Sequence[UUID]) -> tuple[UUID, ...]:
    """The agents whom a note is for: those named by id, and those named in its text. Raises `NotFound` for an id that
    is no agent's."""
    known = await views.agents(db, workspace, list(named)) if named else {}
    if {*named} - {*known}:
        raise NotFound
    found = mentioned(body, await task_store.working(db, workspace)) if "@" in body else ()
    return tuple(dict.fromkeys((*named, *found)))[:MOST_MENTIONED]


def mentioned(body: str, agents: Iterable[Row]) -> tuple[UUID, ...]:
    """The agents whom a text names by `@` and their whole name, their first name, or their address up to its @.

    A name that several have names all of them."""
    said = body.casefold()
    found: list[UUID] = []
    for agent in agents:
        name = agent["name"].casefold().strip()
        calls = {name, name.partition(" ")[0], agent["email"].casefold().partition("@")[0]} - {""}
        if any(re.search(rf"(?<![\w@])@{re.escape(call)}(?!\w)", said) for call in calls):
            found.append(agent["id"])
    return tuple(found[:MOST_MENTIONED])


# -- as it is shown --------------------------------------------------------------------------------------------------


class NoticeView(msgspec.Struct, frozen=True, kw_only=True):
    """Something that an agent is to hear of: `event_id` says what happened, of a task that is due which."""

    id: UUID
    kind: str
    ticket_id: UUID
    number: int | None
    event_id: UUID
    actor: str
    made_at: datetime
    read_at: datetime | None


class FollowerView(msgspec.Struct, frozen=True, kw_only=True):
    agent_id: UUID
    since: datetime


async def notices_of(
    db: Db, workspace: WorkspaceId, agent: UUID, *, unread: bool, before: UUID | None, limit: int
) -> tuple[list[NoticeView], int]:
    """An agent's notifications, the newest first, and how many were not read."""
    rows = await task_store.notices(db, workspace, agent, unread=unread, before=before, limit=limit)
    return [NoticeView(**dict(row)) for row in rows], await task_store.count_unread(db, workspace, agent)


async def read_notices(
    db: Db, workspace: WorkspaceId, agent: UUID, ids: Sequence[UUID] | None, now: datetime
) -> tuple[int, int]:
    """Mark an agent's notifications as read: how many were not, and how many are not now. Raises `NotFound`."""
    if ids is not None and await task_store.known_notices(db, workspace, agent, ids) < len({*ids}):
        raise NotFound
    read = await task_store.mark_read(db, workspace, agent, ids, now)
    return len(read), await task_store.count_unread(db, workspace, agent)


async def follow(db: Db, workspace: WorkspaceId, ticket: TicketId, agent: UUID) -> None:
    """Raises `NotFound` for who never worked here, `Impossible` for who does not any more."""
    known = await views.agents(db, workspace, [agent])
    if agent not in known:
        raise NotFound
    if not known[agent]:
        raise Impossible("agent", "expected the id of an agent who works here")
    standing, _ = await find_standing(db, workspace, str(ticket))
    await task_store.follow(db, workspace, standing.id, agent, await clock(db))


async def unfollow(db: Db, workspace: WorkspaceId, ticket: TicketId, agent: UUID) -> None:
    if agent not in await views.agents(db, workspace, [agent]):
        raise NotFound
    await task_store.unfollow(db, workspace, await _family(db, workspace, ticket), agent)


async def followers_of(db: Db, workspace: WorkspaceId, ticket: TicketId) -> list[FollowerView]:
    rows = await task_store.followers(db, workspace, await _family(db, workspace, ticket))
    return [FollowerView(**dict(row)) for row in rows]


async def _family(db: Db, workspace: WorkspaceId, ticket: TicketId) -> list[TicketId]:
    """The ticket that a ticket is today, and its parts. Raises `NotFound`."""
    standing, _ = await find_standing(db, workspace, str(ticket))
    return [standing.id, *standing.parts]
