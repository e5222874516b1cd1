"""The page of identity, and why an item is on a thread: presumed links, what raised them, and who stands beside."""

import re
from typing import Any

from identity import explaining
from tests.laws.world import Place, World
from timeline import desk, suggestions

MOBILE = "phone:+4917012345699"
HOME = {"street": "Hauptstr. 5", "postcode": "10115", "place": "Berlin"}


async def identity_of(place: Place, pushed: Any, as_of: Any = None) -> explaining.IdentityView:
    salt = place.workspace.salt
    return await place.read(lambda db: explaining.read_identity(db, place.id, pushed.customer_id, as_of, salt=salt))


async def presumed(place: Place) -> tuple[Any, Any]:
    """A proved contact, and one that claims to be the same person and is believed."""
    robert = await place.push("a", MOBILE, "email:rob@example.com", name="Robert Smith", attributes=HOME)
    bob = await place.push("b", f"?{MOBILE}", name="Bob Smith", attributes=HOME)
    assert robert.customer_id == bob.customer_id
    return robert, bob


def test_a_presumed_link_is_told_as_such_on_the_page_and_on_the_item(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace("DE")
        robert, bob = await presumed(place)
        first, second = (await identity_of(place, robert)).contacts
        assert (first.grade, first.steps) == ("verified", ["first seen as " + (first.via or "")])
        assert (second.grade, second.via, second.steps) == ("presumed", MOBILE, [second.words])
        assert second.words.startswith("presumed to be this customer on ")
        assert second.evidence[:2] == [
            "same phone +4917012345699, verified on one side only",
            "same address: 5 Hauptstr, 10115 Berlin",
        ]
        assert re.fullmatch(r"one person, no conflict: \d+\.\d of \d+\.\d needed", second.evidence[-1])
        items = {item.event_id: item.why for item in await place.thread(robert.customer_id)}
        why = items[bob.event_id]
        assert (why.grade, why.identifier, why.decision) == ("presumed", MOBILE, second.decision)
        day = f"{second.created_at:%Y-%m-%d}"
        assert why.words == (
            f"presumed on {day}: same phone +4917012345699, verified on one side only, same address: 5 Hauptstr, 10115 "
            "Berlin, nickname (Bob, Robert), same family name Smith"
        )
        assert items[robert.event_id].words == f"came in as {first.via}"

    world.run(told())


def test_a_proof_that_raised_a_presumed_link_is_a_step_of_its_own(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace("DE")
        robert, _ = await presumed(place)
        await place.push("b", MOBILE)
        contact = (await identity_of(place, robert)).contacts[1]
        assert contact.grade == "verified"
        assert [words.partition(" on ")[0] for words in contact.steps] == ["presumed to be this customer", "proved"]
        assert contact.steps[1].endswith(f": {MOBILE} was proved")

    world.run(told())


def test_a_proved_link_is_told_once(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace()
        ann = await place.push("a", "email:ann@example.com", name="Ann Hall")
        again = await place.push("b", "email:ann@example.com", name="Ann Hall")
        page = await identity_of(place, ann)
        contact = page.contacts[1]
        assert contact.evidence[:2] == ["same verified e-mail ann@example.com", "same name: Ann Hall"]
        (decision,) = page.decisions
        assert (decision.evidence[0]["level"], decision.evidence[0]["identifier"]) == (
            "exact_verified",
            "email:ann@example.com",
        )
        assert decision.evidence[0]["stranger"] > 10
        (why,) = [item.why for item in await place.thread(ann.customer_id) if item.event_id == again.event_id]
        assert why.words.endswith(": same verified email:ann@example.com")
        assert (why.grade, why.identifier) == ("verified", "email:ann@example.com")

    world.run(told())


def test_a_presumed_merge_is_told_on_the_items_that_it_brought(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace("DE")
        born = {"birth_date": "1985-03-02", **HOME}
        robert = await place.push("a", "email:rob@example.com", name="Robert Sandberg", attributes=born)
        bob = await place.push("b", MOBILE, name="Bob")
        assert robert.customer_id != bob.customer_id
        await place.push("b", MOBILE, name="Bob Sandberg", attributes=born)
        contacts = await place.contacts()
        assert contacts[bob.contact_id]["customer_id"] == robert.customer_id
        page = await identity_of(place, robert)
        (merge,) = [one for one in page.decisions if one.kind == "merge"]
        assert (merge.grade, merge.contact_b) == ("presumed", bob.contact_id)
        assert merge.words.startswith("two customers merged, presumed one person on ")
        (why,) = [item.why for item in await place.thread(robert.customer_id) if item.event_id == bob.event_id]
        assert why.decision == merge.id
        assert why.words.startswith("presumed one and merged on ")
        assert "same birth date 1985-03-02" in why.words

    world.run(told())


def test_contacts_beside_say_why_they_are_not_linked(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace("DE")
        both = ("email:ann@example.com", "?email:ann@work.example")
        ann, *_ = [await place.push(f"a{number}", *both, name="Ann Hall") for number in range(6)]
        claims = await place.push("s", "?email:ann@example.com")
        (only,) = (await identity_of(place, ann)).possible
        assert only.words.startswith("claims email:ann@example.com: a claim that nothing else supports links nobody: ")
        assert only.evidence == ["same e-mail ann@example.com, verified on one side only"]
        other = await place.push("o", "?email:ann@example.com", name="Carl Weiss")
        proves = await place.push("w", "email:ann@work.example", name="Dora Ek")
        parted = await place.push("p", "?email:ann@example.com", name="Ann Hall", attributes=HOME)
        if parted.customer_id == ann.customer_id:
            await place.decide(desk.split, ann.customer_id, [parted.contact_id])
        else:
            await place.decide(suggestions.keep_apart, ann.contact_id, parted.contact_id, [])
        page = await identity_of(place, ann)
        beside = {one.contact_id: one for one in page.possible}
        assert set(beside) == {claims.contact_id, other.contact_id, proves.contact_id, parted.contact_id}
        assert "the names conflict: Ann Hall, Carl Weiss" in beside[other.contact_id].evidence
        assert beside[proves.contact_id].words.startswith(
            "proved email:ann@work.example, which this customer only claims: "
        )
        assert beside[parted.contact_id].words == "claims email:ann@example.com: kept apart: a person said so"
        then = await identity_of(place, ann, await place.clock())
        assert {one.words for one in then.possible if one.contact_id == claims.contact_id} == {
            "claims email:ann@example.com: a claim links nobody"
        }
        assert [one.evidence for one in then.possible] == [[]] * 4

    world.run(told())


def test_a_decision_by_a_person_gives_the_reason_first(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace()
        a = await place.push("a", "email:lopez@example.com", name="Maria Lopez")
        await place.push("b", "email:lopez@example.com", name="Carlos Diaz")
        (asked,) = (await identity_of(place, a)).suggestions
        assert asked.state == "open"
        said = place.desk(reason="they called together")
        await place.write(lambda db: suggestions.reject(db, said, asked.id))
        page = await identity_of(place, a)
        (decision,) = page.decisions
        assert re.match(r"kept apart on \S+ by agent:\S+: they called together; same verified ", decision.words)
        assert [one.state for one in page.suggestions] == ["rejected"]

    world.run(told())
