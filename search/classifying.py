"""Which label does a text get, by what texts like it got: a linear head over its vector and its words, and the labels
of its nearest neighbours. Confidence is calibrated on texts that were held back, and what is like none of them gets no
label.
"""

import importlib
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import msgspec

WORDS: Final = 2_048
VECTOR_SCALE: Final = 15.0
WORD_SCALE: Final = 15.0
WORDS_COUNT_FROM: Final = 20
"""Texts a label from which words count in full: with fewer, chance is in them more than in vectors."""
STEPS: Final = 700
LEAST_ROUNDS, MOST_ROUNDS = 12, 60
SMALL, BATCH = 64, 256
RATE: Final = 0.02
DECAY: Final = 1e-3
NEIGHBOURS: Final = 10
NEAR_POWER: Final = 32
NEAR_SHARE: Final = 0.3
"""Of a label's probability: what the neighbours say; the head says the rest."""
LEAST_LIKE: Final = 0.02
"""The share of texts held back that may look like nothing seen."""
TEMPERATURES: Final = tuple(0.3 * 1.1**step for step in range(32))

Numbers = Any
"""A numpy array."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A trained head: `weights` are little-endian 16-bit floats, a row for each place of the features and one more, a
    column for each label. `rarity` and `word_scale` weigh the words. A text whose nearest neighbour is less like it
    than `like` is like none seen."""

    labels: tuple[str, ...]
    weights: bytes
    rarity: bytes
    word_scale: float = WORD_SCALE
    sure: float = 1.0
    """The confidence from which on a guess is a label."""
    temperature: float = 1.0
    like: float = -1.0


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """A label with the probability that it is right."""

    label: str
    confidence: float


def numpy() -> Any:
    return importlib.import_module("numpy")


def vectors_of(raw: Sequence[bytes]) -> Numbers:
    np = numpy()
    return np.frombuffer(b"".join(raw), "<f4").reshape(len(raw), -1)


def words_of(texts: Sequence[str]) -> Numbers:
    """Words and pairs of words, each counted in one of `WORDS` places."""
    np = numpy()
    counted = np.zeros((len(texts), WORDS), "f4")
    for row, text in zip(counted, texts, strict=True):
        for piece, times in Counter(_pieces(text)).items():
            at = zlib.crc32(piece.encode("utf-8", "replace"))
            row[at % WORDS] += times if at & 0x8000_0000 else -times
    return np.sign(counted) * np.sqrt(abs(counted))


def _pieces(text: str) -> Iterator[str]:
    words = "".join(letter if letter.isalnum() else " " for letter in text.casefold()).split()
    yield from words
    yield from (f"{one} {other}" for one, other in pairwise(words))


def rarity_of(words: Numbers) -> Numbers:
    np = numpy()
    share = np.maximum((words != 0).mean(axis=0), 1 / max(len(words), 1))
    return np.sqrt(np.log(1 / share)).astype("f4")


def word_scale_of(texts: int, labels: int) -> float:
    return WORD_SCALE * min(1.0, texts / labels / WORDS_COUNT_FROM)


def features(vectors: Numbers, words: Numbers, rarity: Numbers, word_scale: float) -> Numbers:
    np = numpy()
    weighed = words * rarity
    weighed = weighed / np.maximum(np.linalg.norm(weighed, axis=1, keepdims=True), 1e-9)
    return np.concatenate([vectors * VECTOR_SCALE, weighed * word_scale], axis=1, dtype="f4")


