"""Words as Meilisearch finds them: typos, beginnings, phrases, refusals, strategies, and the score of each hit."""

import itertools
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from rapidfuzz.distance import DamerauLevenshtein

TERMS = 10
FAR = 8
IDEOGRAPHS = "\u3040-\u30ff\u3400-\u9fff"
TOKEN = re.compile(rf"[{IDEOGRAPHS}]|[^\W_{IDEOGRAPHS}]+|[^\w\s]|_|\s+")


HARD = frozenset(".;,!?()[]{}|")
"""As wide as eight words; other separators part words and nothing else."""


def plain(text: str) -> str:
    return "".join(each for each in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(each))


class Question:
    """Terms in the order of the question, at most ten: words, or phrases as tuples of words."""

    def __init__(self, q: str) -> None:
        self.terms: list[str | tuple[str, ...]] = []
        self.refused: list[tuple[str, ...]] = []
        self.prefix = bool(q) and q[-1].isalnum()
        tokens = TOKEN.findall(plain(q))
        phrase: list[str] | None = None
        negative_phrase = negative = False
        blank = True
        for token in tokens:
            if len(self.terms) >= TERMS:
                break
            if token[0].isalnum():
                if phrase is not None:
                    phrase.append(token)
                elif negative:
                    self.refused.append((token,))
                else:
                    self.terms.append(token)
                negative = False
            elif token == '"':
                if phrase is None:
                    phrase, negative_phrase = [], negative
                else:
                    self._close(phrase, negative_phrase)
                    phrase = None
                negative = False
            elif token in HARD and phrase is not None:
                self._close(phrase, negative_phrase)
                phrase = []
            else:
                negative = phrase is None and token == "-" and blank
            blank = token.isspace()
        if phrase is not None:
            self._close(phrase, negative_phrase)

    def _close(self, phrase: list[str], negative: bool) -> None:
        if phrase:
            (self.refused if negative else self.terms).append(tuple(phrase))


class Rules:
    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.searched = settings["searchableAttributes"]
        typos = settings["typoTolerance"]
        self.exact_attributes = set(typos.get("disableOnAttributes") or ())
        self.exact_numbers = bool(typos.get("disableOnNumbers"))
        self.typos = bool(typos.get("enabled", True))

    def allowed(self, term: str) -> int:
        if not self.typos or (self.exact_numbers and term.isdigit()):
            return 0
        return 0 if len(term) < 5 else 1 if len(term) < 9 else 2


class Text:
    """The words of one document, with where they stand; attributes are far from each other."""

    def __init__(self, row: Mapping[str, Any], rules: Rules) -> None:
        self.places: dict[str, list[tuple[int, bool]]] = {}
        at = 0
        for attribute in rules.searched:
            value = row.get(attribute)
            for token in TOKEN.findall(plain(". ".join(value) if isinstance(value, list) else value or "")):
                if token[0].isalnum():
                    self.places.setdefault(token, []).append((at, attribute in rules.exact_attributes))
                    at += 1
                elif token in HARD:
                    at += FAR - 1
            at += FAR

    def phrase(self, phrase: Sequence[str]) -> list[int]:
        starts = [at for at, _ in self.places.get(phrase[0], [])]
        return [
            at
            for at in starts
            if all(
                any(place == at + step for place, _ in self.places.get(word, [])) for step, word in enumerate(phrase)
            )
        ]

    def term(self, term: str, rules: Rules, prefix: bool) -> tuple[int, list[int]] | None:
        """Typos and places of the best match; a word may also stand there in two parts."""
        if term in self.places:
            return 0, [at for at, _ in self.places[term]]
        if prefix:
            begun = [at for word, places in self.places.items() if word.startswith(term) for at, _ in places]
            if begun:
                return 0, begun
        near: dict[int, list[int]] = {}
        allowed = rules.allowed(term)
        for word, places in self.places.items() if allowed else ():
            typos = DamerauLevenshtein.distance(term, word, score_cutoff=allowed) + (term[0] != word[0])
            loose = [at for at, exact in places if not exact]
            if typos <= allowed and loose:
                near.setdefault(typos, []).extend(loose)
        split = [at for cut in range(1, len(term)) for at in self.phrase((term[:cut], term[cut:]))]
        if split:
            near.setdefault(1, []).extend(split)
        return min(near.items()) if near else None


Hit = tuple[float, dict[str, Any]]


def match(question: Question, strategy: str, texts: Mapping[str, Text], rules: Rules) -> dict[str, Hit]:
    """Score and details of each document that is found."""
    allowed = {key: text for key, text in texts.items() if not any(text.phrase(each) for each in question.refused)}
    if not question.terms:
        return {key: (1.0, {}) for key in allowed}
    held = {key: _held(question, text, rules) for key, text in allowed.items()}
    found: dict[str, Hit] = {}
    for kept in _kept(question, strategy, held):
        for key, places in held.items():
            if key not in found and all(term in places for term in kept):
                found[key] = _score(len(question.terms), [places[term] for term in kept], question, rules)
    return found


def _held(question: Question, text: Text, rules: Rules) -> dict[int, tuple[int, list[int]]]:
    found: dict[int, tuple[int, list[int]]] = {}
    for number, term in enumerate(question.terms):
        if isinstance(term, tuple):
            at = text.phrase(term)
            match = (0, at) if at else None
        else:
            match = text.term(term, rules, question.prefix and number == len(question.terms) - 1)
        if match is not None:
            found[number] = match
    return found


def _kept(question: Question, strategy: str, held: Mapping[str, Mapping[int, Any]]) -> list[list[int]]:
    """Which terms must be there, step by step; phrases always, and of words alone the last group never goes."""
    every = list(range(len(question.terms)))
    steps = [every]
    if strategy == "all":
        return steps
    words = [number for number in every if isinstance(question.terms[number], str)]
    if strategy == "frequency":
        counts = {number: sum(number in places for places in held.values()) for number in words}
        often = {number: count or 1_000_000_000 for number, count in counts.items()}
        groups = [[n for n in words if often[n] == count] for count in sorted(set(often.values()), reverse=True)]
    else:
        groups = [[number] for number in reversed(words)]
    if len(words) == len(every):
        groups = groups[:-1]
    for group in groups:
        steps.append([number for number in steps[-1] if number not in group])
    return steps


def _score(terms: int, matches: list[tuple[int, list[int]]], question: Question, rules: Rules) -> Hit:
    most = sum(rules.allowed(term) for term in question.terms if isinstance(term, str))
    typos = sum(each for each, _ in matches)
    apart = _apart([places for _, places in matches])
    furthest = max((len(matches) - 1) * FAR, 1)
    ranks = [(len(matches), terms), (most + 1 - typos, most + 1), (furthest - apart, furthest)]
    rank, out_of = 1, 1
    for inner, inner_most in ranks:
        rank, out_of = max(rank - 1, 0) * inner_most + inner, out_of * inner_most
    details = {
        "words": {"order": 0, "matchingWords": len(matches), "maxMatchingWords": terms, "score": len(matches) / terms},
        "typo": {"order": 1, "typoCount": typos, "maxTypoCount": most, "score": (most + 1 - typos) / (most + 1)},
        "proximity": {"order": 2, "score": (furthest - apart) / furthest},
    }
    return rank / out_of, details


def _apart(places: list[list[int]]) -> int:
    """0 where the words follow each other; each pair costs at most seven."""
    cost = 0
    for left, right in itertools.pairwise(places):
        near = min((abs(b - a) - 1 + (b < a) for a in left for b in right), default=FAR - 1)
        cost += min(max(near, 0), FAR - 1)
    return cost
