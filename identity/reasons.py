"""Why are two contacts one customer, and why are those two not? Today's state, what was decided, what comparing them
finds with its numbers, what keeps values out of account, and whether the two would ever be compared."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Final, Literal
from uuid import UUID

import msgspec

from identity import review, store
from identity.claims import Value, key_as_given
from identity.customers import ContactId, CustomerId, WorkspaceId
from identity.decision import Verdict
from identity.errors import Impossible, NotFound
from identity.explaining import DecisionView, decision_view
from identity.identifiers import Identifier, label
from identity.known import Known
from identity.matching import Comparison
from identity.policy import IdentityPolicy
from identity.value_classes import ValueView, read_values
from identity.weighing import MOST_MEMBERS, Weighing, weigh
from identity.weights import VERSION

MOST_VALUES: Final = 100


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two. `name` is an identifier where there is none; `contacts` is how many its customer has, of at most
    500."""

    contact_id: ContactId
    customer_id: CustomerId
    name: str | None
    source: str
    key: str
    contacts: int

    @property
    def words(self) -> str:
        return f"{self.name or 'somebody'} ({key_as_given(self.key)} of {self.source})"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A question about the two that a person was asked."""

    id: UUID
    kind: Literal["link", "unlink"]
    state: str
    words: str


class WhyView(msgspec.Struct, frozen=True, kw_only=True):
    """Two contacts compared. `one` says whether they are the same customer today, `verdict` what would be made of them
    today by what is known, `words` all of it in sentences.

    `contacts` compares the two alone. `customers` compares what decides where a customer has more contacts: the two
    customers, by the mean over their members; of one customer, the newer contact and all others. `values` are those
    that both sides hold and that are not simply one person's own. `met` says whether the two would be compared at all
    (None: they are one)."""

    a: Side
    b: Side
    one: bool
    verdict: Verdict
    words: list[str]
    contacts: Comparison
    customers: Comparison | None
    values: list[ValueView]
    met: bool | None
    decisions: list[DecisionView]
    asked: list[Asked]
    policy: IdentityPolicy
    model: str


async def why(
    db: store.Db, workspace: WorkspaceId, contact_a: ContactId, contact_b: ContactId, *, salt: bytes
) -> WhyView:
    """Why two contacts are, or are not, one customer; `salt` is the workspace's. Raises `NotFound`, and `Impossible`
    for a contact and itself."""
    if contact_a == contact_b:
        raise Impossible("b", "a contact is itself: name two")
    rows = await store.contacts(db, workspace, [contact_a, contact_b])
    if len(rows) < 2:
        raise NotFound
    weighing = await weigh(db, workspace, salt, [row["customer_id"] for row in rows], [contact_a, contact_b])
    a, b = weighing.people[contact_a], weighing.people[contact_b]
    decisions = await _decisions_between(db, workspace, weighing, a, b)
    kept_apart = any(one.kind in APART and one.undone_by is None for one in decisions) and not _one(a, b)
    contacts = weighing.contacts(a, b, kept_apart=kept_apart)
    customers = _customers(weighing, a, b, kept_apart)
    values = await _values(db, workspace, weighing, a, b)
    met = None if _one(a, b) else await _would_meet(db, weighing, a, b)
    asked = await _asked(db, workspace, weighing, a, b)
    view = WhyView(
        a=_side(weighing, a),
        b=_side(weighing, b),
        one=_one(a, b),
        verdict=(customers or contacts).verdict,
        words=[],
        contacts=contacts,
        customers=customers,
        values=values,
        met=met,
        decisions=decisions,
        asked=asked,
        policy=weighing.policy,
        model=VERSION,
    )
    return msgspec.structs.replace(view, words=list(_sentences(view, weighing, a, b)))


APART: Final = frozenset({"unmerge", "split", "not_same"})


def _one(a: Known, b: Known) -> bool:
    return a.customer_id == b.customer_id


def _newer(a: Known, b: Known) -> Known:
    return max(a, b, key=lambda known: (known.created_at, known.id))


def _side(weighing: Weighing, known: Known) -> Side:
    return Side(
        contact_id=known.id,
        customer_id=known.customer_id,
        name=known.person_name.shown or next((label(held.identifier) for held in known.held.values()), None),
        source=known.source,
        key=known.key,
        contacts=min(len(weighing.members(known.customer_id)), MOST_MEMBERS),
    )


def _customers(weighing: Weighing, a: Known, b: Known, kept_apart: bool) -> Comparison | None:
    members = max(len(weighing.members(known.customer_id)) for known in (a, b))
    if _one(a, b):
        newer = _newer(a, b)
        return weighing.company(newer, first=newer is a) if members > 2 else None
    return weighing.customers(a.customer_id, b.customer_id, kept_apart=kept_apart) if members > 1 else None


# -- what was decided and asked ------------------------------------------------------------------------------


async def _decisions_between(
    db: store.Db, workspace: WorkspaceId, weighing: Weighing, a: Known, b: Known
) -> list[DecisionView]:
    """Of one customer: what joined or parted the two, the links of both and the merges of their customer; of two
    customers: what joined or parted anybody of the one and of the other."""
    ours, theirs = ({known.id, known.home_id} for known in (a, b))
    every = {end for one in weighing.people.values() for end in (one.id, one.home_id)}
    if not _one(a, b):
        ours, theirs = (_ends(weighing, known) for known in (a, b))
    rows = await review.decisions_about(db, workspace, list(every), None)
    return [
        decision_view(row)
        for row in rows
        if _spans({row["contact_a"], row["contact_b"]}, ours, theirs)
        or (_one(a, b) and (row["kind"] == "merge" or (row["kind"] == "link" and row["contact_a"] in (a.id, b.id))))
    ]


def _ends(weighing: Weighing, known: Known) -> AbstractSet[UUID]:
    """What a decision about the customer of a contact may name."""
    return {known.customer_id} | {
        end for one in weighing.people.values() if one.customer_id == known.customer_id for end in (one.id, one.home_id)
    }


def _spans(ends: AbstractSet[UUID | None], ours: AbstractSet[UUID], theirs: AbstractSet[UUID]) -> bool:
    return bool(ends & ours) and bool(ends & theirs)


async def _asked(db: store.Db, workspace: WorkspaceId, weighing: Weighing, a: Known, b: Known) -> list[Asked]:
    ours: AbstractSet[UUID] = {a.id} if _one(a, b) else _ends(weighing, a)
    theirs: AbstractSet[UUID] = {b.id} if _one(a, b) else _ends(weighing, b)
    rows = await review.suggestions_about(db, workspace, [ContactId(end) for end in ours])
    return [_asked_view(row) for row in rows if _spans({row["contact_a"], row["contact_b"]}, ours, theirs)]


def _asked_view(row: store.Row) -> Asked:
    about = "whether they are one" if row["kind"] == "link" else "whether one is to be split off again"
    answered = {
        "open": "has not answered yet",
        "accepted": f"said yes on {row['decided_at']:%Y-%m-%d}" if row["decided_at"] else "said yes",
        "rejected": f"said no on {row['decided_at']:%Y-%m-%d}" if row["decided_at"] else "said no",
    }[row["state"]]
    words = f"a person was asked on {row['created_at']:%Y-%m-%d} {about}, and {answered}"
    return Asked(id=row["id"], kind=row["kind"], state=row["state"], words=words)


# -- values --------------------------------------------------------------------------------------------------


async def _values(db: store.Db, workspace: WorkspaceId, weighing: Weighing, a: Known, b: Known) -> list[ValueView]:
    """What both sides hold and is not simply one person's own."""
    ours, theirs = ([a], [b]) if _one(a, b) else (weighing.members(a.customer_id), weighing.members(b.customer_id))
    held = _readable(theirs)
    both = [one for key, one in _readable(ours).items() if key in held]
    views = await read_values(db, workspace, both[:MOST_VALUES])
    return [view for view in views if view.value_class != "personal" or view.reason]


