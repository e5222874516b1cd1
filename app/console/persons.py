"""Who a customer is, in one dense column: what the page shows beside the thread, out of a profile."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from app.console.language import _
from app.console.things import Thing, thing_of
from app.db import Db
from channels import bouncing
from channels.bouncing import BounceMark
from identity.customers import DESK_SOURCE, WorkspaceId
from identity.explaining import IdentifierView, PossibleView, identifier_views, possible_view
from identity.views import SeenContact
from timeline.objects import first_told
from timeline.threads import Counts, Profile, TicketsState
from timeline.tickets.reading import TicketView
from timeline.views import notes_about

FEW: Final = 8
MOST: Final = 100
MOST_CONTACTS: Final = 50
"""Shown behind "all"; the rest is counted."""
MOST_LINES: Final = 30
MOST_NOTES: Final = 3
_SAID_APART: Final = frozenset({"time_zone", "language", "company", "occupation", "given_name", "family_name"})
_RANK: Final = {"possible": 0, "presumed": 1, "verified": 2}


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier, and how sure it is in one word."""

    view: IdentifierView
    state: str
    words: str
    title: str
    bounced: BounceMark | None


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """A note about the customer, in no ticket."""

    id: UUID
    shown_at: datetime
    body: str
    author: str | None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What the column shows. Of long lists the first few stand open, the rest behind them, and more than that is a
    number."""

    name: str | None
    facts: list[tuple[str, str]]
    company: str
    language: str
    zone: str
    clock: str
    identifiers: list[Held]
    contacts: Sequence[SeenContact]
    all_contacts: int
    all_identifiers: int
    tickets: list[TicketView]
    tickets_state: TicketsState
    orders: list[Thing]
    """The newest first, by when they were placed."""
    notes: list[Noted]
    """The latest first."""
    things: list[Thing]
    """What else is an object: shipments, reservations."""
    possible: list[PossibleView]
    counts: Counts
    waits: datetime | None
    """Since when the customer waits longest for us."""


def attributes_of(contacts: Sequence[SeenContact]) -> dict[str, str]:
    """What is known of somebody: of several that say it, the surest contact, then the newest."""
    told: dict[str, str] = {}
    for contact in sorted(contacts, key=lambda one: (_RANK[one.grade], one.said_at)):
        told.update({name: value for name, value in contact.attributes.items() if value})
    return told


def zone_of(attributes: Mapping[str, str]) -> tzinfo | None:
    """Where the customer's clock is; None where nobody said, or what was said is no zone."""
    try:
        return ZoneInfo(attributes["time_zone"]) if attributes.get("time_zone") else None
    except (ValueError, OSError, KeyError):
        return None


async def person_of(db: Db, workspace: WorkspaceId, profile: Profile, now: datetime) -> Person:
    """A statement where there are addresses, of which those are marked at which no mail arrives; one where there are
    objects, and one where the desk has a contact of its own, which its notes are on."""
    people, attributes = profile.people, attributes_of(profile.people.persons)
    views = identifier_views(people.identifiers)
    shown = sorted(views, key=lambda one: (one.kind == "visitor", not one.verified))[:MOST]
    addresses = [one.value for one in shown if one.kind == "email"]
    marks = await bouncing.marks_of(db, workspace, addresses) if addresses else {}
    zone = zone_of(attributes)
    orders, things = await _things_of(db, workspace, profile)
    desk = [one.id for one in people.contacts if one.source == DESK_SOURCE]
    notes = await notes_about(db, workspace, desk, now, MOST_NOTES) if desk else []
    waiting = [one.waiting_since for one in profile.tickets if one.waiting == "us" and one.waiting_since]
    return Person(
        name=profile.name,
        facts=[(name, value) for name, value in attributes.items() if name not in _SAID_APART][:MOST_LINES],
        company=" · ".join(filter(None, (attributes.get("occupation"), attributes.get("company")))),
        language=attributes.get("language", ""),
        zone=attributes.get("time_zone", "") if zone else "",
        clock=f"{now.astimezone(zone):%H:%M}" if zone else "",
        identifiers=[_held(one, marks.get(one.value.lower())) for one in shown],
        contacts=people.persons[-MOST_CONTACTS:],
        all_contacts=len(people.persons),
        all_identifiers=len(views),
        tickets=profile.tickets,
        tickets_state=profile.tickets_state,
        orders=orders,
        notes=[Noted(**dict(one)) for one in notes],
        things=things,
        possible=[possible_view(one) for one in people.possible],
        counts=profile.counts,
        waits=min(waiting, default=None),
    )


async def _things_of(db: Db, workspace: WorkspaceId, profile: Profile) -> tuple[list[Thing], list[Thing]]:
    """Orders, and the others, each with the day of its beginning."""
    if not profile.objects:
        return [], []
    contacts = [one.id for one in profile.people.contacts]
    lived = [one for one in profile.objects if one.events > 1]
    since = await first_told(db, workspace, lived, contacts) if lived else {}
    told = [thing_of(one, since.get((one.type, one.id), one.shown_at)) for one in profile.objects]
    told.sort(key=lambda one: one.since, reverse=True)
    orders = [one for one in told if one.is_order]
    return orders[:MOST_LINES], [one for one in told if not one.is_order][:MOST_LINES]


def _held(view: IdentifierView, bounced: BounceMark | None) -> Held:
    if view.problem:
        said = ("odd", _("odd"), view.problem)
    elif view.shared:
        said = ("shared", _("shared"), view.shared)
    elif view.verified:
        said = ("verified", _("verified"), _("it was proved that this is theirs"))
    else:
        said = ("claimed", _("claimed"), _("somebody said so, and nobody proved it"))
    return Held(view=view, state=said[0], words=said[1], title=said[2], bounced=bounced)
