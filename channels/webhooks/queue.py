"""What is on its way: events become deliveries, deliveries are claimed, told, settled, listed and replayed.

A worker that dies loses nothing: what it had in hand is due again a minute later, under the same `webhook-id`.
"""

import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from channels import signatures
from channels.vault import DoesNotOpen, Vault
from channels.webhooks import kinds, schedule, store
from channels.webhooks.schedule import Attempt, Standing, State, Verdict
from channels.webhooks.subscriptions import Content, secrets_now
from identity.customers import WorkspaceId
from identity.errors import Impossible, NotFound
from timeline import followers
from timeline.events import CHANGE, KIND_OF
from timeline.followers import Checkpoint, Followed

FOLLOWER: Final = "webhooks"
MOST_WAITING: Final = 100_000
KEPT: Final = timedelta(days=30)
PART: Final = 1_000

NewId = Callable[[], UUID]


class Delivery(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="webhook"):
    """One delivery as it is listed. `status` and `reason` are those of the last try."""

    id: UUID
    direction: Literal["outbound"] = "outbound"
    webhook_id: UUID
    webhook_key: str
    type: str
    event_id: UUID | None
    state: State
    tries: int
    status: int | None
    reason: str | None
    made_at: datetime
    next_try_at: datetime | None
    tried_at: datetime | None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What every payload says of an event: ids, and no word of what was said. `tickets` and `customer_id` are those of
    the moment when it was sent."""

    event_id: UUID
    contact_id: UUID
    customer_id: UUID
    kind: str
    type: str
    tickets: list[UUID]
    item: Any = msgspec.UNSET


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery in this worker's hands. `tries` counts the one that comes now."""

    id: UUID
    type: str
    tries: int
    due_at: datetime
    occurred_at: datetime
    shown_at: datetime
    told: Told | None


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What may be sent to an endpoint now, signed with these secrets. `fault`: why it cannot be."""

    url: str
    content: Content
    secrets: list[str]
    claimed: list[Claimed]
    fault: str | None = None


class _Imported(msgspec.Struct, frozen=True, kw_only=True):
    history: bool = False


_imported = msgspec.json.Decoder(_Imported)


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What may be sent now, if anything; `ends` says why the webhook was disabled with this turn."""

    batch: Batch | None = None
    ends: str | None = None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    claimed: Claimed
    attempt: Attempt


async def anybody(db: store.Db, workspace: UUID) -> bool:
    """Whether anybody listens."""
    return bool(await store.listening(db, workspace))


async def follow(db: store.Db, workspace: WorkspaceId, now: datetime, *, new_id: NewId) -> int:
    """Write deliveries of the next events; how many events were read. Nobody's are passed over unread."""
    listening = await store.listening(db, workspace)
    if not listening:
        return 0
    first = min((row["since_epoch"], row["since_xid"]) for row in listening)

    async def take(batch: list[Followed]) -> None:
        await _queue(db, workspace, batch, now, new_id)

    start = Checkpoint(epoch=first[0], xid=first[1], position=0)
    return await followers.advance(db, workspace, FOLLOWER, take, now, start=start)


async def _queue(db: store.Db, workspace: UUID, batch: list[Followed], now: datetime, new_id: NewId) -> None:
    """Who listens is asked after the events were read: whoever is heard of later, wants later ones."""
    listening = await _not_full(db, workspace, await store.listening(db, workspace))
    batch = [one for one in batch if not _is_history(one)]
    names = [(one.at, one.event.id, kinds.name_of(one.event.type)) for one in batch]
    if any(kinds.matches(row["events"], kinds.OPENED) for row in listening):
        opened = await store.opened(db, workspace, [one.event.id for one in batch])
        names += [(one.at, one.event.id, kinds.OPENED) for one in batch if one.event.id in opened]
    wanted = [
        (row["id"], name, event)
        for at, event, name in sorted(names)
        for row in listening
        if (at.epoch, at.xid) >= (row["since_epoch"], row["since_xid"]) and kinds.matches(row["events"], name)
    ]
    if wanted:
        webhooks, types, events = zip(*wanted, strict=True)
        await store.queue(db, workspace, [new_id() for _ in wanted], webhooks, types, events, now)


