"""How a route is declared, and what happens around every handler: key, rate, right, errors, log, request id."""

import re
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Literal

import msgspec
import structlog
from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from app import metrics
from app.access import Caller, Right, permit
from app.api.calls import Answer, Call, Edge
from app.db import new_id
from app.errors import PROBLEM_JSON, Problem, problem_of
from app.limits import BODY_BYTES

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Handler = Callable[[Call], Awaitable[Answer]]

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,99}")
_PARAMETER: Final = re.compile(r"{(\w+)}")
_log = structlog.get_logger("throughline.http")


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A query parameter or a header; `schema` is its JSON schema, a list where it may be given several times."""

    name: str
    words: str
    schema: dict[str, Any]


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """A route: who may call it, what it takes and every way it answers. OpenAPI is made from this."""

    method: Method
    path: str
    handler: Handler
    right: Right | None
    words: str
    answers: dict[int, Any]
    query: tuple[Parameter, ...] = ()
    headers: tuple[Parameter, ...] = ()
    takes: Any = None
    needs_body: bool = True
    also_takes: str | None = None
    also_answers: str | None = None
    most_bytes: int = BODY_BYTES
    media_type: str = "application/json"
    refuses: frozenset[int] = frozenset()
    any_text: bool = False
    """Path parameters are texts of any characters, slashes too: the handler reads the path as it was sent."""

    @property
    def path_parameters(self) -> list[str]:
        return _PARAMETER.findall(self.path)


def route(
    method: Method, path: str, right: Right | None, *, answers: dict[int, Any], **rest: Any
) -> Callable[[Handler], Route]:
    """Declare a route; the handler's docstring is its description."""

    def declare(handler: Handler) -> Route:
        words = " ".join((handler.__doc__ or "").split())
        return Route(method=method, path=path, handler=handler, right=right, words=words, answers=answers, **rest)

    return declare


def handlers(routes: Sequence[Route], edge: Edge) -> list[HTTPRouteHandler]:
    return [_handler(one, edge) for one in routes]


def _handler(declared: Route, edge: Edge) -> HTTPRouteHandler:
    allowed = frozenset(parameter.name for parameter in declared.query)

    async def handle(request: Request[Any, Any, Any]) -> Response[Any]:
        started = time.perf_counter()
        call = Call(edge, request, None, allowed)
        caller: Caller | None = None
        try:
            if declared.right is not None:
                caller = await edge.doorkeeper.admit(request.headers.get("authorization"))
                call = Call(edge, request, caller, allowed)
                edge.rates.take(caller.key, caller.rate)
                permit(caller, declared.right)
            done = await declared.handler(call)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is answered
            done = await _refuse(call, caller, error)
        return _respond(declared, request, caller, done, started)

    any_text = declared.path.partition("{")[0] + "{rest:path}"
    return HTTPRouteHandler(
        any_text if declared.any_text else _PARAMETER.sub(r"{\1:str}", declared.path),
        http_method=declared.method,
        status_code=200,
        name=f"{declared.method} {declared.path}",
        include_in_schema=False,
        request_max_body_size=declared.most_bytes,
        media_type=declared.media_type,
    )(handle)


async def _refuse(call: Call, caller: Caller | None, error: Exception) -> Answer:
    """The answer to an error. A key that does not hold any more hears that and nothing else."""
    problem = problem_of(error)
    if caller is not None and not call.asked and problem.status in (400, 403, 404, 409, 413, 422):
        try:
            async with call.read():
                pass
        except Exception as worse:  # noqa: BLE001 - mapped like any other
            error, problem = worse, problem_of(worse)
    if problem.status == 401 and caller is not None:
        call.edge.doorkeeper.forget(caller.key)
    if problem.status >= 500:
        _log.error("http.failed", error=error.__cause__ if problem.status == 503 and error.__cause__ else error)
    return answer_of(problem)


def answer_of(problem: Problem) -> Answer:
    return Answer(status=problem.status, body=problem.body(), headers=problem.headers, media_type=PROBLEM_JSON)


def _respond(
    declared: Route, request: Request[Any, Any, Any], caller: Caller | None, done: Answer, started: float
) -> Response[Any]:
    seconds = time.perf_counter() - started
    name = request_id(request)
    metrics.count_request(declared.method, declared.path, done.status, seconds)
    log_request(declared.method, declared.path, done.status, seconds, name, caller)
    headers = {**done.headers, "X-Request-ID": name}
    if done.stream is not None:
        return Stream(done.stream, status_code=done.status, headers=headers, media_type=done.media_type)
    return Response(done.body, status_code=done.status, headers=headers, media_type=done.media_type)


def log_request(
    method: str, template: str, status: int, seconds: float, name: str, caller: Caller | None = None
) -> None:
    _log.info(
        "http",
        method=method,
        route=template,
        status=status,
        ms=round(seconds * 1_000, 2),
        request=name,
        workspace=caller and str(caller.workspace.id),
        key=caller and str(caller.key),
    )


def request_id(request: Request[Any, Any, Any]) -> str:
    """The caller's own id where it is sane, else a new one."""
    said = request.headers.get("x-request-id", "")
    return said if _REQUEST_ID.fullmatch(said) else new_id().hex
