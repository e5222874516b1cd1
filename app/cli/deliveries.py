"""`throughline deliveries`: mails on their way."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

import click

from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.words import Refused, data, failing_in_words, say
from app.db import Db, new_id
from channels import mailings
from channels.email.sending import STATES, State
from channels.mailings import MailDelivery
from identity.errors import Impossible, NotFound
from timeline.events import Actor

PAGE = 200
CLI = Actor("cli")


@click.group()
def deliveries() -> None:
    """Mails on their way out, and how they fare. `docs/channels/email.md` has the rest."""


@deliveries.command("list")
@click.option("--state", "states", type=click.Choice(STATES), multiple=True, help="Only those in this state, or these.")
@workspace_option
@failing_in_words
def list_mails(states: tuple[State, ...], slug: str | None) -> None:
    """Mails, the newest first: id, purpose, event, state, tries, status, recipients and reason, separated by tabs."""

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        before: UUID | None = None
        while page := await _page(desk, workspace.id, states, before):
            for one in page:
                known = f"{one.id}\t{one.purpose}\t{one.event_id or '-'}\t{one.state}\t{one.tries}\t{one.status or '-'}"
                data(f"{known}\t{','.join(one.recipients.addresses) or '-'}\t{one.reason or '-'}")
            before = page[-1].id

    with_desk(work)


@deliveries.command("retry")
@click.argument("delivery", type=click.UUID, required=False)
@click.option("--all", "state", type=click.Choice(("failed", "uncertain")), help="All mails in this state.")
@workspace_option
@failing_in_words
def retry(delivery: UUID | None, state: State | None, slug: str | None) -> None:
    """Send a mail again, or with --all every one in a state, under its Message-ID, to those who may not have it."""
    if (delivery is None) == (state is None):
        raise click.UsageError("Say either a DELIVERY or --all failed or --all uncertain.")

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        done = 0
        if delivery is not None:
            await _retry(desk, workspace.id, delivery)
            done = 1
        before: UUID | None = None
        while page := await _page(desk, workspace.id, (state,), before) if state else []:
            for one in page:
                done += await _tried(desk, workspace.id, one.id)
            before = page[-1].id
        say(f"{done:,} of {workspace.slug} will be sent again.")

    with_desk(work)


@deliveries.command("discard")
@click.argument("delivery", type=click.UUID)
@workspace_option
@failing_in_words
def discard(delivery: UUID, slug: str | None) -> None:
    """Never send a mail that waits or failed, or leave one that is uncertain at that."""

    async def step(db: Db, workspace: UUID) -> MailDelivery:
        return await mailings.discard(db, workspace, delivery, by=CLI, new_id=new_id, now=datetime.now(UTC))

    with_desk(lambda desk: _decide(desk, slug, delivery, step))
    say(f"{delivery} will not be sent.")


@deliveries.command("mark-sent")
@click.argument("delivery", type=click.UUID)
@workspace_option
@failing_in_words
def mark_sent(delivery: UUID, slug: str | None) -> None:
    """Say that a mail that is uncertain has arrived: it is sent to nobody again."""

    async def step(db: Db, workspace: UUID) -> MailDelivery:
        return await mailings.mark_sent(db, workspace, delivery, by=CLI, new_id=new_id, now=datetime.now(UTC))

    with_desk(lambda desk: _decide(desk, slug, delivery, step))
    say(f"{delivery} counts as sent.")


async def _page(desk: Desk, workspace: UUID, states: tuple[State, ...], before: UUID | None) -> list[MailDelivery]:
    async with desk.database.read(workspace) as db:
        return await mailings.list_mails(db, workspace, states, None, before, PAGE)


async def _tried(desk: Desk, workspace: UUID, delivery: UUID) -> bool:
    """False for one whose bytes are gone, or that somebody decided meanwhile."""
    try:
        await _retry(desk, workspace, delivery)
    except Refused as refused:
        say(str(refused))
        return False
    return True


async def _decide(
    desk: Desk, slug: str | None, delivery: UUID, step: Callable[[Db, UUID], Awaitable[MailDelivery]]
) -> None:
    workspace = (await desk.workspace(slug)).id
    await _decided(desk, workspace, delivery, lambda db: step(db, workspace))


async def _retry(desk: Desk, workspace: UUID, delivery: UUID) -> None:
    async def step(db: Db) -> MailDelivery:
        return await mailings.retry(db, workspace, delivery, by=CLI, new_id=new_id, now=datetime.now(UTC))

    await _decided(desk, workspace, delivery, step)


async def _decided(desk: Desk, workspace: UUID, delivery: UUID, step: Callable[[Db], Awaitable[MailDelivery]]) -> None:
    try:
        await desk.write(workspace, step)
    except NotFound:
        raise Refused(f"there is no mail {delivery} in this workspace.") from None
    except Impossible as error:
        raise Refused(f"{delivery}: {error}.") from None
