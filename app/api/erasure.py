"""Erasing a person, and the legal holds that forbid it."""

from typing import Annotated, Final
from uuid import UUID

import msgspec

from app import filing
from app.api.calls import Answer, Call, answer, read_id
from app.api.customers import CURSOR, LIMIT
from app.api.identity import PREVIEW
from app.api.routes import Parameter, Route, route
from app.api.shapes import Decide, Reason
from app.db import Db, new_id
from app.erasing import Erasure, erase_customer
from app.errors import bad_request
from app.indexing import Indexer, forget_soon
from identity.customers import CustomerId
from timeline import holds
from timeline.holds import Hold

STATES: Final = ("standing", "all")


class NewHold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The customer who may not be erased, and why."""

    customer: str
    reason: Annotated[Reason, msgspec.Meta(min_length=1)]


class HoldPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[Hold]
    next: str | None


@route(
    "POST",
    "/api/v1/customers/{customer_id}/erase",
    "erase",
    query=(PREVIEW,),
    takes=Decide,
    answers={200: Erasure},
    refuses=frozenset({409, 422}),
)
async def erase(call: Call) -> Answer:
    """Erase a person for ever: what they said and were called, on every contact. What stays are ids, times and states,
    so that counts hold and a redelivery is recognised; the customer's id goes on answering with an empty profile. Write
    no name into `reason`: it is kept. Refused with 409 under a legal hold. Again, it changes nothing."""
    customer, preview = CustomerId(call.path_id("customer_id")), call.query.flag("preview")
    reason = (await call.take(Decide)).reason if await call.body() else None
    desk, made = call.desk(reason=reason, preview=preview), new_id()

    gone: list[UUID] = []

    async def work(db: Db) -> Answer:
        home = call.edge.settings.home
        erased = await erase_customer(db, call.caller.workspace, desk, customer, made, home)
        gone[:] = erased.contacts
        return answer(erased)

    done = await (call.commit(work) if preview else call.write(work))
    if gone and not preview:
        await forget_soon(Indexer(call.edge.database, None, call.edge.engine, None), call.workspace, gone)
    await filing.let_go_soon(call.edge.database, call.edge.files, call.workspace)
    return done


@route(
    "GET",
    "/api/v1/holds",
    "holds.read",
    query=(
        Parameter(
            name="state",
            words="Those that stand, by default, or all.",
            schema={"type": "string", "enum": list(STATES), "default": "standing"},
        ),
        LIMIT,
        CURSOR,
    ),
    answers={200: HoldPage},
)
async def list_holds(call: Call) -> Answer:
    """Legal holds, the oldest first."""
    query = call.query
    limit, state = query.limit(), query.text("state") or "standing"
    if state not in STATES:
        raise bad_request("state", "expected one of " + ", ".join(STATES))
    listed = f"holds {state}"
    after = call.start_of(listed)
    async with call.read() as db:
        found = await holds.read_holds(db, call.workspace, standing=state == "standing", after=after, limit=limit + 1)
    more = call.next_of(listed, [one.id for one in found], limit)
    return answer(HoldPage(items=found[:limit], next=more))


@route("POST", "/api/v1/holds", "holds.write", takes=NewHold, answers={201: Hold}, refuses=frozenset({404, 409, 422}))
async def add_hold(call: Call) -> Answer:
    """Lay a legal hold on a customer's contacts: until it is lifted nobody erases them, and no policy."""
    asked = await call.take(NewHold)
    customer: UUID = read_id(asked.customer)

    async def work(db: Db) -> Answer:
        return answer(await holds.add_hold(db, call.desk(), CustomerId(customer), asked.reason), 201)

    return await call.write(work)


@route("POST", "/api/v1/holds/{hold_id}/lift", "holds.write", answers={200: Hold}, refuses=frozenset({409, 422}))
async def lift_hold(call: Call) -> Answer:
    """Lift a legal hold."""
    wanted = call.path_id("hold_id")

    async def work(db: Db) -> Answer:
        return answer(await holds.lift_hold(db, call.desk(), wanted))

    return await call.write(work)


ROUTES: Final[tuple[Route, ...]] = (erase, list_holds, add_hold, lift_hold)
