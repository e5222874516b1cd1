"""How PostgreSQL answers a question: which of the functions of migration 0022 are asked, by which path they reach their
rows, and what their rows are worth."""

import re
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from uuid import UUID

import msgspec

from search import lexemes, postgres_store, probing
from search.engine import COUNTED, FACET_VALUES, Asked, Candidate, Filters, Index
from search.postgres_store import Db, Row, Scope
from search.probing import Probing, Sample

ONE_BY_ONE: Final = 5_000
"""Up to so many documents each vector is compared: exact, and as fast as the graph."""
NARROW: Final = 0.05
"""Where a smaller share of the documents passes, the graph loses what it looks for (recall .94 at 2.5 %, .64 at .2)."""
WALKED: Final = 500_000
"""In larger indexes the graph is walked all the same, as far as `hnsw.max_scan_tuples`."""
SHORTNESS: Final = 0.7
"""How little a word is worth that stands among many; what is half as long as others counts whole."""
NAME_WORDS: Final = 4
LONGEST_NAME: Final = 100
_OUTCOME: Final = re.compile(r"'o:(\w+)'")


class Seen(dict[str, str]):
    """The facts of each document that was found, as the text of a tsvector."""

    def add(self, rows: Iterable[Row]) -> None:
        self.update((row["id"], row["facts"]) for row in rows)


async def by_words(db: Db, index: Index, asked: Asked, plan: Probing, sample: Sample, seen: Seen) -> list[Candidate]:
    if plan.empty and asked.vector is not None:
        return []
    if plan.empty or asked.order == "newest":
        return await _newest(db, index, asked, plan, sample, seen)
    if probing.common(plan, sample, asked.limit):
        return await _newest(db, index, asked, plan, sample, seen)
    rows = await postgres_store.by_words(
        db,
        _scope(index, asked, "words"),
        probes=probing.probes(plan, sample, probing.BUDGET if asked.vector is None else probing.BESIDE),
        asked=probing.weights(plan, sample),
        whole=lexemes.every(one.query for one in plan.words) if len(plan.words) > 1 else None,
        least=plan.least + len(plan.required),
        idents=plan.idents,
        typical=sample.length,
        most=asked.limit,
    )
    seen.add(rows)
    found = {row["id"]: _scored(row, len(plan.idents), sample) for row in rows}
    for one in await _by_name(db, index, asked, plan, seen):
        if one.id not in found or found[one.id].score < one.score:
            found[one.id] = one
    if not found and plan.least < len(plan.words):
        return await _of_the_common(db, index, asked, plan, sample, seen)
    return sorted(found.values(), key=lambda one: (not one.ident, -one.score, -one.at.timestamp(), one.id))[
        : asked.limit
    ]


async def _of_the_common(
    db: Db, index: Index, asked: Asked, plan: Probing, sample: Sample, seen: Seen
) -> list[Candidate]:
    """Where no rare word leads anywhere, the newest of what holds enough of those that are too common to be looked
    up."""
    shares = sorted(share for _, share in probing.weights(plan, sample))
    least = sum(shares[: plan.least])
    newest = await _newest(db, index, asked, plan, sample, seen)
    return [msgspec.structs.replace(one, score=least, coverage=least) for one in newest]


async def by_meaning(
    db: Db, workspace: UUID, index: Index, asked: Asked, plan: Probing, sample: Sample, seen: Seen
) -> list[Candidate]:
    if asked.vector is None or not fits(asked.vector, index):
        return []
    path = await _reached(db, workspace, index, asked.filters, plan, sample)
    scope = _scope(index, asked, path, held=plan.base)
    weights = probing.weights(plan, sample)
    rows = await postgres_store.by_meaning(db, scope, numbers_of(asked.vector), weights, asked.limit)
    seen.add(rows)
    return [_candidate(row, score=row["cosine"], coverage=row["coverage"]) for row in rows]


async def _reached(db: Db, workspace: UUID, index: Index, filters: Filters, plan: Probing, sample: Sample) -> str:
    """How what is near is looked for: the graph where many of its documents pass, else whatever leads to the few. All
    workspaces stand in one graph, so that others' documents are passed by, too."""
    if filters.contacts is not None:
        return "contacts"
    if plan.required or filters.idents or filters.people or filters.tickets:
        return "words"
    if sample.documents <= ONE_BY_ONE:
        return "all"
    if filters.start is not None or filters.end is not None:
        most = int(NARROW * sample.documents)
        dates = (filters.start, filters.end)
        if await postgres_store.count_between(db, workspace, index.generation, *dates, most) < most:
            return "dates"
    facts = lexemes.facts_asked(filters)
    if sample.documents <= WALKED and sample.share(facts) * sample.own < NARROW:
        return "narrow" if facts else "all"
    return "graph"


