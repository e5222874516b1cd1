"""Shares estimated from everybody who is there: what they are made of, what they would change, and their versions."""

from typing import Any

import asyncpg
import msgspec
import pytest

from app.counting import write_learned
from app.training import Trained, activate, changes, train
from identity.decision import LEARN_FROM
from identity.learning import LEARNING
from identity.lessons import read_answers
from identity.policy import IdentityPolicy
from identity.second_look import Finding
from identity.statistics import Counts, Statistics
from identity.training import Pattern, answered, estimated, levels_of, share_of, shares
from identity.trainings import read_trainings
from identity.weights import GROUPS, TABLE
from tests.identity.crowd import a_crowd, person, resolved, rows, under
from tests.identity.test_recounting import amounts
from tests.identity.test_resolving import ASK
from tests.laws.world import BY_PROOF, Place, World
from timeline import suggestions

EXACT = (("birth_date", "exact"), ("family", "exact"), ("given", "exact"))
SLIP = (("birth_date", "exact"), ("family", "exact"), ("given", "one_edit"))
SURE = Pattern(parts=EXACT, stranger=30.0, house=30.0)


async def trained(place: Place) -> tuple[Trained, list[tuple[str, Finding]]]:
    told: list[tuple[str, Finding]] = []
    made = await train(
        place.edge, place.workspace, lambda *_: None, lambda change, finding: told.append((change, finding))
    )
    return made, told


def learned(counts: Counts, *part: str) -> float:
    return share_of(Statistics(counts, Counts(), {}, b""), (part[0], part[1]))


# -- the estimate ------------------------------------------------------------------------------------------------


def test_levels_that_pairs_of_one_person_reach_more_often_count_for_more():
    slips = msgspec.structs.replace(SURE, parts=SLIP)
    made = estimated({SURE: 60, slips: 40}, Counts())
    assert learned(made, "given", "one_edit") > 2 * TABLE["given", "one_edit"].same
    assert learned(made, "given", "exact") < TABLE["given", "exact"].same
    assert learned(made, "family", "exact") > TABLE["family", "exact"].same


def test_unlikely_pairs_teach_nothing_and_what_is_taught_is_bounded():
    unlikely = msgspec.structs.replace(SURE, parts=SLIP, stranger=-20.0, house=-20.0)
    assert estimated({unlikely: 1_000}, Counts()).numbers == {}
    made = estimated({msgspec.structs.replace(SURE, parts=SLIP): 10_000}, Counts())
    assert learned(made, "given", "one_edit") == pytest.approx(4 * TABLE["given", "one_edit"].same)


def test_the_estimate_does_not_hang_on_where_it_begins():
    slips = Pattern(parts=SLIP, stranger=2.0, house=3.0)
    one = estimated({SURE: 60, slips: 40}, Counts())
    other = estimated({SURE: 60, slips: 40}, Counts({"level given one_edit": 500.0, "group given exact": 500.0}))
    for part in GROUPS:
        assert learned(one, *part) == pytest.approx(learned(other, *part), abs=1e-3)


def test_what_a_person_is_sure_of_counts_as_one_person_however_unlikely_it_looked():
    unlikely = Pattern(parts=SLIP, stranger=-20.0, house=-20.0, sure=True)
    assert estimated({unlikely: 10}, Counts()).numbers["level given one_edit"] == 10


def test_every_level_that_is_estimated_is_told_with_its_weights_before_and_after():
    told = shares(Counts(), estimated({SURE: 100}, Counts()))
    assert {(one.comparison, one.level) for one in told} == set(GROUPS)
    (exact,) = [one for one in told if (one.comparison, one.level) == ("given", "exact")]
    assert exact.stranger is None
    assert exact.before == 0.8 < exact.after
    assert exact.house[0] < exact.house[1]
    assert {one.comparison for one in told}.isdisjoint({"email", "phone", "account", "handle", "visitor"})


