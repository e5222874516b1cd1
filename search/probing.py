"""Which lists of words are read for a question, and what each of its words is worth? A rare word tells more than a
common one and costs less: the rare ones are looked up, the common ones only count in what these found."""

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Final

import msgspec

from search.engine import Word, Words
from search.lexemes import (
    Stems,
    any_of,
    every,
    folded,
    ident_query,
    phrase_query,
    word_forms,
    word_query,
    words_of,
)

BUDGET: Final = 1_000
"""Documents that one question may look at by single words."""
BESIDE: Final = 300
"""And where the meaning finds, too: more of them change nothing there (Banking77: nDCG@10 89.2 with 150 to 1,000)."""
MOST_WORDS: Final = 32
MOST_COMBINED: Final = 12
_IDENT_WORTH: Final = 1_000.0
_ALL_WORTH: Final = 100.0


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """How common words are, by the newest `size` of all `documents`."""

    documents: int = 0
    size: int = 0
    length: int = 1
    """Words of a document, on average."""
    own: float = 1.0
    """The workspace's share of everybody's documents."""
    seen: Mapping[str, int] = {}
    order: Sequence[str] = ()
    """The words of `seen` in order, for those that begin with something."""

    def holding(self, forms: set[str]) -> float:
        """In how many documents one of these words stands, about."""
        return self._scaled(max((self.seen.get(form, 0) for form in forms), default=0))

    def share(self, asked: Sequence[Sequence[str]]) -> float:
        """Which part of the documents has one fact of each group, about, as if facts knew nothing of each other."""
        size = max(self.size, 1)
        held = [min(sum(self.seen.get(fact, 0) for fact in facts), size) / size for facts in asked]
        return math.prod(held)

    def beginning(self, start: str) -> float:
        at, total = bisect_left(self.order, start), 0
        while at < len(self.order) and self.order[at].startswith(start) and total < self.size:
            total += self.seen[self.order[at]]
            at += 1
        return self._scaled(min(total, self.size))

    def _scaled(self, seen: int) -> float:
        return seen * self.documents / self.size if self.size else 0.0


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A word, phrase or group as it is looked up; `holding`: in how many documents it stands, about."""

    query: str
    holding: float


class Probing(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of the words. `base` must hold in all that is found by them, `barred` also in what is found by an
    id; `probes` are looked up, `asked` are scored."""

    words: tuple[Asked, ...]
    required: tuple[Asked, ...]
    idents: tuple[str, ...]
    base: str | None
    barred: str | None
    least: int

    @property
    def empty(self) -> bool:
        return not (self.words or self.required or self.idents)


def probing_of(asked: Words, held: str | None, marked: str, stems: Stems, sample: Sample) -> Probing:
    words = [_word(word, marked, stems, sample) for word in asked.words[:MOST_WORDS]]
    found = tuple(word for word in words if word is not None)
    phrases = [_phrase(phrase, marked, sample) for phrase in asked.phrases]
    groups = [_group(group, marked, stems, sample) for group in asked.groups]
    required = tuple(one for one in (*phrases, *groups) if one is not None)
    barred = every([held, excluding(asked, marked)])
    return Probing(
        words=found,
        required=required,
        idents=tuple(ident_query(one, marked) for one in asked.idents),
        base=every([*(one.query for one in required), barred]),
        barred=barred,
        least=max(1, min(asked.least, len(found))) if found else 0,
    )


def excluding(asked: Words, marked: str) -> str | None:
    """What none of the excluded words and phrases stands in."""
    queries = [query for one in asked.excluded if (query := phrase_query(one, marked))]
    return every([f"!{query}" for query in queries])


def weights(probing: Probing, sample: Sample) -> list[tuple[str, float]]:
    """Each word and each phrase with its share of the whole: the rarer, the more."""
    everything = (*probing.words, *probing.required)
    raw = [rarity(one.holding, sample) for one in everything]
    total = sum(raw) or 1.0
    return [(one.query, weight / total) for one, weight in zip(everything, raw, strict=True)]


def rarity(holding: float, sample: Sample) -> float:
    """Robertson and Spärck Jones's weight, as BM25 has it; never nothing."""
    total = max(sample.documents, 1)
    return max(0.05, math.log(1 + (total - min(holding, total) + 0.5) / (holding + 0.5)))


