"""How common is a value, and whose is it? Counts over the customers seen so far, and the people seen on each address,
number and device, so that a family's phone and a desk's mailbox are known as such after their second person."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final

import msgspec

from identity.blocking import key_of
from identity.facts import Birth, NameKey, Phone, Profile, Value
from identity.name_levels import people_differ
from identity.weights import BEFORE, GROUP_TOTAL, GROUPS, SHARED_BEFORE, TABLE

MOST_PEOPLE: Final = 8
SEEN: Final = 60.0
"""The prior of a value's frequency counts like this many customers."""
SEEN_VALUES: Final = 20.0
"""The prior of how many values are shared counts like this many values."""
LEARN: Final = 30.0
"""The table's word on a level counts like this many pairs."""
FARTHEST: Final = 4.0
"""What is learned of a level stays within this factor of the table's word."""
SHAREABLE: Final = ("email", "phone", "visitor")
MOST_NAMESAKES: Final = 2
"""So many customers of one whole name may be one person."""
OWNED: Final = 0.8
"""Who is at least this part of the named sightings keeps the value as her own: a stranger who types it once under
another name does not take it away."""

OWN: Final = 100.0
"""The odds that a value which a person said to be one person's is shown by that person."""

Field = tuple[str, Value]
_LEVELS: Final = {
    one: (f"level {one[0]} {one[1]}", f"group {group[0]} {group[1]}", group) for one, group in GROUPS.items()
}


