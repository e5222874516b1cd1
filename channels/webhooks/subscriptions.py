"""Webhooks as a workspace keeps them: made with a secret that is shown once, changed, given a new secret, deleted."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import msgspec

from channels import signatures
from channels.vault import DoesNotOpen, Vault
from channels.webhooks import kinds, store
from identity.claims import lock_key
from identity.customers import WorkspaceId
from identity.errors import Impossible, NotFound
from timeline import followers
from timeline.interactions import check_name

MOST_WEBHOOKS: Final = 50
OVERLAP: Final = timedelta(hours=24)
_SHOWN: Final = 4

Content = Literal["ids", "item"]


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook as it is shown: never its secrets, of which only `hint`, the newest one's last characters, is kept.
    `reason` says why it was disabled where no person did it; `failures` are attempts since the last that arrived."""

    id: UUID
    url: str
    events: list[str]
    content: Content
    description: str
    enabled: bool
    reason: str | None
    hint: str
    overlap_until: datetime | None
    failures: int
    failing_since: datetime | None
    paused_until: datetime | None
    delivered_at: datetime | None
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str


class NewWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """What a webhook is made from; its address was checked."""

    url: str
    events: Sequence[str]
    content: Content = "ids"
    description: str = ""
    enabled: bool = True


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is None stays as it is."""

    url: str | None = None
    events: Sequence[str] | None = None
    content: Content | None = None
    description: str | None = None
    enabled: bool | None = None


class WithSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook with its newest secret, which nobody can show again."""

    webhook: Webhook
    secret: str


async def make(
    db: store.Db, workspace: UUID, new: NewWebhook, vault: Vault, *, by: str, new_id: Callable[[], UUID]
) -> WithSecret:
    """It gets what is recorded from its commit on. Raises `InvalidField`, and `Impossible` where there are too many."""
    events = kinds.read_patterns(new.events)
    _check_description(new.description)
    await store.lock(db, lock_key(WorkspaceId(workspace), "webhooks"))
    if await store.count(db, workspace) >= MOST_WEBHOOKS:
        raise Impossible("url", f"a workspace has at most {MOST_WEBHOOKS} webhooks")
    secret, webhook = signatures.new_secret(), new_id()
    row = await store.add(
        db,
        workspace,
        webhook,
        url=new.url,
        events=events,
        content=new.content,
        description=new.description,
        enabled=new.enabled,
        secrets=vault.seal_secrets([secret], *_place(workspace, webhook)),
        hint=secret[-_SHOWN:],
        since=await _here(db, workspace),
        by=by,
    )
    return WithSecret(webhook=_shown(row), secret=secret)


async def list_webhooks(db: store.Db, workspace: UUID, after: UUID | None, limit: int) -> list[Webhook]:
    """In the order in which they were made, disabled ones too."""
    return [_shown(row) for row in await store.webhooks(db, workspace, after, limit)]


async def show(db: store.Db, workspace: UUID, webhook: UUID) -> Webhook:
    """Raises `NotFound`."""
    row = await store.webhook(db, workspace, webhook)
    if row is None:
        raise NotFound
    return _shown(row)


async def change(db: store.Db, workspace: UUID, webhook: UUID, changes: Changes, *, by: str) -> Webhook:
    """Enabled again, it gets what is recorded from then on, and what still waits. Raises `NotFound`, `InvalidField`."""
    if changes.description is not None:
        _check_description(changes.description)
    row = await store.change(
        db,
        workspace,
        webhook,
        url=changes.url,
        events=None if changes.events is None else kinds.read_patterns(changes.events),
        content=changes.content,
        description=changes.description,
        enabled=changes.enabled,
        since=await _here(db, workspace),
        by=by,
    )
    if row is None:
        raise NotFound
    return _shown(row)


async def rotate(
    db: store.Db,
    workspace: UUID,
    webhook: UUID,
    vault: Vault,
    *,
    overlap: timedelta = OVERLAP,
    by: str,
    now: datetime,
) -> WithSecret:
    """A new secret; until the overlap is over everything is signed with the one before as well, any older one ends.

    Raises `NotFound`."""
    row = await store.webhook(db, workspace, webhook, alone=True)
    if row is None:
        raise NotFound
    place = _place(workspace, webhook)
    newest, before = signatures.new_secret(), _newest(vault, row["secrets"], place) if overlap else []
    changed = await store.set_secrets(
        db,
        workspace,
        webhook,
        secrets=vault.seal_secrets([newest, *before], *place),
        hint=newest[-_SHOWN:],
        overlap_until=now + overlap if before else None,
        by=by,
    )
    return WithSecret(webhook=_shown(changed), secret=newest)


async def delete(db: store.Db, workspace: UUID, webhook: UUID) -> Webhook:
    """From the commit on nothing is sent. Raises `NotFound`."""
    row = await store.remove(db, workspace, webhook)
    if row is None:
        raise NotFound
    return _shown(row)


def secrets_now(row: store.Row, workspace: UUID, vault: Vault, now: datetime) -> list[str]:
    """What is signed with now, the newest first. Raises `DoesNotOpen`."""
    both = row["overlap_until"] is not None and row["overlap_until"] > now
    return vault.open_secrets(row["secrets"], *_place(workspace, row["id"]))[: 2 if both else 1]


def _newest(vault: Vault, sealed: bytes, place: tuple[bytes, bytes, bytes]) -> list[str]:
    """None where the installation's own secret has changed since."""
    try:
        return vault.open_secrets(sealed, *place)[:1]
    except DoesNotOpen:
        return []


async def _here(db: store.Db, workspace: UUID) -> tuple[int, int]:
    """Where the ledger stands: everything that is committed from now on lies behind it."""
    head = await followers.head(db, WorkspaceId(workspace))
    return head.epoch, head.xid


def _check_description(text: str) -> None:
    if text:
        check_name("description", text)


def _place(workspace: UUID, webhook: UUID) -> tuple[bytes, bytes, bytes]:
    return b"webhook", workspace.bytes, webhook.bytes


def _shown(row: store.Row) -> Webhook:
    return Webhook(**{name: row[name] for name in Webhook.__struct_fields__})
