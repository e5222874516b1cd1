"""The oracle of tickets gives what docs/tickets.md says, case by case."""

import pytest

from tests.laws.ticket_cases import CASES, Case
from tests.laws.tickets_oracle import derive


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_oracle_reads_the_page(case: Case):
    derived = derive(case.events, case.merges, case.homes, case.policies)
    found = {
        ticket: {name: getattr(derived.tickets[ticket], name) for name in fields}
        for ticket, fields in case.expected.items()
        if ticket in derived.tickets
    }
    assert found == case.expected
    assert set(derived.tickets) == set(case.expected)
    assert derived.voids == case.voids
