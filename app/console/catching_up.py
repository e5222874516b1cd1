"""The catch-up above a thread: what was said before, in dated lines that lead to their items."""

from typing import Final

from msgspec import json

from app.api import assistance
from app.api.calls import Answer
from app.console.asking import ask
from app.console.pages import Page, Visit, page
from search.assistance import CatchUp

_catch_up: Final = json.Decoder(CatchUp)


async def _shown(visit: Visit, found: Answer, where: str) -> Answer:
    if found.status == 308:
        return found
    told = _catch_up.decode(found.body)
    return visit.show("catch_up.html" if visit.is_fragment else "catch_up_page.html", told=told, where=where)


@page("GET", "/customers/{customer_id}/catch-up", "read")
async def of_customer(visit: Visit) -> Answer:
    """What a customer's latest matters were about, and how they were answered."""
    path = {"customer_id": visit.request.path_params["customer_id"]}
    found = await ask(visit, assistance.customer_catch_up, path, query={"version": visit.asked_for.get("version")})
    return await _shown(visit, found, f"/customers/{path['customer_id']}")


@page("GET", "/tickets/{ticket}/catch-up", "read")
async def of_ticket(visit: Visit) -> Answer:
    """Who said what in a ticket, turn by turn."""
    path = {"ticket": visit.request.path_params["ticket"]}
    found = await ask(visit, assistance.ticket_catch_up, path, query={"version": visit.asked_for.get("version")})
    return await _shown(visit, found, f"/tickets/{path['ticket']}")


PAGES: Final[tuple[Page, ...]] = (of_customer, of_ticket)
