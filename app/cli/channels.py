"""`throughline channel`."""

import http.client
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import IO, Any
from urllib.parse import urlsplit
from uuid import UUID

import click

from app.api.channel_accounts import address_of
from app.auth import KINDS as IDENTIFIER_KINDS
from app.cli.channel_changes import ask_servers, change_channel, known, nobodys
from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.keys import read_kinds
from app.cli.mailboxes import password_options, read_passwords, read_settings, setting_options
from app.cli.words import Refused, data, failing_in_words, say
from app.db import Db, new_id
from app.mail_trying import Finding
from channels import accounts, mailboxes
from channels.accounts import ChannelAccount, NewAccount, WithSecret
from channels.credentials import EMAIL, check_passwords, set_passwords
from channels.registry import KINDS
from channels.vault import Vault
from identity.errors import Impossible, NotFound
from timeline.interactions import InvalidField

MOST = 1_000_000
ANSWER_SECONDS = 5


@click.group()
def channel() -> None:
    """Channel accounts: the shops, mailboxes, numbers and pages that something comes in through.

    What an account's sender posts is signed with its secret, which is shown once and kept sealed.
    """


_secret_option = click.option(
    "--secret-file", type=click.File("r"), help="A secret that the sender has chosen, from a file or from `-`."
)
_account_argument = click.argument("account", metavar="ACCOUNT")


channel.add_command(change_channel)


@channel.command("create")
@click.argument("kind", type=click.Choice(sorted(KINDS)))
@click.argument("called", metavar="[NAME]", required=False)
@click.option("--name", help="What it is called in lists, if not said as NAME.")
@click.option("--source", help="The source that its items bear, such as shop.example. Default: the name.")
@click.option(
    "--proves",
    metavar="LIST",
    help=f"Identifier kinds that it proves, of {', '.join(IDENTIFIER_KINDS)}; or `none`. Default: what its kind does.",
)
@setting_options
@password_options
@click.option(
    "--rate",
    type=click.IntRange(0, 100_000),
    default=accounts.DEFAULT_RATE,
    show_default=True,
    help="Deliveries a second; 0 for no limit.",
)
@_secret_option
@workspace_option
@failing_in_words
def create_channel(kind: str, called: str | None, name: str | None, slug: str | None, **said: Any) -> None:
    """Make an account of a KIND: its address, and then its secret, which is the last word on stdout.

    Nobody can show the secret again. An identifier that the account does not prove is only claimed, whatever a payload
    says. `docs/hooks.md` tells the sender what to post and how to sign it, `docs/channels/email.md` how to set up a
    mailbox: its password comes from a file, from stdin or from the terminal, and is never shown again.
    """
    name = called or name
    if name is None:
        raise click.UsageError("say what it is called: `throughline channel create KIND NAME`.")
    settings = read_settings(kind, said["settings"], said)
    if isinstance(settings.get("imap"), dict):
        settings["imap"].setdefault("user", settings.get("address"))
    passwords = read_passwords(settings, said["password_file"], said["smtp_password_file"], ask=True)
    new = NewAccount(
        kind=kind,
        name=name,
        source=said["source"],
        settings=settings,
        proves=read_kinds(said["proves"]),
        rate=said["rate"],
        secret=_secret(said["secret_file"]),
    )

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)

        async def make(db: Db) -> WithSecret:
            made = await accounts.make_account(db, workspace.id, new, _vault(desk), by="cli", new_id=new_id)
            check_passwords(kind, passwords)
            await set_passwords(db, workspace.id, _uuid(made.account.id), passwords, _vault(desk), by="cli")
            return made

        try:
            made = await desk.write(workspace.id, make)
        except InvalidField as error:
            raise click.UsageError(str(error)) from None
        proven = ", ".join(made.account.proves) or "nothing"
        say(f"Made the {kind} account {name} in {workspace.slug}: source {made.account.source}, proves {proven}.")
        if kind == EMAIL:
            say(f"`throughline channel test {made.account.id}` asks its servers.")
            say("Mail may also be posted to the address, signed with the secret, which is shown this once.")
        else:
            say("Give its sender the address and the secret. The secret is shown this once.")
        data(address_of(desk.settings.public_url, made.account.id))
        data(made.secret)

    with_desk(work)


@channel.command("list")
@workspace_option
@failing_in_words
def list_channels(slug: str | None) -> None:
    """All accounts of a workspace: id, kind, state, secret's end, source, name and address, separated by tabs."""

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        async with desk.database.read(workspace.id) as db:
            found = await accounts.list_accounts(db, workspace.id, None, MOST)
        for one in found:
            state = "disabled" if one.disabled_at else "holds"
            address = address_of(desk.settings.public_url, one.id)
            data(f"{one.id}\t{one.kind}\t{state}\t…{one.hint}\t{one.source}\t{one.name}\t{address}")

    with_desk(work)


