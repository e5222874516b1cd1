"""The house keeps its rules, and each rule is seen to find a planted fault."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house import rules

ROOT = Path(__file__).parents[2]
OPENING = '"""Which question?"""\n'

FAULTS = [
    (rules.files_too_long, "identity/long.py", "x = 1\n" * 401),
    (rules.functions_too_long, "timeline/long.py", "def f():\n" + "    x = 1\n" * 60),
    (rules.functions_too_long, "tests/test_long.py", "async def f():\n" + "    x = 1\n" * 60),
    (rules.statements_outside, "app/api/customers.py", 'q = "SELECT id FROM customer"'),
    (rules.statements_outside, "timeline/actions.py", 'q = f"""\n  UPDATE {table} SET n = 1"""'),
    (rules.statements_outside, "identity/merging.py", 'q = "insert into customer (id) values ($1)"'),
    (rules.statements_outside, "timeline/desk.py", 'q = "WITH a AS (SELECT 1) SELECT 2"'),
    (rules.statements_outside, "timeline/threads.py", 'q = "SELECT set_config($1, $2, true)"'),
    (rules.statements_outside, "app/live.py", 'q = "LISTEN desk"'),
    (rules.statements_outside, "channels/email/tables.py", 'q = "CREATE UNIQUE INDEX i ON t (a)"'),
    (rules.forbidden_names, "timeline/utils.py", "x = 1"),
    (rules.forbidden_names, "identity/helpers/text.py", "x = 1"),
    (rules.forbidden_names, "app/x.py", "class TicketManager: ..."),
    (rules.promises_without_issue, "app/x.py", "x = 1  # TODO later"),
    (rules.imports_inside_functions, "app/x.py", "def f():\n    import json\n"),
    (
        rules.imports_inside_functions,
        "tests/x.py",
        "async def f():\n    if 1:\n        from json import loads\n",
    ),
    (rules.doors_forced, "app/api/customers.py", "from timeline import store"),
    (rules.doors_forced, "app/api/customers.py", "from identity.store import owners"),
    (rules.doors_forced, "channels/chat.py", "from timeline.tickets.ticket import Ticket"),
    (rules.doors_forced, "search/assistance.py", "import timeline.actions"),
    (rules.environment_read_elsewhere, "timeline/x.py", 'import os\nx = os.environ["A"]'),
    (rules.environment_read_elsewhere, "app/x.py", 'import os\nx = os.getenv("A")'),
    (rules.structs_that_change, "app/x.py", "class A(msgspec.Struct, frozen=True):\n    a: int"),
    (rules.structs_that_change, "app/x.py", "class A(Struct, kw_only=True):\n    a: int\nclass B(A): ..."),
    (rules.files_without_purpose, "app/x.py", ""),
]

INNOCENT = """
import os

def ask():
    '''SELECT what FROM where is a docstring.'''
    print("Select a customer, update it, then delete from the list; with love.")
    print("set the table", "Create a database of your own", "copy that", "select")
    return os.getpid()  # TODO(#12) ask again

class A(msgspec.Struct, frozen=True, kw_only=True):
    a: int

class B(A):
    b: int
"""


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps(rule: Callable[[Path], list[str]]):
    assert rule(ROOT) == []


@pytest.mark.parametrize(("rule", "name", "text"), FAULTS)
def test_a_planted_fault_is_found(rule: Callable[[Path], list[str]], name: str, text: str, tmp_path: Path):
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(OPENING + text if text else "")
    assert any(name in fault for fault in rule(tmp_path))


def test_what_only_looks_like_a_fault_is_not_one(tmp_path: Path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app/x.py").write_text(OPENING + INNOCENT)
    assert [fault for rule in rules.RULES for fault in rule(tmp_path)] == []


def test_every_rule_was_seen_to_fail():
    assert {rule for rule, _, _ in FAULTS} == set(rules.RULES)
