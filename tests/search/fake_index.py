"""One index as Meilisearch keeps it: settings, documents, vectors; and the questions to it."""

import copy
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.search.fake_filters import Attributes, BadFilter, Row, parse, strings
from tests.search.fake_matching import Question, Rules, Text, match

DEFAULTS: dict[str, Any] = {
    "rankingRules": ["words", "typo", "proximity", "attributeRank", "sort", "wordPosition", "exactness"],
    "searchableAttributes": ["*"],
    "filterableAttributes": [],
    "sortableAttributes": [],
    "displayedAttributes": ["*"],
    "typoTolerance": {"enabled": True, "disableOnAttributes": [], "disableOnNumbers": False},
    "faceting": {"maxValuesPerFacet": 100, "sortFacetValuesBy": {"*": "alpha"}},
    "pagination": {"maxTotalHits": 1000},
    "embedders": {},
}
RULES = {"words", "typo", "proximity", "attribute", "attributeRank", "sort", "wordPosition", "exactness"}
IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,511}")


class Failure(Exception):
    """What a task or an answer says."""

    def __init__(self, code: str, message: str, *, status: int = 400, kind: str = "invalid_request") -> None:
        self.code, self.message, self.status, self.kind = code, message, status, kind
        super().__init__(f"{code}: {message}")

    def told(self) -> dict[str, str]:
        link = f"https://docs.meilisearch.com/errors#{self.code}"
        return {"message": self.message, "code": self.code, "type": self.kind, "link": link}


