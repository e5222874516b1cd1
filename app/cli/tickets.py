"""`throughline rebuild` and `throughline derive`."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import click
import msgspec

from app import rebuilding, recounting
from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.words import Refused, data, failing_in_words, progress, say
from app.db import Database
from identity.customers import CustomerId, WorkspaceId
from timeline.interactions import InvalidField
from timeline.threads import Workspace
from timeline.tickets import streams
from timeline.tickets.comparing import Comparison
from timeline.tickets.policy import SCHEMA, TicketPolicy, read_policy
from timeline.tickets.versions import read_versions

Rebuilding = Callable[[Database, WorkspaceId, rebuilding.Progress], Awaitable[rebuilding.Rebuilt]]

_WORDS = {
    "opened": "would open for events that belong to no ticket today",
    "split": "would be split off a ticket of today",
    "joined": "of today would be part of another ticket",
    "gone": "of today would not be there",
    "reopened": "would have been reopened more often",
    "closed": "would be closed by now",
    "left_open": "would not be closed yet",
    "follow_ups": "would follow up an earlier ticket",
}


@click.group()
def rebuild() -> None:
    """Compute again what is derived from the ledger."""


@rebuild.command("tickets")
@click.argument("customer", required=False, type=click.UUID)
@workspace_option
@failing_in_words
def rebuild_tickets(customer: UUID | None, slug: str | None) -> None:
    """Fold the tickets of one CUSTOMER, or of all, again.

    Compares with what is kept and writes only what differs, beside whatever is being pushed; nothing is sent and no
    event is appended. Says how many rows differed: none, if all is well.
    """

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        if customer is None:
            await _rebuild_all(desk, workspace)
            return
        await _known(desk, workspace, CustomerId(customer))
        rows = await rebuilding.rebuild(desk.database, workspace.id, CustomerId(customer))
        data(f"{customer}: {rows} rows differed")

    with_desk(work)


@rebuild.command("objects")
@click.argument("customer", required=False, type=click.UUID)
@workspace_option
@failing_in_words
def rebuild_objects(customer: UUID | None, slug: str | None) -> None:
    """Compute again how objects stand on one CUSTOMER, or on all.

    From the ledger and from where items stand by hand, beside whatever is being pushed. Writes only what differs, and
    says how many rows did: none, if all is well.
    """
    with_desk(lambda desk: _recount(desk, slug, "objects", customer))


@rebuild.command("counts")
@click.argument("customer", required=False, type=click.UUID)
@workspace_option
@failing_in_words
def rebuild_counts(customer: UUID | None, slug: str | None) -> None:
    """Count events, messages, orders and tickets again.

    Beside whatever is being pushed. Writes only what differs, and says how many rows did: none, if all is well.
    """
    with_desk(lambda desk: _recount(desk, slug, "counts", customer))


async def _recount(desk: Desk, slug: str | None, what: recounting.What, customer: UUID | None) -> None:
    workspace = await desk.workspace(slug)
    if customer is not None:
        await _known(desk, workspace, CustomerId(customer))
        rows = await recounting.rebuild(desk.database, workspace.id, what, CustomerId(customer))
        data(f"{customer}: {rows} rows differed")
        return
    with progress() as bar:
        line = bar.add_task("Contacts", total=None)
        done = await recounting.rebuild_all(
            desk.database, workspace.id, what, lambda contacts: bar.update(line, completed=contacts)
        )
    data(f"{workspace.slug}: {done.contacts} contacts; {done.rows} rows differed")


async def _known(desk: Desk, workspace: Workspace, customer: CustomerId) -> None:
    async with desk.database.read(workspace.id) as db:
        if not await streams.homes(db, workspace.id, [customer]):
            raise Refused(f"{workspace.slug} has no customer {customer} (one that was merged goes by its present id).")


async def _rebuild_all(desk: Desk, workspace: Workspace, work: Rebuilding = rebuilding.rebuild_all) -> None:
    with progress() as bar:
        line = bar.add_task("Customers", total=None)
        done = await work(desk.database, workspace.id, lambda customers: bar.update(line, completed=customers))
    data(f"{workspace.slug}: {done.customers} customers, {done.events} events; {done.rows} rows differed")


@click.command()
@click.option("--policy", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="JSON.")
@click.option(
    "--activate",
    type=click.Choice(["now", "past"]),
    is_flag=False,
    flag_value="now",
    help="Put it in force: from now on (the default), or for the past too.",
)
@click.option("--reason", help="Why, for the record.")
@click.option("--json", "as_json", is_flag=True, help="The comparison as one JSON object.")
@click.option("--schema", is_flag=True, help="The JSON schema of a policy, and nothing else.")
@workspace_option
@failing_in_words
def derive(
    file: Path | None,
    activate: Literal["now", "past"] | None,
    reason: str | None,
    as_json: bool,
    schema: bool,
    slug: str | None,
) -> None:
    """Fold all history under another ticket policy, and show what would differ.

    Writes nothing without --activate. Without --policy, writes the policy in force to stdout: a file to begin with.
    docs/tickets.md explains every word of a policy. Cut short while it puts a policy in force for the past, the worker
    finishes it.
    """
    if schema:
        data(msgspec.json.format(msgspec.json.encode(SCHEMA)).decode())
        return
    policy = _read(file) if file else None
    if policy is None and activate:
        raise click.UsageError("--activate needs --policy FILE.")

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        if policy is None:
            data(msgspec.json.format(await _present(desk, workspace)).decode())
            return
        found = await _compare(desk, workspace, policy)
        data(msgspec.json.encode(found).decode() if as_json else _told(found))
        if activate is not None:
            await _activate(desk, workspace, policy, activate, reason)

    with_desk(work)


def _read(file: Path) -> TicketPolicy:
    try:
        return read_policy(file.read_bytes())
    except InvalidField as error:
        raise Refused(f"{file}: {error}") from None


async def _present(desk: Desk, workspace: Workspace) -> bytes:
    async with desk.database.read(workspace.id) as db:
        return msgspec.json.encode((await read_versions(db, workspace.id))[0].policy)


async def _compare(desk: Desk, workspace: Workspace, policy: TicketPolicy) -> Comparison:
    with progress() as bar:
        line = bar.add_task("Customers", total=None)
        return await rebuilding.compare(
            desk.database, workspace.id, policy, lambda customers: bar.update(line, completed=customers)
        )


def _told(found: Comparison) -> str:
    lines = [
        f"{found.customers} customers, {found.events} events: {found.tickets_before} tickets today, "
        f"{found.tickets_after} under this policy"
    ]
    for name, words in _WORDS.items():
        count: Any = getattr(found, name)
        if count.count:
            examples = ", ".join(str(ticket) for ticket in count.examples[:3])
            lines.append(f"{count.count:>8} {words} ({examples}{', …' if count.count > 3 else ''})")
    return "\n".join(lines)


async def _activate(
    desk: Desk, workspace: Workspace, policy: TicketPolicy, since: Literal["now", "past"], reason: str | None
) -> None:
    version = await rebuilding.activate(
        desk.database, workspace.id, policy, past=since == "past", actor="cli", reason=reason
    )
    if since == "past":
        await _rebuild_all(desk, workspace, rebuilding.recut)
        say(f"Version {version} is in force for the past too.")
    else:
        say(f"Version {version} is in force from now on.")
