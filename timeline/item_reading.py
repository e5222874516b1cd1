"""One event as the item that it is on the thread where it stands today."""

from datetime import datetime, timedelta
from typing import Final

from identity.customers import CustomerId, WorkspaceId
from timeline import store
from timeline.events import EventId
from timeline.items import Item
from timeline.threads import ThreadQuery, read_page

PAGE: Final = 200


async def read_item(
    db: store.Db, workspace: WorkspaceId, customer: CustomerId, event: EventId, shown_at: datetime
) -> Item | None:
    """None where it stands on another customer's thread. Raises `NotFound` and `Absorbed`."""
    before = None
    end = shown_at + timedelta(microseconds=1)
    while True:
        query = ThreadQuery(limit=PAGE, before=before, start=shown_at, end=end)
        page = await read_page(db, workspace, customer, query)
        for item in page.items:
            if item.event_id == event:
                return item
        before = page.next
        if before is None:
            return None
