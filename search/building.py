"""How does an item of a thread, a case or a contact read as a document? Rows of the ledger and folds of tickets in,
documents out; None where there is nothing to find, as after an erasure.
"""

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from identity import identifiers
from identity.customers import DESK_SOURCE, ContactClaim
from search import tokens
from search.documents import Document, Facts, Kind, Outcome
from timeline.events import KIND_OF
from timeline.tickets.ticket import Ticket, as_of

MOST_TEXT: Final = 20_000
MOST_TITLE: Final = 500
MOST_OF_A_CASE: Final = 4_000
MOST_MEANING: Final = 2_000
FEWEST_WORDS: Final = 4
"""An item of fewer words means too little to be embedded."""
MOST_VALUES: Final = 200
MOST_VALUE: Final = 500
MOST_IDENTS: Final = 100
LONGEST_NAME: Final = 40
TIMELESS: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Somebody is not of a day: where a history was imported today, all would stand before what was said since."""
SPOKEN: Final = frozenset({"message", "call", "note"})

_UUID: Final = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
_WHERE: Final = ("company", "place", "country")


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket that stands: not joined into another."""

    number: int
    fold: Ticket


class Object(msgspec.Struct, frozen=True, kw_only=True):
    """What an item says of an object."""

    type: str
    id: str
    state: Any = None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a document takes of a recorded interaction's bytes."""

    subject: str | None = None
    body: str | None = None
    data: Any = None
    object: Object | None = None
    contact: ContactClaim = ContactClaim()
    erased: bool = False


