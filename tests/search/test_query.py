"""What is typed is read into its parts; what cannot be meant is refused with its place."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.query import QueryFault, Question, pieces, read_day, read_question

READ = {
    "where is my parcel?": Question(
        typed="where is my parcel?", text="where is my parcel?", words=("where", "is", "my", "parcel")
    ),
    'refund "never came" -paypal': Question(
        typed='refund "never came" -paypal',
        text="refund never came",
        words=("refund",),
        phrases=("never came",),
        excluded=("paypal",),
    ),
    'late OR lost OR "on its way" parcel': Question(
        typed='late OR lost OR "on its way" parcel',
        text="late lost on its way parcel",
        words=("parcel",),
        open=True,
        groups=(("late", "lost", "on its way"),),
    ),
    'it is 5" wide - and the before: is "small"ish': Question(
        typed='it is 5" wide - and the before: is "small"ish',
        text='it is 5" wide and the before: is "small"ish',
        words=("it", "is", "5", "wide", "and", "the", "before", "small", "ish"),
        open=True,
    ),
    "I DON'T KNOW IF IT IS LATE OR LOST": Question(
        typed="I DON'T KNOW IF IT IS LATE OR LOST",
        text="I DON'T KNOW IF IT IS LATE OR LOST",
        words=("i", "dont", "know", "if", "it", "is", "late", "or", "lost"),
        open=True,
    ),
    "ann@shop.example": Question(
        typed="ann@shop.example", text="ann@shop.example", words=("ann", "shop", "example"), open=True
    ),
    "😀 🎉": Question(typed="😀 🎉"),
}


@pytest.mark.parametrize(("typed", "question"), READ.items())
def test_a_question_is_read(typed: str, question: Question) -> None:
    assert read_question(typed) == question


def test_operators_are_taken_with_their_places() -> None:
    question = read_question('FROM:"Ann Brewster" late before:2026-02 tag:vip')
    assert [(term.operator, term.value, term.at) for term in question.terms] == [
        ("from", "Ann Brewster", 1),
        ("before", "2026-02", 26),
        ("tag", "vip", 41),
    ]
    assert (question.text, question.words) == ("late", ("late",))
    assert read_day(question.terms[1]).isoformat() == "2026-02-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("typed", "at"),
    [
        ('say "never', 5),
        ("OR late", 1),
        ("late OR", 6),
        ("late -channel:email", 6),
        ("-late", 1),
        ('from:"" x', 1),
        ("late " + "tag:a " * 51, 306),
        ('"a b" ' * 11, 61),
        ("x" * 1_001, 1_001),
    ],
)
def test_a_fault_names_its_place(typed: str, at: int) -> None:
    with pytest.raises(QueryFault) as fault:
        read_question(typed)
    assert fault.value.at == at


@pytest.mark.parametrize("day", ["2026-02-30", "0000-01-01", "0000", "9999-01-01", "soon", "2026-01-01T10:00:00"])
def test_a_day_that_is_none_is_refused(day: str) -> None:
    [term] = read_question(f"after:{day}").terms
    with pytest.raises(QueryFault):
        read_day(term)


@settings(max_examples=100)
@given(st.text(max_size=80) | st.text('ab "-:OR from\n', max_size=80))
def test_any_text_is_read_or_refused_with_a_place(typed: str) -> None:
    at = _place_of_fault(typed)
    assert at is None or 1 <= at <= len(typed) + 1


def _place_of_fault(typed: str) -> int | None:
    try:
        question = read_question(typed)
    except QueryFault as fault:
        return fault.at
    assert all(word and word == word.lower() for word in question.words)
    return None


def test_a_dotted_capital_is_no_end_of_a_word() -> None:
    assert pieces("İstanbul'da İZMİR") == ("istanbul", "da", "izmir")
