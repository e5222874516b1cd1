"""What stands in place of a name that an erasure took away: the same for the same name, and nobody reads it back.

A redelivery is recognised by it. Whoever has the database alone cannot try names out: the key comes from the
installation's secret.
"""

import hashlib
import hmac
from typing import Final

import msgspec

from identity.customers import WorkspaceId

PREFIX: Final = "erased:"
_BLOCK: Final = 64


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

    def of_item(self, workspace: WorkspaceId, source: str, source_id: str) -> str:
        """What an erased item of this name bears as its source id."""
        return self._of(workspace, "source_id", f"{source}\n{source_id}")

    def _of(self, workspace: WorkspaceId, field: str, name: str) -> str:
        said = b"\0".join((str(workspace).encode(), field.encode(), name.encode()))
        return PREFIX + hmac.digest(self.key, said, "sha256").hex()


def pseudonyms(secret: str) -> Pseudonyms:
    """Those of an installation. Another secret makes others: what was erased before is then not recognised."""
    return Pseudonyms(key=hmac.digest(secret.encode(), b"throughline erased names", hashlib.sha256))