def _readable(people: Iterable[Known]) -> dict[Value, Identifier]:
    held = (one.identifier for known in people for one in known.held.values())
    return {identifier.key: identifier for identifier in held if identifier.problem is None}


def _unreadable_in_both(a: Known, b: Known) -> list[Identifier]:
    return [held.identifier for key, held in a.held.items() if key in b.held and held.identifier.problem]


# -- whether they would meet ---------------------------------------------------------------------------------


async def _would_meet(db: store.Db, weighing: Weighing, a: Known, b: Known) -> bool:
    newer, older = (a, b) if _newer(a, b) is a else (b, a)
    return await weighing.would_meet(db, newer, older.customer_id)


_FOUND_BY: Final = {
    "email": "the same mailbox",
    "phone": "the same number",
    "account": "the same account",
    "external": "the same external id",
    "handle": "the same handle",
    "visitor": "the same device",
    "national": "the same national id",
    "birth": "the same birth date",
    "day": "day of birth and place",
    "street": "house number and street",
    "spelled": "the name as it is spelled in addresses",
    "name": "names that begin alike",
    "sound": "names that sound alike",
    "half": "half of a name",
    "born": "a name and the year of birth",
    "month": "an initial and the month of birth",
    "post": "a name and the postcode",
    "place": "a name and the place",
    "birthplace": "a name and the place of birth",
    "mail": "addresses that begin alike",
    "local": "the part before the @",
    "domain": "the domain",
    "phones": "numbers that begin alike",
}


