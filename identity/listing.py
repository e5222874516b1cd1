"""What follows when somebody says whose a value is? It is kept, and of contacts that nothing else holds where they were
linked by themselves a person is asked."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from identity import blocking_store, review, store
from identity.claims import lock_key
from identity.customers import WorkspaceId
from identity.deciding import MOST_RECONSIDERED, UNLIKELY_ODDS
from identity.identifiers import Identifier
from identity.records import NewSuggestion
from identity.value_classes import Said, ValueView, read_values
from identity.weighing import Weighing, weigh

MOST_HOLDERS: Final = 20
MOST_ASKED: Final = 5
UNLIKELY: Final = UNLIKELY_ODDS / (1 + UNLIKELY_ODDS)


async def class_value(
    db: store.Db,
    workspace: WorkspaceId,
    identifier: Identifier,
    to: Said,
    *,
    salt: bytes,
    reason: str,
    actor: str,
    now: datetime,
    new_id: Callable[[], UUID],
) -> tuple[ValueView, list[UUID]]:
    """From now on the value is nobody's own, or one person's. What it linked before stays; the questions that are asked
    about it are returned. `salt` is the workspace's."""
    await store.lock(db, [lock_key(workspace, "identifier", *identifier.key)])
    await store.set_value_class(db, workspace, identifier.key, to, reason, actor, now)
    (view,) = await read_values(db, workspace, [identifier])
    holders = await blocking_store.people_on(db, workspace, [identifier.key], MOST_HOLDERS) if to == "shared" else []
    if not holders:
        return view, []
    customers = list(dict.fromkeys(row["customer_id"] for row in holders))
    weighing = await weigh(db, workspace, salt, customers, [row["contact_id"] for row in holders])
    suggested = [one for customer in customers for one in _unheld(weighing, customer, identifier, new_id)]
    return view, await review.write_suggestions(db, workspace, suggested[:MOST_ASKED], now) if suggested else []


def _unheld(
    weighing: Weighing, customer: UUID, identifier: Identifier, new_id: Callable[[], UUID]
) -> Iterator[NewSuggestion]:
    """The contacts that came to the customer by themselves, with the value, and that nothing else holds there."""
    people = [known for known in weighing.people.values() if known.customer_id == customer and not known.is_desk]
    for known in people if 1 < len(people) <= MOST_RECONSIDERED else ():
        if known.home_decision is None or identifier.key not in known.held:
            continue
        found = weighing.company(known, first=True)
        if found.probability < UNLIKELY:
            oldest = next(one for one in weighing.members(known.customer_id) if one.id != known.id)
            yield NewSuggestion(
                id=new_id(),
                kind="unlink",
                contact_a=known.id,
                contact_b=oldest.id,
                evidence=found.evidence,
                probability=found.probability,
            )
