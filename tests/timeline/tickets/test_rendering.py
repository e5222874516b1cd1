"""What was kept of a ticket for its list is what would be said now, at every moment of the ticket's life."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from identity.customers import ContactId
from tests.timeline.tickets.clock_history import desk, under
from timeline.tickets.reading import fold_of, listed
from timeline.tickets.rendering import Renderings
from timeline.tickets.sla import Clock
from timeline.tickets.ticket import Ticket, TicketId

BEGAN = datetime(2026, 3, 2, 9, tzinfo=UTC)
RULES = under(desk([]))
SOMEBODY = UUID(int=7)


def after(hours: float) -> datetime:
    return BEGAN + timedelta(hours=hours)


def clock(target: Any, due: float) -> Clock:
    return Clock(
        target=target,
        started_by=UUID(int=1),
        started_at=BEGAN,
        since=BEGAN,
        policy="all",
        seconds=int(due * 3600),
        due_at=after(due),
    )


def ticket(number: int, **fields: Any) -> Ticket:
    times: dict[str, Any] = dict.fromkeys(("opened_at", "opened_now", "last_at", "last_now"), BEGAN)
    return Ticket(
        id=TicketId(UUID(int=number)), contact_id=ContactId(SOMEBODY), opened_position=1, position=1, **times, **fields
    )


LIVES = {
    "nothing is due": ticket(1),
    "promises break": ticket(2, clocks=(clock("first_response", 2), clock("resolution", 5))),
    "it resolves and closes by itself": ticket(3, status="pending", resolves_at=after(3), closes_at=after(6)),
    "it closes": ticket(4, status="resolved", resolved_at=BEGAN, ended_at=BEGAN, closes_at=after(4)),
    "it was laid aside": ticket(5, snoozed=True, snoozed_until=after(1), clocks=(clock("next_response", 4),)),
}


def row(fold: Ticket, now: datetime, **other: Any) -> dict[str, Any]:
    kept = {"number": 1, "customer_id": SOMEBODY, "policy": 0, "assignee_name": None, "sla_due_at": None, "at": BEGAN}
    return {"id": fold.id, "fold": msgspec.json.encode(fold), "now": now, **kept, **other}


def fresh(one: Any) -> bytes:
    return msgspec.json.encode(listed(fold_of(one), one, RULES))


@pytest.mark.parametrize("fold", LIVES.values(), ids=LIVES.keys())
def test_it_is_rendered_again_as_soon_as_time_made_it_another(fold: Ticket) -> None:
    kept, said = Renderings(), set[bytes]()
    for minutes in range(0, 7 * 60, 10):
        for late in (timedelta(0), timedelta(microseconds=1)):
            one: Any = row(fold, BEGAN + timedelta(minutes=minutes) + late)
            shown = kept.of(one, RULES)
            assert bytes(shown.json) == fresh(one), one["now"]
            said.add(bytes(shown.json))
    assert len(said) == {1: 1, 2: 3, 3: 3, 4: 2, 5: 3}[fold.id.int]


def test_whatever_it_is_told_by_makes_it_another() -> None:
    kept = Renderings()
    fold = LIVES["promises break"]
    for other in (
        {},
        {"number": 2},
        {"customer_id": UUID(int=8)},
        {"assignee_name": "Ada"},
        {"sla_due_at": after(2)},
        {"policy": 1},
    ):
        one: Any = row(fold, BEGAN, **other)
        assert bytes(kept.of(one, RULES).json) == fresh(one)


def test_no_more_is_kept_than_may_be() -> None:
    kept = Renderings(most=2)
    for number in range(5):
        one: Any = row(ticket(number), BEGAN)
        assert bytes(kept.of(one, RULES).json) == fresh(one)
    assert kept.size == 2
