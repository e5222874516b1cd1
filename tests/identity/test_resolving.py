"""Everybody who is there looked at again: what it links, asks and leaves alone; cut short, repeated, beside traffic."""

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from app.db import Busy, new_id
from app.rebuilding import rebuild_all
from app.resolving import GOES_ON, PHASES, Pass, Phase, Stand
from identity import second_look
from identity.book import Book
from identity.errors import AlreadyUndone, IdentityError, NotFound
from identity.learning import LEARNING
from identity.policy import IdentityPolicy
from tests.identity.crowd import (
    a_crowd,
    person,
    resolved,
    rows,
    together,
    under,
)
from tests.laws.test_planted_faults import RACES, fails, no_lock
from tests.laws.test_races import sound
from tests.laws.world import BY_PROOF, Place, World
from timeline import desk, suggestions
from timeline import resolving as looking
from timeline.tickets.policy import TicketPolicy
from timeline.tickets.versions import decide

COUNTS = ("home_key", "value_count", "identity_count")
ASK = IdentityPolicy(precision=0.9999)
"""So sure must a link be that what this crowd has in common is asked about."""


def pairs(*numbers: int) -> list[list[str]]:
    return sorted([f"p{number}", f"q{number}"] for number in numbers)


async def contact_of(place: Place, key: str) -> Any:
    return next(row for row in (await place.contacts()).values() if row["source_key"] == key)


# -- what it does ------------------------------------------------------------------------------------------------


def test_it_links_on_evidence_and_a_second_pass_links_nothing(world: World):
    async def told() -> None:
        place = await a_crowd(world, 12, twice=5)
        assert await together(place) == []
        stand, findings = await resolved(place)
        assert await together(place) == pairs(*range(5))
        assert (stand.contacts, stand.links, stand.asked, stand.unlinks) == (17, 5, 0, 0)
        assert [finding.kind for finding in findings] == ["link"] * 5
        edges = await place.fetch("SELECT * FROM link_decision WHERE workspace_id = $1 AND kind = 'merge'", place.id)
        assert {(row["actor"], row["grade"]) for row in edges} == {("system", "presumed")}
        assert all(msgspec.json.decode(row["evidence"])[-1]["level"] == "evidence" for row in edges)
        await sound(place)
        before = await rows(place)
        stand, findings = await resolved(place)
        assert (stand.links, stand.keys, stand.values, findings) == (0, 0, 0, [])
        assert await rows(place) == before

    world.run(told())


def test_a_dry_run_says_what_would_be_linked_and_changes_nothing_of_identity(world: World):
    async def told() -> None:
        place = await a_crowd(world, 12, twice=5)
        tables = ("contact", "contact_past", "link_decision", "link_suggestion", "event", "ticket", "value_class")
        before = await rows(place, *tables)
        _, foreseen = await resolved(place, apply=False)
        assert await rows(place, *tables) == before
        _, done = await resolved(place)

        def ends(findings: list[second_look.Finding]) -> set[frozenset[Any]]:
            return {frozenset((one.a.contact_id, one.b.contact_id)) for one in findings}

        assert ends(foreseen) == ends(done) != set()
        assert [one.words[:-1] for one in foreseen] == [one.words[:-1] for one in done]

    world.run(told())


def test_what_one_link_makes_possible_is_linked_in_the_same_pass(world: World):
    async def told() -> None:
        place = await a_crowd(world, 12, twice=2)
        await place.push("r0", "?phone:+442079460000", name="A. Abernathy")
        await resolved(place)
        assert await together(place) == [["p0", "q0", "r0"], ["p1", "q1"]]

    world.run(told())


def test_another_workspace_is_left_alone(world: World):
    async def told() -> None:
        place, other = await a_crowd(world, 12, twice=3), await a_crowd(world, 12, twice=3)
        before = await rows(other, *COUNTS), await rows(other)
        await resolved(place)
        assert (await rows(other, *COUNTS), await rows(other)) == before

    world.run(told())


