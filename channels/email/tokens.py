"""Which of our mails is somebody answering? Only we can write a token, and it holds in one account alone.

A token is the sixteen bytes of the outbound mail's id and a MAC over the account and that id, in base32: the local part
of the Message-ID, and, with fewer bits, what stands behind the plus of a reply address. Whose answer it is the token
does not say: the mail that it names knows its recipients.
"""

import base64
import binascii
import hashlib
import hmac
import re
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAC_BYTES: Final = 16
TAG_MAC_BYTES: Final = 14
"""A local part has 64 characters at most (RFC 5321): 48 of them are the tag."""
MOST_TEXT: Final = 1_000

_ID_BYTES: Final = 16
_LOCAL: Final = re.compile(r"<?\s*(?:[^@+<>]*\+)?([a-z2-7]{48}|[a-z2-7]{52})(?:@[^<>]*)?>?", re.IGNORECASE | re.ASCII)


class Tokens:
    """Writes and reads tokens under a key derived from the installation's secret."""

    def __init__(self, secret: str) -> None:
        hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"throughline mail tokens")
        self._key = hkdf.derive(secret.encode())

    def message_id(self, account: UUID, message: UUID, domain: str) -> str:
        """The Message-ID of an outbound mail, without angle brackets: the same for ever."""
        return f"{self._written(account, message, MAC_BYTES)}@{domain}"

    def tag(self, account: UUID, message: UUID) -> str:
        """What stands behind the plus of the address that an outbound mail wants its answers at."""
        return self._written(account, message, TAG_MAC_BYTES)

    def read(self, account: UUID, text: str) -> UUID | None:
        """The outbound mail that a Message-ID, an address or a bare tag names, if this account wrote it. Mail servers
        may change its case."""
        found = _LOCAL.fullmatch(text.strip()) if len(text) <= MOST_TEXT else None
        if found is None:
            return None
        local = found[1].lower()
        try:
            told = base64.b32decode(local.upper() + "=" * (-len(local) % 8))
        except binascii.Error:
            return None
        message = UUID(bytes=told[:_ID_BYTES])
        ours = self._written(account, message, len(told) - _ID_BYTES)
        return message if hmac.compare_digest(ours, local) else None

    def _written(self, account: UUID, message: UUID, length: int) -> str:
        mac = hmac.digest(self._key, account.bytes + message.bytes, hashlib.sha256)[:length]
        return base64.b32encode(message.bytes + mac).decode().rstrip("=").lower()
