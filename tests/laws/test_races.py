"""Storms on few customers: whatever interleaves, every id has one live owner, nobody sees a deadlock, and the end is
one that some order of the same steps reaches."""

import asyncio
import itertools
import os
import random
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from app.db import Busy
from identity.errors import IdentityError
from tests.laws.history import History, check_profile
from tests.laws.test_once import structure
from tests.laws.world import Place, World
from timeline import desk, placing


async def sound(place: Place) -> None:
    """Every home stands with one customer that stands for itself, which the components of the standing edges say too;
    every event is on exactly one thread; counts are those of the threads."""
    contacts = await place.contacts()
    at: dict[UUID, set[UUID]] = {}
    for row in contacts.values():
        at.setdefault(row["home_id"], set()).add(row["customer_id"])
    assert all(len(owners) == 1 for owners in at.values())
    assert all(at[customer] == {customer} for owners in at.values() for customer in owners)
    assert {home: min(owners) for home, owners in at.items()} == await by_edges(place, contacts)
    ids = [row["id"] for row in await place.fetch("SELECT id FROM customer WHERE workspace_id = $1", place.id)]
    assert set(ids) == set(at), "every id that was ever a customer answers"
    shown: list[UUID] = []
    for customer in {min(owners) for owners in at.values()}:
        items = await place.thread(customer)
        shown.extend(item.event_id for item in items)
        check_profile(await History(place).profile(customer), items)
    events = await place.fetch("SELECT id FROM event WHERE workspace_id = $1", place.id)
    assert sorted(shown) == sorted(row["id"] for row in events)


async def by_edges(place: Place, contacts: dict[UUID, Any]) -> dict[UUID, UUID]:
    """The standing merges, replayed by themselves; no merge joins what is joined, so there is no cycle."""
    edges = await place.fetch(
        "SELECT contact_a, contact_b FROM link_decision d WHERE workspace_id = $1 AND kind = 'merge' AND NOT EXISTS "
        "(SELECT FROM link_decision u WHERE u.workspace_id = $1 AND u.undoes = d.id) ORDER BY position",
        place.id,
    )
    owner = {row["home_id"]: row["home_id"] for row in contacts.values()}
    for edge in edges:
        kept, lost = (owner[contacts[edge[end]]["home_id"]] for end in ("contact_a", "contact_b"))
        assert kept != lost, "a cycle"
        owner = {home: kept if customer == lost else customer for home, customer in owner.items()}
    return owner


async def refused_in_words(work: Awaitable[Any]) -> Any:
    """A decision may come too late (the other customer is absorbed, the merge undone), and in a storm the edge may give
    up after its tries: both are answers, and leave nothing behind."""
    try:
        return await work
    except (IdentityError, Busy) as error:
        answer = error
    assert str(answer) != "deadlock"
    return answer


@pytest.mark.parametrize("overlap", [4, 2])
def test_twenty_writers_of_new_identifiers_make_one_customer(world: World, overlap: int):
    racing_writers(world, overlap, 20)


def racing_writers(world: World, overlap: int, writers: int) -> None:
    """Each brings some of four new identifiers, in an order of its own; two that share one belong together."""

    async def told() -> None:
        values = ["email:a@example.com", "email:b@example.com", "phone:+4930123987", "handle:x:jane"]
        place = await world.open_workspace()
        orders = list(itertools.permutations(values, overlap))
        chosen = [orders[n * 7 % len(orders)] for n in range(writers)]
        outcomes = await asyncio.gather(*(place.push(f"k{n}", *some) for n, some in enumerate(chosen)))
        contacts = await place.contacts()
        assert len({contacts[o.contact_id]["customer_id"] for o in outcomes}) == 1
        await sound(place)

    world.run(told())


