"""The law of edits is seen to fail: a fault is planted in the product, and the law's own check finds it."""

import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple

import pytest

from app.rebuilding import derive_waiting
from tests.laws.edit_history import EditHistory
from tests.laws.test_planted_faults import fails
from tests.laws.test_ticket_planted_faults import gives, gives_later, nothing
from tests.laws.ticket_steps import Do, Push, Step
from tests.laws.world import World
from timeline.tickets import edit_store, edits, fold, projection, refolding, store

Steps = Sequence[Step]

LAMP, INVOICE, CHAIR = (Push(subject=subject) for subject in ("Lamp", "Invoice", "Chair"))
TALK: Final = Push(conversation="c")
COMBINE, DIVIDE, UNDO = Do("combine", 0, 0), Do("divide", 0, 1), Do("undo")


def move(item: int, to: int, how: str = "move") -> Do:
    return Do("move", item, to, how)


async def as_the_page(world: World, steps: Steps) -> None:
    await EditHistory(await world.open_workspace()).run(steps)


async def by_a_job(world: World, steps: Steps) -> None:
    """What undoing leaves to a job comes to the same."""
    history = EditHistory(await world.open_workspace())
    for step in steps[:-1]:
        await history.do(step)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(refolding, "refolded", functools.partial(refolding.refolded, most=0))
        await history.do(steps[-1])
    assert await history.deriving()
    await derive_waiting(history.place.edge, history.place.id)
    await history.check()


def the_latest(_: Any) -> Any:
    return lambda root, item, ticket: root.holders.__setitem__(item, ticket)


def of_the_event_alone(_: Any) -> Any:
    return lambda event: [(event.source or "", event.conversation)] if event.conversation else []


class Fault(NamedTuple):
    """`planted` makes the fault of what is there; the steps are sound without it."""

    what: str
    where: Any
    name: str
    planted: Callable[[Any], Any]
    steps: Steps
    law: Callable[[World, Steps], Awaitable[None]] = as_the_page


FAULTS: Final = (
    Fault("what leaves a ticket stays", edit_store, "take_off", nothing, (LAMP, INVOICE, LAMP, move(2, 1))),
    Fault("what was undone is folded", edit_store, "undone", gives_later(frozenset()), (LAMP, INVOICE, COMBINE, UNDO)),
    Fault(
        "an unmerge knows no items that went",
        edit_store,
        "items_went",
        gives_later(False),
        (LAMP, LAMP, Push(who="b", subject="Chair"), Do("merge"), move(1, 1), Do("unmerge")),
    ),
    Fault(
        "an item is in its latest ticket first of all",
        fold.Root,
        "holds",
        the_latest,
        (LAMP, INVOICE, LAMP, CHAIR, move(2, 1, "share"), move(2, 2)),
    ),
    Fault("no conversation goes along", edits, "_talks", gives(()), (LAMP, TALK, CHAIR, move(1, 1), TALK)),
    Fault(
        "conversations of what moves are not looked for",
        projection,
        "talks_in",
        of_the_event_alone,
        (LAMP, TALK, INVOICE, CHAIR, TALK, move(4, 1), move(1, 2), TALK),
    ),
    Fault("numbers are given again", store, "numbers_of", gives_later({}), (LAMP, LAMP, DIVIDE, UNDO, DIVIDE)),
    Fault("an item is taken silently", edits, "_spoken", lambda _: lambda ticket, *_: ticket, (LAMP, LAMP, DIVIDE)),
    Fault("the job forgets", refolding, "write", nothing, (LAMP, INVOICE, COMBINE, UNDO), by_a_job),
)


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.what for fault in FAULTS])
def test_the_law_finds_that(world: World, monkeypatch: pytest.MonkeyPatch, fault: Fault):
    world.run(fault.law(world, fault.steps))
    monkeypatch.setattr(fault.where, fault.name, fault.planted(getattr(fault.where, fault.name)))
    assert fails(lambda: world.run(fault.law(world, fault.steps)))
