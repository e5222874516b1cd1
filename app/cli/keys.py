"""`throughline key`."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import click

from app import store
from app.access import ROLES, Role
from app.auth import DEFAULT_RATE, KINDS, MadeKey, make_key
from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.words import Refused, data, failing_in_words, say
from app.cli.workspaces import agent_named
from app.db import Db

MOST_KEYS = 1_000_000


@click.group()
def key() -> None:
    """API keys of a workspace: shown once when they are made, kept as a hash."""


@key.command("create")
@click.option("--role", required=True, type=click.Choice(ROLES), help="What the key may do.")
@click.option(
    "--proves",
    metavar="LIST",
    help=f"Identifier kinds that this sender proves, separated by commas, or `none`. Default: {', '.join(KINDS)}.",
)
@click.option(
    "--rate",
    type=click.IntRange(0, 1_000_000),
    default=DEFAULT_RATE,
    show_default=True,
    help="Requests a second; 0 for no limit.",
)
@click.option("--name", default="", help="What it is for, for whoever reads the list.")
@click.option("--expires", metavar="WHEN", help="A day (2027-01-31), a time with a zone, or a span: 90d, 12h.")
@click.option("--agent", metavar="EMAIL", help="Whose key it is: what it does that agent did.")
@workspace_option
@failing_in_words
def create_key(
    role: Role, proves: str | None, rate: int, name: str, expires: str | None, agent: str | None, slug: str | None
) -> None:
    """Make an API key. It is the last word on stdout, and nobody can show it again.

    An identifier that the key does not prove is only claimed, whatever the payload says: give a web form's key
    `--proves none`, a mailbox's `--proves email`, a shop's the kinds that it has checked.
    """
    kinds = read_kinds(proves)
    until = _moment(expires)

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)

        async def make(db: Db) -> MadeKey:
            whose = None if agent is None else await agent_named(db, workspace, agent)
            return await make_key(
                db,
                workspace.id,
                name=name or f"{role} key",
                role=role,
                proves=kinds,
                rate=rate,
                expires_at=until,
                created_by="cli",
                agent=whose,
            )

        made = await desk.write(workspace.id, make)
        proven = ", ".join(made.key.proves) or "nothing"
        say(f"Made a key for {workspace.slug}: role {role}, proves {proven}. Keep it: it is shown this once.")
        data(made.text)

    with_desk(work)


@key.command("list")
@workspace_option
@failing_in_words
def list_keys(slug: str | None) -> None:
    """All keys of a workspace: id, role, last four characters, state, last use and name, separated by tabs."""

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        async with desk.database.read(workspace.id) as db:
            rows = await store.keys(db, workspace.id, None, MOST_KEYS)
        for row in rows:
            used = row["last_used_at"].isoformat(timespec="seconds") if row["last_used_at"] else "never"
            data(f"{row['id']}\t{row['role']}\t…{row['hint']}\t{_state(row)}\t{used}\t{row['name']}")

    with_desk(work)


@key.command("revoke")
@click.argument("key_id", metavar="KEY_ID", type=click.UUID)
@workspace_option
@failing_in_words
def revoke_key(key_id: UUID, slug: str | None) -> None:
    """Take a key back: it is refused from the next request on. KEY_ID is the id in `key list`."""

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)

        async def revoke(db: Db) -> store.Row | None:
            return await store.revoke_key(db, workspace.id, key_id)

        if await desk.write(workspace.id, revoke) is None:
            raise Refused(f"{workspace.slug} has no key {key_id}; `throughline key list` shows them.")
        say(f"Revoked the key {key_id}.")

    with_desk(work)


def read_kinds(proves: str | None) -> list[str] | None:
    """The identifier kinds in a list with commas; None where nothing was said."""
    if proves is None:
        return None
    kinds = [kind.strip() for kind in proves.split(",") if kind.strip()]
    if kinds in ([], ["none"]):
        return []
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise click.BadParameter(f"{unknown[0]} is none of {', '.join(KINDS)}", param_hint="--proves")
    return kinds


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    spans = {"d": timedelta(days=1), "h": timedelta(hours=1)}
    try:
        if text[-1:] in spans:
            at = datetime.now(UTC) + int(text[:-1]) * spans[text[-1]]
        else:
            at = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise click.BadParameter(f"{text!r} is no day, time or span", param_hint="--expires") from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if at <= datetime.now(UTC):
        raise click.BadParameter(f"{text} is over already", param_hint="--expires")
    return at


def _state(row: store.Row) -> str:
    if row["revoked_at"]:
        return "revoked"
    if row["expires_at"] and row["expires_at"] <= datetime.now(UTC):
        return "expired"
    return f"until {row['expires_at'].date()}" if row["expires_at"] else "holds"
