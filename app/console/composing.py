"""The composer under a thread: whom an answer, or what the desk writes first, goes to, on which channel and how, and
what was typed and could not be taken."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from app.api.first_messages import Writing
from app.console.language import _
from app.console.pages import Visit
from app.console.placeholders import values_of
from app.console.ticket_words import status_words
from app.db import Db
from app.limits import UPLOAD_BYTES
from channels.bouncing import BounceView
from channels.replying import CHANNEL, goes_out
from identity.errors import Impossible, NotFound
from identity.explaining import identifier_views
from identity.views import People, best_name, read_people
from timeline.actions import FORM
from timeline.addressing import answered_subject
from timeline.commands import MOST_ATTACHED
from timeline.events import Status
from timeline.items import Item
from timeline.threads import ThreadQuery, read_page_of
from timeline.tickets.aiming import Aim, Place, at_item, read_aims
from timeline.tickets.reading import TicketView
from timeline.tickets.types import Types
from timeline.tickets.versions import read_desk

MOVES: Final[tuple[Status, ...]] = ("open", "pending", "on_hold", "resolved", "closed")
"""What a ticket may become with an answer."""
REACHED_BY_NUMBER: Final = ("sms", "voice", FORM)
"""Channels on which nothing but a contact point reaches anybody; elsewhere the conversation does."""
LOOKED_AT: Final = 50
MOST_TOLD: Final = 5


class Enclosed(msgspec.Struct, frozen=True, kw_only=True):
    """An upload that goes along, as the form names it."""

    id: str
    size: int
    name: str

    @property
    def value(self) -> str:
        return f"{self.id} {self.size} {self.name}"


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed and could not be taken: it is shown again, with the reason. `came` is what came meanwhile,
    `seen` how many items
    the ticket had when it was shown, `bounced` at whom mail did not arrive lately."""

    body: str = ""
    note: bool = False
    fault: str = ""
    field: str = ""
    about: str = ""
    account: str = ""
    to: str = ""
    subject: str = ""
    status: str = ""
    disposition: str = ""
    source: str = ""
    files: tuple[Enclosed, ...] = ()
    came: Sequence[Item] = ()
    once: str = ""
    seen: int | None = None
    bounced: Sequence[BounceView] = ()


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """An address that the customer can be written to."""

    value: str
    verified: bool
    shared: bool


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Whom an answer goes to: shown before it is sent, and sent to nobody else. `value` is the contact point of the
    item answered; where a web form told none (`is_lent`), an address of the customer's own that was proved: the one
    that there is, else the one that is chosen of `points`. `is_mail`, and then `goes_out` says whether it is mailed
    from here."""

    about: UUID
    channel: str
    value: str | None
    subject: str
    points: Sequence[Point] = ()
    is_lent: bool = False
    is_mail: bool = False
    goes_out: bool = False

    @property
    def is_chosen(self) -> bool:
        """Whether it can be chosen by hand."""
        return (self.is_mail or self.is_lent) and (len(self.points) > 1 or not self.value)


class Composer(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent answers with, or where there is no ticket writes first with: then `writing` says by which accounts
    and to whom. `at` is where its parts are, `once` the name of this form, `seen` how many items of the ticket were
    there when it was shown, `refused` why no answer is possible, `values` what placeholders become."""

    customer: UUID
    at: str
    ticket: TicketView | None = None
    recipient: Recipient | None = None
    writing: Writing | None = None
    refused: str
    draft: Draft
    once: str
    seen: int
    types: Types | None = None
    values: dict[str, str]
    moves: Sequence[tuple[Status, str]] = ()
    most_files: int = MOST_ATTACHED
    most_megabytes: int = UPLOAD_BYTES // 1_000_000

    @property
    def note(self) -> bool:
        return self.draft.note or bool(self.refused)

    @property
    def page(self) -> str:
        """The page that it stands on."""
        return self.at if self.ticket is None else f"/tickets/{self.ticket.number}"


async def compose(db: Db, visit: Visit, ticket: TicketView, draft: Draft) -> Composer:
    """The composer of a ticket that is open."""
    people = await read_people(db, visit.workspace, ticket.customer_id)
    draft = draft if visit.request.method == "POST" else _as_asked(visit, draft)
    recipient = await _recipient(db, visit, ticket, people, draft.about)
    return Composer(
        customer=ticket.customer_id,
        at=f"/tickets/{ticket.number}",
        ticket=ticket,
        recipient=recipient,
        refused=_refused(ticket, recipient),
        draft=draft,
        once=draft.once or visit.new_name(),
        seen=ticket.items if draft.seen is None else draft.seen,
        types=(await read_desk(db, visit.workspace)).configuration.types,
        values=known_values(visit, people, ticket),
        moves=[(one, status_words(one)) for one in MOVES],
    )


