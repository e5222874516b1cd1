"""Agents: who works here, as what, in which teams, whether they are there; and who leaves, whose tickets go back."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec

from app import leaving, people
from app.access import permit
from app.api.calls import Answer, Call, answer
from app.api.customers import CURSOR, LIMIT
from app.api.routes import Parameter, Route, route
from app.api.shapes import Reason
from app.db import Db, new_id
from app.inviting import NOBODY_WRITES, invite
from app.people import AgentChange, AgentView, Mails, NewAgent, State
from identity.errors import Impossible

ME: Final = "me"


class AgentPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[AgentView]
    next: str | None


class ChangeAgent(AgentChange, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`disabled`: the agent works here no more. `reason` is what each ticket that goes back will say."""

    disabled: bool | msgspec.UnsetType = msgspec.UNSET
    reason: Reason | None = None


class ChangedAgent(AgentView, frozen=True, kw_only=True):
    """The agent as it is now, and how many tickets went back to their queues."""

    handed_back: int = 0


class SetState(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """After `until` who was away is online, and who was online is offline."""

    state: State
    until: datetime | None = None


class InviteAgent(NewAgent, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`invite`: the agent is sent a link by mail that sets a password once, within a week."""

    invite: bool = False


class SetMails(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which notifications also come by mail: none, what is meant for the agent, or all."""

    mails: Mails


_TEAM: Final = Parameter(name="team", words="Only who is in this team.", schema={"type": "string"})
_DISABLED: Final = Parameter(
    name="disabled", words="Only who works here no more, or only who does.", schema={"type": "boolean"}
)


@route("GET", "/api/v1/agents", "read", query=(_TEAM, _DISABLED, LIMIT, CURSOR), answers={200: AgentPage})
async def list_agents(call: Call) -> Answer:
    """Who works here and who did, in the order in which they came."""
    query = call.query
    team, limit = query.text("team"), query.limit()
    disabled = None if query.text("disabled") is None else query.flag("disabled")
    listed = f"agents {team} {disabled}"
    after = call.start_of(listed)
    async with call.read() as db:
        found = await people.list_agents(db, call.workspace, team, disabled, after, limit + 1)
    return answer(AgentPage(items=found[:limit], next=call.next_of(listed, [one.id for one in found], limit)))


@route(
    "POST", "/api/v1/agents", "people.write", takes=InviteAgent, answers={201: AgentView}, refuses=frozenset({404, 422})
)
async def add(call: Call) -> Answer:
    """Add an agent. A key is made with `POST /api/v1/keys`; to `invite` takes an account that `notifies`."""
    asked = await call.take(InviteAgent)

    async def work(db: Db) -> Answer:
        added = await people.add_agent(db, call.workspace, asked, new_id)
        if asked.invite and not await invite(db, call.workspace, added.id, added.email, call.edge.settings):
            raise Impossible("invite", NOBODY_WRITES)
        return answer(added, 201)

    return await call.write(work)


@route("GET", "/api/v1/agents/{agent}", "read", answers={200: AgentView})
async def show(call: Call) -> Answer:
    """One agent, by id, or `me`: whose key this is."""
    wanted = _wanted(call)
    async with call.read() as db:
        return answer(await people.read_agent(db, call.workspace, wanted))


@route(
    "PATCH",
    "/api/v1/agents/{agent}",
    "people.write",
    takes=ChangeAgent,
    answers={200: ChangedAgent},
    refuses=frozenset({404, 422}),
)
async def change(call: Call) -> Answer:
    """Change an agent. Who is `disabled` loses every key with the next request, and the open tickets that the agent
    had go back to their queues, each with the reason; it commits in parts, and the worker ends what was cut short."""
    asked, wanted = await call.take(ChangeAgent), _wanted(call)
    if asked.disabled is True and wanted == call.caller.agent:
        raise Impossible("disabled", "this is your own key: let somebody else do it")

    async def part(db: Db) -> AgentView:
        await people.change_agent(db, call.workspace, wanted, asked)
        if asked.disabled is True:
            await people.disable_agent(db, call.workspace, wanted, asked.reason)
        elif asked.disabled is False:
            await people.enable_agent(db, call.workspace, wanted)
        return await people.read_agent(db, call.workspace, wanted)

    async def work() -> Answer:
        changed = await call.commit(part)
        back = 0
        if changed.disabled_at is not None:
            back = await leaving.hand_back(
                call.edge.database, call.workspace, agent=wanted, commit=call.commit, by=call.caller.actor
            )
        async with call.read() as db:
            shown = await people.read_agent(db, call.workspace, wanted)
        fields = {name: getattr(shown, name) for name in shown.__struct_fields__}
        return answer(ChangedAgent(**fields, handed_back=back))

    return await call.write_in_parts(work)


@route(
    "PUT",
    "/api/v1/agents/{agent}/state",
    "desk",
    takes=SetState,
    answers={200: AgentView},
    refuses=frozenset({403, 404, 422}),
)
async def set_state(call: Call) -> Answer:
    """Say whether an agent is there. Of others that takes the right to configure."""
    asked, wanted = await call.take(SetState), _wanted(call)
    if wanted != call.caller.agent:
        permit(call.caller, "config.write")

    async def work(db: Db) -> Answer:
        now = datetime.now(UTC)
        return answer(await people.set_state(db, call.workspace, wanted, asked.state, asked.until, now))

    return await call.write(work)


@route(
    "PUT",
    "/api/v1/agents/{agent}/mails",
    "desk",
    takes=SetMails,
    answers={200: AgentView},
    refuses=frozenset({403, 404, 422}),
)
async def set_mails(call: Call) -> Answer:
    """Say which notifications an agent also gets by mail. Of others that takes the right to configure."""
    asked, wanted = await call.take(SetMails), _wanted(call)
    if wanted != call.caller.agent:
        permit(call.caller, "config.write")

    async def work(db: Db) -> Answer:
        return answer(await people.set_mails(db, call.workspace, wanted, asked.mails))

    return await call.write(work)


def _wanted(call: Call) -> UUID:
    """Raises `NotFound`, and the 422 for `me` where the key is nobody's."""
    if call.request.path_params["agent"] != ME:
        return call.path_id("agent")
    if call.caller.agent is None:
        raise Impossible("agent", "this key is no agent's")
    return call.caller.agent


ROUTES: Final[tuple[Route, ...]] = (list_agents, add, show, change, set_state, set_mails)
