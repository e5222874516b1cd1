"""What became of what was sent: told about the item that it carried, and read by no ticket."""

from typing import Literal

import msgspec

Fate = Literal["waiting", "sent", "failed", "uncertain", "suppressed", "bounced"]


class RecipientFate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of it at one recipient, perhaps with what the server said."""

    address: str
    status: Fate
    words: str | None = None


class MailSettled(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A mail went out, failed, or nobody knows: `uncertain` until a person looks or another attempt tells; `waiting`
    when a person has it sent again. The latest of these about an item is what holds."""

    v: int = 1
    status: Fate
    message_id: str = ""
    words: str | None = None
    tries: int = 0
    recipients: tuple[RecipientFate, ...] = ()