class Counts:
    """Sums that are only ever added to, from any number of processes. `numbers`: customers, contacts, known (contacts
    of customers that were there), opened, housemates (of the opened, those who looked like another person of a known
    house), "level <comparison> <level>" and "group <comparison> <first level>" (pairs of one person that reached it),
    "sharing <field> <kind> values|shared", "forecast <step> n|p", "offer <step>", recounted (how often all of this was
    counted again). `values`: customers that hold a value, by the hash of (field, value)."""

    __slots__ = ("numbers", "values")

    def __init__(self, numbers: Mapping[str, float] | None = None, values: Mapping[int, int] | None = None) -> None:
        self.numbers: dict[str, float] = dict(numbers or {})
        self.values: dict[int, int] = dict(values or {})

    def add(self, delta: "Counts") -> None:
        for name, amount in delta.numbers.items():
            self.number(name, amount)
        for value, customers in delta.values.items():
            self.value(value, customers)

    def number(self, name: str, amount: float) -> None:
        self.numbers[name] = self.numbers.get(name, 0.0) + amount

    def value(self, key: int, customers: int) -> None:
        self.values[key] = self.values.get(key, 0) + customers


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A person seen on a value: how often, and how often by proof."""

    name: NameKey
    times: int = 1
    proofs: int = 0


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """The people seen on a value: names that differ from one another beyond a doubt, each with how often it came."""

    people: tuple[Seen, ...] = ()

    @property
    def named(self) -> int:
        return sum(one.times for one in self.people)

    @property
    def shared(self) -> bool:
        """Whether it is more than one person's, and nobody's above all."""
        return len(self.people) > 1 and max(one.times for one in self.people) < OWNED * self.named

    def seen_with(self, name: NameKey, proved: bool = False) -> "Use":
        """The use after one more sighting."""
        for at, one in enumerate(self.people):
            if not people_differ(one.name, name):
                again = Seen(name=one.name, times=one.times + 1, proofs=one.proofs + proved)
                return Use(people=(*self.people[:at], again, *self.people[at + 1 :]))
        if len(self.people) >= MOST_PEOPLE:
            return self
        return Use(people=(*self.people, Seen(name=name, proofs=int(proved))))

    @property
    def by_proof(self) -> "Use":
        """Among whom a proof decides: those who proved the value, where anybody with a name did. What others only typed
        takes nothing away from them."""
        proved = tuple(one for one in self.people if one.proofs)
        return Use(people=proved) if proved else self


class Statistics:
    """What one transaction knows: every read is `counts` and `lesson` together, everything learned goes into `lesson`
    alone, which the caller adds to the counts once it is committed. `uses` is filled by the caller for the values at
    hand; a value that is not in it was seen on nobody."""

    __slots__ = ("_hashed", "counts", "lesson", "personal", "uses")

    def __init__(
        self,
        counts: Counts,
        lesson: Counts,
        uses: dict[Field, Use],
        workspace: bytes,
        hashed: Callable[[bytes, str, Value], int] | None = None,
    ) -> None:
        self.counts = counts
        self.lesson = lesson
        self.uses = uses
        self.personal: set[Field] = set()
        """The values that a person said to be one person's."""
        hashed = hashed or value_key
        self._hashed: Callable[[str, Value], int] = lambda field, value: hashed(workspace, field, value)

    def number(self, name: str) -> float:
        return self.counts.numbers.get(name, 0.0) + self.lesson.numbers.get(name, 0.0)

    def held(self, field: str, value: Value) -> int:
        """Customers that hold the value."""
        key = self._hashed(field, value)
        return max(self.counts.values.get(key, 0) + self.lesson.values.get(key, 0), 0)

    @property
    def customers(self) -> float:
        return max(self.number("customers"), 0.0)

    @property
    def contacts(self) -> float:
        return self.number("contacts")

    # -- reading ---------------------------------------------------------------------------------------------

    def share(self, field: str, value: Value, less: int = 1, proved: bool = False) -> float:
        """The share of other customers with the value, without the `less` that may be the one in hand."""
        if field in SHAREABLE:
            others = max(len(self.use(field, value, proved).people) - 1, 0)
        else:
            others = max(self.held(field, value) - less, 0)
        return (others + SEEN * BEFORE.get(field, 1e-5)) / (self.customers + SEEN)

    def namesakes(self, given: str, family: str) -> int:
        """Customers of the whole name: as likely one person under several ids as several people, so some of them are
        left out where the two names' shares are taken."""
        return min(max(self.held("full", (given, family)), 1), MOST_NAMESAKES)

    def same(self, comparison: str, level: str) -> float | None:
        """How often pairs of one person reach the level: what was seen, on top of the table's word."""
        counted = _LEVELS.get((comparison, level))
        if counted is None:
            return None
        reached, together, group = counted
        pairs = self.number(together)
        if pairs <= 0:
            return None
        word, total = TABLE[comparison, level].same, GROUP_TOTAL[group]
        learned = total * (self.number(reached) + LEARN * word / total) / (pairs + LEARN)
        return min(max(learned, word / FARTHEST), word * FARTHEST, 0.99)

    def returning(self) -> float:
        return (self.number("known") + 10) / (self.contacts + 20)

    def at_home(self) -> float:
        """How many others of the same house or firm are known, of a customer."""
        return (self.number("housemates") + 3) / (self.number("opened") + 10)

    def use(self, field: str, value: Value, proved: bool) -> Use:
        """Who was seen on the value, as far as that counts for values that both sides proved, or for others."""
        if (field, value) in self.personal:
            return Use()
        use = self.uses.get((field, value), Use())
        return use.by_proof if proved else use

    def shared(self, field: str, value: Value, proved: bool = False) -> bool:
        return self.use(field, value, proved).shared

    def people(self, field: str, value: Value) -> int:
        """How many people were seen on the value."""
        use = self.uses.get((field, value))
        return len(use.people) if use else 0

    def others(self, field: str, value: Value, names: Iterable[NameKey]) -> int:
        """How many of the people seen on the value nothing reconciles with any of the names."""
        use, known = self.uses.get((field, value)), list(names)
        if use is None or not known:
            return 0
        return sum(all(people_differ(one.name, name) for name in known) for one in use.people)

    def own(self, field: str, value: Value, names: list[NameKey], proved: bool = False) -> float:
        """The odds that who shows the value is the one person seen on it, and not another of the same house: learned
        from how often values of its class turn out shared, and from who was seen on this one."""
        if (field, value) in self.personal:
            return OWN
        use = self.use(field, value, proved)
        if len(use.people) > 1:
            same = sum(s.times for s in use.people if any(not people_differ(s.name, name) for name in names))
            return (same + 0.25) / (use.named - same + 0.5)
        rate = self.sharing_rate(field, kind_of(value))
        unseen = rate * 0.5 ** max(use.named - 1, 0)
        likely = min(unseen / (unseen + 1 - min(rate, 0.99)), 0.98)
        return (2 - likely) / likely

    def sharing_rate(self, field: str, kind: str) -> float:
        """How many values of the class are shared, between what is true of the whole field and its own count."""
        every, shared = self.number(f"sharing {field} all values"), self.number(f"sharing {field} all shared")
        rate = (shared + SEEN_VALUES * SHARED_BEFORE[field]) / (every + SEEN_VALUES)
        every, shared = self.number(f"sharing {field} {kind} values"), self.number(f"sharing {field} {kind} shared")
        return (shared + SEEN_VALUES * rate) / (every + SEEN_VALUES)

    # -- learning --------------------------------------------------------------------------------------------

    def saw(self, profile: Profile) -> list[Field]:
        """A contact came: who is on its values now? Returns the values that turned out shared by it."""
        turned: list[Field] = []
        names = list(profile.field("name"))
        for field in SHAREABLE:
            for value in profile.field(field):
                before = self.uses.get((field, value), Use())
                after = before
                for name in names:
                    after = after.seen_with(name, (field, value) in profile.proved)
                    if profile.proved:  # who proves nothing teaches nothing of other people's values
                        self.learn_sharing(field, value, before, after)
                self.uses[field, value] = after
                if after.by_proof.shared and not before.by_proof.shared and (field, value) not in self.personal:
                    turned.append((field, value))
        return turned

    def learn_sharing(self, field: str, value: Value, before: Use, after: Use) -> None:
        """The second named sighting of a value tells whether it is one person's."""
        if before.named != 1:
            return
        for kind in ("all", kind_of(value)):
            self.lesson.number(f"sharing {field} {kind} values", 1)
            if len(after.people) == 2:
                self.lesson.number(f"sharing {field} {kind} shared", 1)

    def learn(self, levels: Iterable[tuple[str, str]], probability: float) -> None:
        """A pair that is one person's with this probability reached these levels (expectation maximisation, online)."""
        for one in levels:
            counted = _LEVELS.get(one)
            if counted is not None:
                self.lesson.number(counted[0], probability)
                self.lesson.number(counted[1], probability)

    def count(self, values: Iterable[Field], customers: int = 1) -> None:
        """So many customers more hold the values (-1: two customers that held them became one)."""
        for field, value in values:
            self.lesson.value(self._hashed(field, value), customers)

    def saw_known(self) -> None:
        """A contact came to a customer that was there."""
        self.lesson.number("contacts", 1)
        self.lesson.number("known", 1)

    def saw_opened(self, housemate: float) -> None:
        """A contact opened a customer; `housemate` is the greatest probability among the candidates that it is
        another person of a house already known."""
        self.lesson.number("contacts", 1)
        self.lesson.number("customers", 1)
        self.lesson.number("opened", 1)
        self.lesson.number("housemates", housemate)

    def saw_joined(self) -> None:
        """Two customers became one."""
        self.lesson.number("customers", -1)


