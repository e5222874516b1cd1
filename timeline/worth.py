"""What is an answer to a suggestion worth? The surer it is and the more is at stake, the earlier a person sees it."""

import math
from collections.abc import Sequence
from typing import Final, Literal
from uuid import UUID

from identity import review
from identity.customers import WorkspaceId
from timeline import store, views

EVENTS_A_TICKET: Final = 10
"""An open ticket counts like so many events: somebody is being answered without knowing all of it."""
UNSURE: Final = 0.5
"""The probability of what nothing was computed for: a proof against a conflict."""


def worth(events: int, tickets: int) -> float:
    """What is at stake on the smaller side, by events and open tickets: 1 for nothing, one more each time it doubles,
    so that a long history never drowns a sure answer."""
    return math.log2(2 + events + EVENTS_A_TICKET * tickets)


def value_of(kind: Literal["link", "unlink"], probability: float | None, smaller: float) -> float:
    """The place in the queue: how likely an answer changes something, times what it changes."""
    one = UNSURE if probability is None else probability
    return (one if kind == "link" else 1 - one) * smaller


async def weigh(db: store.Db, workspace: WorkspaceId, suggestions: Sequence[UUID]) -> None:
    """Give suggestions their place in the queue. Called once events and tickets of what brought them up are written."""
    rows = await views.at_stake(db, workspace, suggestions)
    values: dict[UUID, float] = {}
    for row in rows:
        sides = [worth(row[f"events_{side}"], row[f"tickets_{side}"]) for side in "ab"]
        smaller = sides[0] if row["kind"] == "unlink" else min(sides)
        values[row["id"]] = value_of(row["kind"], row["probability"], smaller)
    await review.set_values(db, workspace, list(values), list(values.values()))
