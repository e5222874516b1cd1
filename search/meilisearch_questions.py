"""The words of a question as Meilisearch is asked for them, and what its hits are worth.

Meilisearch drops words from a question until something is found, in an order of its own, and has no `or`. So one
question of ours becomes several of its own, whose hits it merges; how many of the words a hit really holds is counted
here.
"""

import itertools
import math
import operator
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from search.engine import Candidate, Word, Words
from search.meilisearch_filters import one_of
from search.meilisearch_rows import candidate, pieces

TERMS: Final = 10
"""All that Meilisearch looks at of a question; a phrase is one."""
CHOICES: Final = 8
"""Questions that `a OR b` may become."""
CORRECTED: Final = 0.95
ALONE: Final = 0.5
"""A hit by one word of several scores at most so much, however well it holds it."""
TOO_MANY_WORDS: Final = f"Only {TERMS} of the words and phrases were looked for."
TOO_MANY_CHOICES: Final = "Not every combination of the alternatives was looked for."

Strategy = Literal["all", "frequency", "last"]


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """One question to Meilisearch. `asked` words are in it, beside what every hit must hold."""

    q: str
    strategy: Strategy = "all"
    weight: float = 1.0
    asked: int = 0
    filter: str | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Empty: nothing can be found. `named` filters what is found by its ids."""

    queries: tuple[Query, ...]
    words: tuple[Word, ...] = ()
    least: int = 0
    named: str | None = None
    readings: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()


def plan(words: Words) -> Plan:
    asked = tuple(word for word in words.words if pieces(word.text))
    least = min(words.least, len(asked))
    mandatory, refused, degraded = _mandatory(words, room=TERMS)
    if words.words or words.phrases or words.groups or refused:
        kept = _longest(asked, TERMS - max((len(each) for each in mandatory), default=0))
        queries = [query for fixed in mandatory for query in _asked(fixed, refused, kept, min(least, len(kept)))]
    else:
        kept, queries = (), []
    if len(kept) < len(asked):
        degraded += (TOO_MANY_WORDS,)
    named = None
    if words.idents:
        named = one_of("idents", words.idents)
        queries += [Query(q=_text(fixed, refused, ()), filter=named) for fixed in mandatory]
    return Plan(
        queries=tuple(queries),
        words=asked,
        least=least,
        named=named,
        readings=words.idents,
        degraded=degraded,
    )


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What documents must hold whatever they mean: those that the queries find, or with `refused` all others."""

    queries: tuple[Query, ...]
    refused: bool = False


def held(words: Words) -> Held | None:
    """None: anything may be found."""
    mandatory, refused, _ = _mandatory(words, room=TERMS)
    if words.phrases or words.groups:
        return Held(queries=tuple(Query(q=_text(fixed, refused, ())) for fixed in mandatory))
    if refused:
        return Held(queries=tuple(Query(q=_text((phrase,), (), ())) for phrase in refused), refused=True)
    return None


def _mandatory(words: Words, *, room: int) -> tuple[list[tuple[str, ...]], tuple[str, ...], tuple[str, ...]]:
    """What every hit holds, once for each choice among alternatives; what none holds; what was left out."""
    phrases = tuple(phrase for phrase in (_phrase(each) for each in words.phrases) if phrase)
    groups = [[phrase for phrase in (_phrase(word.text) for word in group) if phrase] for group in words.groups]
    refused = tuple(phrase for phrase in (_phrase(each) for each in words.excluded) if phrase)
    if any(not group for group in groups) or len(phrases) < len(words.phrases):
        return [], refused, ()
    degraded: tuple[str, ...] = ()
    if len(phrases) + len(groups) > room:
        phrases, degraded = phrases[: max(room - len(groups), 0)], (TOO_MANY_WORDS,)
    choices = list(itertools.islice(itertools.product(*groups[:room]), CHOICES + 1))
    if len(choices) > CHOICES:
        degraded += (TOO_MANY_CHOICES,)
    return [(*phrases, *choice) for choice in choices[:CHOICES]], refused, degraded


def _longest(words: Sequence[Word], room: int) -> tuple[Word, ...]:
    """Long words are rarer than short ones, as a rule: those that are left when only some can be looked for."""
    best = sorted(range(len(words)), key=lambda at: -len(words[at].text))[: max(room, 0)]
    return tuple(words[at] for at in sorted(best))


