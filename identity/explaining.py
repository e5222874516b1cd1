"""Why are these one person, and why are those two not? Decisions and evidence in sentences, for a lead to read."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from identity import merging, review, store, views
from identity.customers import ContactId, CustomerId, DecisionId, Grade, WorkspaceId
from identity.errors import Impossible, NotFound
from identity.identifiers import Identifier, label, shared_by_form
from identity.matching import Evidence, Held, Person, compare, explain
from identity.views import HeldIdentifier, Possible, SeenContact


class IdentifierView(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier as people read it: `shared` and `problem` say why it links nobody."""

    kind: str
    scope: str
    value: str
    raw: str
    verified: bool
    shared: str | None
    problem: str | None
    contact_ids: list[ContactId]
    first_seen: datetime
    last_seen: datetime


class ContactView(msgspec.Struct, frozen=True, kw_only=True):
    """A contact with how it came to be this customer."""

    id: ContactId
    source: str
    key: str
    name: str | None
    grade: Grade
    attributes: dict[str, str]
    home_id: CustomerId
    identifiers: list[IdentifierView]
    decision: DecisionId | None
    words: str
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
    """A contact that may be this customer and is kept apart from the thread."""

    contact_id: ContactId
    customer_id: CustomerId
    name: str | None
    grade: Literal["possible"] = "possible"
    identifier: str
    words: str


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


class WhyView(msgspec.Struct, frozen=True, kw_only=True):
    """Two contacts compared. `one` says whether they are the same customer today, `verdict` what proof alone says."""

    contact_a: ContactId
    contact_b: ContactId
    customer_a: CustomerId
    customer_b: CustomerId
    one: bool
    verdict: Literal["same", "review", "different"]
    words: list[str]
    evidence: list[Evidence]
    decisions: list[DecisionView]


