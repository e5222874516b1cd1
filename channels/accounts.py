"""Channel accounts: made, shown without their secrets, given a new secret, disabled and enabled, and what is wrong with
one."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from channels import mailbox_store, store
from channels.contract import Account
from channels.registry import KINDS, kind_of, read_settings
from channels.vault import DoesNotOpen, Vault
from identity.claims import lock_key
from identity.customers import DESK_SOURCE, WorkspaceId
from identity.errors import Impossible, NotFound
from timeline.interactions import InvalidField, check_name

DEFAULT_RATE: Final = 200
OVERLAP: Final = timedelta(hours=24)
PATIENCE: Final = timedelta(minutes=1)
FIRST: Final = timedelta(hours=1)
NOTHING_CAME: Final = "Nothing has ever come in: does the sender know its address and its secret?"

_ID: Final = re.compile(r"ch_([0-9a-f]{32})_([0-9a-f]{32})")
_NOBODYS: Final = UUID(int=0)


class ChannelAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it is shown: never its secrets, of which only `hint`, the newest one's last characters, is kept."""

    id: str
    kind: str
    name: str
    source: str
    settings: msgspec.Raw
    proves: list[str]
    rate: int
    hint: str
    overlap_until: datetime | None
    created_at: datetime
    created_by: str
    disabled_at: datetime | None
    disabled_by: str | None


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What an account is made from. Without a source it bears its name; without `proves` it proves what its kind
    does; a sender may bring a secret of its own."""

    kind: str
    name: str
    source: str | None = None
    settings: dict[str, Any] = {}
    proves: Sequence[str] | None = None
    rate: int = DEFAULT_RATE
    secret: str | None = None


class WithSecret(msgspec.Struct, frozen=True, kw_only=True):
    """An account with its newest secret, which nobody can show again."""

    account: ChannelAccount
    secret: str


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """What accepting depends on: the account, how much at once, and the secrets that hold now."""

    account: Account
    rate: int
    secrets: list[str]


def public_id(workspace: UUID, account: UUID) -> str:
    """An account's id as the outside knows it. It says which workspace to look in, as an API key does."""
    return f"ch_{workspace.hex}_{account.hex}"


def read_public_id(text: str) -> tuple[UUID, UUID]:
    """Workspace and account; of a malformed id nobody's."""
    match = _ID.fullmatch(text)
    return (UUID(hex=match[1]), UUID(hex=match[2])) if match else (_NOBODYS, _NOBODYS)


async def make_account(
    db: store.Db, workspace: UUID, new: NewAccount, vault: Vault, *, by: str, new_id: Callable[[], UUID]
) -> WithSecret:
    """Raises `InvalidField`."""
    kind = kind_of(new.kind)
    settings = read_settings(kind, new.settings)
    source = new.name if new.source is None else new.source
    check_name("name", new.name)
    check_name("source", source)
    if source == DESK_SOURCE:
        raise InvalidField("source", f"{DESK_SOURCE!r} is the desk's own")
    secret = kind.new_secret() if new.secret is None else kind.read_secret(new.secret)
    account = new_id()
    row = await store.add_account(
        db,
        workspace,
        account,
        kind=new.kind,
        name=new.name,
        source=source,
        settings=msgspec.json.encode(settings),
        secrets=vault.seal_secrets([secret], *_place(workspace, account)),
        hint=_hint(secret),
        proves=sorted(set(kind.proves if new.proves is None else new.proves)),
        rate=new.rate,
        created_by=by,
    )
    return WithSecret(account=_shown(workspace, row), secret=secret)


async def list_accounts(db: store.Db, workspace: UUID, after: UUID | None, limit: int) -> list[ChannelAccount]:
    """In the order in which they were made, disabled ones too."""
    return [_shown(workspace, row) for row in await store.accounts(db, workspace, after, limit)]


async def show_account(db: store.Db, workspace: UUID, account: UUID) -> ChannelAccount:
    """Raises `NotFound`."""
    return _shown(workspace, await _row(db, workspace, account))


async def disable_account(
    db: store.Db, workspace: UUID, account: UUID, *, by: str, new_id: Callable[[], UUID]
) -> ChannelAccount:
    """From the commit on nothing comes in through it. Raises `NotFound`."""
    return await _switch(db, workspace, account, on=False, by=by, new_id=new_id)


async def enable_account(
    db: store.Db, workspace: UUID, account: UUID, *, by: str, new_id: Callable[[], UUID]
) -> ChannelAccount:
    """Let in and out again what a disabled account let, with the secret and the passwords of before; what failed
    before is forgotten. Raises `NotFound`."""
    return await _switch(db, workspace, account, on=True, by=by, new_id=new_id)


async def _switch(
    db: store.Db, workspace: UUID, account: UUID, *, on: bool, by: str, new_id: Callable[[], UUID]
) -> ChannelAccount:
    """What it was is kept; one that is so already is left alone."""
    await store.lock(db, lock_key(WorkspaceId(workspace), "channel account", str(account)))
    before = await _row(db, workspace, account)
    if (before["disabled_at"] is None) is on:
        return _shown(workspace, before)
    row = await store.switch_account(db, workspace, account, None if on else by)
    if on:
        await mailbox_store.forget_faults(db, workspace, account)
    was, became = (msgspec.json.encode({"disabled": disabled}) for disabled in (on, not on))
    await mailbox_store.add_change(db, workspace, new_id(), account, was, became, (), by)
    return _shown(workspace, row)


