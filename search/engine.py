"""What a search engine has to do. Two keep this contract: PostgreSQL itself (`postgres.py`) and Meilisearch
(`meilisearch.py`); `tests/search/contract/` holds both to it.

An engine finds ids and scores them; which of both sides counts how much is decided above it (`fusion.py`), and what a
hit shows is read from the ledger.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, Protocol
from uuid import UUID

import msgspec

from identity.customers import WorkspaceId
from search.documents import Document

Facet = Literal["kind", "channel", "status", "queue", "tag", "agent", "outcome"]
FACETS: Final[tuple[Facet, ...]] = ("kind", "channel", "status", "queue", "tag", "agent", "outcome")
FACET_VALUES: Final = 100
NEAREST: Final = 100
SEEDS: Final = 10
COUNTED: Final = 1_000
"""Totals and facets are exact up to here."""


class EngineAway(Exception):
    """The engine does not answer, or not in time; `words` say so to people."""

    def __init__(self, words: str) -> None:
        self.words = words
        super().__init__(words)


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """One index of a workspace: the live one, or one that is made beside it. `model` names whose vectors it holds;
    None: words alone."""

    generation: int
    model: str | None = None
    dimensions: int = 0


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A document that the engine does not take; the others of its batch are in."""

    id: str
    words: str


class Unembedded(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    meaning: str
    digest: str
    """`documents.meaning_digest`: the vector is taken while it is the same."""


class Embedded(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    digest: str
    vector: bytes
    """Little-endian 32-bit floats of length one."""


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """What may be found at all. Empty sets filter nothing, several values of one mean or; `start` is inclusive, `end`
    exclusive. `internal` says whether the caller may read notes, and has no default on purpose."""

    internal: bool
    contacts: tuple[UUID, ...] | None = None
    """Whose threads; None: anybody's, empty: nobody's."""
    kinds: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    directions: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    queues: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()
    outcomes: frozenset[str] = frozenset()
    tickets: frozenset[str] = frozenset()
    """Ids."""
    idents: frozenset[str] = frozenset()
    """Tokens, one of which the document names (`order:`)."""
    people: frozenset[str] = frozenset()
    """Names or addresses, one of which the document is from (`from:`)."""
    start: datetime | None = None
    end: datetime | None = None
    without: frozenset[str] = frozenset()
    """Ids of documents that are not asked for."""


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """A word as typed, small letters; `instead` are words of the corpus it may have been meant for, best first."""

    text: str
    prefix: bool = False
    instead: tuple[str, ...] = ()


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """The words' side of a query. A document must hold every phrase, one of each alternative group, no excluded one,
    and `least` of the words (all of them at most); idents weigh more than any words."""

    words: tuple[Word, ...] = ()
    phrases: tuple[str, ...] = ()
    groups: tuple[tuple[Word, ...], ...] = ()
    """`a OR b`: one of each group."""
    excluded: tuple[str, ...] = ()
    """Words or phrases."""
    idents: tuple[str, ...] = ()
    """Tokens: a document that names one is found by it, whatever its words."""
    least: int = 1


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One question to an engine. Without `words` and `vector` everything that passes the filters is found, newest
    first."""

    filters: Filters
    words: Words | None = None
    vector: bytes | None = None
    """As in `Embedded`, by the model of the live index."""
    order: Literal["relevance", "newest"] = "relevance"
    after: tuple[datetime, str] | None = None
    """Newest first: go on behind this document."""
    limit: int = 100
    """Candidates of each side."""
    facets: tuple[Facet, ...] = ()
    total: bool = False


class Candidate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`score`: words: 0 to 1, and 1 where everything that was asked for is there, close together; meaning: the raw
    cosine, never scaled."""

    id: str
    kind: str
    at: datetime
    score: float
    coverage: float = 0.0
    """Words: the share of the asked words that the document holds, weighed by rarity where the engine knows it."""
    ident: bool = False
    """One of the asked ids is named."""
    outcomes: tuple[str, ...] = ()


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the sides found, the best first. `degraded` names what could not be done, in words."""

    words: list[Candidate] = []
    meaning: list[Candidate] = []
    total: int | None = None
    """Documents that pass the filters and the words; COUNTED means at least so many."""
    facets: dict[str, dict[str, int]] = {}
    degraded: tuple[str, ...] = ()


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    documents: int
    unembedded: int
    """Documents that have a meaning, and no vector yet."""


class Engine(Protocol):
    """Each method raises `EngineAway`. What has returned has happened: a task of the engine has succeeded, and the next
    question sees it. Nothing here is done twice where it is called twice."""

    name: str

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def make(self, workspace: WorkspaceId, index: Index) -> None:
        """Make an index ready to be written; one that is there keeps what it holds."""
        ...

    async def write(self, workspace: WorkspaceId, index: Index, documents: Sequence[Document]) -> list[Refused]:
        """Put documents in the place of those with their ids. A vector stays while its meaning's digest is the same."""
        ...

    async def delete(self, workspace: WorkspaceId, index: Index, ids: Sequence[str]) -> None: ...

    async def unembedded(self, workspace: WorkspaceId, index: Index, limit: int) -> list[Unembedded]:
        """Documents that wait for a vector, the newest first."""
        ...

    async def embed(self, workspace: WorkspaceId, index: Index, vectors: Sequence[Embedded]) -> list[Refused]: ...

    async def digests(self, workspace: WorkspaceId, index: Index, after: str, limit: int) -> list[tuple[str, str]]:
        """Ids and `documents.digest` of what is really in the index, by id, from behind `after` on."""
        ...

    async def held(self, workspace: WorkspaceId, index: Index, ids: Sequence[str]) -> dict[str, str]:
        """The `documents.digest` of those of some documents that are in the index; at most 1,000 are asked for."""
        ...

    async def count(self, workspace: WorkspaceId, index: Index) -> Counts: ...

    async def swap(self, workspace: WorkspaceId, live: Index, new: Index) -> None:
        """Answer from `new` from now on, and forget `live`."""
        ...

    async def drop(self, workspace: WorkspaceId, index: Index) -> None: ...

    async def find(self, workspace: WorkspaceId, index: Index, asked: Asked) -> Found: ...

    async def near(self, workspace: WorkspaceId, index: Index, document: str, asked: Asked) -> Found:
        """What means the same as a document that is there; empty where it has no vector."""
        ...

    async def around(
        self, workspace: WorkspaceId, index: Index, seeds: Sequence[tuple[str, float]], ids: Sequence[str]
    ) -> dict[str, float]:
        """How near each of `ids` (at most NEAREST) is to the middle of the seeds (at most SEEDS, with their weights):
        cosines; those without a vector are left out, and all of them where no seed has one."""
        ...
