"""Mails on their way: claimed by a worker, begun, settled; what became of each is told in the ledger.

A mail whose worker died while its content went out is in doubt: one more attempt follows, under the same Message-ID.
What a backup brought back undecided is kept back, because it may have gone out since.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from channels import credentials, outbox_store
from channels.contract import Account
from channels.email import sending
from channels.email.composing import Slot, encoded_size
from channels.email.sending import Attempt, Course, Standing, Verdict
from channels.email.settings import MailSettings
from channels.email.tokens import Tokens
from channels.outbox import (
    KIND,
    RESTORED,
    SENDS_NOTHING,
    NewId,
    Recipients,
    account_of,
    fates_of,
    outcomes_of,
    tagged,
)
from channels.outbox_store import Db, Row
from channels.vault import DoesNotOpen, Vault
from identity.customers import WorkspaceId
from timeline import posting
from timeline.events import Actor
from timeline.mail_events import MailSettled
from timeline.posting import Settled

KEPT: Final = timedelta(days=30)
PART: Final = 500
_SYSTEM: Final = Actor("system")


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A mail in this worker's hands; `tries` counts the attempt that comes now, and is what it is known by. `envelope`
    are those whom this attempt goes to."""

    id: UUID
    event_id: UUID | None
    contact_id: UUID | None
    message_id: str
    sender: str
    envelope: list[str]
    raw: bytes
    slots: tuple[Slot, ...]
    course: Course

    @property
    def size(self) -> int:
        """In bytes, with its files."""
        return len(self.raw) + sum(encoded_size(slot.size) for slot in self.slots)

    @property
    def is_about_an_event(self) -> bool:
        return self.event_id is not None and self.contact_id is not None


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What may be sent to a domain now, and how. `fault`: why nothing can be, for now; with `gone` for good."""

    claimed: list[Claimed]
    settings: MailSettings | None = None
    password: str | None = None
    fault: str | None = None
    gone: bool = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt ended; `lost`: its worker ended before it could say."""

    claimed: Claimed
    attempt: Attempt
    lost: bool = False


async def due(db: Db, workspace: UUID, now: datetime) -> list[tuple[UUID, str, int]]:
    """Accounts and domains that have something to be sent now, and how often in a row each failed."""
    rows = await outbox_store.due(db, workspace, now)
    return [(row["account_id"], row["domain"], row["failures"]) for row in rows]


async def turn(
    db: Db,
    workspace: UUID,
    account: UUID,
    domain: str,
    vault: Vault,
    tokens: Tokens,
    *,
    now: datetime,
    dice: float,
    new_id: NewId,
) -> Batch:
    """Judge what a worker left behind, and claim what comes next of a domain."""
    lost = await outbox_store.lost(db, workspace, account, domain, now, PART)
    if lost:
        await settle(db, workspace, account, domain, [_lost(row) for row in lost], now=now, dice=dice, new_id=new_id)
    standing = await _standing(db, workspace, account, domain)
    if standing.paused_until is not None and standing.paused_until > now:
        return Batch(claimed=[])
    limit = sending.how_many(standing.failures)
    rows = await outbox_store.claim(db, workspace, account, domain, now, now + sending.CLAIM, limit)
    if not rows:
        return Batch(claimed=[])
    found = await _sender(db, workspace, account)
    settings = found.settings if found is not None and isinstance(found.settings, MailSettings) else None
    claimed = [_claimed(row, settings, tokens, account) for row in rows]
    if settings is None or settings.smtp is None:
        return Batch(claimed=claimed, fault=SENDS_NOTHING, gone=True)
    if settings.smtp.user is None:
        return Batch(claimed=claimed, settings=settings)
    try:
        password = await credentials.open_password(db, workspace, account, "smtp", vault)
    except DoesNotOpen:
        words = "the account's password does not open: THROUGHLINE_SECRET has changed, give it a new one"
        return Batch(claimed=claimed, settings=settings, fault=words)
    if password is None:
        return Batch(claimed=claimed, settings=settings, fault="the account has a user and no password for sending")
    return Batch(claimed=claimed, settings=settings, password=password)


async def begin(db: Db, workspace: UUID, claimed: Claimed, now: datetime) -> bool:
    """Write down that its content goes out from the commit on; False where it may not any more."""
    return await outbox_store.begin(db, workspace, claimed.id, claimed.course.tries, now + sending.HOLD)


async def beat(db: Db, workspace: UUID, claimed: Claimed, now: datetime) -> None:
    """A sign that its worker lives and is still at it."""
    await outbox_store.hold(db, workspace, claimed.id, claimed.course.tries, now + sending.HOLD)


async def settle(
    db: Db,
    workspace: UUID,
    account: UUID,
    domain: str,
    results: Sequence[Result],
    *,
    now: datetime,
    dice: float,
    new_id: NewId,
) -> None:
    """Write down what became of attempts, and tell it in the ledger. Raises `StartOver`."""
    verdicts = {one.claimed.id: _judged(one, now, dice) for one in results}
    told = [one for one in results if verdicts[one.claimed.id].state != "waiting" and one.claimed.is_about_an_event]
    owners = await posting.lock(db, WorkspaceId(workspace), _contacts(told))
    rows = [_settled(one, verdicts[one.claimed.id]) for one in results]
    done = {*await outbox_store.settle(db, workspace, rows, now)}
    facts = [_fact(one, verdicts[one.claimed.id]) for one in told if one.claimed.id in done]
    await posting.tell(db, WorkspaceId(workspace), owners, facts, actor=_SYSTEM, new_id=new_id)
    standing = await _standing(db, workspace, account, domain)
    after = standing
    for one in results:
        after = sending.standing_after(after, one.attempt, now, dice)
    if after != standing:
        await _keep_standing(db, workspace, account, domain, after, [one for one in results if one.claimed.id in done])


