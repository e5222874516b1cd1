"""Who works at a desk and where tickets wait: agents with their states, teams, queues."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Literal, get_args
from uuid import UUID
from zoneinfo import available_timezones

import msgspec

from app import people_store, store
from app.people_store import Db, Row
from identity.customers import WorkspaceId
from identity.errors import Impossible, NotFound
from identity.identifiers import normalise
from timeline.interactions import InvalidField, check_text, check_time
from timeline.tickets import views
from timeline.tickets.routing import KEY, KEY_WORDS
from timeline.tickets.versions import read_desk

AgentRole = Literal["admin", "lead", "agent", "auditor"]
State = Literal["online", "away", "offline"]
Mails = Literal["off", "mine", "all"]
AGENT_ROLES: Final[tuple[AgentRole, ...]] = get_args(AgentRole)
STATES: Final[tuple[State, ...]] = get_args(State)
MOST_TEAMS: Final = 100
MOST_MEMBERS: Final = 1_000
AFTERWARDS: Final[dict[State, State]] = {"away": "online", "online": "offline"}
"""What a state becomes when its time is over."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class AgentView(msgspec.Struct, frozen=True, kw_only=True):
    """An agent as of now. `holds` are the open tickets that the agent has, `mails` which notifications also come by
    mail: none, what is meant for the agent, or what happens where the agent follows as well."""

    id: UUID
    email: str
    name: str
    role: AgentRole
    teams: list[str]
    state: State
    state_until: datetime | None
    zone: str | None
    calendar: str | None
    holds: int
    created_at: datetime
    disabled_at: datetime | None
    left_because: str | None
    mails: Mails


