"""What follows from an attempt to send a mail: for each recipient, for the mail, and for the domain that it went to.

An attempt of which nobody knows how it ended is followed by one more at most, with the same bytes; then a person
decides. docs/channels/email.md has the tables.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

State = Literal["waiting", "sending", "sent", "failed", "uncertain", "suppressed"]
STATES: Final[tuple[State, ...]] = ("waiting", "sending", "sent", "failed", "uncertain", "suppressed")
End = Literal["sent", "later", "failed", "uncertain"]

FIRST_PAUSE: Final = 20.0
GROWTH: Final = 3
LONGEST_PAUSE: Final = 3_600.0
KEPT_TRYING: Final = timedelta(days=2)
AGAIN: Final = 30.0
"""Before the one further attempt after an unknown outcome."""
CLAIM: Final = timedelta(seconds=60)
"""A mail in a worker's hands is due again after this, where its content has not begun to go out."""
HOLD: Final = timedelta(seconds=45)
"""One whose content goes out is taken for lost after this without a sign of its worker."""
BEAT_SECONDS: Final = 10.0
"""Between signs."""
CONTENT_SECONDS: Final = 45.0
SLOWEST: Final = 100_000.0
"""Bytes a second."""
FULL: Final = 64
BREAKS: Final = 3
FIRST_REST: Final = 5.0
LONGEST_REST: Final = 300.0
MOST_WORDS: Final = 300

LOST: Final = "the worker ended while it was being sent: whether it arrived is unknown"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """How an attempt ended for one recipient."""

    end: End
    words: str | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a mail at one recipient so far. `waiting`: it is tried again there. `repeated`: of one in doubt,
    the one further attempt was made."""

    state: Literal["waiting", "sent", "failed", "uncertain"]
    words: str | None = None
    repeated: bool = False


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt: what the server said of each recipient, and its last status code."""

    told: dict[str, Told]
    status: int | None = None

    @property
    def is_doubtful(self) -> bool:
        return any(one.end == "uncertain" for one in self.told.values())

    @property
    def is_well(self) -> bool:
        """Whether the domain takes mail: it took one, or refused one for good."""
        return any(one.end in ("sent", "failed") for one in self.told.values())


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """How far a mail is: `tries` counts the attempt that is judged, `doubts` those before it that ended in doubt."""

    outcomes: dict[str, Outcome]
    tries: int
    doubts: int
    due_at: datetime


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a mail."""

    state: State
    outcomes: dict[str, Outcome]
    doubts: int
    reason: str | None = None
    next_try_at: datetime | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a domain does from an account: failures in a row, since when, until when it is left alone."""

    failures: int = 0
    failing_since: datetime | None = None
    paused_until: datetime | None = None


def all_alike(recipients: Mapping[str, object] | list[str], end: End, words: str, status: int | None = None) -> Attempt:
    """An attempt that ended for all recipients in the same way."""
    return Attempt(told={one: Told(end=end, words=words) for one in recipients}, status=status)


def not_tried(course: Course, envelope: list[str], words: str) -> Attempt:
    """What could not be tried at all, and never will: it failed, but at whom it may have arrived before."""
    told: dict[str, Told] = {}
    for one in envelope:
        before = course.outcomes.get(one)
        in_doubt = before is not None and before.state == "uncertain"
        said = f"{before.words}; then: {words}" if before is not None and in_doubt else words
        told[one] = Told(end="uncertain" if in_doubt else "failed", words=said)
    return Attempt(told=told)


def seconds_for(size: int) -> float:
    """What a mail of so many bytes may take beyond what any may."""
    return size / SLOWEST


def longest_pause(tries: int) -> float:
    """Seconds that the next try waits at most, after so many."""
    return min(FIRST_PAUSE * GROWTH ** min(tries - 1, 20), LONGEST_PAUSE)


