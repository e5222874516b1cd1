"""A ticket as one line of a list: what each column says of it, in words, cut to what a line holds."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zlib import crc32

import msgspec

from app.console.due_words import due, urgency
from app.console.language import _
from app.console.rendering import ago, words
from timeline.tickets.glances import MOST_NAME, LastWords
from timeline.tickets.reading import TicketView

MOST_SUBJECT: Final = 160
MOST_CELL: Final = 80
MOST_SHOWN_TAGS: Final = 3
SOON: Final = timedelta(minutes=30)
LOUD: Final = frozenset({"high", "urgent"})


class Cell(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One column of a line. `kind` is how it is drawn: text, status, tags, due, ago. `stamp` is the instant that `text`
    says, `urgency` of a clock how near it is."""

    kind: str
    column: str
    text: str = ""
    stamp: str = ""
    urgency: str = ""
    tags: tuple[str, ...] = ()
    more: int = 0
    loud: bool = False


class Line(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A ticket in a list. `mark` is another whenever the line is another."""

    id: str
    number: int
    version: int
    subject: str
    customer: str
    said: str
    words: str
    mark: str
    cells: tuple[Cell, ...]


def cut(text: str, most: int) -> str:
    """One line of a text, short enough to be shown."""
    line = " ".join(text[: 4 * most].split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def line_of(
    ticket: TicketView,
    customer: str | None,
    last: LastWords | None,
    columns: Sequence[str],
    queues: Mapping[str, str],
    now: datetime,
) -> Line:
    name = cut(customer or "", MOST_NAME) or _("Somebody without a name")
    body = cut((last and last.body) or "", MOST_NAME)
    return Line(
        id=str(ticket.id),
        number=ticket.number,
        version=ticket.version,
        subject=cut(ticket.subject or "", MOST_SUBJECT) or body or _("Without a subject"),
        customer=name,
        said=_who(last) if body else "",
        words=body,
        mark=f"{ticket.version}-{crc32(f'{name} {body} {ticket.status} {ticket.assignee_name}'.encode()):x}",
        cells=tuple(cell_of(ticket, column, queues, now) for column in columns),
    )


def _who(last: LastWords | None) -> str:
    if last is None or last.direction == "inbound":
        return ""
    return _("Note:") if last.type == "NoteRecorded" else _("We:")


def cell_of(ticket: TicketView, column: str, queues: Mapping[str, str], now: datetime) -> Cell:
    """What a column says of a ticket; of a column that tickets do not have, nothing."""
    drawn = _DRAWN.get(column)
    if drawn is not None:
        return drawn(ticket)
    if column == "sla_due_at":
        return _due(ticket, now)
    if column == "snoozed_until" and ticket.snoozed and ticket.snoozed_until is None:
        return Cell(kind="text", column=column, text=_("until they write"))
    if column == "queue":
        return Cell(kind="text", column=column, text=cut(queues.get(ticket.queue or "", ticket.queue or ""), MOST_CELL))
    if column.startswith("field."):
        return Cell(kind="text", column="field", text=_told(ticket.fields.get(column.removeprefix("field."))))
    value = getattr(ticket, column) if column in ticket.__struct_fields__ else None
    if isinstance(value, datetime):
        return Cell(kind="ago", column=column, text=ago(value, now), stamp=value.isoformat())
    return Cell(kind="text", column=column, text=_told(value))


def _told(value: Any) -> str:
    """A value of a field or of a ticket as one reads it; of what has parts of its own, nothing."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, str | int | float):
        return cut(str(value), MOST_CELL)
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return cut(", ".join(value), MOST_CELL)
    return ""


def _status(ticket: TicketView) -> Cell:
    loud = ticket.priority if ticket.priority in LOUD else ""
    return Cell(kind="status", column="status", text=words(ticket.status), tags=(loud,) if loud else ())


def _priority(ticket: TicketView) -> Cell:
    return Cell(kind="text", column="priority", text=words(ticket.priority), loud=ticket.priority in LOUD)


def _tags(ticket: TicketView) -> Cell:
    shown = tuple(cut(tag, 24) for tag in ticket.tags[:MOST_SHOWN_TAGS])
    return Cell(kind="tags", column="tags", tags=shown, more=len(ticket.tags) - len(shown))


def _due(ticket: TicketView, now: datetime) -> Cell:
    at = ticket.sla_due_at
    if at is not None:
        words, near = due(at, now), urgency(at, now)
        return Cell(kind="due", column="sla_due_at", text=words, stamp=at.isoformat(), urgency=near)
    paused = any(clock.state == "paused" for clock in ticket.sla)
    return Cell(kind="text", column="sla_due_at", text=_("paused") if paused else "")


def _owner(ticket: TicketView) -> Cell:
    return Cell(kind="text", column="assignee_name", text=cut(ticket.assignee_name or "", MOST_CELL) or "—")


def _waiting(ticket: TicketView) -> Cell:
    told = {"us": _("us"), "customer": _("customer"), "third_party": _("third party")}
    return Cell(kind="text", column="waiting", text=told.get(ticket.waiting or "", ""))


_DRAWN: Final[dict[str, Callable[[TicketView], Cell]]] = {
    "status": _status,
    "tags": _tags,
    "assignee_name": _owner,
    "assignee": _owner,
    "waiting": _waiting,
    "priority": _priority,
    "channel": lambda ticket: Cell(kind="text", column="channel", text=words(ticket.channel or "")),
}


def columns_known() -> dict[str, str]:
    """The columns that are offered, and what stands above each."""
    return {
        "status": _("Status"),
        "priority": _("Priority"),
        "assignee_name": _("Whose"),
        "queue": _("Queue"),
        "type": _("Type"),
        "tags": _("Tags"),
        "channel": _("Channel"),
        "waiting": _("Waits for"),
        "sla_due_at": _("Due"),
        "last_at": _("Last"),
        "opened_at": _("Opened"),
        "snoozed_until": _("Snoozed until"),
    }


def heading(column: str) -> str:
    """What stands above a column, also above one that a program chose."""
    return columns_known().get(column) or cut(column.removeprefix("field.").replace("_", " "), 24)