class NewAgent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without a name the agent is called by the address up to its @. `calendar` is the key of one that is set up."""

    email: str
    role: AgentRole
    name: str | None = None
    teams: list[str] = []
    zone: str | None = None
    calendar: str | None = None


class AgentChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an agent is to be; what is left out stays."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    role: AgentRole | msgspec.UnsetType = msgspec.UNSET
    teams: list[str] | msgspec.UnsetType = msgspec.UNSET
    zone: str | msgspec.UnsetType | None = msgspec.UNSET
    calendar: str | msgspec.UnsetType | None = msgspec.UNSET


class TeamView(msgspec.Struct, frozen=True, kw_only=True):
    """A team; `members` are agents by id, `queues` those whose work it does."""

    key: str
    name: str
    members: list[UUID]
    queues: list[str]
    created_at: datetime


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    """A queue; `place` is where it stands among the others."""

    key: str
    name: str
    team: str | None
    place: int
    created_at: datetime


# -- agents ----------------------------------------------------------------------------------------------------------


async def list_agents(
    db: Db, workspace: WorkspaceId, team: str | None, disabled: bool | None, after: UUID | None, limit: int
) -> list[AgentView]:
    """Raises `NotFound` for a team that is not there."""
    if team is not None:
        await read_team(db, workspace, team)
    return [_agent(row) for row in await people_store.agents(db, workspace, team, disabled, after, limit)]


async def read_agent(db: Db, workspace: WorkspaceId, agent: UUID) -> AgentView:
    """Raises `NotFound`."""
    row = await people_store.agent(db, workspace, agent)
    if row is None:
        raise NotFound
    return _agent(row)


def _agent(row: Row) -> AgentView:
    state, until = state_now(row["state"], row["state_until"], row["now"])
    rest = {name: row[name] for name in AgentView.__struct_fields__ if name not in ("state", "state_until")}
    return AgentView(state=state, state_until=until, **rest)


def state_now(state: State, until: datetime | None, now: datetime) -> tuple[State, datetime | None]:
    """The state that an agent is in, and until when, where it was said to last until a time."""
    if until is None or now < until:
        return state, until
    return AFTERWARDS.get(state, state), None


async def add_agent(db: Db, workspace: WorkspaceId, asked: NewAgent, new_id: Callable[[], UUID]) -> AgentView:
    """Raises `InvalidField`, `NotFound` for a team that is not there, `Impossible` where the address is taken,
    or for a calendar that is not there."""
    read = normalise("email", asked.email, None, None)
    if read.problem:
        raise InvalidField("email", read.problem)
    name = checked_name(asked.name or read.value.partition("@")[0])
    _check_zone(asked.zone)
    agent = new_id()
    if not await store.add_agent(db, workspace, agent, email=read.value, name=name, role=asked.role):
        raise Impossible("email", f"{read.value} is an agent here already")
    await people_store.change_agent(db, workspace, agent, name, asked.role, asked.zone)
    await _set_calendar(db, workspace, agent, asked.calendar)
    await _put_in_teams(db, workspace, agent, asked.teams)
    return await read_agent(db, workspace, agent)


async def set_mails(db: Db, workspace: WorkspaceId, agent: UUID, mails: Mails) -> AgentView:
    """Raises `NotFound`."""
    if not await people_store.lock_agent(db, workspace, agent):
        raise NotFound
    await people_store.set_mails(db, workspace, agent, mails)
    return await read_agent(db, workspace, agent)


async def change_agent(db: Db, workspace: WorkspaceId, agent: UUID, asked: AgentChange) -> AgentView:
    """Raises `NotFound`, `InvalidField`, `Impossible` for a calendar that is not there."""
    if not await people_store.lock_agent(db, workspace, agent):
        raise NotFound
    was = await read_agent(db, workspace, agent)
    name = was.name if asked.name is msgspec.UNSET else checked_name(asked.name)
    role = was.role if asked.role is msgspec.UNSET else asked.role
    zone = was.zone if asked.zone is msgspec.UNSET else asked.zone
    _check_zone(zone)
    await people_store.change_agent(db, workspace, agent, name, role, zone)
    if asked.calendar is not msgspec.UNSET:
        await _set_calendar(db, workspace, agent, asked.calendar)
    if asked.teams is not msgspec.UNSET:
        await _put_in_teams(db, workspace, agent, asked.teams)
    return await read_agent(db, workspace, agent)


async def set_state(
    db: Db, workspace: WorkspaceId, agent: UUID, state: State, until: datetime | None, now: datetime
) -> AgentView:
    """Raises `NotFound`, `InvalidField`, `Impossible` for who works here no more."""
    if until is not None:
        check_time("until", until)
    if until is not None and (state not in AFTERWARDS or until <= now):
        raise InvalidField("until", "expected a time to come, of a state that ends: online or away")
    if not await people_store.lock_agent(db, workspace, agent):
        raise NotFound
    if (await read_agent(db, workspace, agent)).disabled_at is not None:
        raise Impossible("state", "this agent works here no more")
    await people_store.set_state(db, workspace, agent, state, until)
    return await read_agent(db, workspace, agent)


async def disable_agent(db: Db, workspace: WorkspaceId, agent: UUID, because: str | None) -> None:
    """The agent works here no more: its keys do not hold from the commit on. Raises `InvalidField`, `NotFound`."""
    if because is not None:
        check_text("reason", because)
    if not await people_store.lock_agent(db, workspace, agent):
        raise NotFound
    await people_store.disable_agent(db, workspace, agent, because)


async def enable_agent(db: Db, workspace: WorkspaceId, agent: UUID) -> None:
    """Keys that were revoked stay so, and tickets where they are. Raises `NotFound`."""
    if not await people_store.lock_agent(db, workspace, agent):
        raise NotFound
    await people_store.enable_agent(db, workspace, agent)


async def working_by(db: Db, workspace: WorkspaceId) -> list[tuple[str, str]]:
    """The calendars by which agents who work here do, each with the name of one of them."""
    return [(row["calendar"], row["name"]) for row in await people_store.calendars_in_use(db, workspace)]


async def _set_calendar(db: Db, workspace: WorkspaceId, agent: UUID, calendar: str | None) -> None:
    if calendar is not None and calendar not in (await read_desk(db, workspace)).configuration.calendars:
        raise Impossible("calendar", f"there is no calendar {calendar}")
    await people_store.set_calendar(db, workspace, agent, calendar)


async def _put_in_teams(db: Db, workspace: WorkspaceId, agent: UUID, teams: Sequence[str]) -> None:
    if len(teams) > MOST_TEAMS:
        raise InvalidField("teams", f"expected at most {MOST_TEAMS}")
    if set(teams) - await people_store.known_teams(db, workspace, teams):
        raise NotFound
    await people_store.put_in_teams(db, workspace, agent, sorted(set(teams)))


def _check_zone(zone: str | None) -> None:
    if zone is not None and zone not in available_timezones():
        raise InvalidField("zone", "expected an IANA time zone, such as Europe/Berlin")


def checked_name(name: str) -> str:
    """A name as it is kept. Raises `InvalidField`."""
    name = name.strip()
    if not 0 < len(name) <= 200 or _CONTROL.search(name):
        raise InvalidField("name", "expected 1 to 200 characters, none of them a control character")
    return name


def checked_key(key: str) -> str:
    """The key of a new team or queue. Raises `InvalidField`."""
    if not KEY.fullmatch(key):
        raise InvalidField("key", KEY_WORDS)
    return key


# -- teams and queues ------------------------------------------------------------------------------------------------


async def list_teams(db: Db, workspace: WorkspaceId) -> list[TeamView]:
    return [TeamView(**dict(row)) for row in await people_store.teams(db, workspace)]


async def read_team(db: Db, workspace: WorkspaceId, key: str) -> TeamView:
    """Raises `NotFound`."""
    row = await people_store.team(db, workspace, key) if KEY.fullmatch(key) else None
    if row is None:
        raise NotFound
    return TeamView(**dict(row))


async def add_team(db: Db, workspace: WorkspaceId, key: str, name: str, members: Sequence[UUID]) -> TeamView:
    """Raises `InvalidField`, `NotFound` for an agent who is not there, `Impossible` where the key is taken."""
    if not await people_store.add_team(db, workspace, checked_key(key), checked_name(name)):
        raise Impossible("key", f"there is a team {key} already")
    await _fill(db, workspace, key, members)
    return await read_team(db, workspace, key)


async def change_team(
    db: Db,
    workspace: WorkspaceId,
    key: str,
    name: str | None,
    members: Sequence[UUID] | None,
    *,
    added: Sequence[UUID] = (),
    removed: Sequence[UUID] = (),
) -> TeamView:
    """None: as it is. Raises `NotFound`, `InvalidField`."""
    was = await read_team(db, workspace, key)
    if not await people_store.rename_team(db, workspace, key, was.name if name is None else checked_name(name)):
        raise NotFound
    if added or removed:  # the row is locked now: whoever changed it before us is seen
        members = sorted(({*(await read_team(db, workspace, key)).members} | {*added}) - {*removed})
    if members is not None:
        await _fill(db, workspace, key, members)
    return await read_team(db, workspace, key)


async def _fill(db: Db, workspace: WorkspaceId, key: str, members: Sequence[UUID]) -> None:
    if len(members) > MOST_MEMBERS:
        raise InvalidField("members", f"expected at most {MOST_MEMBERS}")
    if set(members) - (await views.agents(db, workspace, list(members))).keys():
        raise NotFound
    await people_store.fill_team(db, workspace, key, sorted(set(members)))


async def remove_team(db: Db, workspace: WorkspaceId, key: str) -> TeamView:
    """The team as it was; views that only it saw go with it. Raises `NotFound`, `Impossible` while it has queues."""
    was = await read_team(db, workspace, key)
    if was.queues:
        raise Impossible("team", f"the team has queues ({', '.join(was.queues)}): give them to another first")
    await people_store.remove_team(db, workspace, key)
    return was


async def list_queues(db: Db, workspace: WorkspaceId) -> list[QueueView]:
    return [QueueView(**dict(row)) for row in await people_store.queues(db, workspace)]


async def read_queue(db: Db, workspace: WorkspaceId, key: str) -> QueueView:
    """Raises `NotFound`."""
    row = await people_store.queue(db, workspace, key) if KEY.fullmatch(key) else None
    if row is None:
        raise NotFound
    return QueueView(**dict(row))


async def put_queue(
    db: Db, workspace: WorkspaceId, key: str, name: str, team: str | None, place: int, *, new: bool
) -> QueueView:
    """Raises `InvalidField`, `NotFound` for a team or a queue that is not there, `Impossible` where the key is
    taken."""
    if team is not None and not await people_store.known_teams(db, workspace, [team]):
        raise NotFound
    key = checked_key(key) if new else key
    if not await people_store.put_queue(db, workspace, key, checked_name(name), team, place, new=new):
        if new:
            raise Impossible("key", f"there is a queue {key} already")
        raise NotFound
    return await read_queue(db, workspace, key)
