"""What a channel account is handed, in two steps: accepted (archived, committed, answered), then understood.

Accepting reads nothing but the signature. Understanding reads and hands to intake; what fails goes to the quarantine
with its bytes and the reason, and holds up nothing that comes after it.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import msgspec

from channels import accounts, inbox, store
from channels.accounts import Door
from channels.contract import Account, Delivery, Unparseable, Unverified
from channels.reading import Placed, Read, Understanding, hand_in
from channels.registry import KINDS
from channels.vault import Vault
from identity.claims import lock_key
from identity.customers import WorkspaceId
from timeline.intake import Outcome, chunks
from timeline.interactions import Interaction
from timeline.pseudonyms import Pseudonyms
from timeline.threads import Workspace

State = Literal["waiting", "understood", "failed"]
STATES: Final[tuple[State, ...]] = ("waiting", "understood", "failed")
BATCH: Final = 25
CLAIM: Final = timedelta(seconds=60)
ASIDE: Final = timedelta(minutes=3)
"""How long whoever reads a slow one may take before another begins anew."""
MOST_TRIES: Final = 8
BATCH_BYTES: Final = 32 * 1024 * 1024
LONGEST_PAUSE: Final = 300

NewId = Callable[[], UUID]


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """`status`: 202 archived, 200 known with the same bytes, 409 kept beside the first of its key, which has others."""

    status: Literal[202, 200, 409]
    delivery_id: UUID


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that this worker may try now. `tries` counts this one."""

    id: UUID
    delivery: Delivery
    tries: int

    @property
    def is_hopeless(self) -> bool:
        """Whoever tried it died each time and could not say why."""
        return self.tries > MOST_TRIES


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that was read: its items, or what its kind has read apart, or why it has neither."""

    claimed: Claimed
    items: Sequence[Interaction] = ()
    read: Read | None = None
    refusal: Unparseable | None = None

    @property
    def is_alone(self) -> bool:
        return self.read is not None and self.read.alone


class InboundDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery as it is listed; `key` is the sender's own name for it."""

    id: UUID
    direction: Literal["inbound"] = "inbound"
    account_id: str
    kind: str
    key: str
    state: State
    tries: int
    size: int
    reason: str | None
    event_ids: list[UUID]
    received_at: datetime
    next_try_at: datetime | None
    decided_at: datetime | None


async def admit(
    db: store.Db, workspace: UUID, account: UUID, headers: Mapping[str, str], raw: bytes, vault: Vault, now: datetime
) -> tuple[Door, Delivery]:
    """The account's door and what came through it, if the account's secret has signed it.

    Raises `Unverified`, also for an account that is nobody's or disabled, after the same work."""
    door = await accounts.find_door(db, workspace, account, vault, now)
    kind = KINDS[door.account.kind] if door else next(iter(KINDS.values()))
    key = kind.verify(headers, raw, door.secrets if door else [], now)
    if door is None:
        raise Unverified("there is no such account")
    kept = {name: headers[name] for name in kind.headers if name in headers}
    return door, Delivery(key=key, raw=raw, headers=kept)


def most_bytes(account: Account) -> int:
    """How long a delivery of this account may be."""
    return KINDS[account.kind].most_bytes(account.settings)


async def accept(
    db: store.Db, workspace: UUID, account: Account, delivery: Delivery, names: Pseudonyms, *, new_id: NewId
) -> Accepted:
    """Archive it, in the transaction that answers. The same key is one delivery for ever, erased or not."""
    digest, erased = hashlib.sha256(delivery.raw).digest(), names.of_delivery(workspace, account.id, delivery.key)
    id_ = new_id()
    archived = await store.archive(
        db,
        workspace,
        id_,
        account_id=account.id,
        key=delivery.key,
        erased=erased,
        digest=digest,
        raw=delivery.raw,
        headers=msgspec.json.encode(delivery.headers),
    )
    if archived:
        return Accepted(status=202, delivery_id=id_)
    first = await store.delivery_of_key(db, workspace, account.id, [delivery.key, erased])
    if first["digest"] in (digest, names.of_digest(workspace, digest)):
        return Accepted(status=200, delivery_id=first["id"])
    words = "the same key came before with other bytes"
    refused = _refused(account, delivery, code="content_differs", reason=words)
    await inbox.keep(db, workspace, refused, new_id=new_id)
    return Accepted(status=409, delivery_id=first["id"])


