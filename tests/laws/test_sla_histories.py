"""Laws 2, 3 and 5 with promises in them: random histories of tickets under SLA policies fold again to what was kept,
told of or not; and a merge taken back restores every promise."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.alarms import tell
from identity.errors import Impossible
from tests.laws.ticket_history import TicketHistory
from tests.laws.ticket_steps import KNOTS, STEPS, Step
from tests.laws.world import Place, World, law
from timeline import desk
from timeline.tickets.configuration import DeskConfiguration
from timeline.tickets.versions import decide_desk

OFFICE: Final = {"zone": "Europe/Berlin", "hours": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu")}}
PROMISES: Final = {
    "first_response": {"seconds": 600, "warn": 60, "pauses": ["on_hold"]},
    "next_response": {"seconds": 7_200, "calendar": "office"},
    "resolution": {"seconds": 86_400, "pauses": ["pending", "on_hold"], "warn": 3_600},
}
DESKS: Final = (
    [{"key": "all", "targets": PROMISES}],
    [
        {"key": "high", "when": {"priority": ["urgent", "high"]}, "targets": {"resolution": {"seconds": 3_600}}},
        {"key": "chat", "when": {"channel": ["chat"]}, "targets": {"first_response": {"seconds": 30}}},
        {"key": "all", "targets": PROMISES},
    ],
    [{"key": "tagged", "when": {"tag": ["vip", "a", "b"]}, "targets": PROMISES}],
)


class PromisingHistory(TicketHistory):
    """What is told beforehand of merges is held against the oracle of tickets elsewhere."""

    async def _join(self, kept: Any, lost: Any) -> Any:
        return (await self.decide(desk.merge, kept, lost)).decision_id


async def promising(place: Place, which: int) -> None:
    def change(there: DeskConfiguration) -> DeskConfiguration:
        sections = {"calendars": {"office": OFFICE}, "sla": {"policies": DESKS[which % len(DESKS)]}}
        return msgspec.convert({**msgspec.to_builtins(there), **sections}, DeskConfiguration)

    now = await place.clock()
    await place.write(lambda db: decide_desk(db, place.id, change, actor="agent:x", reason=None, now=now))


async def clocks(place: Place) -> dict[Any, Any]:
    rows = await place.fetch("SELECT id, fold FROM ticket WHERE workspace_id = $1", place.id)
    folds = {row["id"]: msgspec.json.decode(row["fold"]) for row in rows}
    return {
        ticket: {name: told for name, told in fold.items() if name != "version_base"} for ticket, fold in folds.items()
    }


def test_promises_fold_again_to_what_was_kept(world: World):
    @law(5)
    @given(STEPS, st.integers(0, 5))
    def holds(steps: Sequence[Step], which: int) -> None:
        async def story() -> None:
            history = PromisingHistory(await world.open_workspace())
            await promising(history.place, which)
            for at, step in enumerate(steps):
                await history.do(step)
                if at == 10:
                    await promising(history.place, which + 1)
                await history.check_rebuilding()
            await tell(history.place.edge, history.place.id)
            await history.check_rebuilding()
            assert (await tell(history.place.edge, history.place.id))[0] == 0

        world.run(story())

    holds()


def test_a_merge_taken_back_restores_every_promise(world: World):
    @law(4)
    @given(KNOTS, st.integers(0, 5))
    def holds(steps: Sequence[Step], which: int) -> None:
        async def story() -> None:
            history = PromisingHistory(await world.open_workspace())
            await promising(history.place, which)
            for step in steps:
                await history.do(step)
            live = await history.customers()
            if len(live) < 2:
                return
            before = await clocks(history.place)
            try:
                done = await history.place.decide(desk.merge, live[0], live[1])
            except Impossible:
                return
            await history.place.decide(desk.unmerge, live[0], done.decision_id)
            assert await clocks(history.place) == before

        world.run(story())

    holds()
