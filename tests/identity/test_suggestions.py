"""What is asked, and what is not: nobody is asked about the same two twice."""

from typing import Any
from uuid import UUID

import pytest

from app.db import new_id
from identity import review, store
from identity.customers import ContactId
from identity.records import NewSuggestion
from tests.laws.world import BY_PROOF, Place, World
from timeline import desk, suggestions
from timeline.worth import value_of, weigh, worth

EVIDENCE = [
    {"comparison": "name", "level": "exact", "words": "same name"},
    {"comparison": "decision", "level": "evidence", "words": "likely one person"},
]
PROOF = [{"comparison": "email", "level": "exact_verified", "words": "same verified e-mail"}]


def between(a: Any, b: Any, evidence: list[dict[str, Any]] = EVIDENCE, **said: Any) -> NewSuggestion:
    ends = {"contact_a": ContactId(a.contact_id), "contact_b": ContactId(b.contact_id)}
    return NewSuggestion(id=new_id(), evidence=evidence, **ends, **said)


async def asked(place: Place, *suggested: NewSuggestion) -> list[bool]:
    """Propose at once; whether each was asked."""
    now = await place.clock()
    written = await place.write(lambda db: review.write_suggestions(db, place.id, suggested, now))
    return [one.id in written for one in suggested]


async def listed(place: Place, state: str = "open") -> list[UUID]:
    wanted = place.desk()
    found = await place.read(lambda db: suggestions.read_suggestions(db, wanted, state, None, 100))
    return [one.id for one in found]


async def crowd(place: Place, *keys: str) -> list[Any]:
    """Customers of one contact each."""
    return [await place.push(key) for key in keys]


async def linked(place: Place, *keys: str) -> list[Any]:
    """One customer: a proof brought each of them."""
    return [await place.push(key, "email:both@example.com") for key in keys]


