"""A small Meilisearch on 127.0.0.1: the part of its documented API that is asked, with tasks that are done later and
may fail after 202.

It refuses what the real one refuses: fields that it does not know, filters and sorts that its settings do not allow,
keys, batches with one bad document. A task is done between two looks at it.
"""

import json
import re
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.search.fake_index import DEFAULTS, Failure, FakeIndex

KEY = "a-master-key-of-32-characters-ok"
NAME = re.compile(r"[A-Za-z0-9_-]{1,512}")
SEARCH = {
    "q", "vector", "hybrid", "offset", "limit", "page", "hitsPerPage", "attributesToRetrieve", "retrieveVectors",
    "attributesToCrop", "cropLength", "attributesToHighlight", "showMatchesPosition", "showRankingScore",
    "showRankingScoreDetails", "filter", "sort", "distinct", "facets", "highlightPreTag", "highlightPostTag",
    "cropMarker", "matchingStrategy", "attributesToSearchOn", "rankingScoreThreshold", "locales", "personalize",
    "media", "showPerformanceDetails",
}  # fmt: skip
SIMILAR = {
    "id", "embedder", "offset", "limit", "filter", "attributesToRetrieve", "retrieveVectors", "showRankingScore",
    "showRankingScoreDetails", "rankingScoreThreshold",
}  # fmt: skip
FETCH = {"offset", "limit", "fields", "filter", "retrieveVectors", "ids", "sort"}


