"""How many tickets lists hold, counted once a second for all who watch them: what is told again comes with a word."""

import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from app import saved_views
from app.access import Caller
from app.db import Db
from app.saved_views import Count
from timeline.tickets.listing import Listing

FRESH_SECONDS: Final = 1.0
MOST: Final = 4_096


class FreshCounts:
    """Counts of a moment ago, by workspace and list."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[UUID, Listing], tuple[float, Count | None]] = OrderedDict()

    async def of(
        self, db: Db, caller: Caller, listings: Sequence[Listing | None], *, exact: bool
    ) -> tuple[list[Count | None], bool]:
        """The counts of some lists, and whether one of them was counted before: who watches then asks once more.
        `exact` counts them all now."""
        now, workspace = time.monotonic(), caller.workspace.id
        old: dict[Listing, Count | None] = {}
        for one in {one for one in listings if one is not None} if not exact else ():
            kept = self._kept.get((workspace, one))
            if kept is not None and now - kept[0] < FRESH_SECONDS:
                old[one] = kept[1]
        wanted = list(dict.fromkeys(one for one in listings if one is not None and one not in old))
        for one, count in zip(wanted, await saved_views.count(db, caller, wanted), strict=True):
            old[one] = count
            self._kept[workspace, one] = (now, count)
            self._kept.move_to_end((workspace, one))
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return [None if one is None else old[one] for one in listings], len(wanted) < len(old)


COUNTS: Final = FreshCounts()
