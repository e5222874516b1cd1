"""The door that senders without a key post to: a signature instead, archived before it is answered, read afterwards."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final, cast
from uuid import UUID

import msgspec
import structlog

from app.access import permit
from app.api.calls import Answer, Call, answer
from app.api.channel_accounts import account_id
from app.api.customers import CURSOR, LIMIT
from app.api.outbound import KIND, STATES, OutboundPage, list_outbound
from app.api.routes import Parameter, Route, answer_of, route
from app.db import Db, new_id
from app.errors import Problem, bad_request, too_large
from app.limits import MAIL_BYTES, PUSH_BYTES
from channels import accounts, deliveries, signatures
from channels.contract import Unverified
from channels.deliveries import InboundDelivery, State

_log = structlog.get_logger("throughline.hooks")


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """202: archived, and read soon; 200: it was here before."""

    delivery_id: UUID


class DeliveryPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[InboundDelivery]
    next: str | None


MAIL: Final = "message/rfc822"
_DIRECTIONS: Final = frozenset({"inbound", "outbound"})
_STATES: Final = sorted({*deliveries.STATES, *STATES})


def _header(name: str, words: str, pattern: str) -> Parameter:
    return Parameter(name=name, words=words, schema={"type": "string", "pattern": pattern})


@route(
    "POST",
    "/api/v1/hooks/{account}",
    None,
    headers=(
        _header(signatures.ID, "The delivery's own id, the same over repeated attempts.", "^[!-\\-/-~]{1,200}$"),
        _header(signatures.TIMESTAMP, "Seconds since 1970, at most five minutes from our clock.", "^[0-9]{1,12}$"),
        _header(signatures.SIGNATURE, "HMAC-SHA256 in base64; several are separated by spaces.", "v1,[A-Za-z0-9+/=]+"),
    ),
    takes=msgspec.Raw,
    also_takes=MAIL,
    most_bytes=MAIL_BYTES,
    answers={202: Delivered, 200: Delivered},
    refuses=frozenset({401, 409, 429, 503}),
)
async def deliver(call: Call) -> Answer:
    """Hand in a Standard Webhook, or the bytes of a mail, signed with the account's secret. 202 means that it is kept
    for ever and will be read; the same webhook-id with the same bytes again answers 200 with the first delivery, with
    other bytes 409, and what came is kept. A mail is known by its bytes alone and may have 50 MiB; whatever else has
    1 MiB at most. An account that is nobody's and a signature that does not hold answer alike."""
    raw = await call.body()
    if len(raw) > PUSH_BYTES and not _is_mail(call):
        raise too_large(f"At most {PUSH_BYTES:,} bytes, or a mail as {MAIL}.")
    workspace, account = accounts.read_public_id(call.request.path_params["account"])
    headers = _said_once(call.request.scope["headers"])
    edge = call.edge

    async def work(db: Db) -> Answer:
        door, delivery = await deliveries.admit(db, workspace, account, headers, raw, edge.vault, datetime.now(UTC))
        if len(raw) > (most := deliveries.most_bytes(door.account)):
            raise too_large(f"This account takes at most {most:,} bytes.")
        edge.rates.take(account, door.rate)
        accepted = await deliveries.accept(db, workspace, door.account, delivery, edge.names, new_id=new_id)
        if accepted.status == 409:
            return answer_of(_differs())
        return answer(Delivered(delivery_id=accepted.delivery_id), accepted.status)

    try:
        return await edge.database.write(workspace, work)
    except Unverified as error:
        _log.info("hook.refused", account=accounts.public_id(workspace, account), reason=str(error))
        raise _not_signed() from None


def _is_mail(call: Call) -> bool:
    return call.request.headers.get("content-type", "").partition(";")[0].strip().lower() == MAIL


def _said_once(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name in small letters, without those that were said twice: which of them was signed?"""
    found: dict[str, str] = {}
    twice: set[str] = set()
    for name, value in headers:
        text = name.decode("latin-1").lower()
        if text in found:
            twice.add(text)
        found[text] = value.decode("latin-1")
    return {name: value for name, value in found.items() if name not in twice}


def _not_signed() -> Problem:
    return Problem(
        401,
        "unauthorized",
        "There is no such account, or none of its secrets has signed these bytes just now.",
        headers={"WWW-Authenticate": 'Webhook-Signature realm="throughline"'},
    )


def _differs() -> Problem:
    words = "came before with other bytes; these are kept beside them"
    return Problem(409, "content_differs", f"This {signatures.ID} {words}.", [(signatures.ID, words)])


@route(
    "GET",
    "/api/v1/deliveries",
    "channels.read",
    query=(
        Parameter(
            name="direction", words="Inbound by default.", schema={"type": "string", "enum": sorted(_DIRECTIONS)}
        ),
        Parameter(
            name="state",
            words="Given twice means or; any by default. Inbound ones are understood, webhooks' delivered, mails sent; "
            "failed inbound ones are in the quarantine.",
            schema={"type": "array", "items": {"type": "string", "enum": list(_STATES)}},
        ),
        Parameter(name="account", words="Those of one channel account.", schema={"type": "string"}),
        Parameter(name="webhook", words="Outbound ones of one webhook.", schema={"type": "string"}),
        KIND,
        LIMIT,
        CURSOR,
    ),
    answers={200: (DeliveryPage, OutboundPage)},
)
async def list_deliveries(call: Call) -> Answer:
    """What channel accounts were handed, without the bytes, or what is on its way to webhooks and by mail; the newest
    first."""
    directions = call.query.several("direction", _DIRECTIONS)
    if len(directions) > 1:
        raise bad_request("direction", "expected one: the two are lists of their own")
    return await list_outbound(call) if "outbound" in directions else await _inbound(call)


async def _inbound(call: Call) -> Answer:
    permit(call.caller, "quarantine.read")
    query = call.query
    limit, account = query.limit(), query.text("account")
    for name in ("webhook", "kind"):
        if query.text(name) is not None:
            raise bad_request(name, "only outbound deliveries have one")
    states = cast("list[State]", sorted(query.several("state", frozenset(deliveries.STATES))))
    wanted = account_id(call, account) if account is not None else None
    listed = f"deliveries {wanted} {' '.join(states)}"
    before = call.start_of(listed)
    async with call.read() as db:
        if wanted is not None:
            await accounts.show_account(db, call.workspace, wanted)
        found = await deliveries.list_deliveries(db, call.workspace, states, wanted, before, limit + 1)
    more = call.next_of(listed, [one.id for one in found], limit)
    return answer(DeliveryPage(items=found[:limit], next=more))


ROUTES: Final[tuple[Route, ...]] = (deliver, list_deliveries)
