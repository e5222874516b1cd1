"""Mails on their way out as a person sees and decides them: listed, sent again by hand, discarded."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from channels import outbox_store
from channels.accounts import public_id
from channels.email.sending import Outcome, State
from channels.outbox import NewId, Recipients, outcomes_of
from channels.outbox_store import Db, Row
from identity.customers import WorkspaceId
from identity.errors import Impossible, NotFound
from timeline import posting
from timeline.events import Actor
from timeline.mail_events import MailSettled
from timeline.posting import Settled

NO_BYTES: Final = "its bytes are not kept any more"


class MailDelivery(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="mail"):
    """One mail as it is listed. `status` and `reason` are those of the last try; `uncertain` says that an attempt ended
    in doubt, whatever became of the next; `outcomes` tell of each address that something is known of."""

    id: UUID
    direction: Literal["outbound"] = "outbound"
    account: str
    purpose: str
    event_id: UUID | None
    contact_id: UUID | None
    conversation: str | None
    message_id: str
    recipients: Recipients
    state: State
    uncertain: bool
    outcomes: dict[str, Outcome]
    tries: int
    status: int | None
    reason: str | None
    made_at: datetime
    due_at: datetime
    next_try_at: datetime | None
    tried_at: datetime | None
    sent_at: datetime | None


async def show(db: Db, workspace: UUID, mail: UUID) -> MailDelivery:
    """Raises `NotFound`."""
    row = await outbox_store.mail(db, workspace, mail)
    if row is None:
        raise NotFound
    return _listed(workspace, row)


async def list_mails(
    db: Db, workspace: UUID, states: Sequence[State], account: UUID | None, before: UUID | None, limit: int
) -> list[MailDelivery]:
    """The newest first; without states, in any."""
    return [_listed(workspace, row) for row in await outbox_store.mails(db, workspace, states, account, before, limit)]


async def retry(db: Db, workspace: UUID, mail: UUID, *, now: datetime) -> MailDelivery:
    """Send it again to those who may not have it, under the same Message-ID and with the same bytes.

    Raises `NotFound`, and `Impossible` where it is on its way, has arrived, or is kept no more."""
    row = await _decidable(db, workspace, mail)
    if row["state"] in ("sent", "suppressed"):
        raise Impossible("id", f"this mail is {row['state']}")
    if not await outbox_store.has_bytes(db, workspace, mail):
        raise Impossible("id", NO_BYTES)
    kept = {address: one for address, one in outcomes_of(row).items() if one.state == "sent"}
    decided = await outbox_store.decide(
        db, workspace, mail, state="waiting", outcomes=msgspec.json.encode(kept), reason=None, now=now
    )
    return _listed(workspace, decided)


async def discard(db: Db, workspace: UUID, mail: UUID, *, by: Actor, new_id: NewId, now: datetime) -> MailDelivery:
    """Never send it, or never again. Raises `NotFound`, and `Impossible` where it is on its way or has arrived."""
    seen = await outbox_store.mail(db, workspace, mail)
    if seen is None:
        raise NotFound
    told = seen["event_id"] is not None and seen["contact_id"] is not None
    owners = await posting.lock(db, WorkspaceId(workspace), [seen["contact_id"]] if told else [])
    row = await _decidable(db, workspace, mail)
    if row["state"] in ("sent", "suppressed"):
        raise Impossible("id", f"this mail is {row['state']}")
    words = f"discarded by {by}"
    decided = await outbox_store.decide(
        db, workspace, mail, state="suppressed", outcomes=bytes(row["outcomes"]), reason=words, now=now
    )
    fact = MailSettled(status="suppressed", message_id=row["message_id"], words="discarded", tries=row["tries"])
    facts = [Settled(event_id=row["event_id"], contact_id=row["contact_id"], told=fact)] if told else []
    await posting.tell(db, WorkspaceId(workspace), owners, facts, actor=by, new_id=new_id)
    return _listed(workspace, decided)


async def _decidable(db: Db, workspace: UUID, mail: UUID) -> Row:
    row = await outbox_store.mail(db, workspace, mail, alone=True)
    if row is None:
        raise NotFound
    if row["state"] == "sending":
        raise Impossible("id", "this mail is being sent right now")
    return row


def _listed(workspace: UUID, row: Row) -> MailDelivery:
    names = ("id", "purpose", "event_id", "contact_id", "conversation", "message_id", "state", "tries")
    times = ("status", "reason", "made_at", "due_at", "next_try_at", "tried_at", "sent_at")
    return MailDelivery(
        account=public_id(workspace, row["account_id"]),
        **{name: row[name] for name in (*names, *times)},
        recipients=msgspec.json.decode(row["recipients"], type=Recipients),
        outcomes=outcomes_of(row),
        uncertain=row["doubts"] > 0 or row["state"] == "uncertain",
    )
