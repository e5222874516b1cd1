"""What is learned from labelled tickets: as often right as its report says, and silent where it knows nothing."""

from uuid import UUID, uuid5

import msgspec
import pytest

from search import classifying
from search.classifying import Head, guesses
from search.embeddings import Trigrams
from search.languages import language_of
from search.studying import Labelled, spoken, study

MODEL = Trigrams()
SPACE = UUID(int=7)
ABOUT = {
    "where_is_it": ("where is my parcel", "the delivery is late", "my order has not arrived"),
    "money_back": ("refund the amount", "give me my money back", "return it for a refund"),
    "no_entry": ("i cannot log in", "the password is not accepted", "reset my password please"),
}
WHOSE = ("today", "for the lamp", "for the shoes", "again", "thank you", "since monday", "at all", "number seven")


def tickets(each: int = 80, spoilt: int = 0) -> list[Labelled]:
    """So many of each topic; of the first some have another's label."""
    texts = [
        (label, f"{parts[n % len(parts)]} {WHOSE[n % len(WHOSE)]} {n % 11}")
        for label, parts in ABOUT.items()
        for n in range(each)
    ]
    vectors = MODEL.encode([text for _, text in texts])
    named = list(ABOUT)
    return [
        Labelled(
            ticket=uuid5(SPACE, f"ticket {at}"),
            contact=uuid5(SPACE, f"contact {at}"),
            text=text,
            vector=vector,
            labels={"topic": named[(named.index(label) + 1) % 3] if at < spoilt else label, "priority": "normal"},
        )
        for at, ((label, text), vector) in enumerate(zip(texts, vectors, strict=True))
    ]


def names(*labels: str) -> dict[str, bytes]:
    return dict(zip(labels, MODEL.encode([spoken(label) for label in labels]), strict=True))


def near(text: str, among: list[Labelled]) -> list[tuple[float, str]]:
    vectors = classifying.vectors_of([one.vector for one in among])
    cosines, places = classifying.nearest(classifying.vectors_of(MODEL.encode([text])), vectors)
    return [(float(c), among[p].labels["topic"]) for c, p in zip(cosines[0], places[0], strict=True)]


def test_what_is_learned_names_the_right_topic_and_says_how_sure_it_is():
    known = tickets()
    head, report = study("topic", known, names(*ABOUT))
    assert head is not None
    assert (report.tickets, report.labels, report.why_not) == (240, 3, None)
    assert 20 <= report.held_back <= 90
    assert report.top1 is not None
    assert report.top1 > 0.95
    assert report.top2 == 1.0
    assert report.commonest is not None
    assert report.commonest < 0.5
    assert report.covered > 0.9
    assert {one.label: one.tickets for one in report.by_label} == dict.fromkeys(ABOUT, 80)
    text = "the delivery is late for the shoes 3"
    ((first, second),) = guesses(head, [text], MODEL.encode([text]), [near(text, known)])
    assert first.label == "where_is_it"
    assert first.confidence >= head.sure > second.confidence
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(head), type=Head) == head
    assert study("topic", known, names(*ABOUT)) == (head, report), "the same teaches the same"


def test_what_is_like_nothing_seen_is_told_apart():
    known = tickets()
    head, _ = study("topic", known, names(*ABOUT))
    assert head is not None
    assert near("where is my parcel for the shoes 4", known)[0][0] > head.like
    assert near("quantum chromodynamics lecture", known)[0][0] < head.like


def test_labels_that_chance_gave_are_not_believed():
    known = tickets(spoilt=80)
    for at, one in enumerate(known):
        known[at] = msgspec.structs.replace(one, labels={"topic": list(ABOUT)[hash(one.ticket) % 3]})
    head, report = study("topic", known, names(*ABOUT))
    assert head is not None
    assert report.top1 is not None
    assert report.top1 < 0.6
    assert report.covered < 0.1, "it gives hardly a label"


def test_confidence_is_calibrated():
    known = tickets(each=150, spoilt=100)
    head, report = study("topic", known, names(*ABOUT))
    assert head is not None
    assert report.top1 is not None
    assert 0.6 < report.top1 < 0.97
    assert report.off is not None
    assert report.off < 0.2
    if report.right is not None:
        assert report.right > 0.8


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ([], "fewer than two labels"),
        (tickets(each=80)[:80], "fewer than two labels"),
        (tickets(each=12), "fewer than 50 tickets"),
        ([msgspec.structs.replace(one, contact=SPACE) for one in tickets(each=30)], "too few contacts"),
    ],
)
def test_too_little_teaches_nothing_and_says_why(chosen: list[Labelled], words: str):
    head, report = study("topic", chosen, names(*ABOUT))
    assert head is None
    assert words in str(report.why_not)


def test_a_language_is_told_where_it_is_clear():
    found = [
        language_of(text)
        for text in (
            "Wo bleibt meine Bestellung denn?",
            "Where is my order please?",
            "Bonjour, je voudrais savoir où est ma commande, merci beaucoup",
            "ok",
            "",
        )
    ]
    assert [one.label if one is not None else None for one in found] == ["de", "en", "fr", None, None]
