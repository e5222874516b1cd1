"""`throughline channel change`, and what `channel test` asks of a mailbox's servers."""

from typing import IO, Any

import click
import msgspec

from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.mailboxes import password_options, read_passwords, read_settings, setting_options
from app.cli.words import Refused, failing_in_words, say
from app.db import Db, new_id
from app.mail_doors import MailDoors
from app.mail_trying import Finding, try_mailbox
from app.outward import Outward
from channels import accounts, credentials, mailboxes
from channels.accounts import ChannelAccount
from channels.credentials import Change
from channels.email.settings import MailSettings
from channels.vault import DoesNotOpen, Vault
from identity.errors import Impossible, NotFound
from timeline.interactions import InvalidField
from timeline.threads import Workspace


@click.command("change")
@click.argument("account", metavar="ACCOUNT")
@click.option("--name", help="What it is called in lists.")
@setting_options
@password_options
@click.option("--ask-password", is_flag=True, help="Ask the terminal for a new password.")
@workspace_option
@failing_in_words
def change_channel(account: str, name: str | None, slug: str | None, **said: Any) -> None:
    """Change an account's name, settings or passwords; what is not said stays, and what it was is kept.

    A mailbox is fetched under the new settings within seconds. Passwords come from a file, from stdin or from the
    terminal, and are never shown again.
    """

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        wanted = known(account, workspace)
        vault = Vault(desk.settings.secret)
        try:
            async with desk.database.read(workspace.id) as db:
                before = await accounts.show_account(db, workspace.id, wanted)
            change = _change(before, name, said)

            async def do(db: Db) -> ChannelAccount:
                return await credentials.change_account(
                    db, workspace.id, wanted, change, vault, by="cli", new_id=new_id
                )

            done = await desk.write(workspace.id, do)
        except NotFound:
            raise nobodys(account, workspace) from None
        except InvalidField as error:
            raise click.UsageError(str(error)) from None
        except Impossible as error:
            raise Refused(f"{error}.") from None
        told = f" Set the password for {' and '.join(sorted(change.passwords))}." if change.passwords else ""
        say(f"Changed the {done.kind} account {done.name}.{told} `throughline channel test {account}` tries it.")

    with_desk(work)


def _change(before: ChannelAccount, name: str | None, said: dict[str, Any]) -> Change:
    """Raises `click.BadParameter`."""
    settings = read_settings(before.kind, said["settings"], said)
    merged = credentials.merge(msgspec.json.decode(before.settings), settings)
    file: IO[str] | None = said["password_file"]
    passwords = read_passwords(merged, file, said["smtp_password_file"], ask=said["ask_password"])
    return Change(name=name, settings=settings, passwords=passwords)


async def ask_servers(desk: Desk, workspace: Workspace, account: ChannelAccount) -> list[Finding]:
    """What a mailbox's servers say to us now; nothing of an account that is none, or whose faults say why not."""
    wanted, vault, passwords = known(account.id, workspace), Vault(desk.settings.secret), dict[str, str | None]()
    async with desk.database.read(workspace.id) as db:
        try:
            found = await accounts.find_account(db, workspace.id, wanted)
            for door in credentials.DOORS:
                passwords[door] = await credentials.open_password(db, workspace.id, wanted, door, vault)
        except (InvalidField, DoesNotOpen):
            return []
        standing = await mailboxes.show_standing(db, workspace.id, found)
    if not isinstance(found.settings, MailSettings) or found.is_disabled:
        return []
    doors = MailDoors(Outward(private=desk.settings.mail_private))
    try:
        return await try_mailbox(doors, found.settings, passwords, standing)
    finally:
        doors.close()


def known(account: str, workspace: Workspace) -> Any:
    """The account's id inside its workspace. Raises `Refused`."""
    of, found = accounts.read_public_id(account)
    if of != workspace.id:
        raise nobodys(account, workspace)
    return found


def nobodys(account: str, workspace: Workspace) -> Refused:
    return Refused(f"{workspace.slug} has no channel account {account}; `throughline channel list` shows them.")
