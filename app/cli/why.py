"""`throughline why`."""

from collections.abc import Iterator
from typing import Any

import click
import msgspec

from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.words import Refused, data, failing_in_words
from app.db import Db
from identity.customers import ContactId
from identity.errors import Impossible, NotFound
from identity.matching import Comparison
from identity.named import find_contact
from identity.reasons import WhyView
from identity.reasons import why as explain
from timeline.threads import Workspace


@click.command()
@click.argument("contact")
@click.argument("other", metavar="CONTACT")
@click.option("--numbers", is_flag=True, help="Each piece of evidence with its bits as well.")
@click.option("--json", "as_json", is_flag=True, help="The whole comparison as one JSON object.")
@workspace_option
@failing_in_words
def why(contact: str, other: str, numbers: bool, as_json: bool, slug: str | None) -> None:
    """Why two contacts are, or are not, one customer.

    Says what they are today, the decisions between them, what comparing them finds, what it lacks, and whether they
    would be compared at all. A contact is named by its id (`contact_id` on an item), by its customer's id (the oldest
    contact), by KIND:VALUE such as email:jane@example.com (who proves it), or by SOURCE/KEY.
    """

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        async with desk.database.read(workspace.id) as db:
            ends = [await _find(db, workspace, said) for said in (contact, other)]
            try:
                view = await explain(db, workspace.id, *ends, salt=workspace.salt)
            except Impossible as error:
                raise Refused(f"{error}.") from None
        if as_json:
            data(msgspec.json.encode(view).decode())
            return
        data("\n".join(view.words))
        if numbers:
            data("\n" + "\n".join(in_numbers(view)))

    with_desk(work)


async def _find(db: Db, workspace: Workspace, said: str) -> ContactId:
    try:
        return await find_contact(db, workspace.id, said, workspace.region)
    except NotFound:
        raise Refused(f"{workspace.slug} has no contact {said}.") from None


def in_numbers(view: WhyView) -> Iterator[str]:
    """The comparisons as columns of bits."""
    yield "Bits for one person, against a stranger and against somebody of the same house or firm."
    yield from _table("The two contacts alone", view.contacts)
    if view.customers:
        yield from _table("The newer one and all others" if view.one else "Their customers", view.customers)


def _table(title: str, found: Comparison) -> Iterator[str]:
    *pieces, decision = found.evidence
    before = {rival: decision[rival] - sum(piece[rival] for piece in pieces) for rival in ("stranger", "house")}
    yield f"{title}:"
    yield from (_line(piece, piece["words"]) for piece in pieces)
    yield _line(before, "before anything is compared")
    yield _line(decision, f"in all: probability {found.probability} of {found.needed} needed, by {found.basis}")


def _line(bits: dict[str, Any], words: str) -> str:
    return f"{bits['stranger']:+8.1f} {bits['house']:+8.1f}  {words}"
