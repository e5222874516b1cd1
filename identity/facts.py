"""What do we hold of a contact, and of a customer, in the form that comparisons read? A contact is parsed once; a
customer's profile counts the distinct values of its members, so that one comparison of two profiles is the mean over
all pairs of members."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

import anyascii
import msgspec

from identity.identifiers import Identifier, mailbox
from identity.names import PersonName, read_name

MOST_VALUES: Final = 12
"""Of a profile's distinct values of one field: the proved ones, then those that most members hold."""
MOST_COMPARED: Final = 6
"""Of the values of two profiles that both have many."""
LONGEST_TEXT: Final = 120

Value = Any
"""What a field holds: a NameKey, a Birth, an Address, an Email, a Phone, (scope, value) of the other identifiers, and
plain words of everything else. All of them are hashable."""
Fields = dict[str, dict[Value, int]]


class NameKey(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """What comparing reads of a name, without how it was written."""

    given: tuple[str, ...] = ()
    family: tuple[str, ...] = ()
    suffix: str = ""
    script: str = "latin"


class Birth(msgspec.Struct, frozen=True, kw_only=True):
    """`month` and `day` are 0 where only the year is known; 1 January counts as a year."""

    year: int
    month: int = 0
    day: int = 0

    @property
    def text(self) -> str:
        return f"{self.year:04}{self.month:02}{self.day:02}"


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Words in lower-case ASCII; empty where unknown. `number` is the first number of the street line."""

    number: str = ""
    street: str = ""
    postcode: str = ""
    place: str = ""
    region: str = ""


class Email(msgspec.Struct, frozen=True, kw_only=True):
    value: str
    mailbox: str
    local: str
    domain: str


class Phone(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Equal by its last nine digits without leading zeros, and the extension where there is one: equal whether the
    country code was given or not. Nine tell numbers apart the world over. `prefix` is the first of them, by which
    mobile and fixed numbers differ in most countries; `shown` is the number as it was normalised."""

    value: str
    prefix: str
    shown: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Phone) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """`fields` maps a field to its distinct values and how many members hold each; `proved` holds the (field, value)
    pairs that some member holds by proof. Never changed in place."""

    size: int
    fields: Fields
    proved: frozenset[tuple[str, Value]] = frozenset()

    def field(self, name: str) -> dict[Value, int]:
        return self.fields.get(name) or {}


def read_facts(
    name: str | None, attributes: Mapping[str, str], identifiers: Iterable[tuple[Identifier, bool]]
) -> Profile:
    """The profile of one contact. Identifiers come normalised, with whether they are proved; what is known to be
    nobody's own is left out by the caller."""
    fields: Fields = {}
    proved: set[tuple[str, Value]] = set()
    person = person_key(read_name(name, attributes))
    if person.given or person.family:
        fields["name"] = {person: 1}
    for identifier, verified in identifiers:
        if identifier.problem is not None:
            continue
        value = value_of(identifier)
        fields.setdefault(identifier.kind, {})[value] = 1
        if verified:
            proved.add((identifier.kind, value))
    for field, value in _attribute_values(attributes):
        fields[field] = {value: 1}
    return _bounded(1, fields, proved)


def person_key(person: PersonName) -> NameKey:
    return NameKey(given=person.given[:4], family=person.family[:4], suffix=person.suffix or "", script=person.script)


def merged(*profiles: Profile) -> Profile:
    """All of them together; in whatever order they come, but for the order of equally frequent values."""
    fields: Fields = {}
    proved: set[tuple[str, Value]] = set()
    for profile in profiles:
        proved |= profile.proved
        for field, values in profile.fields.items():
            counts = fields.setdefault(field, {})
            for value, count in values.items():
                counts[value] = counts.get(value, 0) + count
    return _bounded(sum(profile.size for profile in profiles), fields, proved)


def _bounded(size: int, fields: Fields, proved: set[tuple[str, Value]]) -> Profile:
    for field, counts in fields.items():
        if len(counts) > MOST_VALUES:
            ranked = sorted(counts.items(), key=lambda pair: ((field, pair[0]) not in proved, -pair[1]))
            fields[field] = dict(ranked[:MOST_VALUES])
            proved = {(kind, value) for kind, value in proved if kind != field or value in fields[field]}
    return Profile(size=size, fields=fields, proved=frozenset(proved))


def compared(ours: dict[Value, int], theirs: dict[Value, int]) -> tuple[dict[Value, int], dict[Value, int]]:
    """The values of one field to be compared with one another: all of them, or those of both sides that most members
    hold, so that the pairs stay a few dozen."""
    if len(ours) * len(theirs) <= MOST_COMPARED**2:
        return ours, theirs
    return _foremost(ours), _foremost(theirs)


