"""The catch-up above a thread: what was said before, in dated lines that lead to their items."""

from typing import Any, Final
from uuid import UUID

from msgspec import json
from msgspec.structs import replace

from app.api import assistance
from app.api.calls import Answer
from app.api.routes import Route
from app.console.asking import ask
from app.console.pages import Page, Visit, page
from app.errors import Problem
from search.assistance import CatchUp
from timeline.followers import BATCH, Checkpoint, head, read_after

_catch_up: Final = json.Decoder(CatchUp)
SYSTEM: Final = "system"


@page("GET", "/customers/{customer_id}/catch-up", "read")
async def of_customer(visit: Visit) -> Answer:
    """What a customer's latest matters were about, and how they were answered."""
    path = {"customer_id": visit.request.path_params["customer_id"]}
    return await _show(visit, assistance.customer_catch_up, path, f"/customers/{path['customer_id']}")


@page("GET", "/tickets/{ticket}/catch-up", "read")
async def of_ticket(visit: Visit) -> Answer:
    """Who said what in a ticket, turn by turn."""
    path = {"ticket": visit.request.path_params["ticket"]}
    return await _show(visit, assistance.ticket_catch_up, path, f"/tickets/{path['ticket']}")


async def _show(visit: Visit, route: Route, path: dict[str, str], where: str) -> Answer:
    async with visit.read() as db:
        now = await head(db, visit.workspace)
    found = await ask(visit, route, path, query={"version": visit.asked_for.get("version")})
    if found.status == 308:
        return found
    told = _catch_up.decode(found.body)
    if told.stale and await _is_own(visit, told.customer_id):
        told = replace(told, stale=False)
    said: dict[str, Any] = {
        "told": told,
        "where": where,
        "head": visit.edge.tokens.seal_checkpoint(visit.workspace, now),
    }
    return visit.show("catch_up.html" if visit.is_fragment else "catch_up_page.html", **said)


async def _is_own(visit: Visit, customer: UUID) -> bool:
    """Whether whoever looks did all that happened to this customer since the lines were shown."""
    since = _since(visit)
    if since is None:
        return False
    async with visit.read() as db:
        found = await read_after(db, visit.workspace, since)
    actors = {one.event.actor for one in found if one.customer_id == customer} - {SYSTEM}
    return actors == {visit.caller.actor} and len(found) < BATCH


def _since(visit: Visit) -> Checkpoint | None:
    try:
        return visit.edge.tokens.open_checkpoint(visit.workspace, visit.asked_for.get("since", ""), "since")
    except Problem:
        return None


PAGES: Final[tuple[Page, ...]] = (of_customer, of_ticket)