async def waiting_accounts(db: store.Db, workspace: UUID, now: datetime) -> list[UUID]:
    """Accounts with something to understand, those that wait longest first."""
    return await store.waiting_accounts(db, workspace, now, LONGEST_PAUSE)


async def claim(db: store.Db, workspace: UUID, account: UUID, now: datetime) -> tuple[Account, list[Claimed]]:
    """The account with its next deliveries, in order, counted as tried before anybody tries: a worker that dies of one
    is remembered. None while another worker has some.

    Raises `InvalidField` for an account whose settings are not understood any more."""
    await store.lock(db, lock_key(WorkspaceId(workspace), "deliveries", str(account)))
    found = await accounts.find_account(db, workspace, account)
    rows = await store.claim(db, workspace, account, now, now + CLAIM, LONGEST_PAUSE, BATCH, BATCH_BYTES)
    return found, [_claimed(row) for row in rows]


def _claimed(row: store.Row) -> Claimed:
    headers = msgspec.json.decode(row["headers"], type=dict[str, str])
    delivery = Delivery(key=row["delivery_key"], raw=row["raw"], headers=headers, received_at=row["received_at"])
    return Claimed(id=row["id"], delivery=delivery, tries=row["tries"])


def read(account: Account, claimed: Claimed) -> Reading:
    """What a delivery says; raises what a parser raises that it should not."""
    try:
        return Reading(claimed=claimed, items=KINDS[account.kind].parse(claimed.delivery, account))
    except Unparseable as error:
        return Reading(claimed=claimed, refusal=error)


async def read_apart(way: Understanding, workspace: Workspace, account: Account, claimed: Claimed) -> Reading:
    """What a delivery says whose kind is read apart; raises what is a fault of ours."""
    try:
        return Reading(claimed=claimed, read=await way.read(workspace, account, claimed.delivery))
    except Unparseable as error:
        return Reading(claimed=claimed, refusal=error)


def runs(readings: Sequence[Reading]) -> Iterator[list[Reading]]:
    """Readings in their order, as many together as one transaction takes items."""
    run: list[Reading] = []
    for reading in readings:
        together = [item for one in (*run, reading) for item in one.items]
        apart = reading.is_alone or (run and run[-1].is_alone)
        if run and (apart or len(list(chunks(together))) > 1):
            yield run
            run = []
        run.append(reading)
    if run:
        yield run


async def understand(
    db: store.Db,
    workspace: Workspace,
    account: Account,
    readings: Sequence[Reading],
    *,
    new_id: NewId,
    way: Understanding | None = None,
) -> list[Outcome]:
    """Hand a run's items to intake, and note what became of each delivery; `way` is how their kind is read apart.
    Raises `StartOver`."""
    if readings[0].is_alone and not await _is_waiting(db, workspace.id, readings[0].claimed):
        return []  # another worker took it for lost, and read it as well
    placed = await _place(db, workspace, account, readings, way)
    outcomes = await hand_in(db, workspace, account, placed, new_id=new_id, way=way)
    understood: list[tuple[UUID, UUID]] = []
    for reading, one, own in zip(readings, placed, outcomes, strict=True):
        events = [*one.events, *(done.event_id for done in own if done.status < 400 and done.event_id is not None)]
        refused = next((done for done in own if done.status >= 400), None)
        if reading.refusal is None and refused is None:
            understood.extend((reading.claimed.id, event) for event in events)
            continue
        await _fail(db, workspace.id, account, reading.claimed, _why(reading, refused), events, new_id)
    if understood:
        await store.mark_understood(db, workspace.id, understood)
    return [done for own in outcomes for done in own]