def test_by_proof_alone_it_links_on_proof_alone(world: World):
    async def told() -> None:
        place = await a_crowd(world, 12, twice=3)
        for key in ("p0", "q0"):
            await place.push(key, "?account:77", **person(0))
        assert (await resolved(place, identity=BY_PROOF))[0].links == 0
        proved = "UPDATE identifier SET verified_at = now() WHERE workspace_id = $1 AND kind = 'account'"
        await place.write(lambda db: db.execute(proved, place.id))
        stand, (found, *others) = await resolved(place, identity=BY_PROOF)
        assert (stand.links, found.kind, found.grade) == (1, "link", "verified")
        assert {one.kind for one in others} <= {"ask"}
        assert await together(place) == pairs(0)

    world.run(told())


def test_pairs_in_question_are_asked_about_as_far_as_the_policy_allows(world: World):
    async def told() -> None:
        place = await a_crowd(world, 12, twice=5)
        none = msgspec.structs.replace(ASK, suggestions=0.0)
        assert (await resolved(place, identity=none))[0].asked == 0
        stand, findings = await resolved(place, identity=ASK)
        assert {finding.kind for finding in findings} == {"ask"}
        asked = await place.fetch("SELECT * FROM link_suggestion WHERE workspace_id = $1", place.id)
        assert 0 < stand.asked == len(asked) == len(findings) <= ASK.suggestions * (17 + 100)
        assert all(row["value"] > row["probability"] > 0.6 for row in asked), "weighed by what is at stake"
        again, _ = await resolved(place, identity=ASK)
        assert (again.links, again.asked) == (0, 0), "never the same pair twice"

    world.run(told())


def test_the_word_of_a_person_stands(world: World):
    world.run(keeping_apart(world))


async def keeping_apart(world: World) -> None:
    place = await a_crowd(world, 12, twice=2)
    p0, q0 = await contact_of(place, "p0"), await contact_of(place, "q0")
    await place.decide(suggestions.keep_apart, p0["id"], q0["id"], [])
    await resolved(place)
    assert await together(place) == pairs(1)
    await resolved(place, identity=ASK)
    assert await place.fetch("SELECT FROM link_suggestion WHERE workspace_id = $1", place.id) == []


def test_different_accounts_of_one_shop_are_never_linked(world: World):
    async def told() -> None:
        place = await a_crowd(world, 12)
        for number in (1, 2):
            await place.push(f"s{number}", f"account:shop:{number}", **person(3))
        await resolved(place)
        assert not any({"s1", "s2"} <= set(group) for group in await together(place))

    world.run(told())


def test_a_link_by_a_value_that_is_several_peoples_by_now_is_questioned_and_stands(world: World):
    async def told() -> None:
        place = await a_crowd(world, 12)
        await place.push("ann", "phone:+442079469999", name="Ann Larkin")
        await place.push("call", "phone:+442079469999")
        assert await together(place) == [["ann", "call"]]
        for name in ("Boris Quill", "Carla Nemeth", "Dora Ostrow", "Emil Varga"):
            await place.push(name, "phone:+442079469999", name=name)
        assert (await resolved(place, apply=False))[0].unlinks == 1
        stand, _ = await resolved(place)
        (asked,) = await place.fetch("SELECT * FROM link_suggestion WHERE workspace_id = $1", place.id)
        call = await contact_of(place, "call")
        assert (stand.unlinks, asked["kind"], asked["contact_a"]) == (1, "unlink", call["id"])
        assert await together(place) == [["ann", "call"]]
        assert (await resolved(place))[0].unlinks == 0

    world.run(told())


# -- cut short, and beside traffic ---------------------------------------------------------------------------------


class Cut(BaseException):
    """As Ctrl-C."""


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("apply", [False, True])
def test_what_was_cut_short_goes_on_from_there(
    world: World, monkeypatch: pytest.MonkeyPatch, phase: Phase, apply: bool
):
    monkeypatch.setattr("app.resolving.CUSTOMERS_AT_ONCE", 4)
    monkeypatch.setattr("app.counting.HOMES_AT_ONCE", 4)
    world.run(cutting_short(world, phase, apply))


