"""What operators and tools ask: is it alive, is it ready, how much, and what does the API look like."""

import asyncio
from collections.abc import Callable
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST

from app import metrics, search_lag, store
from app.api.calls import Answer, Call, answer
from app.api.routes import Route, route
from app.api.shapes import Health
from app.db import DatabaseAway
from app.engines import answers
from app.errors import not_found

READY_SECONDS: Final = 2.0
_PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Throughline API</title>
<h1>Throughline API</h1>
<p>Described in <a href="/schema/openapi.json">/schema/openapi.json</a> (OpenAPI 3.1), for any reader of yours.</p>
"""


@route("GET", "/health/live", None, answers={200: Health})
async def live(call: Call) -> Answer:
    """The process answers."""
    _ = call.query
    return answer(Health(status="ok", checks={"process": True}))


@route("GET", "/health/ready", None, answers={200: Health, 503: Health})
async def ready(call: Call) -> Answer:
    """The database answers, is migrated, and knows every erasure that is on record outside it.

    `search` says whether the search engine answers, and decides nothing: without it only searches are refused.
    """
    _ = call.query
    checks = {"database": False, "migrated": False, "erasures": False}
    try:
        async with asyncio.timeout(READY_SECONDS):
            async with call.edge.database.connection() as db:
                checks["migrated"] = await store.is_migrated(db)
                checks["database"] = True
            if checks["migrated"]:
                checks["erasures"] = await call.edge.outstanding.nothing(call.edge.database)
    except (DatabaseAway, TimeoutError):
        pass
    needed = all(checks.values())
    checks["search"] = checks["database"] and await answers(call.edge.engine, READY_SECONDS)
    if needed:
        return answer(Health(status="ok", checks=checks))
    return answer(Health(status="unavailable", checks=checks), 503, {"Retry-After": "2"})


@route("GET", "/metrics", None, answers={200: None}, media_type="text/plain")
async def show_metrics(call: Call) -> Answer:
    """For the operator's network: 404 where the server listens on a public address."""
    _ = call.query
    if call.edge.settings.is_public:
        raise not_found()
    await search_lag.measure(call.edge.database, call.edge.engine.name)
    return Answer(body=metrics.exposition(), media_type=CONTENT_TYPE_LATEST)


def schema_routes(document: Callable[[], bytes]) -> tuple[Route, ...]:
    """The routes that show the description of all routes."""

    @route("GET", "/schema", None, answers={200: None}, media_type="text/html")
    async def show_page(call: Call) -> Answer:
        """A page that says where the description is."""
        _ = call.query
        return Answer(body=_PAGE.encode(), media_type="text/html; charset=utf-8")

    @route("GET", "/schema/openapi.json", None, answers={200: dict})
    async def show_document(call: Call) -> Answer:
        """This description."""
        _ = call.query
        return Answer(body=document())

    return (show_page, show_document)


ROUTES: Final[tuple[Route, ...]] = (live, ready, show_metrics)
