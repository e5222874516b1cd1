"""What is replayed: interactions in the API's shape, each with the truth about its sender, in an order that their
times hold."""

import gzip
import random
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

ORDERS: Final = ("stored", "shuffle1", "shuffle2", "reversed")
SHUFFLE: Final = "shuffle"

Name = tuple[str, str]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """An interaction as it is pushed, and the truth about it, which never is: who it is from, and which trap is set."""

    item: dict[str, Any]
    person: str
    trap: str = ""

    @property
    def name(self) -> Name:
        return self.item["source"], self.item["source_id"]


def read_records(path: Path, truth: Path | None = None) -> list[Record]:
    """Interactions of a file, each with its `truth` beside it or in a line of another file that has its `source_id`
    (or `key`) and its `person`. Raises `ValueError` where the truth about one is missing."""
    known = {line.get("source_id", line.get("key")): _truth(line) for line in _lines(truth)} if truth else {}
    records: list[Record] = []
    for item in _lines(path):
        said = item.pop("truth", None)
        found = said or known.get(item["source_id"]) or known.get((item.get("contact") or {}).get("key"))
        if not found or found.get("person") is None:
            raise ValueError(f"{path}: nothing says who {item['source']} {item['source_id']} is from.")
        records.append(Record(item=item, person=str(found["person"]), trap=found.get("trap") or ""))
    return records


def _truth(line: dict[str, Any]) -> dict[str, Any]:
    return line.get("truth") or line


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        yield from (msgspec.json.decode(line) for line in file if line.strip())


def whole_persons(records: Sequence[Record], limit: int | None, seed: int = 1) -> list[Record]:
    """About `limit` records: all of each person taken, so that the truth about them is whole."""
    if limit is None:
        return list(records)
    left: dict[str, int] = {}
    for record in records:
        left[record.person] = left.get(record.person, 0) + 1
    people = list(left)
    random.Random(seed).shuffle(people)
    taken: set[str] = set()
    room = limit
    while people and room > 0:
        person = people.pop()
        taken.add(person)
        room -= left[person]
    return [record for record in records if record.person in taken]


def in_order(records: Sequence[Record], order: str) -> list[Record]:
    """The records by time (`stored`), from the last to the first, or shuffled (`shuffle1`: by that seed). The times of
    all stay; they are dealt out anew, so that the order asked for is theirs."""
    by_time = sorted(records, key=_at)
    dealt = list(by_time)
    if order == "reversed":
        dealt.reverse()
    elif order.startswith(SHUFFLE):
        random.Random(int(order.removeprefix(SHUFFLE))).shuffle(dealt)
    times = [record.item["occurred_at"] for record in by_time]
    return [_at_time(record, at) for record, at in zip(dealt, times, strict=True)]


def _at(record: Record) -> datetime:
    return datetime.fromisoformat(record.item["occurred_at"])


def _at_time(record: Record, at: str) -> Record:
    return msgspec.structs.replace(record, item={**record.item, "occurred_at": at})
