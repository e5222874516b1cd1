"""The application that a server runs: routes, the process's parts, and what starts and ends with it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

import structlog
from litestar import Litestar, Request, Response
from litestar.datastructures import State

from app.api import (
    agents,
    assistance,
    bounces,
    calendars,
    changes,
    channel_accounts,
    channel_changes,
    claims,
    confirmations,
    customers,
    erasure,
    files,
    first_messages,
    hooks,
    identity,
    identity_policies,
    indexes,
    interactions,
    keys,
    notifications,
    objects,
    operations,
    outbound,
    policies,
    previews,
    quarantine,
    queues,
    reports,
    retention,
    routing,
    search,
    similar,
    sla,
    tasks,
    teams,
    ticket_commands,
    ticket_edits,
    ticket_life,
    ticket_types,
    tickets,
    triage,
    values,
    views,
    webhooks,
)
from app.api.calls import Edge
from app.api.openapi import describe
from app.api.routes import Route, answer_of, handlers, log_request, request_id
from app.console import (
    account,
    bulk,
    claiming,
    customer_list,
    doing_moving,
    finding,
    identities,
    inbox,
    journey,
    kept_views,
    list_filters,
    merging,
    missed,
    my_desk,
    number_tickets,
    numbers,
    palette,
    placing,
    replying,
    signing,
    statics,
    suggesting,
)
from app.console import customers as customer_pages
from app.console import tickets as ticket_pages
from app.console.pages import Page, lost, page_handlers
from app.console.sections import pages as settings_pages
from app.db import Database, DatabaseAway
from app.embedding import open_embedder
from app.errors import problem_of
from app.limits import BODY_BYTES
from app.live import Live
from app.logs import configure_logs
from app.settings import Settings, role_password

UPKEEP_SECONDS: Final = 20.0

_log = structlog.get_logger("throughline")


def all_routes() -> tuple[Route, ...]:
    """Every route of the API, in the order of its description."""
    described: list[bytes] = []
    routes: list[Route] = [
        *interactions.ROUTES,
        *customers.ROUTES,
        *identity.ROUTES,
        *identity_policies.ROUTES,
        *values.ROUTES,
        *tickets.ROUTES,
        *ticket_commands.ROUTES,
        *first_messages.ROUTES,
        *ticket_life.ROUTES,
        *confirmations.ROUTES,
        *ticket_edits.ROUTES,
        *tasks.ROUTES,
        *notifications.ROUTES,
        *ticket_types.ROUTES,
        *agents.ROUTES,
        *teams.ROUTES,
        *queues.ROUTES,
        *routing.ROUTES,
        *views.ROUTES,
        *claims.ROUTES,
        *objects.ROUTES,
        *erasure.ROUTES,
        *policies.ROUTES,
        *previews.ROUTES,
        *calendars.ROUTES,
        *sla.ROUTES,
        *reports.ROUTES,
        *triage.ROUTES,
        *retention.ROUTES,
        *keys.ROUTES,
        *quarantine.ROUTES,
        *indexes.ROUTES,
        *channel_accounts.ROUTES,
        *channel_changes.ROUTES,
        *hooks.ROUTES,
        *webhooks.ROUTES,
        *outbound.ROUTES,
        *bounces.ROUTES,
        *files.ROUTES,
        *search.ROUTES,
        *similar.ROUTES,
        *assistance.ROUTES,
        *changes.ROUTES,
        *operations.ROUTES,
    ]

    def document() -> bytes:
        if not described:
            described.append(describe(routes, _version()))
        return described[0]

    routes.extend(operations.schema_routes(document))
    return tuple(routes)


def _version() -> str:
    try:
        return version("throughline")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"


def create_app(settings: Settings, dsn: str | None = None, *, logs: bool = True) -> Litestar:
    """The ASGI application. `dsn` is where the role throughline_app connects; by default it is made from
    `settings.database_url`."""
    if logs:
        configure_logs()
    edge = edge_of(settings, dsn or application_dsn(settings))

    @asynccontextmanager
    async def running(_: Litestar) -> AsyncIterator[None]:
        await edge.database.open()
        edge.live.open()
        await edge.engine.open()
        edge.embedder = open_embedder(edge.settings)
        upkeep = asyncio.create_task(_keep_up(edge), name="upkeep")
        try:
            yield
        finally:
            upkeep.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await upkeep
            await edge.live.close()
            if edge.embedder is not None:
                await edge.embedder.close()
            await edge.engine.close()
            edge.outward.close()
            edge.mail_doors.close()
            await edge.mailroom.close()
            with contextlib.suppress(DatabaseAway, TimeoutError):
                await edge.doorkeeper.write_uses()
            await edge.database.close()

    return Litestar(
        route_handlers=[*_as_handlers(all_routes(), edge), *page_handlers(all_pages(), edge)],
        lifespan=[running],
        state=State({"edge": edge}),
        exception_handlers={Exception: _answer_outside},
        openapi_config=None,
        logging_config=None,
        request_max_body_size=BODY_BYTES,
    )


def all_pages() -> tuple[Page, ...]:
    """Every page of the console."""
    return (
        *statics.PAGES,
        *signing.PAGES,
        *inbox.PAGES,
        *bulk.PAGES,
        *claiming.PAGES,
        *list_filters.PAGES,
        *kept_views.PAGES,
        *my_desk.PAGES,
        *customer_list.PAGES,
        *customer_pages.PAGES,
        *ticket_pages.PAGES,
        *doing_moving.PAGES,
        *replying.PAGES,
        *finding.PAGES,
        *settings_pages.PAGES,
        *palette.PAGES,
        *account.PAGES,
        *identities.PAGES,
        *placing.PAGES,
        *merging.PAGES,
        *suggesting.PAGES,
        *numbers.PAGES,
        *number_tickets.PAGES,
        *missed.PAGES,
        *journey.PAGES,
    )


def edge_of(settings: Settings, dsn: str) -> Edge:
    live = Live(dsn)
    return Edge(settings, Database(dsn, on_commit=live.say), live)


def application_dsn(settings: Settings) -> str:
    """The operator's database address with the application's own role in it."""
    assert settings.database_url is not None, "the embedded database says its address itself"
    parts = urlsplit(settings.database_url)
    who = f"throughline_app:{quote(role_password(settings, 'throughline_app'), safe='')}"
    where = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{who}@{where}"))


def _as_handlers(routes: Sequence[Route], edge: Edge) -> list[Any]:
    return list(handlers(routes, edge))


def _answer_outside(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """What went wrong before a handler was found: unknown routes and methods, mostly."""
    problem = problem_of(error)
    if problem.status >= 500:
        _log.error("http.failed", error=error)
    name = request_id(request)
    log_request(str(request.scope.get("method", "")), "unknown", problem.status, 0.0, name)
    if page := lost(request, problem, name):
        return page
    done = answer_of(problem)
    return Response(
        done.body,
        status_code=done.status,
        headers={**done.headers, "X-Request-ID": name},
        media_type=done.media_type,
    )


async def _keep_up(edge: Edge) -> None:
    """Outside of requests: when keys were used last."""
    while True:
        await asyncio.sleep(UPKEEP_SECONDS)
        try:
            edge.rates.forget_full()
            await edge.doorkeeper.write_uses()
        except Exception as error:  # noqa: BLE001 - whatever it was, the next round tries again
            _log.warning("upkeep.failed", error=error)
