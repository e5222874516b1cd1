"""Tickets as lists of what was counted show them: what each is about, whose it is, and of which customer."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from app.console.pages import Visit
from app.db import Db
from timeline.threads import summaries
from timeline.tickets import reporting_views


class Face(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket in a list of what was counted, with its customer's name."""

    id: UUID
    number: int
    subject: str | None
    status: str
    queue: str | None
    channel: str | None
    opened_at: datetime
    customer_id: UUID
    assignee: str | None
    customer: str | None


async def read_faces(db: Db, visit: Visit, tickets: Sequence[UUID]) -> dict[UUID, Face]:
    rows = await reporting_views.faces(db, visit.workspace, tickets)
    customers = list(dict.fromkeys(row["customer_id"] for row in rows))
    known = {one.id: one.name for one in await summaries(db, visit.workspace, customers)}
    return {row["id"]: Face(**dict(row), customer=known.get(row["customer_id"])) for row in rows}
