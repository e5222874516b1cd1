"""`throughline export`."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import click
import msgspec

from app import upkeep
from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.words import data, failing_in_words, say
from timeline import codec, followers
from timeline.events import KIND_OF, Recorded, RecordedEvent

PAGE = 500


@click.group()
def export() -> None:
    """Write a workspace's data to stdout, one JSON object a line."""


@export.command("identity")
@workspace_option
@failing_in_words
def export_identity(slug: str | None) -> None:
    """Who is who: an object a contact.

    {source, key, contact_id, customer_id, grade, source_ids}: contacts with the same customer_id are one customer.
    """

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        after: UUID | None = None
        written = 0
        async with desk.database.read(workspace.id) as db:
            while rows := await upkeep.contacts_for_export(db, workspace.id, after, PAGE):
                for row in rows:
                    data(msgspec.json.encode(dict(row), enc_hook=str).decode())
                written += len(rows)
                after = rows[-1]["contact_id"]
        say(f"Wrote {written} contacts of {workspace.slug}.")

    with_desk(work)


@export.command("interactions")
@workspace_option
@failing_in_words
def export_interactions(slug: str | None) -> None:
    """Everything that was handed in, as it was handed in: `import interactions` reads it again.

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
