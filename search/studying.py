"""What can be learned from tickets that somebody labelled, and how often is it right on those that were held back?

Tickets of one contact are all learned from or all held back. What is put to use is learned from all of them; the report
is of what was learned from four fifths.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal
from uuid import UUID

import msgspec

from search import classifying
from search.classifying import Head, Numbers, numpy

Aim = Literal["topic", "queue", "priority"]
AIMS: Final[tuple[Aim, ...]] = ("topic", "queue", "priority")
LEAST_EACH: Final = 5
LEAST_TICKETS: Final = 50
LEAST_HELD: Final = 20
HELD: Final = 5
"""One contact in so many is held back."""
RIGHT: Final = 0.95
"""How often a label that is given should be right."""
NEVER: Final = 1.01
NAMES: Final = 2
"""As so many tickets counts what a label is called."""
MOST_SHOWN: Final = 200
BINS: Final = 10


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket's text with its vector, and the labels that it has."""

    ticket: UUID
    contact: UUID
    text: str
    vector: bytes
    labels: dict[Aim, str]


class LabelReport(msgspec.Struct, frozen=True, kw_only=True):
    """`precision`: how many of those that were given it had it; `recall`: how many that had it were given it. Of those
    held back; null where there were none."""

    label: str
    tickets: int
    precision: float | None
    recall: float | None


class AimReport(msgspec.Struct, frozen=True, kw_only=True):
    """How right it was on tickets that were held back. `top1`, `top2`: the likeliest label, one of the likeliest two;
    `commonest`: what always naming the commonest label would reach. From a confidence of `sure` on a label is given:
    to `covered` of them, of which `right` was; null: never sure enough. `off`: by how much confidence and being
    right differ on average. `why_not`: why nothing was learned."""

    aim: Aim
    tickets: int
    labels: int
    held_back: int = 0
    top1: float | None = None
    top2: float | None = None
    commonest: float | None = None
    sure: float | None = None
    covered: float = 0.0
    right: float | None = None
    off: float | None = None
    why_not: str | None = None
    by_label: list[LabelReport] = []


class _Set(msgspec.Struct, frozen=True, kw_only=True):
    vectors: Numbers
    words: Numbers
    answers: Numbers

    def only(self, chosen: Numbers) -> "_Set":
        return _Set(vectors=self.vectors[chosen], words=self.words[chosen], answers=self.answers[chosen])


