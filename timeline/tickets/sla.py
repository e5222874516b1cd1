"""Which promises a desk makes, and one promise running: a clock that is paused, goes on, is kept or broken.

Pure values: `docs/sla.md` is the definition, and `clocks` applies it to tickets."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec

from timeline.interactions import InvalidField
from timeline.tickets.calendars import Calendar, OpenHours, compiled

Target = Literal["first_response", "next_response", "resolution"]
Pause = Literal["pending", "on_hold"]
Priority = Literal["low", "normal", "high", "urgent"]

TARGETS: Final[tuple[Target, ...]] = ("first_response", "next_response", "resolution")
MOST_POLICIES: Final = 100
MOST_CALENDARS: Final = 100
MOST_VALUES: Final = 200
MOST_SECONDS: Final = 366 * 86_400 * 10
KEY: Final = re.compile(r"[a-z][a-z0-9_-]{0,62}")
KEY_WORDS: Final = "expected 1 to 63 small letters, digits, dashes and underscores, a letter first"

Seconds = Annotated[int, msgspec.Meta(ge=1, le=MOST_SECONDS)]
Value = str | int | float | bool

_replace = msgspec.structs.replace


class When(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which tickets a policy is for: of each list that is not empty, one value must be the ticket's. `tier` is short
    for the custom field of that name; `channel` is the one that the ticket was opened on."""

    priority: tuple[Priority, ...] = ()
    queue: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    tier: tuple[str, ...] = ()
    fields: dict[str, tuple[Value, ...]] = {}


class Promise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One target of a policy: within so many seconds of a calendar, or of all hours where it names none."""

    seconds: Seconds
    calendar: str | None = None
    pauses: tuple[Pause, ...] = ()
    warn: Seconds | None = None
    """So many seconds before the breach, counted as the promise is."""


class Targets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a policy promises."""

    first_response: Promise | None = None
    next_response: Promise | None = None
    resolution: Promise | None = None

    def of(self, target: Target) -> Promise | None:
        return getattr(self, target)


class SlaPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One policy; of several the first that is for a ticket holds."""

    key: str
    name: str = ""
    when: When = When()
    targets: Targets


class Answers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What stops a response clock: a reply by people, or any outbound message; calls to the customer too, or not; and
    nothing of these sources."""

    by: Literal["people", "anybody"] = "people"
    calls: bool = True
    but_sources: tuple[str, ...] = ()