async def cutting_short(world: World, phase: Phase, apply: bool) -> None:
    place = await a_crowd(world, 12, twice=5)
    heard: list[tuple[str, int]] = []

    def told(at: Phase, done: int) -> None:
        heard.append((at, done))
        if at == phase and heard.count((at, done)) == 1 and done >= 8:
            raise Cut

    first = Pass(place.edge, under(place, IdentityPolicy()).workspace, apply=apply, told=told)
    with pytest.raises(Cut):
        await first.run()
    findings: list[second_look.Finding] = []
    went_on: list[tuple[str, int]] = []
    second = Pass(
        place.edge,
        under(place, IdentityPolicy()).workspace,
        apply=apply,
        told=lambda at, done: went_on.append((at, done)),
        tell=findings.append,
    )
    assert await second.resume()
    assert second.stand.phase == phase
    stand = await second.run()
    assert (stand.contacts, stand.links) == (17, 5)
    if phase == "customers":
        assert went_on[0] == (phase, 8), "the first four were looked at, and the next four again"
    assert await together(place) == (pairs(*range(5)) if apply else [])
    assert not await Pass(place.edge, place.workspace, apply=apply).resume(), "nothing is left of it"
    assert (await resolved(place))[0].links == (0 if apply else 5)


def test_what_was_cut_short_long_ago_is_begun_again(world: World):
    async def told() -> None:
        place = await a_crowd(world, 3)
        state = msgspec.json.encode(Stand(phase="customers"))
        longer = datetime.now(UTC) - 2 * GOES_ON
        await place.write(
            lambda db: db.execute(
                "INSERT INTO identity_pass (workspace_id, pass, state, moved_at) VALUES ($1, 'resolve', $2, $3)",
                place.id,
                state,
                longer,
            )
        )
        assert not await Pass(place.edge, place.workspace, apply=False).resume()
        assert not await Pass(place.edge, place.workspace, apply=True).resume()

    world.run(told())


async def storm(world: World) -> None:
    """Passes, pushes about the same people, merges by hand and their undoing, all at once."""
    place = await a_crowd(world, 12, twice=8)
    at = {row["source_key"]: row["customer_id"] for row in (await place.contacts()).values()}
    full = under(place, IdentityPolicy())

    async def merging(number: int) -> None:
        change = await place.decide(desk.merge, at[f"p{number}"], at[f"p{number + 1}"])
        await place.decide(desk.unmerge, change.customer_id, change.decision_id)

    pushes = (full.push(f"t{number}", f"?phone:+44207946{number % 8:04}", **person(number % 8)) for number in range(24))
    done = await asyncio.gather(
        resolved(place), resolved(place), *pushes, *(merging(number) for number in (8, 10)), return_exceptions=True
    )
    assert [one for one in done if isinstance(one, BaseException) and not isinstance(one, IdentityError | Busy)] == []
    await sound(place)
    tickets = await rebuild_all(place.edge, place.id, lambda _: None)
    assert tickets.rows == 0
    await resolved(place)
    assert (await resolved(place))[0].links == 0
    await sound(place)


async def racing(world: World) -> None:
    """Many looks at the same two customers, and their merge by hand, at once: they are joined once."""
    place = await a_crowd(world, 12, twice=1)
    full = under(place, IdentityPolicy())
    await resolved(place, apply=False)
    p0, q0 = await contact_of(place, "p0"), await contact_of(place, "q0")
    async with place.edge.read(place.id) as db:
        counts = (await LEARNING.of(db, place.id)).counts

    async def look(db: Any) -> Any:
        return await looking.look_again(db, full.workspace, counts, q0["customer_id"], second_look.older, 2.0, new_id)

    looks = (place.write(look) for _ in range(6))
    by_hand = place.decide(desk.merge, p0["customer_id"], q0["customer_id"])
    done = await asyncio.gather(*looks, by_hand, return_exceptions=True)
    assert [one for one in done if isinstance(one, BaseException) and not isinstance(one, IdentityError | Busy)] == []
    await sound(place)


