"""A page asks what the API answers, within the process: the same right, checks and idempotency as from outside."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from litestar import Request

from app.access import permit
from app.api.calls import Answer, Call
from app.api.routes import Route
from app.console.pages import Visit

T = TypeVar("T")

_KEPT_HEADERS: Final = frozenset({b"host", b"x-request-id", b"user-agent"})
Path = Mapping[str, str]


async def ask(
    visit: Visit,
    route: Route,
    path: Path | None = None,
    *,
    query: Mapping[str, Any] | None = None,
    body: Any = None,
    version: str | None = None,
    once: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """The answer of `route`. `path` are the parameters in it, `body` becomes JSON (bytes go as they are), `version`
    is If-Match, `once` the Idempotency-Key. Raises what the route raises: `app.errors.problem_of` says it in words."""
    permit(visit.caller, route.right or "read")
    said = dict(headers or {})
    if version is not None:
        said["if-match"] = version
    if once:
        said["idempotency-key"] = once
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body) if body is not None else b""
    asked = urlencode({name: value for name, value in (query or {}).items() if value is not None}, doseq=True).encode()
    request = _request(visit.request, route, dict(path or {}), asked, said, raw)
    allowed = frozenset(one.name for one in route.query)
    call = Call(visit.edge, request, visit.caller, allowed)
    try:
        return await route.handler(call)
    finally:
        visit.asked |= call.asked


async def answered(visit: Visit, route: Route, shape: type[T], path: Path | None = None, **asked: Any) -> T:
    """What `route` answers, read as `shape`."""
    return msgspec.json.decode((await ask(visit, route, path, **asked)).body, type=shape)


def _request(
    outer: Request[Any, Any, Any], route: Route, path: dict[str, str], query: bytes, said: dict[str, str], body: bytes
) -> Request[Any, Any, Any]:
    where = route.path
    for name, value in path.items():
        where = where.replace(f"{{{name}}}", quote(value, safe=""))
    kept = [(name, value) for name, value in outer.scope["headers"] if name in _KEPT_HEADERS]
    new = [(name.lower().encode(), value.encode()) for name, value in said.items()]
    scope: Any = {
        **outer.scope,
        "method": route.method,
        "path": where,
        "raw_path": where.encode(),
        "path_params": path,
        "query_string": query,
        "headers": [*kept, *new, (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())],
        "state": {},
    }

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(scope, receive=receive)
