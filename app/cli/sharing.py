"""`throughline shared`: the operator's list of values that belong to several people."""

from datetime import UTC, datetime

import click

from app import upkeep
from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.words import Refused, data, failing_in_words, say
from app.db import Db
from identity import store
from identity.identifiers import Identifier, UnknownKind, label, parse_label
from timeline.threads import Workspace


@click.group()
def shared() -> None:
    """Values that belong to several people: a switchboard, a family phone, a mailbox like info@.

    Such a value is shown and found, and links nobody. Some are recognised by their form, some are learned when
    people with different names hold them; this list is what the operator knows better.
    """


@shared.command("list")
@workspace_option
@failing_in_words
def list_shared(slug: str | None) -> None:
    """All classed values: class, value, who, reason, separated by tabs."""

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        async with desk.database.read(workspace.id) as db:
            rows = await upkeep.classed_values(db, workspace.id)
        for row in rows:
            value = ":".join(part for part in (row["kind"], row["scope"], row["value"]) if part)
            data(f"{row['class']}\t{value}\t{row['actor']}\t{row['reason']}")

    with_desk(work)


@shared.command("add")
@click.argument("value", metavar="KIND:VALUE")
@click.option("--reason", default="listed by the operator", show_default=True)
@workspace_option
@failing_in_words
def add_shared(value: str, reason: str, slug: str | None) -> None:
    """This value links nobody from now on, such as phone:+4940123456 or email:office@example.com.

    What it linked before stays; take single links back with an unmerge.
    """
    _class(value, "shared", reason, slug)


@shared.command("remove")
@click.argument("value", metavar="KIND:VALUE")
@click.option("--reason", default="one person's own, says the operator", show_default=True)
@workspace_option
@failing_in_words
def remove_shared(value: str, reason: str, slug: str | None) -> None:
    """This value is one person's own: it links again, also where it was learned or looks like a shared one."""
    _class(value, "personal", reason, slug)


def _class(value: str, to: str, reason: str, slug: str | None) -> None:
    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        identifier = _read(value, workspace)

        async def write(db: Db) -> None:
            now = datetime.now(UTC)
            await store.set_value_class(db, workspace.id, identifier.key, to, reason, "cli", now)

        await desk.write(workspace.id, write)
        verb = "links nobody" if to == "shared" else "is one person's own"
        say(f"From now on {label(identifier)} {verb} in {workspace.slug}.")

    with_desk(work)


def _read(value: str, workspace: Workspace) -> Identifier:
    try:
        identifier = parse_label(value, workspace.region)[0]
    except (UnknownKind, ValueError) as error:
        raise click.BadParameter(str(error), param_hint="KIND:VALUE") from None
    if identifier.problem:
        raise Refused(f"{value} cannot be read: {identifier.problem}.")
    return identifier
