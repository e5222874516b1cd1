"""Two customers side by side: what is known of each, and in what they agree."""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

from app.console.language import _
from app.console.pages import Visit
from app.console.rendering import words
from app.db import Db
from identity.customers import ContactId, CustomerId
from identity.errors import Absorbed
from identity.explaining import IdentifierView, identifier_views
from timeline.items import Item
from timeline.threads import ThreadQuery, read_profile
from timeline.tickets.reading import TicketView

LAST: Final = 6
LOOKED_AT: Final = 60
"""Of a thread, for the last items of one contact."""
MOST_VALUES: Final = 6
FIRST: Final = ("given_name", "family_name", "birth_date", "street", "postcode", "place", "country", "company")
Agrees = Literal["same", "differs", ""]


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """A customer, one contact of it, or the rest without that contact, as far as one compares it. `events` is not known
    of a part."""

    customer_id: CustomerId
    name: str | None
    contacts: int
    events: int | None
    sources: list[str]
    names: list[str]
    identifiers: list[IdentifierView]
    attributes: dict[str, list[str]]
    tickets: Sequence[TicketView]
    items: Sequence[Item]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is known of one side or both."""

    label: str
    a: list[str]
    b: list[str]
    agrees: Agrees


async def read_side(
    db: Db, visit: Visit, customer: CustomerId, *, only: ContactId | None = None, but: ContactId | None = None
) -> Side:
    """A customer's side; of an absorbed one the survivor's. `only` is a contact of which alone one asks, `but` one that
    is left out."""
    query = ThreadQuery(limit=LAST if only is None and but is None else LOOKED_AT)
    try:
        profile = await read_profile(db, visit.workspace, customer, query)
    except Absorbed as absorbed:
        profile = await read_profile(db, visit.workspace, CustomerId(absorbed.survivor), query)
    people = profile.people
    meant = {one.id for one in people.persons if only in (None, one.id) and one.id != but}
    whole = only is None and but is None
    persons = [one for one in people.persons if one.id in meant]
    held = [one for one in people.identifiers if one.contact_id in meant]
    attributes: dict[str, list[str]] = {}
    for one in persons:
        for name, value in one.attributes.items():
            _once(attributes.setdefault(name, []), value)
    named = [one.name for one in persons if one.name]
    return Side(
        customer_id=people.customer_id,
        name=profile.name if only is None else next(iter(named), None),
        contacts=len(persons),
        events=profile.counts.events if whole else None,
        sources=list(dict.fromkeys(one.source for one in persons)),
        names=list(dict.fromkeys(named)),
        identifiers=identifier_views(held),
        attributes=attributes,
        tickets=[one for one in profile.tickets if whole or one.contact_id in meant],
        items=[one for one in profile.timeline.items if whole or one.contact_id in meant][:LAST],
    )


def _once(values: list[str], value: str) -> None:
    if value not in values:
        values.append(value)


def lines(a: Side, b: Side) -> list[Line]:
    """Names, then identifiers by kind, then attributes; what both have stands first."""
    found = [_line(_("name"), a.names, b.names)]
    kinds = list(dict.fromkeys(one.kind for side in (a, b) for one in side.identifiers))
    found += [_line(_kind(kind), _values(a, kind), _values(b, kind)) for kind in kinds]
    known = [*FIRST, *sorted({*a.attributes, *b.attributes} - {*FIRST})]
    found += [
        _line(words(name), a.attributes.get(name, []), b.attributes.get(name, []))
        for name in known
        if name in a.attributes or name in b.attributes
    ]
    return sorted(found, key=lambda one: not (one.a and one.b))


def _kind(kind: str) -> str:
    return {
        "email": _("e-mail"),
        "phone": _("phone"),
        "account": _("account"),
        "external": _("external id"),
        "handle": _("handle"),
        "visitor": _("visitor"),
    }.get(kind, kind)


def _values(side: Side, kind: str) -> list[str]:
    held = [one for one in side.identifiers if one.kind == kind]
    return [f"{one.value} ({_standing(one)})" for one in held]


def _standing(held: IdentifierView) -> str:
    if held.shared:
        return _("several people's")
    return _("verified") if held.verified else _("claimed")


def _line(label: str, a: Iterable[str], b: Iterable[str]) -> Line:
    ours, theirs = list(a), list(b)
    agrees: Agrees = ""
    if ours and theirs:
        agrees = "same" if _bare(ours) & _bare(theirs) else "differs"
    return Line(label=label, a=_few(ours), b=_few(theirs), agrees=agrees)


def _bare(values: Iterable[str]) -> set[str]:
    return {value.partition(" (")[0].casefold() for value in values}


def _few(values: list[str]) -> list[str]:
    more = len(values) - MOST_VALUES
    return values if more <= 0 else [*values[:MOST_VALUES], _("and %(more)d more", more=more)]
