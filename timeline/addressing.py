"""Whom a reply by mail goes to: addresses as somebody typed them, read strictly, and the default where nobody did."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from identity.identifiers import normalise
from timeline.interactions import InvalidField

MOST_RECIPIENTS: Final = 50

_SENDABLE: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[a-z0-9.-]{1,255}")
_REPLIED: Final = re.compile(r"\s*(re|aw|sv|antw|vs|odp|ref)\s*(\[\d+\])?\s*:", re.IGNORECASE)


class Addressed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom a mail goes to and what it is called, as it is sent and as it is shown. `account` is the channel account
    that it goes out by, where it answers nothing that would say so."""

    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    subject: str = ""
    attachments: tuple[str, ...] = ()
    account: str = ""


def read_addresses(field: str, said: Sequence[str]) -> tuple[str, ...]:
    """Each once, in their order: the part before the @ as it is written, the domain in small letters of ASCII.
    Neither names nor groups nor lists in one. Raises `InvalidField`, which names the one at fault."""
    if len(said) > MOST_RECIPIENTS:
        raise InvalidField(field, f"expected at most {MOST_RECIPIENTS} addresses")
    found = [_read_address(f"{field}[{at}]", text) for at, text in enumerate(said)]
    return tuple(dict.fromkeys(found))


def _read_address(field: str, text: str) -> str:
    normal = normalise("email", text, None, None)
    if normal.problem is not None:
        raise InvalidField(field, normal.problem)
    address = f"{text.rpartition('@')[0]}@{normal.value.rpartition('@')[2]}"
    if not _SENDABLE.fullmatch(address):
        raise InvalidField(field, "expected one address, alone and in letters of ASCII, such as ann@example.org")
    return address


def answered_subject(subject: str | None) -> str:
    """What an answer is called: `Re:` once."""
    text = " ".join("".join(one if one.isprintable() else " " for one in subject or "").split())
    return text if _REPLIED.match(text) else f"Re: {text}".rstrip()
