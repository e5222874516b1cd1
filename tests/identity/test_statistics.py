"""Counts only add, a lesson is told apart from what was known, and bands and offers follow from what was forecast."""

import msgspec
import pytest

from identity.decision import (
    Bands,
    band,
    bands_of,
    learn,
    note_forecast,
    note_offer,
    offer_floor,
    score,
    wanted_forecast,
)
from identity.errors import Impossible
from identity.facts import NameKey, read_phone
from identity.policy import SCHEMA, STANDARD, IdentityPolicy, check_policy
from identity.statistics import Counts, Statistics, countable, kind_of, value_key
from tests.identity.desk import HOME, Desk, contact
from tests.identity.uses import use_of


def statistics(**numbers: float) -> Statistics:
    return Statistics(Counts(numbers), Counts(), {}, b"one")


def name(text: str) -> NameKey:
    return next(iter(contact(text).field("name")))


# -- counts ---------------------------------------------------------------------------------------------------


def test_what_is_learned_is_in_the_lesson_alone_and_read_at_once():
    known = statistics(customers=10)
    known.saw_opened(0.25)
    known.count([("given", "ann")])
    assert known.customers == 11
    assert known.held("given", "ann") == 1
    assert known.counts.numbers == {"customers": 10}
    assert known.counts.values == {}
    assert known.lesson.numbers == {"contacts": 1, "customers": 1, "opened": 1, "housemates": 0.25}


def test_lessons_add_up_in_any_order():
    desk = Desk()
    for text in ("Ann Smith", "Bob Jones", "Ann Smith"):
        desk.receive(contact(text, "email:ann@acme.com"))
    lesson = desk.statistics.lesson
    one, other = Counts({"customers": 5}, {1: 2}), Counts({"customers": 5}, {1: 2})
    one.add(lesson)
    one.add(Counts({"customers": -1}, {1: -1}))
    other.add(Counts({"customers": -1}, {1: -1}))
    other.add(lesson)
    assert one.numbers == pytest.approx(other.numbers)
    assert one.values == other.values


def test_two_customers_that_become_one_are_counted_once():
    known = statistics(customers=2)
    known.count([("given", "ann")], 2)
    known.saw_joined()
    known.count([("given", "ann")], -1)
    assert (known.customers, known.held("given", "ann")) == (1, 1)
    known.count([("given", "ann")], -5)
    assert known.held("given", "ann") == 0


def test_a_value_is_known_by_a_keyed_hash():
    assert value_key(b"one", "given", "ann") == value_key(b"one", "given", "ann")
    assert value_key(b"one", "given", "ann") != value_key(b"two", "given", "ann")
    assert value_key(b"one", "given", "ann") != value_key(b"one", "family", "ann")
    assert value_key(b"one", "full", ("ann", "b")) != value_key(b"one", "full", ("an", "nb"))
    assert -(2**63) <= value_key(b"one", "given", "ann") < 2**63


def test_what_is_counted_of_a_contact():
    counted = countable(contact("Ann Smith", "email:ann@acme.com", "phone:+4917212345678", company="Acme", **HOME))
    assert counted == {
        ("full", ("ann", "smith")),
        ("given", "ann"),
        ("family", "smith"),
        ("domain", "acme.com"),
        ("company", "acme"),
        ("address", ("12", "high street", "4001")),
        ("postcode", "4001"),
        ("place", "hill"),
        ("street", ("high street", "4001")),
        ("phone block", "212345"),
    }


# -- whose is a value -----------------------------------------------------------------------------------------


def test_people_are_folded_by_their_names():
    use = use_of([name("Ann Smith"), None, name("A. Smith"), name("Bob Jones"), name("Anne Smith")])
    assert [(one.name.given, one.times) for one in use.people] == [(("ann",), 3), (("bob",), 1)]
    assert use.named == 4
    assert use.shared


def test_the_second_sighting_teaches_how_often_a_class_of_values_is_shared():
    desk = Desk()
    for text, number in (("Ann Smith", "+61299998888"), ("Bob Jones", "+61299998888"), ("Eve Mill", "+61412345699")):
        desk.receive(contact(text, f"phone:{number}"))
    numbers = desk.statistics.lesson.numbers
    assert {name: amount for name, amount in numbers.items() if name.startswith("sharing")} == {
        "sharing phone all values": 1,
        "sharing phone all shared": 1,
        "sharing phone 2 values": 1,
        "sharing phone 2 shared": 1,
    }
    assert kind_of(read_phone("+61299998888")) == "2"
    assert desk.statistics.sharing_rate("phone", "2") > desk.statistics.sharing_rate("phone", "4") > 0.12