def _foremost(values: dict[Value, int]) -> dict[Value, int]:
    return dict(sorted(values.items(), key=lambda pair: -pair[1])[:MOST_COMPARED])


# -- identifiers ---------------------------------------------------------------------------------------------


def value_of(identifier: Identifier) -> Value:
    if identifier.kind == "email":
        return read_email(identifier.value)
    if identifier.kind == "phone":
        return read_phone(identifier.value)
    return identifier.scope, identifier.value


@lru_cache(maxsize=65_536)
def read_email(value: str) -> Email:
    box = mailbox(value)
    local, _, domain = box.rpartition("@")
    return Email(value=value, mailbox=box, local=local, domain=domain)


@lru_cache(maxsize=65_536)
def read_phone(value: str) -> Phone:
    number, _, extension = value.partition(";")
    kept = 10 if number.startswith("+1") else 9  # North American numbers differ in their first of ten digits too
    last = number.lstrip("+").lstrip("0")[-kept:]
    return Phone(value=last + extension, prefix=last[:1] if len(last) == kept else "short", shown=value)


def letters_of(text: str) -> str:
    return "".join(c for c in text if c.isalpha())


def digits_of(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def spellings(profile: Profile) -> list[str]:
    """The letters of its addresses and handles, in which a name may be spelled."""
    texts = [email.local for email in profile.field("email")] + [value for _, value in profile.field("handle")]
    return [letters for letters in map(letters_of, texts) if len(letters) >= 5]


# -- attributes ----------------------------------------------------------------------------------------------

PLAIN: Final = ("gender", "birth_place", "company", "occupation", "country", "language")
_UNKNOWN: Final = frozenset({"na", "n a", "none", "null", "unknown", "test", "other", "x", "xx", "xxx"})
_WORD: Final = re.compile(r"[^a-z0-9]+")
_DATE: Final = re.compile(r"\s*(\d{4})(?:[-/.]?(\d{1,2})(?:[-/.]?(\d{1,2}))?)?(?:[T ].*)?\s*")
_DATE_BACKWARDS: Final = re.compile(r"\s*(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})\s*")


def _attribute_values(attributes: Mapping[str, str]) -> Iterable[tuple[str, Value]]:
    birth = read_birth(attributes.get("birth_date") or "")
    if birth:
        yield "birth_date", birth
    address = read_address(attributes)
    if address:
        yield "address", address
    national = re.sub(r"[^0-9A-Za-z]", "", (attributes.get("national_id") or "")[:LONGEST_TEXT]).upper()
    if len(national) >= 4 and len(set(national)) > 1:
        yield "national_id", national
    for field in PLAIN:
        text = plain(attributes.get(field) or "")
        if text and text not in _UNKNOWN:
            yield field, text


def plain(text: str) -> str:
    """In lower-case ASCII words, one blank between them."""
    return _plain(text[:LONGEST_TEXT])


@lru_cache(maxsize=65_536)
def _plain(text: str) -> str:
    return _WORD.sub(" ", anyascii.anyascii(text).lower()[:LONGEST_TEXT]).strip()


def read_birth(text: str) -> Birth | None:
    """ISO forms with or without dashes, a year alone, and day.month.year (where it cannot be that, month/day).
    Impossible months and days are kept as they are: a slip of the finger is still comparable."""
    return _birth(text) if len(text) <= 40 else None


@lru_cache(maxsize=65_536)
def _birth(text: str) -> Birth | None:
    found, backwards = _DATE.fullmatch(text), _DATE_BACKWARDS.fullmatch(text)
    if found:
        year, month, day = int(found[1]), int(found[2] or 0), int(found[3] or 0)
    elif backwards:
        day, month, year = int(backwards[1]), int(backwards[2]), int(backwards[3])
        if month > 12 >= day:
            day, month = month, day
    else:
        return None
    if not 1000 <= year <= 2200:
        return None
    if (month, day) == (1, 1) or not month or not day:
        return Birth(year=year)
    return Birth(year=year, month=month, day=day)


def read_address(attributes: Mapping[str, str]) -> Address | None:
    words = plain(attributes.get("street") or "").split()
    number = next((word for word in words if word[0].isdigit()), "")
    address = Address(
        number=number,
        street=" ".join(word for word in words if word != number),
        postcode=plain(attributes.get("postcode") or "").replace(" ", ""),
        place=plain(attributes.get("place") or ""),
        region=plain(attributes.get("region") or ""),
    )
    return None if address == Address() else address
