"""Each law is seen to fail: a fault is planted in the product, and the law's own check finds it."""

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from identity import book, merging, proofs, resolution, store
from identity.claims import Claim
from tests.laws import test_once, test_races, test_unmerge, test_walls
from tests.laws.history import History, Step
from tests.laws.world import BY_PROOF, Place, World
from timeline import desk, intake, threads


async def no_lock(db: Any, keys: Any) -> None:
    """Nobody waits for anybody."""
    await asyncio.sleep(0)


RACES = 10
"""A race without its lock is lost sooner or later: on a busy machine not at the first try."""


def fails(work: Callable[[], Any]) -> bool:
    """Whether the check finds the fault: by its assertion, or by a constraint that nothing handles."""
    try:
        work()
    except (AssertionError, asyncpg.PostgresError, KeyError, StopIteration):
        return True
    return False


def steps(*wanted: str | Step) -> list[Step]:
    return [(one, 0, 0, 0) if isinstance(one, str) else one for one in wanted]


def runs(world: World, *wanted: str | Step) -> bool:
    return not fails(lambda: world.run(History(world.workspace(BY_PROOF)).run(steps(*wanted))))


A, B, C = ("push", 0, 0, 5), ("push", 1, 0, 5), ("push", 2, 1, 5)
CLAIMED = ("push", 3, 0, 1)
"""a and b prove the same address, c an account; d claims the address."""

MERGED = (A, C, "merge")


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    return monkeypatch


def test_the_histories_are_sound_without_a_fault(world: World):
    assert runs(world, *MERGED, "unmerge", "merge", "split", "unsplit", "remember", "place", "unplace", "place", A, B)


def test_unmerge_that_forgets_to_move_the_pointers(world: World, plant: pytest.MonkeyPatch):
    async def nothing(*_: Any) -> None: ...

    assert runs(world, *MERGED, "unmerge")
    plant.setattr(merging, "apply", nothing)
    assert not runs(world, *MERGED)


def test_unmerge_that_leaves_the_edge(world: World, plant: pytest.MonkeyPatch):
    """The edge stands on: the next decision would bring the merge back."""
    whole = merging.planned_unmerge
    plant.setattr(
        desk.merging,
        "planned_unmerge",
        lambda scene, edge, present: (whole(scene, edge, present)[0], scene.contacts),
    )
    assert not runs(world, *MERGED, "unmerge")


def test_unmerge_that_does_not_keep_apart(world: World, plant: pytest.MonkeyPatch):
    again = (*MERGED, "unmerge", ("push", 2, 0, 5))
    assert runs(world, *again)
    plant.setattr(book.Book, "kept_apart", lambda *_: False)
    assert not runs(world, *again)


def test_a_merge_that_forgets_to_lift_the_record(world: World, plant: pytest.MonkeyPatch):
    again = (*MERGED, "unmerge", "merge", ("split", 0, 1, 0), ("push", 2, 0, 5), "merge", "unmerge")
    assert runs(world, *again)
    lifted = (A, C, ("apart", 0, 0, 0), "merge", ("split", 0, 1, 0), "unsplit")
    assert runs(world, *lifted)
    plant.setattr(merging, "records_between", lambda *_: [])

    def told() -> None:
        async def parted() -> None:
            place = await world.open_workspace()
            a = await place.push("a", "email:a@example.com")
            b = await place.push("b", "email:b@example.com")
            first = await test_unmerge.merged(place, a.customer_id, b.customer_id)
            await test_unmerge.unmerged(place, first)
            await test_unmerge.merged(place, a.customer_id, b.customer_id)
            rows = await place.fetch(
                "SELECT kind FROM link_decision WHERE workspace_id = $1 AND kind = 'undo'", place.id
            )
            assert len(rows) == 1

        world.run(parted())

    assert any(fails(told) for _ in range(RACES))


def test_a_link_on_a_claim(world: World, plant: pytest.MonkeyPatch):
    assert runs(world, A, CLAIMED, B)
    plant.setattr(Claim, "proofs", property(lambda claim: [h.identifier for h in claim.held]))
    assert not runs(world, A, CLAIMED, B)


def test_a_link_on_a_role_mailbox(world: World, plant: pytest.MonkeyPatch):
    role = (("push", 0, 5, 5), ("push", 1, 5, 5))
    assert runs(world, *role)
    plant.setattr(proofs, "links", lambda *_: True)
    assert not runs(world, *role)