async def read_identity(
    db: store.Db, workspace: WorkspaceId, customer: CustomerId, as_of: datetime | None = None
) -> IdentityView:
    """Contacts, evidence and decisions of a customer, now or then. Raises `Absorbed` and `NotFound`."""
    people = await views.read_people(db, workspace, customer, as_of)
    ends = {end for contact in people.contacts for end in (contact.id, contact.home_id)}
    rows = await review.decisions_about(db, workspace, list(ends), as_of)
    decisions = [decision_view(row) for row in rows]
    words = {decision.id: decision.words for decision in decisions}
    suggested = await review.suggestions_about(db, workspace, [contact.id for contact in people.contacts])
    return IdentityView(
        id=customer,
        name=views.best_name(people),
        contacts=[contact_view(contact, people.identifiers, words) for contact in people.persons],
        decisions=decisions,
        possible=[possible_view(possible) for possible in people.possible],
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


def words_of(evidence: list[dict[str, Any]]) -> list[str]:
    """What the pieces of evidence say, a sentence each."""
    return [piece["words"] for piece in evidence if "words" in piece]


def identifier_views(held: list[HeldIdentifier]) -> list[IdentifierView]:
    """Each value once, with the contacts that hold it: verified as soon as one of them proved it."""
    together: dict[tuple[str, str, str], list[HeldIdentifier]] = {}
    for one in held:
        together.setdefault((one.kind, one.scope, one.value), []).append(one)
    return [
        IdentifierView(
            kind=kind,
            scope=scope,
            value=value,
            raw=holders[0].raw,
            verified=any(one.verified for one in holders),
            shared=holders[0].shared,
            problem=holders[0].problem,
            contact_ids=[one.contact_id for one in holders],
            first_seen=min(one.first_seen for one in holders),
            last_seen=max(one.last_seen for one in holders),
        )
        for (kind, scope, value), holders in together.items()
    ]


def contact_view(
    contact: SeenContact, identifiers: list[HeldIdentifier], words: dict[DecisionId, str] | None = None
) -> ContactView:
    decision = contact.customer_decision or contact.home_decision
    opened = f"first seen as {contact.via}" if contact.via else f"first seen as {contact.key} of {contact.source}"
    return ContactView(
        id=contact.id,
        source=contact.source,
        key=contact.key,
        name=contact.name,
        grade=contact.grade,
        attributes=contact.attributes,
        home_id=contact.home_id,
        identifiers=identifier_views([held for held in identifiers if held.contact_id == contact.id]),
        decision=decision,
        words=(words or {}).get(decision, opened) if decision else opened,
        created_at=contact.created_at,
    )


def possible_view(possible: Possible) -> PossibleView:
    value = label(Identifier(kind=possible.kind, scope=possible.scope, value=possible.value, raw=possible.value))
    if possible.ours_verified and possible.theirs_verified:
        words = f"same verified {value}, kept apart by a conflict or by a person"
    elif possible.theirs_verified:
        words = f"proved {value}, which this customer only claims"
    else:
        words = f"claims {value}: a claim links nobody"
    return PossibleView(
        contact_id=possible.contact_id,
        customer_id=possible.customer_id,
        name=possible.name,
        identifier=value,
        words=words,
    )


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


def _decision_words(row: store.Row, evidence: list[dict[str, Any]]) -> str:
    done = {
        "link": "linked to this customer",
        "proof": "proved",
        "merge": "two customers merged",
        "unmerge": "a merge was taken back: not the same person",
        "split": f"{len(row['contacts'])} contact(s) split off: not the same person",
        "not_same": "not the same person",
        "place": "one item placed on another contact",
        "undo": "a decision was taken back",
    }[row["kind"]]
    because = "; ".join(words_of(evidence)) or row["reason"]
    undone = ", undone since" if row["undone_by"] else ""
    when = row["decided_at"].date().isoformat()
    return f"{done} on {when} by {row['actor']}{f': {because}' if because else ''}{undone}"


async def why(db: store.Db, workspace: WorkspaceId, contact_a: ContactId, contact_b: ContactId) -> WhyView:
    """Why two contacts are, or are not, one customer. Raises `NotFound`, and `Impossible` for a contact and itself."""
    if contact_a == contact_b:
        raise Impossible("contact", "a contact is itself: name two")
    rows = {row["id"]: row for row in await store.contacts(db, workspace, [contact_a, contact_b])}
    if contact_a not in rows or contact_b not in rows:
        raise NotFound
    held = await store.identifiers_of(db, workspace, [contact_a, contact_b])
    values = [(row["kind"], row["scope"], row["value"]) for row in held]
    classes = {
        (row["kind"], row["scope"], row["value"]): (row["class"], row["reason"])
        for row in await store.value_classes(db, workspace, values)
    }
    people = [_person(rows[contact], held, classes) for contact in (contact_a, contact_b)]
    comparison = compare(*people)
    one = rows[contact_a]["customer_id"] == rows[contact_b]["customer_id"]
    decisions = await _decisions_between(db, workspace, rows[contact_a], rows[contact_b])
    standing = [decision.words for decision in decisions if decision.undone_by is None and decision.undoes is None]
    today = "Today they are one customer." if one else "Today they are two customers."
    return WhyView(
        contact_a=contact_a,
        contact_b=contact_b,
        customer_a=rows[contact_a]["customer_id"],
        customer_b=rows[contact_b]["customer_id"],
        one=one,
        verdict=comparison.verdict,
        words=[today, *standing, *explain(comparison)],
        evidence=list(comparison.evidence),
        decisions=decisions,
    )


async def _decisions_between(db: store.Db, workspace: WorkspaceId, a: store.Row, b: store.Row) -> list[DecisionView]:
    """What was decided about the two. Of one customer: the links and merges that brought them together; of two: what
    joined or parted their sides."""
    ours, theirs = ({row["id"], row["home_id"]} for row in (a, b))
    scene = await merging.read_scene(db, workspace, list(dict.fromkeys([a["customer_id"], b["customer_id"]])))
    rows = await review.decisions_about(db, workspace, list(ours | theirs | scene.ends), None)
    one = a["customer_id"] == b["customer_id"]
    return [
        decision_view(row)
        for row in rows
        if _spans({row["contact_a"], row["contact_b"]}, ours, theirs)
        or (one and (row["kind"] == "merge" or (row["kind"] == "link" and row["contact_a"] in (a["id"], b["id"]))))
    ]


def _spans(ends: set[UUID], ours: set[UUID], theirs: set[UUID]) -> bool:
    return bool(ends & ours) and bool(ends & theirs)


def _person(row: store.Row, held: list[store.Row], classes: dict[tuple[str, str, str], tuple[str, str]]) -> Person:
    identifiers: list[Held] = []
    for one in held:
        if one["contact_id"] != row["id"]:
            continue
        identifier = Identifier(
            kind=one["kind"], scope=one["scope"], value=one["value"], raw=one["raw"], problem=one["problem"]
        )
        said, reason = classes.get(identifier.key, (None, None))
        shared = None if said == "personal" else reason or shared_by_form(identifier)
        identifiers.append(Held(identifier=identifier, verified=one["verified_at"] is not None, shared=shared))
    return Person(
        contact_id=row["id"],
        name=row["name"],
        attributes=store.decode(row, "attributes"),
        identifiers=tuple(identifiers),
    )