class _Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What a head that did not see them says of those held back."""

    temperature: float
    like: float
    said: Numbers
    answers: Numbers


def study(aim: Aim, tickets: Sequence[Labelled], names: dict[str, bytes]) -> tuple[Head | None, AimReport]:
    """`names` are the vectors of what each label is called."""
    counted = Counter(one.labels[aim] for one in tickets if aim in one.labels)
    labels = sorted(label for label, count in counted.items() if count >= LEAST_EACH)
    place = {label: at for at, label in enumerate(labels)}
    known = [one for one in tickets if one.labels.get(aim) in place]
    held = numpy().array([_is_held(one.contact) for one in known], bool)
    report = AimReport(aim=aim, tickets=len(known), labels=len(labels), held_back=int(held.sum()))
    if (why := _why_not(labels, len(known), report.held_back)) is not None:
        return None, msgspec.structs.replace(report, why_not=why)
    every = _Set(
        vectors=classifying.vectors_of([one.vector for one in known]),
        words=classifying.words_of([one.text for one in known]),
        answers=numpy().array([place[one.labels[aim]] for one in known]),
    )
    called = _Set(
        vectors=classifying.vectors_of([names[label] for label in labels] * NAMES),
        words=classifying.words_of([spoken(label) for label in labels] * NAMES),
        answers=numpy().array([*range(len(labels))] * NAMES),
    )
    tried = _try(every.only(~held), every.only(held), called, len(labels))
    sure = _sure(tried.said, tried.answers)
    weights, rarity, scale = _learn(every, called, len(labels))
    head = Head(
        labels=tuple(labels),
        weights=weights.astype("<f2").tobytes(),
        rarity=rarity.astype("<f2").tobytes(),
        word_scale=scale,
        temperature=tried.temperature,
        like=tried.like,
        sure=sure,
    )
    return head, _reported(report, labels, counted, tried, sure)


def spoken(label: str) -> str:
    """What a label is called, as words."""
    return label.replace("_", " ").replace("-", " ").strip() or label


def _is_held(contact: UUID) -> bool:
    return hashlib.blake2b(contact.bytes, digest_size=4).digest()[0] % HELD == 0


def _why_not(labels: Sequence[str], tickets: int, held: int) -> str | None:
    if len(labels) < 2:
        return f"fewer than two labels that {LEAST_EACH} tickets have"
    if tickets < LEAST_TICKETS:
        return f"fewer than {LEAST_TICKETS} tickets with such labels"
    if held < LEAST_HELD or tickets - held < LEAST_HELD:
        return f"too few contacts to hold {LEAST_HELD} tickets back"
    return None


def _learn(seen: _Set, called: _Set, labels: int) -> tuple[Numbers, Numbers, float]:
    np = numpy()
    rarity = classifying.rarity_of(seen.words)
    scale = classifying.word_scale_of(len(seen.answers), labels)
    vectors, words = np.concatenate([seen.vectors, called.vectors]), np.concatenate([seen.words, called.words])
    inputs = classifying.features(vectors, words, rarity, scale)
    return classifying.train(inputs, np.concatenate([seen.answers, called.answers]), labels), rarity, scale


def _try(seen: _Set, held: _Set, called: _Set, labels: int) -> _Tried:
    """Each half of those held back is judged under the temperature that the other asks for."""
    np = numpy()
    weights, rarity, scale = _learn(seen, called, labels)
    inputs = classifying.features(held.vectors, held.words, rarity, scale)
    likeness, places = classifying.nearest(held.vectors, seen.vectors)
    near = classifying.by_neighbours(likeness, seen.answers[places], labels)
    half = np.arange(len(inputs)) % 2 == 0
    said = np.zeros_like(near)
    for judged in (half, ~half):
        warm = classifying.calibrated(weights, inputs[~judged], near[~judged], held.answers[~judged])
        said[judged] = classifying.mixed(classifying.by_head(weights, inputs[judged], warm), near[judged])
    warm = classifying.calibrated(weights, inputs, near, held.answers)
    return _Tried(temperature=warm, like=classifying.like_of(likeness), said=said, answers=held.answers)


def _sure(said: Numbers, answers: Numbers) -> float:
    """The least confidence from which on labels are right often enough."""
    np = numpy()
    order = np.argsort(-said.max(axis=1), kind="stable")
    right = (said.argmax(axis=1) == answers)[order].cumsum() / np.arange(1, len(order) + 1)
    enough = np.flatnonzero((right >= RIGHT) & (np.arange(len(order)) >= LEAST_HELD // 2 - 1))
    if not enough.size:
        return NEVER
    least = float(said.max(axis=1)[order][enough[-1]])
    return round(min(least, RIGHT) if enough[-1] == len(order) - 1 else least, 4)


def _reported(report: AimReport, labels: Sequence[str], counted: Counter[str], tried: _Tried, sure: float) -> AimReport:
    np = numpy()
    said, answers = tried.said, tried.answers
    order = np.argsort(-said, axis=1, kind="stable")
    first, confidence = order[:, 0], said.max(axis=1)
    right = first == answers
    given, fine = _crossed(said, answers)
    common = counted.most_common(1)[0][0]
    by_label = [
        LabelReport(
            label=label,
            tickets=counted[label],
            precision=_share(right[first == at]),
            recall=_share(right[answers == at]),
        )
        for at, label in enumerate(labels)
    ]
    return msgspec.structs.replace(
        report,
        top1=_share(right),
        top2=_share((order[:, :2] == answers[:, None]).any(axis=1)),
        commonest=_share(answers == labels.index(common)) if common in labels else None,
        sure=None if sure > 1 else sure,
        covered=_share(given) or 0.0,
        right=_share(fine[given]),
        off=_off(confidence, right),
        by_label=sorted(by_label, key=lambda one: (-one.tickets, one.label))[:MOST_SHOWN],
    )


def _crossed(said: Numbers, answers: Numbers) -> tuple[Numbers, Numbers]:
    """Which would get a label, and for which it would be right, with each half's bar set by the other."""
    np = numpy()
    half = np.arange(len(answers)) % 2 == 0
    given = np.zeros(len(answers), bool)
    for judged in (half, ~half):
        given[judged] = said[judged].max(axis=1) >= _sure(said[~judged], answers[~judged])
    return given, said.argmax(axis=1) == answers


def _off(confidence: Numbers, right: Numbers) -> float:
    """The expected calibration error, over tenths."""
    np = numpy()
    tenth = np.minimum((confidence * BINS).astype("i8"), BINS - 1)
    chosen = [tenth == at for at in range(BINS)]
    gaps = [abs(confidence[one].mean() - right[one].mean()) * one.mean() for one in chosen if one.any()]
    return round(float(sum(gaps)), 4)


def _share(hits: Numbers) -> float | None:
    return round(float(hits.mean()), 4) if len(hits) else None
