"""The sets that are replayed, in the API's shape: those of ../shared/data, and a desk made here."""

import csv
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from benchmarks.identity import crowd
from benchmarks.identity.records import Record, read_records

DATA: Final = Path(__file__).parents[3] / "shared" / "data"
BEGIN: Final = datetime(2024, 1, 1, tzinfo=UTC)
MADE: Final = 20_000


def febrl(*files: str) -> list[Record]:
    """FEBRL's records: what is known of a person in a register, as attributes, and no identifier."""
    rows = [row for file in files for row in _rows(DATA / "febrl" / f"{file}.csv")]
    return [_fact(at, row["rec_id"].split("-")[1], _febrl(row)) for at, row in enumerate(rows)]


def _febrl(row: dict[str, str]) -> dict[str, str]:
    born = row["date_of_birth"]
    return {
        "given_name": row["given_name"],
        "family_name": row["surname"],
        "birth_date": f"{born[:4]}-{born[4:6]}-{born[6:]}" if len(born) == 8 else born,
        "street": f"{row['street_number']} {row['address_1']}".strip(),
        "place": row["suburb"],
        "postcode": row["postcode"],
        "region": row["state"],
        "national_id": row["soc_sec_id"],
    }


def fake1000() -> list[Record]:
    """Splink's thousand records; nobody has proved the addresses in them."""
    return [
        _fact(at, row["cluster"], _fake(row), row["email"])
        for at, row in enumerate(_rows(DATA / "fake1000" / "fake_1000.csv"))
    ]


def _fake(row: dict[str, str]) -> dict[str, str]:
    return {
        "given_name": row["first_name"],
        "family_name": row["surname"],
        "birth_date": row["dob"],
        "place": row["city"],
    }


def contacts_dev() -> list[Record]:
    return read_records(DATA / "contacts" / "contacts_dev.ndjson.gz")


def made() -> list[Record]:
    """The desk of `crowd.py`: made here, so its figures show what changes and promise nothing."""
    return crowd.records(MADE)


SETS: Final[dict[str, Callable[[], list[Record]]]] = {
    "febrl3": lambda: febrl("dataset3"),
    "febrl4": lambda: febrl("dataset4a", "dataset4b"),
    "fake1000": fake1000,
    "contacts_dev": contacts_dev,
    "crowd": made,
}
PUBLIC: Final = ("febrl3", "febrl4", "fake1000", "contacts_dev")


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file, skipinitialspace=True):
            yield {name.strip(): (value or "").strip() for name, value in row.items()}


def _fact(at: int, person: str, attributes: dict[str, str], email: str = "") -> Record:
    """A record of a register as an interaction, an hour after the one before; its name tells nothing of the person."""
    contact: dict[str, Any] = {
        "key": f"r{at}",
        "attributes": {name: value for name, value in attributes.items() if value},
        "identifiers": [{"kind": "email", "value": email, "verified": False}] if email else [],
    }
    item = {
        "source": "register",
        "source_id": f"r{at}",
        "kind": "fact",
        "channel": "crm",
        "direction": "inbound",
        "occurred_at": (BEGIN + timedelta(hours=at)).isoformat(),
        "contact": contact,
    }
    return Record(item=item, person=person)
