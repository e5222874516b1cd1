"""Who is calling: API keys, their text, and the callers that this process has seen lately.

Only the hash of a key is kept. A caller is remembered for half a minute; that its key still holds is asked in the
opening round trip of every transaction (`app.db`), so a revoked key is gone with the next request.
"""

import base64
import hashlib
import re
import secrets
import time
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from app import store
from app.access import Caller, Role
from app.db import Database, Db, new_id
from app.errors import unauthorized
from identity import policies
from identity.customers import WorkspaceId
from identity.errors import Impossible, NotFound
from timeline.interactions import CHANNELS
from timeline.pseudonyms import Pseudonyms
from timeline.threads import Workspace
from timeline.tickets import views

KINDS: Final = ("email", "phone", "account", "external", "handle", "visitor")
DEFAULT_RATE: Final = 200
REMEMBERED_SECONDS: Final = 30.0
MOST_REMEMBERED: Final = 10_000
USED_EVERY: Final = timedelta(minutes=1)

_TEXT: Final = re.compile(r"tl_([0-9a-f]{32})_([a-z2-7]{52})")


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is shown: never its text, of which only `hint`, the last four characters, is kept. `agent_id` is
    whose it is; null: a program's."""

    id: UUID
    name: str
    role: str
    agent_id: UUID | None
    hint: str
    proves: list[str]
    rate: int
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class MadeKey(msgspec.Struct, frozen=True, kw_only=True):
    """A new key with its text, which nobody can show again."""

    text: str
    key: ApiKey


async def make_key(
    db: Db,
    workspace: UUID,
    *,
    name: str,
    role: Role,
    proves: list[str] | None = None,
    rate: int = DEFAULT_RATE,
    expires_at: datetime | None = None,
    created_by: str,
    agent: UUID | None = None,
) -> MadeKey:
    """Write a new key. `proves=None` means every kind; a rate of 0 is no limit; what an agent's key does the agent
    did. Raises `NotFound` for who is no agent here, `Impossible` for who works no more."""
    if agent is not None:
        known = await views.agents(db, WorkspaceId(workspace), [agent])
        if agent not in known:
            raise NotFound
        if not known[agent]:
            raise Impossible("agent_id", "expected the id of an agent who works here")
    text = key_text(workspace)
    row = await store.add_key(
        db,
        workspace,
        new_id(),
        name=name,
        role=role,
        digest=hash_key(text),
        hint=text[-4:],
        proves=sorted(set(KINDS if proves is None else proves)),
        rate=rate,
        expires_at=expires_at,
        created_by=created_by,
        agent=agent,
    )
    return MadeKey(text=text, key=api_key(row))


def key_text(workspace: UUID) -> str:
    """A new secret, and whose it is."""
    secret = base64.b32encode(secrets.token_bytes(32)).decode().rstrip("=").lower()
    return f"tl_{workspace.hex}_{secret}"


async def read_keys(db: Db, workspace: UUID, after: UUID | None, limit: int) -> list[ApiKey]:
    """Keys in order of id, revoked ones too."""
    return [api_key(row) for row in await store.keys(db, workspace, after, limit)]


async def read_key(db: Db, workspace: UUID, key: UUID) -> ApiKey | None:
    row = await store.key(db, workspace, key)
    return api_key(row) if row else None


async def revoke_key(db: Db, workspace: UUID, key: UUID) -> ApiKey | None:
    """From the commit on the key does not hold; None where there is no such key."""
    row = await store.revoke_key(db, workspace, key)
    return api_key(row) if row else None


def api_key(row: store.Row) -> ApiKey:
    return ApiKey(**dict(row))


def hash_key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


async def read_workspace(db: Db, workspace: UUID, pseudonyms: Pseudonyms) -> Workspace | None:
    """The facts of a workspace that resolving needs too, in a transaction of that workspace."""
    row = await store.workspace(db, workspace)
    if row is None:
        return None
    policy = await policies.in_force(db, WorkspaceId(workspace))
    return msgspec.structs.replace(workspace_of(row, workspace, pseudonyms), identity=policy)


