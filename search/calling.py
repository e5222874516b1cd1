"""Who is called so? Contacts by a name, an address or a number, while it is typed and with typos in it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from identity.customers import WorkspaceId
from identity.identifiers import begun_phone
from search.engine import Asked, Engine, Filters, Index, Word, Words
from search.fusion import Asking, fuse
from search.history import live_index, vocabulary_of
from search.query import pieces
from search.tokens import asked_idents
from search.wishes import sender_tokens

Db = Any
CANDIDATES: Final = 200
MOST_WORDS: Final = 8


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed: its words, what unknown ones may have been meant for, and the addresses and numbers that it may
    be as a whole."""

    index: Index
    typed: str
    words: tuple[str, ...]
    instead: Mapping[str, tuple[str, ...]]
    values: frozenset[str]
    begun: str | None = None
    """The digits of a number that was typed in part."""


async def prepare_called(db: Db, workspace: WorkspaceId, typed: str, engine: str, region: str | None) -> Called:
    """Raises `EngineAway`."""
    index = await live_index(db, workspace, engine)
    words = tuple(dict.fromkeys(pieces(typed)))[:MOST_WORDS]
    vocabulary = await vocabulary_of(db, workspace, internal=False)
    unknown = vocabulary.unknown(words)
    instead = {word: meant for word in unknown if (meant := vocabulary.meant(word))}
    values, begun = sender_tokens([typed], region), begun_phone(typed, region)
    return Called(index=index, typed=typed, words=words, instead=instead, values=values, begun=begun)


async def find_called(engine: Engine, workspace: WorkspaceId, called: Called) -> list[UUID]:
    """Contacts, the best first: those of whom it is an address, a number or the name, then those who are nearly so."""
    filters = Filters(internal=False, kinds=frozenset({"contact"}))
    exact = await engine.find(
        workspace, called.index, Asked(filters=msgspec.structs.replace(filters, people=called.values), order="newest")
    )
    found = [one.id for one in exact.words]
    if called.begun is not None:
        number = Words(words=(Word(text=called.begun, prefix=True),), least=1)
        begun = await engine.find(workspace, called.index, Asked(filters=filters, words=number, limit=CANDIDATES))
        found += [one.id for one in begun.words]
    if called.words:
        asked = Asked(filters=filters, words=_words(called), limit=CANDIDATES)
        near = await engine.find(workspace, called.index, asked)
        latest = max((one.at for one in near.words), default=None)
        asking = Asking(mode="keyword", words=len(called.words))
        found += [one.id for one in fuse(near, asking, latest)] if latest else []
    return _contacts(found)


def _words(called: Called) -> Words:
    words: Sequence[str] = called.words
    last = called.typed.rstrip()[-1:].isalnum()
    return Words(
        words=tuple(
            Word(text=word, prefix=last and word == words[-1], instead=called.instead.get(word, ())) for word in words
        ),
        idents=asked_idents(called.typed),
        least=len(words),
    )


def _contacts(found: Sequence[str]) -> list[UUID]:
    return [UUID(one.removeprefix("contact-")) for one in dict.fromkeys(found)]
