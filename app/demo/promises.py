"""What the demo desk promises: an answer at once, by day and night, to whoever chats or calls; to others an answer, and
to all an end, within some of the hours in which the office is open."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from app.db import Database, Db
from identity.customers import WorkspaceId
from timeline import alarming
from timeline.events import Actor
from timeline.tickets import sla_store
from timeline.tickets.calendars import Calendar
from timeline.tickets.configuration import DeskConfiguration
from timeline.tickets.sla import Answers, Promise, Sla, SlaPolicy, Targets, When
from timeline.tickets.ticket import TicketId
from timeline.tickets.versions import decide_desk, read_desk

NewId = Callable[[], UUID]
Ids = Callable[[str, datetime], NewId]

HOURS: Final = "office"
_OPEN: Final = ("08:00", "20:00")
_WEEK: Final = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), (_OPEN,))
_HOUR: Final = 3_600


def _promise(hours: float, calendar: str | None = HOURS) -> Promise:
    return Promise(seconds=int(hours * _HOUR), calendar=calendar, pauses=("pending", "on_hold"))


PROMISED: Final = Sla(
    policies=(
        SlaPolicy(
            key="at-once",
            name="Chat and telephone",
            when=When(channel=("chat", "voice", "sms")),
            targets=Targets(
                first_response=_promise(0.5, None), next_response=_promise(1, None), resolution=_promise(18)
            ),
        ),
        SlaPolicy(
            key="letters",
            name="Everything else",
            targets=Targets(first_response=_promise(4), next_response=_promise(9), resolution=_promise(36)),
        ),
    ),
    answers=Answers(by="anybody"),
)


async def promise(db: Db, workspace: WorkspaceId, actor: Actor, now: datetime) -> None:
    """Decided once, before the first item."""
    if (await read_desk(db, workspace)).configuration.sla.policies:
        return
    calendar = msgspec.convert({"zone": "Europe/London", "hours": _WEEK}, Calendar)

    def change(desk: DeskConfiguration) -> DeskConfiguration:
        return msgspec.structs.replace(desk, calendars={HOURS: calendar}, sla=PROMISED)

    await decide_desk(db, workspace, change, actor=actor, reason="the desk opens", now=now)


async def tell(database: Database, workspace: WorkspaceId, until: datetime, ids: Ids) -> None:
    """What a worker would have told by then of promises that were broken, at the time of each."""
    while True:
        async with database.read(workspace) as db:
            due = await sla_store.first_due(db, workspace, until)
        if due is None:
            return
        ticket, at = TicketId(due["id"]), due["at"] + timedelta(seconds=1)
        new_id = ids(f"promise/{ticket}", at)

        async def say(db: Db, ticket: TicketId = ticket, at: datetime = at, new_id: NewId = new_id) -> int:
            return await alarming.announce(db, workspace, [ticket], new_id=new_id, now=at)

        if not await database.write(workspace, say):
            return
