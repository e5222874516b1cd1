"""What of a thread is asked for: filters, a place, a moment of the past; as an address says it, and as chips."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import msgspec

from app.api.customers import KINDS
from app.console.language import _
from app.console.pages import MOST_FIELDS, Visit
from app.console.rendering import words
from app.errors import bad_request
from app.signed_in import Who
from timeline.threads import Mark, ThreadQuery

A_LEAF: Final = 24
BESIDE: Final = 12
"""So many newer items come along with a place in the middle."""
FIRST: Final = "first"
_NOBODY: Final = UUID(int=0)
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STEP: Final = timedelta(microseconds=1)
_KEPT: Final = ("kind", "channel", "ticket", "from", "to", "q", "as_of")


class Chip(msgspec.Struct, frozen=True, kw_only=True):
    """A filter that is on, and the address without it."""

    words: str
    without: str


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """`given` is the query as it came, for the form and the links."""

    given: Mapping[str, Sequence[str]]
    kinds: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    tickets: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    words: str = ""
    as_of: datetime | None = None
    at: datetime | None = None

    @property
    def is_narrowed(self) -> bool:
        return bool(self.kinds or self.channels or self.tickets or self.start or self.end or self.words)

    @property
    def is_first(self) -> bool:
        return self.one("at") == FIRST

    def one(self, name: str) -> str:
        return (self.given.get(name) or ("",))[-1]

    def query(self, before: Mark | None = None, after: Mark | None = None, limit: int = A_LEAF) -> ThreadQuery:
        """The page of the thread that is asked for, from a place on."""
        if before is None and after is None:
            if self.is_first:
                after = Mark(shown_at=_BEGINNING - _STEP, event_id=_NOBODY)
            elif self.at is not None:
                before = just_behind(self.at)
        return ThreadQuery(
            limit=limit,
            before=before,
            after=after,
            kinds=self.kinds,
            channels=self.channels,
            tickets=self.tickets,
            start=self.start,
            end=self.end,
            as_of=self.as_of,
        )

    def address(self, **changed: str | None) -> str:
        """The query with some of it changed, or left out where None; places are left out."""
        pairs = [(name, one) for name in _KEPT if name not in changed for one in self.given.get(name, ())]
        pairs += [(name, value) for name, value in changed.items() if value]
        return f"?{urlencode(pairs)}"

    def chips(self) -> list[Chip]:
        """Every filter that is on, a word each."""
        found: list[Chip] = []
        for name in _KEPT[:-1]:
            values = self.given.get(name, ())
            for value in values:
                rest = [
                    (other, one)
                    for other in _KEPT
                    for one in self.given.get(other, ())
                    if (other, one) != (name, value)
                ]
                found.append(Chip(words=_said(name, value), without=f"?{urlencode(rest)}"))
        return found


def just_behind(at: datetime) -> Mark:
    """A place behind everything that is shown at a moment."""
    return Mark(shown_at=at + _STEP, event_id=_NOBODY)


def read_wanted(visit: Visit) -> Wanted:
    """Raises the 400 that names the field."""
    raw = visit.request.scope["query_string"].decode("utf-8", "replace")
    given: dict[str, list[str]] = {}
    for name, value in parse_qsl(raw, max_num_fields=MOST_FIELDS):
        if value.strip() and value not in given.get(name, ()):
            given.setdefault(name, []).append(value.strip())
    last = {name: values[-1] for name, values in given.items()}
    at = last.get("at")
    return Wanted(
        given=given,
        kinds=_known(given, "kind", KINDS),
        channels=_known(given, "channel", visit.caller.workspace.channels),
        tickets=tuple(one.removeprefix("#") for one in given.get("ticket", ())),
        start=_day(last, "from", visit.who),
        end=_day(last, "to", visit.who, 1),
        words=last.get("q", ""),
        as_of=_moment(last, "as_of", visit.who),
        at=_moment(last, "at", visit.who) if at != FIRST else None,
    )


def _known(given: Mapping[str, Sequence[str]], name: str, known: frozenset[str]) -> frozenset[str]:
    asked = frozenset(given.get(name, ()))
    if asked - known:
        raise bad_request(name, _("expected some of %(known)s", known=", ".join(sorted(known))))
    return asked


def _day(last: Mapping[str, str], name: str, who: Who | None, later: int = 0) -> datetime | None:
    """The beginning of a day where the agent is, or of one so many days `later`: not all have 24 hours."""
    if name not in last:
        return None
    try:
        day = date.fromisoformat(last[name]) + timedelta(days=later)
        found = datetime.combine(day, time(), tzinfo=who.clock if who else UTC)
    except (ValueError, OverflowError):
        raise bad_request(name, _("expected a date such as 2026-01-31")) from None
    return _in_reach(name, found)


def _moment(last: Mapping[str, str], name: str, who: Who | None) -> datetime | None:
    """A moment, where the agent is unless it names its zone."""
    if name not in last:
        return None
    try:
        found = datetime.fromisoformat(last[name].replace(" ", "+") if "T" in last[name] else last[name])
    except ValueError:
        raise bad_request(name, _("expected a time such as 2026-01-31T09:30")) from None
    return _in_reach(name, found if found.tzinfo else found.replace(tzinfo=who.clock if who else UTC))


def _in_reach(name: str, at: datetime) -> datetime:
    if not 1970 <= at.year < 2200:
        raise bad_request(name, _("expected a time between the years 1970 and 2200"))
    return at.astimezone(UTC)


def _said(name: str, value: str) -> str:
    if name == "from":
        return _("from %(day)s", day=value)
    if name == "to":
        return _("up to %(day)s", day=value)
    if name == "q":
        return _("“%(words)s”", words=value)
    return f"#{value.removeprefix('#')}" if name == "ticket" else words(value)
