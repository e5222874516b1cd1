"""Keys, counts and policies in the database: what finds whom, what adds up, and that no workspace meets another's."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.db import new_id
from identity import blocking_store as kept
from tests.laws.world import NOON, Place, World
from timeline import desk


@pytest.fixture
def place(world: World) -> Place:
    return world.workspace()


def homes_of(world: World, place: Place, count: int) -> list[UUID]:
    """Homes with a contact each, the oldest first."""
    pushed = [world.run(place.push(f"c{at}")) for at in range(count)]
    contacts = world.run(place.contacts())
    return [contacts[outcome.contact_id]["home_id"] for outcome in pushed]


def write(world: World, place: Place, statement: Callable[..., Awaitable[Any]], *values: Any, **named: Any) -> Any:
    return world.run(place.write(lambda db: statement(db, place.id, *values, **named)))


def read(world: World, place: Place, statement: Callable[..., Awaitable[Any]], *values: Any) -> Any:
    return world.run(place.read(lambda db: statement(db, place.id, *values)))


def pairs(rows: list[Any]) -> dict[Any, Any]:
    return {row[0]: row[1] for row in rows}


def found(world: World, place: Place, keys: list[int], most: int = 60) -> set[tuple[Any, ...]]:
    return {tuple(row) for row in read(world, place, kept.homes_under, keys, most)}


def test_homes_are_found_under_their_keys_with_whom_they_add_up_to(world: World, place: Place):
    one, two = homes_of(world, place, 2)
    write(world, place, kept.write_keys, [1, 2, 2, 1], [one, one, two, one])
    assert found(world, place, [1, 2, 2, 3]) == {(1, one, one), (2, one, one), (2, two, two)}


def test_merged_homes_are_one_customer(world: World, place: Place):
    one, two = homes_of(world, place, 2)
    write(world, place, kept.write_keys, [1, 1], [one, two])
    world.run(place.decide(desk.merge, one, two))
    assert found(world, place, [1]) == {(1, one, one), (1, two, one)}


def test_a_home_without_contacts_is_nobody(world: World, place: Place):
    write(world, place, kept.write_keys, [1], [new_id()])
    assert found(world, place, [1]) == set()


def test_a_key_with_too_many_homes_finds_nobody(world: World, place: Place):
    homes = homes_of(world, place, 4)
    write(world, place, kept.write_keys, [7] * 4 + [8] * 3, [*homes, *homes[:3]])
    assert found(world, place, [7, 8], most=3) == {(8, home, home) for home in homes[:3]}
    assert {row[1] for row in found(world, place, [7], most=4)} == set(homes)


def test_keys_as_large_and_as_small_as_they_come(world: World, place: Place):
    (home,) = homes_of(world, place, 1)
    ends = [-(2**63), 2**63 - 1, 0]
    write(world, place, kept.write_keys, ends, [home] * 3)
    assert {row[0] for row in found(world, place, ends)} == set(ends)
    write(world, place, kept.write_keys, [], [])
    assert found(world, place, []) == set()


def test_homes_get_other_keys_and_those_of_others_stay(world: World, place: Place):
    one, two, three = homes_of(world, place, 3)
    write(world, place, kept.write_keys, [1, 2, 1, 1], [one, one, two, three])
    write(world, place, kept.replace_keys, [one, three], [2, 3], [one, one])
    assert found(world, place, [1, 2, 3]) == {(1, two, two), (2, one, one), (3, one, one)}


def test_no_workspace_finds_or_counts_another_s(world: World, place: Place):
    other = world.workspace()
    (home,) = homes_of(world, place, 1)
    write(world, place, kept.write_keys, [1], [home])
    write(world, place, kept.add_values, [1], [5])
    write(world, place, kept.add_counters, ["n"], [1.5])
    write(world, place, kept.add_policy, 1, b"{}", actor="system", reason=None, now=NOON)
    world.run(place.push("held", "email:jane@acme.test"))
    for asked in (other.id, place.id):  # its own id, and another's under its own wall
        assert world.run(other.read(lambda db, w=asked: kept.homes_under(db, w, [1], 60))) == []
        assert world.run(other.read(lambda db, w=asked: kept.values(db, w, 2))) == []
        assert world.run(other.read(lambda db, w=asked: kept.counters(db, w))) == []
        assert world.run(other.read(lambda db, w=asked: kept.policies(db, w))) == []
        held = [("email", "", "jane@acme.test")]
        assert world.run(other.read(lambda db, w=asked, v=held: kept.people_on(db, w, v, 5))) == []
        world.run(other.write(lambda db, w=asked: kept.replace_keys(db, w, [home], [], [])))
        world.run(other.write(lambda db, w=asked: kept.replace_values(db, w, (0, 9), [], [])))
    assert found(world, place, [1]) == {(1, home, home)}
    assert read(world, place, kept.counters)[0]["amount"] == 1.5
    assert read(world, place, kept.values, 2)[0]["customers"] == 5


def test_who_was_seen_on_a_value_the_newest_told_from_old_to_new(world: World, place: Place):
    for at, name in enumerate(["Ann", "Bob", "Cid"]):
        said = {"name": f"{name} Smith", "attributes": {"given_name": name, "family_name": "Smith"}}
        world.run(place.push(f"c{at}", "?email:info@acme.test", **said))
    world.run(place.push("nameless", "?email:solo@acme.test"))
    values = [("email", "", "solo@acme.test"), ("email", "", "none@acme.test"), ("email", "", "info@acme.test")]
    rows = read(world, place, kept.people_on, values, 2)
    told = [(row["value"], row["name"], row["given_name"], row["family_name"]) for row in rows]
    assert told == [
        ("solo@acme.test", None, None, None),
        ("info@acme.test", "Bob Smith", "Bob", "Smith"),
        ("info@acme.test", "Cid Smith", "Cid", "Smith"),
    ]
    contacts = world.run(place.contacts())
    assert all(contacts[row["contact_id"]]["customer_id"] == row["customer_id"] for row in rows)


def test_counts_add_up(world: World, place: Place):
    write(world, place, kept.add_counters, ["b", "a", "b"], [1.0, 0.5, 2.0])
    write(world, place, kept.add_counters, ["b"], [-0.5])
    assert pairs(read(world, place, kept.counters)) == {"a": 0.5, "b": 2.5}
    assert pairs(write(world, place, kept.add_values, [9, 9, -4], [1, 1, 1])) == {-4: 1, 9: 2}
    assert pairs(write(world, place, kept.add_values, [9, -4, 5], [3, -1, -1])) == {-4: 0, 9: 5, 5: -1}
    assert pairs(read(world, place, kept.values, 2)) == {9: 5}
    assert pairs(read(world, place, kept.values, 6)) == {}


def test_counts_are_made_anew_span_by_span(world: World, place: Place):
    write(world, place, kept.add_values, [1, 2, 3, 10], [2, 2, 2, 2])
    write(world, place, kept.replace_values, (1, 9), [2, 4], [7, 8])
    assert pairs(read(world, place, kept.values, 2)) == {2: 7, 4: 8, 10: 2}


def test_the_latest_policy_is_in_force(world: World, place: Place):
    assert read(world, place, kept.policy_in_force) is None
    for version in (1, 2):
        later = NOON + timedelta(days=version)
        body = f'{{"version": {version}}}'.encode()
        write(world, place, kept.add_policy, version, body, actor="agent:1", reason=f"r{version}", now=later)
    assert [row["reason"] for row in read(world, place, kept.policies)] == ["r2", "r1"]
    row = read(world, place, kept.policy_in_force)
    assert row is not None
    assert row["version"] == 2