def _asked(fixed: tuple[str, ...], refused: tuple[str, ...], words: tuple[Word, ...], least: int) -> Iterable[Query]:
    if not words:
        if fixed or refused:
            yield Query(q=_text(fixed, refused, ()))
        return
    whole = "all" if least == len(words) or fixed else "frequency"
    yield Query(q=_text(fixed, refused, words), strategy=whole, asked=len(words))
    if any(word.instead for word in words):
        meant = tuple(_meant(word) for word in words)
        text = _text(fixed, refused, meant)
        yield Query(q=text, strategy=whole, weight=CORRECTED, asked=len(words))
    if least == 1 < len(words):
        for word in words:
            alone = _text(fixed, refused, (word,))
            yield Query(q=alone, weight=ALONE / len(words), asked=1)
    elif least < len(words):
        for order in (words, words[::-1]):
            yield Query(q=_text(fixed, refused, order), strategy="last", asked=len(words))


def _meant(word: Word) -> Word:
    return Word(text=word.instead[0], prefix=False) if word.instead else word


def _text(fixed: Sequence[str], refused: Sequence[str], words: Sequence[Word]) -> str:
    """Refused first: they are no terms, and behind the tenth term nothing is read. The last word is looked for as the
    beginning of one, unless a blank follows."""
    whole = [word for word in words if not word.prefix]
    begun = [word for word in words if word.prefix][:1]
    rest = [word for word in words if word.prefix][1:]
    parts = [f'-"{each}"' for each in refused] + [f'"{each}"' for each in fixed]
    parts += [" ".join(pieces(word.text)) for word in (*whole, *rest, *begun)]
    return " ".join(parts) + ("" if begun else " ") if parts else ""


def _phrase(text: str) -> str:
    """Letters and digits alone: a quotation mark would end it."""
    return " ".join(pieces(text))


def read(plan: Plan, hits: Iterable[Mapping[str, Any]]) -> list[Candidate]:
    """Hits of the plan's queries that hold as many of the words as they must, the best first."""
    found = (_read(plan, hit) for hit in hits)
    return sorted((each for each in found if each is not None), key=lambda each: -each.score)


def _read(plan: Plan, hit: Mapping[str, Any]) -> Candidate | None:
    query = plan.queries[hit.get("_federation", {}).get("queriesPosition", 0)]
    reading = named_at(plan, hit)
    if reading is not None:
        return candidate(hit, 1 - reading / 1_000, 1.0, ident=True)
    if not plan.words:
        return candidate(hit, hit["_rankingScore"], 1.0)
    held = max(_held(plan.words, hit), _matched(query, hit))
    if held < plan.least:
        return None
    coverage = held / len(plan.words)
    if query.asked < len(plan.words):
        return candidate(hit, hit["_rankingScore"] * coverage * ALONE, coverage)
    return candidate(hit, hit["_rankingScore"] * query.weight, coverage)


def named_at(plan: Plan, hit: Mapping[str, Any]) -> int | None:
    """Which of the asked ids a hit names, the first of them: the longest reading comes first."""
    there = set(hit["idents"])
    return next((at for at, reading in enumerate(plan.readings) if reading in there), None)


def _matched(query: Query, hit: Mapping[str, Any]) -> int:
    """Words that Meilisearch itself found, also with typos: all of a question of `all`, else what it says."""
    if query.strategy == "all":
        return query.asked
    told = hit.get("_rankingScoreDetails", {}).get("words", {})
    dropped = told.get("maxMatchingWords", query.asked) - told.get("matchingWords", 0)
    return max(query.asked - dropped, 0)


def _held(words: Sequence[Word], hit: Mapping[str, Any]) -> int:
    text = " ".join((hit.get("said", ""), *hit["idents"]))
    there = set(pieces(_plain(text)))
    return sum(_holds(there, word) for word in words)


def _holds(there: set[str], word: Word) -> bool:
    parts = pieces(_plain(word.text))
    if set(parts) <= there or any(set(pieces(_plain(each))) <= there for each in word.instead):
        return True
    return word.prefix and any(each.startswith(parts[-1]) for each in there)


def _plain(text: str) -> str:
    """Small letters without accents, as Meilisearch compares."""
    return "".join(each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))


def nearness(
    vectors: Mapping[str, Sequence[float]], seeds: Sequence[tuple[str, float]], ids: Iterable[str]
) -> dict[str, float]:
    """The cosine of each of some documents with the weighted middle of the seeds; vectors are of length one."""
    known = [(vectors[identifier], weight) for identifier, weight in seeds if identifier in vectors]
    if not known:
        return {}
    middle = [
        sum(parts) for parts in zip(*([weight * each for each in vector] for vector, weight in known), strict=True)
    ]
    length = math.hypot(*middle)
    if not length:
        return {}
    return {each: sum(map(operator.mul, vectors[each], middle)) / length for each in ids if each in vectors}
