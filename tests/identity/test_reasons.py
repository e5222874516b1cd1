"""Why two contacts are one customer or two, in sentences: each kind of reason by its name."""

import re
from typing import Any

import pytest

from identity import reasons
from identity.customers import ContactId
from identity.errors import NotFound
from identity.identifiers import normalise
from identity.named import find_contact
from identity.value_classes import set_class
from tests.laws.world import BY_PROOF, Place, World
from timeline import desk, suggestions

MOBILE = "phone:+4917012345699"
HOME = {"street": "Hauptstr. 5", "postcode": "10115", "place": "Berlin"}


async def why(place: Place, a: Any, b: Any) -> reasons.WhyView:
    salt = place.workspace.salt
    return await place.read(lambda db: reasons.why(db, place.id, a.contact_id, b.contact_id, salt=salt))


def sentence(found: reasons.WhyView, beginning: str) -> str:
    (told,) = [words for words in found.words if words.startswith(beginning)]
    return told


def alone(found: reasons.WhyView) -> str:
    return sentence(found, "The two contacts alone: ")


# -- one -------------------------------------------------------------------------------------------------------


def test_a_proof_is_told_with_its_numbers(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace()
        a = await place.push("a", "email:ann@example.com", name="Ann Hall")
        b = await place.push("b", "email:ann@example.com", name="Ann Hall")
        found = await why(place, a, b)
        assert (found.one, found.verdict, found.met, found.customers) == (True, "same", None, None)
        assert found.words[0] == "Today they are one customer: Ann Hall (a of shop) and Ann Hall (b of shop)."
        linked = "Linked to this customer on "
        reason = "same verified e-mail ann@example.com; same name: Ann Hall; one person, no conflict: "
        assert found.words[1].startswith(linked)
        assert reason in found.words[1]
        assert re.search(r"no conflict: \d+\.\d of \d+\.\d needed\.$", alone(found))
        assert found.words[-1] == (
            f"Weighed by table {found.model}; this workspace links on evidence where that is right in 99 % of cases."
        )

    world.run(told())


def test_a_presumed_link_says_that_it_is_presumed(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace("DE")
        robert = await place.push("a", MOBILE, name="Robert Smith", attributes=HOME)
        bob = await place.push("b", f"?{MOBILE}", name="Bob Smith", attributes=HOME)
        found = await why(place, robert, bob)
        assert found.one
        assert found.words[1].startswith("Presumed to be this customer on ")
        assert "nickname (Robert, Bob), same family name Smith" in alone(found)
        assert "verified on one side only" in alone(found)

    world.run(told())


def test_of_one_customer_the_newer_contact_is_weighed_against_all_others(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace()
        a = await place.push("a", "email:ann@example.com", name="Ann Hall")
        await place.push("b", "email:ann@example.com", "email:hall@work.example", name="Ann Hall")
        c = await place.push("c", "email:hall@work.example", name="A. Hall")
        found = await why(place, a, c)
        assert found.one
        assert "same verified e-mail" not in alone(found)
        company = sentence(found, "The newer one and all others of the customer (3 contacts): ")
        assert "same verified e-mail hall@work.example" in company
        assert found.customers is not None
        assert found.verdict == found.customers.verdict == "same"

    world.run(told())


def test_the_runner_up_of_the_moment_is_told(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace("DE")
        ann = await place.push("a", "email:ann@example.com", name="Ann Hall")
        namesake = await place.push("n", "phone:+493012398700", name="Ann Hall")
        again = await place.push("b", "email:ann@example.com", name="Ann Hall")
        assert ann.customer_id == again.customer_id != namesake.customer_id
        found = await why(place, ann, again)
        told = sentence(found, "The next best then was customer ")
        assert re.fullmatch(rf"The next best then was customer {namesake.customer_id}, \d+\.\d bits behind\.", told)

    world.run(told())


# -- two -------------------------------------------------------------------------------------------------------


def test_a_claim_that_nothing_supports_links_nobody(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace()
        owner = await place.push("a", "email:ann@example.com")
        stranger = await place.push("s", "?email:ann@example.com")
        found = await why(place, owner, stranger)
        assert (found.one, found.contacts.basis) == (False, "alone")
        assert "same e-mail ann@example.com, verified on one side only; a claim that nothing else supports links " in (
            alone(found)
        )

    world.run(told())


def test_a_number_seen_on_others_says_so(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace("DE")
        people = [
            await place.push(name, MOBILE, name=name) for name in ("Ann Hall", "Ben Roth", "Cara Dietz", "Dan Ek")
        ]
        found = await why(place, people[0], people[3])
        assert "same phone +4917012345699, but seen on two other people with other names" in alone(found)
        assert "the names conflict: Ann Hall, Dan Ek" in alone(found)
        told = sentence(found, f"Both hold {MOBILE}, which is several people's (seen on ")
        assert re.search(r"since \d{4}-\d\d-\d\d\.$", told)
        assert found.met

    world.run(told())


def test_a_role_mailbox_and_what_cannot_be_read_are_left_out(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace()
        held = ("email:info@acme.com", "email:not an address", "account:shop:n/a")
        a, b = await place.push("a", *held), await place.push("b", *held)
        found = await why(place, a, b)
        assert alone(found).startswith("The two contacts alone: nothing says that they are one person: -")
        assert (
            "Both hold email:info@acme.com, which is a role's and links nobody (info@acme.com is a role mailbox)."
            in found.words
        )
        assert "Both hold account:shop:n/a, which is nobody's and links nobody ('n/a' is a placeholder)." in found.words
        assert sentence(found, "Both came with email 'not an address', which cannot be read: ")
        assert sentence(found, "They would never be compared: ")
        assert found.met is False

    world.run(told())


def test_what_an_operator_said_of_a_value_is_told(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace()
        value, now = normalise("email", "desk@acme.com", None, None), await place.clock()
        await place.write(
            lambda db: set_class(db, place.id, value, "shared", reason="our front desk", actor="cli", now=now)
        )
        a, b = await place.push("a", "email:desk@acme.com"), await place.push("b", "email:desk@acme.com")
        found = await why(place, a, b)
        assert not found.one
        since = f"{now:%Y-%m-%d}"
        assert (
            f"Both hold email:desk@acme.com, which is several people's (our front desk), since {since}." in found.words
        )

    world.run(told())


def test_who_kept_them_apart_is_told_also_of_their_customers(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace()
        a = await place.push("a", "email:ann@example.com", name="Ann Hall")
        b = await place.push("b", "email:hall@work.example", name="Ann Hall")
        await place.decide(suggestions.keep_apart, a.contact_id, b.contact_id, [])
        c = await place.push("c", "email:hall@work.example", name="Ann Hall")
        found = await why(place, a, c)
        assert re.search(r"^Kept apart on \S+ by agent:\S+\.$", found.words[1])
        assert alone(found).endswith("kept apart: a person said so.")
        assert sentence(found, "Their customers, which is what decides (1 and 2 contacts): ")
        assert found.verdict == "different"

    world.run(told())


def test_a_merge_that_was_taken_back_keeps_apart_and_one_by_hand_lifts_it(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace()
        a, b = await place.push("a", "email:a@example.com"), await place.push("b", "email:b@example.com")
        merged = await place.decide(desk.merge, a.customer_id, b.customer_id)
        assert (await why(place, a, b)).one
        await place.decide(desk.unmerge, a.customer_id, merged.decision_id)
        found = await why(place, a, b)
        assert sentence(found, "A merge was taken back and the two kept apart on ")
        assert not [words for words in found.words if words.startswith("Two customers merged")]
        assert found.contacts.vetoes == ["a person said so"]
        await place.decide(desk.merge, a.customer_id, b.customer_id)
        assert (await why(place, a, b)).contacts.vetoes == []

    world.run(told())


def test_hard_conflicts_are_the_last_word(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace()
        a = await place.push("a", "email:ann@example.com", "account:northfold:1", name="Ann Hall")
        b = await place.push("b", "email:ann@example.com", "account:northfold:2", name="Ann Hall")
        found = await why(place, a, b)
        assert (found.one, found.verdict) == (False, "review")
        assert found.contacts.vetoes == ["different accounts of northfold"]
        assert alone(found).endswith("kept apart: different accounts of northfold.")
        assert sentence(found, "A person was asked on ").endswith("whether they are one, and has not answered yet.")
        (one,) = found.asked
        await place.decide(suggestions.reject, one.id)
        answered = await why(place, a, b)
        assert re.search(r"and said no on \d{4}-\d\d-\d\d\.$", sentence(answered, "A person was asked on "))
        assert sentence(answered, "Kept apart on ")

    world.run(told())


def test_a_workspace_that_links_on_proof_alone_says_so(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace("DE", identity=BY_PROOF)
        await place.write(
            lambda db: db.execute(
                "INSERT INTO identity_policy (workspace_id, version, policy, actor, decided_at) "
                "VALUES ($1, 1, '{\"automatic\": \"proof\"}', 'cli', now())",
                place.id,
            )
        )
        born = {"birth_date": "1990-05-04", **HOME}
        a = await place.push("a", f"?{MOBILE}", name="Ann Hall", attributes=born)
        b = await place.push("b", f"?{MOBILE}", name="Ann Hall", attributes=born)
        found = await why(place, a, b)
        assert (found.one, found.verdict, found.policy.automatic) == (False, "different", "proof")
        assert "this workspace links on proof alone: " in alone(found)
        assert found.words[-1].endswith("; this workspace links on proof alone.")

    world.run(told())


def test_what_is_missing_and_whether_they_would_meet_is_told(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace("DE")
        a = await place.push("a", "email:ann@example.com", name="Ann Hall", attributes=HOME)
        b = await place.push("b", MOBILE, name="Zoltan Kiss")
        far = await why(place, a, b)
        assert "Not to be compared: e-mail, address of the first alone; phone of the second alone." in far.words
        assert sentence(far, "They would never be compared: nothing by which people are looked up is alike.")
        c = await place.push("c", MOBILE, name="Ann Roth", attributes={"postcode": "10115"})
        near = await why(place, a, c)
        assert (near.one, near.met) == (False, True)
        assert sentence(near, "They would be compared: found by ")

    world.run(told())


def test_what_finds_too_many_finds_nobody(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace()
        a = await place.push("a", "email:ann@acme.com")
        b = await place.push("b", "email:quentin.xavier@acme.com")
        assert (await why(place, a, b)).met
        await place.receive(*(place.item(f"k{n}", f"email:{n:03}x{n * 7919 % 997}@acme.com") for n in range(60)))
        found = await why(place, a, b)
        assert found.met is False
        assert "They would not be compared: what finds both (the domain) is common to too many, or " in (
            " ".join(found.words)
        )

    world.run(told())


# -- who is meant ----------------------------------------------------------------------------------------------


def test_a_contact_is_named_in_several_ways(world: World) -> None:
    async def told() -> None:
        place = await world.open_workspace("DE")
        ann = await place.push("a/1", "email:ann@example.com", name="Ann Hall")
        await place.push("s", "?email:ann@example.com", MOBILE)
        claimed = (await place.receive(place.item("web"), sender=place.sender(proves=frozenset())))[0]
        second = await place.push("b", "email:ann@example.com", name="Ann Hall")
        other = await place.push("c", "account:shop:x:17")
        await place.decide(desk.merge, ann.customer_id, other.customer_id)

        async def named(said: str) -> ContactId:
            return await place.read(lambda db: find_contact(db, place.id, said, "DE"))

        for said in (str(ann.contact_id), str(ann.customer_id), "email:Ann@example.com", "shop/a/1"):
            assert await named(said) == ann.contact_id, said
        assert await named(str(second.contact_id)) == second.contact_id
        assert await named(str(other.customer_id)) == other.contact_id, "what it was before the merge"
        assert await named("account:shop:x:17") == other.contact_id
        assert await named("phone:0170 12345699") != ann.contact_id
        assert await named("shop/web") == claimed.contact_id
        for said in (
            "",
            "x",
            "shop",
            "shop/none",
            "email:",
            "email:not one",
            "email:no@body.example",
            "shoe:1",
            "a/" * 40,
        ):
            with pytest.raises(NotFound):
                await named(said)
        with pytest.raises(NotFound):
            await named(str(place.id))

    world.run(told())
