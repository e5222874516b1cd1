"""What is this address, number or id, written in the one way that makes equal ones equal? Every kind of
identifier and its normal form; no text makes it raise, and none keeps it long."""

import hashlib
import re
import unicodedata
from typing import Final

import email_validator
import msgspec
import phonenumbers

from identity.placeholders import Form, role_or_placeholder

_BEGUN: Final = 4
"""Digits from which a number is looked for by its beginning."""
KINDS: Final = ("email", "phone", "account", "external", "handle", "visitor")
STRONG: Final[frozenset[str]] = frozenset(KINDS) - {"visitor"}
SCOPED: Final[frozenset[str]] = frozenset({"account", "external", "handle", "visitor"})

LONGEST_VALUE = 256  # of any value, in characters: at four bytes each it still fits a b-tree key
LONGEST_RAW = 1_000
LONGEST_SCOPE = 100
_LONGEST_EMAIL = 254  # RFC 5321, 4.5.3.1.3, without the brackets
_LONGEST_PHONE_TEXT = 64
_FEWEST_DIGITS, _MOST_DIGITS = 5, 15  # E.164 allows fifteen
_MOST_SCOPE_READINGS = 4


class UnknownKind(ValueError):
    """The kind is none of KINDS."""


class Identifier(msgspec.Struct, frozen=True, kw_only=True):
    """`value` is what is compared and stored: at most 256 characters, always storable. Where it could not be
    normalised it is the trimmed text, `problem` says why, and it links nothing. `raw` is the text as it was
    handed in, to show and to send to (cut after 1,000 characters, unstorable ones shown as U+FFFD)."""

    kind: str
    scope: str = ""
    value: str
    raw: str
    problem: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """Two identifiers are the same one when their keys are equal (and neither has a problem)."""
        return self.kind, self.scope, self.value

    @property
    def strong(self) -> bool:
        """Whether it may link people at all, once it is verified."""
        return self.problem is None and self.kind in STRONG


class _Unreadable(ValueError):
    """The words are the problem."""


def normalise(kind: str, value: str, scope: str | None, region: str | None) -> Identifier:
    """The identifier in its normal form. `region` is the workspace's (ISO 3166, two letters), for national
    phone numbers: without one they stay digits, and such a value equals only the identical digits. The
    `scope` of an e-mail address or a phone number is ignored. Raises UnknownKind and nothing else."""
    if kind not in KINDS:
        raise UnknownKind(f"unknown kind of identifier: {kind[:40]!r}; known are {', '.join(KINDS)}")
    text = _trimmed(value)
    raw = _storable(value[:LONGEST_RAW])
    try:
        read_scope = _scope(scope) if kind in SCOPED else ""
    except _Unreadable as problem:
        return Identifier(kind=kind, value=_bounded(text), raw=raw, problem=str(problem))
    try:
        _refuse_what_no_kind_takes(text)
        read_scope, normal = _read(kind, text, read_scope, region)
        _refuse_what_no_kind_takes(normal)
    except _Unreadable as problem:
        return Identifier(kind=kind, scope=read_scope, value=_bounded(text), raw=raw, problem=str(problem))
    return Identifier(kind=kind, scope=read_scope, value=normal, raw=raw)


def _read(kind: str, text: str, scope: str, region: str | None) -> tuple[str, str]:
    """Scope and value. Of an account, an external id or a visitor its owner alone knows what makes two equal:
    they are the same when their characters are."""
    match kind:
        case "email":
            return "", _read_email(text)
        case "phone":
            return "", _read_phone(text, region)
        case "handle":
            return _read_handle(text, scope)
        case _:
            return scope, text


def label(identifier: Identifier) -> str:
    """As people and query strings write it: `email:jane@example.com`, `account:shop:123`."""
    return ":".join(part for part in identifier.key if part)


def shared_by_form(identifier: Identifier) -> str | None:
    """Why this value is no one person's own, in words, when its form alone says so: info@, 0000000, n/a."""
    found = class_by_form(identifier)
    return found and found[1]


