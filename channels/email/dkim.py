"""Has the domain that a mail names as its sender's signed it (DKIM, RFC 6376)? Our own check, where our mail server has
not told.

`find` chooses what is worth checking, `verify` checks it and belongs into a process that can be killed: what it goes
through is the stranger's. Both are pure; between them somebody looks up the keys.
"""

import contextlib
import logging
import re
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, cast

import dkim
import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from channels.email.authentication import is_aligned

MOST_HEAD: Final = 262_144
MOST_BYTES: Final = 20_000_000
MOST_FOUND: Final = 4
MOST_LOOKED_AT: Final = 50
LEAST_KEY_BITS: Final = 1024

Outcome = Literal["good", "bad", "unusable"]
Algorithm = Literal["rsa", "ed25519"]

_END: Final = re.compile(rb"\r?\n\r?\n")
_LONE_CR: Final = re.compile(rb"\r(?!\n)")
_FIELD: Final = re.compile(rb"^([\x21-\x39\x3b-\x7e]+):((?:[^\n]|\n[ \t])*)", re.MULTILINE)
_HOST: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*")
_TAG: Final = re.compile(r"[a-z][a-z0-9_]*", re.IGNORECASE)
_ALGORITHMS: Final[dict[str, Algorithm]] = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}
_SILENT: Final = logging.Logger("dkim", level=logging.CRITICAL + 1)

# Said twice under one signature, the upper one is shown and the lower one is signed.
_SHOWN: Final = frozenset(
    ("from", "subject", "date", "to", "cc", "reply-to", "sender", "message-id", "in-reply-to", "references",
     "mime-version", "content-type", "content-transfer-encoding")
)  # fmt: skip


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """One that may prove the sender: the how-manieth of the mail, and where its key is."""

    index: int
    domain: str
    selector: str
    identity: str
    algorithm: Algorithm = "rsa"

    @property
    def key_name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"


def find(raw: bytes, sender: str, domain: str, now: datetime) -> list[Signature]:
    """The signatures of a From's domain or one above it that sign the whole mail with its From and have not expired;
    `sender` is the From that was read. None where another reader might see another From."""
    fields = _fields(raw)
    senders = [value for name, value in fields if name == "from"]
    if len(senders) != 1 or _skeleton(senders[0]) != _skeleton(sender):
        return []
    counts = {name: sum(1 for other, _ in fields if other == name) for name, _ in fields}
    found: list[Signature] = []
    signed = [value for name, value in fields if name == "dkim-signature"]
    for index, value in enumerate(signed[:MOST_LOOKED_AT]):
        signature = _worth(index, _tags(value), domain, counts, now)
        if signature is not None and len(found) < MOST_FOUND:
            found.append(signature)
    return found


def _fields(raw: bytes) -> list[tuple[str, str]]:
    """The header by field, names in small letters. None of a mail whose header ends nowhere in reach, or where a lone
    CR could be taken for the end of a line."""
    if len(raw) > MOST_BYTES:
        return []
    end = _END.search(raw, 0, MOST_HEAD)
    head = raw[: end.start()] if end else raw
    if len(head) > MOST_HEAD or _LONE_CR.search(head) or b"\0" in head:
        return []
    return [(name.decode().lower(), value.decode("latin-1")) for name, value in _FIELD.findall(head)]


def _skeleton(text: str) -> str:
    """What two ways to decode a header agree on."""
    return "".join(letter for letter in text if "!" <= letter <= "~")


def _tags(text: str) -> dict[str, str]:
    """Empty where it is no list of tags, or one is said twice."""
    tags: dict[str, str] = {}
    for part in text.strip().rstrip(";").split(";"):
        name, _, value = part.partition("=")
        name = name.strip()
        if not _TAG.fullmatch(name) or name in tags:
            return {}
        tags[name] = value.strip()
    return tags


