"""People who ask, and the tickets that come of it, through the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.db import new_id
from app.store import add_agent
from tests import settling
from tests.app.api.conftest import Api, Tenant
from tests.builders import contact

PATH = "/api/v1/tickets"


def soon(minutes: int) -> str:
    """A time of today, so that nothing has closed by silence meanwhile."""
    return (datetime.now(UTC) - timedelta(hours=2) + timedelta(minutes=minutes)).isoformat()


async def asks(api: Api, who: str = "ann", minutes: int = 0, **fields: Any) -> dict[str, Any]:
    """Push a message of somebody, and return what came of it."""
    told = {"kind": "message", "channel": "email", "subject": None, "occurred_at": soon(minutes), **fields}
    return await api.push(contact=contact(who), **told)


async def opened(api: Api, who: str = "ann", minutes: int = 0, **fields: Any) -> dict[str, Any]:
    return (await asks(api, who, minutes, **fields))["ticket"]


async def ticket_of(api: Api, name: Any) -> dict[str, Any]:
    response = await api("GET", f"{PATH}/{name}")
    assert response.status_code == 200, response.text
    return response.json()


async def patched(api: Api, name: Any, **asked: Any) -> dict[str, Any]:
    """Change a ticket as it is now."""
    version = (await ticket_of(api, name))["version"]
    response = await api("PATCH", f"{PATH}/{name}", json={"version": version, **asked})
    assert response.status_code == 200, response.text
    return response.json()


async def agent(api: Api, tenant: Tenant | None = None) -> str:
    made, where = new_id(), (tenant or api.mine).id
    mail = f"{made}@desk.example"
    await api.database.write(where, lambda db: add_agent(db, where, made, email=mail, name="Kim", role="agent"))
    return str(made)


async def joined(api: Api) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Two people who asked the same, found to be one under a policy that joins, and that decision."""
    made = await api("POST", "/api/v1/ticket-policies", json={"policy": {"name": "Joins", "on_link": "join"}})
    assert made.status_code == 201
    ann, ben = await asks(api, "ann", subject="Shoes"), await asks(api, "ben", subject="Shoes")
    merged = await api("POST", f"/api/v1/customers/{ann['customer_id']}/merge", json={"other": ben["customer_id"]})
    return ann, ben, merged.json()["decision_id"]


async def settled(api: Api) -> None:
    """Until followers may read all that is recorded."""
    await settling.settled(api.database, api.mine.id)
