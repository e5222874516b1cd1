"""The promises of one ticket a second time, written from docs/sla.md alone: time passes minute by minute, and in each
minute every clock is asked whether it runs, whether its calendar is open, and how much is left.

All times are whole minutes. What is told here is the ticket as it stands; the promises are found anew."""

from collections.abc import Iterable
from copy import copy
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

MINUTE: Final = timedelta(minutes=1)
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NEVER: Final = timedelta(days=60)


class OClock:
    """One promise, with what is left of it."""

    def __init__(self, target: str, by: Any, at: datetime, *, silent: bool) -> None:
        self.target, self.by, self.at, self.silent = target, by, at, silent
        self.policy: dict[str, Any] | None = None
        self.version = 0
        self.left = timedelta()
        self.due: datetime | None = None
        self.paused = False
        self.met: datetime | None = None
        self.breached: datetime | None = None
        self.stopped: datetime | None = None

    @property
    def promise(self) -> dict[str, Any]:
        assert self.policy is not None
        return self.policy["targets"][self.target]

    @property
    def over(self) -> bool:
        return self.met is not None or self.stopped is not None

    @property
    def runs(self) -> bool:
        return self.policy is not None and not self.over and self.breached is None and not self.paused

    def told(self) -> dict[str, Any]:
        """What it comes to, as a plain value."""
        return {
            "target": self.target,
            "by": self.by,
            "at": self.at,
            "policy": self.policy and self.policy["key"],
            "version": self.version,
            "due": None if self.over else self.due,
            "left": self.left if self.paused and not self.over else None,
            "met": self.met,
            "breached": self.breached,
            "stopped": self.stopped,
            "silent": self.silent,
        }


class Promises:
    """The promises of one ticket; `say` each thing that happens to it, in order."""

    def __init__(self, calendars: dict[str, Any]) -> None:
        self.calendars = calendars
        self.clocks: list[OClock] = []
        self.now: Any = None

    def opened(self, calendar: str | None, at: datetime) -> bool:
        return calendar is None or is_open(calendar, _frozen(self.calendars[calendar]), at)

    def pass_until(self, now: datetime) -> None:
        """Minute by minute."""
        while self.now is not None and self.now < now:
            running = [c for c in self.clocks if c.runs]
            if not running:
                self.now = now
                break
            for clock in running:
                if clock.due is None and self.opened(clock.promise.get("calendar"), self.now):
                    clock.left -= MINUTE
                    if clock.left <= timedelta():
                        clock.due = self.now + MINUTE
            self.now += MINUTE
            for clock in running:
                if clock.due is not None and clock.due < self.now:
                    clock.breached = clock.due
        if self.now is not None and now > self.now:
            self.now = now
        for clock in self.clocks:
            if clock.runs and clock.due is not None and clock.due < now:
                clock.breached = clock.due

    def end(self, at: datetime) -> None:
        for clock in self.clocks:
            if not clock.over:
                if clock.target == "resolution":
                    clock.met = max(at, clock.at)
                else:
                    clock.stopped = max(at, clock.at)

    def answer(self, at: datetime) -> None:
        for clock in self.clocks:
            if clock.target != "resolution" and not clock.over:
                clock.met = max(at, clock.at)

    def start(
        self, target: str, by: Any, at: datetime, policy: dict[str, Any] | None, version: int, silent: bool
    ) -> None:
        clock = OClock(target, by, at, silent=silent)
        self.clocks.append(clock)
        if policy is not None:
            self._promise(clock, policy, version, at)

    def promise(self, policy: dict[str, Any], version: int, at: datetime) -> None:
        """Another policy is the first that is for the ticket."""
        for clock in self.clocks:
            if not clock.over and clock.breached is None:
                self._promise(clock, policy, version, at)

    def _promise(self, clock: OClock, policy: dict[str, Any], version: int, at: datetime) -> None:
        new = policy["targets"].get(clock.target)
        if new is None:
            return
        if clock.policy is None:
            spent = sum((MINUTE for m in minutes(clock.at, at) if self.opened(new.get("calendar"), m)), timedelta())
        else:
            spent = timedelta(seconds=clock.promise["seconds"]) - (timedelta() if clock.due else clock.left)
        clock.policy, clock.version = policy, version
        clock.left, clock.due = timedelta(seconds=new["seconds"]) - spent, None
        if clock.left <= timedelta():
            clock.left = timedelta()
            clock.due = None if clock.paused else at

    def hold(self, status: str, at: datetime) -> None:
        """Pause and go on, as the state asks."""
        for clock in self.clocks:
            if clock.policy is None or clock.over or clock.breached is not None:
                continue
            wanted = status in clock.promise.get("pauses", [])
            if wanted and not clock.paused and clock.due is not None:
                clock.left, clock.due = timedelta(), None
            if clock.paused and not wanted and clock.left <= timedelta():
                clock.due = at
            clock.paused = wanted

    def look_ahead(self) -> list[dict[str, Any]]:
        """What each comes to if nothing more happens, without the breaches that are to come."""
        ahead = copy(self)
        ahead.clocks = [copy(clock) for clock in self.clocks]
        assert self.now is not None
        while any(clock.runs and clock.due is None for clock in ahead.clocks) and ahead.now < self.now + NEVER:
            ahead.pass_until(ahead.now + timedelta(hours=1))
        for clock, now in zip(ahead.clocks, self.clocks, strict=True):
            clock.breached = now.breached
        return [clock.told() for clock in ahead.clocks]


def minutes(start: datetime, end: datetime) -> Iterable[datetime]:
    while start < end:
        yield start
        start += MINUTE


def _frozen(calendar: dict[str, Any]) -> tuple[str, tuple[Any, ...]]:
    hours = tuple((day, tuple(map(tuple, calendar["hours"].get(day, [])))) for day in DAYS)
    return calendar["zone"], hours


@lru_cache(maxsize=200_000)
def is_open(_: str, calendar: tuple[str, tuple[Any, ...]], at: datetime) -> bool:
    zone, hours = calendar
    wall = at.astimezone(ZoneInfo(zone))
    said = f"{wall:%H:%M}"
    return any(opens <= said < closes for opens, closes in hours[wall.weekday()][1])


def first_match(policies: list[dict[str, Any]], ticket: dict[str, Any]) -> dict[str, Any] | None:
    """The first policy of which no condition is missed."""
    for policy in policies:
        when = policy.get("when", {})
        mine = {**ticket, "tier": ticket["fields"].get("tier")}
        if any(
            not set(values) & (set(ticket["tags"]) if name == "tag" else {mine[name]})
            for name, values in when.items()
            if name != "fields"
        ):
            continue
        if all(ticket["fields"].get(name) in values for name, values in when.get("fields", {}).items()):
            return policy
    return None
