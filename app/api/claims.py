"""Who takes a ticket, and who gives it back: of two who claim it one gets it."""

from typing import Final
from uuid import UUID

import msgspec

from app.api.calls import Answer, Call, answer, read_id
from app.api.routes import Route, route
from app.api.shapes import Reason
from app.api.ticket_commands import IF_MATCH, Version, meant, seen_version
from app.api.tickets import etag
from app.db import Db
from identity.errors import Impossible
from timeline.acting import Ask, perform
from timeline.claiming import claim
from timeline.commands import Assign
from timeline.interactions import check_text
from timeline.tickets.reading import TicketView, read_ticket

_REFUSES: Final = frozenset({404, 409, 412, 422})


class Claim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whom, by id, where the key is no agent's own."""

    agent: str | None = None


class HandBack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why, for whoever takes it next."""

    reason: Reason | None = None
    version: Version | msgspec.UnsetType = msgspec.UNSET


@route(
    "POST",
    "/api/v1/tickets/{ticket}/claim",
    "desk",
    takes=Claim,
    needs_body=False,
    answers={200: TicketView},
    refuses=frozenset({404, 409, 422}),
)
async def take(call: Call) -> Answer:
    """Take a ticket that nobody has. Who comes second is told who has it: 409, `already_claimed`. For who has it, the
    same again is nothing new."""
    asked = await call.take(Claim) if await call.body() else Claim()
    agent = _agent(call, asked)

    async def work(db: Db) -> Answer:
        ticket = await meant(db, call)
        await claim(db, call.desk(), ticket, agent)
        shown = await read_ticket(db, call.workspace, str(ticket))
        return answer(shown, headers=etag(shown))

    return await call.write(work)


def _agent(call: Call, asked: Claim) -> UUID:
    """Raises `NotFound`, and the 422 where it is nobody, or an agent claims for another."""
    own, named = call.caller.agent, None if asked.agent is None else read_id(asked.agent)
    if named is None and own is None:
        raise Impossible("agent", "this key is no agent's: say for whom")
    if named is not None and own not in (None, named):
        raise Impossible("agent", "an agent claims for nobody else; `PATCH` assigns")
    agent = named or own
    assert agent is not None
    return agent


@route(
    "POST",
    "/api/v1/tickets/{ticket}/handback",
    "desk",
    headers=(IF_MATCH,),
    takes=HandBack,
    needs_body=False,
    answers={200: TicketView},
    refuses=_REFUSES,
)
async def give_back(call: Call) -> Answer:
    """Give a ticket back to its queue, with the reason on its timeline. What nobody has stays so."""
    asked = await call.take(HandBack) if await call.body() else HandBack()
    version = seen_version(call, asked.version)
    if asked.reason is not None:
        check_text("reason", asked.reason)

    async def work(db: Db) -> Answer:
        ticket = await meant(db, call)
        back = Assign(assignee=None, reason=asked.reason)
        await perform(db, call.desk(), Ask(ticket=ticket, version=version), [back])
        shown = await read_ticket(db, call.workspace, str(ticket))
        return answer(shown, headers=etag(shown))

    return await call.write(work)


ROUTES: Final[tuple[Route, ...]] = (take, give_back)
