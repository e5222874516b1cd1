"""What a stranger may try and does not get: each was a way in that a fresh pair of eyes found."""

from typing import Any

import pytest

from identity import store
from identity.customers import ContactClaim
from tests.laws.world import Place, World
from timeline.interactions import CHANNELS, InvalidField, decode


async def customers(place: Place, *outcomes: Any) -> list[Any]:
    contacts = await place.contacts()
    return [contacts[outcome.contact_id]["customer_id"] for outcome in outcomes]


@pytest.mark.parametrize("typed", ["identifier/email:victim@example.com", "c-7", "key/c-7", "claimed/c-7"])
def test_a_sender_that_proves_nothing_reaches_no_proved_contact(world: World, typed: str):
    async def told() -> None:
        place = await world.open_workspace()
        proved = [
            await place.push(None, "email:victim@example.com"),
            *[await place.push(key) for key in ("c-7", "key/c-7", "claimed/c-7")],
        ]
        (stranger,) = await place.receive(place.item(typed, name="Mallory"), sender=place.sender(frozenset()))
        assert stranger.contact_id not in {outcome.contact_id for outcome in proved}
        (again,) = await place.receive(place.item(typed), sender=place.sender(frozenset()))
        assert again.contact_id == stranger.contact_id

    world.run(told())


@pytest.mark.parametrize("claims", [1, 4])
def test_no_claim_comes_before_a_proof(world: World, claims: int):
    """Of a customer's many contacts one holds the mailbox: who does nothing but claim it is likelier by the weights."""

    async def told() -> None:
        place = await world.open_workspace()
        hannah = await place.push("c", "email:hannah@example.com", "account:shop:1", name="Hannah Whitlock")
        for number in range(9):
            await place.push(f"at/{number}", f"email:hw{number}@work.example", "account:shop:1", name="Hannah Whitlock")
        for number in range(claims):
            claim = place.item(f"form/{number}", "?email:hannah@example.com", channel="web_form")
            await place.receive(claim, sender=place.sender(frozenset()))
        order = await place.push(None, "email:hannah@example.com", kind="order", channel="orders")
        one, other = await customers(place, hannah, order)
        assert one == other

    world.run(told())


def test_no_key_can_be_taken_for_one_that_was_derived(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        derived = await place.push(None, "email:a@example.com")
        typed = await place.push("identifier/email:a@example.com")
        assert derived.contact_id != typed.contact_id

    world.run(told())


@pytest.mark.parametrize("kind", ["account", "external", "handle"])
def test_without_a_scope_an_id_is_unique_in_its_source_alone(world: World, kind: str):
    async def told() -> None:
        place = await world.open_workspace()
        here = await place.push("a", f"{kind}:1001")
        also = await place.push("b", f"{kind}:1001")
        (there,) = await place.receive(place.item("a", f"{kind}:1001", source="othershop"))
        one, two, three = await customers(place, here, also, there)
        assert one == two != three

    world.run(told())


def test_somebody_with_both_accounts_does_not_make_their_holders_one_person(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        hanna = await place.push("h", "account:shop:100", name="Hanna Huber")
        otto = await place.push("o", "account:shop:200", name="Otto Olsen")
        for key in ("both", "again"):
            await place.push(key, "account:shop:100", "account:shop:200")
            one, two = await customers(place, hanna, otto)
            assert one != two

    world.run(told())


@pytest.mark.parametrize("named", ["Helen Marsh", None])
def test_no_number_of_claims_takes_a_proved_address_away(world: World, named: str | None):
    async def told() -> None:
        place = await world.open_workspace()
        helen = await place.push("h", "email:helen.marsh@example.com", name="Helen Marsh")
        for number, name in enumerate(["Zed Zeller", "Yann Young", "Xenia Xu", "Will Wood"] * 8):
            await place.push(f"form-{number}", "?email:helen.marsh@example.com", name=name)
        again = await place.push("h2", "email:helen.marsh@example.com", name=named)
        ours, hers = await customers(place, helen, again)
        assert ours == hers
        assert await place.fetch("SELECT class FROM value_class WHERE workspace_id = $1", place.id) == []

    world.run(told())


def test_a_value_that_a_person_calls_personal_links_again(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        maria = await place.push("m", "phone:+4930123987", name="Maria Lopez")
        carlos = await place.push("c", "phone:+4930123987", name="Carlos Lopez")
        before = await place.push("n1", "phone:+4930123987", name="Maria Lopez")
        phone = ("phone", "", "+4930123987")
        now = await place.clock()
        await place.write(
            lambda db: store.set_value_class(db, place.id, phone, "personal", "Maria's, Carlos moved", "agent:x", now)
        )
        after = await place.push("n2", "phone:+4930123987", name="Maria Lopez")
        one, two, three, four = await customers(place, maria, carlos, before, after)
        assert two not in {one, three}
        assert four in {one, three}

    world.run(told())


def test_null_equals_absent_in_a_contact():
    raw = (
        b'{"source":"s","source_id":"1","kind":"message","channel":"email","direction":"inbound",'
        b'"occurred_at":"2200-06-01T00:00:00Z","contact":%s}'
    )
    spelled = decode(raw % b'{"key":null,"name":null,"identifiers":null,"attributes":null}', frozenset(CHANNELS))
    assert spelled.contact == ContactClaim()
    one = b'{"identifiers":[{"kind":"email","value":"a@example.com","verified":null,"scope":null}]}'
    assert decode(raw % one, frozenset(CHANNELS)).contact.identifiers


@pytest.mark.parametrize(
    ("contact", "field"),
    [
        (b'{"name":"a\\u0001b"}', "contact.name"),
        (b'{"attributes":{"a\\u0001":"x"}}', "contact.attributes"),
        (b'{"attributes":{"a":"\\u001b[31m"}}', "contact.attributes.a"),
        (b'{"attributes":{%s}}' % b",".join(b'"a%d":"x"' % n for n in range(101)), "contact.attributes"),
        (b'{"attributes":{"%s":"x"}}' % (b"a" * 101), "contact.attributes"),
    ],
)
def test_what_nobody_types_into_a_contact_is_refused_by_field(contact: bytes, field: str):
    raw = (
        b'{"source":"s","source_id":"1","kind":"message","channel":"email","direction":"inbound",'
        b'"occurred_at":"2026-06-01T00:00:00Z","contact":%s}'
    )
    with pytest.raises(InvalidField) as refused:
        decode(raw % contact, frozenset(CHANNELS))
    assert refused.value.field == field


def test_a_form_joins_no_two_people_who_proved_who_they_are(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        mallory = await place.push("m", "email:mallory@badger.example", name="Mallory Badger")
        beatrix = await place.push("b", "email:beatrix@fellmail.example", name="Beatrix Potts")
        form = place.sender(proves=frozenset())
        for name, mail in (("Mallory Badger", "mallory@badger.example"), ("Beatrix Potts", "beatrix@fellmail.example")):
            await place.receive(place.item("cookie1", f"?email:{mail}", name=name), sender=form)
        await place.receive(
            place.item(None, "?email:mallory@badger.example", "?email:beatrix@fellmail.example", name="Beatrix Potts"),
            sender=form,
        )
        again = await place.push("b2", "email:beatrix@fellmail.example", name="Beatrix Potts")
        one, two, three = await customers(place, mallory, beatrix, again)
        assert one != two == three
        contacts = await place.contacts()
        assert contacts[beatrix.contact_id]["grade"] == "verified"

    world.run(told())