def _is_history(one: Followed) -> bool:
    """Imported: nobody is told of what was long ago."""
    data = bytes(one.event.data)
    return one.event.kind != CHANGE and b'"history"' in data and _imported.decode(data).history


async def _not_full(db: store.Db, workspace: UUID, listening: Sequence[store.Row]) -> list[store.Row]:
    """Without those that do not keep up for so long that more would wait than are kept: they are disabled."""
    full: set[UUID] = set()
    for row in listening:
        if row["failures"] and await store.waiting(db, workspace, row["id"], MOST_WAITING) >= MOST_WAITING:
            await store.disable(db, workspace, row["id"], f"more than {MOST_WAITING:,} deliveries wait")
            full.add(row["id"])
    return [row for row in listening if row["id"] not in full]


async def ping(db: store.Db, workspace: UUID, webhook: UUID, now: datetime, *, new_id: NewId) -> Delivery:
    """Queue a delivery about nothing. Raises `NotFound`, and `Impossible` where the webhook is disabled."""
    row = await store.webhook(db, workspace, webhook)
    if row is None:
        raise NotFound
    _check_enabled(row)
    made = new_id()
    await store.queue(db, workspace, [made], [webhook], [kinds.PING], [None], now)
    return await show(db, workspace, made)


async def show(db: store.Db, workspace: UUID, delivery: UUID) -> Delivery:
    """Raises `NotFound`."""
    row = await store.delivery(db, workspace, delivery)
    if row is None:
        raise NotFound
    return _listed(row)


async def list_deliveries(
    db: store.Db, workspace: UUID, states: Sequence[State], webhook: UUID | None, before: UUID | None, limit: int
) -> list[Delivery]:
    """The newest first; without states, in any. Raises `NotFound` for a webhook that is nobody's."""
    if webhook is not None and await store.webhook(db, workspace, webhook) is None:
        raise NotFound
    rows = await store.deliveries(db, workspace, list(states), webhook, before, limit)
    return [_listed(row) for row in rows]


async def replay(db: store.Db, workspace: UUID, delivery: UUID, now: datetime) -> Delivery:
    """Send it again, under the same `webhook-id`. Raises `NotFound`, and `Impossible` without an enabled webhook."""
    found = await show(db, workspace, delivery)
    row = await store.webhook(db, workspace, found.webhook_id)
    if row is None:
        raise Impossible("id", "its webhook was deleted")
    _check_enabled(row)
    return _listed(await store.replay(db, workspace, delivery, now))


async def due(db: store.Db, workspace: UUID, now: datetime) -> list[UUID]:
    """Webhooks that have something to be sent now."""
    return await store.due(db, workspace, now)


async def turn(
    db: store.Db,
    workspace: UUID,
    webhook: UUID,
    results: Sequence[Result],
    vault: Vault | None,
    now: datetime,
    dice: float,
) -> Turn:
    """Settle what was sent and claim what comes next, in one transaction; without a vault only settle."""
    row = await store.webhook(db, workspace, webhook, alone=True)
    if results:
        verdicts = [judge(one, now, dice) for one in results]
        await _settle(db, workspace, results, verdicts)
    if row is None:
        return Turn()
    standing = Standing(**{name: row[name] for name in ("failures", "failing_since", "paused_until")})
    if results:
        standing = schedule.standing_after(standing, [one.attempt for one in results], now, dice)
        arrived = any(one.attempt.is_delivered for one in results)
        kept = msgspec.structs.asdict(standing)
        await store.set_standing(db, workspace, webhook, delivered_at=now if arrived else None, **kept)
    if not row["enabled"] or standing.ends or (standing.paused_until is not None and standing.paused_until > now):
        return Turn(ends=standing.ends if row["enabled"] else None)
    if vault is None:
        return Turn()
    return Turn(batch=await _claim(db, workspace, row, standing, vault, now))


def judge(result: Result, now: datetime, dice: float) -> Verdict:
    """Each delivery rolls its own: what failed together does not come again together."""
    own = (dice + int.from_bytes(result.claimed.id.bytes[-4:], "big") / 2**32) % 1.0
    return schedule.judge(result.attempt, result.claimed.tries, result.claimed.due_at, now, own)


