"""What a lead reads: each comparison, and the decision with its numbers."""

import json

import pytest

from identity.decision import Bands, score
from identity.evidence import Evidence
from identity.facts import Profile
from identity.statistics import Counts, Statistics
from identity.weights import TABLE, VERSION
from identity.wording import Rival, sentences, shown, words
from tests.identity.desk import HOME, Desk, contact
from tests.identity.uses import use_of

ANN = "email:ann.smith@gmail.com"
LANDLINE = "phone:+61 2 9999 8888"


def told(a: Profile, b: Profile, *before: Profile) -> list[str]:
    desk = Desk()
    for one in (*before, b):
        desk.receive(one)
    desk.statistics.saw(a)
    found = score(a, b, desk.statistics)
    return [piece["words"] for piece in sentences(found, desk.bands.needed(found))]


def test_the_same_verified_address():
    assert told(contact("Ann Smith", ANN), contact("Ann Smith", ANN)) == [
        "same verified e-mail ann.smith@gmail.com",
        "same name: Ann Smith",
        "one person, no conflict: 13.7 of 3.2 needed",
    ]


def test_a_number_seen_on_others():
    others = [contact(name, LANDLINE) for name in ("Bob Jones", "Eve Mill", "Piotr Nowak")]
    said = told(contact("Ann Smith", LANDLINE), contact("Ann Smith", LANDLINE), *others)
    assert "same phone +61299998888, but seen on three other people with other names" in said


def test_an_address_that_a_stranger_used_once():
    ann = contact("Ann Smith", ANN)
    said = told(ann, ann, ann, ann, ann, contact("Mallory Grey", "?" + ANN))
    assert "same e-mail ann.smith@gmail.com, though seen on one other person with another name" in said


def test_claims_are_told_apart_from_proofs():
    assert told(contact(None, "?" + ANN), contact(None, ANN)) == [
        "same e-mail ann.smith@gmail.com, verified on one side only",
        "a claim that nothing else supports links nobody: 5.5 of 4.2 needed",
    ]
    assert told(contact(None, "?" + ANN), contact(None, "?" + ANN))[0].endswith("claimed on both sides")


def test_names_are_told_in_the_order_of_the_contacts():
    bob, robert = contact("Bob Smith"), contact("Robert Smith")
    assert told(bob, robert)[0] == "nickname (Bob, Robert), same family name Smith"
    assert told(robert, bob)[0] == "nickname (Robert, Bob), same family name Smith"
    assert "the names conflict: Ann Smith, Bob Smith" in told(contact("Ann Smith"), contact("Bob Smith"))
    assert told(contact("Юлия Иванова"), contact("Yuliya Ivanova"))[0].endswith("written in another script")
    assert told(contact("李明"), contact("Li Ming"))[0] == "names that cannot be compared: Liming, Li Ming"


def test_somebody_of_the_same_house():
    twin, other = (contact(f"{name} Smith", birth_date="1990-05-04", **HOME) for name in ("Ann", "Amy"))
    assert told(twin, other)[-1].startswith("could be somebody of the same house or firm: ")
    assert "same postcode (4001 Hill; 12 High Street, 4001 Hill)" in told(
        contact("Ann Smith", postcode="4001", place="Hill"), contact("Ann Smith", **HOME)
    )


def test_what_forbids_it_is_the_last_word():
    said = told(contact("Ann Smith", "account:1", ANN), contact("Ann Smith", "account:2", ANN))
    assert said[-1] == "kept apart: different accounts of shop"


def test_the_decision_carries_its_numbers():
    ann, statistics = contact("Ann Smith", ANN), Statistics(Counts(), Counts(), {}, b"one")
    found = score(ann, ann, statistics)
    *_, last = sentences(found, 0.9, 0.5, Rival(customer="c-1", odds=found.odds / 4))
    assert last == {
        "comparison": "decision",
        "level": "proof",
        "probability": 0.5,
        "needed": 0.9,
        "stranger": round(found.stranger, 2),
        "house": round(found.house, 2),
        "vetoes": [],
        "runner_up": {"customer": "c-1", "probability": round(found.odds / 4 / (1 + found.odds / 4), 6)},
        "margin": 2.0,
        "model": VERSION,
        "words": "could as well be another customer: 0.0 of 3.2 needed",
    }
    assert json.dumps(sentences(found, 0.9))


def test_a_workspace_that_links_on_proof_alone_is_told_so():
    one = contact("Ann Smith", birth_date="1990-05-04", **HOME)
    found = score(one, one, Statistics(Counts(), Counts(), {}, b"one"))
    *_, last = sentences(found, Bands().same, automatic="proof")
    assert last["words"].startswith("this workspace links on proof alone")


@pytest.mark.parametrize(
    ("profile", "field", "expected"),
    [
        (contact("Ann Smith-Jones Jr"), "name", "Ann Smith Jones Jr"),
        (contact(birth_date="4.5.1990"), "birth_date", "1990-05-04"),
        (contact(birth_date="1990"), "birth_date", "1990"),
        (contact(**HOME), "address", "12 High Street, 4001 Hill"),
        (contact(None, ANN), "email", "ann.smith@gmail.com"),
        (contact(None, LANDLINE), "phone", "+61299998888"),
        (contact(None, "account:77"), "account", "77 at shop"),
        (contact(None, "visitor:" + "k" * 200), "visitor", "k" * 79 + "…"),
    ],
)
def test_values_are_shown_as_people_write_them(profile: Profile, field: str, expected: str):
    assert shown(next(iter(profile.field(field)))) == expected


def test_every_level_has_words():
    samples = {
        "address": contact(**HOME),
        "birth_date": contact(birth_date="1990-05-04"),
        "email": contact(None, ANN),
        "phone": contact(None, LANDLINE),
    }
    for comparison, level in TABLE:
        if comparison in ("given", "family", "order"):
            continue
        value = next(iter(samples[comparison].field(comparison)), None) if comparison in samples else ("s", "v")
        found = Evidence(comparison=comparison, level=level, stranger=1, house=1, values=(value, value))
        said = words(found)
        assert said
        assert "{" not in said
        if level in ("near", "close", "exact", "same_local"):
            assert "different" not in said


def test_use_is_read_in_the_order_given():
    ann, bob = (next(iter(contact(name).field("name"))) for name in ("Ann Smith", "Bob Jones"))
    assert [one.name for one in use_of([bob, ann]).people] == [bob, ann]
