"""Promises are told of once: by several workers, after one that was killed, never early, and not after the past was
cut again; and what is kept of them is what folding again comes to."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from app.alarms import tell
from app.db import new_id
from app.rebuilding import rebuild_all
from tests.laws.world import Place, World
from timeline import alarming, desk, intake
from timeline.sla_events import SlaBreached
from timeline.tickets.configuration import DeskConfiguration
from timeline.tickets.sla import Sla
from timeline.tickets.ticket import Ticket, TicketId
from timeline.tickets.versions import decide_desk


async def promise(place: Place, *policies: dict[str, Any]) -> None:
    wanted = msgspec.convert({"policies": list(policies)}, Sla)

    def change(there: DeskConfiguration) -> DeskConfiguration:
        return msgspec.structs.replace(there, sla=wanted)

    now = await place.clock()
    await place.write(lambda db: decide_desk(db, place.id, change, actor="agent:x", reason=None, now=now))


def first(seconds: int, warn: int | None = None, key: str = "p") -> dict[str, Any]:
    return {"key": key, "targets": {"first_response": {"seconds": seconds, **({"warn": warn} if warn else {})}}}


async def ticket_of(place: Place, ticket: TicketId) -> Ticket:
    (row,) = await place.fetch("SELECT fold FROM ticket WHERE workspace_id = $1 AND id = $2", place.id, ticket)
    return msgspec.json.decode(row["fold"], type=Ticket)


async def told(place: Place, customer: Any) -> list[str]:
    return [item.type for item in reversed(await place.thread(customer)) if item.type.startswith("Sla")]


async def push(place: Place, who: str, ago: float, **fields: Any) -> Any:
    """Something that was received so many seconds ago."""
    now = await place.clock() - timedelta(seconds=ago)
    items = [place.item(who, occurred_at=now, **fields)]
    (outcome,) = await place.write(lambda db: intake.receive(db, place.sender(), items, new_id=new_id, now=now))
    return outcome


def test_a_warning_and_a_breach_are_told_once_by_whoever_comes(world: World):
    async def story() -> None:
        place = await world.open_workspace()
        await promise(place, first(3_600, warn=600))
        early = await push(place, "early", 2_990)
        warned = await push(place, "warned", 3_001)
        broken = await push(place, "broken", 3_601)
        counts = await asyncio.gather(*(tell(place.edge, place.id) for _ in range(3)))
        assert sum(count for count, _ in counts) == 2
        assert all(after is not None and 8 < after <= 10 for _, after in counts)
        assert await told(place, early.customer_id) == []
        assert await told(place, warned.customer_id) == ["SlaWarned"]
        assert await told(place, broken.customer_id) == ["SlaBreached"], "it is late for a warning"
        (breach,) = [i for i in await place.thread(broken.customer_id) if i.type == "SlaBreached"]
        clock = (await ticket_of(place, broken.ticket.id)).clocks[0]
        assert clock.told
        assert msgspec.json.decode(breach.data, type=SlaBreached).due == clock.due_at
        assert breach.actor == f"policy:{clock.version}"
        assert (await tell(place.edge, place.id))[0] == 0
        assert (await rebuild_all(place.edge, place.id, lambda _: None)).rows == 0

    world.run(story())


def test_an_answer_in_time_leaves_nothing_to_tell_and_a_late_one_the_breach(world: World):
    async def story() -> None:
        place = await world.open_workspace()
        await promise(place, first(60))
        for who, ago in (("in time", 50), ("late", 30)):
            pushed = await push(place, who, 100)
            await push(place, who, ago, direction="outbound", ticket=pushed.ticket.number)
        assert (await tell(place.edge, place.id))[0] == 1
        assert await told(place, pushed.customer_id) == ["SlaBreached"]
        clock = (await ticket_of(place, pushed.ticket.id)).clocks[0]
        assert clock.met_at is not None
        assert clock.breached_at == clock.due_at

    world.run(story())


def test_a_transaction_that_dies_tells_nothing_and_the_next_tells_it(world: World):
    class Killed(Exception):
        pass

    async def story() -> None:
        place = await world.open_workspace()
        await promise(place, first(60))
        pushed = await push(place, "a", 61)

        async def dies(db: Any) -> None:
            assert await alarming.announce(db, place.id, [pushed.ticket.id], new_id=new_id) == 1
            raise Killed

        with pytest.raises(Killed):
            await place.write(dies)
        assert await told(place, pushed.customer_id) == []
        assert (await tell(place.edge, place.id))[0] == 1
        assert await told(place, pushed.customer_id) == ["SlaBreached"]

    world.run(story())


def test_a_clock_that_jumps_back_tells_nothing_again(world: World):
    async def story() -> None:
        place = await world.open_workspace()
        await promise(place, first(3_600, warn=600))
        pushed = await push(place, "a", 3_700)
        assert (await tell(place.edge, place.id))[0] == 1
        await push(place, "a", 3_650, ticket=pushed.ticket.number)
        await push(place, "a", 3_000, direction="outbound", ticket=pushed.ticket.number)
        assert (await tell(place.edge, place.id))[0] == 0
        assert await told(place, pushed.customer_id) == ["SlaBreached"]
        assert (await ticket_of(place, pushed.ticket.id)).clocks[0].breached_at is not None

    world.run(story())


def test_a_merge_taken_back_brings_promises_back_and_alarms_nobody(world: World):
    async def story() -> None:
        place = await world.open_workspace()
        await promise(place, first(60))
        one, other = await push(place, "a", 50), await push(place, "b", 50, channel="chat")
        before = [await ticket_of(place, pushed.ticket.id) for pushed in (one, other)]
        done = await place.decide(desk.merge, one.customer_id, other.customer_id)
        assert [await ticket_of(place, pushed.ticket.id) for pushed in (one, other)] == before
        await push(place, "a", 20, direction="outbound", ticket=other.ticket.number)
        assert (await ticket_of(place, other.ticket.id)).clocks[0].met_at is not None
        await place.decide(desk.unmerge, one.customer_id, done.decision_id)
        after = [await ticket_of(place, pushed.ticket.id) for pushed in (one, other)]
        assert after[1].clocks == before[1].clocks, "the answer was the other side's"
        assert after[0].clocks[0].met_at is not None
        assert (await rebuild_all(place.edge, place.id, lambda _: None)).rows == 0

    world.run(story())


def test_what_a_decision_about_the_past_finds_overdue_is_on_record_alone(world: World):
    async def story() -> None:
        place = await world.open_workspace()
        await promise(place, first(60))
        one, other = await push(place, "a", 300), await push(place, "b", 300, channel="chat")
        done = await place.decide(desk.merge, one.customer_id, other.customer_id)
        await push(place, "a", 290, direction="outbound", ticket=one.ticket.number)
        await push(place, "a", 280, direction="outbound", ticket=other.ticket.number)
        assert (await tell(place.edge, place.id))[0] == 0
        await place.decide(desk.unmerge, one.customer_id, done.decision_id)
        assert (await tell(place.edge, place.id))[0] == 1
        (missed,) = [i for i in await place.thread(other.customer_id) if i.type == "SlaBreached"]
        assert msgspec.json.decode(missed.data, type=SlaBreached).found_missed
        assert (await ticket_of(place, other.ticket.id)).clocks[0].found_missed
        assert (await tell(place.edge, place.id))[0] == 0
        assert (await rebuild_all(place.edge, place.id, lambda _: None)).rows == 0

    world.run(story())


def test_the_history_of_an_import_alarms_nobody(world: World):
    async def story() -> None:
        place = await world.open_workspace()
        await promise(place, first(60))
        items = [place.item("a")]
        await place.receive(*items, sender=place.sender(history=True))
        assert await tell(place.edge, place.id) == (0, None)

    world.run(story())


def test_a_new_policy_leaves_what_was_promised_and_holds_for_what_comes(world: World):
    async def story() -> None:
        place = await world.open_workspace()
        await promise(place, first(3_600, key="old"))
        one = await push(place, "a", 100)
        before = await ticket_of(place, one.ticket.id)
        await promise(place, first(60, key="new"))
        await push(place, "a", 90, ticket=one.ticket.number)
        after = await ticket_of(place, one.ticket.id)
        assert after.clocks == before.clocks
        assert (after.clocks[0].policy, after.clocks[0].version) == ("old", 1)
        other = await push(place, "b", 30)
        clock = (await ticket_of(place, other.ticket.id)).clocks[0]
        assert (clock.policy, clock.version) == ("new", 2)
        assert (await rebuild_all(place.edge, place.id, lambda _: None)).rows == 0

    world.run(story())
