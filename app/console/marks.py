"""What became of a mail that the desk wrote, as a mark on its item: until it is settled the mark follows the ledger."""

from datetime import UTC, datetime, timedelta
from typing import Final

from app.console.language import _
from timeline.items import Item

TRIED: Final = timedelta(days=3)
"""Longer than a mail is tried; one that is of before changes no more."""
BOUNCES: Final = timedelta(days=1)
"""In which a mail that was taken still comes back."""


def is_unsettled(item: Item, now: datetime | None = None) -> bool:
    """Whether more may become of it."""
    if item.kind != "message" or item.direction != "outbound" or item.channel != "email" or item.history:
        return False
    age, status = (now or datetime.now(UTC)) - item.recorded_at, item.delivery.status if item.delivery else None
    if status in ("bounced", "suppressed"):
        return False
    return age < (BOUNCES if status == "sent" else TRIED)


def status_words(status: str) -> str:
    return {
        "waiting": _("waiting"),
        "sent": _("sent"),
        "failed": _("failed"),
        "uncertain": _("uncertain"),
        "suppressed": _("not sent"),
        "bounced": _("came back"),
    }.get(status, status)
