"""The kind of channel that mail comes and goes by: mailboxes, and whoever posts raw mails to an address of ours."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from channels import signatures
from channels.contract import Account, Delivery, Unparseable
from channels.email.settings import MailSettings
from timeline.interactions import Interaction

NAME: Final = "email"
ARRIVED: Final = "arrived"
"""Beside the bytes: when a mail server says to have got the mail. No request can say it."""
APART: Final = "mails are read in processes of their own"


class Email:
    """`docs/channels/email.md` says what it takes. A mail is read by `channels.email.understanding`."""

    name = NAME
    settings: type[msgspec.Struct] = MailSettings
    proves: tuple[str, ...] = ("email",)
    headers: tuple[str, ...] = ()
    is_apart = True

    def new_secret(self) -> str:
        return signatures.new_secret()

    def read_secret(self, text: str) -> str:
        return signatures.read_secret(text)

    def verify(self, headers: Mapping[str, str], raw: bytes, secrets: Sequence[str], now: datetime) -> str:
        """A mail is named by its bytes: other bytes under the same webhook-id are another mail."""
        signatures.verify(headers, raw, secrets, now)
        return key_of(raw)

    def most_bytes(self, settings: msgspec.Struct) -> int:
        assert isinstance(settings, MailSettings)
        return settings.max_bytes

    def parse(self, delivery: Delivery, account: Account) -> list[Interaction]:  # noqa: ARG002 - it is not done here
        raise Unparseable("", APART)


def key_of(raw: bytes) -> str:
    """What names a mail in its account, for ever."""
    return hashlib.sha256(raw).hexdigest()


def delivery(raw: bytes, *, arrived: datetime | None = None) -> Delivery:
    """A mail as it was fetched; `arrived` is when its mail server got it."""
    headers = {} if arrived is None else {ARRIVED: arrived.astimezone(UTC).isoformat()}
    return Delivery(key=key_of(raw), raw=raw, headers=headers)


def arrived_at(delivery: Delivery) -> datetime | None:
    """When the mail server got it, where that is known."""
    try:
        at = datetime.fromisoformat(delivery.headers[ARRIVED])
    except (KeyError, ValueError):
        return None
    return at if at.tzinfo is not None else None
