"""Can two names belong to one person? Reading a name as it was typed, and saying when two of them name
different people beyond reasonable doubt: every benefit of it goes to "the same", because people shorten,
translate and mistype."""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import anyascii
import msgspec
from nicknames import NickNamer
from rapidfuzz.distance import OSA

from identity.given_names import GIVEN_NAMES

LONGEST_NAME = 200
_MOST_WORDS = 8
_LONGEST_SHOWN = 60


class PersonName(msgspec.Struct, frozen=True, kw_only=True):
    """`given` and `family` are words in lower-case ASCII, empty where unknown; both are empty where the text
    names nobody (a company, "test", digits) or `several` people at once. `script` is latin, alphabetic or
    han, by what was typed."""

    shown: str = ""
    given: tuple[str, ...] = ()
    family: tuple[str, ...] = ()
    suffix: str | None = None
    several: bool = False
    script: str = "latin"


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TITLES: Final = _listed(
    """
    mr mrs ms miss mister madam dr prof professor sir dame lady lord rev herr frau fr dipl ing mag hr
    monsieur madame mme mlle m senor senora srta sra dona don signor signora sig dott mx pan pani fru
    meneer mevrouw dhr mevr
    """
)
_GENERATIONS: Final = {"jr": "jr", "jun": "jr", "junior": "jr", "sr": "sr", "sen": "sr", "senior": "sr"} | {
    roman: roman for roman in ("ii", "iii", "iv")
}
_DEGREES: Final = _listed(
    """
    phd md mba msc bsc ba ma esq cpa dds rn jd llm dphil bed meng beng mphil
    """
)
_PARTICLES: Final = _listed(
    """
    van von der den de del della di da dos das du la le el al bin ibn ben abu ter ten zu zur af av st
    santa san
    """
)
_NO_PERSON: Final = _listed(
    """
    test tester testing unknown anonymous anonym customer kunde client cliente guest gast user admin none
    null na nil undefined visitor support service sales info office team department dept reception billing
    helpdesk noreply caller gmbh ag kg ohg ug inc incorporated ltd limited llc llp plc corp corporation
    company co bv nv sa sarl sas srl spa ab oy as aps group holding verein stiftung university school
    hospital hotel restaurant shop store solutions services systems consulting industries international
    bank pty ltda praxis kanzlei foundation association institute agency studio
    """
)
_NOBODY: Final = frozenset(
    {
        *(("john", "doe"), ("jane", "doe"), ("jane", "roe"), ("richard", "roe"), ("joe", "bloggs"), ("john", "public")),
        *(("max", "mustermann"), ("erika", "mustermann"), ("first", "last"), ("firstname", "lastname")),
        *(("vorname", "nachname"), ("given", "family"), ("your", "name"), ("full", "name"), ("no", "name")),
    }
)
"""Names that stand for nobody in particular."""
_SEVERAL = re.compile(r"&|\+|/|;|\b(?:and|und|et|och|og|familie|family|famille)\b", re.IGNORECASE)
_LETTERS = re.compile(r"[^a-z]+")


def read_name(name: str | None, attributes: Mapping[str, str]) -> PersonName:
    """Given and family name: from the attributes of that name where they are known, else from the text.
    "Last, First" is turned round, titles and degrees are dropped, Jr and Sr kept apart."""
    return _read(name or "", attributes.get("given_name") or "", attributes.get("family_name") or "")


@lru_cache(maxsize=16_384)
def _read(name: str, given_text: str, family_text: str) -> PersonName:
    text = name
    if given_text.strip():
        text = f"{family_text}, {given_text}" if family_text.strip() else given_text
    elif family_text.strip() and not text.strip():
        text = f"{family_text},"
    shown = _shown(name or f"{given_text} {family_text}")
    if len(text) > LONGEST_NAME or not text.strip():
        return PersonName(shown=shown)
    if _SEVERAL.search(text):
        return PersonName(shown=shown, several=True)
    if any(character.isdigit() for character in text) or "@" in text:
        return PersonName(shown=shown)
    script = _script(text)
    given, family, suffix = _split(text)
    if script == "han" and family and "," not in text:
        family, given = given[:1], given[1:] + family  # the family name is written first
    if _NO_PERSON.intersection(given + family) or (given[:1] + family[-1:]) in _NOBODY:
        return PersonName(shown=shown)
    return PersonName(shown=shown, given=given, family=family, suffix=suffix, script=script)


