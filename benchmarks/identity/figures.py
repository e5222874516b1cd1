"""How right is a clustering? Pairs, B-cubed, who was mixed up with whom, and which traps were sprung."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from benchmarks.identity.records import Record

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

PROTECTED: Final = re.compile("role|junk|switch")
"""Traps whose value alone may link nobody: a role mailbox, a junk value, a switchboard."""


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """A contact as one person's: whose customer it is in, and the values that it holds if a trap is set by one."""

    contact: str
    person: str
    customer: str
    baits: frozenset[str] = frozenset()


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Shares are between 0 and 1. `mixed`: persons with a contact in a customer that has somebody else's. `sprung`:
    contacts in a trap that share their customer with another person who holds the same bait, of `traps`."""

    contacts: int
    customers: int
    persons: int
    pair_precision: float
    pair_recall: float
    b3_precision: float
    b3_recall: float
    b3_f1: float
    mixed: float
    sprung: int
    traps: int
    suggested: float = 0.0
    suggested_right: float = 0.0

    @property
    def trapped(self) -> float:
        return self.sprung / self.traps if self.traps else 0.0


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What `export identity` tells of a contact, a line each."""

    source: str
    key: str
    contact_id: str
    customer_id: str
    grade: str
    source_ids: list[str]


def units_of(records: Sequence[Record], told: Iterable[Told]) -> list[Unit]:
    """A unit for each person that a contact has records of: one in a contact's name counts once, and two people in
    one contact are mixed up. A contact of grade possible is linked with nobody, whatever its customer; what was
    refused is a contact by itself."""
    where = {(line.source, name): line for line in told for name in line.source_ids}
    units: dict[tuple[str, str], Unit] = {}
    for record in records:
        line = where.get(record.name)
        contact = line.contact_id if line else "refused {} {}".format(*record.name)
        customer = line.customer_id if line and line.grade != "possible" else contact
        before = units.get((contact, record.person))
        baits = _baits(record) | (before.baits if before else frozenset())
        units[contact, record.person] = Unit(contact=contact, person=record.person, customer=customer, baits=baits)
    return list(units.values())


def measure(units: Sequence[Unit]) -> Figures:
    """The figures of a clustering. Where nothing is linked, or nothing was to be, nothing is wrong: 1."""
    customers = _grouped((unit.customer, unit) for unit in units)
    persons = Counter(unit.person for unit in units)
    linked = right = 0
    precision = recall = 0.0
    mixed: set[str] = set()
    for members in customers.values():
        within = Counter(member.person for member in members)
        linked += _pairs(len(members))
        right += sum(map(_pairs, within.values()))
        precision += sum(many * many / len(members) for many in within.values())
        recall += sum(many * many / persons[person] for person, many in within.items())
        if len(within) > 1:
            mixed |= set(within)
    precision, recall = precision / len(units), recall / len(units)
    true = sum(map(_pairs, persons.values()))
    return Figures(
        contacts=len({unit.contact for unit in units}),
        customers=len(customers),
        persons=len(persons),
        pair_precision=right / linked if linked else 1.0,
        pair_recall=right / true if true else 1.0,
        b3_precision=precision,
        b3_recall=recall,
        b3_f1=2 * precision * recall / (precision + recall),
        mixed=len(mixed) / len(persons),
        sprung=sum(_sprung(members) for members in customers.values()),
        traps=sum(bool(unit.baits) for unit in units),
    )


def with_suggestions(figures: Figures, units: Iterable[Unit], suggestions: Sequence[Mapping[str, Any]]) -> Figures:
    """The figures with what people were asked, a share of the contacts; right is a link of one person's contacts, and
    an unlinking of two people's."""
    people = _grouped((unit.contact, unit.person) for unit in units)
    right = sum(_is_right(one, people) for one in suggestions)
    return msgspec.structs.replace(
        figures,
        suggested=len(suggestions) / figures.contacts,
        suggested_right=right / len(suggestions) if suggestions else 1.0,
    )


def _is_right(suggestion: Mapping[str, Any], people: Mapping[str, Collection[str]]) -> bool:
    a, b = (set(people.get(suggestion[side]["contact_id"], ())) for side in ("a", "b"))
    return bool(a & b) == (suggestion.get("kind", "link") == "link")


def _sprung(members: Sequence[Unit]) -> int:
    """How many of a customer's contacts hold a bait that another person among them holds too."""
    holders = _grouped((bait, member.person) for member in members for bait in member.baits)
    return sum(any(set(holders[bait]) != {member.person} for bait in member.baits) for member in members)


def _baits(record: Record) -> frozenset[str]:
    if not PROTECTED.search(record.trap):
        return frozenset()
    said = record.item["contact"].get("identifiers") or ()
    return frozenset(_bait(one["kind"], one["value"]) for one in said)


def _bait(kind: str, value: str) -> str:
    """A value as people write it in several ways: a number by its last nine digits."""
    if kind == "phone":
        return "phone:" + re.sub(r"\D", "", value)[-9:]
    return f"{kind}:{value.replace(' ', '').lower()}"


def _pairs(many: int) -> int:
    return many * (many - 1) // 2


def _grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, list[V]]:
    groups: dict[K, list[V]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups
