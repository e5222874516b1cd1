"""Who an arrival belongs to: what links, what stops linking and says so, and what a person is asked about."""

from typing import Any
from uuid import UUID

from identity import explaining, reasons, store, views
from identity.customers import ClaimedIdentifier, ContactClaim
from tests.laws.world import Place, World
from timeline import desk, suggestions


async def apart(place: Place, *outcomes: Any) -> bool:
    contacts = await place.contacts()
    return len({contacts[o.contact_id]["customer_id"] for o in outcomes}) == len(outcomes)


async def asked(place: Place) -> list[tuple[set[UUID], str]]:
    wanted = place.desk()
    listed = await place.read(lambda db: suggestions.read_suggestions(db, wanted, "open", None, 100))
    return [({one.a.contact_id, one.b.contact_id}, one.evidence[-1]["words"]) for one in listed]


async def people(place: Place, customer: Any) -> views.People:
    return await place.read(lambda db: views.read_people(db, place.id, customer))


async def why(place: Place, a: Any, b: Any) -> reasons.WhyView:
    salt = place.workspace.salt
    return await place.read(lambda db: reasons.why(db, place.id, a.contact_id, b.contact_id, salt=salt))


def test_every_strong_kind_links_when_both_proved_it(world: World):
    async def told() -> None:
        for value in ("email:A@example.com", "phone:+4930123987", "account:shop:1", "external:crm:9", "handle:x:jane"):
            place = await world.open_workspace()
            a, b = await place.push("a", value), await place.push("b", value)
            assert a.customer_id == b.customer_id
            found = await why(place, a, b)
            assert (found.one, found.verdict) == (True, "same")
        place = await world.open_workspace()
        assert await apart(place, await place.push("a", "visitor:v1"), await place.push("b", "visitor:v1"))

    world.run(told())


