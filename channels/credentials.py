"""What a channel account signs in with, and how its settings change: passwords go in and are never shown again."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from channels import accounts, mailbox_store, store
from channels.accounts import ChannelAccount
from channels.registry import kind_of, read_settings
from channels.vault import Vault
from identity.claims import lock_key
from identity.customers import WorkspaceId
from identity.errors import Impossible
from timeline.interactions import InvalidField, check_name

EMAIL: Final = "email"
"""The kind of channel whose accounts are mailboxes."""
Door = Literal["imap", "smtp"]
DOORS: Final[tuple[Door, ...]] = ("imap", "smtp")
LONGEST: Final = 1_000
ANOTHER_SERVER: Final = "{door}.host is another server: say its password too, the one that is known was for the other"


class PasswordSet(msgspec.Struct, frozen=True, kw_only=True):
    """That there is a password, and since when."""

    door: str
    set_at: datetime
    set_by: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be another: `settings` is merged into those that there are (null takes one away), `passwords` likewise
    by door."""

    name: str | None = None
    settings: dict[str, Any] = {}
    proves: Sequence[str] | None = None
    rate: int | None = None
    passwords: Mapping[str, str | None] = {}


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """One change of an account as its history shows it; `passwords` names those that were set or taken away."""

    id: UUID
    before: msgspec.Raw
    after: msgspec.Raw
    passwords: list[str]
    changed_at: datetime
    changed_by: str


def check_passwords(kind: str, passwords: Mapping[str, str | None]) -> None:
    """Raises `InvalidField`; its words never hold what was said."""
    for door, text in passwords.items():
        field = f"credentials.{door}"
        if door not in DOORS or kind != EMAIL:
            raise InvalidField(field, f"only accounts of the kind {EMAIL} have them, for {' and '.join(DOORS)}")
        if text is not None and not (0 < len(text) <= LONGEST and "\0" not in text and text.isprintable()):
            raise InvalidField(field, f"expected 1 to {LONGEST} printable characters on one line")


async def set_passwords(
    db: store.Db, workspace: UUID, account: UUID, passwords: Mapping[str, str | None], vault: Vault, *, by: str
) -> None:
    """Each sealed for its account and door alone; None takes one away. Check them first."""
    for door, text in passwords.items():
        if text is None:
            await mailbox_store.drop_password(db, workspace, account, door)
        else:
            sealed = vault.seal(text.encode(), *_place(workspace, account, door))
            await mailbox_store.set_password(db, workspace, account, door, sealed, by)


async def open_password(db: store.Db, workspace: UUID, account: UUID, door: Door, vault: Vault) -> str | None:
    """For signing in, and for nothing else. Raises `DoesNotOpen`."""
    sealed = await mailbox_store.password(db, workspace, account, door)
    return None if sealed is None else vault.open(sealed, *_place(workspace, account, door)).decode()


async def list_passwords(db: store.Db, workspace: UUID, account: UUID) -> list[PasswordSet]:
    return [PasswordSet(**dict(row)) for row in await mailbox_store.passwords(db, workspace, account)]


async def change_account(
    db: store.Db,
    workspace: UUID,
    account: UUID,
    change: Change,
    vault: Vault,
    *,
    by: str,
    new_id: Callable[[], UUID],
) -> ChannelAccount:
    """Change it and keep what it was.

    Raises `NotFound`, `InvalidField`, and `Impossible` for a disabled account or a server without its password."""
    await store.lock(db, lock_key(WorkspaceId(workspace), "channel account", str(account)))
    before = await accounts.show_account(db, workspace, account)
    if before.disabled_at is not None:
        raise Impossible("id", "this account was disabled")
    name = before.name if change.name is None else change.name
    check_name("name", name)
    said = merge(msgspec.json.decode(before.settings), change.settings)
    settings = msgspec.json.encode(read_settings(kind_of(before.kind), said))
    check_passwords(before.kind, change.passwords)
    passwords = {**await _left_behind(db, workspace, account, before.settings, settings, change), **change.passwords}
    proves = before.proves if change.proves is None else sorted(set(change.proves))
    rate = before.rate if change.rate is None else change.rate
    await mailbox_store.change_account(db, workspace, account, name, settings, proves, rate)
    await set_passwords(db, workspace, account, passwords, vault, by=by)
    await mailbox_store.forget_faults(db, workspace, account)
    after = await accounts.show_account(db, workspace, account)
    was, became = _kept(before), _kept(after)
    if was != became or passwords:
        await mailbox_store.add_change(db, workspace, new_id(), account, was, became, sorted(passwords), by)
    return after


async def _left_behind(
    db: store.Db, workspace: UUID, account: UUID, before: bytes, after: bytes, change: Change
) -> dict[str, str | None]:
    """The passwords that end with their servers. One is for the server that it was given for and for no other: who may
    say where mail goes out may not learn it so. Raises `Impossible`."""
    was, becomes = msgspec.json.decode(before), msgspec.json.decode(after)
    gone: dict[str, str | None] = {}
    for one in await list_passwords(db, workspace, account):
        old, new = (settings.get(one.door) or {} for settings in (was, becomes))
        if one.door in change.passwords or old.get("host") == new.get("host"):
            continue
        if new:
            raise Impossible(f"credentials.{one.door}", ANOTHER_SERVER.format(door=one.door))
        gone[one.door] = None
    return gone


async def list_changes(db: store.Db, workspace: UUID, account: UUID, before: UUID | None, limit: int) -> list[Changed]:
    """The newest first. Raises `NotFound`."""
    await accounts.show_account(db, workspace, account)
    rows = await mailbox_store.changes(db, workspace, account, before, limit)
    return [_changed(row) for row in rows]


def _changed(row: store.Row) -> Changed:
    fields: dict[str, Any] = dict(row)
    for name in ("before", "after"):
        text = fields[name]
        fields[name] = msgspec.Raw(text.encode() if isinstance(text, str) else text)
    return Changed(**fields)


def merge(before: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7396): null takes a member away, objects are merged, all else is replaced."""
    if not isinstance(patch, dict):
        return patch
    done: dict[str, Any] = dict(before) if isinstance(before, dict) else {}
    for name, value in patch.items():
        if value is None:
            done.pop(name, None)
        else:
            done[name] = merge(done.get(name), value)
    return done


def _kept(account: ChannelAccount) -> bytes:
    said = {name: getattr(account, name) for name in ("name", "settings", "proves", "rate")}
    return msgspec.json.encode({**said, "settings": msgspec.json.decode(account.settings)}, order="sorted")


def _place(workspace: UUID, account: UUID, door: str) -> tuple[bytes, ...]:
    return b"mailbox password", workspace.bytes, account.bytes, door.encode()
