"""The link by which a customer says whether a resolution is one: which ticket, which resolution, until when, signed.

It opens nothing else. Whoever holds it may say yes or no once: either ends the resolution that it names."""

import base64
import binascii
import hmac
import re
import struct
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from identity.customers import WorkspaceId
from identity.errors import NotFound
from timeline.tickets.ticket import TicketId

GOOD_FOR: Final = timedelta(days=30)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_BODY: Final = struct.Struct(">16s16sqq")
_MAC: Final = 32
_TEXT: Final = re.compile(r"[A-Za-z0-9_-]{107}")


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """What a link names."""

    workspace: WorkspaceId
    ticket: TicketId
    resolved_at: datetime
    expires_at: datetime


def seal(secret: str, link: Confirmation) -> str:
    times = ((at - _EPOCH) // _MICROSECOND for at in (link.resolved_at, link.expires_at))
    body = _BODY.pack(link.workspace.bytes, link.ticket.bytes, *times)
    return _encoded(body + _mac(secret, body))


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def open_link(secret: str, text: str, now: datetime) -> Confirmation:
    """Raises `NotFound` for whatever we did not sign, and for what is past its time."""
    if not _TEXT.fullmatch(text):
        raise NotFound
    try:
        raw = base64.b64decode(text + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise NotFound from None
    body, mac = raw[:-_MAC], raw[-_MAC:]
    if _encoded(raw) != text or not hmac.compare_digest(mac, _mac(secret, body)):
        raise NotFound
    workspace, ticket, resolved, expires = _BODY.unpack(body)
    link = Confirmation(
        workspace=WorkspaceId(UUID(bytes=workspace)),
        ticket=TicketId(UUID(bytes=ticket)),
        resolved_at=_EPOCH + resolved * _MICROSECOND,
        expires_at=_EPOCH + expires * _MICROSECOND,
    )
    if link.expires_at <= now:
        raise NotFound
    return link


def _mac(secret: str, body: bytes) -> bytes:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"throughline confirmations").derive(secret.encode())
    return hmac.digest(key, body, "sha256")