def test_who_is_seen_most_on_a_value_is_likely_its_owner():
    email = next(iter(contact(None, "email:ann@acme.com").field("email")))
    ann, bob = name("Ann Smith"), name("Bob Jones")
    known = Statistics(Counts(), Counts(), {("email", email): use_of([ann, ann, ann, bob])}, b"one")
    assert known.own("email", email, [ann]) > 1 > known.own("email", email, [bob])
    assert known.shared("email", email)
    assert (known.people("email", email), known.others("email", email, [ann])) == (2, 1)


# -- levels ---------------------------------------------------------------------------------------------------


def test_levels_are_learned_within_bounds():
    known = statistics()
    assert known.same("given", "nickname") is None
    for _ in range(10_000):
        known.learn([("given", "nickname")], 1.0)
    assert known.same("given", "nickname") == pytest.approx(0.05 * 4)
    assert known.same("given", "exact") == pytest.approx(0.80 / 4)
    known.learn([("email", "exact")], 1.0)
    assert known.same("email", "exact") is None


def test_an_unlikely_pair_teaches_nothing():
    known = statistics()
    one = contact("Ann Smith", birth_date="1990-05-04", **HOME)
    learn(known, score(one, one, known), 0.1)
    assert not [name for name in known.lesson.numbers if name.startswith("level")]
    learn(known, score(one, one, known), 0.9)
    assert known.lesson.numbers["level given exact"] == 0.9


# -- bands and offers -----------------------------------------------------------------------------------------


def test_the_band_stays_where_it_begins_for_the_first_contacts():
    assert band(statistics(contacts=10)) == pytest.approx(0.95)
    assert bands_of(statistics(contacts=10), IdentityPolicy(precision=0.9999)).same > 0.99


def test_sure_links_lower_the_band_and_doubtful_ones_raise_it():
    sure, doubtful = statistics(contacts=1000), statistics(contacts=1000)
    for known, probability in ((sure, 0.999), (doubtful, 0.8)):
        for _ in range(500):
            note_forecast(known, probability)
    assert band(sure) == pytest.approx(0.7)
    assert band(doubtful) > 0.8
    note_forecast(sure, 1.0)


def test_a_more_careful_workspace_has_a_higher_band():
    known = statistics(contacts=1000)
    for step in range(60, 100):
        for _ in range(20):
            note_forecast(known, step / 100)
    bands = [bands_of(known, IdentityPolicy(precision=precision)).same for precision in (0.9, 0.99, 0.999)]
    assert bands == sorted(bands)
    assert bands[0] < bands[2]
    assert wanted_forecast(0.99) == pytest.approx(0.9875)


def test_bands_take_the_words_of_the_policy():
    bands = bands_of(statistics(contacts=10), IdentityPolicy(automatic="proof", claims="personal"))
    assert bands == Bands(same=bands.same, proof=bands.proof, automatic="proof", claims="personal")
    assert bands.proof == pytest.approx(0.9)


def test_only_the_best_pairs_are_offered():
    known = statistics(contacts=900)
    assert offer_floor(known) == pytest.approx(0.6)
    for _ in range(50):
        note_offer(known, 0.7)
    assert offer_floor(known) == pytest.approx(0.7025)
    assert offer_floor(known, most=0.1) == pytest.approx(0.6)


# -- policy ---------------------------------------------------------------------------------------------------


def test_a_policy_says_its_ranges():
    assert IdentityPolicy(automatic="evidence", precision=0.99, claims="met", suggestions=0.04) == STANDARD
    properties = SCHEMA["$defs"]["IdentityPolicy"]["properties"]
    assert (properties["precision"]["minimum"], properties["precision"]["maximum"]) == (0.9, 0.9999)
    with pytest.raises(msgspec.ValidationError, match="precision"):
        msgspec.json.decode(b'{"precision":0.5}', type=IdentityPolicy)
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.json.decode(b'{"precise":0.99}', type=IdentityPolicy)


@pytest.mark.parametrize("field", ["precision", "suggestions"])
def test_a_policy_out_of_range_names_its_field(field: str):
    check_policy(STANDARD)
    with pytest.raises(Impossible) as refused:
        check_policy(msgspec.structs.replace(STANDARD, **{field: 2.0}))
    assert refused.value.field == field
