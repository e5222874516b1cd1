"""The API's description (OpenAPI 3.1), made from the declared routes: every parameter, shape and status."""

import json
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec

from app.api.routes import Route
from app.api.shapes import Decide
from app.errors import PROBLEM_JSON, ProblemDetails

_REF: Final = "#/components/schemas/{name}"
_KEYED: Final = (400, 401, 403, 404, 429, 503)
_REQUEST_ID: Final = {
    "X-Request-ID": {"description": "Finds this request in the log.", "schema": {"type": "string"}, "required": True}
}
_OPAQUE: Final = frozenset({"account", "object_id", "report", "ticket", "type"})
"""Ids in a path that need not be UUIDs."""
_RETRY: Final = {"Retry-After": {"description": "Seconds.", "schema": {"type": "string"}, "required": True}}
_WRITES: Final = [
    {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "The same key again answers with the first answer, for at least a day.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    }
]


def describe(routes: Sequence[Route], version: str) -> bytes:
    """The whole document as JSON."""
    shapes = _Shapes(routes)
    paths: dict[str, dict[str, Any]] = {}
    for one in routes:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, shapes)
    return json.dumps(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Throughline",
                "version": version,
                "description": "One lifelong thread per customer. Ids are opaque, times are RFC 3339 in UTC.",
            },
            "servers": [{"url": "/"}],
            "paths": paths,
            "components": {
                "schemas": shapes.components,
                "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "tl_..."}},
            },
        }
    ).encode()


class _Shapes:
    """The JSON schemas of every type that a route names."""

    def __init__(self, routes: Sequence[Route]) -> None:
        named: list[Any] = [ProblemDetails]
        for one in routes:
            for kind in (one.takes, *one.answers.values()):
                named.extend(kind if isinstance(kind, tuple) else () if kind is None else (kind,))
        schemas, self.components = msgspec.json.schema_components(named, ref_template=_REF, schema_hook=_unknown)
        self._schemas = [(kind, schema) for kind, schema in zip(named, schemas, strict=True)]

    def of(self, kind: Any) -> dict[str, Any]:
        if isinstance(kind, tuple):
            return {"anyOf": [self.of(one) for one in kind]}
        return next(schema for known, schema in self._schemas if known == kind)


def _unknown(kind: type) -> dict[str, Any]:
    """msgspec's hook for types that it cannot describe. NotImplementedError is the hook's protocol for a type that is
    not its own: a route that returns such a type fails when the server starts, and the tests with it."""
    if kind is msgspec.Raw:
        return {}
    raise NotImplementedError(kind)


def _operation(one: Route, shapes: _Shapes) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _name(one),
        "summary": one.words.partition(". ")[0].rstrip("."),
        "description": one.words,
        "parameters": [*_parameters(one), *(_WRITES if _writes(one) and one.right else [])],
        "responses": _responses(one, shapes),
    }
    if one.right is not None:
        operation["security"] = [{"key": []}]
    if one.takes is not None:
        content = {"application/json": {"schema": shapes.of(one.takes)}}
        if one.also_takes:
            content[one.also_takes] = {"schema": {"type": "string"}}
        operation["requestBody"] = {"required": one.needs_body and one.takes is not Decide, "content": content}
    return operation


def _writes(one: Route) -> bool:
    return one.method != "GET"


def _name(one: Route) -> str:
    words = one.path.replace("/api/v1", "").replace("{", "").replace("}", "").replace("-", "_").strip("/")
    return f"{one.method.lower()}_{words.replace('/', '_').replace('.', '_')}"


def _parameters(one: Route) -> Iterable[dict[str, Any]]:
    for name in one.path_parameters:
        schema = {"type": "string"} if name in _OPAQUE else {"type": "string", "format": "uuid"}
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    for place, parameter in [("query", one) for one in one.query] + [("header", one) for one in one.headers]:
        yield {
            "name": parameter.name,
            "in": place,
            "required": False,
            "description": parameter.words,
            "schema": parameter.schema,
        }


def _responses(one: Route, shapes: _Shapes) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, kind in sorted(one.answers.items()):
        answered: dict[str, Any] = {"description": HTTPStatus(status).phrase, "headers": dict(_REQUEST_ID)}
        if status == 308:
            answered["description"] = "It went to another: ask there."
            answered["headers"]["Location"] = {"schema": {"type": "string"}, "required": True}
        else:
            answered["content"] = {one.media_type: {"schema": shapes.of(kind)} if kind is not None else {}}
            if one.also_answers:
                answered["content"][one.also_answers] = {"schema": {"type": "string"}}
        responses[str(status)] = answered
    problem = {PROBLEM_JSON: {"schema": shapes.of(ProblemDetails)}}
    for status in sorted(_refusals(one) - set(one.answers)):
        headers = {**_REQUEST_ID, **(_RETRY if status in (429, 503) else {})}
        responses[str(status)] = {"description": HTTPStatus(status).phrase, "headers": headers, "content": problem}
    return responses


def _refusals(one: Route) -> set[int]:
    refused = {400, 404, 405, *one.refuses}
    if one.right is not None:
        refused |= set(_KEYED)
    if _writes(one):
        refused |= {413, 422}
    return refused
