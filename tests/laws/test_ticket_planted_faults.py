"""Each law of tickets is seen to fail: a fault is planted in the product, and the law's own check finds it."""

import functools
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

import msgspec
import pytest

from app.db import new_id
from app.rebuilding import derive_waiting
from tests.laws.test_planted_faults import fails
from tests.laws.test_ticket_histories import HELD_ELSEWHERE, LEFT_VOID, MERGED_TOGETHER, from_nothing
from tests.laws.ticket_history import TicketHistory, told
from tests.laws.ticket_ledger import shape
from tests.laws.ticket_ledgers import POLICIES
from tests.laws.ticket_steps import Do, Push, Step, Wait
from tests.laws.world import World
from timeline import closing, consequences
from timeline.tickets import (
    candidates,
    carrying,
    fold,
    items,
    linking,
    matters,
    moment_store,
    projection,
    refolding,
    stage,
    store,
    streams,
)
from timeline.tickets import policy as policies
from timeline.tickets import ticket as tickets

Steps = Sequence[Step]
Law = Callable[[World, Steps], Awaitable[None]]

A, B, C = (Push(who=who) for who in "abc")
RESOLVE: Final = Do("command", 0, 0, ("status", "resolved"))
MERGE, UNMERGE = Do("merge"), Do("unmerge")
JOIN: Final = Do("policy", 1)
"""The policy that joins open tickets at a merge."""
TALKS: Final = next(at for at, words in enumerate(POLICIES) if "opens_on_escalation" in words)
RESOLVES: Final = Do("policy", 9)
"""The policy under which silence resolves after two days, a day after a reminder."""


async def as_the_page(world: World, steps: Steps) -> None:
    await TicketHistory(await world.open_workspace()).run(steps)


async def rebuilt(world: World, steps: Steps) -> None:
    await from_nothing((await told(await world.open_workspace(), steps)).place)


