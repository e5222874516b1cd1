"""The fold of tickets by itself: it says what docs/tickets.md says, in the page's own cases and in random ledgers."""

import os
from collections.abc import Sequence

import pytest
from hypothesis import given

from tests.laws.ticket_cases import CASES, Case, told
from tests.laws.ticket_folding import answer, differences, folded, known_as, with_uuids
from tests.laws.ticket_ledgers import LEDGERS, Draft, ledger
from tests.laws.tickets_oracle import derive
from tests.laws.world import law

EXAMPLES = int(os.environ.get("THROUGHLINE_FOLD_EXAMPLES", "400"))


def says_the_same(case: Case) -> None:
    wanted = with_uuids(answer(derive(case.events, case.merges, case.homes, case.policies)))
    found = folded(case.events, case.merges, case.homes, case.policies)
    names = {str(known_as(thing.id)): thing.id for thing in case.events}
    wrong = [_named(line, names) for line in differences(found, wanted)]
    assert not wrong, "\n".join([*wrong, *map(told, case.things)])


def _named(line: str, names: dict[str, str]) -> str:
    for known, name in names.items():
        line = line.replace(known, name)
    return line


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_fold_reads_the_page(case: Case):
    says_the_same(case)


@law(EXAMPLES)
@given(LEDGERS)
def test_the_fold_is_the_definition(drafts: Sequence[Draft]):
    says_the_same(ledger(drafts))