async def rotate_secret(
    db: store.Db,
    workspace: UUID,
    account: UUID,
    vault: Vault,
    *,
    secret: str | None = None,
    overlap: timedelta = OVERLAP,
    now: datetime,
) -> WithSecret:
    """A new secret; the one before holds beside it until the overlap is over, any older one ends.

    Raises `NotFound`, `InvalidField`, and `Impossible` for a disabled account."""
    await store.lock(db, lock_key(WorkspaceId(workspace), "channel account", str(account)))
    row = await _row(db, workspace, account)
    if row["disabled_at"] is not None:
        raise Impossible("id", "this account was disabled")
    kind = kind_of(row["kind"])
    newest = kind.new_secret() if secret is None else kind.read_secret(secret)
    before = _newest(vault, workspace, row) if overlap else []
    sealed = vault.seal_secrets([newest, *before], *_place(workspace, account))
    until = now + overlap if before else None
    changed = await store.set_secrets(db, workspace, account, sealed, _hint(newest), until)
    return WithSecret(account=_shown(workspace, changed), secret=newest)


async def find_account(db: store.Db, workspace: UUID, account: UUID) -> Account:
    """The account as reading needs it. Raises `NotFound`, and `InvalidField` for settings no longer understood."""
    return _account(await _row(db, workspace, account))


async def find_door(db: store.Db, workspace: UUID, account: UUID, vault: Vault, now: datetime) -> Door | None:
    """What may come in through an account now; None where there is none, or none any more."""
    row = await store.account(db, workspace, account)
    if row is None or row["disabled_at"] is not None or row["kind"] not in KINDS:
        vault.open(vault.nobodys)  # so that nobody learns from the time it takes whether there is such an account
        return None
    both = row["overlap_until"] is not None and row["overlap_until"] > now
    try:
        secrets = _opened(vault, workspace, row)[: 2 if both else 1]
        return Door(account=_account(row), rate=row["rate"], secrets=secrets)
    except (DoesNotOpen, InvalidField):
        return None


async def find_faults(db: store.Db, workspace: UUID, account: UUID, vault: Vault, now: datetime) -> list[str]:
    """What is wrong with an account, a sentence each. Raises `NotFound`."""
    row = await _row(db, workspace, account)
    found: list[str] = []
    if row["disabled_at"] is not None:
        found.append(f"It was disabled on {row['disabled_at']:%Y-%m-%d %H:%M} UTC: nothing comes in.")
    try:
        _account(row)
    except InvalidField as error:
        found.append(f"Its settings are not understood: {error}.")
    try:
        _opened(vault, workspace, row)
    except DoesNotOpen:
        found.append("Its secret does not open: THROUGHLINE_SECRET has changed. Give it a new secret.")
    standing = await store.standing(db, workspace, account)
    if standing["last"] is None and row["disabled_at"] is None and row["created_at"] < now - FIRST:
        found.append(NOTHING_CAME)
    if standing["oldest"] is not None and standing["oldest"] < now - PATIENCE:
        since = f"{standing['oldest']:%Y-%m-%d %H:%M} UTC"
        found.append(f"{standing['waiting']} wait to be read, the oldest since {since}: does a worker run?")
    if standing["quarantined"]:
        found.append(f"{standing['quarantined']} could not be understood: see the quarantine.")
    return found


async def _row(db: store.Db, workspace: UUID, account: UUID) -> store.Row:
    row = await store.account(db, workspace, account)
    if row is None:
        raise NotFound
    return row


def _account(row: store.Row) -> Account:
    return Account(
        id=UUID(bytes=row["id"].bytes),
        kind=row["kind"],
        source=row["source"],
        settings=read_settings(kind_of(row["kind"]), msgspec.json.decode(row["settings"])),
        proves=frozenset(row["proves"]),
        is_disabled=row["disabled_at"] is not None,
    )


def _shown(workspace: UUID, row: store.Row) -> ChannelAccount:
    shown = {name: row[name] for name in ChannelAccount.__struct_fields__ if name not in ("id", "settings")}
    settings = row["settings"]
    raw = msgspec.Raw(settings.encode() if isinstance(settings, str) else settings)
    return ChannelAccount(id=public_id(workspace, row["id"]), settings=raw, **shown)


def _hint(secret: str) -> str:
    return secret.rstrip("=")[-4:]


def _place(workspace: UUID, account: UUID) -> tuple[bytes, bytes, bytes]:
    return b"channel account", workspace.bytes, account.bytes


def _newest(vault: Vault, workspace: UUID, row: store.Row) -> list[str]:
    """The newest secret; none where the installation's own has changed since."""
    try:
        return _opened(vault, workspace, row)[:1]
    except DoesNotOpen:
        return []


def _opened(vault: Vault, workspace: UUID, row: store.Row) -> list[str]:
    return vault.open_secrets(row["secrets"], *_place(workspace, row["id"]))