def test_a_claim_links_nobody_and_is_listed_apart(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        owner = await place.push("a", "email:a@example.com")
        stranger = await place.push("s", "?email:a@example.com")
        unproved = await place.receive(
            place.item("u", "email:a@example.com"), sender=place.sender(proves=frozenset({"phone"}))
        )
        assert await apart(place, owner, stranger, unproved[0])
        assert {p.contact_id for p in (await people(place, owner.customer_id)).possible} == {
            stranger.contact_id,
            unproved[0].contact_id,
        }
        grades = {row["source_key"]: row["grade"] for row in (await place.contacts()).values()}
        assert grades == {"a": "verified", "s": "possible", "u": "possible"}
        found = await why(place, owner, stranger)
        assert (found.one, found.verdict, found.contacts.basis) == (False, "review", "alone")
        assert [item.event_id for item in await place.thread(owner.customer_id)] == [owner.event_id]

    world.run(told())


def test_a_strangers_claim_that_came_first_takes_nothing(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        stranger = await place.push("s", "?email:a@example.com")
        owner = await place.push("a", "email:a@example.com")
        later = await place.push("b", "email:a@example.com")
        assert later.customer_id == owner.customer_id != stranger.customer_id

    world.run(told())


def test_a_proof_raises_the_grade_and_its_decision_names_it(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        claimed = await place.push("a", "?email:a@example.com")
        before = await place.clock()
        await place.push("a", "email:a@example.com")
        identity = await place.read(lambda db: explaining.read_identity(db, place.id, claimed.customer_id))
        assert [(d.kind, d.evidence[0]["identifier"]) for d in identity.decisions] == [("proof", "email:a@example.com")]
        assert identity.contacts[0].grade == "verified"
        then = await place.read(lambda db: explaining.read_identity(db, place.id, claimed.customer_id, before))
        assert (then.contacts[0].grade, then.contacts[0].identifiers[0].verified, then.decisions) == (
            "possible",
            False,
            [],
        )

    world.run(told())


def test_a_shared_value_links_nobody_and_says_so(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a, b = await place.push("a", "email:info@acme.com"), await place.push("b", "email:info@acme.com")
        assert await apart(place, a, b)
        (held,) = (await people(place, a.customer_id)).identifiers
        assert held.shared == "info@acme.com is a role mailbox"
        listed = ("email", "", "team.x@acme.com")
        await place.write(
            lambda db: store.set_value_class(db, place.id, listed, "shared", "our list", "agent:x", world_now)
        )
        c, d = await place.push("c", "email:team.x@acme.com"), await place.push("d", "email:team.x@acme.com")
        assert await apart(place, c, d)
        assert (await people(place, c.customer_id)).identifiers[0].shared == "our list"
        await place.write(
            lambda db: store.set_value_class(db, place.id, listed, "personal", "hers alone", "agent:x", world_now)
        )
        e = await place.push("e", "email:team.x@acme.com")
        contacts = await place.contacts()
        assert contacts[e.contact_id]["customer_id"] == contacts[c.contact_id]["customer_id"]

    world_now = world.run(_clock(world))
    world.run(told())


async def _clock(world: World) -> Any:
    return await (await world.open_workspace()).clock()


def test_a_family_phone_stops_linking(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        maria = await place.push("m", "phone:+4930123987", name="Maria Lopez")
        carlos = await place.push("c", "phone:+4930123987", name="Carlos Lopez")
        again = await place.push("m2", "phone:+4930123987", name="Maria Lopez")
        assert await apart(place, maria, carlos, again)
        held = (await people(place, maria.customer_id)).identifiers[0]
        assert held.shared == "seen on Carlos Lopez and on Maria Lopez"

    world.run(told())


def test_a_mailbox_of_two_names_is_asked_about_first(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a = await place.push("a", "email:lopez@example.com", name="Maria Lopez")
        b = await place.push("b", "email:lopez@example.com", name="Carlos Diaz")
        assert await apart(place, a, b)
        assert await asked(place) == [({a.contact_id, b.contact_id}, "the names conflict")]
        c = await place.push("c", "email:lopez@example.com", name="Pedro Roy")
        assert await apart(place, a, b, c)
        assert (await people(place, a.customer_id)).identifiers[0].shared is not None

    world.run(told())


def test_different_accounts_of_one_shop_never_link_by_themselves(world: World):
    """Nor through a third: not one after the other, not at once, not by a contact known before."""

    async def told() -> None:
        for at_once in (False, True):
            place = await world.open_workspace()
            d = await place.push("d", "email:d@example.com", "account:shop:1")
            e = await place.push("e", "email:e@example.com", "account:shop:2")
            direct = await place.push("x", "email:d@example.com", "account:shop:3")
            known = await place.push("k")
            both = ["email:d@example.com", "email:e@example.com"]
            if at_once:
                await place.push("k", *both)
                await place.push("n", *both)
            else:
                for value in both:
                    await place.push("k", value)
                    await place.push("n", value)
            assert await apart(place, d, e, direct)
            assert ({direct.contact_id, d.contact_id}, "different accounts of one shop") in await asked(place)
            assert known

    world.run(told())


def test_a_batch_sees_the_accounts_of_the_whole_customer(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a, m = await place.push("a"), await place.push("m", "account:shop:1")
        await place.decide(desk.merge, a.customer_id, m.customer_id)
        done = await place.receive(
            place.item("a", "email:p@example.com"), place.item("n", "email:p@example.com", "account:shop:2")
        )
        assert done[0].customer_id != done[1].customer_id

    world.run(told())


def test_a_known_contact_unites_nobody_whom_a_person_parted(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        d, e = await place.push("d", "email:d@example.com"), await place.push("e", "email:e@example.com")
        await place.decide(suggestions.keep_apart, d.contact_id, e.contact_id, [])
        known = await place.push("k")
        await place.push("k", "email:d@example.com", "email:e@example.com")
        assert await apart(place, d, e, known)
        assert len(await asked(place)) == 2

    world.run(told())


def test_a_scope_is_not_part_of_the_value(world: World):
    """Without a key the first verified identifier names the contact: a:b and c are not a and b:c."""

    async def told() -> None:
        place = await world.open_workspace()
        claims = [
            ContactClaim(identifiers=[ClaimedIdentifier(kind="account", scope=scope, value=value, verified=True)])
            for scope, value in (("a:b", "c"), ("a", "b:c"), (None, "a:b:c"), ("a%3Ab", "c"))
        ]
        done = [(await place.receive(place.item(contact=claim)))[0] for claim in claims]
        assert await apart(place, *done)
        again = (await place.receive(place.item(contact=claims[0])))[0]
        assert again.contact_id == done[0].contact_id

    world.run(told())


def test_a_suggestion_is_answered_once(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        a = await place.push("a", "email:lopez@example.com", name="Maria Lopez")
        b = await place.push("b", "email:lopez@example.com", name="Carlos Diaz")
        wanted = place.desk()
        (one,) = await place.read(lambda db: suggestions.read_suggestions(db, wanted, "open", None, 10))
        preview = await place.decide(suggestions.accept, one.id, preview=True)
        done = await place.decide(suggestions.accept, one.id)
        assert (preview.moved, done.customer_id) == ((b.contact_id,), a.customer_id)
        assert await asked(place) == []
        found = await why(place, a, b)
        assert found.one
        assert any("Two customers merged" in words for words in found.words)
        (item,) = [i for i in await place.thread(a.customer_id) if i.event_id == b.event_id]
        assert (item.why.decision, item.why.grade) == (done.decision_id, "verified")

    world.run(told())