def test_accounts_of_one_shop_that_link(world: World, plant: pytest.MonkeyPatch):
    both = (("push", 0, 4, 14), ("push", 1, 6, 14), ("push", 1, 4, 5))
    assert runs(world, *both)
    plant.setattr(proofs, "accounts_differ", lambda *_: False)
    plant.setattr(resolution, "accounts_differ", lambda *_: False)
    assert not runs(world, *both)


def test_a_placement_that_is_not_taken_off(world: World, plant: pytest.MonkeyPatch):
    placed = (A, C, ("place", 0, 1, 1))
    assert runs(world, *placed)
    plant.setattr(threads, "_placed", lambda people: ([], []))
    assert not runs(world, *placed)


def test_the_past_read_as_the_present(world: World, plant: pytest.MonkeyPatch):
    past = (A, C, "remember", "merge")
    assert runs(world, *past)
    whole = store.change_contacts

    async def no_past(db: Any, workspace: Any, changed: Any, now: Any) -> int:
        return await whole(db, workspace, changed, now.replace(year=2020))

    plant.setattr(store, "change_contacts", no_past)
    assert not runs(world, *past)


def test_one_item_without_its_lock(world: World, plant: pytest.MonkeyPatch):
    plant.setattr(intake, "lock", no_lock)
    assert any(fails(lambda: test_once.test_twenty_at_once_are_one(world)) for _ in range(RACES))


def test_writers_of_one_identifier_without_its_lock(world: World, plant: pytest.MonkeyPatch):
    plant.setattr(intake, "claim_locks", lambda *_: set())
    assert any(fails(lambda: test_races.racing_writers(world, 4, 8)) for _ in range(5))


def test_decisions_without_locks(world: World, plant: pytest.MonkeyPatch):
    plant.setattr(store, "lock", no_lock)
    assert any(fails(lambda: test_races.test_a_into_b_while_b_into_a(world)) for _ in range(5))


def test_content_that_is_not_compared(world: World, plant: pytest.MonkeyPatch):
    plant.setattr(intake, "differing", lambda *_: [])
    assert any(
        fails(lambda: test_once.test_other_content_is_refused_by_field_and_changes_nothing(world, "body", None))
        for _ in range(RACES)
    )


def test_a_batch_that_does_not_read_the_members(world: World, plant: pytest.MonkeyPatch):
    async def at_once(place: Place, together: bool) -> Any:
        a = await place.push("a")
        m = await place.push("m", "account:shop:1")
        await place.decide(desk.merge, a.customer_id, m.customer_id)
        items = [place.item("a", "email:a@example.com"), place.item("n", "email:a@example.com", "account:shop:2")]
        for group in [items] if together else [[items[0]], [items[1]]]:
            await place.receive(*group)
        return (await test_once.structure(place))["customers"]

    def same() -> None:
        async def told() -> None:
            assert await at_once(world_place[0], True) == await at_once(world_place[1], False)

        world_place = [world.workspace(), world.workspace()]
        world.run(told())

    assert not fails(same)

    async def early(self: book.Book, db: Any) -> None:
        if self.owners:
            await whole(self, db)

    whole = book.Book.read_candidates
    plant.setattr(book.Book, "read_candidates", early)
    assert any(fails(same) for _ in range(RACES))


def test_a_table_outside_the_wall(world: World):
    async def said(statement: str) -> None:
        admin = await asyncpg.connect(world.admin_dsn)
        try:
            await admin.execute(statement)
        finally:
            await admin.close()

    async def two() -> Any:
        places = [await test_walls.filled(world), await test_walls.filled(world)]
        return *places, await test_walls.fill_all(world, *places)

    made = world.run(two())
    world.run(said("ALTER TABLE placement DISABLE ROW LEVEL SECURITY"))
    try:
        assert any(fails(lambda: test_walls.test_every_table_is_behind_the_wall(world, made)) for _ in range(RACES))
        assert any(
            fails(lambda: test_walls.test_without_a_workspace_nothing_is_there(world, made)) for _ in range(RACES)
        )
        assert any(
            fails(lambda: test_walls.test_nothing_of_another_workspace_can_be_written(world, made))
            for _ in range(RACES)
        )
    finally:
        world.run(said("ALTER TABLE placement ENABLE ROW LEVEL SECURITY"))
