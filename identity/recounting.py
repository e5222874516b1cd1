"""What do the contacts that are there add up to? Keys, values and sharing counted again, as pushes count them one by
one; all of it is a projection."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from identity import pass_store, store
from identity.candidates import Candidates, name_key
from identity.claims import Value
from identity.customers import CustomerId, WorkspaceId
from identity.facts import value_of
from identity.identifiers import Identifier, shared_by_form
from identity.keys import keys_of
from identity.statistics import Counts, Statistics, Use, countable, value_key

LOWEST: Final = -(2**63)
HIGHEST: Final = 2**63 - 1
COUNTED: Final = ("contacts", "customers", "known", "opened", "housemates", "sharing", "recounted")
"""How the names of the counters begin that are counted from the contacts alone."""


async def other_keys(
    db: store.Db, workspace: WorkspaceId, homes: Sequence[CustomerId], salt: bytes
) -> list[CustomerId]:
    """The homes that stand under other keys than their contacts make."""
    kept: dict[CustomerId, set[int]] = defaultdict(set)
    for row in await pass_store.keys_at(db, workspace, homes):
        kept[row["home_id"]].add(row["key"])
    made = await keys_of(db, workspace, homes, salt)
    return [home for home in homes if kept.get(home, set()) != made.get(home, set())]


async def count_values(
    db: store.Db,
    workspace: WorkspaceId,
    salt: bytes,
    customers: Sequence[CustomerId],
    span: tuple[int, int],
    into: dict[int, int],
) -> None:
    """Count the values of some customers whose hashes are in `span`."""
    candidates = Candidates(workspace, salt, Counts())
    await candidates.read_alone(db, customers)
    for customer in customers:
        if candidates.knows(customer):
            for field, value in countable(candidates.profile(customer)):
                key = value_key(salt, field, value)
                if span[0] <= key <= span[1]:
                    into[key] = into.get(key, 0) + 1


def spans(parts: int) -> list[tuple[int, int]]:
    """All hashes in so many parts of one size."""
    size = 2**64 // parts
    edges = [LOWEST + size * part for part in range(parts)]
    return [(low, high - 1) for low, high in zip(edges, [*edges[1:], HIGHEST + 1], strict=True)]


def differing(
    span: tuple[int, int], kept: Mapping[int, int], made: Mapping[int, int], most: int
) -> Iterable[tuple[tuple[int, int], list[int], list[int]]]:
    """The parts of a span, of at most so many values each, in which another count is kept than was made: from where to
    where, with the values there and their counts."""
    every = sorted(kept.keys() | made.keys())
    low = span[0]
    for at in range(0, max(len(every), 1), most):
        part = every[at : at + most]
        high = part[-1] if at + most < len(every) else span[1]
        if any(kept.get(value) != made.get(value) for value in part):
            values = [value for value in part if value in made]
            yield (low, high), values, [made[value] for value in values]
        low = high + 1


class Sightings:
    """How many values turn out to be several people's at their second named sighting; fed in the order of values, and
    of each in the order of its contacts."""

    def __init__(self) -> None:
        self._statistics = Statistics(Counts(), Counts(), {}, b"")
        self._value: Value | None = None
        self._use = Use()

    @property
    def counted(self) -> dict[str, float]:
        return self._statistics.lesson.numbers

    def take(self, rows: Iterable[store.Row]) -> None:
        for row in rows:
            value = row["kind"], row["scope"], row["value"]
            if value != self._value:
                self._value, self._use = value, Use()
            identifier = Identifier(kind=row["kind"], scope=row["scope"], value=row["value"], raw=row["value"])
            if row["listed"] or self._use.named > 1 or shared_by_form(identifier) is not None:
                continue
            name = name_key(
                row["name"], {"given_name": row["given_name"] or "", "family_name": row["family_name"] or ""}
            )
            if name is not None:
                before, self._use = self._use, self._use.seen_with(name)
                self._statistics.learn_sharing(row["kind"], value_of(identifier), before, self._use)


def numbers_of(extent: store.Row, kept: Mapping[str, float]) -> dict[str, float]:
    """The countable numbers, as if each customer had been known from its first contact on. How many looked like
    housemates was learned, and is kept as the share that it was."""
    opened = float(extent["customers"])
    learned = kept.get("opened", 0.0)
    return {
        "contacts": float(extent["contacts"]),
        "customers": opened,
        "known": extent["contacts"] - opened,
        "opened": opened,
        "housemates": kept.get("housemates", 0.0) * opened / learned if learned > 0 else 0.0,
        "recounted": kept.get("recounted", 0.0) + 1,
    }
