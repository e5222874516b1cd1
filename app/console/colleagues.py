"""Who of the desk is meant, as somebody types a name after an @."""

from typing import Final

from app import people
from app.api.calls import Answer
from app.console.pages import Page, Visit, page

MOST: Final = 6
MOST_AGENTS: Final = 200


@page("GET", "/colleagues", "desk")
async def name_colleagues(visit: Visit) -> Answer:
    """Agents whose name or address begins so, to be named in a note."""
    asked = visit.asked_for.get("q", "").casefold()
    async with visit.read() as db:
        agents = await people.list_agents(db, visit.workspace, None, False, None, MOST_AGENTS)
    found = [one for one in agents if _begins(one, asked)]
    return visit.show("colleagues.html", found=sorted(found, key=lambda one: one.name.casefold())[:MOST])


def _begins(agent: people.AgentView, asked: str) -> bool:
    names = [agent.name.casefold(), *agent.name.casefold().split(), agent.email.casefold()]
    return any(one.startswith(asked) for one in names)


PAGES: Final[tuple[Page, ...]] = (name_colleagues,)
