"""Law 3: taking merges back, in any order, restores contacts and threads; what arrived in between goes to the side
of its contact's home."""

import itertools
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.errors import Absorbed, AlreadyUndone, Impossible, NotFound
from tests.laws.history import chosen_identifiers, written
from tests.laws.world import Place, World, law
from timeline import desk

PEOPLE = "abcdef"
PUSHES = st.lists(st.tuples(st.sampled_from(PEOPLE), st.integers(0, 63), st.integers(0, 63)), min_size=2, max_size=8)


async def how_it_is(place: Place) -> dict[str, Any]:
    """Every person's contact, all columns but `since`, and what is on its thread, the seams of decisions apart."""
    contacts = await place.contacts()
    seen: dict[str, Any] = {}
    for customer in {row["customer_id"] for row in contacts.values()}:
        items = await place.thread(customer)
        seen[f"thread {customer}"] = [(i.event_id, i.contact_id, i.why) for i in items if i.kind != "change"]
    for row in contacts.values():
        if row["source"] != "desk":
            seen[f"contact {row['id']}"] = {name: value for name, value in row.items() if name != "since"}
    return seen


async def customers(place: Place) -> list[UUID]:
    rows = await place.fetch("SELECT DISTINCT customer_id FROM contact WHERE workspace_id = $1 ORDER BY 1", place.id)
    return [row["customer_id"] for row in rows]


async def merged(place: Place, one: UUID, other: UUID) -> UUID:
    change = await place.decide(desk.merge, one, other)
    assert change.decision_id
    return change.decision_id


async def unmerged(place: Place, decision: UUID) -> Any:
    (row,) = await place.fetch(
        "SELECT c.customer_id FROM link_decision d JOIN contact c ON c.workspace_id = $1 AND c.id = d.contact_a "
        "WHERE d.workspace_id = $1 AND d.id = $2",
        place.id,
        decision,
    )
    return await place.decide(desk.unmerge, row["customer_id"], decision)


async def pushed(place: Place, pushes: Sequence[tuple[str, int, int]]) -> None:
    for key, which, how in pushes:
        held = chosen_identifiers(which, how)
        await place.push(key, *(written(value, proved) for value, proved in held.items()))


def test_unmerge_of_a_merge_is_where_it_began(world: World):
    @law(25)
    @given(PUSHES, st.integers(0, 9), st.integers(0, 9))
    def holds(pushes: Sequence[tuple[str, int, int]], one: int, other: int) -> None:
        async def told() -> None:
            place = await world.open_workspace()
            await pushed(place, pushes)
            live = await customers(place)
            if len(live) < 2:
                return
            kept = live[one % len(live)]
            lost = [customer for customer in live if customer != kept][other % (len(live) - 1)]
            before = await how_it_is(place)
            decision = await merged(place, kept, lost)
            assert await how_it_is(place) != before
            change = await unmerged(place, decision)
            assert change.customer_id == lost
            assert without_empty(await how_it_is(place)) == without_empty(before)

        world.run(told())

    holds()


def without_empty(seen: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in seen.items() if value}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_chain_is_undone_in_every_order(world: World, order: tuple[int, ...]):
    """a takes b, c takes a, c takes d; whatever arrives in between stays with its home."""

    async def told() -> None:
        place = await world.open_workspace()
        a, b, c, d = [(await place.push(key, f"email:{key}@example.com")).customer_id for key in "abcd"]
        before = await how_it_is(place)
        decisions = [await merged(place, a, b), await merged(place, c, a), await merged(place, c, d)]
        for which in order:
            await unmerged(place, decisions[which])
        assert await how_it_is(place) == before

    world.run(told())


def test_a_chain_undone_in_part_is_the_same_by_any_way(world: World):
    async def ends(order: Sequence[int]) -> dict[str, str]:
        place = await world.open_workspace()
        at = {key: (await place.push(key)).customer_id for key in "abcde"}
        pairs = [("a", "b"), ("c", "a"), ("d", "c"), ("d", "e")]
        decisions = [await merged(place, at[one], at[other]) for one, other in pairs]
        for which in order:
            await unmerged(place, decisions[which])
        names = {customer: key for key, customer in at.items()}
        return {row["source_key"]: names[row["customer_id"]] for row in (await place.contacts()).values()
                if row["source"] != "desk"}  # fmt: skip

    async def told() -> None:
        for gone in itertools.chain.from_iterable(itertools.combinations(range(4), n) for n in (2, 3)):
            results = [await ends(order) for order in itertools.permutations(gone)]
            assert all(result == results[0] for result in results)

    world.run(told())


