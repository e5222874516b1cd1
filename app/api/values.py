"""Values and whose they are: looked up, listed, and said by a lead to be several people's or one person's own."""

from datetime import UTC, datetime
from typing import Final, get_args

import msgspec

from app.api.calls import Answer, Call, answer
from app.api.customers import CURSOR, LIMIT
from app.api.routes import Parameter, Route, route
from app.api.shapes import Reason
from app.db import Db
from app.errors import bad_request
from identity.identifiers import Identifier, parse_label
from identity.value_classes import Said, ValueView, list_values, read_values, set_class
from timeline.threads import Mark

SAID: Final[tuple[Said, ...]] = get_args(Said)
REASONS: Final[dict[Said, str]] = {"shared": "listed by a lead", "personal": "one person's own, says a lead"}


class ValuePage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[ValueView]
    next: str | None


class ClassValue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`identifier` is `kind:value` or `kind:scope:value`."""

    identifier: str
    value_class: Said = msgspec.field(name="class")
    reason: Reason | None = None


@route(
    "GET",
    "/api/v1/identity/values",
    "read",
    query=(
        Parameter(
            name="identifier",
            words="`kind:value` or `kind:scope:value`, whatever is known of it; given twice means both.",
            schema={"type": "array", "items": {"type": "string"}},
        ),
        Parameter(name="class", words="Only those kept as this.", schema={"type": "string", "enum": list(SAID)}),
        LIMIT,
        CURSOR,
    ),
    answers={200: ValuePage},
)
async def show_values(call: Call) -> Answer:
    """Values that were learned or listed to be several people's, or listed as one person's own, the newest first, with
    who was seen on each; or the values asked for. Role mailboxes and junk are known by their form and not listed."""
    query, tokens = call.query, call.edge.tokens
    limit, text, cursor = query.limit(), query.text("class"), query.text("cursor")
    said: Said | None = "shared" if text == "shared" else "personal" if text == "personal" else None
    if text != said:
        raise bad_request("class", "expected one of " + ", ".join(SAID))
    asked = [_identifier(call, text) for text in query.texts("identifier")]
    listed = f"values {said}"
    mark = None if cursor is None else tokens.open_mark(call.workspace, cursor, "cursor", listed)
    async with call.read() as db:
        if asked:
            return answer(ValuePage(items=await read_values(db, call.workspace, asked), next=None))
        after = mark and (mark.shown_at, mark.event_id)
        found = await list_values(db, call.workspace, said, after, limit + 1)
    last = found[limit - 1][0] if len(found) > limit else None
    more = tokens.seal_mark(call.workspace, last and Mark(shown_at=last[0], event_id=last[1]), listed)
    return answer(ValuePage(items=[view for _, view in found[:limit]], next=more))


@route("POST", "/api/v1/identity/values", "config.write", takes=ClassValue, answers={200: ValueView})
async def class_value(call: Call) -> Answer:
    """Say whose a value is, from the next push on: `shared` links nobody, `personal` links again, whatever its form or
    what was learned. What it linked before stays: single links are taken back with an unmerge."""
    asked = await call.take(ClassValue)
    identifier = _identifier(call, asked.identifier)

    async def work(db: Db) -> Answer:
        made = await set_class(
            db,
            call.workspace,
            identifier,
            asked.value_class,
            reason=asked.reason or REASONS[asked.value_class],
            actor=call.caller.actor,
            now=datetime.now(UTC),
        )
        return answer(made)

    return await call.write(work)


def _identifier(call: Call, text: str) -> Identifier:
    """Raises the 400 for what is no readable identifier."""
    try:
        found = parse_label(text, call.caller.workspace.region)[0]
    except ValueError as error:
        raise bad_request("identifier", str(error)) from None
    if found.problem:
        raise bad_request("identifier", found.problem)
    return found


ROUTES: Final[tuple[Route, ...]] = (show_values, class_value)