async def by_a_job(world: World, steps: Steps) -> None:
    """What the last step leaves to a job comes to the same."""
    history = await told(await world.open_workspace(), steps[:-1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(refolding, "refolded", functools.partial(refolding.refolded, most=0))
        await history.do(steps[-1])
    await derive_waiting(history.place.edge, history.place.id)
    await history.check()


async def together(world: World, steps: Steps) -> None:
    """Pushes in one request come to the same as one by one."""
    pushes = [step for step in steps if isinstance(step, Push)]

    async def pushed(*groups: Sequence[Push]) -> Any:
        history = TicketHistory(await world.open_workspace())
        for group in groups:
            await history.receive(*group)
        return await shape(history.place)

    assert await pushed(pushes) == await pushed(*([push] for push in pushes))


# -- faults that need more than a line ---------------------------------------------------------------------------


def without(words: str, instead: str) -> Callable[[str], str]:
    def planted(statement: str) -> str:
        assert words in statement
        return statement.replace(words, instead)

    return planted


def merges_forget(put: Any) -> Any:
    def without_past(root: fold.Root, ticket: Any, item: Any = None) -> None:
        put(root, ticket, item)
        root.written.past.clear()

    return without_past


def only_the_two_sides(starts_without: Any) -> Any:
    def two(homes: Any, edges: Any, undone: Any) -> Any:
        ends = {homes[undone.kept], homes[undone.lost]}
        return {h: at if h in ends else 2**60 for h, at in starts_without(homes, edges, undone).items()}

    return two


def latest_always(at: Any) -> Any:
    return lambda versions, position: versions.latest


def announces(write: Any) -> Any:
    async def and_tells(db: Any, workspace: Any, found: Any) -> None:
        await write(db, workspace, found)
        for ticket in found.after.values():
            if ticket is not None and ticket.closes_at is not None:
                await closing.announce(db, workspace, ticket.id, new_id=new_id, now=ticket.closes_at)

    return and_tells


def all_on_one_side(sides: Any) -> Any:
    return lambda kept, came, written: sides(kept, frozenset(), written)


def backwards(advance: Any) -> Any:
    return lambda db, workspace, events, versions: advance(db, workspace, events[::-1], versions)


def by_id_alone(named: Any) -> Any:
    def found(root: fold.Root, ticket: Any, about: Any) -> Any:
        return named(SimpleNamespace(tickets=root.tickets, holders={}, _standing=root._standing), ticket, about)

    return found


def as_if_live(fold_event: Any) -> Any:
    return lambda row, contact: msgspec.structs.replace(fold_event(row, contact), history=False, now=row["recorded_at"])


def nothing(_: Any) -> Any:
    async def done(*_: Any, **__: Any) -> None: ...

    return done


def gives(value: Any) -> Any:
    return lambda whole: lambda *_, **__: value


def gives_later(value: Any) -> Any:
    def planted(_: Any) -> Any:
        async def given(*_: Any, **__: Any) -> Any:
            return value

        return given

    return planted


class Fault(NamedTuple):
    """`planted` makes the fault of what is there; the steps are sound without it."""

    what: str
    where: Any
    name: str
    planted: Callable[[Any], Any]
    steps: Steps
    law: Law = as_the_page


OLD: Final = Push(who="a", ticket=0)
CROSSED: Final = (B, Wait(1), A, MERGE, B, Do("command", 1, 0, ("status", "resolved")))
"""b's message went into a's ticket, and a command about it too."""
REPLY: Final = Do("command", 1, 0, ("reply", "Dear customer"))
CHAINED: Final = (A, C, B, Do("merge", 0, 1), Do("merge", 0, 0), C, Do("unmerge", 0))
"""c's message went into b's ticket, and b goes."""
FAULTS: Final = (
    Fault("silence closes nothing", fold, "as_of", lambda _: lambda ticket, now: ticket, (A, RESOLVE, Wait(500), A)),
    Fault("everything is reopened for ever", fold, "can_reopen", gives(True), (A, RESOLVE, Wait(500), OLD)),
    Fault(
        "late items find no span",
        candidates.Candidates,
        "spanning",
        gives(None),
        (A, Wait(71), A, Wait(71), A, Push(late=100)),
    ),
    Fault(
        "an order's ticket is not looked for after weeks",
        store,
        "_REACH",
        without("OR fold->'objects' @> ANY($8::jsonb[])", "AND $8::jsonb[] IS NOT NULL"),
        (Push(object="7"), Wait(500), Push(object="7")),
    ),
    Fault(
        "what is due is not looked for",
        store,
        "_REACH",
        without("OR next_at <= $7::timestamptz", "AND $7::timestamptz IS NOT NULL"),
        (A, Push(direction="outbound"), Wait(500), A),
    ),
    Fault(
        "what was resolved after a long silence is not looked for",
        store,
        "_REACH",
        without("OR NOT is_open", ""),
        (A, Wait(200), RESOLVE, Wait(20), A),
    ),
    Fault(
        "a conversation stays where it began",
        fold.Root,
        "hold",
        lambda _: (
            lambda root, one: root.conversations.setdefault((one.source, one.conversation), (one.since, one.ticket_id))
        ),
        (*(Push(who=who, conversation="c") for who in "ab"), MERGE, UNMERGE, MERGE, Push(conversation="c")),
    ),
    Fault(
        "subjects are not compared", matters, "matter_of", gives(""), (Push(subject="Lamp"), Push(subject="Invoice"))
    ),
    Fault(
        "silence runs from the time that is shown",
        tickets,
        "_silent_since",
        lambda _: lambda ticket: ticket.last_at,
        (A, Push(direction="outbound", late=24)),
    ),
    Fault(
        "a chat opens a ticket after all",
        items.FoldEvent,
        "only_talks",
        gives(False),
        (Do("policy", TALKS), Push(channel="chat")),
    ),
    Fault(
        "what is laid aside is forgotten",
        tickets,
        "_silent_since",
        lambda _: lambda ticket: ticket.last_now,
        (A, Push(direction="outbound"), Do("command", 0, 0, ("snooze", 100))),
    ),
    Fault(
        "who writes finds his ticket laid aside still",
        fold,
        "_asked",
        lambda whole: lambda ticket, event: msgspec.structs.replace(whole(ticket, event), snoozed=ticket.snoozed),
        (A, Do("command", 0, 0, ("snooze", None)), A),
    ),
    Fault(
        "silence resolves nothing",
        tickets,
        "resolving_time",
        gives(None),
        (RESOLVES, A, Push(direction="outbound"), Wait(500), Do("silence")),
    ),
    Fault(
        "a reminder counts as an answer",
        items.FoldEvent,
        "moves",
        lambda _: property(lambda event: event.kind == "message" and event.direction in ("inbound", "outbound")),
        (RESOLVES, A, Push(direction="outbound"), Wait(24), Do("silence")),
    ),
    Fault(
        "whoever says no is not heard",
        carrying,
        "reopened",
        lambda whole: lambda ticket: msgspec.structs.replace(whole(ticket), status="resolved"),
        (A, RESOLVE, Do("command", 0, 0, ("confirm", False))),
    ),
    Fault(
        "commands find their ticket by id alone", fold.Root, "named", by_id_alone, (*CROSSED, Wait(100), REPLY, UNMERGE)
    ),
    Fault(
        "every move is allowed",
        carrying,
        "MOVES",
        lambda moves: dict.fromkeys(moves, tuple(moves)),
        (A, RESOLVE, Do("command", 0, 0, ("status", "pending"))),
    ),
    Fault("what merges joined is folded apart", refolding.Refold, "join_until", gives(None), (A, B, MERGE, B, A)),
    Fault("a merge keeps nothing of before", fold.Root, "_put", merges_forget, (A, B, MERGE, A, UNMERGE)),
    Fault("those who joined later stay as they are", stage, "starts_without", only_the_two_sides, CHAINED),
    Fault(
        "items stand where they lie",
        refolding,
        "placed_on",
        lambda _: lambda stage, placed: stage,
        (A, B, Do("place", 0, 1)),
    ),
    Fault("rebuilding takes new numbers", store, "numbers_of", gives_later({}), (A, B), rebuilt),
    Fault("rebuilding announces", refolding, "write", announces, (A, Push(direction="outbound")), rebuilt),
    Fault("unmerging takes nothing out", streams, "remove", nothing, (A, B, MERGE, A, B, UNMERGE)),
    Fault(
        "what is named is not loaded",
        projection,
        "names_in",
        gives(()),
        (A, RESOLVE, Wait(100), Do("silence"), Wait(500), OLD),
    ),
    Fault(
        "what is in reach is not loaded",
        policies.Rules,
        "reach",
        lambda _: timedelta(),
        (A, RESOLVE, Wait(100), Do("silence"), Wait(24), A),
    ),
    Fault(
        "a new policy is not noticed",
        projection.Policies,
        "at_least",
        gives_later(policies.Versions()),
        (A, Do("policy", 3), Push(who="b", direction="outbound")),
    ),
    Fault("today's policy judges the past", policies.Versions, "at", latest_always, (A, Wait(100), A, Do("policy", 5))),
    Fault(
        "history is folded again as if it were live", streams, "fold_event", as_if_live, (Push(late=400, history=True),)
    ),
    Fault(
        "a batch is stepped backwards",
        projection,
        "advance",
        backwards,
        (Push(subject="Lamp"), Push(subject="Re: lamp")),
        together,
    ),
    Fault("a merge joins no tickets", linking, "join", nothing, (JOIN, A, B, MERGE)),
    Fault("a preview leaves out what is joined", linking, "joined_in", gives([]), (JOIN, A, B, MERGE)),
    Fault("a preview leaves out what could be joined", linking, "pairs_of", gives([]), (A, B, MERGE)),
    Fault("an unmerge is told and not done", consequences, "carry_out", nothing, (A, B, MERGE, A, B, UNMERGE)),
    Fault(
        "a preview knows no clock",
        consequences,
        "as_of",
        lambda _: lambda ticket, now: ticket,
        (*CROSSED, Wait(500), UNMERGE),
    ),
    Fault("what is void is not listed", fold.Root, "_void", gives(None), LEFT_VOID),
    Fault("a merge is blind for the next", linking, "sides", all_on_one_side, MERGED_TOGETHER),
    Fault(
        "a job trips over what is kept elsewhere",
        refolding.Refold,
        "_held_elsewhere",
        gives_later([]),
        HELD_ELSEWHERE,
        by_a_job,
    ),
    Fault(
        "what was asked last is what waits",
        fold,
        "_asked",
        lambda whole: lambda ticket, event: msgspec.structs.replace(whole(ticket, event), asked_at=event.now),
        (A, Wait(1), A),
    ),
    Fault(
        "rebuilding counts every answer again",
        moment_store,
        "moments",
        gives_later([]),
        (A, Push(direction="outbound")),
        rebuilt,
    ),
    Fault("the job forgets", refolding, "write", nothing, (A, B, MERGE, A, B, UNMERGE), by_a_job),
)


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.what for fault in FAULTS])
def test_a_law_finds_that(world: World, monkeypatch: pytest.MonkeyPatch, fault: Fault):
    world.run(fault.law(world, fault.steps))
    monkeypatch.setattr(fault.where, fault.name, fault.planted(getattr(fault.where, fault.name)))
    assert fails(lambda: world.run(fault.law(world, fault.steps)))
