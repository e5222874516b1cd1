"""Are two contacts one person? Compares what is held of both and says, level by level and in words, what
speaks for it and what against: a link may rest on proved equality alone, and on none of it where something
contradicts."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Literal
from uuid import UUID

import msgspec

from identity.identifiers import Identifier, mailbox, shared_by_form
from identity.names import PersonName, names_conflict, read_name

__all__ = [
    "Comparison",
    "Evidence",
    "Held",
    "Person",
    "PersonName",
    "accounts_conflict",
    "compare",
    "explain",
    "names_conflict",
    "read_name",
    "weight",
]


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """`shared` is why the workspace holds the value to be nobody's own, in words."""

    identifier: Identifier
    verified: bool
    shared: str | None = None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What matching reads of a contact; `contact_id` is None while it has none yet."""

    contact_id: UUID | None
    name: str | None
    attributes: Mapping[str, str]
    identifiers: tuple[Held, ...]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One comparison at the level that it reached; `values` are the first contact's and the second's.

    Levels: exact_verified, exact_claimed, shared, conflicting_names (of an equal address or number),
    same_mailbox, same_visitor; different_account; name: same, compatible, conflicting."""

    comparison: str
    level: str
    values: tuple[str, str]
    words: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """`links` is what a link may rest on, the heaviest first; empty unless the verdict is `same`. `review`
    is proof that something contradicts: a person decides."""

    verdict: Literal["same", "review", "different"]
    evidence: tuple[Evidence, ...]
    links: tuple[Identifier, ...] = ()
    conflicts: tuple[Evidence, ...] = ()


_KIND_WORDS: Final = {
    "email": "e-mail",
    "phone": "phone",
    "account": "account",
    "external": "external id",
    "handle": "handle",
    "visitor": "visitor",
}
_WEIGHTS: Final = {"account": 5, "external": 4, "email": 3, "handle": 2, "phone": 1}
_SHARED_BY_FAMILIES: Final = frozenset({"email", "phone"})  # an account or a handle is one person's by its nature


def weight(identifier: Identifier) -> int:
    """How much a link may rest on it; a visitor carries none."""
    return _WEIGHTS.get(identifier.kind, 0)


def _heaviest_first(identifier: Identifier) -> tuple[int, tuple[str, str, str], str]:
    """Of equal weight, the first by value."""
    return -weight(identifier), identifier.key, identifier.raw


def compare(a: Person, b: Person) -> Comparison:
    """The same for (b, a), with the values of the evidence exchanged."""
    ours, theirs = _by_key(a), _by_key(b)
    names = read_name(a.name, a.attributes), read_name(b.name, b.attributes)
    apart = names_conflict(*names)
    equal = sorted(
        (_equal(ours[key], theirs[key], names if apart else None) for key in ours.keys() & theirs.keys()),
        key=lambda pair: _heaviest_first(pair[0]),
    )
    accounts = accounts_conflict(_accounts(a), _accounts(b))
    against = (_different_accounts(accounts),) if accounts else ()
    name_evidence = tuple(_compare_names(*names, apart))
    evidence = (
        *(found for _, found in equal),
        *_same_mailboxes(ours, theirs),
        *against,
        *name_evidence,
    )
    links = tuple(identifier for identifier, found in equal if found.level == "exact_verified" and identifier.strong)
    contradicted = tuple(found for _, found in equal if found.level == "conflicting_names")
    conflicts = (*against, *contradicted, *(name_evidence if contradicted else ()))
    if links and not against:
        return Comparison(verdict="same", evidence=evidence, links=links, conflicts=conflicts)
    verdict = "review" if links or contradicted else "different"
    return Comparison(verdict=verdict, evidence=evidence, conflicts=conflicts)


def explain(comparison: Comparison) -> list[str]:
    """The verdict in a sentence, then one for each piece of evidence."""
    opening = {
        "same": "One person: proved, and nothing stands against it.",
        "review": "Undecided: something proved is equal, something else contradicts. A person should look.",
        "different": "Not one person as far as is proved: nothing that links is proved on both sides.",
    }[comparison.verdict]
    if comparison.verdict == "same" and comparison.conflicts:
        opening = "One person: proved. What else is equal but contradicted was left out of account."
    return [opening, *(found.words for found in comparison.evidence)]


def accounts_conflict(
    a_accounts: Iterable[Identifier], b_accounts: Iterable[Identifier]
) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
    """The first shop where both sides have accounts and none in common, with the ids of each side; None when
    there is no such shop. Claimed ids count: who names another account at the same shop is likely somebody
    else."""
    ours, theirs = _by_shop(a_accounts), _by_shop(b_accounts)
    for shop in sorted(ours.keys() & theirs.keys()):
        if ours[shop].isdisjoint(theirs[shop]):
            return shop, tuple(sorted(ours[shop])), tuple(sorted(theirs[shop]))
    return None