def test_two_contacts_are_asked_about_once_whatever_the_answer(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        for answer in (None, suggestions.accept, suggestions.reject, suggestions.postpone):
            a, b = await crowd(place, new_id().hex, new_id().hex)
            first = between(a, b)
            assert await asked(place, first) == [True]
            if answer:
                await place.decide(answer, first.id)
            assert await asked(place, between(a, b), between(b, a), between(b, a, PROOF)) == [False, False, False]

    world.run(told())


def test_two_customers_are_asked_about_by_one_question_at_a_time(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a1, a2, b1, b2, c = await crowd(place, "a1", "a2", "b1", "b2", "c")
        await place.decide(desk.merge, a1.customer_id, a2.customer_id)
        await place.decide(desk.merge, b1.customer_id, b2.customer_id)
        pairs = [
            between(a1, b1),
            between(b2, a2),
            between(a2, b1, PROOF),
            between(a1, c),
            between(c, a2),
            between(b2, c),
        ]
        assert await asked(place, *pairs) == [True, False, False, True, False, True]
        assert await asked(place, between(b2, a2)) == [False]
        await place.decide(suggestions.postpone, pairs[0].id)
        assert await asked(place, between(b2, a2), between(b2, a1, PROOF)) == [False, False]
        await place.decide(suggestions.reject, pairs[0].id)
        assert await asked(place, between(b2, a2, PROOF)) == [True]

    world.run(told())


def test_what_was_asked_before_hides_no_other_question_of_its_batch(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a1, a2, b = await crowd(place, "a1", "a2", "b")
        await place.decide(desk.merge, a1.customer_id, a2.customer_id)
        first = between(a1, b)
        await asked(place, first)
        await place.decide(suggestions.reject, first.id)
        assert await asked(place, between(a1, b, PROOF), between(a2, b, PROOF)) == [False, True]

    world.run(told())


@pytest.mark.parametrize("parted", ["not_same", "unmerge", "split"])
def test_evidence_asks_about_nobody_whom_a_person_keeps_apart(world: World, parted: str):
    async def told() -> None:
        place = await world.open_workspace()
        a, a2, b, b2 = await crowd(place, "a", "a2", "b", "b2")
        if parted == "not_same":
            await place.decide(suggestions.keep_apart, a.contact_id, b.contact_id, [])
        else:
            merged = await place.decide(desk.merge, a.customer_id, b.customer_id)
            if parted == "unmerge":
                await place.decide(desk.unmerge, a.customer_id, merged.decision_id)
            else:
                await place.decide(desk.split, a.customer_id, [b.contact_id])
        at = await place.contacts()
        await place.decide(desk.merge, at[a.contact_id]["customer_id"], a2.customer_id)
        await place.decide(desk.merge, at[b.contact_id]["customer_id"], b2.customer_id)
        assert await asked(place, between(a2, b2), between(b, a2), between(a2, b2, PROOF)) == [False, False, True]

    world.run(told())


def test_a_record_that_was_taken_back_keeps_nobody_apart(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a, b = await crowd(place, "a", "b")
        decision = await place.decide(suggestions.keep_apart, a.contact_id, b.contact_id, [])
        assert await asked(place, between(a, b)) == [False]
        await place.decide(desk.unmerge, a.customer_id, decision)
        assert await asked(place, between(a, b)) == [True]

    world.run(told())


def test_one_customer_is_not_asked_whether_it_is_one_nor_two_whether_they_part(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a, b = await linked(place, "a", "b")
        (c,) = await crowd(place, "c")
        assert await asked(place, between(a, b), between(a, c, kind="unlink")) == [False, False]

    world.run(told())


def test_a_contact_is_proposed_for_unlinking_once(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a, b, c, d = await linked(place, "a", "b", "c", "d")
        unlinks = [between(*pair, kind="unlink") for pair in ((b, a), (a, b), (b, c), (c, a), (a, c), (d, a))]
        assert await asked(place, *unlinks) == [True, False, False, True, False, True]
        for one, answer in ((0, suggestions.reject), (5, suggestions.accept)):
            await place.decide(answer, unlinks[one].id)
        assert await asked(place, between(b, a, kind="unlink"), between(b, c, kind="unlink")) == [False, False]
        assert await listed(place) == [unlinks[3].id]

    world.run(told())


def test_a_question_of_each_kind_may_follow_the_other(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a, b = await crowd(place, "a", "b")
        first = between(a, b)
        assert await asked(place, first) == [True]
        for key in ("a", "b"):
            await place.push(key, "email:both@example.com")
        assert await listed(place) == []
        assert await asked(place, between(b, a, kind="unlink")) == [True]

    world.run(told())


def test_a_crowded_customer_costs_a_bounded_search(world: World):
    """The smaller of the two customers is searched, whichever end of the pair it is on."""

    async def told() -> None:
        place = await world.open_workspace()
        crowded = await place.push("m0", "email:one@example.com")
        items = [place.item(f"m{n}", "email:one@example.com") for n in range(1, 230)]
        for at in range(0, len(items), 100):
            await place.receive(*items[at : at + 100])
        (row,) = await place.fetch(
            "SELECT count(*) AS n FROM contact WHERE workspace_id = $1 AND customer_id = $2",
            place.id,
            crowded.customer_id,
        )
        assert row["n"] > review.MOST_SEARCHED
        newest = (await place.receive(place.item("m229", "email:one@example.com")))[0]
        a, a2, b = await crowd(place, "a", "a2", "b")
        await place.decide(desk.merge, a.customer_id, a2.customer_id)
        assert await asked(place, between(newest, a), between(crowded, b)) == [True, True]
        assert await asked(place, between(a2, crowded), between(crowded, a2)) == [False, False]

    world.run(told())


def test_a_merge_by_hand_answers_what_was_asked(world: World):
    """And an unmerge does not ask again; an automatic link leaves the question without a matter."""

    async def told() -> None:
        place = await world.open_workspace()
        a, b, c = await crowd(place, "a", "b", "c")
        by_hand, by_itself = between(a, b), between(b, c)
        await asked(place, by_hand, by_itself)
        merged = await place.decide(desk.merge, a.customer_id, b.customer_id)
        (row,) = await place.fetch("SELECT * FROM link_suggestion WHERE workspace_id = $1 AND id = $2",
                                   place.id, by_hand.id)  # fmt: skip
        assert (row["state"], row["decision_id"]) == ("accepted", merged.decision_id)
        await place.decide(desk.unmerge, a.customer_id, merged.decision_id)
        assert await listed(place) == [by_itself.id]
        for key in ("b", "c"):
            await place.push(key, "email:bc@example.com")
        assert await listed(place) == []

    world.run(told())


def test_what_was_answered_is_evidence_while_the_answer_stands(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a, b, c, d, e = await crowd(place, "a", "b", "c", "d", "e")
        joined, parted, waiting = between(a, b), between(a, c), between(a, d)
        taken_back = between(d, e)
        await asked(place, joined, parted, waiting, taken_back)
        await place.decide(suggestions.accept, joined.id)
        await place.decide(suggestions.reject, parted.id)
        merged = await place.decide(suggestions.accept, taken_back.id)
        at = (await place.contacts())[d.contact_id]["customer_id"]
        await place.decide(desk.unmerge, at, merged.decision_id)
        rows = await place.read(lambda db: review.answered(db, place.id))
        assert [(row["id"], row["state"], store.decode(row, "evidence")) for row in rows] == [
            (joined.id, "accepted", EVIDENCE),
            (parted.id, "rejected", EVIDENCE),
        ]

    world.run(told())


def test_worth_grows_with_what_is_at_stake():
    assert worth(0, 0) == 1
    assert worth(0, 0) < worth(1, 0) < worth(8, 0) < worth(1, 1) < worth(100, 0) < worth(100, 3)
    assert worth(1_000, 0) < 4 * worth(8, 0), "a long history does not drown a sure answer"
    assert value_of("link", 0.9, 4.0) == 4 * 0.9
    assert value_of("unlink", 0.25, 4.0) == 4 * 0.75
    assert value_of("link", None, 4.0) == value_of("unlink", None, 4.0) == 2


def test_the_smaller_side_is_weighed_and_what_would_be_split_off(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        large, small = await crowd(place, "large", "small")
        for _ in range(6):
            await place.push("large")
        a, b = await linked(place, "a", "b")
        link = between(large, small, probability=0.5)
        unlink = between(b, a, kind="unlink", probability=0.25)
        for _ in range(2):
            await place.push("b", kind="order")
        await asked(place, link, unlink)
        await place.write(lambda db: weigh(db, place.id, [link.id, unlink.id, new_id()]))
        wanted = place.desk()
        found = await place.read(lambda db: suggestions.read_suggestions(db, wanted, "open", None, 10))
        values = {one.id: one.value for one in found}
        assert values[link.id] == pytest.approx(0.5 * worth(1, 1))
        assert values[unlink.id] == pytest.approx(0.75 * worth(3, 0)), "their ticket is of the other contact"
        assert [one.id for one in found] == sorted(values, key=lambda one: -values[one])

    world.run(told())


def test_a_push_that_asks_gives_the_question_its_place(world: World):
    async def told() -> None:
        place = await world.open_workspace(identity=BY_PROOF)
        await place.push("a", "email:a@example.com", "account:shop:1")
        await place.push("b", "email:a@example.com", "account:shop:2")
        (row,) = await place.fetch("SELECT value FROM link_suggestion WHERE workspace_id = $1", place.id)
        assert row["value"] == pytest.approx(value_of("link", None, worth(1, 1)))

    world.run(told())
