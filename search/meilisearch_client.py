"""One Meilisearch server, asked over HTTP: questions with a time limit, and tasks whose outcome is read.

202 says that a task was heard. It may fail later, and one bad document fails all that came with it.
"""

import asyncio
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec

from search.engine import EngineAway, Refused
from search.meilisearch_rows import KEY, Row

NOT_INSTALLED: Final = "Meilisearch is asked for, and its library is missing: install the extra `meilisearch`"
HTTP_SECONDS: Final = 20
TASK_SECONDS: Final = 120.0
SETTINGS_SECONDS: Final = 3_600.0
FIRST_LOOK: Final = 0.004
LONGEST_PAUSE: Final = 0.25

_SDK: Final = "meilisearch_python_sdk"
_ERRORS: Final = "meilisearch_python_sdk.errors"
_SETTINGS: Final = "meilisearch_python_sdk.models.settings"
_SEARCH: Final = "meilisearch_python_sdk.models.search"
_HTTP: Final = "httpx2"
_NO_KEY: Final = (401, 403)
_NOT_THERE: Final = "index_not_found"
_TOO_LARGE: Final = "payload_too_large"

Ask = Callable[..., Awaitable[Any]]


class TaskFailed(Exception):
    """A task that Meilisearch had taken did not succeed."""

    def __init__(self, code: str, kind: str, words: str) -> None:
        self.code, self.kind, self.words = code, kind, words
        super().__init__(f"{code}: {words}")

    @property
    def of_a_document(self) -> bool:
        """Something that was sent is at fault, and neither the index nor the machine."""
        return self.kind == "invalid_request" and not self.code.startswith(("index_", "invalid_settings"))


class Json:
    """For the library, which brings the standard module: several times slower on vectors."""

    serializer = None

    @staticmethod
    def dumps(value: Any) -> str:
        return msgspec.json.encode(value).decode()

    @staticmethod
    def dump_bytes(value: Any) -> bytes:
        return msgspec.json.encode(value)

    @staticmethod
    def loads(text: str | bytes | bytearray) -> Any:
        return msgspec.json.decode(text)


