"""The review queue: pairs of contacts that proof and a conflict point to, for a person to accept or reject, once."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from identity import review
from identity import store as identity_store
from identity.customers import ContactId, CustomerId, DecisionId, LinkDecision
from identity.errors import AlreadyDecided, Impossible, NotFound
from timeline import store
from timeline.decisions import Change, Desk, lock_customers, time_of
from timeline.desk import merge
from timeline.errors import StartOver


class Side(msgspec.Struct, frozen=True, kw_only=True):
    contact_id: ContactId
    customer_id: CustomerId
    name: str | None
    source: str


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """Two contacts that may be one person; `evidence` says what speaks for and against it."""

    id: UUID
    state: str
    a: Side
    b: Side
    evidence: list[dict[str, Any]]
    created_at: datetime
    decided_at: datetime | None
    decision_id: DecisionId | None


async def read_suggestions(db: store.Db, desk: Desk, state: str, after: UUID | None, limit: int) -> list[Suggestion]:
    """Suggestions in one state, the oldest first."""
    return [read(row) for row in await review.suggestions(db, desk.workspace, state, after, limit)]


def read(row: identity_store.Row) -> Suggestion:
    return Suggestion(
        id=row["id"],
        state=row["state"],
        a=_side(row, "a"),
        b=_side(row, "b"),
        evidence=identity_store.decode(row, "evidence"),
        created_at=row["created_at"],
        decided_at=row["decided_at"],
        decision_id=row["decision_id"],
    )


def _side(row: identity_store.Row, side: str) -> Side:
    return Side(
        contact_id=row[f"contact_{side}"],
        customer_id=row[f"customer_{side}"],
        name=row[f"name_{side}"],
        source=row[f"source_{side}"],
    )


async def accept(db: store.Db, desk: Desk, suggestion_id: UUID) -> Change:
    """Merge the two customers by hand; the older one's id stays. Raises `NotFound` and `AlreadyDecided`."""
    row = await _open(db, desk, suggestion_id)
    pair = [row["customer_a"], row["customer_b"]]
    if pair[0] == pair[1]:
        if not desk.preview:
            await review.answer_suggestion(db, desk.workspace, suggestion_id, "accepted", None, await time_of(db, desk))
        return Change(customer_id=pair[0], moved=(), changed={"contacts": 0, "events": 0})
    ages = await identity_store.customer_ages(db, desk.workspace, pair)
    kept, other = sorted(pair, key=lambda customer: (ages[customer], customer))
    change = await merge(db, desk, kept, other)
    if change.decision_id is not msgspec.UNSET:
        now = await time_of(db, desk)
        await review.answer_suggestion(db, desk.workspace, suggestion_id, "accepted", change.decision_id, now)
    return change


async def reject(db: store.Db, desk: Desk, suggestion_id: UUID) -> DecisionId:
    """Remember for ever that the two are not the same person. Raises `NotFound` and `AlreadyDecided`."""
    row = await _open(db, desk, suggestion_id)
    decision = await keep_apart(db, desk, row["contact_a"], row["contact_b"], identity_store.decode(row, "evidence"))
    await review.answer_suggestion(db, desk.workspace, suggestion_id, "rejected", decision, await time_of(db, desk))
    return decision


async def _open(db: store.Db, desk: Desk, suggestion_id: UUID) -> identity_store.Row:
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
    """Record that two contacts are not the same person: no automatic link unites their customers.

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
    decision = LinkDecision(
        id=DecisionId(desk.new_id()),
        kind="not_same",
        contact_a=a,
        contact_b=b,
        actor=desk.actor,
        reason=desk.reason,
        evidence=evidence,
        decided_at=await time_of(db, desk),
    )
    await identity_store.write_decision(db, desk.workspace, decision)
    return decision.id
