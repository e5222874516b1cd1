"""`throughline identity`."""

from datetime import UTC, datetime
from typing import Any, get_args

import click
import msgspec

from app.cli import reviewing
from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.words import data, failing_in_words, say
from app.db import Db
from identity.errors import Impossible
from identity.policies import IdentityPolicyVersion, decide, read_versions
from identity.policy import Automatic, Claims, IdentityPolicy, check_policy


@click.group()
def identity() -> None:
    """Who is who: what is linked by itself, and what a person is asked."""


for command in (reviewing.list_suggestions, reviewing.accept, reviewing.reject, reviewing.later):
    identity.add_command(command)


@identity.command("policy")
@click.option("--automatic", type=click.Choice(get_args(Automatic)), help="Link on evidence, or on proof alone.")
@click.option("--precision", type=float, help="The share of links made on evidence that shall be right: 0.9 to 0.9999.")
@click.option("--claims", type=click.Choice(get_args(Claims)), help="What a claim without a name links.")
@click.option("--suggestions", type=float, help="The share of contacts that a person is asked about: 0 to 0.2.")
@click.option("--reason", help="Why it changes, for the record.")
@workspace_option
@failing_in_words
def show_or_change_policy(reason: str | None, slug: str | None, **named: Any) -> None:
    """The policy in force, to stdout as JSON; first changed in what is named.

    What was decided before stays. A running server takes a change up within half a minute.
    """
    changes = {field: value for field, value in named.items() if value is not None}

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)

        async def change(db: Db) -> IdentityPolicyVersion:
            latest = (await read_versions(db, workspace.id))[0]
            policy = _changed(latest.policy, changes)
            return await decide(db, workspace.id, policy, actor="cli", reason=reason, now=datetime.now(UTC))

        if changes:
            latest = await desk.write(workspace.id, change)
        else:
            async with desk.database.read(workspace.id) as db:
                latest = (await read_versions(db, workspace.id))[0]
        since = f"by {latest.actor}, since {latest.decided_at:%Y-%m-%d %H:%M}" if latest.decided_at else "the standard"
        say(f"Version {latest.version}, {since}.")
        data(msgspec.json.format(msgspec.json.encode(latest.policy)).decode())

    with_desk(work)


def _changed(policy: IdentityPolicy, changes: dict[str, Any]) -> IdentityPolicy:
    changed = msgspec.structs.replace(policy, **changes)
    try:
        check_policy(changed)
    except Impossible as error:
        raise click.BadParameter(str(error), param_hint=f"--{error.field}") from None
    return changed
