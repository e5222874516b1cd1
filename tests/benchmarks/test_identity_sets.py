"""What the measure of identity replays: the truth stays at home, orders hold, and every record is one that the API
takes. And once the whole of it, on a set so plain that any resolution gets it right."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.identity import crowd, sets
from benchmarks.identity.records import Record, in_order, read_records, whole_persons
from tests.app.commands import ROOT
from tests.builders import contact, identifier, pushed
from timeline.interactions import CHANNELS, decode

PEOPLE = {"ann": "Ann Example", "bob": "Robert Somebody", "cho": "Cho Chang"}


def lines(many: int = 12) -> list[dict[str, Any]]:
    """Some people who come again and again by their proved addresses, each time as another contact."""
    names = list(PEOPLE)
    return [
        pushed(
            source_id=f"n{at}",
            contact=contact(f"k{at}", identifier(value=f"{(who := names[at % 3])}@home.example"), name=PEOPLE[who]),
            truth={"person": who, "trap": None},
        )
        for at in range(many)
    ]


def written(path: Path, some: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in some))
    return path


def test_truth_is_read_from_beside_a_record_or_from_another_file_and_never_part_of_it(tmp_path: Path) -> None:
    some = lines()
    beside = read_records(written(tmp_path / "a.ndjson", some))
    apart = [{"source_id": one["source_id"], **one.pop("truth")} for one in some]
    file = written(tmp_path / "b.ndjson", some)
    assert read_records(file, written(tmp_path / "truth.ndjson", apart)) == beside
    assert [one.person for one in beside[:4]] == ["ann", "bob", "cho", "ann"]
    assert not any("truth" in one.item for one in beside)
    with pytest.raises(ValueError, match="n11"):
        read_records(file, written(tmp_path / "less.ndjson", apart[:-1]))


@pytest.mark.parametrize("order", ["stored", "shuffle1", "shuffle2", "reversed"])
def test_an_order_is_held_by_the_times_that_there_were(order: str) -> None:
    records = [Record(item=one, person="p") for one in lines()]
    dealt = in_order(list(reversed(records)), order)
    times = [one.item["occurred_at"] for one in dealt]
    assert times == sorted(one.item["occurred_at"] for one in records)
    names = [one.name for one in dealt]
    assert sorted(names) == sorted(one.name for one in records)
    stored = [one.name for one in records]
    assert (names == stored) == (order == "stored")
    assert (names == stored[::-1]) == (order == "reversed")
    assert dealt == in_order(records, order)


def test_a_look_takes_people_whole() -> None:
    records = [Record(item=one, person=f"p{at % 4}") for at, one in enumerate(lines())]
    some = whole_persons(records, 5)
    assert len(some) == 6
    assert len({one.person for one in some}) == 2
    assert whole_persons(records, None) == records


@pytest.mark.parametrize("name", sets.SETS)
def test_every_record_is_one_that_the_api_takes_and_tells_nothing_of_the_truth(name: str) -> None:
    if name in sets.PUBLIC and not sets.DATA.exists():
        pytest.skip("the data sets are not on this machine")
    records = sets.SETS[name]() if name in sets.PUBLIC else crowd.records(1_000)
    assert len({one.name for one in records}) == len(records) >= 1_000
    for one in records:
        decode(json.dumps(one.item).encode(), frozenset(CHANNELS))
    assert len({one.person for one in records}) < len(records)


def test_the_crowd_is_the_same_for_a_seed_and_shares_what_people_share() -> None:
    desk = crowd.records(3_000)
    assert desk == crowd.records(3_000)
    assert desk != crowd.records(3_000, seed=6)
    assert [one.item["occurred_at"] for one in desk] == sorted(one.item["occurred_at"] for one in desk)
    for trap in ("role", "junk", "switchboard", "landline", "family mailbox"):
        assert any(trap in one.trap for one in desk), trap


def test_a_set_goes_through_a_house_of_its_own_and_comes_out_in_the_table(tmp_path: Path) -> None:
    file = written(tmp_path / "plain.ndjson", lines(30))
    words = ["--file", str(file), "--orders", "shuffle1", "--single"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.identity", *words], cwd=ROOT, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines() if "plain" in line]
    assert rows[0][:12] == ["plain", "shuffle1", "30", "3 (3)", *["1.0000"] * 5, "0.00%", "0 of 0", "0.00%"]
    assert rows[1:] == [["plain: suggestions, share of contacts", "8.00%", "5.00%", "0.00%", "target"]]
    assert "0 refused" in done.stderr
