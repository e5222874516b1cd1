"""What is done beside a ticket's properties: laid aside, confirmed, its tasks and followers, its history."""

from datetime import UTC, datetime
from typing import Final

from app import people
from app.api import confirmations, tasks, ticket_life
from app.console.asking import answered, ask
from app.console.doing import Doing, Looking, Option, Said, Shown, Told, name_of, post, read_agent, read_choice
from app.console.language import _
from app.console.local_times import Preset, presets, read_local
from app.console.pages import Visit
from app.console.sayings import Speaker, agents_in
from app.console.ticket_words import at_words
from app.db import Db
from timeline.edit_reading import edits_of
from timeline.interactions import InvalidField
from timeline.threads import ThreadQuery, read_page_of
from timeline.tickets import views

MOST_AGENTS: Final = 200
MOST_CHANGES: Final = 100
REPLY: Final = "reply"


# -- laid aside ------------------------------------------------------------------------------------------------------


async def _show_snooze(looking: Looking) -> Shown:
    assert looking.visit.who is not None
    found = presets(datetime.now(UTC), looking.visit.who.clock)
    options = [
        Option(value=one.at.isoformat(), words=_preset_words(one), note=at_words(one.at, looking.visit.who))
        for one in found
    ]
    return {"options": [*options, Option(value=REPLY, words=_("Until the customer writes"))]}


def _preset_words(preset: Preset) -> str:
    return {
        "hours": _("For three hours"),
        "evening": _("Until this evening"),
        "tomorrow": _("Until tomorrow"),
        "monday": _("Until Monday"),
        "week": _("For a week"),
    }[preset.name]


async def _snooze(visit: Visit, said: Said) -> Told:
    assert visit.who is not None
    chosen = said.text("until") or said.text("at")
    until = None if chosen == REPLY else read_local("until", chosen, visit.who.clock)
    if until is None and chosen != REPLY:
        raise InvalidField("until", _("say until when"))
    body = {"until": until, "note": said.text("note") or None}
    await post(visit, said, ticket_life.snooze, body, seen=True)
    if until is None:
        return Told(words=_("It is snoozed until the customer writes."))
    return Told(words=_("It is snoozed until %(at)s.", at=at_words(until, visit.who, within=True)))


async def _wake(visit: Visit, said: Said) -> Told:
    await post(visit, said, ticket_life.wake, {}, seen=True)
    return Told(words=_("It is back."))


# -- what the customer says of the resolution ------------------------------------------------------------------------


async def _link(looking: Looking) -> Shown:
    if looking.ticket.status != "resolved":
        return {"link": None}
    link = await answered(
        looking.visit, confirmations.make_link, confirmations.ConfirmationLink, name_of(looking.visit)
    )
    return {"link": link.url}


async def _confirm(visit: Visit, said: Said) -> Told:
    yes = read_choice("confirmed", said.text("confirmed"), ("yes", "no")) == "yes"
    await post(visit, said, ticket_life.confirm, {"confirmed": yes, "comment": said.text("comment") or None})
    return Told(words=_("Solved, says the customer: it is closed.") if yes else _("Not solved: it is open again."))


# -- tasks -----------------------------------------------------------------------------------------------------------


async def _show_task(db: Db, looking: Looking) -> Shown:
    found = await people.list_agents(db, looking.visit.workspace, None, False, None, MOST_AGENTS)
    found.sort(key=lambda one: (one.id != looking.visit.agent, one.name.casefold()))
    return {"agents": [Option(value=str(one.id), words=one.name) for one in found if one.role != "auditor"]}


async def _add_task(visit: Visit, said: Said) -> Told:
    assert visit.who is not None
    owner = read_agent(visit, "owner", said.text("owner"))
    due = read_local("due_at", said.text("due_at"), visit.who.clock)
    await post(visit, said, tasks.add, {"title": said.text("title"), "owner": owner, "due_at": due})
    return Told(words=_("The task is there."))


async def _end_task(visit: Visit, said: Said) -> Told:
    done = said.text("done") == "yes"
    await ask(visit, tasks.finish if done else tasks.reopen, {"task_id": said.text("task")}, once=said.once)
    return Told(words=_("The task is done.") if done else _("The task is to be done again."))


# -- followers -------------------------------------------------------------------------------------------------------


async def _follow(visit: Visit, said: Said) -> Told:
    begins = said.text("follow") == "yes"
    route = tasks.begin_to_follow if begins else tasks.stop_to_follow
    await ask(visit, route, {**name_of(visit), "agent": tasks.ME}, once=said.once)
    return Told(words=_("You hear of whatever happens here.") if begins else _("You hear no more of it."))


# -- history ---------------------------------------------------------------------------------------------------------


async def _show_history(db: Db, looking: Looking) -> Shown:
    """What was done to the ticket, the newest first, and by which edit it can be taken back."""
    tokens, before = looking.visit.edge.tokens, looking.said.text("before")
    mark = tokens.open_mark(looking.visit.workspace, before, "before") if before else None
    query = ThreadQuery(limit=MOST_CHANGES, before=mark, kinds=frozenset({"change"}))
    found = await read_page_of(db, looking.visit.workspace, looking.ticket, query)
    names = await views.agent_names(db, looking.visit.workspace, agents_in(found.items))
    edits = {one["id"]: one for one in await edits_of(db, looking.visit.workspace, looking.ticket.id)}
    return {
        "changes": found.items,
        "edits": edits,
        "speaker": Speaker(names, None),
        "older": tokens.seal_mark(looking.visit.workspace, found.next),
    }


DOINGS: Final = (
    Doing(name="snooze", title=lambda _t: _("Snooze"), template="snooze", look=_show_snooze, act=_snooze),
    Doing(name="wake", title=lambda _t: _("Fetch it"), act=_wake),
    Doing(
        name="confirm",
        title=lambda _t: _("What the customer says of it"),
        template="confirm",
        look=_link,
        act=_confirm,
    ),
    Doing(name="task", title=lambda _t: _("Add a task"), template="task", show=_show_task, act=_add_task),
    Doing(name="tick", title=lambda _t: _("Task"), act=_end_task),
    Doing(name="follow", title=lambda _t: _("Follow"), act=_follow),
    Doing(
        name="history", title=lambda t: _("History of #%(number)s", number=t.number), template="history",
        show=_show_history, right="read", size="wide",
    ),
)  # fmt: skip
