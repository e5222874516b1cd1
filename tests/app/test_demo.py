"""The demo desk: the same moment gives the same desk, its counts are believable, its lines work when pasted."""

import json
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.cli.demo import aged
from app.demo.desk import LAST, steps
from app.demo.handling import Handled
from tests.app.commands import Home, home_in, until
from tests.app.conftest import Prepared
from timeline.commands import AddNote
from timeline.object_types import NO_TYPES

NOW = datetime(2026, 11, 20, 14, 25, 30, tzinfo=UTC)


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="throughline-demo-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def home(folder: Path) -> Iterator[Home]:
    with home_in(folder) as made:
        yield made


@pytest.mark.parametrize("now", [NOW, NOW.replace(hour=0, minute=0, second=0), NOW.replace(hour=23, minute=59)])
def test_the_same_time_gives_the_same_desk_and_nothing_lies_ahead(now: datetime) -> None:
    assert steps(now) == steps(now)
    items = [item for step in steps(now) if isinstance(step, list) for item in step]
    assert all(item.occurred_at < now for item in items)
    assert (items[-1].source, items[-1].source_id) == LAST, "what is there when it is whole"
    assert now - items[-1].occurred_at < timedelta(hours=1)
    names = Counter((item.source, item.source_id) for item in items)
    assert names.most_common(1)[0][1] == 1
    assert not any("{" in (item.body or "") + (item.subject or "") for item in items)
    assert {item.channel for item in items} == {
        "email", "chat", "sms", "voice", "social", "web_form", "orders", "crm", "api",
    }  # fmt: skip
    assert {item.kind for item in items} == {
        "message", "call", "note", "order", "payment", "shipment", "visit", "fact",
    }  # fmt: skip


def test_every_object_has_a_card_with_a_status() -> None:
    items = [item for step in steps(NOW) if isinstance(step, list) for item in step]
    named = [item.object for item in items if item.object is not None]
    cards = [NO_TYPES.card(one.type, one.id, one.version, one.state) for one in named]
    labels = {card.status.label for card in cards if card.status}
    assert None not in [card.status for card in cards]
    assert {"Placed", "Shipped", "Delivered", "Handed over", "Cancelled"} <= labels


def test_make_run_ends_with_lines_that_work_when_pasted(home: Home) -> None:
    process = home.up("--demo")
    assert process.stdout is not None
    told: list[str] = []
    while sum(line.startswith("curl") for line in told) < 3:
        told.append(process.stdout.readline())
        assert told[-1], told
    push, profile, found = (line for line in told if line.startswith("curl"))
    pushed = _paste(push)
    read = _paste(profile)
    assert pushed["customer_id"] == read["id"]
    assert read["name"] == "Hannah Whitlock"
    assert read["timeline"]["items"][0]["event_id"] == pushed["event_id"]
    assert len(read["absorbed"]) == 2
    drawn = read["timeline"]["items"][0]["card"]
    assert drawn["title"].endswith("39.00 GBP")
    assert drawn["status"]["label"] == "Placed"
    assert read["counts"]["events"] > 100
    assert read["counts"]["tickets"] >= 8
    assert [one["assignee"] for one in read["tickets"]] != [None] * len(read["tickets"]), "somebody works on them"
    assert len({item["channel"] for item in _whole(read, profile)}) >= 5
    assert [one["id"] for one in _paste(found)["items"]][:1] == [read["id"]]
    assert [one["words"] for one in read["possible"]], "the stranger's claim stands beside the thread"
    assert read["timeline"]["items"][1]["direction"] == "inbound", "she waits for an answer"
    _lives(found)
    _has_a_wrong_merge(found)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in home.words.read_text()


