"""Telling an agent that a reply of theirs did not arrive: it came back, or could not be sent at all."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from identity.customers import WorkspaceId
from timeline import store
from timeline.events import RecordedEvent
from timeline.followers import Followed
from timeline.store import Db
from timeline.tickets import task_store, views
from timeline.tickets.task_store import Notice

KIND: Final = "undelivered"
_AGENT: Final = "agent:"


class _Settled(msgspec.Struct, frozen=True, kw_only=True):
    status: str = ""


class _Reply(msgspec.Struct, frozen=True, kw_only=True):
    ticket_id: UUID | None = None


async def tell(
    db: Db, workspace: WorkspaceId, batch: Sequence[Followed], new_id: Callable[[], UUID], now: datetime
) -> int:
    """Tell of a batch whose replies did not arrive, each once; how many."""
    notices: list[Notice] = []
    for about in dict.fromkeys(one.event.about for one in batch if _is_lost(one.event)):
        row = await store.event(db, workspace, about) if about is not None else None
        if row is None or not row["actor"].startswith(_AGENT):
            continue
        ticket = msgspec.json.decode(row["data"], type=_Reply).ticket_id
        if ticket is None:
            continue
        agent = UUID(row["actor"].removeprefix(_AGENT))
        notices.append(
            Notice(
                id=new_id(),
                agent_id=agent,
                kind=KIND,
                ticket_id=ticket,
                event_id=row["id"],
                actor="system",
                made_at=now,
            )
        )
    works = await views.agents(db, workspace, list({one.agent_id for one in notices})) if notices else {}
    notices = [one for one in notices if works.get(one.agent_id)]
    await task_store.add_notices(db, workspace, notices)
    return len(notices)


def _is_lost(event: RecordedEvent) -> bool:
    if event.type != "MailSettled":
        return False
    return msgspec.json.decode(event.data, type=_Settled).status in ("bounced", "failed")