def kind_of(value: Value) -> str:
    """The class of values that is shared alike: mobile and fixed numbers begin differently."""
    return value.prefix if isinstance(value, Phone) else "any"


@lru_cache(maxsize=65_536)
def value_key(workspace: bytes, field: str, value: Value) -> int:
    """The keyed hash of a countable value."""
    if isinstance(value, tuple):
        text = "\0".join(value)
    else:
        text = value.text if isinstance(value, Birth) else value
    return key_of(workspace, f"{field}\0{text}")


def countable(profile: Profile) -> set[Field]:
    """The values of a profile whose frequency matters."""
    found: set[Field] = set()
    for field, values in profile.fields.items():
        if field not in SHAREABLE:
            found.update(one for value in values for one in _countable(field, value))
    found.update(("domain", email.domain) for email in profile.field("email"))
    found.update(("phone block", block(phone)) for phone in profile.field("phone"))
    return found


def block(phone: Phone) -> str:
    """The numbers that were given out together."""
    return phone.value[:-3]


def _countable(field: str, value: Value) -> Iterable[Field]:
    if field == "name":
        if value.given and value.family:
            yield "full", (value.given[0], value.family[-1])
        yield from (("given", word) for word in value.given[:1] if len(word) > 1)
        yield from (("family", word) for word in value.family[-1:] if len(word) > 1)
    elif field == "address":
        yield "address", (value.number, value.street, value.postcode)
        yield "postcode", value.postcode
        yield "place", value.place
        yield "street", (value.street, value.postcode)
    else:
        yield field, value
