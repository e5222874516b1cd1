"""Every number equals a count by hand, under random histories with merges, unmerges, splits and late items."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given

from tests.laws.edit_history import EDITED, EditHistory, read_edited
from tests.laws.report_counting import Desk, beginning, counted, ends_of, values
from tests.laws.test_planted_faults import fails
from tests.laws.ticket_history import TicketHistory, told
from tests.laws.ticket_steps import STEPS, Do, Push, Step, Wait
from tests.laws.world import World, law
from timeline.tickets import moment_store, reporting, reporting_views
from timeline.tickets.configuration import DeskConfiguration
from timeline.tickets.reporting import NUMBERS
from timeline.tickets.reporting_views import Question
from timeline.tickets.sla import Promise, Sla, SlaPolicy, Targets
from timeline.tickets.versions import decide_desk

ZONES: Final = ("UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu")
DIMENSIONS: Final = ("channel", "tag", "priority", "agent", "queue", "type")


def questions(desk: Desk, rng: random.Random) -> list[Question]:
    """For each number a question: some dimensions, a period, a filter or none, perhaps from a moment to another."""
    asked: list[Question] = []
    for number in NUMBERS:
        if number == "sla":
            continue
        group: Any = tuple(rng.sample(DIMENSIONS, rng.randrange(3)))
        period: Any = rng.choice((None, "hour", "day", "week", "month"))
        start = desk.now - timedelta(hours=rng.randrange(1, 900)) if period == "hour" or rng.random() < 0.5 else None
        if number == "backlog" and period and start is None:
            start = desk.now - timedelta(days=rng.randrange(1, 40))
        end = desk.now + timedelta(hours=rng.randrange(-24, 24)) if rng.random() < 0.5 else None
        where: dict[Any, Any] = {}
        if rng.random() < 0.4:
            filtered = rng.choice(DIMENSIONS)
            known = {one for ticket in desk.standing for one in values_of(desk, ticket, filtered)}
            where[filtered] = frozenset(rng.sample(sorted(known, key=str), min(len(known), 2)) or [None])
        if end is not None and start is not None and end <= start:
            end = None
        asked.append(
            Question(
                number=number,
                group=group,
                period=period,
                zone=rng.choice(ZONES),
                where=where,
                start=start,
                end=end,
                now=desk.now,
            )
        )
    return asked


def values_of(desk: Desk, ticket: Any, dimension: str) -> list[str | None]:
    return next(values(f, dimension) for f in desk.facts("opened", []) if f.ticket is ticket)


def by_hand(desk: Desk, asked: Question) -> Any:
    until = min(asked.end or desk.now, desk.now)
    instants, starts = [until], {until: None}
    if asked.number == "backlog" and asked.period:
        spans = ends_of(asked.start or until, until, asked.period, asked.zone)
        instants, starts = [end for _, end in spans], {end: start for start, end in spans}
    facts = []
    for found in desk.facts(asked.number, instants):
        if not all(set(values(found, one)) & wanted for one, wanted in asked.where.items()):
            continue
        if asked.number == "backlog":
            facts.append((starts[found.at] if asked.period else None, found))
        elif (asked.start or found.at) <= found.at < (asked.end or datetime.max.replace(tzinfo=found.at.tzinfo)):
            facts.append((beginning(found.at, asked.period, asked.zone) if asked.period else None, found))
    wanted = counted([(start and start.astimezone(UTC), found) for start, found in facts], asked.group)
    return wanted or ({} if asked.period or asked.group else {(None,): (0, None, None, None, None)})


async def reported(history: TicketHistory, asked: Question) -> tuple[Any, int]:
    """The answer, and how many facts the pages of its tickets hold."""
    place = history.place
    async with place.edge.read(place.id) as db:
        ready = await reporting.ask(db, asked)
        lines = await reporting.count(db, place.id, ready)
        after, facts = None, 0
        while page := await reporting.counted(db, place.id, ready, after, 2):
            after, facts = page[-1].ticket, facts + sum(len(one.facts) for one in page)
    found = {
        (line.period and line.period.astimezone(UTC), *line.values): (
            line.count,
            *(one and one * 1e6 for one in (line.mean, line.p50, line.p90, line.p95)),
        )
        for line in lines
    }
    return found, facts


async def agrees(history: TicketHistory, rng: random.Random) -> None:
    desk = Desk(await read_edited(history.place), history.now)
    for asked in questions(desk, rng):
        found, facts = await reported(history, asked)
        wanted = by_hand(desk, asked)
        assert found.keys() == wanted.keys(), asked
        for key, numbers in wanted.items():
            assert found[key] == pytest.approx(numbers, abs=1), (asked, key)
        assert facts == sum(numbers[0] for numbers in wanted.values()), asked


def test_every_number_is_what_a_count_by_hand_comes_to(world: World):
    @law(6)
    @given(STEPS)
    def holds(steps: Sequence[Step]) -> None:
        async def counted_both_ways() -> None:
            history = TicketHistory(await world.open_workspace())
            for at, step in enumerate(steps):
                await history.do(step)
                if at % 7 == 6:
                    await agrees(history, random.Random(at))
            history.now += timedelta(days=30)
            await agrees(history, random.Random(len(steps)))

        world.run(counted_both_ways())

    holds()


def test_edits_of_tickets_correct_the_numbers(world: World):
    """Merged, split, filed elsewhere, opened backstage, and undone."""

    @law(5)
    @given(EDITED)
    def holds(steps: Sequence[Step]) -> None:
        async def counted_both_ways() -> None:
            history = EditHistory(await world.open_workspace())
            for step in steps:
                await history.do(step)
            await agrees(history, random.Random(len(steps)))
            history.now += timedelta(days=30)
            await agrees(history, random.Random(len(steps) + 1))

        world.run(counted_both_ways())

    holds()


async def promise(history: TicketHistory) -> None:
    hour = Promise(seconds=3_600)
    targets = Targets(first_response=hour, next_response=hour, resolution=Promise(seconds=86_400))
    sla = Sla(policies=(SlaPolicy(key="all", targets=targets),))

    def change(desk: DeskConfiguration) -> DeskConfiguration:
        return msgspec.structs.replace(desk, sla=sla)

    await history.place.write(
        lambda db: decide_desk(db, history.place.id, change, actor="system", reason=None, now=history.now)
    )


def test_promises_kept_and_broken_are_told_of_each_target(world: World):
    """a was answered in a minute and waits again since; b was answered late, and resolved the same day."""

    async def promised() -> None:
        history = TicketHistory(await world.open_workspace())
        await promise(history)
        for step in (A, REPLY, A, B, Wait(2), Push(who="b", direction="outbound"), Do("command", 1, 1, RESOLVE.value)):
            await history.do(step)

        async def told_by(now: datetime) -> dict[Any, Any]:
            question = Question(number="sla", group=("policy", "target"), now=now)
            async with history.place.edge.read(history.place.id) as db:
                lines = await reporting.count(db, history.place.id, await reporting.ask(db, question))
            return {tuple(line.values): (line.kept, line.count, line.share) for line in lines}

        soon = {("all", "first_response"): (1, 2, 0.5), ("all", "next_response"): (0, 1, 0.0)}
        assert await told_by(history.now) == soon | {("all", "resolution"): (1, 1, 1.0)}
        later = await told_by(history.now + timedelta(days=2))
        assert later == soon | {("all", "resolution"): (1, 2, 0.5)}

    world.run(promised())


A, B, REPLY = Push(who="a"), Push(who="b"), Push(who="a", direction="outbound")
RESOLVE: Final = Do("command", 0, 0, ("status", "resolved"))
JOINED: Final = (Do("policy", 1), A, B, Wait(1), REPLY, Push(who="b", direction="outbound"), Do("merge"))
AGAIN: Final = (A, Wait(1), RESOLVE, Wait(5), A, Wait(30), RESOLVE)


def without(words: str, instead: str) -> Any:
    def planted(statement: str) -> str:
        assert words in statement
        return statement.replace(words, instead)

    return planted


def nothing(_: Any) -> Any:
    async def nothing_done(*_: Any, **__: Any) -> None:
        return None

    return nothing_done


def in_greenwich(whole: Any) -> Any:
    return lambda question, at, values: whole(msgspec.structs.replace(question, zone="UTC"), at, values)


FAULTS: Final[Sequence[tuple[str, Any, str, Any, Sequence[Step]]]] = (
    (
        "what was joined is lost",
        reporting_views,
        "_FAMILY",
        without("joined_into IS NOT NULL UNION", "false UNION"),
        JOINED,
    ),
    ("every end is the last", reporting_views, "_REOPENED_LATER", lambda _: "false", AGAIN),
    (
        "silence ends nothing",
        reporting_views,
        "_ENDS",
        lambda whole: whole.partition(" UNION ALL")[0] + ")",
        (A, REPLY),
    ),
    (
        "the middle is near the top",
        reporting_views,
        "PERCENTILES",
        lambda _: (0.9, 0.9, 0.95),
        (*JOINED[1:-2], Wait(2), JOINED[-2]),
    ),
    (
        "an unmerge leaves its answers",
        moment_store,
        "remove",
        nothing,
        (A, B, Do("merge"), REPLY, A, Wait(2), REPLY, Do("unmerge")),
    ),
    ("periods begin in Greenwich", reporting_views, "_truncated", in_greenwich, (A, Wait(1), B)),
)


@pytest.mark.parametrize("fault", FAULTS, ids=[fault[0] for fault in FAULTS])
def test_the_count_by_hand_finds_that(world: World, monkeypatch: pytest.MonkeyPatch, fault: Any):
    _, where, name, planted, steps = fault

    async def counted_both_ways() -> None:
        history = await told(await world.open_workspace(), steps)
        history.now += timedelta(days=30)
        for seed in range(5):
            await agrees(history, random.Random(seed))

    world.run(counted_both_ways())
    monkeypatch.setattr(where, name, planted(getattr(where, name)))
    assert fails(lambda: world.run(counted_both_ways()))
