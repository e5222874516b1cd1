"""Who an agent is: passwords, links that set one, how often may be tried, and the sessions of browsers.

A session is a key of its agent's that only a cookie carries: it ends as keys end, with the next request.
"""

import asyncio
import base64
import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app import sign_in_store
from app.auth import hash_key, key_text
from app.db import Db
from identity.errors import NotFound
from timeline.interactions import InvalidField

Purpose = Literal["invitation", "reset"]

SESSION_DAYS: Final = timedelta(days=14)
GOOD_FOR: Final[dict[Purpose, timedelta]] = {"invitation": timedelta(days=7), "reset": timedelta(hours=1)}
SHORTEST: Final = 10
LONGEST: Final = 200
MOST_DEVICE: Final = 200
WINDOW: Final = timedelta(hours=1)
"""Tries in vain are forgotten after so long a silence."""
FREE_TRIES: Final = {"person": 5, "place": 30}
"""In vain before somebody has to wait: for an address from one place, and for whatever addresses from one place."""
FIRST_WAIT: Final = 5.0
LONGEST_WAIT: Final = 900.0

_LINK: Final = re.compile(r"([0-9a-f]{32})-([A-Za-z0-9_-]{43})")
_STRONG: Final = PasswordHasher()
_AT_ONCE: Final = 2
"""Hashes at a time: each takes 64 MB and most of a core."""


class Tries(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of those who try: the hashed names, and how often it was in vain."""

    person: bytes
    place: bytes


class LinkFor(msgspec.Struct, frozen=True, kw_only=True):
    """Whose password a link sets."""

    agent_id: UUID
    email: str
    name: str
    purpose: Purpose


class Hashing:
    """Hashes and verifies passwords in threads, a few at a time."""

    def __init__(self, hasher: PasswordHasher = _STRONG) -> None:
        self._hasher = hasher
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._nobodys = ""

    async def hash(self, password: str) -> str:
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def is_right(self, hashed: str | None, password: str) -> bool:
        """It takes as long for nobody's password (None) as for anybody's."""
        self._nobodys = self._nobodys or await self.hash(secrets.token_hex(16))
        async with self._turns:
            right = await asyncio.to_thread(self._verify, hashed or self._nobodys, password)
        return right and hashed is not None

    def is_outdated(self, hashed: str) -> bool:
        """Whether today's parameters are others."""
        return self._hasher.check_needs_rehash(hashed)

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False


def check_password(password: str, email: str) -> str:
    """Raises `InvalidField`."""
    if len(password) < SHORTEST:
        raise InvalidField("password", f"expected {SHORTEST} characters or more")
    if len(password) > LONGEST:
        raise InvalidField("password", f"expected at most {LONGEST} characters")
    if password.lower() in (email, email.partition("@")[0]) or len(set(password)) < 4:
        raise InvalidField("password", "this is what others would try first")
    return password


def names_of(key: bytes, email: str, place: str) -> Tries:
    """Who tries, hashed: nobody who reads the table learns addresses from it."""
    person = hmac.new(key, f"{email}\n{place}".encode(), hashlib.sha256).digest()
    return Tries(person=person, place=hmac.new(key, f"\n{place}".encode(), hashlib.sha256).digest())


def wait_of(tries: int, free: int, last_at: datetime, now: datetime) -> float:
    """Seconds until the next try: twice as long after each one in vain, a quarter of an hour at most."""
    if tries < free or now - last_at > WINDOW:
        return 0.0
    wait = min(FIRST_WAIT * 2.0 ** min(tries - free, 20), LONGEST_WAIT)
    return max(0.0, wait - (now - last_at).total_seconds())


async def seconds_to_wait(db: Db, workspace: UUID, who: Tries, now: datetime) -> float:
    rows = await sign_in_store.tries(db, workspace, [who.person, who.place])
    free = {who.person: FREE_TRIES["person"], who.place: FREE_TRIES["place"]}
    return max((wait_of(row["tries"], free[row["name"]], row["last_at"], now) for row in rows), default=0.0)


async def was_in_vain(db: Db, workspace: UUID, who: Tries, now: datetime) -> None:
    await sign_in_store.count_try(db, workspace, [who.person, who.place], now, now - WINDOW)


async def open_session(
    db: Db, workspace: UUID, agent: UUID, device: str, *, session: UUID, who: Tries | None, now: datetime
) -> str | None:
    """The text of a new session's cookie; None for who works here no more."""
    text = key_text(workspace)
    if who is not None:
        await sign_in_store.forget_tries(db, workspace, [who.person], now - 2 * WINDOW)
    role = await sign_in_store.add_session(
        db,
        workspace,
        session,
        digest=hash_key(text),
        agent_id=agent,
        device=_said(device),
        until=now + SESSION_DAYS,
    )
    return text if role is not None else None


async def make_link(db: Db, workspace: UUID, agent: UUID, purpose: Purpose, now: datetime) -> str:
    """The last part of a link that sets the agent's password once; links of before hold no more."""
    secret = secrets.token_urlsafe(32)
    await sign_in_store.add_link(db, workspace, agent, purpose, _digest(secret), now, now + GOOD_FOR[purpose])
    return f"{workspace.hex}-{secret}"


def read_link(text: str) -> tuple[UUID, bytes]:
    """The workspace and the digest that a link names. Raises `NotFound`."""
    match = _LINK.fullmatch(text)
    if match is None:
        raise NotFound
    return UUID(hex=match[1]), _digest(match[2])


async def whose_link(db: Db, workspace: UUID, digest: bytes, now: datetime, *, take: bool = False) -> LinkFor:
    """Raises `NotFound` for one that is used, too old, or nobody's."""
    row = await sign_in_store.link(db, workspace, digest, now, take=take)
    if row is None:
        raise NotFound
    return LinkFor(**dict(row))


async def set_password(db: Db, workspace: UUID, agent: UUID, hashed: str, now: datetime) -> None:
    """Whoever was signed in as this agent is so no more."""
    await sign_in_store.set_password(db, workspace, agent, hashed, now)
    await sign_in_store.end_sessions(db, workspace, agent)


def form_key(secret: str) -> bytes:
    """What forms' tokens and hashed names are made with."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"throughline forms").derive(secret.encode())


def csrf_token(secret: bytes, session: UUID) -> str:
    """What a form of this session carries: another site cannot know it."""
    return base64.urlsafe_b64encode(hmac.new(secret, session.bytes, hashlib.sha256).digest()).decode().rstrip("=")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _said(device: str) -> str:
    return "".join(c for c in device if c.isprintable())[:MOST_DEVICE] or "unknown"