def class_by_form(identifier: Identifier) -> tuple[Form, str] | None:
    """Whether it is a role mailbox or junk by its form alone, and why, in words."""
    return None if identifier.problem else role_or_placeholder(identifier.kind, identifier.value)


def parse_label(text: str, region: str | None) -> list[Identifier]:
    """The readings of `kind:value` or `kind:scope:value`, the likeliest first: a colon may end the scope or
    belong to the value, and a blank may be a plus that a query string lost. A reading may have a problem.
    Raises ValueError, with words, for text of another form."""
    kind, colon, rest = text.partition(":")
    if not colon:
        raise ValueError("an identifier is written kind:value, for example email:jane@example.com")
    if not rest.strip():
        raise ValueError(f"nothing follows {kind[:40]!r} and its colon")
    if kind in SCOPED:
        readings = [normalise(kind, value, scope, region) for scope, value in _splits(rest)]
    else:
        readings = [normalise(kind, rest, None, region)]
        if kind == "phone" and rest[0] == " ":
            readings.insert(0, normalise(kind, "+" + rest.lstrip(), None, region))
        if kind == "email" and readings[0].problem:
            readings.append(normalise(kind, rest.strip().replace(" ", "+"), None, region))
    unique: dict[tuple[str, str, str], Identifier] = {}
    for reading in sorted(readings, key=lambda reading: reading.problem is not None):
        unique.setdefault(reading.key, reading)
    return list(unique.values())


def _splits(rest: str) -> list[tuple[str | None, str]]:
    pieces = rest.split(":", _MOST_SCOPE_READINGS)
    splits: list[tuple[str | None, str]] = []
    for cut in range(1, len(pieces)):
        scope, value = ":".join(pieces[:cut]), ":".join(pieces[cut:])
        if scope.strip() and value.strip():
            splits.append((scope, value))
    return [*splits, (None, rest)]


# -- e-mail --------------------------------------------------------------------------------------------------

_PLAIN_EMAIL = re.compile(
    r"([a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*)"
    r"@((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)",
    re.ASCII,
)
_RESERVED_NAMES = frozenset({"localhost", "local", "test", "example", "invalid"})  # RFC 2606, 6761, 6762


def _read_email(text: str) -> str:
    """One bare address. `<a@b>` and `mailto:a@b` can be meant in one way only and are unwrapped; a display
    name is refused, because `victim@corp <attacker@evil>` must never be read as the victim. The part before
    the @ is compared in lower case."""
    if len(text) > _LONGEST_EMAIL + len("mailto:"):
        raise _Unreadable(f"too long: an address has at most {_LONGEST_EMAIL} characters")
    bare = text[7:] if text[:7].lower() == "mailto:" else text
    if bare.startswith("<") and bare.endswith(">"):
        bare = bare[1:-1]
    address = unicodedata.normalize("NFC", bare.strip().lower())
    if "<" in address and ">" in address:
        raise _Unreadable("holds a name beside the address: hand in the address alone")
    if len(address) > _LONGEST_EMAIL:
        raise _Unreadable(f"too long: an address has at most {_LONGEST_EMAIL} characters")
    plain = _PLAIN_EMAIL.fullmatch(address)
    if plain and "--" not in plain[2]:
        if "." not in plain[2] and plain[2] not in _RESERVED_NAMES:
            raise _Unreadable("the part after the @ is no full domain")
        return address
    return _read_unusual_email(address)


def _read_unusual_email(address: str) -> str:
    """International domains and quoted or international local parts."""
    try:
        found = email_validator.validate_email(
            address, check_deliverability=False, test_environment=True, allow_quoted_local=True
        )
    except email_validator.EmailNotValidError as error:
        raise _Unreadable(f"no e-mail address: {str(error)[:160]}") from None
    except (ValueError, IndexError) as error:  # what idna raises on odd code points
        raise _Unreadable("no e-mail address: its domain cannot be read") from error
    local = unicodedata.normalize("NFC", found.local_part.lower())
    return f"{local}@{found.ascii_domain.lower()}"