async def is_restored(db: Db, workspace: UUID) -> bool:
    """Whether a backup brought anything back undecided."""
    return await outbox_store.is_stale(db, workspace)


async def hold_restored(db: Db, workspace: UUID, *, new_id: NewId, now: datetime) -> int:
    """Keep back what was undecided when the backup was taken from which this database was made; how many."""
    rows = await outbox_store.stale(db, workspace, PART)
    told = [row for row in rows if row["event_id"] is not None and row["contact_id"] is not None]
    owners = await posting.lock(db, WorkspaceId(workspace), [row["contact_id"] for row in told])
    kept: list[dict[str, Any]] = [
        {name: row[name] for name in ("id", "tries", "outcomes", "doubts", "status")}
        | {"before": row["state"], "state": "uncertain", "reason": RESTORED, "next_try_at": None}
        for row in rows
    ]
    done = {*await outbox_store.settle(db, workspace, kept, now)} if kept else set[UUID]()
    facts = [
        Settled(
            event_id=row["event_id"],
            contact_id=row["contact_id"],
            told=MailSettled(status="uncertain", message_id=row["message_id"], words=RESTORED, tries=row["tries"]),
        )
        for row in told
        if row["id"] in done
    ]
    await posting.tell(db, WorkspaceId(workspace), owners, facts, actor=_SYSTEM, new_id=new_id)
    return len(rows)


async def keep_house(db: Db, workspace: UUID, now: datetime) -> int:
    """Drop the bytes of what was decided long ago, in parts; how many."""
    oldest = now - KEPT
    before = UUID(int=int(oldest.timestamp() * 1_000) << 80)
    return await outbox_store.forget_bytes(db, workspace, oldest, before, PART)


# -- between rows and values -----------------------------------------------------------------------------------------


async def _sender(db: Db, workspace: UUID, account: UUID) -> Account | None:
    row = await outbox_store.sender(db, workspace, account, KIND)
    return None if row is None else account_of(row)


async def _standing(db: Db, workspace: UUID, account: UUID, domain: str) -> Standing:
    row = await outbox_store.lane(db, workspace, account, domain)
    return Standing(**dict(row)) if row is not None else Standing()


async def _keep_standing(
    db: Db, workspace: UUID, account: UUID, domain: str, after: Standing, results: Sequence[Result]
) -> None:
    if not after.failures:
        await outbox_store.clear_lane(db, workspace, account, domain)
        return
    words = next((one.words for result in results for one in result.attempt.told.values() if one.words), "no answer")
    await outbox_store.set_lane(db, workspace, account, domain, reason=words, **msgspec.structs.asdict(after))


def _claimed(row: Row, settings: MailSettings | None, tokens: Tokens, account: UUID) -> Claimed:
    recipients = msgspec.json.decode(row["recipients"], type=Recipients).addresses
    course = _course(row)
    sender = "" if settings is None else settings.address
    if settings is not None and settings.plus_addressing:
        sender = tagged(settings, tokens, account, row["id"])
    return Claimed(
        id=row["id"],
        event_id=row["event_id"],
        contact_id=row["contact_id"],
        message_id=row["message_id"],
        sender=sender,
        envelope=sending.to_try(course.outcomes, recipients),
        raw=row["raw"] or b"",
        slots=msgspec.json.decode(row["files"], type=tuple[Slot, ...]),
        course=course,
    )


def _course(row: Row) -> Course:
    return Course(outcomes=outcomes_of(row), tries=row["tries"], doubts=row["doubts"], due_at=row["due_at"])


def _lost(row: Row) -> Result:
    course = _course(row)
    recipients = msgspec.json.decode(row["recipients"], type=Recipients).addresses
    envelope = sending.to_try(course.outcomes, recipients)
    claimed = Claimed(
        id=row["id"],
        event_id=row["event_id"],
        contact_id=row["contact_id"],
        message_id=row["message_id"],
        sender="",
        envelope=envelope,
        raw=b"",
        slots=(),
        course=course,
    )
    return Result(claimed=claimed, attempt=sending.all_alike(envelope, "uncertain", sending.LOST), lost=True)


def _judged(result: Result, now: datetime, dice: float) -> Verdict:
    """Each mail rolls its own: what failed together does not come again together."""
    own = (dice + int.from_bytes(result.claimed.id.bytes[-4:], "big") / 2**32) % 1.0
    return sending.judge(result.claimed.course, result.attempt, now, own)


def _contacts(results: Sequence[Result]) -> list[UUID]:
    return [one.claimed.contact_id for one in results if one.claimed.contact_id is not None]


def _settled(result: Result, verdict: Verdict) -> dict[str, object]:
    return {
        "id": result.claimed.id,
        "tries": result.claimed.course.tries,
        "before": "sending" if result.lost else None,
        "state": verdict.state,
        "outcomes": msgspec.json.encode(verdict.outcomes),
        "doubts": verdict.doubts,
        "status": result.attempt.status,
        "reason": verdict.reason,
        "next_try_at": verdict.next_try_at,
    }


def _fact(result: Result, verdict: Verdict) -> Settled:
    claimed = result.claimed
    assert claimed.event_id is not None
    assert claimed.contact_id is not None
    assert verdict.state in ("sent", "failed", "uncertain")
    told = MailSettled(
        status=verdict.state,
        message_id=claimed.message_id,
        words=verdict.reason,
        tries=claimed.course.tries,
        recipients=fates_of(verdict.outcomes),
    )
    return Settled(event_id=claimed.event_id, contact_id=claimed.contact_id, told=told)
