"""Which status an error answers with: one table, and the problem details (RFC 9457) that go out."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec

from app.db import DatabaseAway, KeyGone
from channels.files import FilesAway
from identity.errors import Absorbed, AlreadyDecided, AlreadyUndone, Impossible, NotFound
from search.engine import EngineAway
from timeline.errors import (
    AlreadyClaimed,
    ContentDiffers,
    ItemRefused,
    StillDeriving,
    TicketElsewhere,
    TicketStale,
    UnderHold,
)
from timeline.interactions import InvalidField

PROBLEM_JSON: Final = "application/problem+json"
RETRY_SECONDS: Final = 2


class FieldFault(msgspec.Struct, frozen=True, kw_only=True):
    """One field at fault: its path in the body, or the parameter's name."""

    field: str
    words: str


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True):
    """An error as it is answered. `code` is stable; `detail` and `words` are for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    fields: list[FieldFault]


class Problem(Exception):
    """An answer that is an error. Raise it where no named error fits."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        fields: Sequence[tuple[str, str]] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.fields = [FieldFault(field=field, words=words) for field, words in fields]
        self.headers = headers or {}

    def body(self) -> bytes:
        return msgspec.json.encode(
            ProblemDetails(
                type=f"urn:throughline:problem:{self.code}",
                title=HTTPStatus(self.status).phrase,
                status=self.status,
                detail=self.detail,
                code=self.code,
                fields=self.fields,
            )
        )


def not_found() -> Problem:
    """Absent, malformed, another workspace's, or no such route: the same bytes."""
    return Problem(404, "not_found", "There is nothing here.")


def bad_request(field: str, words: str) -> Problem:
    return Problem(400, "invalid", f"{field}: {words}" if field else words, [(field, words)])


def unauthorized() -> Problem:
    return Problem(
        401,
        "unauthorized",
        "This needs a key that holds: Authorization: Bearer tl_...",
        headers={"WWW-Authenticate": 'Bearer realm="throughline"'},
    )


def forbidden(right: str) -> Problem:
    return Problem(403, "forbidden", f"This key's role lacks the right {right!r}.")


def version_required() -> Problem:
    words = "Say which version this is asked of: If-Match or version."
    return Problem(428, "version_required", words, [("version", words)])


def too_large(words: str) -> Problem:
    return Problem(413, "too_large", words)


def too_many(seconds: int) -> Problem:
    words = "Too many requests at once: wait a moment."
    return Problem(429, "rate_limited", words, headers={"Retry-After": str(seconds)})


def unavailable() -> Problem:
    words = "The database does not answer right now. Nothing is lost: try again."
    return Problem(503, "unavailable", words, headers={"Retry-After": str(RETRY_SECONDS)})


def _files_away() -> Problem:
    words = "The files do not answer right now: try again."
    return Problem(503, "unavailable", words, headers={"Retry-After": str(RETRY_SECONDS)})


def _search_away(error: EngineAway) -> Problem:
    words = f"Search does not answer right now, and comes back by itself: {error.words}."
    return Problem(503, "unavailable", words, headers={"Retry-After": str(RETRY_SECONDS)})


def internal() -> Problem:
    return Problem(500, "internal", "Something went wrong on our side; the request id finds it in the log.")


def _absorbed(error: Absorbed) -> Problem:
    return Problem(
        409,
        "absorbed",
        f"This customer was merged into {error.survivor}.",
        [("id", f"ask for {error.survivor}")],
    )


def _differs(error: ContentDiffers) -> Problem:
    faults = [(field, "differs from what was pushed first") for field in error.fields]
    return Problem(409, "content_differs", str(error), faults)


def _elsewhere(error: TicketElsewhere) -> Problem:
    faults = [] if error.survivor is None else [("ticket", f"ask for {error.survivor}")]
    return Problem(409, "ticket_elsewhere", str(error), faults)


def _claimed(error: AlreadyClaimed) -> Problem:
    return Problem(409, "already_claimed", str(error), [("assignee", str(error.assignee))])


def _stale(error: TicketStale) -> Problem:
    faults = [("version", f"it is at version {error.version}")]
    return Problem(412, "stale", str(error), faults, {"ETag": f'"{error.version}"'})


def _deriving() -> Problem:
    words = "The tickets of this customer are being folded again: ask once that is done."
    return Problem(409, "still_deriving", words, headers={"Retry-After": str(RETRY_SECONDS)})


_TABLE: Final[dict[type[Exception], Callable[[Any], Problem]]] = {
    InvalidField: lambda error: bad_request(error.field, error.words),
    NotFound: lambda _: not_found(),
    Absorbed: _absorbed,
    AlreadyDecided: lambda error: Problem(409, "already_decided", str(error)),
    AlreadyUndone: lambda error: Problem(409, "already_undone", str(error) or "This was taken back before."),
    Impossible: lambda error: Problem(422, "impossible", str(error), [(error.field, str(error))]),
    ContentDiffers: _differs,
    ItemRefused: lambda error: Problem(422, "impossible", str(error), [(error.field, str(error))]),
    TicketElsewhere: _elsewhere,
    TicketStale: _stale,
    AlreadyClaimed: _claimed,
    StillDeriving: lambda _: _deriving(),
    UnderHold: lambda error: Problem(409, "under_hold", str(error)),
    KeyGone: lambda _: unauthorized(),
    DatabaseAway: lambda _: unavailable(),
    FilesAway: lambda _: _files_away(),
    EngineAway: _search_away,
}


def problem_of(error: Exception) -> Problem:
    """The answer to an error; one that is in no table is ours, and a 500."""
    if isinstance(error, Problem):
        return error
    for kind in type(error).__mro__:
        if kind in _TABLE:
            return _TABLE[kind](error)
    status = getattr(error, "status_code", None)  # Litestar's, which the command line does without
    return internal() if status is None else _of_status(status, getattr(error, "headers", None))


def _of_status(status: int, headers: dict[str, str] | None) -> Problem:
    if status == 404:
        return not_found()
    if status == 405:
        return Problem(405, "method_not_allowed", "This route knows other methods.", headers=dict(headers or {}))
    if status == 413:
        return too_large("The body is larger than this route takes.")
    if 400 <= status < 500:
        return Problem(status, "invalid", HTTPStatus(status).phrase)
    return internal()
