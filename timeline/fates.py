"""What became of what went out by mail, for the items that say so."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from identity.customers import WorkspaceId
from timeline import views
from timeline.events import EventId, RecordedEvent
from timeline.mail_events import MailSettled
from timeline.store import Db

MAIL: Final = "email"


async def read_fates(
    db: Db, workspace: WorkspaceId, events: Sequence[RecordedEvent], as_of: datetime | None
) -> dict[EventId, MailSettled]:
    """Of these events, those that something is known of: a statement only where there are mails among them."""
    mails = [event.id for event in events if event.direction == "outbound" and event.channel == MAIL]
    found = await views.fates(db, workspace, mails, as_of) if mails else {}
    return {EventId(event): msgspec.json.decode(data, type=MailSettled) for event, data in found.items()}