def _by_shop(accounts: Iterable[Identifier]) -> dict[str, set[str]]:
    shops: dict[str, set[str]] = {}
    for account in accounts:
        if account.kind == "account" and account.problem is None and shared_by_form(account) is None:
            shops.setdefault(account.scope, set()).add(account.value)
    return shops


def _accounts(person: Person) -> Iterator[Identifier]:
    return (held.identifier for held in person.identifiers)


def _by_key(person: Person) -> dict[tuple[str, str, str], Held]:
    """Each readable value once, by its strongest holding."""
    held: dict[tuple[str, str, str], Held] = {}
    for one in sorted(person.identifiers, key=lambda one: (one.verified, one.identifier.raw)):
        if one.identifier.problem is None:
            held[one.identifier.key] = one
    return held


def _equal(a: Held, b: Held, apart: tuple[PersonName, PersonName] | None) -> tuple[Identifier, Evidence]:
    """The value that both hold, and how far it counts. `apart` are their names where these conflict."""
    identifier = min(a.identifier, b.identifier, key=_heaviest_first)
    kind, at = _KIND_WORDS[identifier.kind], f" at {identifier.scope}" if identifier.scope else ""
    what = f"{kind} {_short(identifier.value)}{at}"
    shared = sorted({reason for reason in (a.shared, b.shared) if reason}) or [shared_by_form(identifier)]
    proved = a.verified and b.verified
    if identifier.kind == "visitor":
        level, words = "same_visitor", f"same {what}: names a contact, links nobody"
    elif shared[0]:
        level, words = "shared", f"same {what}, but it is shared ({shared[0]}): links nobody"
    elif not proved:
        level, words = "exact_claimed", f"same {what}, claimed only: links nothing by itself"
    elif apart and identifier.kind in _SHARED_BY_FAMILIES:
        both = f"{apart[0].shown}, {apart[1].shown}"
        level, words = (
            "conflicting_names",
            f"same verified {what}, but the names conflict ({both}): looks shared",
        )
    else:
        level, words = "exact_verified", f"same verified {what}"
    values = a.identifier.value, b.identifier.value
    return identifier, Evidence(comparison=identifier.kind, level=level, values=values, words=words)


def _same_mailboxes(
    ours: Mapping[tuple[str, str, str], Held], theirs: Mapping[tuple[str, str, str], Held]
) -> Iterator[Evidence]:
    """Different addresses that most likely end in one mailbox; addresses that both sides hold were told
    already."""
    boxes: dict[str, list[str]] = {}
    for kind, _, value in sorted(theirs.keys() - ours.keys()):
        if kind == "email":
            boxes.setdefault(mailbox(value), []).append(value)
    for kind, _, value in sorted(ours.keys() - theirs.keys()) if boxes else ():
        for other in boxes.get(mailbox(value), []) if kind == "email" else ():
            words = f"{value} and {other} are most likely one mailbox: links nothing by itself"
            yield Evidence(comparison="email", level="same_mailbox", values=(value, other), words=words)


def _different_accounts(conflict: tuple[str, tuple[str, ...], tuple[str, ...]]) -> Evidence:
    shop, ours, theirs = conflict
    values = _listed(ours), _listed(theirs)
    at = f" at {shop}" if shop else ""
    words = f"different accounts{at}: {values[0]} and {values[1]}"
    return Evidence(comparison="account", level="different_account", values=values, words=words)


def _compare_names(a: PersonName, b: PersonName, apart: bool) -> Iterator[Evidence]:
    """Nothing where a name is missing, names nobody or names several: what is not known speaks for
    neither."""
    if not (a.given and b.given):
        return
    values = a.shown, b.shown
    if apart:
        level, words = "conflicting", f"the names conflict: {a.shown}, {b.shown}"
    elif (a.given, a.family, a.suffix) == (b.given, b.family, b.suffix):
        level, words = "same", f"same name: {a.shown}"
    elif a.family and b.family:
        level, words = "compatible", f"the names may be one person's: {a.shown}, {b.shown}"
    else:
        return
    yield Evidence(comparison="name", level=level, values=values, words=words)


def _listed(values: tuple[str, ...]) -> str:
    more = f" and {len(values) - 3} more" if len(values) > 3 else ""
    return ", ".join(_short(value) for value in values[:3]) + more


def _short(value: str) -> str:
    return value if len(value) <= 80 else value[:79] + "…"
