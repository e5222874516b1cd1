"""Secrets at rest: sealed with AES-SIV under a key derived from the installation's secret.

What is sealed is bound to its place (workspace, account): moved to another row it does not open.
"""

from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_LIST: Final = msgspec.json.Decoder(list[str])


class DoesNotOpen(Exception):
    """It was sealed under another secret of the installation, in another place, or it was changed."""


class Vault:
    """Seals and opens; `place` says where the sealed bytes belong. `nobodys` is sealed, opens, and means nothing."""

    def __init__(self, secret: str) -> None:
        derived = HKDF(algorithm=SHA256(), length=64, salt=None, info=b"throughline vault").derive(secret.encode())
        self._siv = AESSIV(derived)
        self.nobodys = self.seal(bytes(50))

    def seal(self, plain: bytes, *place: bytes) -> bytes:
        return self._siv.encrypt(plain, list(place))

    def open(self, sealed: bytes, *place: bytes) -> bytes:
        """Raises `DoesNotOpen`."""
        try:
            return self._siv.decrypt(sealed, list(place))
        except (InvalidTag, ValueError):
            raise DoesNotOpen from None

    def seal_secrets(self, secrets: list[str], *place: bytes) -> bytes:
        return self.seal(msgspec.json.encode(secrets), *place)

    def open_secrets(self, sealed: bytes, *place: bytes) -> list[str]:
        """Raises `DoesNotOpen`."""
        return _LIST.decode(self.open(sealed, *place))
