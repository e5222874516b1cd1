"""`throughline export`."""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID

import click
import msgspec

from app import upkeep
from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.words import Refused, data, failing_in_words, say
from app.export_files import write_json, write_page
from app.exporting import open_export
from app.filing import FOLDER
from channels.files import open_files
from identity.claims import key_as_given
from identity.customers import CustomerId
from identity.errors import NotFound
from timeline import codec, followers
from timeline.events import KIND_OF, Recorded, RecordedEvent

PAGE = 500


@click.group()
def export() -> None:
    """Write a workspace's data, or a person's, to stdout."""


@export.command("identity")
@workspace_option
@failing_in_words
def export_identity(slug: str | None) -> None:
    """Who is who: a JSON object a line, one a contact.

    {source, key, contact_id, customer_id, grade, source_ids}: contacts with the same customer_id are one customer.
    The key is the source's own, or begins with identifier/ or interaction/ where the source gave none; source_ids are
    those of what came in by the contact, in order of time. The desk's own contacts are left out.
    """

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        after, written = UUID(int=0), 0
        async with desk.database.read(workspace.id) as db:
            while rows := await upkeep.contacts_for_export(db, workspace.id, after, PAGE):
                for row in rows:
                    contact = {**row, "key": key_as_given(row["key"])}
                    data(msgspec.json.encode(contact, enc_hook=str).decode())
                written += len(rows)
                after = rows[-1]["contact_id"]
        say(f"Wrote {written} contacts of {workspace.slug}.")

    with_desk(work)


@export.command("interactions")
@workspace_option
@failing_in_words
def export_interactions(slug: str | None) -> None:
    """Everything that was handed in, as it was handed in, a line each: `import interactions` reads it again.

    In the order of the ledger, up to the oldest transaction that is still open. Decisions are not in it: see
    `export identity`.
    """

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        at, written = followers.START, 0
        async with desk.database.read(workspace.id) as db:
            while batch := await followers.read_after(db, workspace.id, at, PAGE):
                for one in batch:
                    if one.event.source is not None and one.event.type in KIND_OF:
                        data(msgspec.json.encode(_interaction(one.event)).decode())
                        written += 1
                at = batch[-1].at
        say(f"Wrote {written} interactions of {workspace.slug}.")

    with_desk(work)


@export.command("customer")
@click.argument("customer", type=click.UUID)
@click.option("--format", "shape", type=click.Choice(["json", "html"]), default="json", show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="A new file, readable by its owner alone.")
@workspace_option
@failing_in_words
def export_customer(customer: UUID, shape: str, output: Path | None, slug: str | None) -> None:
    """All that is held about one person, and nothing of others: contacts, identifiers, decisions, tickets, objects,
    every event, its files, and what was delivered as it came.

    JSON (docs/export.md has its shape), or one HTML page to read, hand over and print. Notes of the desk are about the
    person and in it, marked as internal. What was placed on somebody else is theirs. The id of a customer who was
    merged gives the one into whom; after an erasure there are tombstones.
    """

    async def work(desk: Desk) -> int:
        workspace = await desk.workspace(slug)
        files = open_files(desk.settings.files, desk.settings.home / FOLDER)
        async with desk.database.read(workspace.id) as db:
            try:
                found = await open_export(db, workspace, CustomerId(customer), files)
            except NotFound:
                raise Refused(f"there is no customer {customer} in {workspace.slug}.") from None
            with _writing(output) as file:
                return await (write_json if shape == "json" else write_page)(found, file.write)

    written = with_desk(work)
    say(f"Wrote {written} pieces{f' to {output}' if output else ''}.")


@contextmanager
def _writing(output: Path | None) -> Iterator[TextIO]:
    """Stdout, or a file that is there when it is whole."""
    if output is None:
        yield sys.stdout
        return
    if output.exists():
        raise Refused(f"{output} is there already.")
    partial = output.with_name(f".{output.name}.partial-{secrets.token_hex(4)}")
    try:
        with open(partial, "x", encoding="utf-8", opener=_private) as file:
            yield file
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _interaction(event: RecordedEvent) -> dict[str, Any]:
    stored = codec.decode(event.type, event.data)
    assert isinstance(stored, Recorded)
    fields = {
        "source": event.source,
        "source_id": event.source_id,
        "kind": event.kind,
        "channel": event.channel,
        "direction": event.direction,
        "occurred_at": _instant(event.occurred_at),
        "contact": stored.contact,
        "conversation": event.conversation,
        "subject": stored.subject,
        "body": stored.body,
        "data": stored.data,
        "object": stored.object,
        "ticket": stored.ticket,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
