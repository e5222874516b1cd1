"""Pushing: one interaction, or up to a thousand in one request of which no bad one stops the others."""

from typing import Final

from app import metrics
from app.api.batches import Piece, split_batch
from app.api.calls import Answer, Call, answer
from app.api.routes import Route, answer_of, route
from app.api.shapes import BatchResult, BatchResults, ItemError, Pushed
from app.db import Db, new_id
from app.errors import Problem, bad_request, not_found, problem_of
from app.limits import BATCH_BYTES, PUSH_BYTES
from channels import inbox
from timeline.intake import Outcome, chunks, receive
from timeline.interactions import Interaction, InvalidField, decode

CHUNK: Final = 100


@route(
    "POST",
    "/api/v1/interactions",
    "push",
    takes=Interaction,
    most_bytes=PUSH_BYTES,
    answers={201: Pushed, 200: Pushed},
    refuses=frozenset({404, 409, 422}),
)
async def push(call: Call) -> Answer:
    """Push one interaction. The same source and source_id again answers 200 with the first ids; with other content
    409, and what was refused is kept in the quarantine."""
    raw = await call.body()
    sender = call.sender
    item = decode(raw, sender.workspace.channels)

    async def work(db: Db) -> Answer:
        outcome = (await receive(db, sender, [item], new_id=new_id))[0]
        metrics.ITEMS.labels(str(outcome.status)).inc()
        if outcome.status < 400:
            return answer(_pushed(outcome), outcome.status)
        await _keep(db, call, item, raw, outcome)
        return answer_of(_refusal(outcome))

    return await call.write(work)


@route(
    "POST",
    "/api/v1/interactions/batch",
    "push",
    takes=list[Interaction],
    also_takes="application/x-ndjson",
    most_bytes=BATCH_BYTES,
    answers={200: BatchResults},
    refuses=frozenset({422}),
)
async def push_batch(call: Call) -> Answer:
    """Push up to 1,000 interactions as a JSON array or as NDJSON: one result an item, in the order of the input, each
    with the status of a single push. It commits in parts: after an error in the middle, push all of it again."""
    pieces = split_batch(await call.body(), call.request.headers.get("content-type", ""))

    async def work() -> Answer:
        results: list[BatchResult] = []
        for start in range(0, len(pieces), CHUNK):
            results.extend(await _push_some(call, start, pieces[start : start + CHUNK]))
        if not call.asked:
            async with call.read():  # nothing was written, and the key is asked for all the same
                pass
        return answer(BatchResults(items=results))

    return await call.write_in_parts(work)


async def _push_some(call: Call, start: int, pieces: list[Piece]) -> list[BatchResult]:
    """Receive a run of items, in transactions of their own."""
    channels = call.caller.workspace.channels
    results: dict[int, BatchResult] = {}
    good: list[tuple[int, Interaction, bytes]] = []
    for index, piece in enumerate(pieces, start):
        try:
            if isinstance(piece, Problem):
                raise piece
            good.append((index, decode(piece, channels), piece))
        except (InvalidField, Problem) as error:
            results[index] = _refused(index, problem_of(error))
    items = [item for _, item, _ in good]
    at = 0
    for chunk in chunks(items):
        some = good[at : at + len(chunk)]
        for (index, _, _), outcome in zip(some, await _receive(call, some), strict=True):
            results[index] = result_of(index, outcome)
        at += len(chunk)
    for result in results.values():
        metrics.ITEMS.labels(str(result.status)).inc()
    return [results[index] for index in sorted(results)]


async def _receive(call: Call, some: list[tuple[int, Interaction, bytes]]) -> list[Outcome]:
    sender = call.sender

    async def work(db: Db) -> list[Outcome]:
        outcomes = await receive(db, sender, [item for _, item, _ in some], new_id=new_id)
        for (_, item, raw), outcome in zip(some, outcomes, strict=True):
            if outcome.status >= 400:
                await _keep(db, call, item, raw, outcome)
        return outcomes

    return await call.commit(work)


async def _keep(db: Db, call: Call, item: Interaction, raw: bytes, outcome: Outcome) -> None:
    if outcome.status != 409:
        return
    refused = inbox.Refused(
        door=inbox.PUSHED,
        code=outcome.code or "refused",
        reason=outcome.words or "",
        fields=outcome.fields,
        source=item.source,
        source_id=item.source_id,
        event_id=outcome.event_id,
        raw=raw,
        actor=call.caller.actor,
        proves=call.caller.proves,
    )
    await inbox.keep(db, call.workspace, refused, new_id=new_id)


def _pushed(outcome: Outcome) -> Pushed:
    assert outcome.event_id is not None
    assert outcome.contact_id is not None
    assert outcome.customer_id is not None
    return Pushed(
        event_id=outcome.event_id,
        contact_id=outcome.contact_id,
        customer_id=outcome.customer_id,
        ticket=outcome.ticket,
    )


def _refusal(outcome: Outcome) -> Problem:
    if outcome.status == 404:
        return not_found()
    words = outcome.words or "refused"
    if outcome.status == 400:
        return bad_request(outcome.fields[0], words)
    if outcome.status == 409:
        faults = [(field, "differs from what was pushed first") for field in outcome.fields]
    else:
        faults = [(field, words) for field in outcome.fields]
    return Problem(outcome.status, outcome.code or "refused", words, faults)


def result_of(index: int, outcome: Outcome) -> BatchResult:
    """An outcome as a batch shows it."""
    if outcome.status >= 400:
        return _refused(index, _refusal(outcome))
    return BatchResult(
        index=index,
        status=outcome.status,
        event_id=outcome.event_id,
        contact_id=outcome.contact_id,
        customer_id=outcome.customer_id,
        ticket=outcome.ticket,
    )


def _refused(index: int, problem: Problem) -> BatchResult:
    error = ItemError(code=problem.code, detail=problem.detail, fields=problem.fields)
    return BatchResult(index=index, status=problem.status, error=error)


ROUTES: Final[tuple[Route, ...]] = (push, push_batch)
