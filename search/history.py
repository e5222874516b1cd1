"""Have we seen this before? One search: whose threads, which words, what they mean, what was found on both sides, and
how it stands in the ledger today.

Three steps, so that no transaction waits for a model or an engine: `prepare` reads, `find` asks, `read_page` reads what
is shown.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from identity.customers import CustomerId, WorkspaceId
from identity.errors import Impossible, NotFound
from identity.store import survivor
from search import hits, indexes, word_store
from search.embeddings import Embedder, EmbedderAway, floats, unit
from search.engine import FACETS, Asked, Candidate, Engine, EngineAway, Filters, Found, Index, Word, Words
from search.fusion import TOGETHER, Asking, Ranked, alike, draw_together, fuse, seeds, to_the_letter
from search.highlights import highlight
from search.little_words import without_little
from search.query import Question, pieces
from search.showing import Hit, documents, show
from search.tokens import asked_idents
from search.vocabulary import Vocabularies, Vocabulary
from search.wishes import Wish, kinds_of, order_tokens, sender_tokens
from timeline.tickets.reading import find_standing

Db = Any
CANDIDATES: Final = 100
"""Of each side: a list by relevance ends behind them."""
MOST_WORDS: Final = 32
ALL_UP_TO: Final = 3
"""So many words are sought all together; of more, SHARE of them will do."""
SHARE: Final = 0.4
PREFIX_UP_TO: Final = 6
SHORTEST_PREFIX: Final = 2
RAW: Final = 0.3
"""What a question's meaning as it was typed counts beside that of its correction."""
VOCABULARIES: Final = Vocabularies()
NO_MODEL: Final = "Found by words alone: this server has no model for meaning."
OTHER_MODEL: Final = "Found by words alone: the index holds the meanings of another model; it is being made again."


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked, of which index, within what. `instead`: for words that nothing here holds, what they may have been
    meant for, best first."""

    index: Index
    filters: Filters
    instead: Mapping[str, tuple[str, ...]] = {}
    nothing: bool = False
    """No document can pass."""


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found, the best (or newest) first. `more` says that a list in order of time goes on."""

    ranked: list[Ranked]
    total: int | None
    facets: dict[str, dict[str, int]]
    degraded: tuple[str, ...]
    asking: Asking
    more: bool = False


async def prepare(db: Db, workspace: WorkspaceId, wish: Wish, engine: str, region: str | None) -> Prepared:
    """Raises `EngineAway` and, for a customer or a ticket that is not there, `NotFound`."""
    index = await live_index(db, workspace, engine)
    contacts = None if wish.customer is None else tuple((await of_today(db, workspace, wish.customer))[1])
    tickets = frozenset([str((await find_standing(db, workspace, one))[0].id) for one in sorted(wish.tickets)])
    filters = Filters(
        internal=wish.internal,
        contacts=contacts,
        kinds=wish.kinds or kinds_of(wish),
        channels=wish.channels,
        directions=wish.directions,
        statuses=wish.statuses,
        queues=wish.queues,
        tags=wish.tags,
        agents=wish.agents,
        outcomes=wish.outcomes,
        tickets=tickets,
        idents=order_tokens(wish.orders),
        people=sender_tokens(wish.senders, region),
        start=wish.start,
        end=wish.end,
    )
    return Prepared(index=index, filters=filters, instead=await _instead(db, workspace, wish), nothing=_nothing(wish))


async def _instead(db: Db, workspace: WorkspaceId, wish: Wish) -> dict[str, tuple[str, ...]]:
    """For words that nothing here holds, what they may have been meant for. The last word may still be on its way.
    What was kept at hand may be gone by now, with whoever was erased."""
    question = wish.question
    typed = [*question.words, *(word for group in question.groups for word in group)]
    if not wish.correct or not typed:
        return {}
    vocabulary = await vocabulary_of(db, workspace, internal=wish.internal)
    nearest = {word: vocabulary.meant(word) for word in vocabulary.unknown(typed)}
    asked = sorted({*nearest, *(one for meant in nearest.values() for one in meant)})
    there = await word_store.known(db, workspace, asked, internal=wish.internal) if asked else set[str]()
    standing = {word: tuple(one for one in meant if one in there) for word, meant in nearest.items()}
    return {word: meant for word, meant in standing.items() if meant and word not in there}


async def vocabulary_of(db: Db, workspace: WorkspaceId, *, internal: bool) -> Vocabulary:
    kept = VOCABULARIES.of(workspace, internal=internal)
    if kept is None:
        words = await word_store.words(db, workspace, internal=internal)
        kept = VOCABULARIES.keep(workspace, words, internal=internal)
    return kept


async def live_index(db: Db, workspace: WorkspaceId, engine: str) -> Index:
    """What answers. Raises `EngineAway` before there is any."""
    index = await indexes.live(db, workspace, engine)
    if index is None:
        raise EngineAway("the index of this workspace is being made")
    return index


