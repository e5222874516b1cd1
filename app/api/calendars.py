"""Business calendars over HTTP: what would be due when, before a calendar is used."""

from datetime import datetime
from typing import Annotated, Final

import msgspec

from app.api.calls import Answer, Call, answer
from app.api.routes import Route, route
from timeline.interactions import InvalidField, check_time
from timeline.tickets.calendars import LAST_YEAR, Calendar, compiled

MOST_SECONDS: Final = 366 * 86_400 * 10


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many open seconds after a start."""

    calendar: Calendar
    start: datetime
    seconds: Annotated[int, msgspec.Meta(ge=0, le=MOST_SECONDS)]


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """The earliest instant by which they have passed."""

    due: datetime


@route("POST", "/api/v1/calendars/due", "read", takes=Asked, answers={200: Due})
async def try_calendar(call: Call) -> Answer:
    """Try a calendar before it is used: when so many open seconds have passed after a start. An instant is open when
    its wall time in the zone lies in an interval of its local day, so a change of clocks is counted exactly. Keeps
    nothing."""
    asked = await call.take(Asked)
    check_time("start", asked.start)
    hours = compiled(asked.calendar, "calendar")
    async with call.read():
        due = hours.due(asked.start, asked.seconds)
    if due is None:
        raise InvalidField("seconds", f"so many are open in this calendar only after the year {LAST_YEAR}")
    return answer(Due(due=due))


ROUTES: Final[tuple[Route, ...]] = (try_calendar,)
