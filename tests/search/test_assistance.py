"""The words that a line takes from what was said."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from search.assistance import LONGEST, Line, gist, turns

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello,\n\nmy parcel never came. Can you look?\n\nBest regards\nAnn", "my parcel never came."),
        ("Hi there! Where is order ORD-1? Thanks", "Where is order ORD-1?"),
        ("Dear team, I was charged twice for my lamp.", "I was charged twice for my lamp."),
        ("Guten Tag,\nmeine Lampe ist kaputt angekommen.\nViele Grüße", "meine Lampe ist kaputt angekommen."),
        ("Yes. It works now again, thank you.", "It works now again, thank you."),
        ("Thanks!", "Thanks!"),
        ("", ""),
        ("?!", "?!"),
    ],
)
def test_a_line_is_the_first_sentence_that_says_something(text: str, words: str) -> None:
    assert gist(text) == words


def test_a_line_is_short_and_taken_from_the_text() -> None:
    long = "word " * 500
    assert len(gist(long)) <= LONGEST
    assert gist(long).removesuffix("…") in long
    assert gist("(" * 100_000).startswith("(")


def test_of_several_in_a_row_the_first_and_the_last_of_all_are_told() -> None:
    sides = "ccdccc"
    said = [
        Line(
            at=AT + timedelta(minutes=at),
            event_id=UUID(int=at),
            who="customer" if side == "c" else "desk",
            words=str(at),
        )
        for at, side in enumerate(sides)
    ]
    assert [line.words for line in turns([*said, None])] == ["0", "2", "3", "5"]
    assert turns([]) == []