async def of_today(db: Db, workspace: WorkspaceId, customer: CustomerId) -> tuple[CustomerId, list[UUID]]:
    """A customer with its contacts; for one that was merged, the survivor. Raises `NotFound`."""
    found = await hits.contacts_of(db, workspace, customer)
    if not found:
        into = await survivor(db, workspace, customer)
        if into is None:
            raise NotFound
        customer, found = into, await hits.contacts_of(db, workspace, into)
    return customer, found


def _nothing(wish: Wish) -> bool:
    """Signs alone are no question, and what is said with operators must be able to match."""
    empty = not wish.question.asks and bool(wish.question.typed.strip()) and not wish.question.terms
    return empty or any(not order_tokens([one]) for one in wish.orders)


# -- asking ----------------------------------------------------------------------------------------------------------


async def find(
    engine: Engine,
    embedder: Embedder | None,
    workspace: WorkspaceId,
    wish: Wish,
    prepared: Prepared,
    now: datetime,
    after: tuple[datetime, str] | None,
    limit: int,
) -> Answered:
    """Raises `EngineAway` and, where the mode has no engine, `Impossible`. `after` and `limit` matter to a list in
    order of time."""
    if prepared.nothing:
        return Answered(
            ranked=[],
            total=0,
            facets={facet: {} for facet in FACETS} if wish.facets else {},
            degraded=(),
            asking=asking_of(wish, None, None),
        )
    words = None if wish.mode == "semantic" else words_of(wish.question, prepared.instead)
    vector, lacking = await _vector(embedder, wish, prepared)
    asked = Asked(
        filters=prepared.filters,
        words=words if wish.question.asks else None,
        vector=vector,
        order="newest" if wish.newest else "relevance",
        after=after,
        limit=limit + 1 if wish.newest else CANDIDATES,
        facets=FACETS if wish.facets else (),
        total=True,
    )
    found = await engine.find(workspace, prepared.index, asked)
    if wish.newest:
        return _in_time(found, limit, lacking)
    found = await _loosely(engine, workspace, prepared.index, asked, found)
    asking = asking_of(wish, words, vector)
    ranked = await _together(engine, workspace, prepared.index, fuse(found, asking, now), asking)
    return Answered(
        ranked=ranked,
        total=found.total,
        facets=found.facets,
        degraded=(*lacking, *found.degraded),
        asking=asking,
    )


def words_of(question: Question, instead: Mapping[str, tuple[str, ...]]) -> Words:
    """A question as the words' side asks it."""
    typed = question.words[:MOST_WORDS]
    may_go_on = question.open and len(typed) <= PREFIX_UP_TO
    words = tuple(
        Word(
            text=word,
            prefix=may_go_on and word == typed[-1] and len(word) >= SHORTEST_PREFIX,
            instead=instead.get(word, ()),
        )
        for word in typed
    )
    return Words(
        words=words,
        phrases=question.phrases,
        groups=tuple(tuple(Word(text=one, instead=instead.get(one, ())) for one in group) for group in question.groups),
        excluded=question.excluded,
        idents=named_in(question),
        least=len(words) if len(words) <= ALL_UP_TO else max(2, math.ceil(SHARE * len(words))),
    )


def named_in(question: Question) -> tuple[str, ...]:
    """The ids that are asked for; what stands in quotes is to stand so, and names none."""
    quoted = question.phrases or question.groups
    return asked_idents(" ".join(question.words) if quoted else question.text)


def asking_of(wish: Wish, words: Words | None, vector: bytes | None) -> Asking:
    """How what was found is to be weighed."""
    mode = "keyword" if vector is None else wish.mode
    exact = bool(words and (words.phrases or words.groups) and not words.words)
    return Asking(mode=mode, words=len(words.words) if words else 0, exact=exact, priors=wish.priors)


async def _vector(embedder: Embedder | None, wish: Wish, prepared: Prepared) -> tuple[bytes | None, tuple[str, ...]]:
    """What the question means, and what is to be said where that cannot be had."""
    if wish.mode == "keyword" or wish.newest:
        return None, ()
    lacking = NO_MODEL if embedder is None else None
    if embedder is not None and prepared.index.model != embedder.model:
        lacking = OTHER_MODEL if prepared.index.model else NO_MODEL
    try:
        if embedder is not None and lacking is None:
            return await meaning_of(embedder, wish.question.text, prepared.instead), ()
    except EmbedderAway as away:
        if wish.mode == "semantic":
            raise EngineAway(away.words) from None
        return None, (f"Found by words alone: {away.words}",)
    if wish.mode == "semantic":
        raise Impossible("mode", f"mode=semantic cannot be had: {lacking}")
    return None, (lacking or NO_MODEL,)