def mailbox(email_value: str) -> str:
    """The mailbox that an address most likely ends in, by its provider's rules for dots, tags and alias
    domains: evidence when two addresses differ, and never a place to send to."""
    local, _, domain = email_value.rpartition("@")
    if not local or local.startswith('"'):
        return email_value
    if domain.endswith(".fastmail.com") and domain.count(".") == 2:
        return f"{domain.partition('.')[0]}@fastmail.com"
    provider = _PROVIDERS.get(domain, domain)
    ignored, tag = _PROVIDER_RULES.get(provider, ("", "+"))
    stem = local.partition(tag)[0] or local
    for character in ignored:
        stem = stem.replace(character, "")
    return f"{stem or local}@{provider}"


_YANDEX = ("ya.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua")
_PROVIDERS: Final = {
    "googlemail.com": "gmail.com",
    "me.com": "icloud.com",
    "mac.com": "icloud.com",
    "pm.me": "proton.me",
    "protonmail.com": "proton.me",
    "protonmail.ch": "proton.me",
    **dict.fromkeys(_YANDEX, "yandex.ru"),
}
_YAHOO = ("com", "co.uk", "de", "fr", "es", "it", "ca", "in", "co.in", "com.au", "com.br", "co.jp", "com.mx")
# provider -> what it ignores, and what begins a tag; elsewhere a plus does (Exchange, Fastmail, iCloud)
_PROVIDER_RULES: Final = {
    "gmail.com": (".", "+"),
    "proton.me": (".-_", "+"),
    **{f"yahoo.{ending}": ("", "-") for ending in _YAHOO},
    "ymail.com": ("", "-"),
    "rocketmail.com": ("", "-"),
}

# -- phone ---------------------------------------------------------------------------------------------------

_PHONE = re.compile(
    r"(?:tel:)?\s*([(]?\+?[\d().\-/ ]+?)\s*(?:(?:;\s*ext=|[;,]?\s*ext(?:ension)?[.:]?|x|#)\s*(\d{1,7}))?"
)
_DASHES = dict.fromkeys([0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2015, 0x2212], "-")


def _read_phone(text: str, region: str | None) -> str:
    """E.164, with `;ext=12` where an extension was given: behind a switchboard it is another person. Without
    a region a national number keeps its digits. Possible numbers are taken though nobody has them yet."""
    if len(text) > _LONGEST_PHONE_TEXT:
        raise _Unreadable("too long to be one phone number")
    plain = " ".join(unicodedata.normalize("NFKC", text).translate(_DASHES).lower().split())
    found = _PHONE.fullmatch(plain)
    if not found:
        raise _Unreadable("no phone number: it holds something else than digits and their punctuation")
    number = "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in found[1])
    digits = re.sub(r"\D", "", number)
    if len(digits) < _FEWEST_DIGITS:
        raise _Unreadable(f"too short to be a phone number: fewer than {_FEWEST_DIGITS} digits")
    extension = f";ext={int(found[2])}" if found[2] else ""
    international = "+" in number
    if not international and not region:
        if not digits.startswith("00"):
            if len(digits) > _MOST_DIGITS:
                raise _Unreadable(f"too long to be one phone number: more than {_MOST_DIGITS} digits")
            return digits + extension
        number, international = _behind_zeros(number), True
    e164 = _e164(number, region)
    if e164 is None and not international and digits.startswith("00"):
        e164 = _e164(_behind_zeros(number), None)
    if e164 is None:
        raise _Unreadable("not a possible phone number" + ("" if international else f" in {region}"))
    return e164 + extension


def _behind_zeros(number: str) -> str:
    """`00` asks for an international line in most of the world, whatever the region's own prefix is."""
    return "+" + re.sub(r"^\D*0\D*0", "", number)


