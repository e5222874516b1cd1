"""What do the evidence and the verdict say to a lead, in words and in numbers? The pieces that are kept with every
link decision and suggestion."""

from collections.abc import Callable
from math import log2
from typing import Any, Final

import msgspec

from identity.decision import Score
from identity.evidence import Evidence
from identity.facts import Address, Birth, Email, NameKey, Phone, Value
from identity.name_levels import name_levels
from identity.policy import Automatic
from identity.weights import VERSION

_LONGEST: Final = 80


class Rival(msgspec.Struct, frozen=True, kw_only=True):
    """The runner-up: a customer's id, and the odds that the newcomer is that customer."""

    customer: str
    odds: float


def sentences(
    score: Score,
    needed: float,
    probability: float | None = None,
    rival: Rival | None = None,
    automatic: Automatic = "evidence",
) -> list[dict[str, Any]]:
    """A piece for each comparison that says something, the weightiest first, and one for the decision. `needed` is the
    probability from which a link is made; `probability` is after the rivals (left out: there are none)."""
    ranked = sorted(score.evidence, key=lambda found: -abs(found.stranger))
    return [
        *(_piece(found) for found in ranked if found.level != "missing"),
        _decision(score, needed, probability, rival, automatic),
    ]


def _piece(found: Evidence) -> dict[str, Any]:
    return {
        "comparison": found.comparison,
        "level": found.level,
        "values": [shown(value) for value in found.values],
        "stranger": round(found.stranger, 2),
        "house": round(found.house, 2),
        "words": words(found),
    }


# -- the decision --------------------------------------------------------------------------------------------


def _decision(
    score: Score, needed: float, probability: float | None, rival: Rival | None, automatic: Automatic
) -> dict[str, Any]:
    alone = score.odds / (1 + score.odds)
    said = alone if probability is None else probability
    second = rival.odds / (1 + rival.odds) if rival else None
    return {
        "comparison": "decision",
        "level": score.basis,
        "probability": round(said, 6),
        "needed": round(needed, 6),
        "stranger": round(score.stranger, 2),
        "house": round(score.house, 2),
        "vetoes": list(score.vetoes),
        "runner_up": {"customer": rival.customer, "probability": round(second, 6)} if rival and second else None,
        "margin": round(log2(score.odds) - log2(rival.odds), 2) if rival else None,
        "model": VERSION,
        "words": _verdict_words(score, needed, said, rival is not None, automatic),
    }


def _verdict_words(score: Score, needed: float, probability: float, rivalled: bool, automatic: Automatic) -> str:
    if score.vetoes:
        return f"kept apart: {'; '.join(score.vetoes)}"
    have, want = _bits(probability), _bits(needed)
    digits = 1 if f"{have:.1f}" != f"{want:.1f}" else 3
    told = f"{have:.{digits}f} of {want:.{digits}f} needed"
    if probability >= needed:
        if score.basis == "alone":
            return f"{'a claim' if score.claim else 'one thing'} that nothing else supports links nobody: {told}"
        if score.basis != "proof" and automatic == "proof":
            return f"this workspace links on proof alone: {told}"
        return f"one person, no conflict: {told}"
    if rivalled and _bits(score.odds / (1 + score.odds)) >= want:
        return f"could as well be another customer: {told}"
    if (score.stranger < 0 and score.house < 0) or sum(found.stranger for found in score.evidence) <= 0:
        return f"nothing says that they are one person: {told}"
    if score.house <= score.stranger:
        return f"could be somebody of the same house or firm: {told}"
    return f"could be a stranger who looks alike: {told}"


def _bits(probability: float) -> float:
    """Log2 odds, as far as a number of sixty bits goes."""
    inside = min(max(probability, 2**-50), 1 - 2**-50)
    return log2(inside / (1 - inside))


# -- the comparisons -----------------------------------------------------------------------------------------