class Client:
    """Each method may raise EngineAway, inside `asking`."""

    def __init__(self, url: str, key: str | None) -> None:
        self._url, self._key = url.rstrip("/"), key
        self._library: dict[str, Any] = {}
        self._sdk: Any = None

    async def open(self) -> None:
        """Asks nothing yet: a desk starts without its engine."""
        try:
            self._library = {name: importlib.import_module(name) for name in (_SDK, _ERRORS, _SETTINGS, _SEARCH, _HTTP)}
        except ImportError:
            return
        make = self._library[_SDK].AsyncClient
        self._sdk = make(self._url, self._key, timeout=HTTP_SECONDS, json_handler=Json())

    async def close(self) -> None:
        if self._sdk is not None:
            await self._sdk.aclose()

    @asynccontextmanager
    async def asking(self, seconds: float | None = None) -> AsyncIterator[None]:
        """Whatever keeps the server from answering well, as EngineAway in words."""
        if self._sdk is None:
            raise EngineAway(NOT_INSTALLED)
        errors, web = self._library[_ERRORS], self._library[_HTTP]
        try:
            async with asyncio.timeout(seconds):
                yield
        except errors.MeilisearchApiError as refused:
            raise EngineAway(_refusal(refused)) from refused
        except TaskFailed as failed:
            raise EngineAway(f"Meilisearch could not do it: {failed.code}: {failed.words}") from failed
        except TimeoutError as late:
            raise EngineAway("Meilisearch does not answer in time") from late
        except (
            errors.MeilisearchError,
            web.HTTPError,
            web.InvalidURL,
            msgspec.DecodeError,
            ValueError,
            LookupError,
            TypeError,
            OSError,
        ) as lost:
            told = str(lost) or type(lost).__name__
            raise EngineAway(f"Meilisearch does not answer: {told}") from lost

    async def _again(self, ask: Ask, *given: Any, **asked: Any) -> Any:
        """Once more where a kept connection was closed just as it was used: nothing here does more when done twice."""
        web = self._library[_HTTP]
        try:
            return await ask(*given, **asked)
        except self._library[_ERRORS].MeilisearchError as lost:
            if not isinstance(lost.__cause__, web.RemoteProtocolError | web.ReadError | web.WriteError):
                raise
        return await ask(*given, **asked)

    async def version(self) -> str:
        return (await self._again(self._sdk.get_version)).pkg_version

    async def created(self, name: str) -> str | None:
        """When an index was made: another one of its name tells another time. None: it is not there."""
        try:
            there = await self._again(self._sdk.get_index, name)
        except self._library[_ERRORS].MeilisearchApiError as refused:
            if refused.code != _NOT_THERE:
                raise
            return None
        return there.created_at.isoformat()

    async def set_up(self, name: str, settings: dict[str, Any]) -> None:
        wanted = self._library[_SETTINGS].MeilisearchSettings(**settings)
        await self._done(await self._again(self._sdk.index(name).update_settings, wanted), SETTINGS_SECONDS)

    async def add(self, name: str, rows: Sequence[Row]) -> list[Refused]:
        """Put rows in the place of those with their ids."""
        return await self._put(self._sdk.index(name).add_documents, rows)

    async def update(self, name: str, rows: Sequence[Row]) -> list[Refused]:
        """Change those attributes of rows that are given; one that is not there is made of them."""
        return await self._put(self._sdk.index(name).update_documents, rows)

    async def _put(self, put: Ask, rows: Sequence[Row]) -> list[Refused]:
        """A batch fails as one, so halves of it are tried until those at fault stand alone."""
        if not rows:
            return []
        try:
            await self._done(await self._again(put, rows, KEY))
        except (TaskFailed, UnicodeEncodeError, self._library[_ERRORS].MeilisearchApiError) as failed:
            if not _of_a_document(failed):
                raise
            if len(rows) == 1:
                return [Refused(id=rows[0][KEY], words=_told(failed))]
            middle = len(rows) // 2
            return [*await self._put(put, rows[:middle]), *await self._put(put, rows[middle:])]
        return []

    async def delete(self, name: str, ids: Sequence[str]) -> None:
        if ids:
            await self._gone(self._sdk.index(name).delete_documents, list(ids))

    async def drop(self, name: str) -> None:
        await self._gone(self._sdk.index(name).delete)

    async def _gone(self, delete: Ask, *given: Any) -> None:
        """What is not there needs no deleting."""
        try:
            await self._done(await self._again(delete, *given))
        except (TaskFailed, self._library[_ERRORS].MeilisearchApiError) as failed:
            if failed.code != _NOT_THERE:
                raise

    async def _done(self, task: Any, seconds: float = TASK_SECONDS) -> None:
        """Wait for a task; `canceled` is an end too, which the library's own waiting does not know."""
        pause = FIRST_LOOK
        async with asyncio.timeout(seconds):
            while True:
                result = await self._again(self._sdk.get_task, task.task_uid)
                if result.status == "succeeded":
                    return
                if result.status in {"failed", "canceled"}:
                    error = result.error or {}
                    code, kind = error.get("code", result.status), error.get("type", "")
                    raise TaskFailed(code, kind, error.get("message", ""))
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, LONGEST_PAUSE)

    async def rows(self, name: str, **asked: Any) -> list[Row]:
        """Documents by `ids` or `filter`, in the order of `sort`; of an index that is not there, none."""
        if asked.get("ids") == []:
            return []
        asked.setdefault("limit", len(asked.get("ids") or ()))
        try:
            return (await self._again(self._sdk.index(name).get_documents, **asked)).results
        except self._library[_ERRORS].MeilisearchApiError as refused:
            if refused.code != _NOT_THERE:
                raise
            return []

    async def total(self, name: str, condition: str) -> int:
        try:
            ask = self._sdk.index(name).get_documents
            return (await self._again(ask, filter=condition, limit=1, fields=[KEY])).total
        except self._library[_ERRORS].MeilisearchApiError as refused:
            if refused.code != _NOT_THERE:
                raise
            return 0

    async def search(self, name: str, q: str | None, **asked: Any) -> Any:
        return await self._again(self._sdk.index(name).search, q, **asked)

    async def nearest(self, name: str, vector: list[float], embedder: str, **asked: Any) -> Any:
        """By meaning alone: the ratio leaves the words no part."""
        hybrid = self._library[_SEARCH].Hybrid(semantic_ratio=1.0, embedder=embedder)
        return await self._again(self._sdk.index(name).search, None, vector=vector, hybrid=hybrid, **asked)

    async def merged(self, name: str, queries: Sequence[dict[str, Any]], limit: int, facets: Sequence[str]) -> Any:
        """Several questions to one index, each document once."""
        models = self._library[_SEARCH]
        asked = [
            models.SearchParams(
                index_uid=name,
                federation_options=models.FederationOptions(weight=query.pop("weight")),
                **query,
            )
            for query in queries
        ]
        counted = {name: list(facets)} if facets else None
        federation = models.Federation(limit=limit, facets_by_index=counted)
        return await self._again(self._sdk.multi_search, asked, federation=federation)

    async def similar(self, name: str, identifier: str, **asked: Any) -> Any | None:
        """None where the document is not there."""
        try:
            return await self._again(self._sdk.index(name).search_similar_documents, identifier, **asked)
        except self._library[_ERRORS].MeilisearchApiError as refused:
            if refused.code not in {"not_found_similar_id", _NOT_THERE}:
                raise
            return None


def _of_a_document(failed: Exception) -> bool:
    if isinstance(failed, TaskFailed):
        return failed.of_a_document
    return isinstance(failed, UnicodeEncodeError) or getattr(failed, "code", "") == _TOO_LARGE


def _told(failed: Exception) -> str:
    return f"{failed.code}: {failed.words}" if isinstance(failed, TaskFailed) else str(failed)


def _refusal(refused: Any) -> str:
    if refused.status_code in _NO_KEY:
        return "Meilisearch refuses our key: look at MEILISEARCH_KEY"
    if refused.code == _NOT_THERE:
        return "the index is not there yet, or no more: it is made again"
    return f"Meilisearch answers {refused.status_code}: {refused.code}"
