"""Mails signed by a domain of ours, and the records that it publishes."""

import base64
import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, cast

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from channels.email.dns import NotAsked

BODY = b"Where is my order?\r\n\r\nAnn\r\n"


SHORT = b"""\
-----BEGIN RSA PRIVATE KEY-----
MIIBygIBAAJhAO70ZqcVtzYVi5x2w55tk2pNh9Po37tNw3QBMu1dWq1kozfbSdpz
IwRjz4M72A1NBys8O322dUiPMEybRDe5HyXASLLBud6mB0lmktBRs7zYrLlkDycM
0CMJrc5Bq0xIlwIDAQABAmAS1uQNAlJKilJSiK6NnBgGRoyR8YdKLixdxgZs3nJa
v1d6/OgKuA8ntnLS5vH2wn7KMX871KcmXBphIP/WzosVaUEnmaeLn3Oh2gM+wBvi
xtCcQ1EDD3bKItWFsp3NsKECMQD7YcbboWdO/Bzo7A+FiVtja6p14aLMKpXDKXer
saQkkWKmA7PdDBt+pt4T+b+h+KcCMQDzWC4dNSkssU+spUxjZApQT2/4Q8SQ0pSv
ucHGeMojXdzfzbBwRxE2XWDeZHu6PpECMGjyCPLoDxkKZ4dWBaTaEy0OZbuQ10Yl
ASDYzvz+zGf3yhdEtHIz+8aEI3JzcW1NQQIxAJ2GH5PYrea4gRMJjgFo6SRDx/+2
HrCBIK8AWGfaGT/7qtdVlzmXR5UhrWtJMK7HgQIwcUjNLkBrcppR3Ad65F/ZZmKo
OAH4hYWOsD6/c6Ozkk0Ve/K60YXDaI9yScNLsyNO
-----END RSA PRIVATE KEY-----
"""


@cache
def _made(number: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=1024)


def key(number: int = 0, *, short: bool = False) -> tuple[bytes, str]:
    """A private key in PEM, and its record; a short one has 768 bits."""
    if short:
        loaded = serialization.load_pem_private_key(SHORT, None)
        private = cast("rsa.RSAPrivateKey", loaded)
    else:
        private = _made(number)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem, f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"


def plain(sender: str = "Ann <ann@shop.example>", more: str = "", body: bytes = BODY) -> bytes:
    head = f"From: {sender}\r\nTo: desk@desk.example\r\nSubject: My order\r\nMessage-ID: <1@shop.example>\r\n{more}"
    return head.encode() + b"\r\n" + body


def signed(
    raw: bytes,
    domain: str = "shop.example",
    *,
    short: bool = False,
    headers: Sequence[bytes] = (b"from", b"to", b"subject"),
    length: bool = False,
    expires: int | None = None,
) -> bytes:
    """The mail with a signature on top."""
    signer: Any = dkim.DKIM(raw, minkey=512)
    if expires is not None:
        original = signer.gen_header

        def with_expiry(fields: list[tuple[bytes, bytes]], *others: Any, **named: Any) -> bytes:
            return original([*fields[:-1], (b"x", str(expires).encode()), fields[-1]], *others, **named)

        signer.gen_header = with_expiry
    private, ways = key(short=short)[0], (b"relaxed", b"relaxed")
    made = signer.sign(b"s1", domain.encode(), private, canonicalize=ways, include_headers=list(headers), length=length)
    return cast("bytes", made) + raw


class Records:
    """A name server: what it has, and the names at which it is silent."""

    def __init__(self, records: Mapping[str, str], silent: Sequence[str] = ()) -> None:
        self.records = dict(records)
        self.silent = silent
        self.asked: list[str] = []

    async def lookup(self, name: str) -> list[str]:
        self.asked.append(name)
        if name in self.silent:
            raise NotAsked("Timeout")
        return [self.records[name]] if name in self.records else []


def soon() -> int:
    return int(time.time()) + 3600
