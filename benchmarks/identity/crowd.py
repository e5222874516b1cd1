"""A desk's contacts made by our own rules: people and households who come back by other channels, and the values that
they share. What is measured at fifty thousand contacts is measured on these."""

import itertools
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from benchmarks.identity import names
from benchmarks.identity.records import Record

BEGIN: Final = datetime(2024, 1, 1, tzinfo=UTC)
SPAN: Final = 720.0
"""Days."""
GAP: Final = 90.0
"""Days between two contacts of a person, on average."""
EACH: Final = 3.5
"""Contacts of a person, on average; some fall behind the span."""

Said = dict[str, Any]


class House(msgspec.Struct, frozen=True, kw_only=True):
    """Where some people live, and what they share: the line, the tablet, sometimes a mailbox."""

    street: str
    place: str
    postcode: str
    line: str
    device: str
    mailbox: str | None


class Firm(msgspec.Struct, frozen=True, kw_only=True):
    host: str
    switchboard: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    given: str
    family: str
    born: str
    house: House
    firm: Firm | None
    mails: list[str]
    mobile: str
    device: str
    account: str
    handle: str


def records(contacts: int, seed: int = 5) -> list[Record]:
    """So many contacts, of whole people but for the last, by their times; a seed makes the same desk again."""
    rng = random.Random(seed)
    firms = [Firm(host=f"{_rare(rng).lower()}.example", switchboard=_line(rng)) for _ in range(40)]
    visits: list[tuple[float, int, Person]] = []
    numbers = itertools.count()
    for person in itertools.islice(_people(rng, firms), round(contacts / EACH * 1.5) + 1):
        at = rng.uniform(0, SPAN)
        while at < SPAN:
            visits.append((at, next(numbers), person))
            at += rng.expovariate(1 / GAP) if rng.random() > 1 / EACH else SPAN
    return [_record(rng, at, number, person) for number, (at, _, person) in enumerate(sorted(visits[:contacts]))]


def _people(rng: random.Random, firms: Sequence[Firm]) -> Iterator[Person]:
    """Households of one to five; most share a family name, some a given name over generations or a birthday."""
    number = itertools.count()
    while True:
        family, house = _family(rng), _house(rng)
        first: Person | None = None
        for _ in range(rng.choices((1, 2, 3, 4, 5), (55, 22, 11, 9, 3))[0]):
            own = _family(rng) if first and rng.random() < 0.2 else family
            given = first.given if first and rng.random() < 0.03 else _pick(rng, names.GIVEN)
            born = first.born if first and rng.random() < 0.04 else _born(rng)
            firm = rng.choice(firms) if rng.random() < 0.1 else None
            person = _person(rng, f"p{next(number)}", given, own, born, house, firm)
            first = first or person
            yield person


def _person(
    rng: random.Random, name: str, given: str, family: str, born: str, house: House, firm: Firm | None
) -> Person:
    mails = [_mail(rng, given, family, rng.choice(names.MAIL_HOSTS)) for _ in range(rng.choices((1, 2), (3, 1))[0])]
    if firm:
        mails.append(_plain(f"{given[0]}.{family}@{firm.host}"))
    return Person(
        name=name,
        given=given,
        family=family,
        born=born,
        house=house,
        firm=firm,
        mails=mails,
        mobile=f"+447{rng.choice('45789')}{rng.randrange(10**8):08}",
        device=f"d{rng.getrandbits(48):x}",
        account=f"A{rng.randrange(10**7):07}",
        handle=_plain(f"{given}{family[:4]}{rng.randrange(1000)}"),
    )


def _house(rng: random.Random) -> House:
    head = rng.choice(names.HEADS)
    return House(
        street=f"{rng.randrange(1, 180)} {rng.choice(names.STREETS)} {rng.choice(names.WAYS)}",
        place=head + rng.choice(("ton", "ford", "bury", "mouth")),
        postcode=f"{head[:2].upper()}{rng.randrange(1, 30)} {rng.randrange(1, 10)}{_letter(rng)}{_letter(rng)}",
        line=_line(rng),
        device=f"d{rng.getrandbits(48):x}",
        mailbox=f"the{_family(rng).lower()}s{rng.randrange(100)}@gmail.com" if rng.random() < 0.08 else None,
    )


def _record(rng: random.Random, at: float, number: int, person: Person) -> Record:
    channel = rng.choices(("email", "voice", "chat", "web_form", "orders", "social"), (26, 18, 18, 14, 20, 4))[0]
    mail, mail_trap = _mail_given(rng, person)
    phone, phone_trap = _phone_given(rng, person)
    said = _claims(rng, channel, person, mail, phone)
    held = {one["value"] for one in said["identifiers"]}
    trap = "|".join(trap for value, trap in ((mail, mail_trap), (phone, phone_trap)) if trap and value in held)
    item: Said = {
        "source": channel,
        "source_id": f"c{number}",
        "kind": "order" if channel == "orders" else "message",
        "channel": channel,
        "direction": "inbound",
        "occurred_at": (BEGIN + timedelta(days=at)).isoformat(),
        "contact": {"key": f"c{number}", **said},
    }
    return Record(item=item, person=person.name, trap=trap)