def test_levels_are_read_back_from_kept_evidence():
    evidence = [
        {"comparison": "name", "level": "one_edit given, exact family, swapped"},
        {"comparison": "birth_date", "level": "exact"},
        {"comparison": "email", "level": "exact"},
        {"comparison": "decision", "level": "evidence"},
    ]
    assert levels_of(evidence) == [("given", "one_edit"), ("family", "exact"), ("birth_date", "exact")]
    assert levels_of([{"comparison": "name", "level": "no given, conflicting family"}]) == [("family", "conflicting")]


@pytest.mark.parametrize(
    ("probability", "one", "counted"), [(0.75, True, 0.25), (0.75, False, -0.75), (None, True, 1.0), (0.1, False, 0.0)]
)
def test_an_answer_takes_the_place_of_the_probability(probability: float | None, one: bool, counted: float):
    evidence = [{"comparison": "birth_date", "level": "exact"}, {"comparison": "decision", "level": "evidence"}]
    lesson = answered(evidence, probability, one=one).numbers
    assert lesson.get("level birth_date exact", 0.0) == lesson.get("group birth_date exact", 0.0) == counted
    assert answered(evidence[:1], probability, one=one).numbers == {}, "a proof in question was never counted"
    assert probability is None or probability >= LEARN_FROM or counted == 0.0


def test_more_no_than_was_ever_yes_leaves_the_table_its_word():
    assert learned(Counts({"level given exact": -40.0, "group given exact": -40.0}), "given", "exact") == 0.8


# -- a desk ------------------------------------------------------------------------------------------------------


def test_training_shows_and_activating_takes_the_place_of_what_was_learned(world: World):
    async def told() -> None:
        place = await a_crowd(world, 60, twice=30, identity=IdentityPolicy())
        await write_learned(place.edge, place.workspace)
        before = await rows(place, "identity_count", "identity_training"), await rows(place)
        made, findings = await trained(place)
        assert (await rows(place, "identity_count", "identity_training"), await rows(place)) == before
        assert made.training.contacts == 90
        assert made.training.pairs >= 30
        assert (made.training.appear, made.training.fall) == (
            sum(change == "appear" for change, _ in findings),
            sum(change == "fall" for change, _ in findings),
        )

        version = await activate(place.edge, place.workspace, made, actor="cli", reason="a try")
        assert (version.version, version.reason, version.training) == (1, "a try", made.training)
        assert await place.read(lambda db: read_trainings(db, place.id)) == [version]
        kept = amounts((await rows(place, "identity_count"))["identity_count"])
        was = amounts(before[0]["identity_count"])
        assert {n: a for n, a in kept.items() if n.startswith(("level ", "group "))} == made.levels.numbers
        assert {n: a for n, a in kept.items() if not n.startswith(("level ", "group "))} == {
            n: a for n, a in was.items() if not n.startswith(("level ", "group "))
        }
        again, _ = await trained(place)
        assert not again.moves
        assert (again.training.appear, again.training.fall) == (0, 0)

    world.run(told())


