"""What is on its way out, to webhooks and by mail: listed, sent again by hand, marked as sent, discarded."""

from datetime import UTC, datetime
from typing import Final, cast
from uuid import UUID

import msgspec

from app.api.calls import Answer, Call, answer, read_id
from app.api.channel_accounts import account_id
from app.api.routes import Parameter, Route, route
from app.db import Db, new_id
from app.errors import bad_request
from channels import accounts, mailings
from channels.email import sending
from channels.mailings import MailDelivery
from channels.webhooks import queue, schedule
from channels.webhooks.queue import Delivery
from identity.errors import NotFound

KINDS: Final = frozenset({"mail", "webhook"})
STATES: Final = frozenset({*schedule.STATES, *sending.STATES})
KIND: Final = Parameter(
    name="kind", words="Outbound ones of this kind; both by default.", schema={"type": "string", "enum": sorted(KINDS)}
)


class OutboundPage(msgspec.Struct, frozen=True, kw_only=True):
    """Both kinds in one list, the newest first."""

    items: list[Delivery | MailDelivery]
    next: str | None


async def list_outbound(call: Call) -> Answer:
    """What is on its way. An account names mails, a webhook what goes to it."""
    query = call.query
    limit, webhook, account = query.limit(), query.text("webhook"), query.text("account")
    kinds = query.several("kind", KINDS) or KINDS
    if webhook is not None and account is not None:
        raise bad_request("webhook", "expected one of account and webhook")
    if webhook is not None:
        kinds &= {"webhook"}
    if account is not None:
        kinds &= {"mail"}
    states = query.several("state", STATES)
    endpoint = read_id(webhook) if webhook is not None else None
    mailbox = account_id(call, account) if account is not None else None
    listed = f"outbound deliveries {' '.join(sorted(kinds))} {endpoint} {mailbox} {' '.join(sorted(states))}"
    before = call.start_of(listed)
    found: list[Delivery | MailDelivery] = []
    async with call.read() as db:
        if mailbox is not None:
            await accounts.show_account(db, call.workspace, mailbox)
        if "webhook" in kinds:
            found += await _to_webhooks(db, call, states, endpoint, before, limit + 1)
        if "mail" in kinds:
            found += await _by_mail(db, call, states, mailbox, before, limit + 1)
    found.sort(key=lambda one: one.id, reverse=True)
    more = call.next_of(listed, [one.id for one in found], limit)
    return answer(OutboundPage(items=found[:limit], next=more))


async def _to_webhooks(
    db: Db, call: Call, said: frozenset[str], webhook: UUID | None, before: UUID | None, limit: int
) -> list[Delivery]:
    states = cast("list[schedule.State]", sorted(said & {*schedule.STATES}))
    if said and not states:
        return []
    return await queue.list_deliveries(db, call.workspace, states, webhook, before, limit)


async def _by_mail(
    db: Db, call: Call, said: frozenset[str], account: UUID | None, before: UUID | None, limit: int
) -> list[MailDelivery]:
    states = cast("list[sending.State]", sorted(said & {*sending.STATES}))
    if said and not states:
        return []
    return await mailings.list_mails(db, call.workspace, states, account, before, limit)


@route(
    "POST",
    "/api/v1/deliveries/{delivery_id}/replay",
    "config.write",
    answers={200: (Delivery, MailDelivery)},
    refuses=frozenset({422}),
)
async def replay(call: Call) -> Answer:
    """Send an outbound delivery again, under the same `webhook-id` or Message-ID; one that waits is sent now. A mail
    goes to those alone who do not have it for certain."""
    wanted = call.path_id("delivery_id")

    async def work(db: Db) -> Answer:
        by, now = call.desk().actor, datetime.now(UTC)
        try:
            return answer(await mailings.retry(db, call.workspace, wanted, by=by, new_id=new_id, now=now))
        except NotFound:
            return answer(await queue.replay(db, call.workspace, wanted, now))

    return await call.write(work)


@route(
    "POST",
    "/api/v1/deliveries/{delivery_id}/discard",
    "config.write",
    answers={200: MailDelivery},
    refuses=frozenset({422}),
)
async def discard(call: Call) -> Answer:
    """Never send a mail that waits or failed, or leave one that is uncertain at that."""
    wanted = call.path_id("delivery_id")

    async def work(db: Db) -> Answer:
        by, now = call.desk().actor, datetime.now(UTC)
        return answer(await mailings.discard(db, call.workspace, wanted, by=by, new_id=new_id, now=now))

    return await call.write(work)


@route(
    "POST",
    "/api/v1/deliveries/{delivery_id}/mark-sent",
    "config.write",
    answers={200: MailDelivery},
    refuses=frozenset({422}),
)
async def mark_sent(call: Call) -> Answer:
    """Somebody knows that a mail that is `uncertain` has arrived: it is `sent`, and goes to nobody again. One that is
    sent stays as it is."""
    wanted = call.path_id("delivery_id")

    async def work(db: Db) -> Answer:
        by, now = call.desk().actor, datetime.now(UTC)
        return answer(await mailings.mark_sent(db, call.workspace, wanted, by=by, new_id=new_id, now=now))

    return await call.write(work)


ROUTES: Final[tuple[Route, ...]] = (replay, discard, mark_sent)