def _scope(index: Index, asked: Asked, path: str, held: str | None = None) -> Scope:
    filters = asked.filters
    return Scope(
        generation=index.generation,
        path=path,
        narrowed=lexemes.facts_query(filters),
        held=held,
        contacts=filters.contacts,
        since=filters.start,
        until=filters.end,
        without=tuple(sorted(one for one in filters.without if "\x00" not in one)) or None,
    )


async def _newest(db: Db, index: Index, asked: Asked, plan: Probing, sample: Sample, seen: Seen) -> list[Candidate]:
    path, query = _listing(asked, plan, sample)
    rows = await postgres_store.newest(db, _scope(index, asked, path), query, asked.after, asked.limit)
    seen.add(rows)
    whole = 0.0 if plan.empty else 1.0
    return [_candidate(row, score=whole, coverage=whole) for row in rows]


def _listing(asked: Asked, plan: Probing, sample: Sample) -> tuple[str, str | None]:
    """How a list of all that is found is reached, and what is asked of its words."""
    query = plan.barred if plan.empty else probing.matching(plan)
    filters = asked.filters
    if filters.contacts is not None:
        return "contacts", query
    held = filters.idents or filters.people or filters.tickets
    loosely = plan.least < len(plan.words)
    if held or plan.idents or not (plan.empty or probing.common(plan, sample, asked.limit, loosely=loosely)):
        return "words", query
    return "time", query


async def _by_name(db: Db, index: Index, asked: Asked, plan: Probing, seen: Seen) -> list[Candidate]:
    """Contacts whose name or address is nearly what was typed, where a word of it is hardly known."""
    words = asked.words.words if asked.words else ()
    kinds = asked.filters.kinds
    known = all(one.holding for one in plan.words)
    if known or plan.required or not 0 < len(words) <= NAME_WORDS or (kinds and "contact" not in kinds):
        return []
    typed = " ".join(one for word in words for one in lexemes.words_of(word.text))[:LONGEST_NAME]
    if not typed:
        return []
    rows = await postgres_store.by_name(db, _scope(index, asked, "name", held=plan.barred), typed, asked.limit)
    seen.add(rows)
    return [_candidate(row, score=0.9 * row["likeness"], coverage=row["likeness"]) for row in rows]


async def counted(
    db: Db, index: Index, asked: Asked, plan: Probing, sample: Sample, seen: Seen
) -> tuple[int | None, dict[str, dict[str, int]]]:
    """Of a sentence, of which enough words will do, what the list holds is what there is: nobody asks for more of it,
    and all that holds some of its words is half of everything."""
    if not (asked.total or asked.facets):
        return None, {}
    if asked.order == "relevance" and plan.least < len(plan.words):
        counted = Counter(_facts_in(seen.values()) if asked.facets else ())
        return (len(seen) if asked.total else None), _facets(asked, counted)
    path, query = _listing(asked, plan, sample)
    rows = await postgres_store.counted(
        db,
        _scope(index, asked, path),
        asked=query,
        words=[one.query for one in plan.words],
        least=plan.least if probing.loose(plan) else 0,
        idents=lexemes.any_of(plan.idents),
        letters=sorted(lexemes.LETTERS[facet] for facet in asked.facets),
        most=COUNTED,
    )
    total = sum(row["documents"] for row in rows if not row["letter"])
    counts = {(row["letter"], row["value"]): row["documents"] for row in rows if row["letter"]}
    return total if asked.total else None, _facets(asked, counts)


def _facts_in(texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    return (fact for text in texts for fact in lexemes.facts_in(text))


def _facets(asked: Asked, counts: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    """Of each the commonest values first."""
    letters = {lexemes.LETTERS[facet]: facet for facet in asked.facets}
    facets: dict[str, dict[str, int]] = {facet: {} for facet in asked.facets}
    for (letter, value), times in sorted(counts.items(), key=lambda one: (-one[1], one[0][1])):
        if letter in letters and len(values := facets[letters[letter]]) < FACET_VALUES:
            values[value] = times
    return facets


def _scored(row: Row, idents: int, sample: Sample) -> Candidate:
    """All words, close together, in a short document: 1. What an id names comes before: the longest reading first."""
    longer = max(0.0, row["length"] / sample.length - 0.5)
    score = row["coverage"] * (0.3 + 0.6 / (1 + SHORTNESS * longer) + 0.1 * row["closeness"])
    if row["ident"] is not None:
        score = 0.9 + 0.1 * (1 - (row["ident"] - 1) / max(idents, 1)) * (0.5 + 0.5 * score)
    return _candidate(row, score=score, coverage=row["coverage"], ident=row["ident"] is not None)


def _candidate(row: Row, *, score: float, coverage: float = 0.0, ident: bool = False) -> Candidate:
    return Candidate(
        id=row["id"],
        kind=row["kind"],
        at=row["at"],
        score=score,
        coverage=coverage,
        ident=ident,
        outcomes=tuple(_OUTCOME.findall(row["facts"])),
    )


def fits(vector: bytes, index: Index) -> bool:
    return index.model is not None and len(vector) == 4 * index.dimensions


def numbers_of(vector: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(vector) // 4}f", vector))