def _lives(line: str) -> None:
    """What is open is due in minutes and hours or overdue by hours; some was missed this week, and more was kept."""
    now = datetime.now(UTC)
    tickets = _asked(line, "tickets?limit=100&status=new&status=open")["items"]
    due = sorted((datetime.fromisoformat(one["sla_due_at"]) - now).total_seconds() / 3600 for one in tickets)
    assert len(due) > 8
    assert due[0] > -48
    assert len([hours for hours in due if hours < 0]) in (2, 3, 4, 5)
    assert len([hours for hours in due if 0 < hours < 0.5]) >= 2
    assert len([hours for hours in due if 0.5 < hours < 24]) >= 4
    assert {one["assignee_name"] for one in tickets} >= {None, "Sofia Lindgren", "Tom Ashworth"}
    ended = _asked(line, "tickets?limit=30&sort=opened_at&status=resolved&status=closed")["items"]
    states = Counter(clock["state"] for one in ended + tickets for clock in one["sla"])
    assert states["missed"] >= 5
    assert states["met"] > states["missed"]


def _has_a_wrong_merge(line: str) -> None:
    merges = _asked(line, "identity/decisions?kind=merge")["items"]
    thorntons = merges[0]
    assert thorntons["decision"]["undone_by"] is None
    assert [thorntons[end]["name"] for end in "ab"] == ["Robert Thornton", "Rachel Thornton"]
    assert thorntons["a"]["customer_id"] == thorntons["b"]["customer_id"]
    carters = next(one for one in merges if one["a"]["name"] == "James Carter")
    assert carters["decision"]["undone_by"] is not None


def _asked(line: str, path: str) -> dict[str, Any]:
    """Another question with the key of a line that was told."""
    command, _, where = line.strip().rpartition(" ")
    return _paste(f"{command} '{where.strip(chr(39)).partition('/api/v1/')[0]}/api/v1/{path}'")


def test_a_demo_of_some_days_ago_says_that_it_stood_still() -> None:
    assert aged(timedelta(hours=23)) == ""
    assert "made 1 day ago" in aged(timedelta(days=1))
    assert "made 5 days ago and has stood still since" in aged(timedelta(days=5, hours=7))


def test_killed_on_the_way_it_goes_on_where_it_was(prepared: Prepared, folder: Path) -> None:
    with home_in(prepared.migrated(folder)) as home:
        first = home.start("demo")
        until(lambda: "account/NC-10012" in home.run("export", "identity", "--workspace", "demo").stdout, 30)
        first.kill()
        first.communicate()
        assert home.run("demo").returncode == 0
        there = {json.loads(line)["source_id"] for line in _lines(home, "interactions")}
        plan = steps(datetime.now(UTC))
        assert there == {item.source_id for step in plan if isinstance(step, list) for item in step}
        hannah = [one for one in map(json.loads, _lines(home, "identity")) if one["key"] in ("NC-10012", "GUEST-3118")]
        assert len({one["customer_id"] for one in hannah}) == 1, "merged once"


def _lines(home: Home, what: str) -> list[str]:
    return home.run("export", what, "--workspace", "demo").stdout.splitlines()


def test_its_tickets_are_worked_on() -> None:
    done = [one for one in steps(NOW) if isinstance(one, Handled)]
    assert all(one.at < NOW for one in done)
    assert len({one.key for one in done}) == len(done)
    assert len({one.by for one in done if one.takes}) >= 4
    resolved = sum(one.key.endswith("/resolved") for one in done)
    assert 0.8 < resolved / sum(one.takes for one in done) < 1
    assert any(isinstance(command, AddNote) for one in done for command in one.commands)


def test_it_is_made_once_and_only_where_nothing_else_is(prepared: Prepared, folder: Path) -> None:
    with home_in(prepared.demo(folder)) as home:
        again = home.run("demo")
        assert again.returncode == 0, again.stderr
        assert "there already" in again.stderr
        contacts = [json.loads(line) for line in _lines(home, "identity")]
    assert len({one["customer_id"] for one in contacts}) > 120
    carters = {one["customer_id"] for one in contacts if one["key"] in ("NC-11034", "NC-11977")}
    assert len(carters) == 2, "the wrong merge was undone"


def _paste(line: str) -> dict[str, Any]:
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _whole(read: dict[str, Any], line: str) -> list[dict[str, Any]]:
    address = line.strip().replace(str(read["id"]), f"{read['id']}/timeline?limit=200").replace("-s ", "-sg ")
    command, _, where = address.rpartition(" ")
    return _paste(f"{command} '{where}'")["items"]
