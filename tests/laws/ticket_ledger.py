"""A workspace's raw ledger and its tables of tickets, read by SQL: what the oracle derives from, and what it judges."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from tests.laws.ticket_folding import REASONS, Answer, shown
from tests.laws.ticket_records import OEvent, OMerge, OPolicy
from tests.laws.world import Place
from timeline.tickets.ticket import Ticket

KINDS: Final = ("Message", "Call", "Note", "Order", "Payment", "Shipment", "Visit", "Fact")
KIND_OF: Final = {f"{kind}Recorded": kind.lower() for kind in KINDS}


def _moved(data: Mapping[str, Any]) -> tuple[str, Any]:
    if data.get("waiting"):
        return "third", data["status"]
    return ("end", (data["status"], data["disposition"])) if data.get("disposition") else ("status", data["status"])


SETS: Final[Mapping[str, Any]] = {
    "TicketStatusSet": _moved,
    "TicketSnoozed": lambda data: ("until", data.get("until") and datetime.fromisoformat(data["until"])),
    "TicketAwoke": lambda data: ("wake", data.get("due")),
    "TicketResolved": lambda data: ("resolving", data["due"]),
    "TicketReminded": lambda data: ("reminding", data["due"]),
    "TicketConfirmed": lambda data: ("confirm", data["confirmed"]),
    "TicketAssigned": lambda data: ("assignee", _uuid(data.get("assignee"))),
    "TicketTagged": lambda data: ("tags", (data.get("added", []), data.get("removed", []))),
    "TicketPrioritised": lambda data: ("priority", data["priority"]),
    "TicketRenamed": lambda data: ("subject", data.get("subject")),
    "TicketTyped": lambda data: ("type", data.get("type")),
    "TicketFieldsSet": lambda data: ("fields", data["fields"]),
    "TicketQueued": lambda data: ("queue", data.get("queue")),
    "TicketClosed": lambda data: ("closing", data["due"]),
}
_BASE: Final = re.compile(r'""version_base"": \d+(, )?')
PROJECTED: Final = ("ticket", "ticket_item", "ticket_conversation", "ticket_past", "ticket_void", "ticket_moment")
TABLES: Final = (*PROJECTED, "ticket_number", "ticket_policy", "ticket_deriving")


class Ledger(msgspec.Struct, frozen=True):
    events: list[OEvent]
    merges: list[OMerge]
    homes: dict[UUID, UUID]
    policies: list[OPolicy]


async def read_ledger(place: Place) -> Ledger:
    rows = await place.fetch("SELECT * FROM event WHERE workspace_id = $1 ORDER BY position", place.id)
    placed = await place.fetch(
        "SELECT event_id, contact_id FROM placement WHERE workspace_id = $1 AND until = 'infinity'", place.id
    )
    stands = _where_they_stand(rows, {row["event_id"]: row["contact_id"] for row in placed})
    merges = await place.fetch(
        "SELECT position, contact_a, contact_b FROM link_decision d WHERE workspace_id = $1 AND kind = 'merge' "
        "AND NOT EXISTS (SELECT FROM link_decision u WHERE u.workspace_id = $1 AND u.undoes = d.id)",
        place.id,
    )
    customers = await place.fetch("SELECT id FROM customer WHERE workspace_id = $1", place.id)
    contacts = await place.contacts()
    policies = await place.fetch("SELECT * FROM ticket_policy WHERE workspace_id = $1", place.id)
    return Ledger(
        [_event(row, stands[row["id"]]) for row in rows],
        [OMerge(row["position"], row["contact_a"], row["contact_b"]) for row in merges],
        {row["id"]: row["id"] for row in customers} | {contact: row["home_id"] for contact, row in contacts.items()},
        [OPolicy(row["version"], row["from_position"], msgspec.json.decode(row["policy"])) for row in policies],
    )


def _where_they_stand(rows: list[Any], placed: Mapping[UUID, UUID]) -> dict[UUID, UUID]:
    """By hand, else where what they are about stands by hand, else where they were recorded."""
    return {row["id"]: placed.get(row["id"], placed.get(row["about"], row["contact_id"])) for row in rows}


def _event(row: Any, contact: UUID) -> OEvent:
    data = msgspec.json.decode(row["data"])
    sets = SETS[row["type"]](data) if row["type"] in SETS else None
    thing = data.get("object")
    return OEvent(
        position=row["position"],
        id=row["id"],
        contact=contact,
        kind=KIND_OF.get(row["type"], "change"),
        direction=row["direction"],
        channel=row["channel"],
        source=row["source"],
        conversation=row["conversation"],
        ticket=_uuid(data["ticket"] if sets is not None else data.get("ticket_id")),
        about=row["about"],
        object=(thing["type"], thing["id"]) if isinstance(thing, dict) else None,
        subject=data.get("subject"),
        body=data.get("body"),
        shown=row["shown_at"],
        recorded=row["recorded_at"],
        history=data.get("history", False),
        reminder=data.get("reminder", False),
        answered=data.get("answered", False),
        begins=data.get("begins", False),
        sets=sets,
    )


def _uuid(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


Folds = dict[UUID, Ticket]


async def read_folds(place: Place) -> Folds:
    rows = await place.fetch("SELECT id, fold FROM ticket WHERE workspace_id = $1", place.id)
    return {row["id"]: msgspec.json.decode(row["fold"], type=Ticket) for row in rows}


async def read_tickets(place: Place) -> Answer:
    """What is kept, brought to the words of the oracle; the columns that repeat the fold are looked at on the way."""
    rows = await place.fetch("SELECT * FROM ticket WHERE workspace_id = $1", place.id)
    folds = {row["id"]: msgspec.json.decode(row["fold"], type=Ticket) for row in rows}
    for row in rows:
        _check_columns(row, folds[row["id"]])
    items = await place.fetch("SELECT event_id, ticket_id FROM ticket_item WHERE workspace_id = $1", place.id)
    voids = await place.fetch("SELECT event_id, reason FROM ticket_void WHERE workspace_id = $1", place.id)
    await _check_numbers(place, rows)
    return (
        {ticket: shown(fold) for ticket, fold in folds.items()},
        {(row["event_id"], row["ticket_id"]) for row in items},
        {row["event_id"]: REASONS[row["reason"]] for row in voids},
    )


def _check_columns(row: Any, fold: Ticket) -> None:
    same = (
        "id", "contact_id", "opened_position", "position", "status", "priority", "assignee", "channel", "opened_at",
        "last_at", "closes_at", "joined_into", "history", "type", "queue", "waiting", "resolves_at",
    )  # fmt: skip
    assert {name: row[name] for name in same} == {name: getattr(fold, name) for name in same}
    assert tuple(row["tags"]) == fold.tags
    clocks = [at for at in (fold.closes_at, fold.resolves_at, fold.reminds_at, fold.snoozed_until) if at is not None]
    assert row["next_at"] == (min(clocks) if clocks else None)
    assert (row["snoozed_until"] is not None) == fold.snoozed
    assert row["is_open"] == (fold.status not in ("resolved", "closed") and fold.joined_into is None)
    assert (row["until_at"].year > 9000) == (fold.status != "closed")


async def _check_numbers(place: Place, rows: list[Any]) -> None:
    """Every ticket has its number, and the registry has each number and each ticket once."""
    numbers = await place.fetch("SELECT number, ticket_id FROM ticket_number WHERE workspace_id = $1", place.id)
    assert {(row["number"], row["id"]) for row in rows} <= {(row["number"], row["ticket_id"]) for row in numbers}


async def rows_of(place: Place, *tables: str) -> dict[str, list[str]]:
    """Tables as text, byte by byte."""
    return {
        table: sorted(
            row["text"]
            for row in await place.fetch(
                f"SELECT (t.*)::text AS text FROM {table} AS t WHERE t.workspace_id = $1", place.id
            )
        )
        for table in tables
    }


async def unversioned(place: Place) -> dict[str, list[str]]:
    """The tables of tickets but for what is added to versions: an undoing gives them others, so that nobody who saw
    what was undone is taken for somebody who saw this."""
    found = await rows_of(place, *PROJECTED)
    return {table: [_BASE.sub("", text) for text in rows] for table, rows in found.items()}


async def shape(place: Place) -> Any:
    """Tickets without what another run makes other: events are told by their order, positions not at all."""
    rows = await place.fetch(
        "SELECT id FROM event WHERE workspace_id = $1 AND (type = ANY($2) OR type LIKE 'Ticket%') ORDER BY position",
        place.id,
        [*KIND_OF],
    )
    names = {row["id"]: at for at, row in enumerate(rows)}
    folds = await read_folds(place)
    items = await place.fetch("SELECT event_id, ticket_id FROM ticket_item WHERE workspace_id = $1", place.id)
    left_out = (
        "id",
        "contact_id",
        "opened_position",
        "position",
        "follow_up_of",
        "joined_into",
        "parts",
        "version_base",
    )
    return {
        names[ticket]: {name: getattr(fold, name) for name in fold.__struct_fields__ if name not in left_out}
        | {
            "assignee": fold.assignee is not None,
            "follow_up_of": names.get(fold.follow_up_of),
            "joined_into": names.get(fold.joined_into),
            "parts": [names[part] for part in fold.parts],
            "events": sorted(names[row["event_id"]] for row in items if row["ticket_id"] == ticket),
        }
        for ticket, fold in folds.items()
    }
