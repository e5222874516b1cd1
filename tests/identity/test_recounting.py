"""What a pass counts again: keys, values and numbers as pushes would have left them, damaged, gone or in many parts."""

import msgspec
import pytest

from app.counting import write_learned
from identity.learning import Learning
from identity.policy import IdentityPolicy
from identity.statistics import Counts
from tests.identity.crowd import a_crowd, forget_counts, resolved, rows
from tests.laws.world import World

COUNTS = ("home_key", "value_count", "identity_count")


def test_a_database_without_keys_and_counts_gets_those_that_pushes_would_have_written(world: World):
    async def told() -> None:
        place = await a_crowd(world, 60, twice=20, identity=IdentityPolicy())
        await write_learned(place.edge, place.workspace)
        before = await rows(place, *COUNTS)
        await forget_counts(place)
        stand, _ = await resolved(place)
        after = await rows(place, *COUNTS)
        assert stand.learned_again
        assert stand.keys > 0 < stand.values
        assert after["home_key"] == before["home_key"]
        assert after["value_count"] == before["value_count"]
        one, other = amounts(before["identity_count"]), amounts(after["identity_count"])
        for name in ("contacts", "customers", "known", "opened"):
            assert one[name] == other[name]
        assert {name for name in one if name.startswith("sharing")} == {n for n in other if n.startswith("sharing")}
        assert other["group given exact"] == pytest.approx(one["group given exact"], rel=0.2)

    world.run(told())


def amounts(kept: list[str]) -> dict[str, float]:
    decoded = (msgspec.json.decode(row) for row in kept)
    return {row["counter"]: row["amount"] for row in decoded}


def test_the_numbers_follow_the_links_that_a_pass_makes(world: World):
    async def told() -> None:
        place = await a_crowd(world, 12, twice=5)
        await resolved(place, apply=False)
        before = amounts((await rows(place, "identity_count"))["identity_count"])
        await resolved(place)
        after = amounts((await rows(place, "identity_count"))["identity_count"])
        assert [before[name] for name in ("contacts", "customers", "known", "opened")] == [17, 17, 0, 17]
        assert [after[name] for name in ("contacts", "customers", "known", "opened")] == [17, 12, 5, 12]
        assert after["housemates"] / 12 == pytest.approx(before["housemates"] / 17)

    world.run(told())


def test_damaged_keys_and_counts_are_mended_and_counted(world: World):
    async def told() -> None:
        place = await a_crowd(world, 12, twice=3, identity=IdentityPolicy())
        await resolved(place)
        before = await rows(place, "home_key", "value_count")
        for statement in (
            "UPDATE value_count SET customers = customers + 5 WHERE workspace_id = $1 AND value > 0",
            "INSERT INTO value_count (workspace_id, value, customers) VALUES ($1, 17, 3)",
            "DELETE FROM home_key WHERE workspace_id = $1 AND key > 0",
            "INSERT INTO home_key (workspace_id, key, home_id) SELECT $1, 23, home_id FROM contact "
            "WHERE workspace_id = $1 AND source_key = 'p1'",
        ):
            await place.write(lambda db, statement=statement: db.execute(statement, place.id))
        stand, _ = await resolved(place, apply=False)
        assert stand.keys > 0 < stand.values
        assert await rows(place, "home_key", "value_count") == before

    world.run(told())


def test_a_running_server_takes_new_counts_up_with_its_next_write(world: World):
    async def told() -> None:
        place = await a_crowd(world, 12, twice=3)
        server = Learning()
        learned = await place.read(lambda db: server.of(db, place.id))
        await resolved(place)
        assert learned.counts.numbers == learned.counts.values == {}
        server.take(place.id, Counts({"contacts": 1.0}))
        await place.write(lambda db: server.write(db, place.id))
        kept = amounts((await rows(place, "identity_count"))["identity_count"])
        assert learned.counts.numbers == kept
        assert kept["contacts"] == 16
        shared = await place.fetch("SELECT * FROM value_count WHERE workspace_id = $1 AND customers > 1", place.id)
        assert learned.counts.values == {row["value"]: row["customers"] for row in shared} != {}

    world.run(told())


def test_values_are_counted_span_by_span_to_the_same(world: World, monkeypatch: pytest.MonkeyPatch):
    async def told() -> None:
        place = await a_crowd(world, 12, twice=3)
        await resolved(place)
        before = await rows(place, "value_count")
        await forget_counts(place)
        monkeypatch.setattr("app.counting.CONTACTS_A_SPAN", 4)
        monkeypatch.setattr("app.counting.VALUES_WRITTEN", 7)
        monkeypatch.setattr("app.counting.CUSTOMERS_AT_ONCE", 3)
        monkeypatch.setattr("app.counting.HOMES_AT_ONCE", 2)
        await resolved(place)
        assert await rows(place, "value_count") == before

    world.run(told())