async def _is_waiting(db: store.Db, workspace: UUID, claimed: Claimed) -> bool:
    """Whether nobody has understood it yet; nobody does until this transaction ends."""
    await store.lock(db, lock_key(WorkspaceId(workspace), "delivery", str(claimed.id)))
    return await store.is_waiting(db, workspace, claimed.id)


async def _place(
    db: store.Db, workspace: Workspace, account: Account, readings: Sequence[Reading], way: Understanding | None
) -> list[Placed]:
    """What each reading becomes; of one that was refused, nothing."""
    reads = [reading.read for reading in readings if reading.read is not None]
    placed = iter(await way.place(db, workspace, account, reads) if way is not None and reads else ())
    return [next(placed) if reading.read is not None else Placed(items=reading.items) for reading in readings]


def _why(reading: Reading, refused: Outcome | None) -> Outcome:
    if refused is not None:
        return refused
    assert reading.refusal is not None
    fields = [reading.refusal.field] if reading.refusal.field else []
    return Outcome(status=400, code="unparseable", fields=fields, words=reading.refusal.words)


async def give_up(
    db: store.Db, workspace: UUID, account: Account, claimed: Claimed, reason: str, new_id: NewId
) -> None:
    """It was tried often enough: a person decides."""
    why = Outcome(status=500, code="failed", words=reason)
    await _fail(db, workspace, account, claimed, why, [], new_id)


async def put_off(
    db: store.Db, workspace: UUID, account: Account, claimed: Claimed, reason: str, *, now: datetime, new_id: NewId
) -> None:
    """Something failed that is not the payload's own fault as far as we know: later again, at last the quarantine."""
    if claimed.tries >= MOST_TRIES:
        await give_up(db, workspace, account, claimed, reason, new_id)
    else:
        pause = min(2**claimed.tries, LONGEST_PAUSE)
        await store.put_off(db, workspace, claimed.id, reason, now + timedelta(seconds=pause))


async def set_aside(db: store.Db, workspace: UUID, claimed: Claimed, now: datetime) -> None:
    """Let others pass a delivery that takes its time; whoever reads it goes on."""
    await store.set_aside(db, workspace, claimed.id, now + ASIDE)


async def _fail(
    db: store.Db,
    workspace: UUID,
    account: Account,
    claimed: Claimed,
    why: Outcome,
    events: Sequence[UUID],
    new_id: NewId,
) -> None:
    reason = why.words or "refused"
    refused = msgspec.structs.replace(
        _refused(account, claimed.delivery, code=why.code or "refused", reason=reason),
        fields=why.fields,
        event_id=why.event_id,
        delivery=claimed.id,
    )
    await inbox.keep(db, workspace, refused, new_id=new_id)
    where = ", ".join(why.fields)
    await store.mark_failed(db, workspace, claimed.id, f"{where}: {reason}" if where else reason, events)


def _refused(account: Account, delivery: Delivery, *, code: str, reason: str) -> inbox.Refused:
    return inbox.Refused(
        door=inbox.HOOKS + account.kind,
        code=code,
        reason=reason,
        source=account.source,
        source_id=delivery.key,
        raw=delivery.raw,
        headers=delivery.headers,
        actor=account.actor,
        proves=account.proves,
        account=account.id,
    )


async def list_deliveries(
    db: store.Db, workspace: UUID, states: Sequence[State], account: UUID | None, before: UUID | None, limit: int
) -> list[InboundDelivery]:
    """The newest first; without states, in any."""
    return [_listed(workspace, row) for row in await store.deliveries(db, workspace, states, account, before, limit)]


def _listed(workspace: UUID, row: store.Row) -> InboundDelivery:
    fields = dict(row)
    account = accounts.public_id(workspace, fields.pop("account_id"))
    return InboundDelivery(**fields, account_id=account)
