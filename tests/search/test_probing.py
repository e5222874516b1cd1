"""Which lists are read for a question, by how common its words are."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.engine import Filters, Word, Words
from search.lexemes import LANGUAGES, STOP, facts_query, folded, held_query, language_of, mark, words_of
from search.probing import BUDGET, Sample, common, loose, matching, probes, probing_of, rarity, weights

STEMS = {word: (word,) * len(LANGUAGES) for word in ("the", "card", "refund", "zebra", "parcel", "jacket")}
SEEN = {"the": 1_900, "card": 600, "refund": 40, "zebra": 1, "parcel": 900, "jacket": 800}
SAMPLE = Sample(documents=100_000, size=2_000, length=20, seen=SEEN, order=sorted(SEEN))


def planned(text: str, least: int = 1, **more: Any):
    asked = Words(words=tuple(Word(text=word) for word in text.split()), least=least, **more)
    return probing_of(asked, None, "wxyz", STEMS, SAMPLE)


def looked_up(text: str, least: int = 1, **more: Any) -> list[str]:
    return [query for query, _ in probes(planned(text, least, **more), SAMPLE)]


def test_the_rare_words_are_looked_up_and_the_common_ones_only_scored():
    assert looked_up("card zebra") == ["('wxyzzebra' & 'wxyzcard')", "'wxyzzebra'"]
    scored = dict(weights(planned("the card zebra"), SAMPLE))
    assert scored["'wxyzzebra'"] > scored["'wxyzcard'"] > scored["'wxyzthe'"] > 0
    assert sum(scored.values()) == pytest.approx(1)


def test_pairs_are_looked_up_where_every_word_is_common():
    assert SAMPLE.holding({"refund"}) > BUDGET
    assert looked_up("the card refund")[1:] == ["('wxyzrefund' & 'wxyzcard')"]


def test_all_words_need_one_list():
    assert looked_up("card refund", least=2) == ["('wxyzrefund' & 'wxyzcard')"]


def test_ids_come_first_and_what_is_barred_is_barred_everywhere():
    found = looked_up("refund", idents=("ord482133", "482133"), excluded=("zebra",))
    assert found == [
        "('wxyz#ord482133' & !('wxyzzebra'))",
        "('wxyz#482133' & !('wxyzzebra'))",
        "('wxyzrefund' & !('wxyzzebra'))",
    ]


def test_what_nearly_everybody_holds_is_listed_newest_first():
    assert common(planned("the"), SAMPLE, 100)
    assert not common(planned("the zebra", least=2), SAMPLE, 100)
    assert common(planned("the zebra"), SAMPLE, 100, loosely=True)
    assert not common(planned("the", idents=("482133",)), SAMPLE, 100)


def test_what_matches_holds_at_least_so_many():
    assert matching(planned("card refund zebra", least=2)) == (
        "(('wxyzzebra' & 'wxyzrefund') | ('wxyzzebra' & 'wxyzcard') | ('wxyzrefund' & 'wxyzcard'))"
    )
    assert not loose(planned("card refund zebra", least=2))
    many = planned("the card refund zebra parcel jacket", least=4)
    assert loose(many)
    assert matching(many) == "('wxyzzebra' | 'wxyzrefund' | 'wxyzcard')"


def test_an_unknown_word_is_rare_and_none_is_worth_nothing():
    assert rarity(0, SAMPLE) > rarity(50, SAMPLE) > rarity(90_000, SAMPLE) > 0
    assert rarity(0, Sample()) > 0


def test_the_share_of_what_a_filter_leaves():
    sample = Sample(documents=9_000, size=100, seen={"s:open": 20, "s:new": 10, "q:q1": 50})
    assert sample.share([]) == 1
    assert sample.share([["s:open", "s:new"], ["q:q1"]]) == pytest.approx(0.15)
    assert sample.share([["t:never"]]) == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I don't know, it's O'Brien's", ["i", "dont", "know", "its", "o", "briens"]),
        ("Straße ＡＢＣ e-mail", ["strasse", "abc", "e", "mail"]),
        ("荷物が abc", ["荷物", "物が", "abc"]),
        ("🙂 -- ''", []),
        ("a_b", ["a", "b"]),
        ("İstanbul DİYARBAKIR", ["istanbul", "diyarbakir"]),
    ],
)
def test_words(text: str, expected: list[str]):
    assert words_of(text) == expected


def test_accents_fall():
    assert [folded(word) for word in ("café", "ångström", "łódź", "plain")] == ["cafe", "angstrom", "lodz", "plain"]


def test_a_language_is_told_by_its_stop_words():
    german = LANGUAGES.index("german")
    stems = {word: tuple(STOP if at == german else word for at in range(len(LANGUAGES))) for word in ("und", "nicht")}
    assert language_of(["und", "nicht"], stems) == german
    assert language_of(["und"], stems) == 0, "one is no proof"


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=40), st.integers(0, 2**31 - 1))
def test_what_is_asked_stays_between_its_quotes(value: str, generation: int):
    marked = mark(b"w" * 16, generation)
    one = frozenset({value})
    filters = Filters(internal=True, tags=one, idents=one)
    for query, lexeme in ((facts_query(filters), f"t:{value}"), (held_query(filters, marked), f"{marked}#{value}")):
        assert query is not None
        assert query[0] == query[-1] == "'"
        assert query[1:-1].replace("''", "").replace("\\\\", "").count("'") == 0
        assert query[1:-1].replace("''", "'").replace("\\\\", "\\") == lexeme.replace("\x00", "")
