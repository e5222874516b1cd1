"""What another policy would have made of a ledger, by the letter of the page: two derivations side by side."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tests.laws.ticket_ledger import Ledger
from tests.laws.ticket_records import Derived, OPolicy, OTicket
from tests.laws.tickets_oracle import derive


def tried(ledger: Ledger, words: Mapping[str, Any], now: datetime) -> dict[str, int]:
    """The counts of `derive --policy`, looked at by `now`; what the clock announced is left out of both."""
    heard = [event for event in ledger.events if event.sets is None or event.sets[0] != "closing"]
    was = derive(heard, ledger.merges, ledger.homes, ledger.policies)
    will = derive(heard, ledger.merges, ledger.homes, [OPolicy(0, 0, words)])
    before, after = _standing(was), _standing(will)
    held, holds = _held(was), _held(will)
    both = before.keys() & after.keys()
    return {
        "tickets_before": len(before),
        "tickets_after": len(after),
        "opened": sum(i not in held for i in after),
        "split": sum(i not in before and i in held for i in after),
        "joined": sum(i not in after and i in holds for i in before),
        "gone": sum(i not in holds for i in before),
        "reopened": sum(after[i].reopened > before[i].reopened for i in both),
        "closed": sum(_closed(after[i], now) and not _closed(before[i], now) for i in both),
        "left_open": sum(_closed(before[i], now) and not _closed(after[i], now) for i in both),
        "follow_ups": sum(
            after[i].follow_up_of is not None and (i not in before or before[i].follow_up_of is None) for i in after
        ),
    }


def _standing(derived: Derived) -> dict[Any, OTicket]:
    return {i: ticket for i, ticket in derived.tickets.items() if ticket.joined_into is None}


def _held(derived: Derived) -> set[Any]:
    return {event for event, _ in derived.items}


def _closed(ticket: OTicket, now: datetime) -> bool:
    return ticket.status == "closed" or (ticket.closes_at is not None and ticket.closes_at <= now)
