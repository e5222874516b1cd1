"""What becomes of two tickets that are made one: the preview of a merge, by the rules of `docs/tickets.md`."""

import msgspec

from timeline.events import Priority, Status
from timeline.tickets.reading import TicketView
from timeline.tickets.ticket import ENDED, PRIORITIES


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """The ticket that carries on, as it would be; `refused` where the desk would not have it."""

    number: int
    status: Status
    priority: Priority
    assignee_name: str | None
    queue: str | None
    type: str | None
    tags: tuple[str, ...]
    refused: bool = False


def joined(one: TicketView, other: TicketView) -> Joined:
    """`one` takes `other`."""
    return Joined(
        number=one.number,
        status=_status(one, other),
        priority=PRIORITIES[max(PRIORITIES.index(one.priority), PRIORITIES.index(other.priority))],
        assignee_name=one.assignee_name if one.assignee else other.assignee_name,
        queue=one.queue or other.queue,
        type=one.type or other.type,
        tags=tuple(sorted({*one.tags, *other.tags})),
        refused=(one.status in ENDED and other.status not in ENDED) or one.backstage_of != other.backstage_of,
    )


def _status(one: TicketView, other: TicketView) -> Status:
    both = {one.status, other.status}
    if one.status in ENDED or other.status in ENDED:
        return one.status
    if both == {"new"}:
        return "new"
    if both & {"open", "new"}:
        return "open"
    return "pending" if "pending" in both else "on_hold"