_KINDS: Final = {
    "email": "e-mail",
    "phone": "phone",
    "account": "account",
    "external": "external id",
    "handle": "handle",
    "visitor": "device",
    "national_id": "national id",
    "birth_place": "place of birth",
}


def called(field: str) -> str:
    """A field or comparison as people call it."""
    return _KINDS.get(field, field.replace("_", " "))


_WORDS: Final = {
    ("email", "same_mailbox"): "{a} and {b} end in one mailbox",
    ("email", "near"): "e-mails a slip apart ({a}, {b})",
    ("email", "close"): "much alike e-mails ({a}, {b})",
    ("email", "near_common"): "much alike e-mails ({a}, {b})",
    ("email", "same_local"): "same part before the @ ({a}, {b})",
    ("email", "like_name"): "e-mails that say no more than the names do ({a}, {b})",
    ("email", "corporate_domain"): "e-mails of one firm's domain ({a}, {b})",
    ("spelled_name", "whole"): "the name is spelled in the address or handle ({a}, {b})",
    ("spelled_name", "initial"): "initial and family name are spelled in the address or handle ({a}, {b})",
    ("phone", "last_seven"): "same last seven digits ({a}, {b})",
    ("phone", "near"): "phones one digit apart ({a}, {b})",
    ("external", "near"): "external ids one character apart ({a}, {b})",
    ("national_id", "near"): "national ids a slip apart ({a}, {b})",
    ("birth_place", "near"): "places of birth a slip apart ({a}, {b})",
    ("birth_date", "exact"): "same birth date {a}",
    ("birth_date", "swapped"): "birth dates with day and month exchanged ({a}, {b})",
    ("birth_date", "one_edit"): "birth dates one digit apart ({a}, {b})",
    ("birth_date", "day_month"): "same day and month of birth, another year ({a}, {b})",
    ("birth_date", "near_days"): "birth dates a few weeks apart ({a}, {b})",
    ("birth_date", "two_slips"): "birth dates two slips apart ({a}, {b})",
    ("birth_date", "conflicting"): "the birth dates conflict: {a}, {b}",
    ("birth_date", "year"): "same year of birth ({a}, {b})",
    ("birth_date", "near_year"): "years of birth one apart ({a}, {b})",
    ("birth_date", "year_conflict"): "the years of birth conflict: {a}, {b}",
    ("address", "exact"): "same address: {a}",
    ("address", "near"): "same address with a slip ({a}; {b})",
    ("address", "street"): "same street and number, the area written otherwise ({a}; {b})",
    ("address", "same_street"): "same street, another number ({a}; {b})",
    ("address", "postcode_only"): "same postcode, another street ({a}; {b})",
    ("address", "place_only"): "same place, another street ({a}; {b})",
    ("address", "conflicting"): "the addresses differ: {a}; {b}",
    ("address", "postcode"): "same postcode ({a}; {b})",
    ("address", "near_postcode"): "postcodes one digit apart ({a}; {b})",
    ("address", "other_postcode"): "same place, another postcode ({a}; {b})",
    ("address", "elsewhere"): "another postcode and place ({a}; {b})",
    ("address", "place"): "same place ({a}; {b})",
    ("address", "near_place"): "same place with a slip ({a}; {b})",
    ("address", "another_place"): "another place ({a}; {b})",
    ("address", "region"): "same region ({a}; {b})",
    ("address", "another_region"): "another region ({a}; {b})",
}
_NUMBERS: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")


def words(found: Evidence) -> str:
    """One comparison in a sentence's part."""
    if found.comparison == "name":
        return _name_words(*found.values)
    a, b = map(shown, found.values)
    template = _WORDS.get((found.comparison, found.level))
    if template:
        return template.format(a=a, b=b)
    kind = called(found.comparison)
    if not found.level.startswith("exact"):
        return f"different {kind}: {a}, {b}"
    if found.comparison not in _SEEN:
        return f"same {kind}: {a}"
    return _same_value(found, kind, a)


_SEEN: Final = frozenset({"email", "phone", "account", "external", "handle", "visitor"})


