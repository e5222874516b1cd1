"""Mails on their way out as a person sees and decides them: listed, sent again by hand, marked as sent,
discarded."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from channels import outbox_store
from channels.accounts import public_id
from channels.email.sending import Outcome, State
from channels.outbox import NewId, Recipients, fates_of, outcomes_of
from channels.outbox_store import Db, Row
from identity.customers import WorkspaceId
from identity.errors import Impossible, NotFound
from timeline import posting
from timeline.events import Actor
from timeline.mail_events import Fate, MailSettled
from timeline.posting import Settled

NO_BYTES: Final = "its bytes are not kept any more"
MARKED: Final = "marked as sent by hand"


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


async def show_reply(db: Db, workspace: UUID, event: UUID) -> MailDelivery:
    """The mail that a reply became. Raises `NotFound` where it became none, or not yet."""
    row = await outbox_store.mail_of_key(db, workspace, f"reply/{event}")
    if row is None:
        raise NotFound
    return _listed(workspace, row)


async def list_mails(
    db: Db, workspace: UUID, states: Sequence[State], account: UUID | None, before: UUID | None, limit: int
) -> list[MailDelivery]:
    """The newest first; without states, in any."""
    return [_listed(workspace, row) for row in await outbox_store.mails(db, workspace, states, account, before, limit)]


async def retry(db: Db, workspace: UUID, mail: UUID, *, by: Actor, new_id: NewId, now: datetime) -> MailDelivery:
    """Send it again to those who may not have it, under the same Message-ID and with the same bytes; one that waits is
    sent now.

    Raises `NotFound`, and `Impossible` where it is on its way, has arrived, or is kept no more."""
    row, owners = await _taken(db, workspace, mail)
    if row["state"] in ("sent", "suppressed"):
        raise Impossible("id", f"this mail is {row['state']}")
    if not await outbox_store.has_bytes(db, workspace, mail):
        raise Impossible("id", NO_BYTES)
    kept = {address: one for address, one in outcomes_of(row).items() if one.state == "sent"}
    decided = await outbox_store.decide(
        db, workspace, mail, state="waiting", outcomes=msgspec.json.encode(kept), reason=None, now=now
    )
    if row["state"] != "waiting":
        await _tell(db, workspace, row, owners, _fact(row, "waiting", "sent again by hand"), by=by, new_id=new_id)
    return _listed(workspace, decided)


async def discard(db: Db, workspace: UUID, mail: UUID, *, by: Actor, new_id: NewId, now: datetime) -> MailDelivery:
    """Never send it, or never again. Raises `NotFound`, and `Impossible` where it is on its way or has arrived."""
    row, owners = await _taken(db, workspace, mail)
    if row["state"] in ("sent", "suppressed"):
        raise Impossible("id", f"this mail is {row['state']}")
    decided = await outbox_store.decide(
        db,
        workspace,
        mail,
        state="suppressed",
        outcomes=bytes(row["outcomes"]),
        reason=f"discarded by {by}",
        now=now,
    )
    await _tell(db, workspace, row, owners, _fact(row, "suppressed", "discarded"), by=by, new_id=new_id)
    return _listed(workspace, decided)


async def mark_sent(db: Db, workspace: UUID, mail: UUID, *, by: Actor, new_id: NewId, now: datetime) -> MailDelivery:
    """A person knows that a mail in doubt has arrived: it is sent to nobody again. Once it is, nothing changes.

    Raises `NotFound`, and `Impossible` for one that is not in doubt."""
    row, owners = await _taken(db, workspace, mail)
    if row["state"] == "sent":
        return _listed(workspace, row)
    if row["state"] != "uncertain":
        raise Impossible("id", f"this mail is {row['state']}, and only one in doubt can be marked as sent")
    outcomes = outcomes_of(row)
    for address in msgspec.json.decode(row["recipients"], type=Recipients).addresses:
        if address not in outcomes or outcomes[address].state in ("uncertain", "waiting"):
            outcomes[address] = Outcome(state="sent", words=MARKED)
    state = "failed" if any(one.state == "failed" for one in outcomes.values()) else "sent"
    decided = await outbox_store.decide(
        db, workspace, mail, state=state, outcomes=msgspec.json.encode(outcomes), reason=MARKED, now=now
    )
    told = msgspec.structs.replace(_fact(row, state, MARKED), recipients=fates_of(outcomes))
    await _tell(db, workspace, row, owners, told, by=by, new_id=new_id)
    return _listed(workspace, decided)


def _fact(row: Row, status: Fate, words: str) -> MailSettled:
    return MailSettled(status=status, message_id=row["message_id"], words=words, tries=row["tries"])


async def _taken(db: Db, workspace: UUID, mail: UUID) -> tuple[Row, posting.Owners]:
    """A mail that nobody else decides until the transaction ends, and whose thread will be told of it."""
    seen = await outbox_store.mail(db, workspace, mail)
    if seen is None:
        raise NotFound
    owners = await posting.lock(db, WorkspaceId(workspace), [seen["contact_id"]] if _is_told(seen) else [])
    return await _decidable(db, workspace, mail), owners


async def _tell(
    db: Db, workspace: UUID, row: Row, owners: posting.Owners, fact: MailSettled, *, by: Actor, new_id: NewId
) -> None:
    facts = [Settled(event_id=row["event_id"], contact_id=row["contact_id"], told=fact)] if _is_told(row) else []
    await posting.tell(db, WorkspaceId(workspace), owners, facts, actor=by, new_id=new_id)


def _is_told(row: Row) -> bool:
    return row["event_id"] is not None and row["contact_id"] is not None


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
