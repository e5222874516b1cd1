"""A presumed link rises when proof arrives, on whichever side, and the decision names it; a claim that came first never
outranks who proves."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.laws import evidence_oracle as oracle
from tests.laws.world import Place, World

ANN = "email:ann.weiss@mail.com"
OTHER = "email:weiss.a@post.at"
PHONE = "phone:+4930555023"
SHE: dict[str, Any] = {"name": "Ann Weiss", "attributes": {"birth_date": "1990-05-04", "place": "Hill"}}


async def said(place: Place, key: str, *held: str) -> Any:
    before = await oracle.seen(place)
    outcome = await place.push(key, *held, **SHE)
    now = await oracle.seen(place)
    oracle.check_customers(now)
    oracle.check_grades(now)
    oracle.check_pushed(before, now, alone=True)
    return outcome.customer_id


async def how(place: Place) -> dict[str, str]:
    """The grade of each contact, of one customer all of them."""
    people = (await oracle.seen(place)).people.values()
    assert len({row["customer_id"] for row in people}) == 1
    return {row["source_key"]: row["grade"] for row in people}


async def proofs(place: Place) -> list[tuple[str, str | None, str]]:
    """Who proved, against whom, and what."""
    now = await oracle.seen(place)
    keys = {one: row["source_key"] for one, row in now.contacts.items()}
    return [
        (keys[row["contact_a"]], keys.get(row["contact_b"]), row["evidence"][0]["identifier"])
        for row in now.decisions
        if row["kind"] == "proof"
    ]


V, P = "verified", "presumed"


@pytest.mark.parametrize(
    ("pushes", "then", "grades", "named"),
    [
        # The younger claims, then proves.
        ([("a", ANN), ("b", "?" + ANN)], ("b", ANN), {"a": V, "b": V}, ("b", "a", ANN)),
        # The older claims, then proves: until then the proved owner is the surer of the two.
        ([("a", "?" + ANN), ("b", ANN)], ("a", ANN), {"a": V, "b": V}, ("a", "b", ANN)),
        # Another proof than the other's makes nobody surer; in company the older group goes first.
        ([("a", ANN), ("b", "?" + ANN)], ("b", OTHER), {"a": V, "b": P}, None),
        ([("a", "?" + ANN), ("b", ANN)], ("a", OTHER), {"a": V, "b": P}, None),
        # Of three, whoever proves rises alone.
        ([("a", ANN), ("b", "?" + ANN), ("c", "?" + ANN)], ("c", ANN), {"a": V, "b": P, "c": V}, ("c", "a", ANN)),
        # Nobody proves: whoever does then is sure, the others are presumed.
        ([("a", "?" + ANN), ("b", "?" + ANN)], ("b", ANN), {"a": P, "b": V}, None),
        # The proof comes with somebody new, who is of both groups.
        (
            [("a", ANN), ("b", PHONE, "?" + ANN)],
            ("c", ANN, PHONE),
            {"a": V, "b": V, "c": V},
            ("c", "b", PHONE),
        ),
    ],
)
def test_a_proof_raises_a_link(
    world: World, pushes: Sequence[Any], then: Any, grades: dict[str, str], named: tuple[str, str, str] | None
):
    async def told() -> None:
        place = await world.open_workspace()
        for push in pushes:
            await said(place, *push)
        before = await how(place)
        assert before != grades or named is None
        await said(place, *then)
        assert await how(place) == grades
        assert (named in await proofs(place)) == (named is not None)

    world.run(told())


def test_a_first_proof_alone_is_named(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        await said(place, "a", "?" + ANN)
        assert await how(place) == {"a": "possible"}
        await said(place, "a", PHONE)
        assert await how(place) == {"a": V}
        assert await proofs(place) == [("a", None, PHONE)]

    world.run(told())


@pytest.mark.parametrize(("who", "what"), [("a", OTHER), ("b", ANN)])
def test_a_proof_raises_an_edge(world: World, who: str, what: str):
    """Two customers are joined because news show them to be one; then either side proves what the other does."""

    async def told() -> None:
        place = await world.open_workspace()
        first = (await place.push("a", ANN)).customer_id
        second = (await place.push("b", OTHER, name="Ann Weiss")).customer_id
        assert first != second
        await said(place, "a")
        await said(place, "b", "?" + ANN)
        now = await oracle.seen(place)
        (edge,) = now.standing("merge")
        assert (edge["grade"], await how(place)) == (P, {"a": V, "b": P})
        await said(place, who, what)
        assert await how(place) == {"a": V, "b": V}
        assert (who, "ab".replace(who, ""), what) in await proofs(place)

    world.run(told())


def test_who_claimed_first_never_outranks_the_owner(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        for key in ("claimed", "again"):
            await said(place, key, "?" + ANN)
        await said(place, "owner", ANN)
        assert await how(place) == {"claimed": P, "again": P, "owner": V}
        late = await place.push("late", ANN)
        assert late.status == 201
        assert await how(place) == {"claimed": P, "again": P, "owner": V, "late": V}

    world.run(told())


def test_a_proof_of_what_several_people_use_raises_nothing(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        for name in ("Otto Huber", "Leo Kern"):
            await place.push(None, PHONE, name=name)
        await said(place, "a", ANN)
        await said(place, "b", "?" + ANN, "?" + PHONE)
        await place.push("a", PHONE)
        await place.push("b", PHONE)
        people = {row["source_key"]: row for row in (await oracle.seen(place)).people.values()}
        assert people["a"]["customer_id"] == people["b"]["customer_id"]
        assert (people["a"]["grade"], people["b"]["grade"]) == (V, P)

    world.run(told())
