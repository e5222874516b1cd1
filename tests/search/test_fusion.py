"""Ids and rare words find their own way to the top, sentences go by meaning, and scores tell nothing apart."""

from datetime import UTC, datetime, timedelta

import msgspec

from search.engine import Candidate, Found
from search.fusion import Asking, Priors, draw_together, fuse, seeds

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PLAIN = Priors(recency=False, outcome=False)


def one(name: str, score: float, *, coverage: float = 0.0, ident: bool = False, outcome: str = "", days: int = 0):
    return Candidate(
        id=name,
        kind="message",
        at=NOW - timedelta(days=days),
        score=score,
        coverage=coverage,
        ident=ident,
        outcomes=(outcome,) if outcome else (),
    )


def names(found: Found, asking: Asking) -> list[str]:
    return [hit.id for hit in fuse(found, asking, NOW)]


SENTENCE = Asking(mode="hybrid", words=9, priors=PLAIN)


def test_a_sentence_goes_by_meaning_and_words_help() -> None:
    meaning = [one("near", 0.8), one("nearly", 0.75), one("far", 0.4)]
    common = [one(f"other-{at}", 0.3, coverage=0.4) for at in range(20)]
    assert names(Found(meaning=meaning, words=common), SENTENCE)[:2] == ["near", "nearly"]
    helped = [one("nearly", 0.6, coverage=0.6), *common]
    assert names(Found(meaning=meaning, words=helped), SENTENCE)[:2] == ["nearly", "near"]


def test_an_id_beats_everything() -> None:
    found = Found(meaning=[one("near", 0.99)], words=[one("near", 1.0, coverage=1.0), one("named", 0.9, ident=True)])
    for asking in (SENTENCE, Asking(mode="hybrid", words=1), Asking(mode="keyword", words=1)):
        assert names(found, asking)[0] == "named"


def test_a_few_rare_words_beat_meaning_and_common_ones_do_not() -> None:
    few = Asking(mode="hybrid", words=3, priors=PLAIN)
    meaning = [one("near", 0.7), one("there", 0.2)]
    rare = [one("there", 1.0, coverage=1.0)]
    assert names(Found(meaning=meaning, words=rare), few)[0] == "there"
    common = [one(f"{at}", 0.5, coverage=1.0) for at in range(50)] + rare
    assert names(Found(meaning=meaning, words=common), SENTENCE)[0] == "near"


def test_a_contact_stands_behind_items_that_say_the_same() -> None:
    both = [one("item", 0.7, coverage=1.0), msgspec.structs.replace(one("who", 0.9, coverage=1.0), kind="contact")]
    others = [one(f"{at}", 0.6, coverage=1.0) for at in range(20)]
    for mode in ("hybrid", "keyword"):
        asking = Asking(mode=mode, words=1, priors=PLAIN)
        assert names(Found(words=[*both, *others]), asking)[:2] == ["item", "who"]


def test_priors_are_gentle_shown_and_off_where_asked() -> None:
    meaning = [one("gave up", 0.70, outcome="given_up"), one("worked", 0.69, outcome="solved", days=400)]
    assert names(Found(meaning=meaning), SENTENCE) == ["gave up", "worked"]
    first, last = fuse(Found(meaning=meaning), Asking(mode="hybrid", words=9), NOW)
    assert (first.id, first.parts.outcome, last.parts.outcome) == ("worked", 0.02, -0.02)
    assert 0 < first.parts.recency < last.parts.recency <= 0.01
    better = [one("gave up", 0.80, outcome="given_up"), one("worked", 0.69, outcome="solved")]
    assert names(Found(meaning=better), Asking(mode="hybrid", words=9)) == ["gave up", "worked"]


def test_scores_compare_between_questions() -> None:
    [known] = fuse(Found(meaning=[one("a", 0.9)]), SENTENCE, NOW)
    [strange] = fuse(Found(meaning=[one("a", 0.3)]), SENTENCE, NOW)
    assert 0 < strange.score < known.score < 1
    assert fuse(Found(), SENTENCE, NOW) == []


def test_a_greeting_that_stands_somewhere_is_no_match_for_a_question_that_was_asked_before() -> None:
    greeting = Found(meaning=[one("hello", 0.4)], words=[one("hello", 1.0, coverage=1.0)])
    known = Found(meaning=[one("asked", 0.85)], words=[one("asked", 0.5, coverage=0.6)])
    said = fuse(greeting, Asking(mode="hybrid", words=1, priors=PLAIN), NOW)[0]
    asked = fuse(known, SENTENCE, NOW)[0]
    assert said.weight > asked.weight
    assert said.score < asked.score


def test_a_number_in_a_sentence_finds_its_order_and_is_no_likeness() -> None:
    found = Found(meaning=[one("far", 0.3)], words=[one("order", 0.9, ident=True)])
    known = Found(meaning=[one("asked", 0.8)])
    assert names(found, SENTENCE)[0] == "order"
    assert fuse(found, SENTENCE, NOW)[0].score < fuse(known, SENTENCE, NOW)[0].score
    assert fuse(found, Asking(mode="hybrid", words=1), NOW)[0].score > 0.9


def test_each_mode_keeps_to_its_side() -> None:
    found = Found(meaning=[one("a", 0.9), one("b", 0.1)], words=[one("b", 1.0, coverage=1.0)])
    assert names(found, Asking(mode="semantic", words=1, priors=PLAIN)) == ["a", "b"]
    assert names(found, Asking(mode="keyword", words=1, priors=PLAIN)) == ["b", "a"]


def test_the_best_draw_what_is_near_them_and_keep_scores_in_order() -> None:
    ranked = fuse(Found(meaning=[one(f"{at:02}", 0.8 - at / 100) for at in range(60)]), SENTENCE, NOW)
    best = seeds(ranked, SENTENCE)
    assert [name for name, _ in best] == ["00", "01", "02", "03", "04"]
    assert abs(sum(weight for _, weight in best) - 1) < 1e-9
    drawn = draw_together(ranked, {f"{at:02}": 0.95 if at == 30 else 0.5 for at in range(50)}, SENTENCE)
    assert [hit.id for hit in drawn[:2]] == ["30", "00"]
    assert len(drawn) == 60
    assert [hit.weight for hit in drawn] == sorted((hit.weight for hit in drawn), reverse=True)
    assert seeds(fuse(Found(words=[one("a", 1.0, ident=True)]), SENTENCE, NOW), SENTENCE) == []