class Sla(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The section as it is written and kept."""

    policies: tuple[SlaPolicy, ...] = ()
    answers: Answers = Answers()


class SlaRules(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The section as the fold uses it, with the calendars compiled."""

    version: int = 0
    policies: tuple[SlaPolicy, ...] = ()
    answers: Answers = Answers()
    calendars: dict[str, OpenHours] = {}

    def add(self, calendar: str | None, start: datetime, span: timedelta) -> datetime | None:
        """The instant by which so much has passed; a calendar that is not there any more has all hours."""
        hours = self.calendars.get(calendar or "")
        if hours is not None:
            return hours.add(start, span)
        try:
            return start + max(span, timedelta())
        except OverflowError:
            return None

    def elapsed(self, calendar: str | None, start: datetime, end: datetime) -> timedelta:
        hours = self.calendars.get(calendar or "")
        return max(end - start, timedelta()) if hours is None else hours.elapsed(start, end)


def sla_rules_of(sla: Sla, calendars: Mapping[str, Calendar], version: int) -> SlaRules:
    """Raises `InvalidField` with the path at fault."""
    if len(calendars) > MOST_CALENDARS:
        raise InvalidField("calendars", f"expected at most {MOST_CALENDARS}")
    hours: dict[str, OpenHours] = {}
    for key, calendar in calendars.items():
        if not KEY.fullmatch(key):
            raise InvalidField(f"calendars.{key}", KEY_WORDS)
        hours[key] = compiled(calendar, f"calendars.{key}")
    _check_policies(sla, hours)
    return SlaRules(version=version, policies=sla.policies, answers=sla.answers, calendars=hours)


def _check_policies(sla: Sla, calendars: Mapping[str, OpenHours]) -> None:
    if len(sla.policies) > MOST_POLICIES:
        raise InvalidField("sla.policies", f"expected at most {MOST_POLICIES}")
    if len(sla.answers.but_sources) > MOST_VALUES:
        raise InvalidField("sla.answers.but_sources", f"expected at most {MOST_VALUES}")
    keys: set[str] = set()
    for at, policy in enumerate(sla.policies):
        path = f"sla.policies[{at}]"
        if not KEY.fullmatch(policy.key):
            raise InvalidField(f"{path}.key", KEY_WORDS)
        if policy.key in keys:
            raise InvalidField(f"{path}.key", "this key is there already")
        keys.add(policy.key)
        if len(policy.name) > MOST_VALUES:
            raise InvalidField(f"{path}.name", f"expected at most {MOST_VALUES} characters")
        for name in When.__struct_fields__:
            if len(getattr(policy.when, name)) > MOST_VALUES:
                raise InvalidField(f"{path}.when.{name}", f"expected at most {MOST_VALUES} values")
        promises = [(target, policy.targets.of(target)) for target in TARGETS]
        if not any(promise for _, promise in promises):
            raise InvalidField(f"{path}.targets", f"expected at least one of {', '.join(TARGETS)}")
        for target, promise in promises:
            if promise is not None:
                _check_promise(f"{path}.targets.{target}", promise, calendars)


def _check_promise(path: str, promise: Promise, calendars: Mapping[str, OpenHours]) -> None:
    if promise.calendar is not None and promise.calendar not in calendars:
        known = ", ".join(sorted(calendars)) or "none is there yet"
        raise InvalidField(f"{path}.calendar", f"expected the key of a calendar ({known}), or null for all hours")
    if promise.warn is not None and promise.warn >= promise.seconds:
        raise InvalidField(f"{path}.warn", f"expected fewer seconds than the {promise.seconds} of the promise")


class Clock(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One promise, which belongs to the interaction that started it.

    It carries what was promised, so that no later policy or calendar takes that back. `policy` null: nobody promised
    anything yet. `left` is what remains while it is paused; while it runs, `due_at` says it."""

    target: Target
    started_by: UUID
    started_at: datetime
    since: datetime
    """From when it runs, or has been paused."""
    policy: str | None = None
    version: int = 0
    seconds: int = 0
    calendar: str | None = None
    pauses: tuple[Pause, ...] = ()
    warn: int | None = None
    due_at: datetime | None = None
    warn_at: datetime | None = None
    left: timedelta | None = None
    met_at: datetime | None = None
    breached_at: datetime | None = None
    stopped_at: datetime | None = None
    """The ticket ended first: the promise was neither kept nor broken."""
    warned: bool = False
    told: bool = False
    found_missed: bool = False
    silent: bool = False
    """Something imported started it: it never alarms."""

    @property
    def is_over(self) -> bool:
        return self.met_at is not None or self.stopped_at is not None

    @property
    def runs(self) -> bool:
        """Whether a breach is still to come."""
        return not self.is_over and self.breached_at is None and self.policy is not None

    @property
    def is_paused(self) -> bool:
        return self.left is not None

    @property
    def alarm_at(self) -> datetime | None:
        """When there is something to tell of it."""
        if self.silent or self.policy is None:
            return None
        if self.breached_at is not None:
            return None if self.told else self.breached_at
        if self.is_over or self.is_paused:
            return None
        return min((at for at in (None if self.warned else self.warn_at, self.due_at) if at is not None), default=None)


def passed(clock: Clock, now: datetime) -> Clock:
    """A clock as time has left it: broken as soon as its due time lies behind."""
    if clock.runs and clock.due_at is not None and clock.due_at < now:
        return _replace(clock, breached_at=clock.due_at)
    return clock


def promised(clock: Clock, policy: SlaPolicy, rules: SlaRules, now: datetime) -> Clock:
    """The clock under a policy, less what has passed of what was promised before; as it was where the policy promises
    nothing of the kind."""
    promise = policy.targets.of(clock.target)
    if promise is None or clock.is_over or clock.breached_at is not None:
        return clock
    now = max(now, clock.since)
    spent = timedelta(seconds=clock.seconds) - _remaining(clock, rules, now)
    if clock.policy is None:
        spent = rules.elapsed(promise.calendar, clock.started_at, now)
    under = _replace(
        clock,
        policy=policy.key,
        version=rules.version,
        seconds=promise.seconds,
        calendar=promise.calendar,
        pauses=promise.pauses,
        warn=promise.warn,
    )
    left = max(timedelta(seconds=promise.seconds) - spent, timedelta())
    return _replace(under, left=left) if clock.is_paused else _running(under, rules, now, left)


def _remaining(clock: Clock, rules: SlaRules, now: datetime) -> timedelta:
    if clock.left is not None:
        return clock.left
    if clock.due_at is None:
        return timedelta(seconds=clock.seconds)
    return rules.elapsed(clock.calendar, now, clock.due_at)


def _running(clock: Clock, rules: SlaRules, now: datetime, left: timedelta) -> Clock:
    warns = None
    if clock.warn is not None:
        warns = rules.add(clock.calendar, now, left - timedelta(seconds=clock.warn))
    due = rules.add(clock.calendar, now, left)
    return _replace(clock, since=now, left=None, due_at=due, warn_at=warns)


def held(clock: Clock, status: str, rules: SlaRules, now: datetime) -> Clock:
    """The clock paused, or running again, as its promise says of the ticket's state."""
    if not clock.runs or (status in clock.pauses) == clock.is_paused:
        return clock
    now = max(now, clock.since)
    if clock.left is not None:
        return _running(clock, rules, now, clock.left)
    return _replace(clock, since=now, left=_remaining(clock, rules, now), due_at=None, warn_at=None)


def kept(clock: Clock, now: datetime) -> Clock:
    """The clock stopped by what was promised, in time or not."""
    return clock if clock.is_over else _replace(clock, met_at=max(now, clock.started_at), left=None)


def stopped(clock: Clock, now: datetime) -> Clock:
    """The clock stopped by the end of its ticket."""
    return clock if clock.is_over else _replace(clock, stopped_at=max(now, clock.started_at), left=None)


def together(mine: tuple[Clock, ...], others: tuple[Clock, ...]) -> tuple[Clock, ...]:
    """The promises of two tickets that became one: each stays with what started it."""
    if not others:
        return mine
    known = {(clock.target, clock.started_by) for clock in mine}
    came = (clock for clock in others if (clock.target, clock.started_by) not in known)
    return tuple(sorted((*mine, *came), key=lambda clock: (clock.started_at, clock.target, clock.started_by)))


def parted(clocks: tuple[Clock, ...], gone: frozenset[UUID]) -> tuple[tuple[Clock, ...], tuple[Clock, ...]]:
    """The promises that stay with a ticket, and those that go with the items that started them."""
    stay = tuple(clock for clock in clocks if clock.started_by not in gone)
    return stay, tuple(clock for clock in clocks if clock.started_by in gone)
