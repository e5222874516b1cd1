"""Who is this customer, and why are these contacts one person? Decisions and evidence in sentences, for a lead to
read; and what stands beside: contacts that may be the same person, and questions."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from identity import review, store, views
from identity.customers import ContactId, CustomerId, DecisionId, Grade, WorkspaceId
from identity.identifiers import Identifier, label
from identity.matching import Comparison
from identity.value_classes import Classed, ValueClass, ValueView, classed, read_values
from identity.views import HeldIdentifier, People, Piece, Possible, SeenContact
from identity.weighing import weigh

MOST_VALUES: Final = 200
"""Of a customer's identifiers, those that are looked at closer: who else was seen on them."""
MOST_REASONS: Final = 3


class IdentifierView(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier as people read it: `shared` and `problem` say why it links nobody; whose it is, who said so
    (`form`, `system`, an operator), since when and why."""

    kind: str
    scope: str
    value: str
    raw: str
    verified: bool
    shared: str | None
    problem: str | None
    value_class: ValueClass = msgspec.field(name="class")
    class_reason: str | None
    class_by: str | None
    class_since: datetime | None
    contact_ids: list[ContactId]
    first_seen: datetime
    last_seen: datetime


class ContactView(msgspec.Struct, frozen=True, kw_only=True):
    """A contact with how it came to be this customer: `words` and `evidence` of the decision that put it there, and
    every step in order. `via` is the identifier that it came in by."""

    id: ContactId
    source: str
    key: str
    name: str | None
    grade: Grade
    attributes: dict[str, str]
    home_id: CustomerId
    identifiers: list[IdentifierView]
    via: str | None
    decision: DecisionId | None
    words: str
    evidence: list[str]
    steps: list[str]
    created_at: datetime


class DecisionView(msgspec.Struct, frozen=True, kw_only=True):
    """A decision about this customer. `undone_by` names the one that took it back."""

    id: DecisionId
    kind: str
    contact_a: ContactId | None
    contact_b: ContactId | None
    contacts: list[ContactId]
    event_id: UUID | None
    undoes: DecisionId | None
    undone_by: DecisionId | None
    grade: Grade
    actor: str
    reason: str | None
    evidence: list[dict[str, Any]]
    decided_at: datetime
    words: str


class PossibleView(msgspec.Struct, frozen=True, kw_only=True):
    """A contact that may be this customer and is kept apart from the thread. `evidence` is what comparing the two
    finds today, on the page of identity alone."""

    contact_id: ContactId
    customer_id: CustomerId
    name: str | None
    grade: Literal["possible"] = "possible"
    identifier: str
    words: str
    evidence: list[str] = []


class SuggestionView(msgspec.Struct, frozen=True, kw_only=True):
    """A question about this customer: `link`, whether the two are one; `unlink`, whether `contact_a` is split off."""

    id: UUID
    kind: str
    state: str
    contact_a: ContactId
    contact_b: ContactId
    probability: float | None
    words: list[str]


class IdentityView(msgspec.Struct, frozen=True, kw_only=True):
    """Why these contacts are one customer."""

    id: CustomerId
    name: str | None
    contacts: list[ContactView]
    decisions: list[DecisionView]
    possible: list[PossibleView]
    suggestions: list[SuggestionView]
    absorbed: list[CustomerId]


async def read_identity(
    db: store.Db,
    workspace: WorkspaceId,
    customer: CustomerId,
    as_of: datetime | None = None,
    salt: bytes | None = None,
) -> IdentityView:
    """Contacts, evidence and decisions of a customer, now or then. With the workspace's `salt`, values and the contacts
    beside are looked at closer, as they are today. Raises `Absorbed` and `NotFound`."""
    people = await views.read_people(db, workspace, customer, as_of)
    ends = {end for contact in people.contacts for end in (contact.id, contact.home_id)}
    rows = await review.decisions_about(db, workspace, list(ends), as_of)
    decisions = [decision_view(row) for row in rows]
    suggested = await review.suggestions_about(db, workspace, [contact.id for contact in people.contacts])
    possible = [possible_view(possible) for possible in people.possible]
    closer: dict[tuple[str, str, str], ValueView] = {}
    if salt is not None and as_of is None:
        possible = await _weighed(db, workspace, customer, people.possible, salt)
        values = list({held.identifier.key: held.identifier for held in people.identifiers}.values())[:MOST_VALUES]
        closer = {(one.kind, one.scope, one.value): one for one in await read_values(db, workspace, values)}
    return IdentityView(
        id=customer,
        name=views.best_name(people),
        contacts=_contact_views(people, decisions, closer),
        decisions=decisions,
        possible=possible,
        suggestions=[_suggestion_view(row, as_of) for row in suggested if as_of is None or row["created_at"] <= as_of],
        absorbed=people.absorbed,
    )


def _suggestion_view(row: store.Row, as_of: datetime | None) -> SuggestionView:
    answered = row["decided_at"] is not None and (as_of is None or row["decided_at"] <= as_of)
    return SuggestionView(
        id=row["id"],
        kind=row["kind"],
        state=row["state"] if answered else "later" if row["later_until"] and as_of is None else "open",
        contact_a=row["contact_a"],
        contact_b=row["contact_b"],
        probability=row["probability"],
        words=words_of(store.decode(row, "evidence")),
    )


# -- identifiers ---------------------------------------------------------------------------------------------


def identifier_views(
    held: list[HeldIdentifier], closer: Mapping[tuple[str, str, str], ValueView] | None = None
) -> list[IdentifierView]:
    """Each value once, with the contacts that hold it: verified as soon as one of them proved it. `closer` are values
    that were looked at closer."""
    together: dict[tuple[str, str, str], list[HeldIdentifier]] = {}
    for one in held:
        together.setdefault(one.identifier.key, []).append(one)
    return [_identifier_view(holders, (closer or {}).get(key)) for key, holders in together.items()]


def _identifier_view(holders: list[HeldIdentifier], closer: ValueView | None) -> IdentifierView:
    first = holders[0]
    known: Classed | ValueView = closer or classed(
        first.identifier, first.value_class, first.class_reason, first.class_by, first.class_since
    )
    return IdentifierView(
        kind=first.kind,
        scope=first.scope,
        value=first.value,
        raw=first.raw,
        verified=any(one.verified for one in holders),
        shared=first.shared,
        problem=first.problem,
        value_class=known.value_class,
        class_reason=known.reason,
        class_by=known.by,
        class_since=known.since,
        contact_ids=[one.contact_id for one in holders],
        first_seen=min(one.first_seen for one in holders),
        last_seen=max(one.last_seen for one in holders),
    )


# -- contacts ------------------------------------------------------------------------------------------------


def _contact_views(
    people: People, decisions: Sequence["DecisionView"], closer: Mapping[tuple[str, str, str], ValueView]
) -> list[ContactView]:
    by_id = {one.id: one for one in decisions}
    proofs: dict[ContactId | None, list[DecisionView]] = defaultdict(list)
    for one in decisions:
        if one.kind == "proof" and one.undone_by is None:
            proofs[one.contact_a].append(one)
    held: dict[ContactId, list[HeldIdentifier]] = defaultdict(list)
    for identifier in people.identifiers:
        held[identifier.contact_id].append(identifier)
    return [
        _contact_view(contact, identifier_views(held[contact.id], closer), by_id, proofs[contact.id])
        for contact in people.persons
    ]


def _contact_view(
    contact: SeenContact,
    identifiers: list[IdentifierView],
    decisions: Mapping[DecisionId, "DecisionView"],
    proofs: Sequence["DecisionView"],
) -> ContactView:
    decision = contact.customer_decision or contact.home_decision
    decided = decisions.get(decision) if decision else None
    opened = f"first seen as {contact.via}" if contact.via else f"first seen as {contact.key} of {contact.source}"
    led_here = {one for one in (contact.home_decision, contact.customer_decision) if one in decisions}
    told = [*(decisions[one] for one in led_here if one), *proofs]
    steps = [one.words for one in sorted(told, key=lambda one: one.decided_at)]
    return ContactView(
        id=contact.id,
        source=contact.source,
        key=contact.key,
        name=contact.name,
        grade=contact.grade,
        attributes=contact.attributes,
        home_id=contact.home_id,
        identifiers=identifiers,
        via=contact.via,
        decision=decision,
        words=decided.words if decided else opened,
        evidence=words_of(decided.evidence) if decided else [],
        steps=steps if contact.home_decision else [opened, *steps],
        created_at=contact.created_at,
    )


# -- contacts beside -----------------------------------------------------------------------------------------


def possible_view(possible: Possible, found: Comparison | None = None) -> PossibleView:
    """`found` is what comparing the contact with the customer finds."""
    value = label(Identifier(kind=possible.kind, scope=possible.scope, value=possible.value, raw=possible.value))
    verdict = f": {found.words[-1]}" if found else ""
    if possible.ours_verified and possible.theirs_verified:
        words = f"same verified {value}" + (verdict or ", kept apart by a conflict or by a person")
    elif possible.theirs_verified:
        words = f"proved {value}, which this customer only claims{verdict}"
    else:
        words = f"claims {value}" + (verdict or ": a claim links nobody")
    return PossibleView(
        contact_id=possible.contact_id,
        customer_id=possible.customer_id,
        name=possible.name,
        identifier=value,
        words=words,
        evidence=found.words[:-1] if found else [],
    )


async def _weighed(
    db: store.Db, workspace: WorkspaceId, customer: CustomerId, possible: Sequence[Possible], salt: bytes
) -> list[PossibleView]:
    """The contacts beside, compared with the customer."""
    if not possible:
        return []
    weighing = await weigh(db, workspace, salt, [customer], [one.contact_id for one in possible])
    ours = {end for one in weighing.members(customer) for end in (one.id, one.home_id)}
    theirs = {end for one in possible for end in (one.contact_id, weighing.people[one.contact_id].home_id)}
    apart = [{row["contact_a"], row["contact_b"]} for row in await store.not_same(db, workspace, [*ours, *theirs])]
    told: list[PossibleView] = []
    for one in possible:
        known = weighing.people[one.contact_id]
        kept_apart = any(pair & ours and pair & {known.id, known.home_id} for pair in apart)
        told.append(possible_view(one, weighing.beside(customer, known, kept_apart=kept_apart)))
    return told


# -- decisions -----------------------------------------------------------------------------------------------


def decision_view(row: store.Row) -> DecisionView:
    evidence = store.decode(row, "evidence")
    return DecisionView(
        id=row["id"],
        kind=row["kind"],
        contact_a=row["contact_a"],
        contact_b=row["contact_b"],
        contacts=list(row["contacts"]),
        event_id=row["event_id"],
        undoes=row["undoes"],
        undone_by=row["undone_by"],
        grade=row["grade"],
        actor=row["actor"],
        reason=row["reason"],
        evidence=evidence,
        decided_at=row["decided_at"],
        words=_decision_words(row, evidence),
    )


_DONE: Final = {
    "link": "linked to this customer",
    "proof": "proved",
    "merge": "two customers merged",
    "unmerge": "a merge was taken back and the two kept apart",
    "not_same": "kept apart",
    "place": "one item placed on another contact",
    "undo": "a decision was taken back",
}
_PRESUMED: Final = {"link": "presumed to be this customer", "merge": "two customers merged, presumed one person"}


def _decision_words(row: store.Row, evidence: list[dict[str, Any]]) -> str:
    kind = row["kind"]
    if kind == "split":
        done = f"{len(row['contacts'])} contact(s) split off and kept apart"
    else:
        done = _PRESUMED.get(kind, _DONE[kind]) if row["grade"] == "presumed" else _DONE[kind]
    because = "; ".join(filter(None, [row["reason"], *words_of(evidence)]))
    undone = ", undone since" if row["undone_by"] else ""
    when = row["decided_at"].date().isoformat()
    return f"{done} on {when} by {row['actor']}{f': {because}' if because else ''}{undone}"


def words_of(evidence: list[dict[str, Any]]) -> list[str]:
    """What the pieces of evidence say, a part of a sentence each."""
    return [one["words"] for one in evidence if "words" in one]


def supporting(evidence: Iterable[Piece]) -> list[str]:
    """What spoke for one person when it was decided, the weightiest first."""
    told = (one for one in evidence if one.comparison not in ("decision", "conflict"))
    spoke = (one for one in told if one.stranger is None or one.stranger > 0)
    return list(dict.fromkeys(one.words for one in spoke if one.words))[:MOST_REASONS]