def _split(text: str) -> tuple[tuple[str, ...], tuple[str, ...], str | None]:
    before, comma, after = text.partition(",")
    first, second = _words(before), _words(after)
    suffix = next((_GENERATIONS[word] for word in [*first[1:], *second] if word in _GENERATIONS), None)
    dropped = _DEGREES | _GENERATIONS.keys()
    first = [*first[:1], *(word for word in first[1:] if word not in dropped)]
    second = [word for word in second if word not in dropped]
    while len(first) > 1 and first[0] in _TITLES:
        first.pop(0)
    if comma and (second or not after.strip()):
        while second and second[0] in _TITLES:
            second.pop(0)
        return tuple(second), tuple(first), suffix
    last = before.split()[-1:]
    cut = max(len(first) - max(len(_words("".join(last))), 1), 1)  # Smith-Jones is one family name
    while cut > 1 and first[cut - 1] in _PARTICLES:
        cut -= 1
    return tuple(first[:cut]), tuple(first[cut:]), suffix


def _words(text: str) -> list[str]:
    """O'Neill is one word, Anna-Maria two, and "Robert (Bob)" two as well."""
    words: list[str] = []
    for word in re.split(r"[\s\-‐‑.()\[\]\"“”„_]+", text.replace("'", "").replace("’", "")):
        letters = "".join(c for c in word if unicodedata.category(c)[0] in "LM")  # emoji would be spelled out
        plain = _LETTERS.sub("", anyascii.anyascii(letters).lower())
        if plain:
            words.append(plain[:40])
    return words[:_MOST_WORDS]


def _script(text: str) -> str:
    """What was typed, as far as its transliteration can be relied on."""
    for character in text:
        if character.isalpha() and character > "\u024f":
            spelled = unicodedata.name(character, "").partition(" ")[0]
            if spelled in {"CYRILLIC", "GREEK"}:
                return "alphabetic"
            if spelled != "LATIN":
                return "han" if spelled in {"CJK", "HIRAGANA", "KATAKANA", "HANGUL"} else "consonants"
    return "latin"


def _shown(text: str) -> str:
    clean = " ".join("".join(c if c.isprintable() else " " for c in text[: LONGEST_NAME + 1]).split())
    return clean if len(clean) <= _LONGEST_SHOWN else clean[: _LONGEST_SHOWN - 1] + "…"


def names_conflict(a: PersonName, b: PersonName) -> bool:
    """Different people beyond reasonable doubt: two full names whose given names nothing reconciles
    (equality, initial, short form, translation, another script, a typo, swapped order), or the same name
    with Jr on one side and Sr on the other. A family name changes with a marriage and alone says nothing."""
    if not (a.given and a.family and b.given and b.family):
        return False
    if "han" in (a.script, b.script) and a.script != b.script:
        return False  # one character is read in several ways
    if a.suffix and b.suffix and a.suffix != b.suffix:
        return True
    loose = a.script != b.script and "consonants" in (a.script, b.script)
    return not (_given_agree(a.given, b.given, loose) or _swapped(a, b, loose) or _swapped(b, a, loose))


def _given_agree(a: tuple[str, ...], b: tuple[str, ...], loose: bool) -> bool:
    """The first name of one among the names of the other; an initial speaks for the first name only."""
    if _alike(a[0], b[0], loose, initials=True):
        return True
    if len(a) == len(b) == 1:
        return False
    return (
        _alike("".join(a), "".join(b), loose)
        or any(_alike(a[0], other, loose) for other in b)
        or any(_alike(one, b[0], loose) for one in a)
    )


def _swapped(a: PersonName, b: PersonName, loose: bool) -> bool:
    """One of them wrote the family name first."""
    family = any(_alike(one, other, loose) for one in a.given for other in b.family)
    return family and any(_alike(one, other, loose, initials=True) for one in a.family for other in b.given)


