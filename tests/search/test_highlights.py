"""Highlights mark what matched, show the stretch around it, and let no markup of a text through."""

from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.highlights import LONGEST, highlight
from search.history import telling_in


def test_words_phrases_and_ids_are_marked_with_their_endings() -> None:
    text = "Two parcels: ORD-482133 came, the other never came back."
    shown = highlight([text], ["parcel"], ["never came"], ["ord482133", "482133"])
    assert shown == ("Two <mark>parcels</mark>: <mark>ORD-482133</mark> came, the other <mark>never came</mark> back.")


def test_the_stretch_with_the_most_matches_is_shown() -> None:
    text = "refund " + "and so on " * 60 + "the refund for the broken lamp " + "and more " * 60
    shown = highlight([text], ["refund", "broken", "lamp"], [], [])
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert "<mark>refund</mark> for the <mark>broken</mark> <mark>lamp</mark>" in shown


def test_the_first_text_that_matches_is_shown_else_the_first() -> None:
    assert highlight(["nothing here", "The lamp"], ["lamp"], [], []) == "The <mark>lamp</mark>"
    assert highlight(["", "The lamp"], ["x"], [], []) == "The lamp"


@settings(max_examples=60)
@given(
    st.text("<>&\"'mark/ab \n\u202e", max_size=400), st.lists(st.text("markab<>", min_size=1, max_size=6), max_size=3)
)
def test_nothing_of_a_text_is_markup(text: str, words: list[str]) -> None:
    shown = highlight([text], words, words, ["ab1"])
    bare = shown.replace("<mark>", "").replace("</mark>", "")
    assert "<" not in bare
    assert ">" not in bare
    assert len(unescape(bare)) <= LONGEST + 2


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("the seam of my sleeping bag is broken", ["seam", "sleeping", "bag", "broken"]),
        ("the zip of my sleeping bag", ["zip", "sleeping", "bag"]),
        ("zip bag", ["zip", "bag"]),
        ("is it on or off", ["is", "it", "on", "or", "off"]),
    ],
)
def test_little_words_of_a_sentence_are_not_marked(asked: str, told: list[str]) -> None:
    assert telling_in(asked.split()) == told
