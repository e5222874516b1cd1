"""`throughline retention`."""

from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.words import Refused, data, failing_in_words, progress, say
from app.db import Db
from app.rebuilding import derive_waiting
from app.retaining import Retained, apply
from app.sweeping import Sweeping
from timeline.interactions import InvalidField
from timeline.retention import SCHEMA, RetentionPolicy, RetentionVersion, decide, read_policy, read_versions
from timeline.threads import Workspace


@click.group()
def retention() -> None:
    """What goes by itself once it is old: items, and customers whom nobody has heard of.

    A policy is JSON: {"items": [{"older_than": "2 years", "kinds": ["message"], "channels": ["chat"]}],
    "customers": {"inactive_for": "6 years"}}. The worker applies the one in force once a day and after a change.
    Items of open tickets and everything under a legal hold stay. docs/erasure.md has every word of it.
    """


@retention.command("show")
@click.option("--schema", is_flag=True, help="The JSON schema of a policy, and nothing else.")
@workspace_option
@failing_in_words
def show(schema: bool, slug: str | None) -> None:
    """Write the policy in force to stdout: a file to begin with."""
    if schema:
        data(msgspec.json.format(msgspec.json.encode(SCHEMA)).decode())
        return

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        async with desk.database.read(workspace.id) as db:
            latest = (await read_versions(db, workspace.id))[0]
        since = f"by {latest.actor}, since {latest.decided_at:%Y-%m-%d %H:%M}" if latest.decided_at else "the default"
        say(f"Version {latest.version}, {since}.")
        data(msgspec.json.format(msgspec.json.encode(latest.policy)).decode())

    with_desk(work)


@retention.command("set")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@workspace_option
@failing_in_words
def set_policy(file: Path, slug: str | None) -> None:
    """Put the policy in FILE in force. `apply --preview` after it says what the next pass would take."""

    raw = file.read_bytes()

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        policy = _read(file, raw, workspace)

        async def put(db: Db) -> RetentionVersion:
            return await decide(db, workspace.id, policy, actor="cli", now=datetime.now(UTC))

        say(f"Version {(await desk.write(workspace.id, put)).version} is in force.")

    with_desk(work)


@retention.command("apply")
@click.option("--preview", is_flag=True, help="Only count what would go.")
@click.option(
    "--policy",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With --preview: count under this one.",
)
@workspace_option
@failing_in_words
def apply_policy(preview: bool, file: Path | None, slug: str | None) -> None:
    """Erase now what the policy in force says is old, as the worker does once a day; then sweep."""
    if file is not None and not preview:
        raise click.UsageError("--policy counts only: add --preview, or `retention set` it.")

    raw = file.read_bytes() if file else b""

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        policy = _read(file, raw, workspace) if file else None
        with progress() as bar:
            line = bar.add_task("Erased", total=None)
            done = await apply(
                desk.database,
                workspace,
                desk.settings.home,
                datetime.now(UTC),
                preview=preview,
                policy=policy,
                told=lambda count: bar.update(line, completed=count),
            )
        data(msgspec.json.encode(done).decode())
        say(_words(done, preview=preview))
        if not preview and (done.customers or done.items):
            await derive_waiting(desk.database, workspace.id)
            for left in (await Sweeping(desk.settings.home, desk.admin_url).now()).left:
                say(f"Left: {left}.")

    with_desk(work)


def _read(file: Path, raw: bytes, workspace: Workspace) -> RetentionPolicy:
    try:
        return read_policy(raw, workspace.channels)
    except InvalidField as error:
        raise Refused(f"{file}: {error}") from None


def _words(done: Retained, *, preview: bool) -> str:
    would = "Would erase" if preview else "Erased"
    return f"{would} {done.customers} customers and {done.items} items of others."
