"""Who else has this customer before them, and who replies just now: told by the pages that are looked at, and over by
itself when one stops to tell. 500 open pages cost a small write each third of a minute: streams hear of none, but those
of pages that look at the same customer, when somebody comes there, begins to reply, or goes."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

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

    async def work(db: Db) -> tuple[list[Other], bool]:
        if doing == "gone":
            await presence_store.leave(db, visit.workspace, customer, visit.agent)
            return [], True
        if doing == "came":
            await presence_store.forget(db, visit.workspace, now)
        is_news = await presence_store.stand(
            db, visit.workspace, customer, visit.agent, ticket, doing == "replying", now + HELD, now
        )
        if is_news is None:
            raise NotFound
        rows = await presence_store.others(db, visit.workspace, customer, visit.agent, now, MOST)
        return [Other(**dict(row)) for row in rows], is_news

    others, is_news = await visit.edge.database.write(visit.workspace, work, visit.caller.key, hint=False)
    if is_news and (others or doing == "gone"):
        visit.edge.live.beckon(presence_of(visit.workspace, str(customer)))
    return visit.show("presence.html", others=others, ticket=ticket)


def presence_of(workspace: UUID, customer: str) -> UUID:
    """What is beckoned when somebody comes to the customer, or goes: of one's own workspace, whatever id
    is asked for."""
    return uuid5(workspace, f"presence {customer}")


PAGES: Final[tuple[Page, ...]] = (be_present,)
