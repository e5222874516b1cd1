"""What the next page says of a decision that was just made: once, on that page alone, to the session that made it."""

import hashlib
import hmac
from typing import Final
from uuid import UUID

import msgspec

COOKIE: Final = "tl_decided"
SECONDS: Final = 120
"""In which the page must be asked for."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A decision; `asks_on` where it answered one question of many."""

    decision: UUID
    asks_on: bool = False


def cookie(key: bytes, session: UUID, path: str, told: Told) -> str:
    """What makes the page at `path` say it; `key` is the one that forms' tokens are made with."""
    text = f"{told.decision.hex}-{int(told.asks_on)}"
    return _cookie(path, f"{text}-{_seal(key, session, path, text)}", SECONDS)


def read(key: bytes, session: UUID, path: str, sent: str | None) -> Told | None:
    """What a browser was told to say there; nothing for what is none of ours."""
    text, _sign, seal = (sent or "").rpartition("-")
    if not hmac.compare_digest(_seal(key, session, path, text).encode(), seal.encode()):
        return None
    decision, _sign, asks_on = text.partition("-")
    return Told(decision=UUID(hex=decision), asks_on=asks_on == "1")


def used_up(path: str) -> str:
    return _cookie(path, "", 0)


def _seal(key: bytes, session: UUID, path: str, text: str) -> str:
    said = "\n".join((COOKIE, str(session), path, text))
    return hmac.new(key, said.encode(), hashlib.sha256).hexdigest()


def _cookie(path: str, text: str, seconds: int) -> str:
    return f"{COOKIE}={text}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax"
