"""Who is who by the letter of DESIGN ("Customers, exactly", "Grades"): brute force over small histories.

Knows no database and none of the code that it judges. Contacts are named by the source's key, homes by the contact or
the split that opened them, decisions by numbers in their order.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

WEIGHTS: Final = {"account": 5, "external": 4, "email": 3, "handle": 2, "phone": 1}
ROLES: Final = ("info@",)

Value = tuple[str, str, str]
End = tuple[str, str]
"""("contact", key), or ("desk", home): a home's desk contact."""


@dataclass
class Person:
    key: str
    age: int
    home: str
    held: dict[Value, bool] = field(default_factory=dict)
    split: int | None = None

    @property
    def proved(self) -> bool:
        return any(proof and strong(value) for value, proof in self.held.items())


@dataclass(frozen=True)
class Merge:
    number: int
    kept: End
    lost: End


@dataclass(frozen=True)
class Apart:
    number: int
    a: End
    b: End


def strong(value: Value) -> bool:
    return value[0] in WEIGHTS


def linking(value: Value) -> bool:
    return strong(value) and not value[2].startswith(ROLES)


class Oracle:
    """The whole state of one workspace; every operation answers what the product should."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.born: dict[str, int] = {}
        self.merges: list[Merge] = []
        self.apart: list[Apart] = []
        self.links: list[tuple[str, str]] = []
        self.splits: dict[int, tuple[str, str]] = {}
        self.suggested: dict[frozenset[str], bool] = {}
        """pair -> whether it waits for an answer"""
        self.items: dict[str, str] = {}
        self.placings: dict[str, list[tuple[int, End]]] = {}
        self.clock = 0

    # -- who belongs together --------------------------------------------------------------------------------

    def tick(self) -> int:
        self.clock += 1
        return self.clock

    def home_of(self, end: End) -> str:
        return end[1] if end[0] == "desk" else self.people[end[1]].home

    def customers(self, merges: Iterable[Merge] | None = None) -> dict[str, str]:
        """The customer of every home: standing merges replayed in their order."""
        at = {home: home for home in self.born}
        for merge in sorted(self.merges if merges is None else merges, key=lambda m: m.number):
            kept, lost = at[self.home_of(merge.kept)], at[self.home_of(merge.lost)]
            at = {home: kept if customer == lost else customer for home, customer in at.items()}
        return at

    def customer_of(self, key: str) -> str:
        return self.customers()[self.people[key].home]

    def members(self, customer: str) -> list[Person]:
        at = self.customers()
        return sorted((p for p in self.people.values() if at[p.home] == customer), key=lambda p: p.age)

    def live(self) -> list[str]:
        return sorted(set(self.customers().values()), key=lambda c: self.born[c])

    def ends(self, customer: str) -> set[End]:
        at = self.customers()
        desks = {("desk", home) for home in self.born if at[home] == customer}
        return desks | {("contact", p.key) for p in self.members(customer)}

    def kept_apart(self, one: str, other: str) -> bool:
        ours, theirs = self.ends(one), self.ends(other)
        return any((r.a in ours and r.b in theirs) or (r.b in ours and r.a in theirs) for r in self.apart)

    def grades(self, customer: str) -> dict[str, str]:
        people = self.members(customer)
        if len(people) == 1:
            return {people[0].key: "verified" if people[0].proved else "possible"}
        groups: list[set[End]] = [{end} for end in self.ends(customer)]

        def unite(a: End, b: End) -> None:
            nonlocal groups
            touched = [g for g in groups if a in g or b in g]
            if len(touched) == 2:
                groups = [g for g in groups if g not in touched] + [touched[0] | touched[1]]

        for a, b in self.links:
            unite(("contact", a), ("contact", b))
        for merge in self.merges:
            unite(merge.kept, merge.lost)
        for person in people:
            first = min((p for p in people if p.home == person.home), key=lambda p: p.age)
            unite(("desk", person.home), ("contact", first.key))
            if person.split is not None:
                together = next(p for p in people if p.split == person.split)
                unite(("contact", together.key), ("contact", person.key))
        grouped = [[p for p in people if ("contact", p.key) in g] for g in groups]
        proved = [g for g in grouped if len(g) > 1 or any(p.proved for p in g)]
        if not proved:
            return {p.key: "presumed" for p in people}
        oldest = min(proved, key=lambda g: min(p.age for p in g))
        return {p.key: "verified" if p in oldest else "presumed" for p in people}

    # -- an arrival -------------------------------------------------------------------------------------------

    def push(self, key: str, identifiers: dict[Value, bool], item: str) -> None:
        known = self.people.get(key)
        proofs = [v for v, proved in identifiers.items() if proved and linking(v)]
        fresh = [v for v in proofs if known is None or not known.held.get(v)]
        met = self._met(known, fresh)
        if known is None:
            known, met = self._arrive(key, identifiers, met)
        for value, proved in identifiers.items():
            known.held[value] = known.held.get(value, False) or proved
        torn = [o for o in met if any(self._parted(o, other) for other in met)]
        for owner in met:
            mine, theirs = self.customer_of(key), self.customer_of(owner)
            if owner in torn or self.kept_apart(mine, theirs) or self._other_accounts(self._held(mine), theirs):
                self.suggest(key, owner)
            else:
                kept, lost = (key, owner) if self.born[mine] < self.born[theirs] else (owner, key)
                self.merges.append(Merge(self.tick(), ("contact", kept), ("contact", lost)))
        self.items[item] = key

    def _met(self, known: Person | None, fresh: list[Value]) -> list[str]:
        """For each other customer its contact with the heaviest equal proof (ties: the oldest), heaviest first."""
        own = known and self.customer_of(known.key)
        met: dict[str, tuple[int, int, str]] = {}
        for value in fresh:
            for owner in self.people.values():
                customer = self.customer_of(owner.key)
                if owner.held.get(value) and customer != own:
                    met[customer] = min(met.get(customer, (9, 0, "")), (-WEIGHTS[value[0]], owner.age, owner.key))
        return [owner for _, _, owner in sorted(met.values())]

    def _arrive(self, key: str, identifiers: dict[Value, bool], met: list[str]) -> tuple[Person, list[str]]:
        held = [{v for v in identifiers if v[0] == "account"}]
        fitting = [o for o in met if not self._other_accounts(held, self.customer_of(o))]
        if any(self._parted(a, b) for a in fitting for b in fitting):
            fitting = []
        person = Person(key, self.tick(), key)
        if fitting:
            person.home = self.people[fitting[0]].home
            self.links.append((key, fitting[0]))
        else:
            self.born[key] = person.age
        self.people[key] = person
        for owner in met:
            if owner not in fitting:
                self.suggest(key, owner)
        return person, fitting[1:]

    def suggest(self, one: str, other: str) -> None:
        """A pair is asked about once, and two customers by one question at a time."""
        pair, sides = frozenset((one, other)), {self.customer_of(one), self.customer_of(other)}
        if pair not in self.suggested and not self.asked_between(sides):
            self.suggested[pair] = True

    def asked_between(self, sides: set[str]) -> list[frozenset[str]]:
        waiting = [pair for pair, waits in self.suggested.items() if waits]
        return [pair for pair in waiting if {self.customer_of(key) for key in pair} == sides]

    def answer_between(self, one: str, other: str) -> None:
        """Whoever joins or parts two customers has answered what was asked about them."""
        for pair in self.asked_between({one, other}):
            self.suggested[pair] = False

    def _parted(self, one: str, other: str) -> bool:
        a, b = self.customer_of(one), self.customer_of(other)
        return a != b and self.kept_apart(a, b)

    def _held(self, customer: str) -> list[set[Value]]:
        return [{v for v in p.held if v[0] == "account"} for p in self.members(customer)]

    def _other_accounts(self, held: list[set[Value]], customer: str) -> bool:
        ours, theirs = set().union(*held), set().union(*self._held(customer))
        shops = {v[1] for v in ours} & {v[1] for v in theirs}
        return any(not {v for v in ours if v[1] == shop} & {v for v in theirs if v[1] == shop} for shop in shops)

    # -- decisions at the desk ----------------------------------------------------------------------------------

    def merge(self, kept: str, lost: str) -> int:
        self.answer_between(kept, lost)
        ours, theirs = self.ends(kept), self.ends(lost)
        self.apart = [r for r in self.apart if not ((r.a in ours and r.b in theirs) or (r.b in ours and r.a in theirs))]
        number = self.tick()
        self.merges.append(Merge(number, ("desk", kept), ("desk", lost)))
        return number

    def unmerge(self, merge: Merge) -> str:
        """Returns the customer that comes back: of the side that loses the present id."""
        present = self.customers()[self.home_of(merge.kept)]
        self.merges.remove(merge)
        self.apart.append(Apart(self.tick(), merge.kept, merge.lost))
        at = self.customers()
        sides = [at[self.home_of(end)] for end in (merge.kept, merge.lost)]
        return next((side for side in sides if side != present), present)

    def keep_apart(self, a: End, b: End) -> None:
        at = self.customers()
        self.answer_between(at[self.home_of(a)], at[self.home_of(b)])
        self.apart.append(Apart(self.tick(), a, b))

    def split(self, keys: list[str]) -> str:
        number = self.tick()
        others = [p for p in self.members(self.customer_of(keys[0])) if p.key not in keys]
        home = f"split {number}"
        before = list(dict.fromkeys(p.home for p in sorted(self.people.values(), key=lambda p: p.age) if p.key in keys))
        self.born[home] = number
        for key in keys:
            self.people[key].home, self.people[key].split = home, number
        self.apart.extend(Apart(number, ("desk", home), ("desk", old)) for old in before)
        self.splits[number] = (home, before[0])
        self._drop_merges_of_split(home, others, set(keys))
        return self.customers()[home]

    def _drop_merges_of_split(self, home: str, others: list[Person], keys: set[str]) -> None:
        """docs/decisions/0005: where everybody would go along, the merges between those named and the others are
        taken back; a merge that joins nothing any more is dropped, and keeps nobody apart."""
        at = self.customers()
        if all(at[p.home] == at[home] for p in others):
            for merge in list(self.merges):
                named = [end[0] == "contact" and end[1] in keys for end in (merge.kept, merge.lost)]
                if named.count(True) == 1:
                    self.merges.remove(merge)
                    self.apart.append(Apart(self.tick(), merge.kept, merge.lost))
        joining: list[Merge] = []
        for merge in sorted(self.merges, key=lambda m: m.number):
            at = self.customers(joining)
            if at[self.home_of(merge.kept)] != at[self.home_of(merge.lost)]:
                joining.append(merge)
        self.merges = joining

    # -- threads ------------------------------------------------------------------------------------------------

    def stands_on(self, item: str) -> End:
        placed = self.placings.get(item)
        return placed[-1][1] if placed else ("contact", self.items[item])

    def place(self, item: str, to: End) -> int:
        number = self.tick()
        self.placings.setdefault(item, []).append((number, to))
        return number

    def take_back(self, item: str, number: int) -> None:
        self.placings[item] = [p for p in self.placings[item] if p[0] != number]

    def thread(self, customer: str) -> set[str]:
        ends = self.ends(customer)
        return {item for item in self.items if self.stands_on(item) in ends}