def _claims(rng: random.Random, channel: str, person: Person, mail: str, phone: str) -> Said:
    """What a channel knows of who comes by it, and what it proves."""
    if channel == "email":
        return _said(_name(rng, person, 0.85), _is("email", mail, proved=True))
    if channel == "voice":
        born = {"birth_date": person.born} if rng.random() < 0.2 else {}
        return _said(_name(rng, person, 0.6), _is("phone", phone, proved=True), **born)
    if channel == "chat":
        device = person.house.device if rng.random() < 0.15 else person.device
        more = [_is("email", mail)] if rng.random() < 0.5 else []
        return _said(_name(rng, person, 0.6), _is("visitor", device, proved=True), *more)
    if channel == "web_form":
        more = [_is("phone", phone)] if rng.random() < 0.5 else []
        return _said(_name(rng, person, 0.95), _is("email", mail), *more)
    if channel == "social":
        return _said(_name(rng, person, 0.5), _is("handle", person.handle, proved=True, scope="social"))
    account = [_is("account", person.account, proved=True, scope="shop")] if rng.random() < 0.7 else []
    house = {name: getattr(person.house, name) for name in ("street", "place", "postcode")}
    return _said(_name(rng, person, 1.0), _is("email", mail), _is("phone", phone), *account, **house)


def _said(name: str | None, *identifiers: Said, **attributes: str) -> Said:
    return {"name": name, "identifiers": list(identifiers), "attributes": attributes}


def _is(kind: str, value: str, *, proved: bool = False, scope: str | None = None) -> Said:
    return {"kind": kind, "value": value, "verified": proved, **({"scope": scope} if scope else {})}


def _mail_given(rng: random.Random, person: Person) -> tuple[str, str]:
    """The address that somebody gives, and the trap that it is."""
    chance = rng.random()
    if chance < 0.015:
        return rng.choice(names.JUNK_MAILS), "junk"
    if person.firm and chance < 0.15:
        return f"{rng.choice(names.ROLES)}@{person.firm.host}", "role"
    if person.house.mailbox and chance < 0.4:
        return person.house.mailbox, "family mailbox"
    mail = person.mails[0] if rng.random() < 0.7 else rng.choice(person.mails)
    return (_slip(rng, mail) if rng.random() < 0.01 else mail), ""


def _phone_given(rng: random.Random, person: Person) -> tuple[str, str]:
    chance = rng.random()
    if chance < 0.01:
        return "0000000000", "junk"
    if person.firm and chance < 0.2:
        return person.firm.switchboard, "switchboard"
    if chance < 0.3:
        return person.house.line, "landline"
    written = person.mobile if rng.random() < 0.7 else f"0{person.mobile[3:7]} {person.mobile[7:]}"
    return written, ""


def _name(rng: random.Random, person: Person, given: float) -> str | None:
    """As the person writes it this time, or not at all."""
    if rng.random() > given:
        return None
    first, last = person.given, person.family
    chance = rng.random()
    if chance < 0.1 and first in names.NICKNAMES:
        first = rng.choice(names.NICKNAMES[first])
    elif chance < 0.13:
        first = _slip(rng, first)
    elif chance < 0.16:
        last = _slip(rng, last)
    shapes = (f"{first} {last}", f"{first} {last}".upper(), f"{first} {last}".lower(), f"{last}, {first}", first)
    return rng.choices((*shapes, f"{first[0]} {last}"), (60, 8, 8, 6, 12, 6))[0]


def _mail(rng: random.Random, given: str, family: str, host: str) -> str:
    shapes = (f"{given}.{family}", f"{given}{family}", f"{given[0]}{family}", f"{family}.{given}", given)
    tail = str(rng.randrange(1, 100)) if rng.random() < 0.5 else ""
    return _plain(f"{rng.choices(shapes, (4, 2, 2, 1, 1))[0]}{tail}@{host}")


def _plain(text: str) -> str:
    """As people spell their names in an address."""
    return text.lower().replace("'", "").replace("ü", "ue")


def _slip(rng: random.Random, word: str) -> str:
    """One letter lost, doubled, changed or turned with the next."""
    if len(word) < 4:
        return word
    at = rng.randrange(1, len(word) - 1)
    return rng.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + _letter(rng).lower() + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        )
    )


def _family(rng: random.Random) -> str:
    return _pick(rng, names.FAMILY) if rng.random() < 0.5 else _rare(rng)


def _rare(rng: random.Random) -> str:
    return rng.choice(names.HEADS) + rng.choice(names.TAILS)


def _pick(rng: random.Random, ranked: Sequence[str]) -> str:
    """One of some names by their rank, as names are spread (Zipf)."""
    return rng.choices(ranked, _weights(len(ranked)))[0]


def _weights(many: int) -> list[float]:
    return [1 / (rank + 4) for rank in range(many)]


def _born(rng: random.Random) -> str:
    return f"{rng.randrange(1940, 2006)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"


def _line(rng: random.Random) -> str:
    return f"+44{rng.choice(('161', '121', '113', '117'))}{rng.randrange(2 * 10**6, 8 * 10**6)}"


def _letter(rng: random.Random) -> str:
    return rng.choice("ABDEFGHJLNPQRSTUWXYZ")
