"""The quarantine: what reached us and could not become an event, with its bytes, until a person decides.

The same payload is kept once, however often it comes. Replaying reads a push again with what its key proved then, and
what came through a channel account with its kind's parser of today and what the account proves today.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from channels import accounts, store
from channels.contract import Account, Delivery, Unparseable
from channels.reading import Reread, hand_in
from channels.registry import KINDS
from identity.claims import lock_key
from identity.customers import WorkspaceId
from identity.errors import NotFound
from timeline.errors import ItemRefused
from timeline.events import Actor, EventId
from timeline.intake import Outcome, Sender, receive
from timeline.interactions import Interaction, InvalidField, decode
from timeline.threads import Workspace

State = Literal["waiting", "replayed", "discarded"]
STATES: Final[tuple[State, ...]] = ("waiting", "replayed", "discarded")
PUSHED: Final = "push"
"""The door of interactions that were pushed: their raw bytes are one interaction's JSON."""
HOOKS: Final = "hooks/"
"""The doors of channel accounts begin with it; the account's kind follows."""
NOT_FETCHED: Final = "mailbox"
"""The door of mails that a mail server has and does not hand out: their bytes are at most a header."""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A payload about to be kept, and why."""

    door: str
    code: str
    reason: str
    fields: list[str] = []
    source: str | None = None
    source_id: str | None = None
    event_id: UUID | None = None
    raw: bytes
    actor: Actor
    proves: frozenset[str]
    account: UUID | None = None
    delivery: UUID | None = None
    headers: dict[str, str] = {}

    @property
    def digest(self) -> bytes:
        """What counts as the same payload: its bytes, and at an account's door its key, which names the item."""
        said = b"" if self.account is None else self.account.bytes + (self.source_id or "").encode() + b"\0"
        return hashlib.sha256(said + self.raw).digest()


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One payload in the quarantine. `tries` counts how often it came or was replayed."""

    id: UUID
    door: str
    source: str | None
    source_id: str | None
    event_id: UUID | None
    account_id: str | None
    delivery_id: UUID | None
    code: str
    reason: str
    fields: list[str]
    state: State
    tries: int
    actor: str
    proves: list[str]
    received_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    size: int


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What replaying came to; refused again, the entry goes on waiting."""

    entry: Entry
    outcome: Outcome


async def keep(db: store.Db, workspace: UUID, refused: Refused, *, new_id: Callable[[], UUID]) -> UUID:
    """Keep what was refused, in the transaction that answers. Returns the entry's id."""
    return await store.keep(
        db,
        workspace,
        new_id(),
        door=refused.door,
        source=refused.source,
        source_id=refused.source_id,
        event_id=refused.event_id,
        code=refused.code,
        reason=refused.reason,
        fields=refused.fields,
        raw=refused.raw,
        digest=refused.digest,
        actor=refused.actor,
        proves=sorted(refused.proves),
        account_id=refused.account,
        delivery_id=refused.delivery,
        headers=msgspec.json.encode(refused.headers),
    )


async def list_entries(
    db: store.Db, workspace: UUID, states: Sequence[State], after: UUID | None, limit: int
) -> list[Entry]:
    """Entries in these states, the oldest first."""
    return [_entry(workspace, row) for row in await store.entries(db, workspace, states, after, limit)]


async def show(db: store.Db, workspace: UUID, entry: UUID) -> tuple[Entry, bytes | None]:
    """An entry with its raw bytes (None: discarded). Raises `NotFound`."""
    row = await store.entry(db, workspace, entry)
    if row is None:
        raise NotFound
    return _entry(workspace, row), row["raw"]


async def find_delivery(db: store.Db, workspace: UUID, entry: UUID) -> tuple[Account, Delivery] | None:
    """What a channel account was handed and the quarantine has, with the account that has it now; None of anything
    else. Raises `InvalidField`."""
    row = await store.entry(db, workspace, entry)
    if row is None or row["state"] != "waiting" or not row["door"].startswith(HOOKS):
        return None
    return await accounts.find_account(db, workspace, row["account_id"]), _delivery(row)


