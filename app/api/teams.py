"""Teams: agents who share queues and views; a lead sets them up."""

from typing import Annotated, Final

import msgspec

from app import people
from app.api.calls import Answer, Call, answer, read_id
from app.api.routes import Route, route
from app.db import Db
from app.people import TeamView

PATH: Final = "/api/v1/teams"
_REFUSES: Final = frozenset({404, 422})
Members = Annotated[list[str], msgspec.Meta(max_length=people.MOST_MEMBERS)]


class TeamPage(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, in order of key."""

    items: list[TeamView]
    next: None = None


class NewTeam(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`key` is what others name it by, for good; `members` are agents by id."""

    key: str
    name: str
    members: Members = []


class MemberChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who comes and who goes; the others stay, also those whom somebody else puts in meanwhile."""

    add: Members = []
    remove: Members = []


class ChangeTeam(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays; a list of `members` are all that there are then."""

    name: str | None = None
    members: Members | MemberChange | None = None


@route("GET", PATH, "read", answers={200: TeamPage})
async def list_teams(call: Call) -> Answer:
    """Every team, with who is in it and whose queues it does."""
    async with call.read() as db:
        return answer(TeamPage(items=await people.list_teams(db, call.workspace)))


@route("POST", PATH, "config.write", takes=NewTeam, answers={201: TeamView}, refuses=_REFUSES)
async def add(call: Call) -> Answer:
    """Make a team."""
    asked = await call.take(NewTeam)
    members = [read_id(one) for one in asked.members]

    async def work(db: Db) -> Answer:
        return answer(await people.add_team(db, call.workspace, asked.key, asked.name, members), 201)

    return await call.write(work)


@route("GET", f"{PATH}/{{team}}", "read", answers={200: TeamView})
async def show(call: Call) -> Answer:
    """One team by its key."""
    async with call.read() as db:
        return answer(await people.read_team(db, call.workspace, call.request.path_params["team"]))


@route("PATCH", f"{PATH}/{{team}}", "config.write", takes=ChangeTeam, answers={200: TeamView}, refuses=_REFUSES)
async def change(call: Call) -> Answer:
    """Call a team something else, or say who is in it."""
    asked, team = await call.take(ChangeTeam), call.request.path_params["team"]
    members = asked.members
    every = [read_id(one) for one in members] if isinstance(members, list) else None
    come, go = (members.add, members.remove) if isinstance(members, MemberChange) else ([], [])
    added, removed = [read_id(one) for one in come], [read_id(one) for one in go]

    async def work(db: Db) -> Answer:
        done = people.change_team(db, call.workspace, team, asked.name, every, added=added, removed=removed)
        return answer(await done)

    return await call.write(work)


@route("DELETE", f"{PATH}/{{team}}", "config.write", answers={200: TeamView}, refuses=_REFUSES)
async def remove(call: Call) -> Answer:
    """Dissolve a team that has no queues; views that only it saw go with it. The answer is the team as it was."""
    team = call.request.path_params["team"]

    async def work(db: Db) -> Answer:
        return answer(await people.remove_team(db, call.workspace, team))

    return await call.write(work)


ROUTES: Final[tuple[Route, ...]] = (list_teams, add, show, change, remove)
