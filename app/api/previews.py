"""What another policy would have made of the past: asked before it is put in force, changes nothing."""

from typing import Final

from app.api.calls import Answer, Call, answer
from app.api.policies import NewPolicy, check_asked
from app.api.retention import NewRetention
from app.api.retention import check_asked as check_retention
from app.api.routes import Route, route
from app.limits import PUSH_BYTES
from app.previewing import SlaPreview, TicketPreview
from app.retaining import Retained
from timeline.tickets.replaying import OtherSla

_REFUSES: Final = frozenset({422, 429})


@route(
    "POST",
    "/api/v1/ticket-policies/preview",
    "config.write",
    takes=NewPolicy,
    answers={200: TicketPreview},
    refuses=_REFUSES,
)
async def preview_tickets(call: Call) -> Answer:
    """What a ticket policy would have made of the customers who came last, beside what is in force: how many tickets
    would open, join, split, reopen and close, and what would wait in each queue. `throughline derive` asks for
    everybody."""
    asked = await call.take(NewPolicy)
    check_asked(asked)
    await _hold(call)
    return answer(await call.edge.previews.tickets(call.workspace, asked.policy))


@route(
    "POST",
    "/api/v1/sla-policies/preview",
    "config.write",
    takes=OtherSla,
    most_bytes=PUSH_BYTES,
    answers={200: SlaPreview},
    refuses=_REFUSES,
)
async def preview_promises(call: Call) -> Answer:
    """Which promises to the customers who came last would have been kept under other SLA policies, beside those that
    were made; `calendars` are those in force where none are said. `throughline replay sla` asks for everybody."""
    asked = await call.take(OtherSla)
    await _hold(call)
    return answer(await call.edge.previews.promises(call.workspace, asked))


@route(
    "POST",
    "/api/v1/retention-policies/preview",
    "retention.read",
    takes=NewRetention,
    answers={200: Retained},
    refuses=_REFUSES,
)
async def preview_retention(call: Call) -> Answer:
    """How many customers and items a retention policy would erase now, the oldest customers first; not `whole` where
    there are more than can be looked at in a few seconds."""
    asked = await call.take(NewRetention)
    check_retention(call, asked)
    await _hold(call)
    home = call.edge.settings.home
    return answer(await call.edge.previews.retained(call.caller.workspace, asked.policy, home))


async def _hold(call: Call) -> None:
    """Raises the 401 where the key does not hold any more."""
    async with call.read():
        pass


ROUTES: Final[tuple[Route, ...]] = (preview_tickets, preview_promises, preview_retention)
