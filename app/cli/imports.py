"""`throughline import`."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

import click
import msgspec
from rich.progress import Progress, TaskID

from app.auth import KINDS
from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.words import Refused, data, failing_in_words, progress, say
from app.db import Db, new_id
from app.filing import FOLDER, spool_of
from app.mail_importing import Importer
from channels import accounts, inbox
from channels.contract import Account
from channels.email.kind import NAME
from channels.files import FilesAway, open_files
from channels.imports import interactions_file, multidogo, tau_airline, tau_retail
from channels.imports import run as importing
from channels.imports.imported import Imported, Refusal, Unreadable
from channels.imports.mailboxes import Found, by_time, in_maildir, in_mbox
from timeline.events import Actor
from timeline.intake import Outcome, Sender, chunks, receive
from timeline.interactions import Interaction
from timeline.threads import Workspace

IMPORT: Final = Actor("import")
ANALYZED_AFTER: Final = frozenset({1, 5, 20, 100})
"""Chunks: until a young table has statistics its plans read a whole workspace."""
SHOWN_REFUSALS: Final = 20
MOST_ACCOUNTS: Final = 10_000

Read = Callable[[Workspace], Iterable[Imported | Refusal]]


@click.group("import")
def import_() -> None:
    """Read conversations, orders and facts from files.

    Every import can be repeated and resumed: the same source and source id is one event for ever, so what is there
    already is counted and left alone. It works beside a running server. The summary adds up:
    read = new + already there + refused.
    """


@import_.command("interactions")
@click.argument("file", metavar="FILE.ndjson")
@workspace_option
@failing_in_words
def import_interactions(file: str, slug: str | None) -> None:
    """One interaction a line, each as POST /api/v1/interactions takes it.

    FILE may be gzipped, or - for stdin. Lines are taken in the order of their occurred_at. A line that cannot be
    read is counted with its number and the reason; other content under a known source and source_id is refused and
    kept in the quarantine.
    """
    _import(slug, lambda workspace: interactions_file.read(file, workspace.channels))


@import_.command("tau-retail")
@click.argument("folder", metavar="DIR")
@workspace_option
@failing_in_words
def import_tau_retail(folder: str, slug: str | None) -> None:
    """The tau-retail shop: DIR holds users.json, orders.json and conversations.jsonl.

    Customers, orders with their states and payments, and the desk's chats with their look-ups as facts. A look-up
    that found the customer in the shop proves the account.
    """
    _import(slug, lambda _: tau_retail.read(folder))


@import_.command("tau-airline")
@click.argument("folder", metavar="DIR")
@workspace_option
@failing_in_words
def import_tau_airline(folder: str, slug: str | None) -> None:
    """The tau-airline: DIR holds users.json, reservations.json and trajectories.json."""
    _import(slug, lambda _: tau_airline.read(folder))


@import_.command("multidogo")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@workspace_option
@failing_in_words
def import_multidogo(files: tuple[Path, ...], slug: str | None) -> None:
    """MultiDoGO chats: one or more tab-separated files of a domain each (airline-train.tsv)."""
    _import(slug, lambda _: multidogo.read(files))


_account_option = click.option("--account", required=True, metavar="NAME|ID", help="The mailbox whose past it is.")


@import_.command("mbox")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@_account_option
@workspace_option
@failing_in_words
def import_mbox(files: tuple[Path, ...], account: str, slug: str | None) -> None:
    """Mails of the past from mbox files (mboxo, mboxrd, mboxcl, mboxcl2), of any size.

    In the order in which they were written, whatever the order of files. A mail is known by its bytes, without what
    mail programs add (Status, X-Mozilla-Status and the like): what is there, also by IMAP, is left alone. Mails from
    the account's own addresses are outbound. Nothing is answered and nothing is due because of them. What cannot be
    read is in the quarantine.
    """
    _import_mails(slug, account, [in_mbox(file) for file in files])


@import_.command("maildir")
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=click.Path(file_okay=False, path_type=Path))
@_account_option
@workspace_option
@failing_in_words
def import_maildir(folders: tuple[Path, ...], account: str, slug: str | None) -> None:
    """Mails of the past from Maildirs with the folders below them; else as `import mbox`."""
    _import_mails(slug, account, [in_maildir(folder) for folder in folders])


def _import_mails(slug: str | None, name: str, found: Sequence[Iterable[Found]]) -> None:
    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        account = await _mailbox(desk, workspace, name)
        files = open_files(desk.settings.files, desk.settings.home / FOLDER)
        say(f"Reading into {workspace.slug}, as the past of {account.settings.address}.")
        importer = Importer(desk.settings, desk.database, files, workspace, account)
        with progress() as bar:
            line = bar.add_task("Looking", total=None)
            looked: list[int] = []

            def look(count: int) -> None:
                looked.append(count)
                bar.update(line, completed=count, description="Looking")

            def show(done: int) -> None:
                bar.update(line, completed=done, total=looked[-1], description="Importing")

            try:
                summary = await importer.run(by_time(itertools.chain(*found), spool_of(desk.settings.home), look), show)
            except (Unreadable, FilesAway) as error:
                raise Refused(f"{error}.") from None
        if summary.new:
            await desk.analyze()
        _tell(summary)

    with_desk(work)


async def _mailbox(desk: Desk, workspace: Workspace, name: str) -> Account:
    """The account of this name or id, which must be a mailbox."""
    async with desk.database.read(workspace.id) as db:
        known = await accounts.list_accounts(db, workspace.id, None, MOST_ACCOUNTS)
        named = [one for one in known if name in (one.name, one.id) and one.kind == NAME]
        if len(named) == 1:
            return await accounts.find_account(db, workspace.id, accounts.read_public_id(named[0].id)[1])
    many = f"{len(named)} mailboxes of {workspace.slug} are called {name}: say the id."
    none = f"{workspace.slug} has no mailbox {name}; `throughline channel list` shows them."
    raise Refused(many if named else none)


def _import(slug: str | None, read: Read) -> None:
    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        say(f"Reading into {workspace.slug}.")
        with progress() as bar:
            try:
                summary = await _carry(desk, workspace, read(workspace), bar)
            except Unreadable as error:
                raise Refused(f"{error}.") from None
        if summary.new:
            await desk.analyze()
        _tell(summary)

    with_desk(work)


async def _carry(
    desk: Desk, workspace: Workspace, items: Iterable[Imported | Refusal], bar: Progress
) -> importing.Summary:
    sender = Sender(workspace=workspace, actor=IMPORT, proves=frozenset(KINDS), history=True)
    line = bar.add_task("Reading", total=None)
    number = itertools.count(1)

    async def deliver(chunk: list[Interaction]) -> Sequence[Outcome]:
        outcomes = [outcome for part in chunks(chunk) for outcome in await _receive(desk, sender, part)]
        if next(number) in ANALYZED_AFTER:
            await desk.analyze()
        return outcomes

    return await importing.run(items, deliver, _shower(bar, line))


def _shower(bar: Progress, line: TaskID) -> importing.OnProgress:
    def show(done: int, total: int | None) -> None:
        bar.update(line, completed=done, total=total, description="Importing")

    return show


async def _receive(desk: Desk, sender: Sender, items: Sequence[Interaction]) -> list[Outcome]:
    async def take(db: Db) -> list[Outcome]:
        outcomes = await receive(db, sender, items, new_id=new_id)
        for item, outcome in zip(items, outcomes, strict=True):
            if outcome.code == "content_differs":
                await inbox.keep(db, sender.workspace.id, _refused(sender, item, outcome), new_id=new_id)
        return outcomes

    return await desk.write(sender.workspace.id, take)


def _refused(sender: Sender, item: Interaction, outcome: Outcome) -> inbox.Refused:
    return inbox.Refused(
        door=inbox.PUSHED,
        code="content_differs",
        reason=outcome.words or "other content",
        fields=outcome.fields,
        source=item.source,
        source_id=item.source_id,
        event_id=outcome.event_id,
        raw=msgspec.json.encode(item),
        actor=sender.actor,
        proves=sender.proves,
    )


def _tell(summary: importing.Summary) -> None:
    for refusal in summary.refusals[:SHOWN_REFUSALS]:
        field = f"{refusal.field}: " if refusal.field else ""
        say(f"refused {refusal.where}: {field}{refusal.words}")
    more = summary.refused - min(len(summary.refusals), SHOWN_REFUSALS)
    if more > 0:
        say(f"... and {more} more refused.")
    data(f"read {summary.read}, new {summary.new}, already there {summary.known}, refused {summary.refused}")
    if summary.read == 0:
        raise Refused("nothing was found to import.")
    if summary.refused == summary.read:
        raise Refused("nothing could be taken; the reasons are above.")
