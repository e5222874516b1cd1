"""A document as Meilisearch keeps it, and back; and what an index has to be told before it can be asked."""

import re
import struct
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

import msgspec

from identity.customers import WorkspaceId
from search.documents import Document, Facts, digest, meaning_digest
from search.engine import COUNTED, FACET_VALUES, Candidate, Index
from search.meilisearch_filters import COMPARED, EQUAL, FACETED, micros, moment

KEY: Final = "id"
EMBEDDER: Final = "default"
NO_VECTOR: Final = {EMBEDDER: None}
"""With an embedder that is `userProvided` a document without a vector has to say so, or its whole batch fails."""
SEARCHED: Final = ("said", "idents")
SHOWN: Final = (KEY, "kind", "at", "outcomes", "idents")
"""What a candidate is made from; no text travels."""
READ: Final = (*SHOWN, "said")
"""With what the words of a question are counted in."""
NEWEST: Final = ["at:desc", "id:desc"]
RANKED: Final = ("sort", "words", "typo", "proximity")
"""`sort` first: newest first means it, whatever the words score. No `exactness`: all that was asked for scores 1."""

Row = dict[str, Any]
_PIECE: Final = re.compile(r"[^\W_]+")


def pieces(text: str) -> list[str]:
    """Letters and digits, as words are asked for."""
    return _PIECE.findall(unicodedata.normalize("NFKC", text))


def said(title: str, text: str, people: Iterable[str]) -> str:
    """What is searched. To Meilisearch a full stop or a comma is eight words wide, so that no phrase crosses it and the
    parts of an address are far from each other; here they stand between what does not belong together alone."""
    return " . ".join(" ".join(found) for each in (title, text, *people) if (found := pieces(each)))


def index_name(workspace: WorkspaceId, index: Index) -> str:
    """One index a workspace and generation. A new generation has a name of its own, so that no task that waits for
    the old one can reach it: tasks in the queue stay with the name that they were given, also over a swap."""
    return f"tl-{UUID(str(workspace)).hex}-{index.generation}"


def settings(index: Index) -> dict[str, Any]:
    wanted: dict[str, Any] = {
        "rankingRules": list(RANKED),
        "searchableAttributes": list(SEARCHED),
        "filterableAttributes": [
            _filterable(tuple(FACETED.values()), counted=True),
            _filterable(EQUAL),
            _filterable(COMPARED, compared=True),
        ],
        "sortableAttributes": list(COMPARED),
        "typoTolerance": {"disableOnNumbers": True, "disableOnAttributes": ["idents"]},
        "faceting": {"maxValuesPerFacet": FACET_VALUES, "sortFacetValuesBy": {"*": "count"}},
        "pagination": {"maxTotalHits": COUNTED},
    }
    if index.model is not None:
        wanted["embedders"] = {EMBEDDER: {"source": "userProvided", "dimensions": index.dimensions}}
    return wanted


def _filterable(attributes: tuple[str, ...], *, counted: bool = False, compared: bool = False) -> dict[str, Any]:
    features = {"facetSearch": counted, "filter": {"equality": True, "comparison": compared}}
    return {"attributePatterns": list(attributes), "features": features}


def row_of(workspace: WorkspaceId, document: Document, *, embedded: bool) -> Row:
    """Every attribute, so that one of a document that is there is replaced too where only `update` is asked for."""
    wants = meaning_digest(document)
    return {
        KEY: document.id,
        "workspace": UUID(str(workspace)).hex,
        "kind": document.kind,
        "contact": document.contact_id.hex,
        "event": document.event_id.hex if document.event_id else None,
        "at": micros(document.at),
        "channel": document.channel,
        "direction": document.direction,
        "internal": document.internal,
        "title": document.title,
        "text": document.text,
        "idents": document.idents,
        "people": document.people,
        "said": said(document.title, document.text, document.people),
        "meaning": document.meaning,
        "tickets": document.facts.tickets,
        "statuses": document.facts.statuses,
        "queues": document.facts.queues,
        "tags": document.facts.tags,
        "agents": document.facts.agents,
        "outcomes": document.facts.outcomes,
        "meaning_digest": wants,
        "vector_digest": wants if embedded else "",
        "embedded": embedded,
        "waits": bool(wants) and not embedded,
    }


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    kind: str
    contact: UUID
    event: UUID | None
    at: int
    channel: str | None
    direction: str | None
    internal: bool
    title: str
    text: str
    idents: tuple[str, ...]
    people: tuple[str, ...]
    said: str
    meaning: str
    tickets: tuple[str, ...]
    statuses: tuple[str, ...]
    queues: tuple[str, ...]
    tags: tuple[str, ...]
    agents: tuple[str, ...]
    outcomes: tuple[str, ...]


def digest_of(row: Mapping[str, Any]) -> str:
    """Of what really is in the index, made again from its attributes; empty where no document can be read there."""
    try:
        kept = msgspec.convert(dict(row), _Kept)
        if kept.said != said(kept.title, kept.text, kept.people):
            return ""
        facts = {name: getattr(kept, name) for name in Facts.__struct_fields__}
        document = {
            "id": kept.id, "kind": kept.kind, "contact_id": kept.contact, "event_id": kept.event,
            "at": moment(kept.at), "channel": kept.channel, "direction": kept.direction, "internal": kept.internal,
            "title": kept.title, "text": kept.text, "idents": kept.idents, "people": kept.people,
            "meaning": kept.meaning, "facts": facts,
        }  # fmt: skip
        return digest(msgspec.convert(document, Document))
    except (msgspec.ValidationError, OverflowError, TypeError):
        return ""


def floats(vector: bytes) -> list[float]:
    whole = len(vector) // 4
    return list(struct.unpack_from(f"<{whole}f", vector))


def vector_in(row: Mapping[str, Any]) -> list[float] | None:
    """Of a row that was asked for with its vectors."""
    kept = (row.get("_vectors") or {}).get(EMBEDDER) or {}
    return kept["embeddings"][0] if kept.get("embeddings") else None


def vector_row(identifier: str, wanted: str, vector: bytes) -> Row:
    kept = {EMBEDDER: {"embeddings": floats(vector), "regenerate": False}}
    return {KEY: identifier, "vector_digest": wanted, "embedded": True, "waits": False, "_vectors": kept}


def bare_row(identifier: str, *, waits: bool) -> Row:
    """Takes the vector off a document."""
    return {KEY: identifier, "vector_digest": "", "embedded": False, "waits": waits, "_vectors": NO_VECTOR}


def candidate(hit: Mapping[str, Any], score: float, coverage: float = 0.0, *, ident: bool = False) -> Candidate:
    return Candidate(
        id=hit[KEY],
        kind=hit["kind"],
        at=moment(hit["at"]),
        score=score,
        coverage=coverage,
        ident=ident,
        outcomes=tuple(hit["outcomes"]),
    )
