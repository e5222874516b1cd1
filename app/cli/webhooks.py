"""`throughline webhook`."""

from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

import click

from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.words import Refused, data, failing_in_words, say
from channels.webhooks import queue, subscriptions
from channels.webhooks.queue import Delivery
from channels.webhooks.schedule import State
from identity.errors import Impossible, NotFound

PAGE = 200


@click.group()
def webhook() -> None:
    """What goes out to those who subscribed, and how it fares. `docs/webhooks.md` has the rest."""


@webhook.command("list")
@workspace_option
@failing_in_words
def list_webhooks(slug: str | None) -> None:
    """All webhooks of a workspace: id, state, failures in a row, events, address and reason, separated by tabs."""

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        async with desk.database.read(workspace.id) as db:
            found = await subscriptions.list_webhooks(db, workspace.id, None, subscriptions.MOST_WEBHOOKS)
        for one in found:
            state = "disabled" if not one.enabled else "failing" if one.failures else "well"
            data(f"{one.id}\t{state}\t{one.failures}\t{','.join(one.events)}\t{one.url}\t{one.reason or '-'}")

    with_desk(work)


@webhook.command("deliveries")
@click.argument("webhook_id", metavar="[WEBHOOK]", type=click.UUID, required=False)
@click.option("--state", type=click.Choice(get_args(State)), help="Only those in this state.")
@workspace_option
@failing_in_words
def list_deliveries(webhook_id: UUID | None, state: State | None, slug: str | None) -> None:
    """Deliveries, the newest first: id, webhook, type, event, state, tries, status and reason, separated by tabs."""

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        before: UUID | None = None
        while page := await _page(desk, workspace.id, state, webhook_id, before):
            for one in page:
                known = f"{one.id}\t{one.webhook_id}\t{one.type}\t{one.event_id or '-'}"
                data(f"{known}\t{one.state}\t{one.tries}\t{one.status or '-'}\t{one.reason or '-'}")
            before = page[-1].id

    with_desk(work)


@webhook.command("replay")
@click.argument("delivery", type=click.UUID, required=False)
@click.option("--failed", metavar="WEBHOOK", type=click.UUID, help="All failed deliveries of this webhook.")
@workspace_option
@failing_in_words
def replay(delivery: UUID | None, failed: UUID | None, slug: str | None) -> None:
    """Send a DELIVERY again, or with --failed all that could not be delivered, under the same `webhook-id`s."""
    if (delivery is None) == (failed is None):
        raise click.UsageError("Say either a DELIVERY or --failed WEBHOOK.")

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        done = 0
        if delivery is not None:
            await _replay(desk, workspace.id, delivery)
            done = 1
        while page := await _page(desk, workspace.id, "failed", failed, None) if failed else []:
            for one in page:
                await _replay(desk, workspace.id, one.id)
            done += len(page)
        say(f"{done:,} of {workspace.slug} will be sent again.")

    with_desk(work)


async def _page(
    desk: Desk, workspace: UUID, state: State | None, webhook_id: UUID | None, before: UUID | None
) -> list[Delivery]:
    states: list[State] = [state] if state else []
    async with desk.database.read(workspace) as db:
        try:
            return await queue.list_deliveries(db, workspace, states, webhook_id, before, PAGE)
        except NotFound:
            raise Refused(f"there is no webhook {webhook_id} in this workspace.") from None


async def _replay(desk: Desk, workspace: UUID, delivery: UUID) -> None:
    try:
        await desk.write(workspace, lambda db: queue.replay(db, workspace, delivery, datetime.now(UTC)))
    except NotFound:
        raise Refused(f"there is no delivery {delivery} in this workspace.") from None
    except Impossible as error:
        raise Refused(f"{delivery}: {error}.") from None
