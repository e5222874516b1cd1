"""What stands in place of a name that an erasure took away: the same for the same name, and nobody reads it back.

A redelivery is recognised by it. Whoever has the database alone cannot try names out: the key comes from the
installation's secret.
"""

import hashlib
import hmac
import re
from typing import Final
from uuid import UUID

import msgspec

PREFIX: Final = "erased:"
_BLOCK: Final = 64
_SHAPE: Final = re.compile(PREFIX + "[0-9a-f]{64}")


class Pseudonyms(msgspec.Struct, frozen=True, kw_only=True):
    """Keyed hashes (HMAC-SHA256) with the workspace in the message; the database's `pseudonym` makes the same."""

    key: bytes

    def __repr__(self) -> str:
        return "Pseudonyms()"

    @property
    def blocks(self) -> list[bytes]:
        """The inner and the outer key block: with them HMAC is two plain SHA-256, which PostgreSQL has."""
        padded = self.key.ljust(_BLOCK, b"\0")
        return [bytes(byte ^ mask for byte in padded) for mask in (0x36, 0x5C)]

    def of_item(self, workspace: UUID, source: str, source_id: str) -> str:
        """What an erased item of this name bears as its source id."""
        return self._of(workspace, "source_id", f"{source}\n{source_id}")

    def of_delivery(self, workspace: UUID, account: UUID, key: str) -> str:
        """What an archived delivery of this key bears as its key once what came by it was erased."""
        return self._of(workspace, "delivery_key", f"{account}\n{key}")

    def of_digest(self, workspace: UUID, digest: bytes) -> bytes:
        """What stands in place of a payload's digest: the bare one would tell who guesses the payload."""
        return bytes.fromhex(self._of(workspace, "digest", digest.hex()).removeprefix(PREFIX))

    def of_request(self, workspace: UUID, key: str) -> str:
        """What a kept answer that named an erased person bears as its Idempotency-Key."""
        return self._of(workspace, "request", key)

    def of_workspace(self, workspace: UUID) -> bytes:
        """What the blocking keys and counted values of a workspace are hashed with."""
        return bytes.fromhex(self._of(workspace, "workspace", "").removeprefix(PREFIX))

    def _of(self, workspace: UUID, field: str, name: str) -> str:
        said = b"\0".join((str(workspace).encode(), field.encode(), name.encode()))
        return PREFIX + hmac.digest(self.key, said, "sha256").hex()


def is_pseudonym(text: str) -> bool:
    """Whether this is what stands in place of a name that was erased."""
    return _SHAPE.fullmatch(text) is not None


def pseudonyms(secret: str) -> Pseudonyms:
    """Those of an installation. Another secret makes others: what was erased before is then not recognised."""
    return Pseudonyms(key=hmac.digest(secret.encode(), b"throughline erased names", hashlib.sha256))