def _alike(a: str, b: str, loose: bool, initials: bool = False) -> bool:
    if a == b:
        return True
    if min(len(a), len(b)) == 1:
        return initials and a[0] == b[0]
    if nicknames(a, b):
        return True
    if feminine(a, b):
        return False
    if min(len(a), len(b)) >= 3 and (a.startswith(b) or b.startswith(a)):
        return True
    if _mistyped(a, b):
        return True
    one, other = respelled(a), respelled(b)
    if one == other or (_mistyped(one, other) and not two_names(a, b)):
        return True
    return loose and same_consonants(a, b)


_NICKNAMES: Final = NickNamer()
_KNOWN_GIVEN: Final = frozenset(_NICKNAMES.nickname_lookup) | frozenset(_NICKNAMES.canonical_lookup)


@lru_cache(maxsize=65_536)
def nicknames(a: str, b: str) -> bool:
    """Short forms of each other, or of one name: Bob and Robert, Bob and Bill. A tolerance, never a reason
    to link."""
    return not (_NICKNAMES.canonicals_of(a) | {a}).isdisjoint(_NICKNAMES.canonicals_of(b) | {b})


@lru_cache(maxsize=65_536)
def canonical(word: str) -> str:
    """One form for all short forms of a name (the first by spelling, where it is short for several)."""
    return min(_NICKNAMES.canonicals_of(word), default=word)


_FEMININE_ENDINGS = ("a", "e", "ia", "na", "ina", "ine", "la", "lla", "lle", "ella", "elle", "ette", "etta")


@lru_cache(maxsize=65_536)
def feminine(a: str, b: str) -> bool:
    """Paul and Paula, Mario and Maria: one letter apart, and brother and sister."""
    short, long = sorted((a, b), key=len)
    if len(short) == len(long):
        return len(a) > 3 and a[:-1] == b[:-1] and {a[-1], b[-1]} == {"a", "o"}
    return len(short) > 3 and long.startswith(short) and long[len(short) :] in _FEMININE_ENDINGS


def _mistyped(a: str, b: str) -> bool:
    return min(len(a), len(b)) >= 3 and OSA.distance(a, b, score_cutoff=1) <= 1 and not two_names(a, b)


@lru_cache(maxsize=65_536)
def two_names(a: str, b: str) -> bool:
    """Short names one letter apart are mostly two names (Mark and Mary), unless nobody is called one of
    them."""
    return len(a) == len(b) <= 4 and sorted(a) != sorted(b) and a in _KNOWN_GIVEN and b in _KNOWN_GIVEN


def known_given(word: str) -> bool:
    """Whether people are called so, as far as lists of European names know."""
    return word in _KNOWN_GIVEN or word in GIVEN_NAMES


_RESPELLED: Final = (
    (re.compile("ph"), "f"),
    (re.compile("sch|tsch|sh|ch|sz|cz"), "s"),
    (re.compile("ck"), "k"),
    (re.compile("c(?=[eiy])"), "s"),
    (re.compile("[cq]"), "k"),
    (re.compile("x"), "ks"),
    (re.compile("th"), "t"),
    (re.compile("dzh|dj|gj"), "j"),
    (re.compile("([aou])e"), r"\1"),
    (re.compile("[yj]"), "i"),
    (re.compile("w"), "v"),
    (re.compile("z"), "s"),
    (re.compile("kh"), "k"),
    (re.compile(r"(.)\1+"), r"\1"),
)


@lru_cache(maxsize=65_536)
def respelled(word: str) -> str:
    """Spellings of one sound become one: Юлия and Julia, Katherine and Catherine, Jörg and Joerg."""
    for pattern, to in _RESPELLED:
        word = pattern.sub(to, word)
    return word


@lru_cache(maxsize=65_536)
def same_consonants(a: str, b: str) -> bool:
    """Roughly: what can be told of a word from a script that writes no vowels."""
    one, other = respelled(a), respelled(b)
    return OSA.distance(_consonants(one), _consonants(other)) <= max(len(one), len(other)) // 4


def _consonants(word: str) -> str:
    return re.sub(r"[aeiou]", "", word)