def compose_first(visit: Visit, people: People, writing: Writing, draft: Draft) -> Composer:
    """What is written first to a customer, or noted down about one, in no ticket. Nobody is chosen where there are
    several."""
    change = msgspec.structs.replace
    if visit.request.method != "POST":
        draft = change(draft, note=visit.asked_for.get("as") == "note")
    accounts, addresses = [one.id for one in writing.accounts], [one.address for one in writing.recipients]
    return Composer(
        customer=people.customer_id,
        at=f"/customers/{people.customer_id}/message",
        writing=writing,
        refused=_unsendable(writing),
        draft=change(draft, account=_one_of(draft.account, accounts), to=_one_of(draft.to, addresses)),
        once=draft.once or visit.new_name(),
        seen=0,
        values=known_values(visit, people),
    )


def _one_of(said: str, known: Sequence[str]) -> str:
    return said if said in known else known[0] if len(known) == 1 else ""


def _unsendable(writing: Writing) -> str:
    if not writing.accounts:
        return _("No mailbox of this desk sends mail, so only a note can be written.")
    if not writing.recipients:
        return _("No address of this customer is known, so no mail can be sent. Write a note.")
    return ""


def _as_asked(visit: Visit, draft: Draft) -> Draft:
    """A new one, about the item and of the kind that the address names."""
    asked = visit.asked_for
    return msgspec.structs.replace(draft, about=asked.get("about", ""), note=asked.get("as") == "note")


async def came_since(db: Db, visit: Visit, ticket: TicketView, seen: int) -> list[Item]:
    """What others said in a ticket since it had `seen` items, the newest first."""
    more = ticket.items - seen
    if more <= 0:
        return []
    page = await read_page_of(db, visit.workspace, ticket, ThreadQuery(limit=LOOKED_AT))
    items = sorted((one for one in page.items if one.kind != "change"), key=lambda one: one.recorded_at, reverse=True)
    me = visit.caller.actor
    return [one for one in items[:more] if one.actor != me][:MOST_TOLD]


def _refused(ticket: TicketView, recipient: Recipient | None) -> str:
    if ticket.backstage_of is not None:
        return _("This is work of our own: the customer hears nothing of it. Write a note.")
    if recipient is None:
        return _("Nothing of this ticket can be answered. Write a note.")
    if recipient.is_mail and not recipient.value and not recipient.points:
        return _("No address of this customer is known, so no mail can be sent. Write a note.")
    if recipient.channel in REACHED_BY_NUMBER and not recipient.value and not recipient.points:
        return _("It is not known by what this customer is reached there. Write a note.")
    return ""


async def _recipient(db: Db, visit: Visit, ticket: TicketView, people: People, about: str) -> Recipient | None:
    aim = (await read_aims(db, visit.workspace, [ticket.id]))[ticket.id]
    place = await _place(db, visit, aim, about) if isinstance(aim, Aim) else None
    if place is None:
        return None
    is_mail = place.channel == CHANNEL
    value, points = place.point["value"] if place.point else None, _points(people)
    is_lent = place.channel == FORM and value is None
    if is_lent:
        points = [one for one in points if one.verified]
        value = points[0].value if len(points) == 1 else None
    return Recipient(
        about=place.about,
        channel=place.channel or "api",
        value=value,
        subject=answered_subject(place.subject or ticket.subject),
        points=points if is_mail or is_lent else (),
        is_lent=is_lent,
        is_mail=is_mail,
        goes_out=is_mail and await goes_out(db, visit.workspace, place.about),
    )


async def _place(db: Db, visit: Visit, aim: Aim, about: str) -> Place | None:
    """Where the item named is; the customer's latest message where none is, or where it is no item of this ticket."""
    if about:
        try:
            return (await at_item(db, visit.workspace, aim, UUID(about))).answered
        except (NotFound, Impossible, ValueError):
            pass
    return (await at_item(db, visit.workspace, aim, None)).answered


def _points(people: People) -> list[Point]:
    """The customer's addresses, those that were proved first."""
    found = [
        Point(value=one.value, verified=one.verified, shared=one.shared is not None)
        for one in identifier_views(people.identifiers)
        if one.kind == "email" and one.problem is None
    ]
    return sorted(found, key=lambda one: (not one.verified, one.value))


def known_values(visit: Visit, people: People, ticket: TicketView | None = None) -> dict[str, str]:
    """What placeholders become."""
    named = sorted((one for one in people.persons if one.attributes.get("given_name")), key=lambda one: one.said_at)
    return values_of(
        customer=best_name(people) if any(one.name for one in people.persons) else None,
        given_name=named[-1].attributes["given_name"] if named else None,
        number=ticket and ticket.number,
        subject=ticket and ticket.subject,
        agent=visit.who.name if visit.who else "",
    )