def workspace_of(row: Any, workspace: UUID, pseudonyms: Pseudonyms) -> Workspace:
    """The facts of a workspace's row that reading and writing threads depend on, under the standard policy of
    identity."""
    return Workspace(
        id=WorkspaceId(workspace),
        slug=row["slug"],
        region=row["region"],
        channels=frozenset(CHANNELS) | frozenset(row["channels"]),
        pseudonyms=pseudonyms,
    )


class Doorkeeper:
    """Turns an Authorization header into a caller, and notes when keys were used."""

    def __init__(self, database: Database, pseudonyms: Pseudonyms) -> None:
        self._database = database
        self._pseudonyms = pseudonyms
        self._callers: OrderedDict[str, tuple[float, Caller]] = OrderedDict()
        self._used: dict[UUID, dict[UUID, datetime]] = {}
        self._noted: dict[UUID, float] = {}

    async def admit(self, header: str | None) -> Caller:
        """The caller behind a bearer key. Raises the 401. The key's standing is asked by the transaction."""
        scheme, _, text = (header or "").partition(" ")
        caller = await self._admit(text) if scheme.lower() == "bearer" else None
        if caller is None or caller.session:
            raise unauthorized()
        return caller

    async def admit_session(self, cookie: str | None) -> Caller:
        """The agent behind a browser's session. Raises the 401."""
        caller = await self._admit(cookie or "")
        if not caller.session:
            raise unauthorized()
        return caller

    async def _admit(self, text: str) -> Caller:
        now = time.monotonic()
        known = self._callers.get(text)
        if known is None or known[0] < now:
            caller = await self._look_up(text)
            self._remember(text, caller, now)
        else:
            caller = known[1]
        if self._noted.get(caller.key, 0.0) < now:
            self._note(caller, now)
        return caller

    def forget(self, key: UUID) -> None:
        """The key does not hold any more."""
        for text in [text for text, (_, caller) in self._callers.items() if caller.key == key]:
            del self._callers[text]

    def forget_workspace(self, workspace: UUID) -> None:
        """Something about the workspace has changed."""
        for text in [text for text, (_, caller) in self._callers.items() if caller.workspace.id == workspace]:
            del self._callers[text]

    async def write_uses(self) -> None:
        """Write when keys were used since the last call, one short transaction a workspace."""
        for workspace, used in list(self._used.items()):

            async def write(db: Db, workspace: UUID = workspace, used: dict[UUID, datetime] = used) -> None:
                await store.touch_keys(db, workspace, used)

            await self._database.write(workspace, write)
            self._used.pop(workspace, None)

    async def _look_up(self, text: str) -> Caller:
        match = _TEXT.fullmatch(text)
        if match is None:
            raise unauthorized()
        workspace = UUID(hex=match[1])
        async with self._database.read(workspace) as db:
            row = await store.key_with_workspace(db, workspace, hash_key(text))
            policy = await policies.in_force(db, WorkspaceId(workspace))
        if row is None:
            raise unauthorized()
        return Caller(
            workspace=msgspec.structs.replace(workspace_of(row, workspace, self._pseudonyms), identity=policy),
            key=UUID(bytes=row["id"].bytes),
            role=row["role"],
            agent=row["agent_id"] and UUID(bytes=row["agent_id"].bytes),
            proves=frozenset(row["proves"]),
            rate=row["rate"],
            session=row["session"],
        )

    def _remember(self, text: str, caller: Caller, now: float) -> None:
        self._callers[text] = (now + REMEMBERED_SECONDS, caller)
        self._callers.move_to_end(text)
        while len(self._callers) > MOST_REMEMBERED:
            self._callers.popitem(last=False)

    def _note(self, caller: Caller, now: float) -> None:
        self._noted[caller.key] = now + USED_EVERY.total_seconds()
        self._used.setdefault(caller.workspace.id, {})[caller.key] = datetime.now(UTC)
