"""The review queue: pairs of contacts that a person should look at, for an answer that is asked for once.

A `link` asks whether two are one: accepted, they are merged by hand; rejected, they are kept apart for ever. An
`unlink` asks whether `a`, linked by itself, is to be split off again; rejected, it is never proposed again.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal, get_args
from uuid import UUID

import msgspec

from identity import merging, review, views
from identity import store as identity_store
from identity.customers import ContactId, CustomerId, DecisionId, LinkDecision
from identity.errors import AlreadyDecided, Impossible, NotFound
from identity.explaining import IdentifierView, identifier_views, words_of
from identity.learning import LEARNING
from identity.training import answered
from timeline import store
from timeline.decisions import Change, Desk, lock_customers, time_of
from timeline.desk import merge, split, unmerge
from timeline.errors import StartOver

Kind = Literal["link", "unlink"]
State = Literal["open", "later", "accepted", "rejected"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
STATES: Final[tuple[State, ...]] = get_args(State)
LATER: Final = timedelta(weeks=1)


class Side(msgspec.Struct, frozen=True, kw_only=True):
    contact_id: ContactId
    customer_id: CustomerId
    name: str | None
    source: str
    identifiers: list[IdentifierView]


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """A question about two contacts. `evidence` is what speaks for and against it, `words` what that comes to in
    sentences, `probability` that the two are one; the queue is in order of `value`."""

    id: UUID
    kind: Kind
    state: State
    a: Side
    b: Side
    probability: float | None
    value: float
    words: list[str]
    evidence: list[dict[str, Any]]
    created_at: datetime
    later_until: datetime | None
    decided_at: datetime | None
    decision_id: DecisionId | None
    undone_by: DecisionId | None
    """What took the answer's decision back."""

    @property
    def rank(self) -> "Rank":
        return Rank(value=self.value, id=self.id)


class Rank(msgspec.Struct, frozen=True, kw_only=True):
    """A place in the queue, just after a suggestion."""

    value: float
    id: UUID


class Postponed(msgspec.Struct, frozen=True, kw_only=True):
    """The suggestion comes back by itself."""

    id: UUID
    later_until: datetime


FIRST: Final = Rank(value=math.inf, id=UUID(int=0))


async def read_suggestions(
    db: store.Db, desk: Desk, state: str, after: Rank | None, limit: int, kinds: frozenset[str] = frozenset()
) -> list[Suggestion]:
    """Suggestions in one state, the most valuable first."""
    place = after or FIRST
    rows = await review.suggestions(db, desk.workspace, state, sorted(kinds or KINDS), (place.value, place.id), limit)
    return await _shown(db, desk, rows)


async def read_suggestion(db: store.Db, desk: Desk, suggestion_id: UUID) -> Suggestion:
    """One, whatever became of it. Raises `NotFound`."""
    row = await review.suggestion(db, desk.workspace, suggestion_id)
    if row is None:
        raise NotFound
    return (await _shown(db, desk, [row]))[0]


async def _shown(db: store.Db, desk: Desk, rows: Sequence[identity_store.Row]) -> list[Suggestion]:
    contacts = list({row[end]: None for row in rows for end in ("contact_a", "contact_b")})
    held: dict[ContactId, list[views.HeldIdentifier]] = {contact: [] for contact in contacts}
    for one in await views.held_by(db, desk.workspace, contacts) if contacts else ():
        held[one.contact_id].append(one)
    return [_read(row, held) for row in rows]


def _read(row: identity_store.Row, held: dict[ContactId, list[views.HeldIdentifier]]) -> Suggestion:
    evidence = identity_store.decode(row, "evidence")
    return Suggestion(
        id=row["id"],
        kind=row["kind"],
        state="later" if row["later_until"] else row["state"],
        a=_side(row, "a", held),
        b=_side(row, "b", held),
        probability=row["probability"],
        value=row["value"],
        words=words_of(evidence),
        evidence=evidence,
        created_at=row["created_at"],
        later_until=row["later_until"],
        decided_at=row["decided_at"],
        decision_id=row["decision_id"],
        undone_by=row["undone_by"],
    )


def _side(row: identity_store.Row, side: str, held: dict[ContactId, list[views.HeldIdentifier]]) -> Side:
    return Side(
        contact_id=row[f"contact_{side}"],
        customer_id=row[f"customer_{side}"],
        name=row[f"name_{side}"],
        source=row[f"source_{side}"],
        identifiers=identifier_views(held[row[f"contact_{side}"]]),
    )


async def accept(db: store.Db, desk: Desk, suggestion_id: UUID) -> Change:
    """Do as suggested, by hand: merge the two customers, of whom the older one's id stays, or split the contact off.

    Raises `NotFound` and `AlreadyDecided`."""
    row = await _open(db, desk, suggestion_id)
    if row["kind"] == "link" and _matters(row):
        pair = [row["customer_a"], row["customer_b"]]
        ages = await identity_store.customer_ages(db, desk.workspace, pair)
        kept, other = sorted(pair, key=lambda customer: (ages[customer], customer))
        change = await merge(db, desk, kept, other)
        await _learn(db, desk, row, one=True)
        return change
    change = Change(customer_id=row["customer_a"], moved=(), changed={"contacts": 0, "events": 0})
    if _matters(row):
        change = await _part(db, desk, row)
    if not desk.preview:
        decision = None if change.decision_id is msgspec.UNSET else change.decision_id
        now = await time_of(db, desk)
        await review.answer_suggestion(db, desk.workspace, suggestion_id, "accepted", decision, now)
    return change


