"""`throughline quarantine`."""

import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import click

from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.words import Refused, data, failing_in_words, say
from app.db import Db, new_id
from app.filing import FOLDER
from app.mailroom import Mailroom
from app.understanding import read_again
from channels import inbox
from channels.files import open_files
from channels.reading import Reread
from identity.errors import NotFound
from timeline.errors import ItemRefused
from timeline.events import Actor
from timeline.threads import Workspace

PAGE = 200
CLI = Actor("cli")
T = TypeVar("T")


@click.group()
def quarantine() -> None:
    """What reached us and could not become an event, with its bytes, until a person decides."""


@quarantine.command("list")
@click.option("--state", type=click.Choice(inbox.STATES), default="waiting", show_default=True)
@workspace_option
@failing_in_words
def list_entries(state: inbox.State, slug: str | None) -> None:
    """Entries, the oldest first: id, code, source, source_id, received, reason, separated by tabs."""

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        after: UUID | None = None
        async with desk.database.read(workspace.id) as db:
            while page := await inbox.list_entries(db, workspace.id, [state], after, PAGE):
                for one in page:
                    at = one.received_at.isoformat(timespec="seconds")
                    data(f"{one.id}\t{one.code}\t{one.source or '-'}\t{one.source_id or '-'}\t{at}\t{one.reason}")
                after = page[-1].id

    with_desk(work)


@quarantine.command("show")
@click.argument("entry", type=click.UUID)
@workspace_option
@failing_in_words
def show(entry: UUID, slug: str | None) -> None:
    """Why an entry was refused (on stderr) and its raw bytes (on stdout)."""

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        async with desk.database.read(workspace.id) as db:
            found, raw = await _found(entry, workspace, lambda: inbox.show(db, workspace.id, entry))
        fields = f" ({', '.join(found.fields)})" if found.fields else ""
        say(f"{found.code}: {found.reason}{fields}. {found.state}, came {found.tries} time(s), by {found.actor}.")
        if raw is None:
            say("Its bytes were discarded.")
        else:
            sys.stdout.buffer.write(raw + b"\n")

    with_desk(work)


@quarantine.command("replay")
@click.argument("entries", metavar="ENTRY...", nargs=-1, required=True, type=click.UUID)
@workspace_option
@failing_in_words
def replay(entries: tuple[UUID, ...], slug: str | None) -> None:
    """Read entries again, with what their key proved then. What is refused again goes on waiting; then exit 1."""

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        settings, again = desk.settings, 0
        mailroom = Mailroom(settings, desk.database, open_files(settings.files, settings.home / FOLDER))
        try:
            for entry in entries:
                reread = await read_again(desk.database, workspace, entry, mailroom.ways)

                async def take(db: Db, entry: UUID = entry, reread: Reread | None = reread) -> inbox.Replayed:
                    return await inbox.replay(db, workspace, entry, by=CLI, new_id=new_id, reread=reread)

                done = await _found(entry, workspace, lambda take=take: desk.write(workspace.id, take))
                if done.outcome.status < 400:
                    data(f"{entry}\t{done.outcome.event_id}")
                else:
                    again += 1
                    why = f"{', '.join(done.outcome.fields)} {done.outcome.words or ''}"
                    say(f"{entry} is refused again: {why}".rstrip())
        finally:
            await mailroom.close()
        if again:
            raise Refused(f"{again} of {len(entries)} refused again.")

    with_desk(work)


@quarantine.command("discard")
@click.argument("entries", metavar="ENTRY...", nargs=-1, required=True, type=click.UUID)
@workspace_option
@failing_in_words
def discard(entries: tuple[UUID, ...], slug: str | None) -> None:
    """Throw the bytes of entries away; that they were here stays."""

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        for entry in entries:

            async def drop(db: Db, entry: UUID = entry) -> inbox.Entry:
                return await inbox.discard(db, workspace.id, entry, by=CLI)

            await _found(entry, workspace, lambda drop=drop: desk.write(workspace.id, drop))
        say(f"Discarded {len(entries)}.")

    with_desk(work)


async def _found(entry: UUID, workspace: Workspace, work: Callable[[], Awaitable[T]]) -> T:
    try:
        return await work()
    except NotFound:
        raise Refused(f"{workspace.slug} has no quarantined entry {entry}.") from None
    except ItemRefused as error:
        raise Refused(f"{entry}: {error}.") from None
