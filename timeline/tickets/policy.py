"""When a ticket opens, continues, reopens and closes by itself, in words that an administrator understands."""

import re
from datetime import timedelta
from typing import Any, Final, Literal

import msgspec

from timeline.interactions import Direction, InvalidField, check_json, check_name, refused_json
from timeline.tickets.configuration import NO_DESK_RULES, DeskRules

OnLink = Literal["suggest", "leave", "join"]

_UNITS: Final = {"minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_DURATION: Final = re.compile(r"([1-9][0-9]{0,4}) (minute|hour|day|week)s?")
MOST_CHANNELS: Final = 50
MOST_REMINDER: Final = 5_000
DURATION_WORDS: Final = 'expected a number and a unit, such as "3 days" (minutes, hours, days or weeks)'


class Opens(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What opens a ticket: for each kind the directions that do."""

    message: tuple[Direction, ...] = ()
    call: tuple[Direction, ...] = ()
    note: tuple[Direction, ...] = ()
    order: tuple[Direction, ...] = ()
    payment: tuple[Direction, ...] = ()
    shipment: tuple[Direction, ...] = ()
    visit: tuple[Direction, ...] = ()
    fact: tuple[Direction, ...] = ()


class Continues(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one matter is: how long it may be silent, and what sets two matters apart."""

    gap: str = "3 days"
    same_channel: bool = False
    same_conversation: bool = False
    same_object: bool = True
    same_subject: bool = True


class Reopens(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long an ended ticket is opened again by the customer's next message, before that opens a follow-up."""

    within: str = "7 days"


class Closes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The silence after which a ticket closes by itself; null: never."""

    resolved_after: str | None = "4 days"
    pending_after: str | None = "14 days"
    history_after: str | None = "3 days"


class Resolves(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The customer's silence after which a pending ticket is taken as resolved (null: never), and how long before that
    the customer is reminded, with which words (null: not at all)."""

    pending_after: str | None = None
    reminder_before: str | None = None
    reminder: str = "We have not heard from you and take this as settled soon. If it is not, just answer this message."


class TicketPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One policy, as it is written and kept. `docs/tickets.md` has every word of it."""

    name: str = "Standard"
    opens: Opens = Opens(message=("inbound",), call=("inbound",))
    continues: Continues = Continues()
    reopens: Reopens = Reopens()
    closes: Closes = Closes()
    resolves: Resolves = Resolves()
    after_reply: Literal["open", "pending", "resolved"] = "pending"
    on_link: OnLink = "suggest"
    opens_on_escalation: tuple[str, ...] = ()


class Rules(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A policy as the fold uses it; None: never."""

    version: int
    opens: frozenset[tuple[str, str]]
    gap: timedelta
    same_channel: bool
    same_conversation: bool
    same_object: bool
    same_subject: bool
    within: timedelta
    resolved_after: timedelta | None
    pending_after: timedelta | None
    resolves_after: timedelta | None
    reminder_before: timedelta | None
    reminder: str
    history_after: timedelta | None
    after_reply: Literal["open", "pending", "resolved"]
    on_link: OnLink
    escalates: frozenset[str] = frozenset()
    desk: DeskRules = NO_DESK_RULES

    @property
    def reach(self) -> timedelta:
        """How long after its end a ticket can still be met by an item that does not name it."""
        return max(self.gap, self.within)


STANDARD: Final = TicketPolicy()
SCHEMA: Final[dict[str, Any]] = msgspec.json.schema(TicketPolicy)


def read_policy(raw: bytes) -> TicketPolicy:
    """A policy from JSON, checked. Raises `InvalidField` with the path at fault."""
    try:
        policy = msgspec.json.decode(raw, type=TicketPolicy)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise refused_json(error, raw, TicketPolicy) from None
    check_json(msgspec.to_builtins(policy))
    check_policy(policy)
    return policy


def check_policy(policy: TicketPolicy) -> None:
    """Raises `InvalidField` for what no schema says: a name that is none, a duration that is none."""
    if not policy.name.strip() or len(policy.name) > 200:
        raise InvalidField("name", "expected 1 to 200 characters")
    channels = policy.opens_on_escalation
    if len(channels) > MOST_CHANNELS:
        raise InvalidField("opens_on_escalation", f"expected at most {MOST_CHANNELS} names of channels")
    for channel in channels:
        check_name("opens_on_escalation", channel)
    rules_of(policy, 0)


def rules_of(policy: TicketPolicy, version: int) -> Rules:
    """Raises `InvalidField` for a duration that is none."""
    closes, resolves = policy.closes, policy.resolves
    return Rules(
        version=version,
        opens=frozenset((kind, way) for kind in Opens.__struct_fields__ for way in getattr(policy.opens, kind)),
        gap=_duration("continues.gap", policy.continues.gap),
        same_channel=policy.continues.same_channel,
        same_conversation=policy.continues.same_conversation,
        same_object=policy.continues.same_object,
        same_subject=policy.continues.same_subject,
        within=_duration("reopens.within", policy.reopens.within),
        resolved_after=_perhaps("closes.resolved_after", closes.resolved_after),
        pending_after=_perhaps("closes.pending_after", closes.pending_after),
        resolves_after=_perhaps("resolves.pending_after", resolves.pending_after),
        reminder_before=_before(resolves),
        reminder=resolves.reminder,
        history_after=_perhaps("closes.history_after", closes.history_after),
        after_reply=policy.after_reply,
        on_link=policy.on_link,
        escalates=frozenset(policy.opens_on_escalation),
    )


def _before(resolves: Resolves) -> timedelta | None:
    before = _perhaps("resolves.reminder_before", resolves.reminder_before)
    after = _perhaps("resolves.pending_after", resolves.pending_after)
    if before is not None and (after is None or before >= after):
        raise InvalidField("resolves.reminder_before", "expected less than resolves.pending_after")
    if not resolves.reminder.strip() or len(resolves.reminder) > MOST_REMINDER:
        raise InvalidField("resolves.reminder", f"expected 1 to {MOST_REMINDER} characters")
    return before


def _perhaps(field: str, text: str | None) -> timedelta | None:
    return None if text is None else _duration(field, text)


def _duration(field: str, text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise InvalidField(field, DURATION_WORDS)
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]])


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """The policies of a workspace and what its desk set up, each as (from position, rules) in order of version; where
    none holds, the standard, and nothing."""

    kept: tuple[tuple[int, Rules], ...] = ()
    desks: tuple[tuple[int, DeskRules], ...] = ()

    def at(self, position: int) -> Rules:
        """The rules in force for an event: of the versions from a position at or before it the highest, of both."""
        rules = next((rules for start, rules in reversed(self.kept) if start <= position), _STANDARD_RULES)
        return _under(rules, next((desk for start, desk in reversed(self.desks) if start <= position), NO_DESK_RULES))

    @property
    def reach(self) -> timedelta:
        """The longest reach that any of them has."""
        return max([_STANDARD_RULES.reach, *(rules.reach for _, rules in self.kept)])

    @property
    def latest(self) -> Rules:
        rules = self.kept[-1][1] if self.kept else _STANDARD_RULES
        return _under(rules, self.desks[-1][1] if self.desks else NO_DESK_RULES)


def _under(rules: Rules, desk: DeskRules) -> Rules:
    return rules if rules.desk is desk else msgspec.structs.replace(rules, desk=desk)


_STANDARD_RULES: Final = rules_of(STANDARD, 0)
