"""Cursors and heads as opaque text: sealed with AES-SIV, so that nobody forges one or reads a position out of it.

A token is bound to its workspace and its list; anywhere else it does not open.
"""

import base64
import binascii
import re
import struct
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.errors import bad_request
from timeline.followers import Checkpoint
from timeline.suggestions import Rank
from timeline.threads import Mark

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MARK: Final = struct.Struct(">q16s")
_RANK: Final = struct.Struct(">d16s")
_CHECKPOINT: Final = struct.Struct(">IQQ")
_FOUND: Final = struct.Struct(">qd8s16s")
_TEXT: Final = re.compile(r"[A-Za-z0-9_-]{22,200}")


class FoundAt(msgspec.Struct, frozen=True, kw_only=True):
    """Where a list of what was found goes on: behind this document."""

    at: datetime
    weight: float
    id: str


class Tokens:
    """Seals and opens tokens under a key derived from the installation's secret."""

    def __init__(self, secret: str) -> None:
        derived = HKDF(algorithm=SHA256(), length=64, salt=None, info=b"throughline tokens").derive(secret.encode())
        self._siv = AESSIV(derived)

    def seal_mark(self, workspace: UUID, mark: Mark | None, listed: str = "timeline") -> str | None:
        """The cursor of a list in order of times; `listed` names the list with its filters."""
        if mark is None:
            return None
        at = (mark.shown_at - _EPOCH) // _MICROSECOND
        return self._seal(_MARK.pack(at, mark.event_id.bytes), workspace, listed)

    def open_mark(self, workspace: UUID, text: str, parameter: str, listed: str = "timeline") -> Mark:
        """Raises the 400 that names the parameter."""
        at, event = _MARK.unpack(self._open(text, workspace, listed, parameter, _MARK.size))
        return Mark(shown_at=_EPOCH + at * _MICROSECOND, event_id=UUID(bytes=event))

    def seal_checkpoint(self, workspace: UUID, at: Checkpoint) -> str:
        return self._seal(_CHECKPOINT.pack(at.epoch, at.xid, at.position), workspace, "ledger")

    def open_checkpoint(self, workspace: UUID, text: str, parameter: str) -> Checkpoint:
        """Raises the 400 that names the parameter."""
        opened = self._open(text, workspace, "ledger", parameter, _CHECKPOINT.size)
        epoch, xid, position = _CHECKPOINT.unpack(opened)
        return Checkpoint(epoch=epoch, xid=xid, position=position)

    def seal_id(self, workspace: UUID, listed: str, last: UUID) -> str:
        """The cursor of a list in order of ids; `listed` names the list with its filters."""
        return self._seal(last.bytes, workspace, listed)

    def open_id(self, workspace: UUID, listed: str, text: str, parameter: str = "cursor") -> UUID:
        """Raises the 400 that names the parameter."""
        return UUID(bytes=self._open(text, workspace, listed, parameter, 16))

    def seal_rank(self, workspace: UUID, listed: str, rank: Rank) -> str:
        """The cursor of a list in order of values; `listed` names the list with its filters."""
        return self._seal(_RANK.pack(rank.value, rank.id.bytes), workspace, listed)

    def open_rank(self, workspace: UUID, listed: str, text: str, parameter: str = "cursor") -> Rank:
        """Raises the 400 that names the parameter."""
        value, last = _RANK.unpack(self._open(text, workspace, listed, parameter, _RANK.size))
        return Rank(value=value, id=UUID(bytes=last))

    def seal_found(self, workspace: UUID, listed: str, last: FoundAt) -> str:
        """The cursor of a list of what was found; `listed` names the question with its filters."""
        kind, _, number = last.id.partition("-")
        at = (last.at - _EPOCH) // _MICROSECOND
        plain = _FOUND.pack(at, last.weight, kind.encode(), UUID(number).bytes)
        return self._seal(plain, workspace, listed)

    def open_found(self, workspace: UUID, listed: str, text: str, parameter: str = "cursor") -> FoundAt:
        """Raises the 400 that names the parameter."""
        at, weight, kind, number = _FOUND.unpack(self._open(text, workspace, listed, parameter, _FOUND.size))
        name = f"{kind.rstrip(bytes(1)).decode()}-{UUID(bytes=number).hex}"
        return FoundAt(at=_EPOCH + at * _MICROSECOND, weight=weight, id=name)

    def _seal(self, plain: bytes, workspace: UUID, listed: str) -> str:
        sealed = self._siv.encrypt(plain, [workspace.bytes, listed.encode()])
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def _open(self, text: str, workspace: UUID, listed: str, parameter: str, size: int) -> bytes:
        if _TEXT.fullmatch(text):
            try:
                sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
                plain = self._siv.decrypt(sealed, [workspace.bytes, listed.encode()])
            except (InvalidTag, binascii.Error, ValueError):
                pass
            else:
                if len(plain) == size and self._canonical(text, sealed):
                    return plain
        raise bad_request(parameter, "this is no cursor of this list")

    def _canonical(self, text: str, sealed: bytes) -> bool:
        """base64 has several spellings of the same bytes; only ours is taken."""
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=") == text