def _e164(number: str, region: str | None) -> str | None:
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    length = phonenumbers.is_possible_number_with_reason(parsed)
    if length != phonenumbers.ValidationResult.IS_POSSIBLE and not (
        length == phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY and "+" in number
    ):  # without its area code a number is another one in every town
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def begun_phone(text: str, region: str | None) -> str | None:
    """The digits that a normal number begins with, of which the first were typed as one dials them in the region; None
    for what is no beginning of a number."""
    digits = re.sub(r"[\s()./-]", "", text)
    international = digits.startswith(("+", "00"))
    digits = digits.removeprefix("+").removeprefix("00" if international else "")
    if not (digits.isascii() and digits.isdigit() and len(digits) >= _BEGUN):
        return None
    if international:
        return digits
    if region is None or not (code := phonenumbers.country_code_for_region(region)):
        return None
    return f"{code}{digits.removeprefix(phonenumbers.ndd_prefix_for_region(region, True) or '')}"


# -- handles, and the ids that others gave -------------------------------------------------------------------

_NETWORKS: Final = {
    "x": "twitter",
    "x.com": "twitter",
    "twitter.com": "twitter",
    "instagram.com": "instagram",
    "facebook.com": "facebook",
    "fb.com": "facebook",
    "t.me": "telegram",
    "telegram.me": "telegram",
    "tiktok.com": "tiktok",
    "threads.net": "threads",
    "threads.com": "threads",
    "linkedin.com": "linkedin",
    "youtube.com": "youtube",
    "bsky.app": "bluesky",
    "reddit.com": "reddit",
    "snapchat.com": "snapchat",
    "github.com": "github",
    "vk.com": "vk",
}
_PROFILE_ADDRESS = re.compile(
    r"(?:https?://)?(?:www\.|m\.|mobile\.|old\.)?([a-z0-9-]+\.[a-z]{2,5})/"
    r"(?:in/|profile/|user/|u/|add/)?@?([\w.\-]{1,100})/?(?:[?#].*)?"
)


def _read_handle(text: str, scope: str) -> tuple[str, str]:
    """Without @ and case. A profile's address is read as its handle where its network is known and no other
    was named."""
    network = _NETWORKS.get(scope, scope)
    handle = _folded(text).lstrip("@ ")
    page = _PROFILE_ADDRESS.fullmatch(handle)
    if page and page[1] in _NETWORKS and network in ("", _NETWORKS[page[1]]):
        return _NETWORKS[page[1]], page[2]
    return network, handle


# -- what all kinds share ------------------------------------------------------------------------------------

_BLANK = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_FORBIDDEN = re.compile(  # bidirectional marks among them: they hide what stands there
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def _scope(scope: str | None) -> str:
    text = _folded(_trimmed(scope or "")[: LONGEST_SCOPE + 1])
    if len(text) > LONGEST_SCOPE:
        raise _Unreadable(f"its scope is longer than {LONGEST_SCOPE} characters")
    if _FORBIDDEN.search(text):
        raise _Unreadable("its scope holds control characters")
    return text


def _refuse_what_no_kind_takes(text: str) -> None:
    if not text:
        raise _Unreadable("empty")
    if len(text) > LONGEST_VALUE:
        raise _Unreadable(f"too long: more than {LONGEST_VALUE} characters")
    if _FORBIDDEN.search(text):
        raise _Unreadable("holds control characters")


def _trimmed(text: str) -> str:
    """Without what copying leaves at the ends; control characters inside stay and are refused later."""
    return text.strip(_BLANK)


def _folded(text: str) -> str:
    """Without differences of case, width and composition; folding the result again changes nothing."""
    for _ in range(3):
        text = _trimmed(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()))
    return text


def _storable(text: str) -> str:
    return _UNSTORABLE.sub("\ufffd", text)


def _bounded(text: str) -> str:
    if len(text) <= LONGEST_VALUE:
        return _storable(text)
    return f"{_storable(text[:180])}#{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