def _same_value(found: Evidence, kind: str, value: str) -> str:
    if found.others:
        people = "person with another name" if found.others == 1 else "people with other names"
        joined = "but" if found.level == "exact_shared" else "though"
        return f"same {kind} {value}, {joined} seen on {_NUMBERS[min(found.others, 8)]} other {people}"
    if found.level == "exact_shared":
        return f"same {kind} {value}, but used under different names"
    if all(found.proved):
        return f"same verified {kind} {value}"
    return f"same {kind} {value}, " + ("verified on one side only" if any(found.proved) else "claimed on both sides")


def _name_words(a: NameKey, b: NameKey) -> str:
    """The words of the two in the order of the contacts."""
    levels = name_levels(a, b)
    both = f"{shown(a)}, {shown(b)}"
    if a.suffix and b.suffix and a.suffix != b.suffix:
        return f"another generation: {both}"
    if levels.given is None and levels.family is None:
        return f"names that cannot be compared: {both}"
    if levels.given in _APART:
        return f"the names conflict: {both}"
    if levels.given == levels.family == "exact" and not levels.swapped:
        script = "" if a.script == b.script else ", written in another script"
        return f"same name: {shown(a)}{script}"
    turn = slice(None) if a <= b else slice(None, None, -1)
    said = [
        _part_words("given", levels.given, levels.given_words[turn]),
        _part_words("family", levels.family, levels.family_words[turn]),
    ]
    if levels.swapped:
        said.append("given and family name exchanged")
    return ", ".join(filter(None, said)) + (f" ({both})" if levels.swapped or levels.family == "conflicting" else "")


_APART: Final = frozenset({"conflicting", "another", "feminine", "initial_conflict"})
_NAME_WORDS: Final = {
    "exact": "same {part} name {a}",
    "nickname": "nickname ({a}, {b})",
    "short": "short form ({a}, {b})",
    "one_edit": "{part} names a letter apart ({a}, {b})",
    "respelled": "{part} names that sound the same ({a}, {b})",
    "close": "{part} names much alike ({a}, {b})",
    "part": "one of two family names is the same ({a}, {b})",
    "alike": "two given names that are alike ({a}, {b})",
    "initial": "same initial ({a}, {b})",
    "initial_conflict": "another initial of the {part} name ({a}, {b})",
    "conflicting": "another {part} name",
}


def _part_words(part: str, level: str | None, both: tuple[str, ...]) -> str:
    a, b = (word.capitalize() for word in both)
    return _NAME_WORDS[level].format(part=part, a=a, b=b) if level else ""


# -- values as people write them -----------------------------------------------------------------------------


def shown(value: Value) -> str:
    """A value of a profile in the form that a person would write."""
    text = _SHOWN[type(value)](value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _name(name: NameKey) -> str:
    suffix = _SUFFIXES.get(name.suffix, name.suffix.upper())
    return " ".join([*(word.capitalize() for word in (*name.given, *name.family)), suffix]).strip()


_SUFFIXES: Final = {"jr": "Jr", "sr": "Sr"}


def _birth(birth: Birth) -> str:
    return f"{birth.year:04}-{birth.month:02}-{birth.day:02}" if birth.month else f"{birth.year:04}"


def _address(address: Address) -> str:
    street = " ".join(part for part in (address.number, address.street.title()) if part)
    area = " ".join(part for part in (address.postcode.upper(), address.place.title()) if part)
    return ", ".join(part for part in (street, area, address.region.upper()) if part)


def _email(email: Email) -> str:
    return email.value


def _phone(phone: Phone) -> str:
    return phone.shown


def _scoped(value: tuple[str, str]) -> str:
    scope, text = value
    return f"{text} at {scope}" if scope else text


_SHOWN: Final[dict[type, Callable[[Any], str]]] = {
    NameKey: _name,
    Birth: _birth,
    Address: _address,
    Email: _email,
    Phone: _phone,
    tuple: _scoped,
    str: str,
}
