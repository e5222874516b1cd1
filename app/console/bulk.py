"""What is done with several tickets at once, or with the next one: each told what became of it, and done once."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from app.api.calls import Answer
from app.api.routes import Route
from app.api.ticket_commands import TicketResults, change, change_many
from app.api.ticket_life import snooze, wake
from app.console.asking import answered, ask
from app.console.inbox import pairs_of, show_list
from app.console.language import _, counted
from app.console.local_times import read_local
from app.console.pages import Page, Visit, page
from app.errors import bad_request, problem_of
from identity.errors import NotFound
from timeline.errors import TicketElsewhere
from timeline.tickets.reading import TicketView, read_ticket

MOST_FORM: Final = 250
UNTIL_ANSWER: Final = "reply"
ME: Final = "me"
_STALE: Final = 412
_THEIRS: Final = frozenset({401, 403})
"""What is wrong with who asks, and not with what is asked."""

Said = Mapping[str, Sequence[str]]


class Picked(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket as it was seen when it was picked."""

    number: int
    version: int


class Back(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """How one ticket comes to be what it was: without a change it is fetched from where it was laid aside."""

    number: int
    version: int
    change: dict[str, Any] | None


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket that stays what it is, and why."""

    number: int
    words: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of what was asked. `back` undoes it, where that is cheap."""

    words: str
    refused: list[Refused] = []
    back: str = ""
    is_bad: bool = False


@page("POST", "/inbox/bulk", "desk")
async def change_picked(visit: Visit) -> Answer:
    """Do one thing with every ticket that was picked, each only as it was seen."""
    return await _answered(visit, _change)


@page("POST", "/inbox/undo", "desk")
async def undo(visit: Visit) -> Answer:
    """Make tickets what they were before, those that nobody touched since."""
    return await _answered(visit, _undo)


async def _answered(visit: Visit, work: Callable[[Visit, Said], Awaitable[Outcome]]) -> Answer:
    said = await visit.form_lists(MOST_FORM)
    pairs, fault = pairs_of(_one(said, "query").encode("ascii", "replace"))
    try:
        outcome = await work(visit, said)
    except Exception as error:
        problem = problem_of(error)
        if problem.status >= 500 or problem.status in _THEIRS:
            raise
        outcome = Outcome(words=_("Nothing was done. %(why)s", why=problem.detail), is_bad=True)
    return await show_list(visit, pairs, fault=fault, outcome=outcome)


async def _change(visit: Visit, said: Said) -> Outcome:
    picked = [_picked(one) for one in said.get("ticket", ())]
    do, once = _one(said, "do"), _one(said, "once")
    if not picked:
        raise bad_request("", _("Pick a ticket first."))
    if do == "snooze":
        return await _lay_aside(visit, picked, said, once)
    wanted = _wanted(visit, do, said)
    was = await _read(visit, [one.number for one in picked])
    tickets = [{"ticket": one.number, "version": one.version} for one in picked]
    results = await answered(visit, change_many, TicketResults, body={"tickets": tickets, **wanted}, once=once)
    done = [one.number for one in results.items if one.error is None and one.events]
    refused = [
        Refused(number=one.number, words=_why(one.status, one.error.detail)) for one in results.items if one.error
    ]
    return _told(len(results.items) - len(refused), refused, await _way_back(visit, do, was, done))


def _picked(text: str) -> Picked:
    number, _colon, version = text.partition(":")
    if not (number.isascii() and number.isdigit() and version.isascii() and version.isdigit() and len(text) < 30):
        raise bad_request("ticket", "expected a number and the version that was seen")
    return Picked(number=int(number), version=int(version))


def _wanted(visit: Visit, do: str, said: Said) -> dict[str, Any]:
    """The change in the API's words. Raises the 400."""
    if do == "assign":
        whom = _one(said, "assignee")
        return {"assignee": str(visit.agent) if whom == ME else whom or None}
    if do == "tags":
        return {"tags": {"add": _tags(_one(said, "add")), "remove": _tags(_one(said, "remove"))}}
    if do == "queue":
        return {"queue": _one(said, "queue") or None}
    if do in ("status", "priority"):
        return {do: _one(said, do)}
    raise bad_request("do", "nothing that is done with tickets here")


def _tags(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


async def _read(visit: Visit, numbers: Sequence[int]) -> dict[int, TicketView]:
    """Those of some that are still tickets."""
    found: dict[int, TicketView] = {}
    async with visit.read() as db:
        for number in numbers:
            with suppress(NotFound, TicketElsewhere):
                found[number] = await read_ticket(db, visit.workspace, str(number))
    return found


async def _way_back(visit: Visit, do: str, was: Mapping[int, TicketView], done: Sequence[int]) -> str:
    """How those that were changed come to be what they were. A status leads to more than itself, and stays."""
    if do == "status" or not done:
        return ""
    now = await _read(visit, done)
    before = {
        "assign": lambda one: {"assignee": one.assignee},
        "tags": lambda one: {"tags": one.tags},
        "queue": lambda one: {"queue": one.queue},
        "priority": lambda one: {"priority": one.priority},
    }[do]
    known = [number for number in done if number in was and number in now]
    back = [Back(number=number, version=now[number].version, change=before(was[number])) for number in known]
    return _sealed(back)


def _sealed(back: list[Back]) -> str:
    return msgspec.json.encode(back).decode()


async def _lay_aside(visit: Visit, picked: Sequence[Picked], said: Said, once: str) -> Outcome:
    assert visit.who is not None
    chosen = _one(said, "until_at") or _one(said, "until")
    until = None if chosen == UNTIL_ANSWER else read_local("until", chosen, visit.who.clock)
    if until is None and chosen != UNTIL_ANSWER:
        raise bad_request("", _("Say until when."))
    refused = await _each(visit, [(snooze, one.number, one.version, {"until": until}) for one in picked], once)
    done = [one.number for one in picked if one.number not in {no.number for no in refused}]
    now = await _read(visit, done)
    return _told(
        len(done),
        refused,
        _sealed([Back(number=number, version=one.version, change=None) for number, one in now.items()]),
    )


async def _undo(visit: Visit, said: Said) -> Outcome:
    try:
        back = msgspec.json.decode(_one(said, "back"), type=list[Back])
    except msgspec.MsgspecError:
        raise bad_request("", _("There is nothing to undo.")) from None
    asked = [(wake if one.change is None else change, one.number, one.version, one.change or {}) for one in back]
    refused = await _each(visit, asked, _one(said, "once"))
    return _told(len(back) - len(refused), refused, "")


async def _each(visit: Visit, asked: Sequence[tuple[Route, int, int, Any]], once: str) -> list[Refused]:
    """Ask for one ticket after the other; those that are refused."""
    refused: list[Refused] = []
    for route, number, version, body in asked:
        name = f"{once}-{number}" if once else None
        try:
            await ask(visit, route, {"ticket": str(number)}, body=body, version=f'"{version}"', once=name)
        except Exception as error:
            problem = problem_of(error)
            if problem.status >= 500 or problem.status in _THEIRS:
                raise
            refused.append(Refused(number=number, words=_why(problem.status, problem.detail)))
    return refused


def _told(done: int, refused: list[Refused], back: str) -> Outcome:
    words = counted("%(num)s ticket done.", "%(num)s tickets done.", done)
    if refused:
        words += " " + counted("%(num)s stayed as it is:", "%(num)s stayed as they are:", len(refused))
    return Outcome(words=words, refused=refused, back=back if done else "", is_bad=not done)


def _why(status: int, detail: str) -> str:
    return _("somebody changed it meanwhile") if status == _STALE else detail


def _one(said: Said, name: str) -> str:
    return said.get(name, ("",))[-1]


PAGES: Final[tuple[Page, ...]] = (change_picked, undo)
