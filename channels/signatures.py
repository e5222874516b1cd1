"""Did the holder of a secret send these bytes, lately? Standard Webhooks 1.0, symmetric signatures.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets as randomness
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from channels.contract import Unverified
from timeline.interactions import InvalidField

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"
TOLERANCE_SECONDS: Final = 300
MOST_SIGNATURES: Final = 20
MOST_SECRETS: Final = 2
MOST_SECRET_BYTES: Final = 64
LEAST_SECRET_BYTES: Final = 24

_PREFIX: Final = "whsec_"
# Without full stops: in "a.1700000000.{}" they would move the border between id, time and body.
_KEY: Final = re.compile(r"[!-\-/-~]{1,200}")
_SECONDS: Final = re.compile(r"[0-9]{1,12}")


def new_secret() -> str:
    return _PREFIX + base64.b64encode(randomness.token_bytes(32)).decode()


def read_secret(text: str) -> str:
    """A secret of the sender's own choice, as it is kept. Raises `InvalidField`."""
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(_PREFIX) or not LEAST_SECRET_BYTES <= len(key) <= MOST_SECRET_BYTES:
        words = f"expected {_PREFIX} and {LEAST_SECRET_BYTES} to {MOST_SECRET_BYTES} bytes in base64"
        raise InvalidField("secret", words)
    return text


def verify(headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], now: datetime) -> str:
    """The webhook's id, if one of the secrets has signed it, its time and `raw`. Raises `Unverified`.

    It always computes two signatures: nobody learns from the time it takes whether there is such an account."""
    key, seconds = headers.get(ID, ""), headers.get(TIMESTAMP, "")
    signed = b".".join((key.encode(), seconds.encode(), raw))
    given = [part.encode() for part in headers.get(SIGNATURE, "").split(" ")[:MOST_SIGNATURES]]
    expected = [sign(secret, signed) for secret in (*secrets, _NOBODYS, _NOBODYS)[:MOST_SECRETS]][: len(secrets)]
    holds = [hmac.compare_digest(ours, theirs) for ours in expected for theirs in given]
    if not _KEY.fullmatch(key):
        raise Unverified(f"{ID} is missing, given twice, or not 1 to 200 characters of ASCII without full stops")
    if not _SECONDS.fullmatch(seconds):
        raise Unverified(f"{TIMESTAMP} is missing, given twice, or not whole seconds")
    if abs(int(seconds) - now.timestamp()) > TOLERANCE_SECONDS:
        raise Unverified(f"{TIMESTAMP} is more than {TOLERANCE_SECONDS} seconds from our clock")
    if not any(holds):
        raise Unverified(f"no {SIGNATURE} over these bytes by this account's secret")
    return key


def sign(secret: str, signed: bytes) -> bytes:
    """One signature as it stands in the header."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    return b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))


_NOBODYS: Final = new_secret()
