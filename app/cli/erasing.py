"""`throughline erase` and `throughline hold`."""

import logging
import sys
from collections.abc import Awaitable
from typing import TypeVar
from uuid import UUID

import click
import msgspec

from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.words import Refused, data, failing_in_words, say
from app.db import Db, new_id
from app.engines import engine_of
from app.erasing import Erasure, erase_customer
from app.filing import FOLDER, let_go_soon
from app.indexing import Indexer, forget_soon
from app.logs import configure_logs
from app.sweeping import Sweeping
from channels.files import open_files
from identity.customers import CustomerId
from identity.errors import Absorbed, AlreadyUndone, NotFound
from timeline import holds
from timeline.decisions import Desk as Deciding
from timeline.errors import UnderHold
from timeline.events import Actor
from timeline.holds import Hold
from timeline.threads import Workspace

CLI = Actor("cli")
PAGE = 200
MOST_REASON = 2_000
T = TypeVar("T")


@click.command()
@click.argument("customer", required=False, type=click.UUID)
@click.option("--preview", is_flag=True, help="Only say how much would go.")
@click.option("--reason", help="Kept for ever, so write no name into it: a case number, a paragraph.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--sweep/--no-sweep", default=None, help="Clean PostgreSQL's files. After an erasure it is the default.")
@click.option("--whole", is_flag=True, help="Large tables too, with their traffic held up meanwhile.")
@workspace_option
@failing_in_words
def erase(
    customer: UUID | None,
    preview: bool,
    reason: str | None,
    yes: bool,
    sweep: bool | None,
    whole: bool,
    slug: str | None,
) -> None:
    """Erase a CUSTOMER for ever: what they said and were called, on every contact, archive and refused payload.

    What stays are ids, times, states and keyed hashes, so that counts hold and a redelivery is known; the same person
    writing again is new. Refused under a legal hold. Backups taken before still have them: a restore erases them
    again, by the log in THROUGHLINE_HOME/erasures.

    A sweep then removes the old bytes from PostgreSQL's files. Erasures by the API are swept by the worker within
    minutes; `throughline erase --sweep` does it now. docs/erasure.md says what a sweep cannot reach.
    """
    if customer is None and not sweep:
        raise click.UsageError("say which CUSTOMER, or --sweep.")
    if reason is not None and len(reason) > MOST_REASON:
        raise click.UsageError(f"--reason has at most {MOST_REASON} characters.")

    async def work(desk: Desk) -> None:
        if customer is not None:
            await _erase(desk, await desk.workspace(slug), customer, reason, preview=preview, yes=yes)
        if sweep is not False and not preview:
            await _sweep(desk, whole=whole)

    with_desk(work)


async def _erase(
    desk: Desk, workspace: Workspace, customer: UUID, reason: str | None, *, preview: bool, yes: bool
) -> None:
    plan = await _carried_out(desk, workspace, customer, reason, preview=True)
    say(f"{customer} of {workspace.slug}: {_words(plan)}.")
    if preview:
        data(msgspec.json.encode(plan).decode())
        return
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("nobody is here to ask: add --yes.")
        click.confirm("Erase this for ever?", abort=True, err=True)
    done = await _carried_out(desk, workspace, customer, reason, preview=False)
    await _forget(desk, workspace, done)
    await let_go_soon(desk.database, open_files(desk.settings.files, desk.settings.home / FOLDER), workspace.id)
    data(msgspec.json.encode(done).decode())
    say(f"Erased {customer}." if not done.changed.nothing else f"{customer} was erased before.")


async def _forget(desk: Desk, workspace: Workspace, done: Erasure) -> None:
    configure_logs(level=logging.WARNING)
    engine = engine_of(desk.settings, desk.database)
    await engine.open()
    try:
        await forget_soon(Indexer(desk.database, None, engine, None), workspace.id, done.contacts)
    finally:
        await engine.close()


