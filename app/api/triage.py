"""What was learned from labelled tickets and how right it is, and what was said of a ticket by it."""

from typing import Final

import msgspec

from app.api.calls import Answer, Call, answer
from app.api.routes import Route, route
from app.api.ticket_edits import tickets_named
from app.triaging import Kept, read_models
from search.triage import Prediction, read_predictions

SHOWN: Final = 50


class Models(msgspec.Struct, frozen=True, kw_only=True):
    """The latest first."""

    items: list[Kept]
    next: None = None


class Predictions(msgspec.Struct, frozen=True, kw_only=True):
    """The latest first."""

    items: list[Prediction]
    next: None = None


@route("GET", "/api/v1/triage", "reports.read", answers={200: Models})
async def models(call: Call) -> Answer:
    """What was learned from labelled tickets: how right each version is on tickets that were held back, and which is in
    force. `throughline train triage` learns, and with `--activate` puts it in force."""
    _ = call.query
    async with call.read() as db:
        found = await read_models(db, call.workspace, SHOWN)
    return answer(Models(items=found))


@route("GET", "/api/v1/tickets/{ticket}/predictions", "read", answers={200: Predictions})
async def predictions(call: Call) -> Answer:
    """What a ticket looked like when it came, by those before it: topic, queue, priority and language, each with the
    probability that it is right and the past cases it rests on. Nothing acts on it."""
    _ = call.query
    async with call.read() as db:
        (ticket,) = await tickets_named(db, call, call.request.path_params["ticket"])
        found = await read_predictions(db, call.workspace, ticket, SHOWN)
    return answer(Predictions(items=found))


ROUTES: Final[tuple[Route, ...]] = (models, predictions)