def probes(probing: Probing, sample: Sample, budget: int = BUDGET) -> list[tuple[str, float]]:
    """What is looked up, best first: ids, all words at once, then single words and pairs while they are rare."""
    found = [(every([one, probing.barred]), _IDENT_WORTH - at) for at, one in enumerate(probing.idents)]
    words = sorted(probing.words, key=lambda one: one.holding)
    if words:
        found.append((every([*(one.query for one in words), probing.base]), _ALL_WORTH))
    elif probing.required:
        found.append((probing.base, _ALL_WORTH))
    if len(words) > 1 and probing.least < len(words):
        found += [
            (every([query, probing.base]), worth) for query, worth in _parts(words, probing.least, sample, budget)
        ]
    return [(query, worth) for query, worth in found if query]


def all_hold(probing: Probing, sample: Sample) -> float:
    """How many documents hold all words and phrases, about, as if words knew nothing of each other."""
    total = max(sample.documents, 1)
    share = math.prod(min(1.0, one.holding / total) for one in (*probing.words, *probing.required))
    return share * total


def common(probing: Probing, sample: Sample, limit: int, *, loosely: bool = False) -> bool:
    """Whether so many documents hold all words (`loosely`: enough of them) that one comes upon `limit` sooner by
    going through all documents, newest first: then the newest will do."""
    if probing.idents:
        return False
    rarest = sorted(one.holding for one in probing.words)[: len(probing.words) - probing.least + 1]
    holding = sum(rarest) if loosely else all_hold(probing, sample)
    return holding > math.sqrt(max(limit, 50) * max(sample.documents, 1_000))


def matching(probing: Probing) -> str | None:
    """What a document holds that is found by the words (or by an id). Where it is `loose`, whoever holds enough of the
    words is among what it finds: he holds one of the rarest."""
    queries = [one.query for one in sorted(probing.words, key=lambda one: one.holding)]
    if probing.least >= len(queries):
        words = every(queries)
    elif probing.least <= 1 or loose(probing):
        words = any_of(queries[: len(queries) - probing.least + 1])
    else:
        words = any_of(every(some) for some in combinations(queries, probing.least))
    found = every([words, probing.base])
    idents = any_of(probing.idents)
    return any_of([found, every([idents, probing.barred])]) if idents else found


def loose(probing: Probing) -> bool:
    """Whether `matching` finds more than holds enough of the words."""
    words = len(probing.words)
    return 1 < probing.least < words and math.comb(words, probing.least) > MOST_COMBINED


def _parts(words: list[Asked], least: int, sample: Sample, budget: int) -> list[tuple[str, float]]:
    """Whoever holds `least` of the words holds one of all but the `least - 1` commonest. Words that are too common to
    be looked up alone are looked up by twos."""
    found: list[tuple[str, float]] = []
    spent = 0.0
    for word in words[: len(words) - least + 1]:
        if spent + word.holding > budget:
            break
        spent += word.holding
        found.append((word.query, rarity(word.holding, sample)))
    for one, other in combinations(words[len(found) : len(found) + 4], 2):
        both = one.holding * other.holding / max(sample.documents, 1)
        query = every([one.query, other.query])
        if query and len(words) > 2 and spent + both <= budget:
            spent += both
            found.append((query, rarity(both, sample)))
    return found


def _word(word: Word, marked: str, stems: Stems, sample: Sample) -> Asked | None:
    query = word_query(word, marked, stems)
    if query is None:
        return None
    holding = max(
        _least_common(text, sample, lambda one: word_forms(one, stems)) for text in (word.text, *word.instead)
    )
    typed = words_of(word.text)
    if word.prefix and typed:
        holding = max(holding, sample.beginning(folded(typed[-1])))
    return Asked(query=query, holding=holding)


def _phrase(phrase: str, marked: str, sample: Sample) -> Asked | None:
    query = phrase_query(phrase, marked)
    return Asked(query=query, holding=_least_common(phrase, sample, lambda one: {folded(one)})) if query else None


def _group(group: Sequence[Word], marked: str, stems: Stems, sample: Sample) -> Asked | None:
    found = [one for word in group if (one := _word(word, marked, stems, sample))]
    query = any_of(one.query for one in found)
    return Asked(query=query, holding=sum(one.holding for one in found)) if query else None


def _least_common(text: str, sample: Sample, forms: Callable[[str], set[str]]) -> float:
    return min((sample.holding(forms(word)) for word in words_of(text)), default=0.0)