async def _settle(db: store.Db, workspace: UUID, results: Sequence[Result], verdicts: Sequence[Verdict]) -> None:
    await store.settle(
        db,
        workspace,
        [one.claimed.id for one in results],
        [one.state for one in verdicts],
        [one.attempt.status for one in results],
        [one.reason for one in verdicts],
        [one.next_try_at for one in verdicts],
    )


async def _claim(
    db: store.Db, workspace: UUID, row: store.Row, standing: Standing, vault: Vault, now: datetime
) -> Batch | None:
    limit = schedule.how_many(standing)
    taken = await store.claim(db, workspace, row["id"], now, now + schedule.CLAIM, limit)
    if not taken:
        return None
    events = [one["event_id"] for one in taken if one["event_id"] is not None]
    told = {one["id"]: one for one in await store.facts(db, workspace, events, list(KIND_OF))} if events else {}
    claimed = [_claimed(one, told.get(one["event_id"])) for one in taken]
    batch = Batch(url=row["url"], content=row["content"], secrets=[], claimed=claimed)
    try:
        return msgspec.structs.replace(batch, secrets=secrets_now(row, workspace, vault, now))
    except DoesNotOpen:
        words = "its secret does not open: THROUGHLINE_SECRET has changed, give it a new secret"
        return msgspec.structs.replace(batch, fault=words)


def _claimed(row: store.Row, fact: store.Row | None) -> Claimed:
    plain = {name: row[name] for name in ("id", "type", "tries", "due_at")}
    if fact is None:
        return Claimed(**plain, occurred_at=row["made_at"], shown_at=row["made_at"], told=None)
    return Claimed(**plain, occurred_at=fact["occurred_at"], shown_at=fact["shown_at"], told=_told(fact))


def _told(row: store.Row) -> Told:
    """A command stands in no ticket's list of items, but was meant for one."""
    tickets = list(row["tickets"])
    with contextlib.suppress(ValueError):
        tickets.append(UUID(row["named"] or ""))
    return Told(
        event_id=row["id"],
        contact_id=row["contact_id"],
        customer_id=row["customer_id"],
        kind=KIND_OF.get(row["type"], CHANGE),
        type=row["type"],
        tickets=list(dict.fromkeys(tickets)),
    )


def payload(claimed: Claimed, item: Any = msgspec.UNSET) -> bytes:
    """The body as it is signed and sent."""
    data: Any = {} if claimed.told is None else msgspec.structs.replace(claimed.told, item=item)
    return msgspec.json.encode({"type": claimed.type, "timestamp": claimed.occurred_at, "data": data})


def headers_of(claimed: Claimed, body: bytes, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """Signed with each secret that holds."""
    key, seconds = key_of(claimed.id), str(int(now.timestamp()))
    signed = b".".join((key.encode(), seconds.encode(), body))
    return {
        signatures.ID: key,
        signatures.TIMESTAMP: seconds,
        signatures.SIGNATURE: " ".join(signatures.sign(secret, signed).decode() for secret in secrets),
    }


def key_of(delivery: UUID) -> str:
    """The `webhook-id`, the same over all attempts."""
    return f"msg_{delivery.hex}"


async def keep_house(db: store.Db, workspace: UUID, now: datetime) -> int:
    """Give up what waited too long, drop what was decided long ago; how many, in parts."""
    expired = await store.expire(db, workspace, now - schedule.KEPT_TRYING, PART)
    oldest = now - KEPT
    before = UUID(int=int(oldest.timestamp() * 1_000) << 80)
    return expired + await store.forget(db, workspace, oldest, before, PART)


def _check_enabled(row: store.Row) -> None:
    if not row["enabled"]:
        raise Impossible("id", "the webhook is disabled: enable it first")


def _listed(row: store.Row) -> Delivery:
    fields = {name: row[name] for name in ("webhook_id", "type", "event_id", "state", "tries", "status", "reason")}
    times = {name: row[name] for name in ("made_at", "next_try_at", "tried_at")}
    return Delivery(id=row["id"], webhook_key=key_of(row["id"]), **fields, **times)
