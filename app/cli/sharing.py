"""`throughline shared`: the operator's list of values that belong to several people."""

from datetime import UTC, datetime
from typing import Final, get_args

import click
import msgspec

from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.words import Refused, data, failing_in_words, say
from app.db import Db
from identity.identifiers import Identifier, UnknownKind, label, parse_label
from identity.value_classes import Said, ValueView, list_values, read_values, set_class
from timeline.threads import Workspace

PAGE: Final = 200


@click.group()
def shared() -> None:
    """Values that belong to several people: a switchboard, a family phone, a mailbox like info@.

    Such a value is shown and found, and links nobody. Some are recognised by their form, some are learned when
    people with different names hold them; this list is what the operator knows better.
    """


@shared.command("list")
@click.option("--class", "said", type=click.Choice(get_args(Said)), help="Only those kept as this.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with who was seen on the value.")
@workspace_option
@failing_in_words
def list_shared(said: Said | None, as_json: bool, slug: str | None) -> None:
    """Values that were learned or listed, the newest first: class, value, who, reason, since, separated by tabs.

    The class is shared, personal (the operator's word), or re-used: a number or address that was another person's
    until a year ago or longer. Role mailboxes and junk are known by their form and not listed.
    """

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        after = None
        async with desk.database.read(workspace.id) as db:
            while found := await list_values(db, workspace.id, said, after, PAGE):
                for _, view in found:
                    data(msgspec.json.encode(view).decode() if as_json else in_columns(view))
                after = found[-1][0]

    with_desk(work)


@shared.command("show")
@click.argument("value", metavar="KIND:VALUE")
@workspace_option
@failing_in_words
def show_value(value: str, slug: str | None) -> None:
    """Whose this value is as far as is known: its class with the reason, and who was seen on it when, as JSON."""

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        identifier = _read(value, workspace)
        async with desk.database.read(workspace.id) as db:
            (view,) = await read_values(db, workspace.id, [identifier])
        data(msgspec.json.format(msgspec.json.encode(view)).decode())

    with_desk(work)


def in_columns(view: ValueView) -> str:
    value = ":".join(part for part in (view.kind, view.scope, view.value) if part)
    since = f"{view.since:%Y-%m-%d}" if view.since else ""
    return "\t".join((view.value_class, value, view.by or "", view.reason or "", since))


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


def _class(value: str, to: Said, reason: str, slug: str | None) -> None:
    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        identifier = _read(value, workspace)

        async def write(db: Db) -> None:
            now = datetime.now(UTC)
            await set_class(db, workspace.id, identifier, to, reason=reason, actor="cli", now=now)

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
