"""What weighing came to, in words that agree with their figures, whatever `identity.wording` says."""

import re
from typing import Any
from uuid import uuid4

import pytest

from app.console.said_decisions import evidence_line, weighed
from app.console.verdicts import because, grade_words, likely, verdict_words, weight_words
from identity.decision import Evidence, Score
from identity.views import Piece
from identity.wording import Rival, sentences

SURE, FEW = 0.9918, 0.63
NEEDED = 0.95


def found(basis: Any, chance: float, *, house: float = 9.0, vetoes: tuple[str, ...] = (), **more: Any) -> list[Any]:
    seen = Evidence(
        comparison="email", level="exact", values=("a@b.example", "a@b.example"), stranger=7.0, house=house,
        proved=(False, False),
    )  # fmt: skip
    score = Score(
        evidence=(seen,), stranger=7.0, house=house, vetoes=vetoes, basis=basis, claim=more.pop("claim", False)
    )
    return sentences(score, NEEDED, chance, **more)


RIVAL = Rival(customer=str(uuid4()), odds=100.0)
CASES = [
    (found("evidence", SURE), "One person by this evidence", "99 %; joined without asking from 95 % on"),
    (found("evidence", FEW, rival=RIVAL), "It could as well be another customer", "63 %; joined"),
    (found("evidence", FEW), "It could be a stranger who looks alike", "63 %; joined"),
    (found("evidence", FEW, house=2.0), "somebody of the same house or firm", "63 %; joined"),
    (found("alone", FEW), "It could be a stranger", "63 %."),
]
RULED = [
    (found("alone", SURE), "Only one thing speaks for it"),
    (found("alone", SURE, claim=True), "Only one claim speaks for it"),
    (found("evidence", SURE, automatic="proof"), "only proof joins two here without asking"),
    (found("evidence", SURE, vetoes=("other birth dates",)), "nothing joins the two without asking"),
]


def test_a_line_says_the_same_once() -> None:
    names = {"comparison": "name", "stranger": -6.0, "words": "the names conflict: Susan Reed, Thomas Reed"}
    evidence = found("evidence", SURE, vetoes=("the names conflict", "other birth dates"))
    assert evidence_line([names, *evidence]).count("the names conflict") == 1
    assert evidence_line(evidence).count("the names conflict") == 1
    assert "other birth dates" in evidence_line([names, *evidence])


@pytest.mark.parametrize(("evidence", "said", "figures"), CASES)
def test_where_figures_decide_they_are_told(evidence: list[dict[str, Any]], said: str, figures: str):
    words = verdict_words(evidence)
    assert said in words
    assert figures in words
    assert likely(evidence, evidence[-1]["probability"])


@pytest.mark.parametrize(("evidence", "said"), RULED)
def test_where_a_rule_decides_no_figure_speaks_against_it(evidence: list[dict[str, Any]], said: str):
    words = verdict_words(evidence)
    assert said in words
    assert not re.search(r"\d", words)
    assert likely(evidence, evidence[-1]["probability"]) == ""


def test_raw_figures_are_never_told():
    for evidence, *_rest in (*CASES, *RULED):
        pieces = [Piece(comparison=one["comparison"], words=one["words"]) for one in evidence]
        assert "needed" not in f"{verdict_words(evidence)} {because(pieces)} {weighed(evidence)}"
    old = [{"comparison": "decision", "words": "likely: 4.1 of 4.2 needed", "probability": 0.93}]
    assert verdict_words(old) == "Likely."
    assert likely(old, 0.93) == "93 %"
    assert verdict_words([]) == likely([], None) == ""


@pytest.mark.parametrize(
    ("bits", "said"),
    [
        (0.0, "says nothing either way"),
        (3.0, "8 times as often seen of one person as of strangers"),
        (9.1, "550 times as often seen of one person as of strangers"),
        (-4.0, "16 times as often seen of strangers as of one person"),
        (60.0, "practically only seen of one person"),
    ],
)
def test_a_weight_is_told_as_one_understands_it(bits: float, said: str):
    assert weight_words(bits) == said


def test_how_sure_it_is_is_told_in_words():
    assert grade_words("presumed") == "presumed: by evidence, without a proof"