def _meeting(view: WhyView, weighing: Weighing, a: Known, b: Known) -> str:
    newer, older = (a, b) if _newer(a, b) is a else (b, a)
    common = {key.partition(":")[0] for key in weighing.in_common(newer, older.customer_id)}
    by = ", ".join(words for kind, words in _FOUND_BY.items() if kind in common)
    if view.met:
        return f"They would be compared: found by {by}" if by else "They would be compared"
    if not by:
        return "They would never be compared: nothing by which people are looked up is alike"
    return (
        f"They would not be compared: what finds both ({by}) is common to too many, or others have more of it in common"
    )


# -- in sentences --------------------------------------------------------------------------------------------


def _sentences(view: WhyView, weighing: Weighing, a: Known, b: Known) -> Iterable[str]:
    state = "one customer" if view.one else "two customers"
    yield f"Today they are {state}: {view.a.words} and {view.b.words}."
    for decision in view.decisions:
        if decision.undone_by is None and (decision.undoes is None or decision.kind in APART):
            yield _sentence(decision.words)
            yield from _at_the_time(decision)
    yield from (_sentence(one.words) for one in view.asked)
    yield _sentence(f"The two contacts alone: {'; '.join(view.contacts.words)}")
    if view.customers:
        yield _sentence(f"{_who(view)}: {'; '.join(view.customers.words)}")
    yield from _left_out(view, a, b)
    yield from _missing(view)
    if not view.one:
        yield _sentence(_meeting(view, weighing, a, b))
    yield _by_what(view)


def _who(view: WhyView) -> str:
    if view.one:
        return f"The newer one and all others of the customer ({_count(view.a)} contacts)"
    return f"Their customers, which is what decides ({_count(view.a)} and {_count(view.b)} contacts)"


def _count(side: Side) -> str:
    return str(side.contacts) if side.contacts < MOST_MEMBERS else f"{MOST_MEMBERS} or more"


def _at_the_time(decision: DecisionView) -> Iterable[str]:
    """The runner-up that lost when it was decided."""
    said = next((piece for piece in decision.evidence if piece.get("comparison") == "decision"), None)
    if said and said.get("runner_up"):
        yield f"The next best then was customer {said['runner_up']['customer']}, {said['margin']:.1f} bits behind."


def _left_out(view: WhyView, a: Known, b: Known) -> Iterable[str]:
    for value in view.values:
        told = label(Identifier(kind=value.kind, scope=value.scope, value=value.value, raw=value.value))
        because = f" ({value.reason})" if value.reason else ""
        since = f", since {value.since:%Y-%m-%d}" if value.since else ""
        yield f"Both hold {told}, which is {_CLASS_WORDS[value.value_class]}{because}{since}."
    for identifier in _unreadable_in_both(a, b):
        yield f"Both came with {identifier.kind} {identifier.value[:80]!r}, which cannot be read: {identifier.problem}."


_CLASS_WORDS: Final = {
    "personal": "one person's own",
    "role": "a role's and links nobody",
    "junk": "nobody's and links nobody",
    "shared": "several people's",
    "re-used": "another person's than before",
}


def _missing(view: WhyView) -> Iterable[str]:
    found = view.customers or view.contacts
    sides = (("the first", found.only_a), ("the second", found.only_b))
    told = [f"{', '.join(only)} of {which} alone" for which, only in sides if only]
    if told:
        yield f"Not to be compared: {'; '.join(told)}."


def _by_what(view: WhyView) -> str:
    if view.policy.automatic == "proof":
        rule = "this workspace links on proof alone"
    else:
        rule = f"this workspace links on evidence where that is right in {view.policy.precision * 100:.4g} % of cases"
    return f"Weighed by table {view.model}; {rule}."


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