class ItemRow(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it lies in the ledger, with the contact on whose thread it stands and the ids of its tickets."""

    id: UUID
    type: str
    contact_id: UUID
    channel: str | None
    direction: str | None
    source: str | None
    source_id: str | None
    shown_at: datetime
    data: bytes
    tickets: tuple[UUID, ...] = ()


class ContactRow(msgspec.Struct, frozen=True, kw_only=True):
    """A contact; `held` are the kinds and normal values of its identifiers."""

    id: UUID
    source: str
    source_key: str
    name: str | None
    attributes: dict[str, str | None]
    held: tuple[tuple[str, str], ...] = ()


_told = msgspec.json.Decoder(Told)


def item_id(event: UUID) -> str:
    return f"item-{event.hex}"


def case_id(ticket: UUID) -> str:
    return f"case-{ticket.hex}"


def contact_id(contact: UUID) -> str:
    return f"contact-{contact.hex}"


# -- items -----------------------------------------------------------------------------------------------------------


def item_document(row: ItemRow, cases: Iterable[Case], now: datetime, region: str | None) -> Document | None:
    """`cases` are those that the item belongs to today, `region` is the workspace's, for telephone numbers."""
    kind = KIND_OF.get(row.type)
    told = _told.decode(row.data) if kind else Told(erased=True)
    if told.erased or kind is None:
        return None
    title, text = _cut(told.subject, MOST_TITLE), _words_of(told, kind)
    named = _named(told, row, title, text)
    if not (title or text or named):
        return None
    spoken = kind in SPOKEN
    internal = kind == "note" or (spoken and row.direction == "internal")
    return Document(
        id=item_id(row.id),
        kind=_kind(kind),
        contact_id=row.contact_id,
        event_id=row.id,
        at=row.shown_at.astimezone(UTC),
        channel=row.channel,
        direction=row.direction,
        internal=internal,
        title=title,
        text=text,
        idents=named,
        people=() if spoken and row.direction != "inbound" else _said_by(told.contact, region),
        meaning=_meaning(title, said(told), FEWEST_WORDS) if spoken else "",
        facts=facts_of([case.fold for case in cases], now),
    )


def read_told(data: bytes) -> Told:
    return _told.decode(data)


def said(told: Told) -> str:
    """What somebody wrote himself: a mail without what it quotes."""
    body = told.body or ""
    quoted = told.data.get("quoted_at") if isinstance(told.data, dict) else None
    own = body[:quoted] if isinstance(quoted, int) and quoted > 0 else body
    return own.strip() or body.strip()


def _words_of(told: Told, kind: str) -> str:
    parts = [said(told)]
    if kind in SPOKEN:
        parts += _file_names(told.data)
    if kind not in ("message", "note"):
        parts += _values(told.data)
    if told.object is not None:
        parts += [f"{told.object.type} {told.object.id}", *_values(told.object.state)]
    return "\n".join(part for part in parts if part)[:MOST_TEXT]


def _file_names(data: Any) -> list[str]:
    files = data.get("attachments") if isinstance(data, dict) else None
    names = [one.get("name") for one in files if isinstance(one, dict)] if isinstance(files, list) else []
    return [name[:MOST_VALUE] for name in names[:MOST_VALUES] if isinstance(name, str)]


def _values(data: Any) -> list[str]:
    """What is written in a payload, wherever in it: texts and numbers, without the names of its fields."""
    return [text for _, text in zip(range(MOST_VALUES), _each(data), strict=False)]


def _each(data: Any) -> Iterator[str]:
    waiting = [data]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting.extend(reversed(one.values()))
        elif isinstance(one, list):
            waiting.extend(reversed(one))
        elif isinstance(one, str | int | float) and not isinstance(one, bool) and one != "":
            yield str(one)[:MOST_VALUE]


def _named(told: Told, row: ItemRow, title: str, text: str) -> tuple[str, ...]:
    known = tokens.spellings(told.object.id) if told.object is not None else ()
    own = _name_of(row.source_id) if row.source_id is not None else ()
    return _several(known, tokens.idents(f"{title} ; {text}"), own)


def _name_of(name: str) -> tuple[str, ...]:
    """A source's own id, of which a part is an id as well where people might call it so."""
    spelt = tokens.spellings(name)
    return spelt if len(name) <= LONGEST_NAME and "@" not in name and not _UUID.fullmatch(name) else spelt[:1]


def _said_by(claim: ContactClaim, region: str | None) -> tuple[str, ...]:
    values = [_normal(one.kind, one.value, one.scope, region) for one in claim.identifiers or ()]
    return tokens.people(_names(claim.name, claim.attributes or {}), values)


def _names(name: str | None, attributes: dict[str, str | None]) -> list[str]:
    parts = [attributes.get("given_name"), attributes.get("family_name")]
    whole = " ".join(part for part in parts if part)
    return [one for one in (name, whole) if one]


@functools.lru_cache(maxsize=20_000)
def _normal(kind: str, value: str, scope: str | None, region: str | None) -> str:
    return identifiers.normalise(kind, value, scope, region).value


# -- cases -----------------------------------------------------------------------------------------------------------


def case_document(case: Case, first: Told | None, answer: Told | None, now: datetime) -> Document | None:
    """`first` is what it began with, `answer` the last that was answered before it ended."""
    fold = as_of(case.fold, now)
    title = _cut(fold.subject, MOST_TITLE)
    asked, answered = _case_part(first), _case_part(answer)
    named = [tokens.spellings(name) for _, name in fold.objects]
    gone = first is not None and first.erased and not (asked or answered)
    if gone or not (title or asked or answered):
        return None
    return Document(
        id=case_id(fold.id),
        kind="case",
        contact_id=fold.contact_id,
        event_id=fold.id,
        at=fold.last_at.astimezone(UTC),
        channel=fold.channel,
        title=title,
        text="\n".join(part for part in (asked, answered if fold.is_ended else "") if part),
        idents=_several((str(case.number),), *named, tokens.idents(f"{title} ; {asked}")),
        meaning=_meaning(title, asked, 2),
        facts=facts_of([fold], now),
    )


def facts_of(tickets: Sequence[Ticket], now: datetime) -> Facts:
    folds = [as_of(ticket, now) for ticket in tickets]
    return Facts(
        tickets=_set(str(fold.id) for fold in folds),
        statuses=_set(fold.status for fold in folds),
        queues=_set(fold.queue for fold in folds if fold.queue),
        tags=_set(tag for fold in folds for tag in fold.tags),
        agents=_set(str(fold.assignee) for fold in folds if fold.assignee),
        outcomes=tuple(sorted({outcome_of(fold) for fold in folds})),
    )


def outcome_of(fold: Ticket) -> Outcome:
    """How a ticket, as silence has left it by now, ended."""
    if not fold.is_ended:
        return "open"
    if fold.reopened or fold.confirmed is False:
        return "came_back"
    return "solved" if fold.resolved_at is not None else "given_up"


def _case_part(told: Told | None) -> str:
    return "" if told is None or told.erased else said(told)[:MOST_OF_A_CASE]


# -- contacts --------------------------------------------------------------------------------------------------------


def contact_document(row: ContactRow) -> Document | None:
    if row.source == DESK_SOURCE:
        return None
    names = _names(row.name, row.attributes)
    known = [value for kind, value in row.held if kind in ("account", "external")]
    key = row.source_key if len(row.source_key) <= LONGEST_NAME and "/" not in row.source_key else ""
    named = _several(*(tokens.spellings(name) for name in (*known, key) if name))
    who = tokens.people(names, (value for _, value in row.held))
    if not (who or named):
        return None
    return Document(
        id=contact_id(row.id),
        kind="contact",
        contact_id=row.id,
        at=TIMELESS,
        title=_cut(names[0] if names else None, MOST_TITLE),
        text=" ".join(value for name in _WHERE if (value := row.attributes.get(name)))[:MOST_TITLE],
        idents=named,
        people=who,
    )


# -- in common -------------------------------------------------------------------------------------------------------


def _kind(kind: str) -> Kind:
    return msgspec.convert(kind, Kind)


def _meaning(title: str, text: str, fewest: int) -> str:
    """Without a title that the text begins with anyway."""
    heading = title.rstrip("…")
    meant = text if not heading or text.startswith(heading) else f"{title}\n{text}"
    return meant[:MOST_MEANING].strip() if len(meant.split(maxsplit=fewest)) >= fewest else ""


def _several(*parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(token for part in parts for token in part))[:MOST_IDENTS]


def _set(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


def _cut(text: str | None, most: int) -> str:
    return " ".join((text or "").split())[:most]
