"""Who else has this customer before them, and who replies just now: told by the pages that are looked at, and over by
itself when one stops to tell. It says nothing to streams: 500 open pages cost a small write each third of a minute."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from app import presence_store
from app.api.calls import Answer
from app.console.pages import Page, Visit, page
from app.db import Db
from app.errors import bad_request
from identity.errors import NotFound

HELD: Final = timedelta(seconds=50)
MOST: Final = 8
DOINGS: Final = ("came", "looking", "replying", "gone")


class Other(msgspec.Struct, frozen=True, kw_only=True):
    """A colleague who is here; `ticket` is the number of the one open there."""

    name: str
    ticket: int | None
    replying: bool


@page("POST", "/customers/{customer_id}/presence", "read")
async def be_present(visit: Visit) -> Answer:
    """Say what one does here; who else does what."""
    said = await visit.form()
    doing, number = said.get("doing", ""), said.get("ticket", "")
    if doing not in DOINGS:
        raise bad_request("doing", f"expected one of {', '.join(DOINGS)}")
    customer, now = visit.path_id("customer_id"), datetime.now(UTC)
    ticket = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else None

    async def work(db: Db) -> list[Other]:
        if doing == "gone":
            await presence_store.leave(db, visit.workspace, customer, visit.agent)
            return []
        if doing == "came":
            await presence_store.forget(db, visit.workspace, now)
        there = await presence_store.stand(
            db, visit.workspace, customer, visit.agent, ticket, doing == "replying", now + HELD
        )
        if not there:
            raise NotFound
        rows = await presence_store.others(db, visit.workspace, customer, visit.agent, now, MOST)
        return [Other(**dict(row)) for row in rows]

    others = await visit.edge.database.write(visit.workspace, work, visit.caller.key, hint=False)
    return visit.show("presence.html", others=others, ticket=ticket)


PAGES: Final[tuple[Page, ...]] = (be_present,)
