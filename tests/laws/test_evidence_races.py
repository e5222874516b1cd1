"""Storms of pushes that are linked by evidence: nobody sees a deadlock; whatever interleaves, the rows are sound."""

import asyncio
import random
from collections import defaultdict
from typing import Any
from uuid import UUID

import pytest

from tests.laws import evidence_oracle as oracle
from tests.laws.evidence_people import PEOPLE, item
from tests.laws.test_races import refused_in_words, sound
from tests.laws.world import Place, World
from timeline import desk

MAIL = "email:ann.weiss@mail.com"
PHONE = "phone:+4930555023"
SHE: dict[str, Any] = {"name": "Ann Weiss", "attributes": {"birth_date": "1990-05-04", "place": "Hill"}}


async def sound_identity(place: Place) -> oracle.Seen:
    """Customers, grades, keys and questions as in any history, and one customer for what one person proves."""
    await sound(place)
    now = await oracle.seen(place)
    oracle.check_customers(now)
    oracle.check_grades(now)
    oracle.check_asked(oracle.Seen(contacts={}, held={}, decisions=[], suggestions={}), now)
    await oracle.check_keys(place, now)
    for row in (row for row in now.decisions if row["kind"] in ("link", "merge") and row["evidence"]):
        oracle.check_evidence(now, row)
    return now


def customers_by_proof(now: oracle.Seen) -> dict[str, set[UUID]]:
    """The customers of those who prove a value."""
    found: dict[str, set[UUID]] = defaultdict(set)
    for contact, rows in now.held.items():
        for row in rows:
            if row["proved"]:
                found[oracle.label(row)].add(now.customer(contact))
    return found


@pytest.mark.parametrize("before", ["", "?"])
def test_twenty_pushes_of_one_new_person_make_one_customer(world: World, before: str):
    """Each through a contact of its own, with one or both of the same two identifiers, proved or claimed."""

    async def told() -> None:
        place = await world.open_workspace()
        held = ([MAIL], [PHONE], [MAIL, PHONE], [PHONE, MAIL])
        pushes = [place.push(f"k{n}", *(before + one for one in held[n % 4]), **SHE) for n in range(20)]
        outcomes = await asyncio.gather(*pushes)
        now = await sound_identity(place)
        at = {now.customer(outcome.contact_id) for outcome in outcomes}
        assert len(at) == 1
        assert all(len(customers) == 1 for customers in customers_by_proof(now).values())

    world.run(told())


@pytest.mark.parametrize("seed", range(3))
def test_batches_in_opposite_orders_over_the_same_people(world: World, seed: int):
    async def told() -> None:
        place = await world.open_workspace()
        dice = random.Random(seed)
        said = [(who, dice.randrange(8), dice.randrange(8)) for who in range(len(PEOPLE)) for _ in range(3)]
        items = [item(place, *one) for one in said]
        again = [item(place, *one) for one in said]
        halves = (items[: len(items) // 2], items[len(items) // 2 :])
        outcomes = await asyncio.gather(
            *(place.receive(*half) for half in halves), place.receive(*again), place.receive(*reversed(items))
        )
        assert {one.status for some in outcomes for one in some} <= {200, 201}
        now = await sound_identity(place)
        events = await place.fetch(
            "SELECT count(*) AS n FROM event WHERE workspace_id = $1 AND source = 'shop'", place.id
        )
        assert events[0]["n"] == len(items) + len(again)
        assert len(now.people) <= len(said) * 2

    world.run(told())


@pytest.mark.parametrize("seed", range(3))
def test_decisions_by_hand_against_pushes(world: World, seed: int):
    """Pushes that link by evidence while people merge, take back and split the same customers."""

    async def told() -> None:
        place = await world.open_workspace()
        for who in range(len(PEOPLE)):
            await place.receive(item(place, who, 0, 0), item(place, who, 1, 1))

        async def worker(number: int) -> list[Any]:
            dice = random.Random(seed * 100 + number)
            return [await refused_in_words(one_step(place, dice)) for _ in range(10)]

        done = await asyncio.gather(*(worker(number) for number in range(6)))
        assert sum(not isinstance(one, Exception) for some in done for one in some) > 30
        await sound_identity(place)

    world.run(told())


async def one_step(place: Place, dice: random.Random) -> Any:
    what = dice.randrange(10)
    if what < 5:
        return await place.receive(item(place, *(dice.randrange(128) for _ in range(3))))
    if what < 7:
        return await place.receive(*(item(place, *(dice.randrange(128) for _ in range(3))) for _ in range(4)))
    now = await oracle.seen(place)
    people = sorted(now.people)
    a, b = (now.customer(one) for one in dice.sample(people, 2))
    if what == 7 and a != b:
        return await place.decide(desk.merge, a, b)
    edges = now.standing("merge", "link")
    if what == 8 and edges:
        edge = dice.choice(edges)
        return await place.decide(desk.unmerge, now.customer(edge["contact_a"]), edge["id"])
    return await place.decide(desk.split, a, [next(one for one in people if now.customer(one) == a)])


def test_a_merge_by_hand_against_the_push_that_links(world: World):
    """Two customers are merged while a newcomer is shown to be one of them: it ends up with both."""

    async def told() -> None:
        for _ in range(6):
            place = await world.open_workspace()
            ann = await place.push("ann", MAIL, **SHE)
            other = await place.push("other", "email:o@post.at", name="Otto Kern")
            done = await asyncio.gather(
                refused_in_words(place.decide(desk.merge, other.customer_id, ann.customer_id)),
                *(place.push(f"n{n}", "?" + MAIL, **SHE) for n in range(3)),
                refused_in_words(place.decide(desk.merge, ann.customer_id, other.customer_id)),
            )
            now = await sound_identity(place)
            assert len({row["customer_id"] for row in now.people.values()}) == 1
            assert sum(isinstance(one, Exception) for one in (done[0], done[-1])) == 1

    world.run(told())