def test_a_version_is_never_changed(world: World):
    async def told() -> None:
        place = await a_crowd(world, 12, twice=2, identity=IdentityPolicy())
        made, _ = await trained(place)
        await activate(place.edge, place.workspace, made, actor="cli", reason=None)
        assert (await activate(place.edge, place.workspace, made, actor="cli", reason=None)).version == 2
        for statement in ("UPDATE identity_training SET reason = 'x'", "DELETE FROM identity_training"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await place.write(lambda db, statement=statement: db.execute(statement))

    world.run(told())


@pytest.mark.parametrize("linked", [True, False])
def test_links_that_would_appear_and_that_would_fall_are_told(world: World, linked: bool):
    """Between counts by which twenty pairs are sure, and counts by which they are likely."""

    async def told() -> None:
        by_evidence, by_proof = [await coming_back(world, identity) for identity in (IdentityPolicy(), BY_PROOF)]
        await resolved(by_proof, apply=False)
        sure, likely = await two_counts(by_evidence)
        place = by_evidence if linked else under(by_proof)
        customers = list({row["customer_id"] for row in (await place.contacts()).values()})
        async with place.edge.read(place.id) as db:
            lost = await changes(db, place.workspace, sure, likely, customers)
            won = await changes(db, place.workspace, likely, sure, customers)
        assert [change for change, _ in lost] == (["fall"] * 20 if linked else [])
        assert [change for change, _ in won] == ([] if linked else ["appear"] * 20)
        assert all((one.a.customer_id == one.b.customer_id) is linked for _, one in (*lost, *won))

    world.run(told())


async def coming_back(world: World, identity: IdentityPolicy) -> Place:
    """Twenty of sixty people come again, with their names and birth dates."""
    place = await a_crowd(world, 60, identity=identity)
    for number in range(20):
        who = person(number)
        born = {"birth_date": who["attributes"]["birth_date"]}
        await place.push(f"r{number}", name=who["name"], attributes=born)
    return place


async def two_counts(place: Place) -> tuple[Counts, Counts]:
    """What was learned, with a band of .99, and the same where equal values say little."""
    async with place.edge.read(place.id) as db:
        numbers = (await LEARNING.of(db, place.id)).counts.numbers
    sure = Counts({**numbers, "forecast 396 n": 1e4, "forecast 396 p": 0.98e4})
    likely = Counts(sure.numbers)
    for comparison, first in set(GROUPS.values()):
        likely.numbers[f"group {comparison} {first}"] = 1e6
        likely.numbers[f"level {comparison} {first}"] = 0.0
    return sure, likely


def test_another_workspace_is_left_alone(world: World):
    async def told() -> None:
        place, other = [await a_crowd(world, 20, twice=8, identity=IdentityPolicy()) for _ in range(2)]
        await write_learned(other.edge, other.workspace)
        before = await rows(other, "identity_count", "identity_training"), await rows(other)
        made, _ = await trained(place)
        await activate(place.edge, place.workspace, made, actor="cli", reason=None)
        assert (await rows(other, "identity_count", "identity_training"), await rows(other)) == before

    world.run(told())


# -- answers -----------------------------------------------------------------------------------------------------


async def asked(world: World) -> tuple[Place, list[Any]]:
    place = await a_crowd(world, 60, twice=20)
    await resolved(place, identity=ASK)
    return place, await place.fetch("SELECT * FROM link_suggestion WHERE workspace_id = $1 ORDER BY id", place.id)


def test_answers_teach_online_and_not_in_a_preview(world: World):
    async def told() -> None:
        place, (first, second, *_) = await asked(world)

        async def pairs() -> float:
            async with place.edge.read(place.id) as db:
                return (await LEARNING.of(db, place.id)).counts.numbers["group given exact"]

        before = await pairs()
        await place.decide(suggestions.accept, first["id"], preview=True)
        assert await pairs() == before
        await place.decide(suggestions.accept, first["id"])
        assert await pairs() == pytest.approx(before + 1 - first["probability"])
        await place.decide(suggestions.reject, second["id"])
        assert await pairs() == pytest.approx(before + 1 - first["probability"] - second["probability"])
        await write_learned(place.edge, place.workspace)
        kept = amounts((await rows(place, "identity_count"))["identity_count"])
        assert kept["group given exact"] == pytest.approx(await pairs())

    world.run(told())


def test_accepted_pairs_count_for_certain_in_a_training_and_rejected_ones_not_at_all(world: World):
    async def told() -> None:
        place, (first, second, *_) = await asked(world)
        before, _ = await trained(place)
        await place.decide(suggestions.accept, first["id"])
        await place.decide(suggestions.reject, second["id"])
        answers = await place.read(lambda db: read_answers(db, place.id))
        assert answers.given == 2
        assert answers.one[first["contact_a"]] == {first["contact_b"]}
        assert answers.apart[second["contact_a"]] == {second["contact_b"]}
        after, _ = await trained(place)
        assert after.training.answers == 2
        was, now = (made.levels.numbers["group given exact"] for made in (before, after))
        assert now - was == pytest.approx(1 - first["probability"] - second["probability"], abs=0.1)

    world.run(told())
