"""Look at a customer that is there as if it came today: link it with whom it turns out to be, ask about the rest.

Decided by the functions that decide about a push, under the locks of a merge, with the consequences of a merge."""

from collections.abc import Callable, Collection, Sequence
from typing import Final
from uuid import UUID

import msgspec

from identity import review
from identity.book import Book, Moved
from identity.claims import customer_lock
from identity.customers import CustomerId
from identity.deciding import Evidence
from identity.joining import Hand
from identity.learning import LEARNING
from identity.second_look import Finding, Found, SecondLook, Wanted, older
from identity.statistics import Counts
from identity.store import lock
from timeline import merges, store
from timeline.errors import StartOver
from timeline.events import Actor
from timeline.reactions import settle
from timeline.threads import Workspace
from timeline.tickets.projection import POLICIES
from timeline.worth import weigh

SYSTEM: Final = Actor("system")
NewId = Callable[[], UUID]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What became, or would become, of a customer. `review`: how likely the pair is that a person could be asked about,
    whether it is worth that or not; `joined`: the customer whose part it is now."""

    findings: tuple[Finding, ...] = ()
    review: float | None = None
    joined: CustomerId | None = None


async def foresee(
    db: store.Db, workspace: Workspace, counts: Counts, customer: CustomerId, ask_from: float, new_id: NewId
) -> Seen:
    """What looking again would come to; nothing is changed, and nobody waits."""
    look = _second_look(workspace, counts, customer)
    await look.read(db, older)
    if not look.customers:
        return Seen()
    await look.read_again(db)
    found = look.found(Hand(actor=SYSTEM, now=await store.clock(db), new_id=new_id))
    questions = _questions(found, ask_from)
    suggested = [one.suggestion for one in questions if one.suggestion]
    asked = await review.askable(db, workspace.id, suggested) if suggested else set()
    return _seen(found, asked)


async def look_again(
    db: store.Db,
    workspace: Workspace,
    counts: Counts,
    customer: CustomerId,
    wanted: Wanted,
    ask_from: float,
    new_id: NewId,
) -> Seen:
    """Link a customer with the likeliest of the `wanted` others, or ask about it, from the probability `ask_from` on.
    Raises `StartOver` and `NumbersSpent`."""
    look = _second_look(workspace, counts, customer)
    await look.read(db, wanted)
    if not look.customers:
        return Seen()
    await lock(db, sorted(customer_lock(workspace.id, one) for one in look.customers))
    try:
        await look.read_again(db)
    except Moved:
        raise StartOver from None
    hand = Hand(actor=SYSTEM, now=await store.clock(db), new_id=new_id)
    found = look.found(hand)
    questions = [one.suggestion for one in _questions(found, ask_from) if one.suggestion]
    asked = await review.write_suggestions(db, workspace.id, questions, hand.now) if questions else []
    if asked:
        await weigh(db, workspace.id, asked)
    link = next((one for one in found if one.link), None)
    joined = None if link is None else await _join(db, workspace, look, link, hand)
    return _seen(found, asked, joined)


async def _join(db: store.Db, workspace: Workspace, look: SecondLook, link: Found, hand: Hand) -> CustomerId:
    joined = await look.join(db, link, hand)
    await settle(db, workspace.id, [], [], [], await POLICIES.read(db, workspace.id), [joined])
    await merges.append_joined(db, workspace.id, [joined], SYSTEM, hand.new_id, hand.now)
    LEARNING.take(workspace.id, look.evidence.lesson)
    return joined.customer_id


def _second_look(workspace: Workspace, counts: Counts, customer: CustomerId) -> SecondLook:
    evidence = Evidence(workspace.id, workspace.salt, counts, workspace.identity)
    return SecondLook(evidence, Book(workspace.id, evidence), customer)


def _questions(found: Sequence[Found], ask_from: float) -> list[Found]:
    return [
        one for one in found if one.suggestion and (one.finding.kind == "unlink" or one.finding.probability >= ask_from)
    ]


def _seen(found: Sequence[Found], asked: Collection[UUID], joined: CustomerId | None = None) -> Seen:
    told = (one.finding for one in found if one.link or (one.suggestion and one.suggestion.id in asked))
    unsure = next((one.finding.probability for one in found if one.finding.kind == "ask"), None)
    return Seen(findings=tuple(told), review=unsure, joined=joined)
