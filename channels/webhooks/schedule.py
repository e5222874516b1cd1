"""What follows from an attempt: for the delivery (done, again later, given up) and for the endpoint (well, paused,
disabled). docs/webhooks.md has the tables."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Literal

import msgspec

State = Literal["waiting", "delivered", "failed"]
STATES: Final[tuple[State, ...]] = ("waiting", "delivered", "failed")

FIRST_PAUSE: Final = 5.0
GROWTH: Final = 3
LONGEST_PAUSE: Final = 43_200.0
KEPT_TRYING: Final = timedelta(days=3)
DEAD: Final = timedelta(days=3)
MOST_RETRY_AFTER: Final = 86_400.0

CLAIM: Final = timedelta(seconds=60)
"""A delivery in a worker's hands is due again after this."""
FULL: Final = 256
WARY: Final = 4
BREAKS: Final = 5
"""Failures in a row that open the circuit: from then on one delivery at a time, with a pause before each."""
FIRST_REST: Final = 5.0
LONGEST_REST: Final = 300.0


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """How one request ended: a status, or words where there was no answer. `retry_after` in seconds."""

    status: int | None = None
    words: str | None = None
    retry_after: float | None = None

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        return self.status == 410


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a delivery."""

    state: State
    reason: str | None = None
    next_try_at: datetime | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How an endpoint does: failures in a row, since when, until when it is left alone; `ends` why it is disabled."""

    failures: int = 0
    failing_since: datetime | None = None
    paused_until: datetime | None = None
    ends: str | None = None


def longest_pause(tries: int) -> float:
    """Seconds that the next try waits at most, after so many."""
    return min(FIRST_PAUSE * GROWTH ** min(tries - 1, 20), LONGEST_PAUSE)


def judge(attempt: Attempt, tries: int, since: datetime, now: datetime, dice: float) -> Verdict:
    """`tries` counts this attempt, `since` is when the first was due, `dice` lies between 0 and 1: full jitter, as in
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter"""
    if attempt.is_delivered:
        return Verdict(state="delivered")
    words = words_of(attempt)
    if attempt.is_gone:
        return Verdict(state="failed", reason=words)
    pause = max(1.0, dice * longest_pause(tries), min(attempt.retry_after or 0.0, MOST_RETRY_AFTER))
    later = now + timedelta(seconds=pause)
    if later > since + KEPT_TRYING:
        return Verdict(state="failed", reason=f"{words}; tried for three days")
    return Verdict(state="waiting", reason=words, next_try_at=later)


def words_of(attempt: Attempt) -> str:
    """Why it was not delivered. Nothing of what the other side said is repeated but its status."""
    if attempt.status is None:
        return attempt.words or "no answer"
    if 300 <= attempt.status < 400:
        return f"answered {attempt.status}: no redirect is followed"
    return f"answered {attempt.status}"


def standing_after(before: Standing, attempts: Sequence[Attempt], now: datetime, dice: float) -> Standing:
    """One delivery that arrived shows that the endpoint lives, whatever became of the others."""
    if any(one.is_gone for one in attempts):
        return Standing(failing_since=now, ends="the receiver answered 410 Gone")
    asked = [min(one.retry_after, LONGEST_REST) for one in attempts if one.retry_after and not one.is_delivered]
    rest = max(asked, default=0.0)
    if not attempts or any(one.is_delivered for one in attempts):
        return Standing(paused_until=now + timedelta(seconds=rest) if rest else None)
    failures, since = before.failures + len(attempts), before.failing_since or now
    if failures >= BREAKS:
        rest = max(rest, min(FIRST_REST * 2 ** min(failures - BREAKS, 10), LONGEST_REST) * (0.5 + dice / 2))
    return Standing(
        failures=failures,
        failing_since=since,
        paused_until=now + timedelta(seconds=rest) if rest else None,
        ends="nothing could be delivered for three days" if now - since >= DEAD else None,
    )


def how_many(standing: Standing) -> int:
    """Deliveries that may be tried at once."""
    return FULL if not standing.failures else WARY if standing.failures < BREAKS else 1


def read_retry_after(text: str | None, now: datetime) -> float | None:
    """Seconds from now, from either form of the header (RFC 9110, 10.2.3); None for what is neither."""
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:20]), 1e9)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())
