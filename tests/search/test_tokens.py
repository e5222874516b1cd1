"""Ids in any spelling are one token, and words, amounts and dates are none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.tokens import LONGEST, MOST, asked_idents, idents, people, spellings

SPELT = {
    "#ORD-482133": ("ord-482133", "ord 482133", "482133", "ORD482133", "ORD - 482133", "where is ord 482133, please?"),
    "#W4923227": ("w4923227", "w 4923227", "4923227", "#w4923227", "W-4923227", "status of 4923227"),
    "ZFA04Y": ("zfa04y", "zfa 04 y", "ZFA 04Y"),
    "INV/2023/0042": ("inv 2023 0042", "inv20230042", "2023-0042", "20230042"),
    "credit_card_8897086": ("credit card 8897086", "8897086", "creditcard8897086"),
    "ORD\u20112024\u201100123": ("ord-2024-00123", "ORD 2024 00123", "2024-00123"),
    "４８２１３３": ("482133",),
    "ORD-٤٨٢١٣٣": ("ord 482133", "٤٨٢١٣٣"),
}


@pytest.mark.parametrize(("written", "asked"), SPELT.items())
def test_an_id_is_found_in_any_spelling(written: str, asked: tuple[str, ...]) -> None:
    said = set(idents(f"My parcel {written} has not come."))
    assert [one for one in asked if not said.intersection(asked_idents(one))] == []


@pytest.mark.parametrize(
    "text",
    [
        "We met on 2024-05-15 at 10:30, or was it 15.05.2024?",
        "It cost $321.18, then 20,000 EUR and 15 %.",
        "My iphone12 has 512gb, the 2nd one; open 24/7, 14 days.",
        "Write to lopez3271@example.com or see https://shop.example/orders/482133",
    ],
)
def test_what_only_looks_like_an_id(text: str) -> None:
    assert idents(text) == ()


def test_short_numbers_are_ids_where_something_says_so() -> None:
    assert idents("order #1001, ticket 421 and no. 77123") == ("77123", "1001", "421")
    assert asked_idents("42") == ("42",)
    assert "42" not in asked_idents("top up 42")
    assert "42" in asked_idents("what became of #42?")


def test_known_ids_keep_every_length() -> None:
    assert spellings("42") == ("42",)
    assert spellings("ORD-7") == ("ord7",)
    assert spellings("#W4923227") == ("w4923227", "4923227")


def test_a_few_digits_behind_a_name_are_no_id_of_their_own() -> None:
    assert spellings("isabella_lopez_6490") == ("isabellalopez6490",)
    assert spellings("chat-1-1/20") == ("chat1120",)
    assert asked_idents("ethan.kovacs1120") == ("ethankovacs1120", "kovacs1120")
    assert set(asked_idents("ORD-1001")) & set(spellings("1001"))


def test_people_are_known_by_name_words_and_addresses() -> None:
    known = people(["Jürgen  MÜLLER"], ["Jane@Shop.example"])
    assert known == ("jane@shop.example", "jurgen", "jurgen muller", "muller")


@settings(max_examples=60)
@given(st.text(max_size=300) | st.text("ab1 -#.,/$@:9", max_size=300))
def test_no_text_makes_it_raise_or_long(text: str) -> None:
    for found in (idents(text), asked_idents(text), spellings(text)):
        assert len(found) <= MOST
        assert all(0 < len(token) <= LONGEST and token.isalnum() for token in found)