@channel.command("test")
@click.argument("account", metavar="[ACCOUNT]", required=False)
@workspace_option
@failing_in_words
def test_channel(account: str | None, slug: str | None) -> None:
    """Say what is wrong with an account, or with all: exit 1 where something is.

    It looks at the account's standing, at what waits and at what could not be understood, and asks the address whether
    this server answers there; of a mailbox it asks the mail servers whether they let us in. ACCOUNT is the id in
    `channel list`.
    """

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        now = datetime.now(UTC)
        async with desk.database.read(workspace.id) as db:
            known = await accounts.list_accounts(db, workspace.id, None, MOST)
            chosen = [one for one in known if (one.id == account if account else one.disabled_at is None)]
            if account is not None and not chosen:
                raise nobodys(account, workspace)
            faults = {
                one.id: await mailboxes.find_faults(db, workspace.id, _uuid(one.id), _vault(desk), now)
                for one in chosen
            }
        said = {one.id: await ask_servers(desk, workspace, one) for one in chosen if one.kind == EMAIL}
        if _told(desk, chosen, faults, said):
            raise Refused("something is wrong, see above.")

    with_desk(work)


def _told(
    desk: Desk, chosen: Sequence[ChannelAccount], faults: dict[str, list[str]], said: dict[str, list[Finding]]
) -> bool:
    """Tell what is wrong; whether anything is. Who is fetched from need not reach us."""
    if not chosen:
        say("There is no account that is not disabled; `throughline channel create` makes one.")
    posted = [one for one in chosen if one.kind != EMAIL]
    away = _unreachable(address_of(desk.settings.public_url, "test")) if posted else None
    for one in chosen:
        found = [*faults[one.id], *([away] if away and one in posted else [])]
        asked = said.get(one.id, [])
        for words in [*found, *(finding.words for finding in asked)] or ["nothing is wrong."]:
            data(f"{one.id}\t{one.name}\t{words}")
    wrong = any(finding.wrong for findings in said.values() for finding in findings)
    return away is not None or wrong or any(faults.values())


def _unreachable(address: str) -> str | None:
    """What is wrong with the way to the server: an unsigned delivery should be refused by it with 401."""
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("POST", parts.path, body=b"")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        asked = "is the server up, and THROUGHLINE_PUBLIC_URL right?"
        return f"{parts.netloc} does not answer ({type(error).__name__}): {asked}"
    finally:
        connection.close()
    return None if status == 401 else f"{parts.netloc} answers {status} where this server would answer 401."


@channel.command("rotate")
@_account_argument
@click.option(
    "--overlap",
    type=click.FloatRange(0, 720),
    default=accounts.OVERLAP / timedelta(hours=1),
    show_default=True,
    help="Hours for which the secret before holds too; 0 where it got into wrong hands.",
)
@_secret_option
@workspace_option
@failing_in_words
def rotate_secret(account: str, overlap: float, secret_file: IO[str] | None, slug: str | None) -> None:
    """Give an account a new secret: the last word on stdout, shown once."""
    secret = _secret(secret_file)

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        wanted = known(account, workspace)

        async def rotate(db: Db) -> WithSecret:
            now, span = datetime.now(UTC), timedelta(hours=overlap)
            return await accounts.rotate_secret(
                db, workspace.id, wanted, _vault(desk), secret=secret, overlap=span, now=now
            )

        try:
            done = await desk.write(workspace.id, rotate)
        except NotFound:
            raise nobodys(account, workspace) from None
        except (Impossible, InvalidField) as error:
            raise Refused(f"{error}.") from None
        until = done.account.overlap_until
        say(f"The secret before holds until {until:%Y-%m-%d %H:%M} UTC." if until else "The secret before has ended.")
        data(done.secret)

    with_desk(work)


@channel.command("disable")
@_account_argument
@workspace_option
@failing_in_words
def disable_channel(account: str, slug: str | None) -> None:
    """Close an account: with the next request nothing comes in through it. What came in stays."""
    _switch(account, slug, accounts.disable_account, lambda done: f"Disabled the {done.kind} account {done.name}.")


@channel.command("enable")
@_account_argument
@workspace_option
@failing_in_words
def enable_channel(account: str, slug: str | None) -> None:
    """Open an account again that was disabled, with its secrets and passwords of before."""
    tries = f"`throughline channel test {account}` tries it."
    _switch(
        account, slug, accounts.enable_account, lambda done: f"Enabled the {done.kind} account {done.name}. {tries}"
    )


def _switch(
    account: str,
    slug: str | None,
    act: Callable[..., Awaitable[ChannelAccount]],
    said: Callable[[ChannelAccount], str],
) -> None:
    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        wanted = known(account, workspace)
        try:
            done = await desk.write(workspace.id, lambda db: act(db, workspace.id, wanted, by="cli", new_id=new_id))
        except NotFound:
            raise nobodys(account, workspace) from None
        say(said(done))

    with_desk(work)


def _vault(desk: Desk) -> Vault:
    return Vault(desk.settings.secret)


def _uuid(account: str) -> UUID:
    return accounts.read_public_id(account)[1]


def _secret(file: IO[str] | None) -> str | None:
    return file.read().strip() if file is not None else None