def judge(course: Course, attempt: Attempt, now: datetime, dice: float) -> Verdict:
    """`dice` lies between 0 and 1."""
    last = course.doubts > 0
    outcomes = dict(course.outcomes)
    for address, told in attempt.told.items():
        outcomes[address] = _outcome(told, outcomes.get(address), last=last)
    doubts = course.doubts + attempt.is_doubtful
    later = now + timedelta(seconds=longest_pause(course.tries) * (0.5 + dice / 2))
    if attempt.is_doubtful and not last:
        again = now + timedelta(seconds=AGAIN * (0.5 + dice / 2))
        return _verdict("uncertain", outcomes, doubts, again)
    waits = [address for address, one in outcomes.items() if one.state == "waiting"]
    if waits and later <= course.due_at + KEPT_TRYING:
        return _verdict("waiting", outcomes, doubts, later)
    for address in waits:
        outcomes[address] = Outcome(state="failed", words=f"{outcomes[address].words}; tried for two days")
    return _verdict(_end_of(outcomes), outcomes, doubts, None)


def _outcome(told: Told, before: Outcome | None, *, last: bool) -> Outcome:
    """After a doubt no third attempt is made by itself: what is put off then stays in doubt. Where there was none, a
    mail that is put off is tried as ever."""
    if told.end == "later":
        if last and before is not None and before.state == "uncertain":
            return Outcome(state="uncertain", words=f"{before.words}; then: {told.words}", repeated=True)
        return Outcome(state="waiting", words=told.words)
    return Outcome(state=told.end, words=told.words, repeated=last and told.end == "uncertain")


def _end_of(outcomes: Mapping[str, Outcome]) -> State:
    states = {one.state for one in outcomes.values()}
    return "uncertain" if "uncertain" in states else "failed" if "failed" in states else "sent"


def _verdict(state: State, outcomes: dict[str, Outcome], doubts: int, next_try_at: datetime | None) -> Verdict:
    return Verdict(
        state=state, outcomes=outcomes, doubts=doubts, reason=_reason(state, outcomes, doubts), next_try_at=next_try_at
    )


def _reason(state: State, outcomes: Mapping[str, Outcome], doubts: int) -> str | None:
    """What a person is told of a mail that did not simply go out: the worst, and how many it concerns."""
    if state == "sent":
        return "an earlier attempt ended in doubt: it may have arrived twice" if doubts else None
    found = [one.words or "no answer" for one in outcomes.values() if one.state == state]
    found = found or [one.words or "no answer" for one in outcomes.values() if one.state == "waiting"]
    if not found:
        return None
    some = f" ({len(found)} of {len(outcomes)} recipients)" if len(outcomes) > 1 else ""
    return f"{found[0]}{some}"


def to_try(outcomes: Mapping[str, Outcome], recipients: list[str]) -> list[str]:
    """Those to whom the next attempt goes: whoever has it, never will, or may have it twice, is left alone."""
    return [one for one in recipients if one not in outcomes or _is_open(outcomes[one])]


def _is_open(outcome: Outcome) -> bool:
    return outcome.state == "waiting" or (outcome.state == "uncertain" and not outcome.repeated)


def standing_after(before: Standing, attempt: Attempt, now: datetime, dice: float) -> Standing:
    """One that was taken shows that the domain lives. What was in hand already when the domain was left alone, and
    fails too, says nothing new."""
    if attempt.is_well or not attempt.told:
        return Standing()
    if before.paused_until is not None and now < before.paused_until:
        return before
    failures, rest = before.failures + 1, None
    if failures >= BREAKS:
        seconds = min(FIRST_REST * 2 ** min(failures - BREAKS, 10), LONGEST_REST) * (0.5 + dice / 2)
        rest = now + timedelta(seconds=seconds)
    return Standing(failures=failures, failing_since=before.failing_since or now, paused_until=rest)


def how_many(failures: int) -> int:
    """Mails of a domain that may be in hand at once."""
    return FULL if not failures else 1


def cleaned(text: str) -> str:
    """A server's answer as it may be shown: one line, printable, so long at most."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return line if len(line) <= MOST_WORDS else f"{line[:MOST_WORDS]}…"