def test_many_looks_at_once_join_once(world: World):
    world.run(racing(world))


def test_beside_pushes_and_merges_everything_stays_sound(world: World):
    world.run(storm(world))


# -- tickets -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on_link", ["join", "suggest", "leave"])
def test_tickets_are_those_of_a_merge_by_hand_and_of_its_undoing(world: World, on_link: Any):
    async def told() -> None:
        by_pass, by_hand = await mirrored(world, on_link), await mirrored(world, on_link)
        before = await standing(by_pass)
        assert (await resolved(by_pass))[0].links == 2
        for number in range(2):
            p, q = await contact_of(by_hand, f"p{number}"), await contact_of(by_hand, f"q{number}")
            await by_hand.decide(desk.merge, p["customer_id"], q["customer_id"])
        assert await standing(by_pass) == await standing(by_hand)
        assert (await rebuild_all(by_pass.edge, by_pass.id, lambda _: None)).rows == 0
        if on_link == "join":
            assert await standing(by_pass) != before
        edges = "SELECT id FROM link_decision WHERE workspace_id = $1 AND kind = 'merge'"
        for edge in await by_pass.fetch(edges, by_pass.id):
            p = await contact_of(by_pass, "p0")
            other = await contact_of(by_pass, "p1")
            for customer in (p["customer_id"], other["customer_id"]):
                with contextlib.suppress(NotFound, AlreadyUndone):
                    await by_pass.decide(desk.unmerge, customer, edge["id"])
        assert await standing(by_pass) == before
        assert await together(by_pass) == []
        assert (await resolved(by_pass))[0].links == 0, "what a person took back stays so"

    world.run(told())


async def mirrored(world: World, on_link: Any) -> Place:
    """The same crowd with the same messages in every workspace."""
    place = await world.open_workspace(identity=BY_PROOF)
    policy = TicketPolicy(on_link=on_link)

    async def work(db: Any) -> None:
        await decide(db, place.id, policy, past=False, actor="cli", reason=None, now=datetime.now(UTC))

    await place.edge.write(place.id, work, configures=True)
    for number in range(12):
        await place.push(f"p{number}", f"?email:{number}@one.example", subject="Lamp", body="broken", **person(number))
    for number in range(2):
        await place.push(f"q{number}", f"?phone:+44207946{number:04}", subject="Lamp", body="again", **person(number))
    return place


async def standing(place: Place) -> list[tuple[Any, ...]]:
    """Each ticket by the key of the contact that it stands on: state, subject, items, what it is part of."""
    found = await place.fetch(
        "SELECT c.source_key, t.id, t.status, t.is_open, t.priority, t.tags, t.channel, t.joined_into, "
        "t.fold->'items' AS items FROM ticket t JOIN contact c ON c.workspace_id = $1 AND c.id = t.contact_id "
        "WHERE t.workspace_id = $1",
        place.id,
    )
    key = {row["id"]: row["source_key"] for row in found}
    return sorted((row["source_key"], *list(row)[2:7], key.get(row["joined_into"], ""), row["items"]) for row in found)


# -- planted faults ------------------------------------------------------------------------------------------------


def test_a_pass_that_forgets_what_a_person_said(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Book, "kept_apart", lambda *_: False)
    assert fails(lambda: world.run(keeping_apart(world)))


def test_a_pass_that_does_not_look_again_under_its_locks(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(looking, "lock", no_lock)
    assert any(fails(lambda: world.run(racing(world))) for _ in range(RACES))


def test_a_pass_that_does_not_keep_how_far_it_is(world: World, monkeypatch: pytest.MonkeyPatch):
    async def nowhere(*_: Any) -> None:
        return None

    monkeypatch.setattr("app.resolving.pass_store.keep_stand", nowhere)
    assert fails(lambda: world.run(cutting_short(world, "customers", True)))