def test_what_arrives_in_between_goes_to_the_side_of_its_home(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a = await place.push("a", "email:a@example.com")
        b = await place.push("b", "email:b@example.com")
        decision = await merged(place, a.customer_id, b.customer_id)
        later = await place.push("b")
        linked = await place.push("n", "email:b@example.com")
        both = await place.push("both", "email:a@example.com", "phone:+4930123987")
        assert {later.customer_id, linked.customer_id, both.customer_id} == {a.customer_id}
        change = await unmerged(place, decision)
        assert change.customer_id == b.customer_id
        contacts = await place.contacts()
        assert contacts[linked.contact_id]["customer_id"] == b.customer_id
        assert contacts[both.contact_id]["customer_id"] == a.customer_id
        ours = {item.event_id for item in await place.thread(b.customer_id) if item.kind != "change"}
        assert ours == {b.event_id, later.event_id, linked.event_id}

    world.run(told())


def test_no_proof_unites_what_a_person_parted(world: World):
    """A known contact stays, an unknown one is a customer of its own, and both are suggested; a merge by hand may."""

    async def told() -> None:
        place = await world.open_workspace()
        a = await place.push("a", "email:a@example.com")
        b = await place.push("b", "email:b@example.com")
        await unmerged(place, await merged(place, a.customer_id, b.customer_id))
        again = await place.push("b", "email:a@example.com")
        new = await place.push("n", "email:a@example.com", "email:b@example.com")
        assert again.customer_id == b.customer_id
        assert new.customer_id not in (a.customer_id, b.customer_id)
        pairs = await place.fetch("SELECT contact_a, contact_b FROM link_suggestion WHERE workspace_id = $1", place.id)
        assert {frozenset(pair.values()) for pair in pairs} == {
            frozenset(pair)
            for pair in [(a.contact_id, b.contact_id), (new.contact_id, a.contact_id), (new.contact_id, b.contact_id)]
        }
        decision = await merged(place, a.customer_id, b.customer_id)
        contacts = await place.contacts()
        assert contacts[b.contact_id]["customer_id"] == a.customer_id
        await unmerged(place, decision)

    world.run(told())


def test_what_cannot_be_decided_says_why(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a, b, c = [(await place.push(key)).customer_id for key in "abc"]
        decision = await merged(place, a, b)
        with pytest.raises(Impossible, match="itself"):
            await merged(place, a, a)
        with pytest.raises(Absorbed):
            await merged(place, b, c)
        with pytest.raises(Absorbed):
            await merged(place, a, b)
        with pytest.raises(NotFound):
            await place.decide(desk.unmerge, c, decision)
        with pytest.raises(Absorbed):
            await place.decide(desk.unmerge, b, decision)
        await place.decide(desk.unmerge, a, decision)
        with pytest.raises(AlreadyUndone):
            await place.decide(desk.unmerge, a, decision)
        with pytest.raises(AlreadyUndone):
            await place.decide(desk.unmerge, b, decision)
        elsewhere = await world.open_workspace()
        foreign = await elsewhere.push("x")
        with pytest.raises(NotFound):
            await merged(place, a, foreign.customer_id)
        with pytest.raises(NotFound):
            await elsewhere.decide(desk.unmerge, foreign.customer_id, decision)

    world.run(told())


def test_a_link_is_taken_back_once(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a = await place.push("a", "email:a@example.com")
        b = await place.push("b", "email:a@example.com")
        assert a.customer_id == b.customer_id
        (link,) = await place.fetch("SELECT id FROM link_decision WHERE workspace_id = $1", place.id)
        change = await place.decide(desk.unmerge, a.customer_id, link["id"])
        assert change.moved == (b.contact_id,)
        again = await place.push("b", "email:a@example.com")
        assert again.customer_id == change.customer_id != a.customer_id
        with pytest.raises(AlreadyUndone):
            await place.decide(desk.unmerge, a.customer_id, link["id"])

    world.run(told())


def test_a_split_that_would_take_everybody_along_takes_the_merge_back(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a = await place.push("a", "email:a@example.com")
        b = await place.push("b")
        await place.push("b", "email:a@example.com")
        change = await place.decide(desk.split, a.customer_id, [b.contact_id])
        contacts = await place.contacts()
        assert contacts[a.contact_id]["customer_id"] != contacts[b.contact_id]["customer_id"] == change.customer_id
        assert (await place.push("b", "email:a@example.com")).customer_id == change.customer_id

    world.run(told())
