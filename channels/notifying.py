"""Telling agents by mail what they have not read: one mail for all that came within a minute, and each notice in one
mail at most, whoever dies and however many work."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, Literal
from uuid import UUID

from channels import automatic, automatic_store
from channels.automatic import Asked, Box
from channels.email import automatic as limits
from channels.email.automatic import Told
from channels.email.tokens import Tokens
from channels.outbox import NewId
from channels.outbox_store import Db, Row
from identity.customers import WorkspaceId

GATHERED: Final = timedelta(seconds=60)
"""How long the first waits for more, and for being read in the console."""
OLDEST: Final = timedelta(days=1)
AT_ONCE: Final = 500
MOST_IN_ONE: Final = 50


async def notify(db: Db, workspace: WorkspaceId, console: str, *, tokens: Tokens, new_id: NewId, now: datetime) -> int:
    """Make mails of what agents have not read; of how many notices it was decided. Those that a backup brought back may
    have been mailed since: they are left to the console. Raises `StartOver`."""
    boxes = await automatic.boxes(db, workspace)
    box = automatic.notifier(boxes)
    if box is None:
        return 0
    since, restored = now - limits.WITHIN, await automatic_store.restored_at(db, workspace)
    oldest = now - OLDEST if restored is None else max(now - OLDEST, restored)
    rows = await automatic_store.take_notices(
        db, workspace, oldest, now - GATHERED, AT_ONCE, counted_since=since, most=limits.MOST
    )
    by_agent = groupby(sorted(rows, key=lambda row: row["agent_id"].bytes), key=lambda row: row["agent_id"])
    asked = [one for _, own in by_agent if (one := _mail(list(own), box, console)) is not None]
    if asked:
        await automatic.post(
            db, workspace, asked, automatic.own_addresses(boxes), tokens=tokens, new_id=new_id, now=now
        )
    await automatic_store.mark_mailed(db, workspace, [row["id"] for row in rows], now)
    return len(rows)


def _mail(rows: Sequence[Row], box: Box, console: str) -> Asked | None:
    """None where the agent works here no more, or wants no mail of these."""
    agent = rows[0]
    wanted = [row for row in rows if agent["mails"] == "all" or row["kind"] in limits.MEANT]
    if agent["disabled_at"] is not None or agent["mails"] == "off" or not wanted:
        return None
    told = [Told(kind=row["kind"], number=row["number"], actor=row["actor"]) for row in wanted]
    event = _answered(wanted)
    return Asked(
        box=box,
        key=f"{limits.NOTIFICATION}/{agent['agent_id']}/{wanted[0]['id']}",
        purpose=limits.NOTIFICATION,
        to=agent["email"],
        subject=limits.notification_subject(box.settings, told),
        text=limits.notification(told[:MOST_IN_ONE], console, can_answer=event is not None),
        event=event,
    )


def _answered(rows: Sequence[Row]) -> UUID | None:
    """What an answer to the mail is about: the latest, where all are about one ticket."""
    return rows[-1]["event_id"] if len({row["ticket_id"] for row in rows}) == 1 else None


async def send_link(
    db: Db,
    workspace: WorkspaceId,
    email: str,
    url: str,
    purpose: Literal["invitation", "reset"],
    *,
    key: str,
    tokens: Tokens,
    new_id: NewId,
    now: datetime,
) -> bool:
    """Send an agent a link that sets the password; False where no account writes to agents. `key` is the link's own."""
    boxes = await automatic.boxes(db, workspace)
    box = automatic.notifier(boxes)
    if box is None:
        return False
    asked = Asked(
        box=box,
        key=f"{purpose}/{key}",
        purpose=purpose,
        to=email,
        subject=limits.subject(box.settings, None),
        text=limits.LINKS[purpose].format(url=url),
    )
    await automatic.post(db, workspace, [asked], automatic.own_addresses(boxes), tokens=tokens, new_id=new_id, now=now)
    return True
