"""The address by which a browser opens a file without a key in its hands: whose it is, which file, and until when.

It opens that one file, as long as the key that it was made with holds and its agent works here.
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

from identity.customers import WorkspaceId
from identity.errors import NotFound

GOOD_FOR: Final = timedelta(minutes=5)
_BODY: Final = struct.Struct(">16s16s16sq")
_TEXT: Final = re.compile(r"[A-Za-z0-9_-]{96}")
_PLACE: Final = [b"file link"]


class FileLink(msgspec.Struct, frozen=True, kw_only=True):
    """What an address opens; `key` is the API key that it was made with."""

    workspace: WorkspaceId
    key: UUID
    file: UUID
    expires_at: datetime


def seal(secret: str, link: FileLink) -> str:
    """As text for a path; nothing can be read out of it."""
    seconds = int(link.expires_at.timestamp())
    plain = _BODY.pack(link.workspace.bytes, link.key.bytes, link.file.bytes, seconds)
    return _encoded(_siv(secret).encrypt(plain, _PLACE))


def open_link(secret: str, text: str, now: datetime) -> FileLink:
    """Raises `NotFound` for whatever we did not seal, and for what is past its time."""
    if not _TEXT.fullmatch(text):
        raise NotFound
    try:
        sealed = base64.urlsafe_b64decode(text)
        workspace, key, file, seconds = _BODY.unpack(_siv(secret).decrypt(sealed, _PLACE))
    except (binascii.Error, ValueError, InvalidTag):
        raise NotFound from None
    link = FileLink(
        workspace=WorkspaceId(UUID(bytes=workspace)),
        key=UUID(bytes=key),
        file=UUID(bytes=file),
        expires_at=datetime.fromtimestamp(seconds, UTC),
    )
    if _encoded(sealed) != text or link.expires_at <= now:
        raise NotFound
    return link


def _siv(secret: str) -> AESSIV:
    return AESSIV(HKDF(algorithm=SHA256(), length=64, salt=None, info=b"throughline files").derive(secret.encode()))


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