async def meaning_of(embedder: Embedder, text: str, instead: Mapping[str, tuple[str, ...]]) -> bytes:
    """The vector of a question; where words were corrected, between that of both readings. Raises `EmbedderAway`."""
    raw = await embedder.query(text)
    mended = " ".join(_mended(word, instead) for word in text.split())
    if mended == text:
        return raw
    pairs = zip(floats(raw), floats(await embedder.query(mended)), strict=True)
    return unit([RAW * typed + (1 - RAW) * meant for typed, meant in pairs])


def _mended(word: str, instead: Mapping[str, tuple[str, ...]]) -> str:
    meant = word
    for piece in pieces(word):
        if best := instead.get(piece):
            meant = meant.lower().replace(piece, best[0])
    return meant


async def _loosely(engine: Engine, workspace: WorkspaceId, index: Index, asked: Asked, found: Found) -> Found:
    """Where nothing holds enough of the words, what holds any of them."""
    if found.words or asked.words is None or asked.words.least <= 1:
        return found
    loose = msgspec.structs.replace(asked, words=msgspec.structs.replace(asked.words, least=1))
    return await engine.find(workspace, index, loose)


async def _together(
    engine: Engine, workspace: WorkspaceId, index: Index, ranked: list[Ranked], asking: Asking
) -> list[Ranked]:
    best = seeds(ranked, asking)
    if not best:
        return ranked
    around = await engine.around(workspace, index, best, [one.id for one in ranked[:TOGETHER]])
    return draw_together(ranked, around, asking)


def _in_time(found: Found, limit: int, lacking: tuple[str, ...]) -> Answered:
    newest: Sequence[Candidate] = sorted(found.words, key=lambda one: (one.at, one.id), reverse=True)
    asking = Asking(mode="keyword", words=1)
    kept = {one.id: one for one in fuse(Found(words=list(newest[:limit])), asking, newest[0].at)} if newest else {}
    return Answered(
        ranked=[kept[one.id] for one in newest[:limit]],
        total=found.total,
        facets=found.facets,
        degraded=(*lacking, *found.degraded),
        asking=asking,
        more=len(newest) > limit,
    )


async def to_the_letter_of(
    db: Db,
    workspace: WorkspaceId,
    found: Answered,
    question: Question,
    instead: Mapping[str, tuple[str, ...]],
    region: str | None,
    now: datetime,
) -> list[Ranked]:
    """What was found; where several hold all of a few words, those that hold them as they were asked come first."""
    several = alike(found.ranked, found.asking)
    if not several or not question.words:
        return found.ranked
    standing = (await documents(db, workspace, [one.id for one in several], region, now)).documents
    asked = [{word, *instead.get(word, ())} for word in question.words]
    shares: dict[str, float] = {}
    for name, one in standing.items():
        if one is not None:
            held = set(pieces(" ".join((one.title, one.text, *one.people))))
            shares[name] = sum(not held.isdisjoint(words) for words in asked) / len(asked)
    return to_the_letter(found.ranked, shares, found.asking)


# -- showing ---------------------------------------------------------------------------------------------------------


async def read_page(
    db: Db,
    workspace: WorkspaceId,
    wish: Wish,
    ranked: Sequence[Ranked],
    instead: Mapping[str, tuple[str, ...]],
    region: str | None,
    now: datetime,
) -> list[Hit]:
    """Hits as they stand today."""
    question = wish.question
    telling = telling_in(question.words)
    words = {*telling, *(one for word in telling for one in instead.get(word, ()))}
    words |= {one for group in question.groups for one in group if " " not in one}
    phrases = [*question.phrases, *(one for group in question.groups for one in group if " " in one)]
    idents = named_in(question)
    return await show(
        db,
        workspace,
        ranked,
        lambda document: highlight((document.text, document.title), words, phrases, idents),
        region,
        now,
        internal=wish.internal,
    )


def telling_in(words: Sequence[str]) -> Sequence[str]:
    """What of a sentence is marked where it is found: its little words stand everywhere."""
    return without_little(words) if len(words) > ALL_UP_TO else words


async def group_by_case(
    db: Db, workspace: WorkspaceId, ranked: Sequence[Ranked], region: str | None, now: datetime
) -> tuple[list[Ranked], dict[str, int]]:
    """One for each case, the best of it; what belongs to none stands for itself. Also how many each stands for."""
    standing = (await documents(db, workspace, [one.id for one in ranked], region, now)).documents
    best: dict[str, Ranked] = {}
    counts: dict[str, int] = {}
    for one in ranked:
        document = standing.get(one.id)
        if document is None:
            continue
        name = document.facts.tickets[-1] if document.facts.tickets else one.id
        first = best.setdefault(name, one)
        counts[first.id] = counts.get(first.id, 0) + 1
    return list(best.values()), counts
