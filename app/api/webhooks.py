"""Webhooks over HTTP: subscribed, seen, changed, tried, given a new secret, deleted; and a delivery sent again."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import msgspec

from app.api.calls import Answer, Call, answer
from app.api.customers import CURSOR, LIMIT
from app.api.routes import Route, route
from app.db import Db, new_id
from app.outward import NotReached
from channels.webhooks import queue, subscriptions
from channels.webhooks.addresses import MOST_CHARACTERS, NotPublic, read_address
from channels.webhooks.kinds import MOST_PATTERNS
from channels.webhooks.queue import Delivery
from channels.webhooks.subscriptions import Changes, Content, NewWebhook, Webhook
from timeline.interactions import InvalidField

_LISTED: Final = "webhooks"

Url = Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_CHARACTERS)]
Events = Annotated[list[str], msgspec.Meta(min_length=1, max_length=MOST_PATTERNS)]
Description = Annotated[str, msgspec.Meta(max_length=200)]


class Subscribe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`events` are types such as `ticket.assigned`, groups such as `ticket.*`, or `*`. `content`: `ids` alone, or the
    `item` as a timeline shows it."""

    url: Url
    events: Events
    content: Content = "ids"
    description: Description = ""
    enabled: bool = True


class ChangeWebhook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays. Enabled again, it gets what is recorded from then on, and what still waits."""

    url: Url | None = None
    events: Events | None = None
    content: Content | None = None
    description: Description | None = None
    enabled: bool | None = None


class NewWebhookSecret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For so many seconds more everything is signed with the secret before as well (default: a day)."""

    overlap: Annotated[int, msgspec.Meta(ge=0, le=30 * 86_400)] = 86_400


class WebhookWithSecret(Webhook, frozen=True, kw_only=True):
    """`secret` is shown this once."""

    secret: str


class WebhookPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[Webhook]
    next: str | None


@route(
    "POST",
    "/api/v1/webhooks",
    "config.write",
    takes=Subscribe,
    answers={201: WebhookWithSecret},
    refuses=frozenset({422}),
)
async def subscribe(call: Call) -> Answer:
    """Subscribe an address to events. The secret that deliveries are signed with is in this answer and nowhere else."""
    asked = await call.take(Subscribe)
    await _check(call, asked.url)
    new = NewWebhook(**{name: getattr(asked, name) for name in NewWebhook.__struct_fields__})

    async def work(db: Db) -> Answer:
        by = call.caller.actor
        made = await subscriptions.make(db, call.workspace, new, call.edge.vault, by=by, new_id=new_id)
        return answer(_with_secret(made), 201)

    return await call.write(work, secret=True)


@route("GET", "/api/v1/webhooks", "channels.read", query=(LIMIT, CURSOR), answers={200: WebhookPage})
async def list_webhooks(call: Call) -> Answer:
    """Every webhook of the workspace, disabled ones too, in the order in which they were made."""
    limit = call.query.limit()
    after = call.start_of(_LISTED)
    async with call.read() as db:
        found = await subscriptions.list_webhooks(db, call.workspace, after, limit + 1)
    more = call.next_of(_LISTED, [one.id for one in found], limit)
    return answer(WebhookPage(items=found[:limit], next=more))


@route("GET", "/api/v1/webhooks/{webhook_id}", "channels.read", answers={200: Webhook})
async def show(call: Call) -> Answer:
    """One webhook and how its endpoint does."""
    wanted = call.path_id("webhook_id")
    async with call.read() as db:
        return answer(await subscriptions.show(db, call.workspace, wanted))


@route(
    "PATCH",
    "/api/v1/webhooks/{webhook_id}",
    "config.write",
    takes=ChangeWebhook,
    answers={200: Webhook},
    refuses=frozenset({422}),
)
async def change(call: Call) -> Answer:
    """Change a webhook; what waits goes where it says now. `enabled` false stops it with the next request of ours."""
    wanted = call.path_id("webhook_id")
    asked = await call.take(ChangeWebhook)
    if asked.url is not None:
        await _check(call, asked.url)
    changes = Changes(**{name: getattr(asked, name) for name in Changes.__struct_fields__})

    async def work(db: Db) -> Answer:
        done = await subscriptions.change(db, call.workspace, wanted, changes, by=call.caller.actor)
        return answer(done)

    return await call.write(work)


@route("DELETE", "/api/v1/webhooks/{webhook_id}", "config.write", answers={200: Webhook}, refuses=frozenset({422}))
async def delete(call: Call) -> Answer:
    """Delete a webhook with its secret: nothing more is sent. Its deliveries stay listed for thirty days."""
    wanted = call.path_id("webhook_id")

    async def work(db: Db) -> Answer:
        return answer(await subscriptions.delete(db, call.workspace, wanted))

    return await call.write(work)


@route(
    "POST",
    "/api/v1/webhooks/{webhook_id}/secret",
    "config.write",
    takes=NewWebhookSecret,
    needs_body=False,
    answers={200: WebhookWithSecret},
    refuses=frozenset({422}),
)
async def rotate(call: Call) -> Answer:
    """Give a webhook a new secret, shown this once. Until the overlap is over, deliveries bear both signatures."""
    wanted = call.path_id("webhook_id")
    asked = await call.take(NewWebhookSecret) if await call.body() else NewWebhookSecret()

    async def work(db: Db) -> Answer:
        done = await subscriptions.rotate(
            db,
            call.workspace,
            wanted,
            call.edge.vault,
            overlap=timedelta(seconds=asked.overlap),
            by=call.caller.actor,
            now=datetime.now(UTC),
        )
        return answer(_with_secret(done))

    return await call.write(work, secret=True)


@route(
    "POST",
    "/api/v1/webhooks/{webhook_id}/test",
    "config.write",
    answers={201: Delivery},
    refuses=frozenset({422}),
)
async def try_it(call: Call) -> Answer:
    """Send a `webhook.ping` without data. What became of it stands in `/deliveries?direction=outbound`."""
    wanted = call.path_id("webhook_id")

    async def work(db: Db) -> Answer:
        return answer(await queue.ping(db, call.workspace, wanted, datetime.now(UTC), new_id=new_id), 201)

    return await call.write(work)


async def _check(call: Call, url: str) -> None:
    """By its spelling, and by where its name leads now; it is asked again before every connection. A name that leads
    nowhere yet is taken. Raises `InvalidField`."""
    private = call.edge.settings.webhooks_private
    target = read_address(url, private=private)
    try:
        await call.edge.outward.addresses(target)
    except NotPublic as error:
        raise InvalidField("url", str(error)) from None
    except NotReached:
        return


def _with_secret(done: subscriptions.WithSecret) -> WebhookWithSecret:
    fields = {name: getattr(done.webhook, name) for name in Webhook.__struct_fields__}
    return WebhookWithSecret(**fields, secret=done.secret)


ROUTES: Final[tuple[Route, ...]] = (subscribe, list_webhooks, show, change, delete, rotate, try_it)