def _matters(row: identity_store.Row) -> bool:
    """Whether there still is a question: a merge may have joined the pair, or a split parted it."""
    return (row["customer_a"] == row["customer_b"]) == (row["kind"] == "unlink")


async def _part(db: store.Db, desk: Desk, row: identity_store.Row) -> Change:
    """Take back the merge that stands on the contact itself and joins it to the other, else split the contact off: a
    split alone would take such a merge along."""
    customer, contact = row["customer_a"], row["contact_a"]
    scene = await merging.read_scene(db, desk.workspace, [customer])
    for edge in scene.edges:
        if contact in (edge.kept, edge.lost):
            _, after = merging.planned_unmerge(scene, edge, customer)
            at = {one.id: one.customer_id for one in after}
            if at[contact] != at[row["contact_b"]]:
                return await unmerge(db, desk, customer, edge.decision)
    return await split(db, desk, customer, [contact])


async def reject(db: store.Db, desk: Desk, suggestion_id: UUID) -> DecisionId | None:
    """Of a link, remember for ever that the two are not the same person; of an unlink, that they were asked about and
    stay. Raises `NotFound` and `AlreadyDecided`."""
    row = await _open(db, desk, suggestion_id)
    if row["kind"] == "link":
        evidence = identity_store.decode(row, "evidence")
        decision = await keep_apart(db, desk, row["contact_a"], row["contact_b"], evidence)
        await _learn(db, desk, row, one=False)
        return decision
    now = await time_of(db, desk)
    await review.answer_suggestion(db, desk.workspace, suggestion_id, "rejected", None, now)
    return None


async def _learn(db: store.Db, desk: Desk, row: identity_store.Row, *, one: bool) -> None:
    """Let a person's word count for certain in what is known of one person's pairs; written later, with what decisions
    teach."""
    if not desk.preview:
        await LEARNING.of(db, desk.workspace)
        LEARNING.take(desk.workspace, answered(identity_store.decode(row, "evidence"), row["probability"], one=one))


async def postpone(db: store.Db, desk: Desk, suggestion_id: UUID, until: datetime | None = None) -> Postponed:
    """Leave a suggestion out of the open ones until then, for a week by default.

    Raises `NotFound`, `AlreadyDecided`, and `Impossible` for a time that is over."""
    await _open(db, desk, suggestion_id)
    now = await time_of(db, desk)
    later = until or now + LATER
    if later <= now:
        raise Impossible("until", "expected a time that is still to come")
    await review.postpone(db, desk.workspace, suggestion_id, later)
    return Postponed(id=suggestion_id, later_until=later)


async def _open(db: store.Db, desk: Desk, suggestion_id: UUID) -> identity_store.Row:
    """A suggestion that waits for an answer, postponed or not, with the locks of its customers held."""
    found = await review.suggestion(db, desk.workspace, suggestion_id)
    if found is None:
        raise NotFound
    await lock_customers(db, desk, [found["customer_a"], found["customer_b"]])
    row = await review.suggestion(db, desk.workspace, suggestion_id)
    assert row is not None
    if (row["customer_a"], row["customer_b"]) != (found["customer_a"], found["customer_b"]):
        raise StartOver
    if row["state"] != "open":
        raise AlreadyDecided(f"this suggestion was {row['state']} before")
    return row


async def keep_apart(
    db: store.Db, desk: Desk, a: ContactId, b: ContactId, evidence: list[dict[str, Any]]
) -> DecisionId:
    """Record that two contacts are not the same person: no automatic link unites their customers, and whatever is
    still asked between these is answered.

    Raises `NotFound`, and `Impossible` where they are one customer today."""
    before = await identity_store.pointers(db, desk.workspace, [a, b])
    if len(before) < len({a, b}):
        raise NotFound
    await lock_customers(db, desk, list(before.values()))
    customers = await identity_store.pointers(db, desk.workspace, [a, b])
    if customers != before:
        raise StartOver
    if customers[a] == customers[b]:
        raise Impossible("b", "the two are one customer today: take the merge back or split one off")
    now = await time_of(db, desk)
    decision = LinkDecision(
        id=DecisionId(desk.new_id()),
        kind="not_same",
        contact_a=a,
        contact_b=b,
        actor=desk.actor,
        reason=desk.reason,
        evidence=evidence,
        decided_at=now,
    )
    await identity_store.write_decision(db, desk.workspace, decision)
    await review.answer_between(db, desk.workspace, customers[a], customers[b], "rejected", decision.id, now)
    return decision.id