class FakeIndex:
    def __init__(self, created: str) -> None:
        self.created = created
        self.key: str | None = None
        self.settings = copy.deepcopy(DEFAULTS)
        self.rows: dict[str, dict[str, Any]] = {}
        self.vectors: dict[str, list[float]] = {}

    def set_up(self, wanted: Mapping[str, Any]) -> None:
        for rule in wanted.get("rankingRules") or ():
            if rule not in RULES and not re.fullmatch(r"[\w.]+:(asc|desc)", rule):
                raise Failure("invalid_settings_ranking_rules", f"`{rule}` ranking rule is invalid.")
        for name, value in wanted.items():
            old = self.settings[name]
            self.settings[name] = {**old, **value} if isinstance(old, dict) and value is not None else value

    def put(self, documents: Sequence[Mapping[str, Any]], key: str | None, *, update: bool) -> None:
        """All of them or none."""
        self.key = self.key or key
        if self.key is None:
            raise Failure("index_primary_key_no_candidate_found", "The primary key inference failed.")
        rows, vectors = copy.deepcopy(self.rows), dict(self.vectors)
        for document in documents:
            self._put(rows, vectors, dict(document), update=update)
        self.rows, self.vectors = rows, vectors

    def _put(
        self, rows: dict[str, dict[str, Any]], vectors: dict[str, list[float]], row: dict[str, Any], *, update: bool
    ) -> None:
        identifier = row.get(self.key or "")
        if identifier is None:
            raise Failure("missing_document_id", f"Document doesn't have a `{self.key}` attribute.")
        if not isinstance(identifier, str) or IDENTIFIER.fullmatch(identifier) is None:
            raise Failure("invalid_document_id", f"Document identifier `{identifier!r}` is invalid.")
        told = row.pop("_vectors", {})
        for name, embedder in (self.settings["embedders"] or {}).items():
            kept = vectors.pop(identifier, None) if identifier in rows else None
            known = update and identifier in rows
            if name not in told and not known:
                raise Failure("vector_embedding_error", f"no vectors provided for document `{identifier}`")
            vector = _vector(told[name]) if name in told else kept
            if vector is None:
                continue
            if len(vector) != embedder["dimensions"]:
                raise Failure("invalid_vector_dimensions", f"Invalid vector dimensions in document `{identifier}`")
            vectors[identifier] = vector
        rows[identifier] = {**rows.get(identifier, {}), **row} if update else row

    def delete(self, ids: Sequence[str]) -> None:
        for identifier in ids:
            self.rows.pop(identifier, None)
            self.vectors.pop(identifier, None)

    def fetch(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        keep = self._filter(asked.get("filter"), "invalid_document_filter")
        rows = [row for row in self.rows.values() if keep(row)]
        if asked.get("ids") is not None:
            rows = [row for row in rows if row[self.key or ""] in set(asked["ids"])]
        if asked.get("sort"):
            self._sort(rows, asked["sort"], "invalid_document_sort", ruled=False)
        offset, limit = asked.get("offset") or 0, asked.get("limit", 20)
        shown = [self._shown(row, asked.get("fields"), vectors=bool(asked.get("retrieveVectors"))) for row in rows]
        return {"results": shown[offset : offset + limit], "offset": offset, "limit": limit, "total": len(rows)}

    def _shown(self, row: Row, fields: Sequence[str] | None, *, vectors: bool = False) -> dict[str, Any]:
        shown = {name: value for name, value in row.items() if not fields or name in fields or "*" in fields}
        vector = self.vectors.get(row[self.key or ""])
        if vectors and vector is not None:
            shown["_vectors"] = {"default": {"embeddings": [vector], "regenerate": False}}
        return copy.deepcopy(shown)

    def _filter(self, written: Any, code: str) -> Callable[[Row], bool]:
        try:
            return parse(written, Attributes(self.settings["filterableAttributes"]))
        except BadFilter as bad:
            raise Failure(code, str(bad)) from bad

    def _sort(self, rows: list[dict[str, Any]], wanted: Sequence[str], code: str, *, ruled: bool) -> None:
        if ruled and "sort" not in self.settings["rankingRules"]:
            raise Failure(code, "The sort ranking rule must be specified in the ranking rules settings.")
        for each in reversed(wanted):
            name, _, way = each.rpartition(":")
            if name not in self.settings["sortableAttributes"] or way not in {"asc", "desc"}:
                raise Failure(code, f"Attribute `{name}` is not sortable.")
            rows.sort(key=lambda row: row[name], reverse=way == "desc")

    def candidates(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Every hit of one question, in order, with its scores."""
        keep = self._filter(asked.get("filter"), "invalid_search_filter")
        rows = {key: row for key, row in self.rows.items() if keep(row)}
        vector, hybrid = asked.get("vector"), asked.get("hybrid")
        if vector is not None and hybrid is None:
            raise Failure("missing_search_hybrid", "`hybrid` is mandatory when `vector` is provided.")
        if hybrid is not None and hybrid["semanticRatio"] == 1.0:
            found = self._nearest(rows, vector, hybrid["embedder"])
        else:
            rules = Rules({**self.settings, "searchableAttributes": self.settings["searchableAttributes"]})
            texts = {key: Text(row, rules) for key, row in rows.items()}
            found = match(Question(asked.get("q") or ""), asked.get("matchingStrategy") or "last", texts, rules)
        order = sorted(found, key=lambda key: -found[key][0])
        hits = [rows[key] for key in order]
        if asked.get("sort"):
            self._sort(hits, asked["sort"], "invalid_search_sort", ruled=True)
        return [{"row": row, "score": found[row[self.key or ""]]} for row in hits]

    def _nearest(
        self, rows: Mapping[str, Any], vector: Sequence[float] | None, name: str
    ) -> dict[str, tuple[float, dict[str, Any]]]:
        """Those without a vector come last, with no similarity."""
        embedder = (self.settings["embedders"] or {}).get(name)
        if embedder is None:
            raise Failure("invalid_search_embedder", f"Cannot find embedder with name `{name}`.")
        if vector is None or len(vector) != embedder["dimensions"]:
            raise Failure("invalid_vector_dimensions", "Invalid vector dimensions.")
        found = {}
        for key in rows:
            near = _near(vector, self.vectors[key]) if key in self.vectors else None
            found[key] = (near or 0.0, {"vectorSort": {"order": 0, "similarity": near}})
        return found

    def similar(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        if asked["id"] not in self.rows:
            raise Failure("not_found_similar_id", f"Document `{asked['id']}` not found.", status=404)
        if asked["embedder"] not in (self.settings["embedders"] or {}):
            raise Failure("invalid_similar_embedder", f"Cannot find embedder with name `{asked['embedder']}`.")
        keep = self._filter(asked.get("filter"), "invalid_similar_filter")
        vector = self.vectors.get(asked["id"])
        near = [] if vector is None else [key for key in self.vectors if key != asked["id"] and keep(self.rows[key])]
        scored = sorted(((_near(vector or [], self.vectors[key]), key) for key in near), reverse=True)
        return [{"row": self.rows[key], "score": (score, {})} for score, key in scored]

    def hit(self, found: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
        shown = self._shown(found["row"], asked.get("attributesToRetrieve"))
        score, details = found["score"]
        if asked.get("showRankingScore"):
            shown["_rankingScore"] = score
        if asked.get("showRankingScoreDetails"):
            shown["_rankingScoreDetails"] = details
        return shown

    def facets(self, rows: Sequence[Row], wanted: Sequence[str], code: str) -> dict[str, dict[str, int]]:
        allowed = Attributes(self.settings["filterableAttributes"]).counted
        told: dict[str, dict[str, int]] = {}
        for name in wanted:
            if name not in allowed:
                raise Failure(code, f"Invalid facet distribution: Attribute `{name}` is not filterable.")
            counts: dict[str, int] = {}
            for row in rows:
                for value in set(strings(row.get(name))):
                    counts[value] = counts.get(value, 0) + 1
            most = self.settings["faceting"]["maxValuesPerFacet"]
            told[name] = dict(sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:most])
        return told


def _vector(told: Any) -> list[float] | None:
    if isinstance(told, dict):
        told = told.get("embeddings")
    if not told:
        return None
    vector = told[0] if isinstance(told[0], list) else told
    if not all(isinstance(each, int | float) and math.isfinite(each) for each in vector):
        raise Failure("invalid_vectors_type", "The `_vectors` field of a document is not of numbers.")
    return [float(each) for each in vector]


def _near(left: Sequence[float], right: Sequence[float]) -> float:
    length = math.sqrt(sum(each * each for each in left)) * math.sqrt(sum(each * each for each in right))
    cosine = sum(a * b for a, b in zip(left, right, strict=True)) / length if length else 0.0
    return (1 + max(-1.0, min(1.0, cosine))) / 2