def _worth(index: int, tags: dict[str, str], domain: str, counts: Mapping[str, int], now: datetime) -> Signature | None:
    signer, selector = tags.get("d", "").lower(), tags.get("s", "").lower()
    names = [name.strip().lower() for name in tags.get("h", "").split(":")]
    is_whole = "l" not in tags and "from" in names
    is_signed_once = all(counts.get(name, 0) <= names.count(name) for name in _SHOWN if name in names)
    algorithm = _ALGORITHMS.get(tags.get("a", "").lower())
    if algorithm is None or tags.get("v") != "1":
        return None
    if not (is_whole and is_signed_once and _is_timely(tags, now)):
        return None
    if not (is_aligned(domain, signer) and _HOST.fullmatch(signer) and _HOST.fullmatch(selector)):
        return None
    identity = tags.get("i", f"@{signer}").lower()
    return Signature(index=index, domain=signer, selector=selector, identity=identity, algorithm=algorithm)


def _is_timely(tags: dict[str, str], now: datetime) -> bool:
    expires = tags.get("x")
    return expires is None or (expires.isdecimal() and len(expires) < 13 and int(expires) >= now.timestamp())


def verify(raw: bytes, signatures: Sequence[Signature], keys: Mapping[str, str]) -> list[Outcome]:
    """What each signature comes to with the key record of its name. `bad`: the key is sound and the mail is not what
    was signed; `unusable`: no such key, too short a one, or one that holds for nothing."""
    return [_verified(raw, one, keys.get(one.key_name, "")) for one in signatures]


def _verified(raw: bytes, signature: Signature, record: str) -> Outcome:
    if not _holds(_tags(record), signature):
        return "unusable"
    try:
        if signature.algorithm == "ed25519":
            key = Ed25519PublicKey.from_public_bytes(b64decode(_tags(record)["p"], validate=True))
            return "good" if _check_ed25519(raw, signature.index, key) else "bad"
        bits = _key_of(record)
        if bits is None or bits < LEAST_KEY_BITS:
            return "unusable"
        return "good" if _check(raw, signature.index, record) else "bad"
    except dkim.ValidationError:
        return "bad"
    except Exception:  # noqa: BLE001 - whatever a stranger's bytes do to the library, they prove nothing
        return "unusable"


def _holds(tags: dict[str, str], signature: Signature) -> bool:
    """Whether a key record may be used for mail by this signature (RFC 6376, 3.6.1)."""
    flags = [flag.strip() for flag in tags.get("t", "").split(":")]
    services = [service.strip() for service in tags.get("s", "*").split(":")]
    hashes = [name.strip() for name in tags.get("h", "sha256").split(":")]
    is_exact = signature.identity.rpartition("@")[2] == signature.domain
    return (
        bool(tags.get("p"))
        and tags.get("v", "DKIM1") == "DKIM1"
        and tags.get("k", "rsa") == signature.algorithm
        and "y" not in flags
        and ("s" not in flags or is_exact)
        and ("*" in services or "email" in services)
        and "sha256" in hashes
    )


# dkimpy has no types: it is reached through these.
def _key_of(record: str) -> int | None:
    evaluate = cast("Callable[[str, bytes], tuple[Any, int | None, Any, Any]]", dkim.evaluate_pk)
    return evaluate("key", record.encode())[1]


def _check(raw: bytes, index: int, record: str) -> bool:
    signed: Any = dkim.DKIM(raw, logger=_SILENT, minkey=LEAST_KEY_BITS)
    return bool(signed.verify(idx=index, dnsfunc=lambda _name, timeout=0: record.encode()))  # noqa: ARG005


def _check_ed25519(raw: bytes, index: int, key: Ed25519PublicKey) -> bool:
    """RFC 8463. The library would want another one for it; it hands over what was signed instead."""
    asked = _Asked(key)
    signed: Any = dkim.DKIM(raw, logger=_SILENT)

    def verify_with_key(*said: Any) -> Any:
        signed.pk, signed.keysize, signed.ktag, signed.seqtlsrpt = asked, 256, b"ed25519", False
        return signed.verify_sig_process(*said)

    signed.verify_sig = verify_with_key
    return bool(signed.verify(idx=index, dnsfunc=None)) and asked.holds


class _Asked:
    """A key as the library asks it."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key
        self.holds = False

    def verify(self, digest: bytes, signature: bytes) -> None:
        """Tells by `holds`: what it raised, the library would not understand."""
        with contextlib.suppress(InvalidSignature):
            self._key.verify(signature, digest)
            self.holds = True
