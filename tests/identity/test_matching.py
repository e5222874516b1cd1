"""Two profiles compared: the verdict, its numbers, and what is told of it in the order of the two."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.decision import Bands
from identity.facts import merged
from identity.matching import KEPT_APART, Scales, compare
from identity.statistics import Counts, Statistics
from tests.identity.desk import HOME, contact

ANN = "email:ann.smith@gmail.com"
MOBILE = "phone:+61412345699"


def compared(a, b, *, a_is_newer=True, kept_apart=False, **bands):
    scales = Scales(statistics=Statistics(Counts(), Counts(), {}, b"one"), bands=Bands(**bands))
    return compare(a, b, scales, a_is_newer=a_is_newer, kept_apart=kept_apart)


def test_the_verdict_comes_last_and_with_its_numbers():
    found = compared(contact("Ann Smith", ANN), contact("Ann Smith", ANN))
    assert (found.verdict, found.basis, found.vetoes) == ("same", "proof", [])
    assert found.words[:2] == ["same verified e-mail ann.smith@gmail.com", "same name: Ann Smith"]
    assert found.words[-1].startswith("one person, no conflict: ")
    assert found.probability > found.needed == 0.9
    assert found.evidence[-1]["probability"] == found.probability
    assert json.dumps(found.evidence)


@pytest.mark.parametrize("newer", [True, False])
def test_it_is_told_in_the_order_of_the_two_whichever_is_newer(newer):
    bob, robert = contact("Bob Smith", "?" + MOBILE), contact("Robert Smith", MOBILE)
    found = compared(bob, robert, a_is_newer=newer)
    (name,) = [piece for piece in found.evidence if piece["comparison"] == "name"]
    assert name["words"] == "nickname (Bob, Robert), same family name Smith"
    assert name["values"] == ["Bob Smith", "Robert Smith"]


def test_what_a_person_keeps_apart_is_not_weighed_again():
    one = contact("Ann Smith", "?" + ANN, birth_date="1990-05-04", **HOME)
    found = compared(one, one, kept_apart=True)
    assert (found.verdict, found.vetoes) == ("different", [KEPT_APART])
    assert found.words[-1] == "kept apart: a person said so"
    proved = contact("Ann Smith", ANN)
    assert compared(proved, proved, kept_apart=True).verdict == "review", "a proof asks"


def test_evidence_is_nothing_where_proof_alone_links():
    one = contact("Ann Smith", "?" + ANN, birth_date="1990-05-04", **HOME)
    assert compared(one, one).verdict == "same"
    found = compared(one, one, automatic="proof")
    assert found.verdict == "different"
    assert found.words[-1].startswith("this workspace links on proof alone: ")


def test_a_claim_alone_says_so():
    found = compared(contact(None, "?" + ANN), contact(None, ANN))
    assert (found.verdict, found.basis) == ("review", "alone")
    assert found.words[-1].startswith("a claim that nothing else supports links nobody: ")


def test_what_one_side_alone_tells_is_named():
    found = compared(contact("Ann Smith", ANN, birth_date="1990-05-04"), contact("Ann Smith", MOBILE, **HOME))
    assert (found.only_a, found.only_b) == (["e-mail", "birth date"], ["phone", "address"])


def test_several_members_are_compared_by_their_mean():
    ann, carl = contact("Ann Smith", MOBILE), contact("Carl Smith", MOBILE)
    alone = compared(contact("Ann Smith", MOBILE), ann)
    mixed = compared(contact("Ann Smith", MOBILE), merged(ann, carl))
    assert mixed.evidence[-1]["stranger"] < alone.evidence[-1]["stranger"]


names = st.sampled_from([None, "Ann Smith", "Bob Smith", "Robert Smith", "A. Smith", "Юлия Петрова", "n/a", "M" * 300])
held = st.lists(
    st.sampled_from([ANN, "?" + ANN, MOBILE, "account:1", "account:2", "email:ann.smyth@gmail.com"]), max_size=3
)
people = st.builds(lambda name, labels, more: contact(name, *labels, **more), names, held, st.sampled_from([{}, HOME]))


@settings(deadline=None)
@given(people, people)
def test_turned_round_it_says_the_same(a, b):
    there, back = compared(a, b, a_is_newer=True), compared(b, a, a_is_newer=False)
    assert (there.verdict, there.basis, there.probability) == (back.verdict, back.basis, back.probability)
    assert (there.only_a, there.only_b) == (back.only_b, back.only_a)
    mirrored = [(piece["comparison"], piece["level"], piece.get("values", [])[::-1]) for piece in back.evidence]
    assert [(piece["comparison"], piece["level"], piece.get("values", [])) for piece in there.evidence] == mirrored
    assert all(words == words.strip() != "" for words in there.words)
