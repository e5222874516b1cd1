"""Under which keys may another contact of the same person be found? 10 to 20 a contact, the surest first; what is kept
of each is a keyed hash."""

import hashlib
from collections.abc import Iterator
from itertools import islice
from typing import Final

from identity.facts import NameKey, Profile, spellings
from identity.names import canonical, respelled

MOST_KEYS: Final = 40


def key_of(workspace: bytes, text: str) -> int:
    """A signed 64-bit number that stands for `text` in this workspace, and tells nothing of it."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, key=workspace).digest()
    return int.from_bytes(digest, "big", signed=True)


def blocking_keys(profile: Profile) -> set[str]:
    """All keys of a contact; two contacts may be one person where they have one in common."""
    return set(islice(dict.fromkeys(_keys(profile)), MOST_KEYS))


def _keys(profile: Profile) -> Iterator[str]:
    yield from _exact(profile)
    yield from _dates_and_streets(profile)
    if not profile.field("name"):
        yield from (f"spelled:{letters}" for letters in spellings(profile))
    for name in profile.field("name"):
        yield from _name_keys(name, profile)
    yield from _near(profile)


def _exact(profile: Profile) -> Iterator[str]:
    for field in ("account", "external", "handle", "visitor"):
        for scope, value in profile.field(field):
            yield f"{field}:{scope}:{value}"
    for email in profile.field("email"):
        yield f"email:{email.mailbox}"
    for phone in profile.field("phone"):
        yield f"phone:{phone.value}"
    for national in profile.field("national_id"):
        yield f"national:{national}"


def _dates_and_streets(profile: Profile) -> Iterator[str]:
    for birth in profile.field("birth_date"):
        if birth.month:
            yield f"birth:{birth.year}:{birth.month}:{birth.day}"
            for address in profile.field("address"):
                if address.place:
                    yield f"day:{birth.month}:{birth.day}:{address.place[:3]}"
    for address in profile.field("address"):
        if address.street and address.number:
            yield f"street:{address.number}:{address.street[:4]}"


def _name_keys(name: NameKey, profile: Profile) -> Iterator[str]:
    """Given and family name stand under the same keys: people swap them."""
    if name.given and name.family:
        given, family = name.given[0], name.family[-1]
        yield from (f"spelled:{word}" for word in (given + family, family + given, given[0] + family))
        yield "name:" + ":".join(sorted((given[:3], family[:3])))
    sounds = [_sound(words[0]) for words in (name.given[:1], name.family[-1:]) if words]
    yield "sound:" + ":".join(sorted(sounds))
    for one, other in zip(sounds, reversed(sounds), strict=True):
        if len(one) >= 2:
            yield f"half:{one}:{other[0]}"
            yield from _with_facts(one, profile)


def _with_facts(sound: str, profile: Profile) -> Iterator[str]:
    for birth in profile.field("birth_date"):
        yield f"born:{sound}:{birth.year}"
        if birth.month:
            yield f"month:{sound[0]}:{birth.year}:{birth.month}"
    for address in profile.field("address"):
        if address.postcode:
            yield f"post:{sound[:4]}:{address.postcode}"
        if address.place:
            yield f"place:{sound[:4]}:{address.place[:3]}"
    for place in profile.field("birth_place"):
        yield f"birthplace:{sound}:{place[:4]}"


def _near(profile: Profile) -> Iterator[str]:
    """What mistyped addresses and numbers, and colleagues, have in common."""
    for email in profile.field("email"):
        yield f"mail:{email.local[:5]}:{email.domain[:3]}"
        if len(email.local) >= 5:
            yield f"local:{email.local}"
        yield f"domain:{email.domain}"
    for phone in profile.field("phone"):
        yield f"phones:{phone.value[:-2]}"


def _sound(word: str) -> str:
    """One spelling for all short forms and spellings of a name."""
    return respelled(canonical(word))[:12]