async def replay(
    db: store.Db,
    workspace: Workspace,
    entry: UUID,
    *,
    by: Actor,
    new_id: Callable[[], UUID],
    reread: Reread | None = None,
) -> Replayed:
    """Read the payload again and receive it; of several items the first that is refused is the outcome. What its kind
    reads apart has been `reread`.

    Raises `NotFound`, `ItemRefused`, `StartOver`."""
    row = await _waiting(db, workspace.id, entry)
    if reread is None:
        outcomes = await _receive(db, workspace, row, new_id)
    else:
        outcomes = await _receive_reread(db, workspace, reread, new_id)
    refused = next((one for one in outcomes if one.status >= 400), None)
    if refused is not None:
        counted = await store.count_try(db, workspace.id, entry)
        return Replayed(entry=_entry(workspace.id, counted), outcome=refused)
    if row["delivery_id"] is not None:
        events = [(row["delivery_id"], one.event_id) for one in outcomes if one.event_id is not None]
        await store.mark_understood(db, workspace.id, events)
    decided = await store.decide(db, workspace.id, entry, "replayed", by)
    return Replayed(entry=_entry(workspace.id, decided), outcome=outcomes[0])


async def discard(db: store.Db, workspace: UUID, entry: UUID, *, by: Actor) -> Entry:
    """Throw the payload's bytes away; that it was here stays. Raises `NotFound` and `ItemRefused`."""
    await _waiting(db, workspace, entry)
    return _entry(workspace, await store.decide(db, workspace, entry, "discarded", by))


async def came_after_all(db: store.Db, workspace: UUID, entry: UUID, *, by: Actor) -> None:
    """What could not be had is here now."""
    row = await store.entry(db, workspace, entry)
    if row is not None and row["state"] == "waiting":
        await store.decide(db, workspace, entry, "replayed", by)


async def _waiting(db: store.Db, workspace: UUID, entry: UUID) -> store.Row:
    await store.lock(db, lock_key(WorkspaceId(workspace), "quarantine", str(entry)))
    row = await store.entry(db, workspace, entry)
    if row is None:
        raise NotFound
    if row["state"] != "waiting":
        raise ItemRefused("id", f"this entry was {row['state']} before")
    return row


async def _receive(db: store.Db, workspace: Workspace, row: store.Row, new_id: Callable[[], UUID]) -> list[Outcome]:
    try:
        sender, items = await _read(db, workspace, row)
    except (InvalidField, Unparseable) as error:
        return [Outcome(status=400, code="invalid", fields=[error.field], words=error.words)]
    return await receive(db, sender, items, new_id=new_id)


async def _receive_reread(
    db: store.Db, workspace: Workspace, reread: Reread, new_id: Callable[[], UUID]
) -> list[Outcome]:
    if reread.read is None:
        refusal = reread.refusal or Unparseable("", "it could not be read")
        return [Outcome(status=400, code="invalid", fields=[refusal.field], words=refusal.words)]
    account, way = reread.account, reread.way
    placed = await way.place(db, workspace, account, [reread.read])
    outcomes = await hand_in(db, workspace, account, placed, new_id=new_id, way=way)
    done = [Outcome(status=201, event_id=EventId(event)) for one in placed for event in one.events]
    return [*done, *(one for own in outcomes for one in own)]


def _delivery(row: store.Row) -> Delivery:
    headers = msgspec.json.decode(row["headers"], type=dict[str, str])
    return Delivery(key=row["source_id"], raw=row["raw"], headers=headers, received_at=row["received_at"])


async def _read(db: store.Db, workspace: Workspace, row: store.Row) -> tuple[Sender, list[Interaction]]:
    """Who hands it in, and what it says. Raises `InvalidField` and `Unparseable`."""
    if row["door"] == NOT_FETCHED:
        raise Unparseable("", "only the mail server has it: it comes by itself when it can be fetched")
    if not row["door"].startswith(HOOKS):
        sender = Sender(workspace=workspace, actor=row["actor"], proves=frozenset(row["proves"]))
        return sender, [decode(row["raw"], workspace.channels)]
    account = await accounts.find_account(db, workspace.id, row["account_id"])
    delivery = _delivery(row)
    sender = Sender(workspace=workspace, actor=account.actor, proves=account.proves_now)
    try:
        return sender, KINDS[account.kind].parse(delivery, account)
    except Unparseable:
        raise
    except Exception as error:  # a fault of a parser that is still there
        raise Unparseable("", f"it failed with {type(error).__name__}") from error


def _entry(workspace: UUID, row: store.Row) -> Entry:
    fields = {name: row[name] for name in Entry.__struct_fields__ if name != "account_id"}
    account = row["account_id"]
    return Entry(**fields, account_id=None if account is None else accounts.public_id(workspace, account))