class FakeMeilisearch:
    def __init__(self) -> None:
        self.indexes: dict[str, FakeIndex] = {}
        self.tasks: list[dict[str, Any]] = []
        self.asked: list[tuple[str, str, Any]] = []
        self.failing: defaultdict[str, deque[Failure]] = defaultdict(deque)
        """How the next tasks of a type end, after 202."""
        self.away = False
        """Connections are closed without an answer."""
        self.answers: deque[tuple[int, bytes] | None] = deque()
        """What the next requests get instead of an answer; None closes the connection."""
        self.meanwhile: dict[str, Callable[[], None]] = {}
        """What somebody else does right before the next task of a type."""
        self._lock = threading.RLock()
        self._made = 0
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    @contextmanager
    def listening(self) -> Iterator["FakeMeilisearch"]:
        thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()
            thread.join()

    def task(self, kind: str, index: str | None, work: Any) -> tuple[int, Any]:
        now = datetime.now(UTC).isoformat()
        number = len(self.tasks)
        summary = {"taskUid": number, "indexUid": index, "status": "enqueued", "type": kind, "enqueuedAt": now}
        kept = {**summary, "uid": number, "error": None, "details": {}, "canceledBy": None, "duration": None}
        del kept["taskUid"]
        self.tasks.append({**kept, "startedAt": None, "finishedAt": None, "batchUid": None, "work": work})
        return 202, summary

    def _work(self) -> None:
        """One task for each look at the tasks: a client that does not look again does not see it done."""
        waiting = next((task for task in self.tasks if task["status"] in {"enqueued", "processing"}), None)
        if waiting is None:
            return
        if waiting["status"] == "enqueued":
            waiting["status"] = "processing"
            return
        try:
            if self.failing[waiting["type"]]:
                raise self.failing[waiting["type"]].popleft()
            self.meanwhile.pop(waiting["type"], lambda: None)()
            waiting["work"]()
            waiting["status"] = "succeeded"
        except Failure as failure:
            ended = "canceled" if failure.code == "canceled" else "failed"
            waiting["status"], waiting["error"] = ended, None if ended == "canceled" else failure.told()

    def answer(self, method: str, path: str, query: Mapping[str, list[str]], body: Any) -> tuple[int, Any]:
        with self._lock:
            self.asked.append((method, path, body))
            parts = path.strip("/").split("/")
            if parts[0] == "tasks":
                self._work()
                told = {name: value for name, value in self.tasks[int(parts[1])].items() if name != "work"}
                return 200, told
            if parts[0] == "version":
                return 200, {"commitSha": "unknown", "commitDate": "unknown", "pkgVersion": "1.50.0"}
            if parts[0] == "multi-search":
                return self._merged(body)
            if parts[0] == "indexes" and len(parts) > 1:
                return self._index(method, parts[1], parts[2:], query, body)
        raise Failure("not_found", "no such route", status=404)

    def index(self, name: str) -> FakeIndex:
        if name not in self.indexes:
            raise Failure("index_not_found", f"Index `{name}` not found.", status=404)
        return self.indexes[name]

    def made(self, name: str) -> FakeIndex:
        if NAME.fullmatch(name) is None:
            raise Failure("invalid_index_uid", f"`{name}` is not a valid index uid.")
        if name not in self.indexes:
            self._made += 1
            self.indexes[name] = FakeIndex(f"2026-01-01T00:00:00.{self._made:06d}Z")
        return self.indexes[name]

    def _index(
        self, method: str, name: str, rest: list[str], query: Mapping[str, list[str]], body: Any
    ) -> tuple[int, Any]:
        if not rest and method == "GET":
            there = self.index(name)
            return 200, {"uid": name, "primaryKey": there.key, "createdAt": there.created, "updatedAt": there.created}
        if not rest and method == "DELETE":
            return self.task("indexDeletion", name, lambda: self._dropped(name))
        if rest == ["settings"] and method == "PATCH":
            _known(body, set(DEFAULTS))
            return self.task("settingsUpdate", name, lambda: self.made(name).set_up(body))
        if rest == ["documents"] and method in {"POST", "PUT"}:
            key = (query.get("primaryKey") or [None])[0]
            work = lambda: self.made(name).put(body, key, update=method == "PUT")  # noqa: E731
            return self.task("documentAdditionOrUpdate", name, work)
        if rest == ["documents", "delete-batch"]:
            return self.task("documentDeletion", name, lambda: self.index(name).delete(body))
        if rest == ["documents", "fetch"]:
            _known(body, FETCH)
            return 200, self.index(name).fetch(body)
        if rest == ["search"]:
            _known(body, SEARCH)
            return 200, self._searched(self.index(name), body)
        if rest == ["similar"]:
            _known(body, SIMILAR)
            there = self.index(name)
            found = there.similar(body)
            limit = body.get("limit") or 20
            hits = [there.hit(each, body) for each in found[:limit]]
            return 200, {"hits": hits, "id": body["id"], "processingTimeMs": 1, "limit": limit, "offset": 0}
        raise Failure("not_found", "no such route", status=404)

    def _dropped(self, name: str) -> None:
        self.index(name)
        del self.indexes[name]

    def _searched(self, there: FakeIndex, asked: Mapping[str, Any]) -> dict[str, Any]:
        found = there.candidates(asked)
        most = there.settings["pagination"]["maxTotalHits"]
        told: dict[str, Any] = {"processingTimeMs": 1, "query": asked.get("q") or ""}
        if asked.get("facets"):
            rows = [each["row"] for each in found]
            told |= {
                "facetDistribution": there.facets(rows, asked["facets"], "invalid_search_facets"),
                "facetStats": {},
            }
        if asked.get("page") is not None or asked.get("hitsPerPage") is not None:
            page, size = asked.get("page") or 1, asked.get("hitsPerPage")
            size = 20 if size is None else size
            start, total = (page - 1) * size, min(len(found), most)
            told |= {
                "page": page,
                "hitsPerPage": size,
                "totalHits": total,
                "totalPages": -(-total // size) if size else 0,
            }
        else:
            start, size = asked.get("offset") or 0, asked.get("limit", 20)
            told |= {"offset": start, "limit": size, "estimatedTotalHits": min(len(found), most)}
        hits = found[:most][start : start + size]
        return {"hits": [there.hit(each, asked) for each in hits], **told}

    def _merged(self, body: Mapping[str, Any]) -> tuple[int, Any]:
        federation = body["federation"]
        _known(federation, {"limit", "offset", "facetsByIndex", "mergeFacets", "page", "hitsPerPage", "distinct"})
        best: dict[str, tuple[Any, ...]] = {}
        for position, asked in enumerate(body["queries"]):
            _known(asked, SEARCH | {"indexUid", "federationOptions"})
            _alone(asked)
            if asked["indexUid"] not in self.indexes:
                raise Failure("index_not_found", f"Inside `.queries[{position}]`: Index not found.")
            there = self.index(asked["indexUid"])
            weight = (asked.get("federationOptions") or {}).get("weight", 1.0)
            for rank, each in enumerate(there.candidates(asked)):
                score, details = each["score"]
                worth = score * weight if details else -1.0
                order = (0, rank) if asked.get("sort") else (-worth, rank)
                identifier = each["row"][there.key or ""]
                if identifier not in best or order < best[identifier][0]:
                    best[identifier] = (order, position, worth, there, each, asked)
        ranked = sorted(best.values(), key=lambda each: each[0])
        if any(asked.get("sort") for asked in body["queries"]):
            rows = [each[4]["row"] for each in ranked]
            ranked[0][3]._sort(rows, body["queries"][0]["sort"], "invalid_search_sort", ruled=True) if rows else None
            place = {id(row): at for at, row in enumerate(rows)}
            ranked.sort(key=lambda each: place[id(each[4]["row"])])
        hits = []
        for _, position, worth, there, each, asked in ranked[: federation["limit"]]:
            merged = {
                "indexUid": asked["indexUid"],
                "queriesPosition": position,
                "weightedRankingScore": max(worth, 0.0),
            }
            hits.append({**there.hit(each, asked), "_federation": merged})
        told: dict[str, Any] = {"hits": hits, "processingTimeMs": 1, "limit": federation["limit"], "offset": 0}
        told["estimatedTotalHits"] = min(len(ranked), 10_000)
        for name, facets in (federation.get("facetsByIndex") or {}).items():
            rows = [each[4]["row"] for each in ranked]
            counted = self.index(name).facets(rows, facets, "invalid_multi_search_facets")
            told.setdefault("facetsByIndex", {})[name] = {"distribution": counted, "stats": {}}
        return 200, told


def _alone(asked: Mapping[str, Any]) -> None:
    """In a merged question pages and facets are asked for once, beside the queries."""
    if any(asked.get(name) is not None for name in ("limit", "offset", "page", "hitsPerPage")):
        raise Failure("invalid_multi_search_query_pagination", "Using pagination options is not allowed in queries.")
    if asked.get("facets") is not None:
        raise Failure("invalid_multi_search_query_facets", "Using facet options is not allowed in queries.")


def _known(body: Mapping[str, Any], fields: set[str]) -> None:
    for name in body:
        if name not in fields:
            raise Failure("bad_request", f"Unknown field `{name}`: expected one of {sorted(fields)}")


def _handler(server: FakeMeilisearch) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            sent = self.rfile.read(length)
            answer = None if server.away else server.answers.popleft() if server.answers else self._told(sent)
            if answer is None:
                self.close_connection = True
                return
            status, told = answer
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if told.startswith(b"<") else "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815

        def _told(self, sent: bytes) -> tuple[int, bytes]:
            url = urlsplit(self.path)
            try:
                if url.path != "/health":
                    self._signed()
                else:
                    return 200, b'{"status":"available"}'
                body = json.loads(sent) if sent else None
                status, told = server.answer(self.command, url.path, parse_qs(url.query), body)
                return status, json.dumps(told).encode()
            except Failure as failure:
                return failure.status, json.dumps(failure.told()).encode()

        def _signed(self) -> None:
            key = self.headers.get("Authorization")
            if key is None:
                raise Failure(
                    "missing_authorization_header", "The Authorization header is missing.", status=401, kind="auth"
                )
            if key != f"Bearer {KEY}":
                raise Failure("invalid_api_key", "The provided API key is invalid.", status=403, kind="auth")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    return Handler