def _words(plan: Erasure) -> str:
    counts = {
        "contacts": plan.changed.contacts,
        "identifiers": plan.changed.identifiers,
        "events": plan.changed.events,
        "items of others placed here": plan.changed.placed_here,
        "own items placed elsewhere": plan.changed.placed_elsewhere,
    }
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing is left of them"


async def _carried_out(
    desk: Desk, workspace: Workspace, customer: UUID, reason: str | None, *, preview: bool
) -> Erasure:
    deciding = Deciding(workspace=workspace.id, actor=CLI, new_id=new_id, reason=reason, preview=preview)
    made = new_id()

    async def work(db: Db) -> Erasure:
        return await erase_customer(db, workspace, deciding, CustomerId(customer), made, desk.settings.home)

    return await _known(customer, workspace, desk.write(workspace.id, work))


async def _sweep(desk: Desk, *, whole: bool) -> None:
    swept = await Sweeping(desk.settings.home, desk.admin_url).now(whole=whole)
    say(f"Swept {swept.tables} tables.")
    for words in swept.left:
        say(f"Left: {words}.")


@click.group()
def hold() -> None:
    """Legal holds: customers whom nobody may erase, and no retention policy."""


@hold.command("add")
@click.argument("customer", type=click.UUID)
@click.option("--reason", required=True, help="Why: a case number.")
@workspace_option
@failing_in_words
def add_hold(customer: UUID, reason: str, slug: str | None) -> None:
    """Hold a CUSTOMER. It stays with their contacts, however these are merged; the hold's id is printed."""
    if not 0 < len(reason) <= MOST_REASON:
        raise click.UsageError(f"--reason has 1 to {MOST_REASON} characters.")

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)

        async def lay(db: Db) -> Hold:
            return await holds.add_hold(db, _deciding(workspace), CustomerId(customer), reason)

        made = await _known(customer, workspace, desk.write(workspace.id, lay))
        say(f"Nobody erases {customer} until this hold is lifted.")
        data(str(made.id))

    with_desk(work)


@hold.command("list")
@click.option("--all", "with_lifted", is_flag=True, help="Also those that were lifted.")
@workspace_option
@failing_in_words
def list_holds(with_lifted: bool, slug: str | None) -> None:
    """Holds, the oldest first: id, customer, since, lifted, by whom, reason, separated by tabs."""

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        after: UUID | None = None
        async with desk.database.read(workspace.id) as db:
            while page := await holds.read_holds(db, workspace.id, standing=not with_lifted, after=after, limit=PAGE):
                for one in page:
                    since = one.held_from.isoformat(timespec="seconds")
                    until = one.lifted_at.isoformat(timespec="seconds") if one.lifted_at else "-"
                    data(f"{one.id}\t{one.customer_id}\t{since}\t{until}\t{one.actor}\t{one.reason}")
                after = page[-1].id

    with_desk(work)


@hold.command("lift")
@click.argument("hold_id", metavar="HOLD", type=click.UUID)
@workspace_option
@failing_in_words
def lift_hold(hold_id: UUID, slug: str | None) -> None:
    """Lift a HOLD: what it kept may be erased again."""

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)

        async def lift(db: Db) -> Hold:
            return await holds.lift_hold(db, _deciding(workspace), hold_id)

        try:
            await desk.write(workspace.id, lift)
        except NotFound:
            raise Refused(f"{workspace.slug} has no hold {hold_id}.") from None
        except AlreadyUndone as error:
            raise Refused(f"{error}.") from None
        say(f"Lifted {hold_id}.")

    with_desk(work)


def _deciding(workspace: Workspace) -> Deciding:
    return Deciding(workspace=workspace.id, actor=CLI, new_id=new_id)


async def _known(customer: UUID, workspace: Workspace, work: Awaitable[T]) -> T:
    try:
        return await work
    except NotFound:
        raise Refused(f"{workspace.slug} has no customer {customer}.") from None
    except Absorbed as error:
        raise Refused(f"{customer} was merged into {error.survivor}: say that one.") from None
    except UnderHold as error:
        raise Refused(f"{error}.") from None