def train(inputs: Numbers, answers: Numbers, labels: int, seed: int = 1) -> Numbers:
    """The weights of a softmax regression (Adam, Kingma and Ba 2014), the same for the same input; the last row is
    what each label has by itself."""
    np = numpy()
    random = np.random.default_rng(seed)
    weights = np.zeros((inputs.shape[1] + 1, labels), "f4")
    mean, square, step = np.zeros_like(weights), np.zeros_like(weights), 0
    batch = BATCH if len(inputs) > STEPS * LEAST_ROUNDS else SMALL
    rounds = min(MOST_ROUNDS, max(LEAST_ROUNDS, STEPS * batch // len(inputs)))
    for turn in range(rounds):
        rate = RATE * (1 - turn / rounds)
        order = random.permutation(len(inputs))
        for start in range(0, len(order), batch):
            slope = _slope(weights, inputs, answers, order[start : start + batch])
            step += 1
            mean += 0.1 * (slope - mean)
            square += 0.001 * (slope * slope - square)
            weights -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return weights


def _slope(weights: Numbers, inputs: Numbers, answers: Numbers, chosen: Numbers) -> Numbers:
    np = numpy()
    wrong = _softmax(inputs[chosen] @ weights[:-1] + weights[-1])
    wrong[np.arange(len(chosen)), answers[chosen]] -= 1
    wrong /= len(chosen)
    return np.concatenate([inputs[chosen].T @ wrong + DECAY * weights[:-1], wrong.sum(axis=0)[None]])


def by_head(weights: Numbers, inputs: Numbers, temperature: float = 1.0) -> Numbers:
    return _softmax((inputs @ weights[:-1] + weights[-1]) / temperature)


def by_neighbours(likeness: Numbers, answers: Numbers, labels: int) -> Numbers:
    """`likeness` and `answers`: a row a text, its neighbours' cosines and labels (below 0: none). Nothing near says
    nothing: each label the same."""
    np = numpy()
    votes = np.zeros((len(likeness), labels), "f4")
    weight = np.maximum(likeness, 0) ** NEAR_POWER * (answers >= 0)
    for place in range(likeness.shape[1]):
        np.add.at(votes, (np.arange(len(votes)), np.maximum(answers[:, place], 0)), weight[:, place])
    total = votes.sum(axis=1, keepdims=True)
    return np.where(total > 1e-12, votes / np.maximum(total, 1e-12), 1 / labels)


def mixed(head: Numbers, near: Numbers) -> Numbers:
    return (1 - NEAR_SHARE) * head + NEAR_SHARE * near


def nearest(vectors: Numbers, among: Numbers, most: int = NEIGHBOURS) -> tuple[Numbers, Numbers]:
    """Of each vector its neighbours' cosines and places, the nearest first."""
    np = numpy()
    most = min(most, len(among))
    cosines, places = np.zeros((len(vectors), most), "f4"), np.zeros((len(vectors), most), "i8")
    for start in range(0, len(vectors), BATCH):
        found = vectors[start : start + BATCH] @ among.T
        chosen = np.argpartition(-found, most - 1, axis=1)[:, :most]
        near = np.take_along_axis(found, chosen, axis=1)
        order = np.argsort(-near, axis=1, kind="stable")
        cosines[start : start + BATCH] = np.take_along_axis(near, order, axis=1)
        places[start : start + BATCH] = np.take_along_axis(chosen, order, axis=1)
    return cosines, places


def calibrated(weights: Numbers, inputs: Numbers, near: Numbers, answers: Numbers) -> float:
    """The temperature under which the answers are likeliest (Guo et al. 2017)."""
    np = numpy()

    def surprise(temperature: float) -> float:
        said = mixed(by_head(weights, inputs, temperature), near)
        return float(-np.log(np.maximum(said[np.arange(len(answers)), answers], 1e-9)).mean())

    return min(TEMPERATURES, key=surprise)


def like_of(likeness: Numbers) -> float:
    """From how like on a text is like one seen, by the likeness of texts held back."""
    return float(numpy().quantile(likeness[:, 0], LEAST_LIKE)) if likeness.size else -1.0


def guesses(
    head: Head, texts: Sequence[str], vectors: Sequence[bytes], neighbours: Sequence[Sequence[tuple[float, str]]]
) -> list[list[Guess]]:
    """The likeliest two labels for each text; `neighbours` are cosines and labels of what is near it."""
    np = numpy()
    rarity = np.frombuffer(head.rarity, "<f2").astype("f4")
    weights = np.frombuffer(head.weights, "<f2").astype("f4").reshape(-1, len(head.labels))
    inputs = features(vectors_of(vectors), words_of(texts), rarity, head.word_scale)
    place: Mapping[str, int] = {label: at for at, label in enumerate(head.labels)}
    cosines, answers = np.zeros((len(texts), NEIGHBOURS), "f4"), np.full((len(texts), NEIGHBOURS), -1, "i8")
    for row, near in enumerate(neighbours):
        known = [(cosine, place[label]) for cosine, label in near if label in place][:NEIGHBOURS]
        for column, (cosine, answer) in enumerate(known):
            cosines[row, column], answers[row, column] = cosine, answer
    near = by_neighbours(cosines, answers, len(head.labels))
    said = mixed(by_head(weights, inputs, head.temperature), near)
    return [
        [
            Guess(label=head.labels[at], confidence=round(float(row[at]), 4))
            for at in np.argsort(-row, kind="stable")[:2]
        ]
        for row in said
    ]


def _softmax(values: Numbers) -> Numbers:
    np = numpy()
    values = np.exp(values - values.max(axis=1, keepdims=True))
    return values / values.sum(axis=1, keepdims=True)
