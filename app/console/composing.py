"""The composer under a thread: whom an answer goes to, on which channel, and what was typed and could not be taken."""

from uuid import UUID

import msgspec

from app.console.pages import Visit
from app.db import Db
from timeline.addressing import answered_subject
from timeline.tickets.aiming import Aim, at_item, read_aims
from timeline.tickets.reading import TicketView


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed and could not be taken: it is shown again, with the reason."""

    body: str = ""
    note: bool = False
    fault: str = ""


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Whom an answer goes to: shown before it is sent, and sent to nobody else."""

    about: UUID
    channel: str
    value: str | None
    subject: str


class Composer(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent answers with. `once` is the name of this form."""

    recipient: Recipient | None
    draft: Draft
    once: str


async def compose(db: Db, visit: Visit, ticket: TicketView, draft: Draft) -> Composer:
    """The composer of a ticket that is open."""
    return Composer(recipient=await _recipient(db, visit, ticket), draft=draft, once=visit.new_name())


async def _recipient(db: Db, visit: Visit, ticket: TicketView) -> Recipient | None:
    aim = (await read_aims(db, visit.workspace, [ticket.id]))[ticket.id]
    place = (await at_item(db, visit.workspace, aim, None)).answered if isinstance(aim, Aim) else None
    if place is None:
        return None
    return Recipient(
        about=place.about,
        channel=place.channel or "api",
        value=place.point["value"] if place.point else None,
        subject=answered_subject(place.subject or ticket.subject),
    )