def test_twenty_writers_of_one_contact_make_one_contact(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        outcomes = await asyncio.gather(*(place.push("a", "email:a@example.com") for _ in range(20)))
        assert len({(o.contact_id, o.customer_id) for o in outcomes}) == 1
        assert len({o.event_id for o in outcomes}) == 20
        await sound(place)

    world.run(told())


@pytest.mark.parametrize("seed", range(int(os.environ.get("THROUGHLINE_LAW_EXAMPLES", "4"))))
def test_a_storm_leaves_one_owner_each(world: World, seed: int):
    """Eight workers merge, take back, split, place and push on six customers."""

    async def told() -> None:
        place = await world.open_workspace()
        outcomes = [await place.push(key, f"email:{key}@example.com") for key in "abcdef"]
        people = [outcome.contact_id for outcome in outcomes]
        ids = [outcome.customer_id for outcome in outcomes]

        async def worker(number: int) -> list[Any]:
            dice = random.Random(seed * 100 + number)
            return [await refused_in_words(one_step(place, dice, people, ids)) for _ in range(14)]

        done = await asyncio.gather(*(worker(number) for number in range(8)))
        assert sum(not isinstance(one, Exception) for one in itertools.chain(*done)) > 40
        await sound(place)

    world.run(told())


async def one_step(place: Place, dice: random.Random, people: list[UUID], ids: list[UUID]) -> Any:
    contacts = await place.contacts()
    a, b = dice.choice(people), dice.choice(people)
    mine, theirs = contacts[a]["customer_id"], contacts[b]["customer_id"]
    what = dice.randrange(10)
    if what < 3:
        return await place.decide(desk.merge, mine, theirs if what else dice.choice(ids))
    if what < 5:
        rows = await place.fetch(
            "SELECT id FROM link_decision d WHERE workspace_id = $1 AND kind IN ('merge', 'place', 'split') AND NOT "
            "EXISTS (SELECT FROM link_decision u WHERE u.workspace_id = $1 AND u.undoes = d.id)",
            place.id,
        )
        return await place.decide(desk.unmerge, mine, dice.choice(rows)["id"]) if rows else None
    if what == 5:
        return await place.decide(desk.split, mine, [a])
    if what == 6:
        items = await place.thread(mine)
        return await place.decide(placing.place, mine, dice.choice(items).event_id, contact=b)
    letters = dice.sample("abcdef", 2)
    key = contacts[a]["source_key"] if what < 9 else f"new{dice.randrange(10_000)}"
    return await place.push(key, *(f"email:{letter}@example.com" for letter in letters))


def test_a_into_b_while_b_into_a(world: World):
    async def told() -> None:
        for _ in range(5):
            place = await world.open_workspace()
            a, b = [(await place.push(key)).customer_id for key in "ab"]
            done = await asyncio.gather(
                *(refused_in_words(place.decide(desk.merge, *pair)) for pair in [(a, b), (b, a), (a, a)] * 3)
            )
            assert sum(not isinstance(one, Exception) for one in done) == 1
            await sound(place)

    world.run(told())


Racing = Callable[[Place, dict[str, UUID]], list[Callable[[], Awaitable[Any]]]]


def chain(place: Place, at: dict[str, UUID]) -> list[Callable[[], Awaitable[Any]]]:
    return [
        lambda: place.decide(desk.merge, at["a"], at["b"]),
        lambda: place.decide(desk.merge, at["b"], at["c"]),
        lambda: place.push("b", "email:a@example.com"),
    ]


def crossing_proofs(place: Place, at: dict[str, UUID]) -> list[Callable[[], Awaitable[Any]]]:
    return [
        lambda: place.push("a", "email:b@example.com"),
        lambda: place.push("b", "email:c@example.com"),
        lambda: place.push("n", "email:a@example.com", "email:c@example.com"),
    ]


@pytest.mark.parametrize("racing", [chain, crossing_proofs])
def test_a_race_ends_as_some_order_would(world: World, racing: Racing):
    async def begun() -> tuple[Place, list[Callable[[], Awaitable[Any]]]]:
        place = await world.open_workspace()
        at = {key: (await place.push(key, f"email:{key}@example.com")).customer_id for key in "abc"}
        return place, racing(place, at)

    async def told() -> None:
        possible: list[Any] = []
        for order in itertools.permutations(range(3)):
            place, steps = await begun()
            for which in order:
                await refused_in_words(steps[which]())
            possible.append((await structure(place))["customers"])
        for _ in range(6):
            place, steps = await begun()
            await asyncio.gather(*(refused_in_words(step()) for step in steps))
            await sound(place)
            assert (await structure(place))["customers"] in possible

    world.run(told())
