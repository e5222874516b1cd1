"""`throughline why`."""

from uuid import UUID

import click
import msgspec

from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.words import Refused, data, failing_in_words
from identity.customers import ContactId
from identity.errors import NotFound
from identity.explaining import WhyView
from identity.explaining import why as explain


@click.command()
@click.argument("contact", type=click.UUID)
@click.argument("other", metavar="CONTACT", type=click.UUID)
@click.option("--json", "as_json", is_flag=True, help="The whole comparison as one JSON object.")
@workspace_option
@failing_in_words
def why(contact: UUID, other: UUID, as_json: bool, slug: str | None) -> None:
    """Why two contacts are, or are not, one customer.

    Says what they are today, the decisions between them, and what proof alone would say. The ids are those of
    `contacts` in a profile, or `contact_id` on an item.
    """

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        async with desk.database.read(workspace.id) as db:
            try:
                view = await explain(db, workspace.id, ContactId(contact), ContactId(other))
            except NotFound:
                raise Refused(f"{workspace.slug} has no such pair of contacts.") from None
        data(msgspec.json.encode(view, enc_hook=str).decode() if as_json else in_sentences(view))

    with_desk(work)


def in_sentences(view: WhyView) -> str:
    """The comparison as lines for a person."""
    return "\n".join([*view.words, f"By proof alone: {view.verdict}."])
