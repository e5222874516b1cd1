"""Tickets of a list as bytes of JSON, rendered once for as long as neither their fold nor the clock changes them.

A list is asked for again and again by whoever works through it; most of its tickets are what they were.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from identity.customers import WorkspaceId
from timeline.store import Db, Row
from timeline.tickets.clocks import same_until
from timeline.tickets.listing import Listing
from timeline.tickets.policy import Rules
from timeline.tickets.reading import fold_of, listed, rows_of

MOST: Final = 4_096
"""About 3 kB each."""

_Key = tuple[bytes, int, UUID, str | None, datetime | None, int]


class Rendered(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A ticket as JSON, and when it is what it is sorted by (None: it is never due)."""

    id: UUID
    at: datetime | None
    json: msgspec.Raw


class Renderings:
    """What was rendered last, each until time alone makes it another."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: dict[_Key, tuple[msgspec.Raw, datetime | None]] = {}

    @property
    def size(self) -> int:
        return len(self._kept)

    def of(self, row: Row, rules: Rules) -> Rendered:
        """A row of a list. All that it is rendered from is in the key, so that nothing has to be made invalid."""
        key: _Key = (
            row["fold"],
            row["number"],
            row["customer_id"],
            row["assignee_name"],
            row["sla_due_at"],
            row["policy"],
        )
        kept = self._kept.get(key)
        if kept is None or (kept[1] is not None and row["now"] >= kept[1]):
            fold = fold_of(row)
            json = msgspec.Raw(msgspec.json.encode(listed(fold, row, rules)))
            kept = self._kept[key] = (json, same_until(fold, row["now"]))
            if len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]
        return Rendered(id=row["id"], at=row["at"], json=kept[0])


RENDERINGS: Final = Renderings()


async def render_tickets(db: Db, workspace: WorkspaceId, listing: Listing) -> list[Rendered]:
    """Tickets in the order of the list. Raises `NotFound` for a customer or an agent who is not there."""
    rows, rules = await rows_of(db, workspace, listing)
    return [RENDERINGS.of(row, rules) for row in rows] if rules is not None else []
