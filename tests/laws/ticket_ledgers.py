"""Random small ledgers for the fold alone: a few contacts, what is said and asked, merges and policies."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from hypothesis import strategies as st

from tests.laws.ticket_cases import MONDAY, Case
from tests.laws.ticket_records import OEvent, OMerge, OPolicy

PEOPLE: Final = ("a", "b", "c")
HOURS: Final = (1, 1, 1, 1, 0, 5, 24, 24, 71, 72, 73, 96, 168, 169, 336, 500)
POLICIES: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"on_link": "join"},
    {"on_link": "join", "continues": {"gap": "4 weeks", "same_subject": False}},
    {"opens": {"message": ["inbound", "outbound"], "call": ["inbound"], "order": ["inbound"]}},
    {"continues": {"gap": "1 day", "same_channel": True}, "on_link": "join"},
    {"continues": {"gap": "2 weeks", "same_object": False, "same_subject": False}, "after_reply": "resolved"},
    {"continues": {"gap": "2 weeks", "same_conversation": True}, "on_link": "join"},
    {"opens": {"note": ["internal"]}, "after_reply": "open", "reopens": {"within": "1 hour"}},
    {"closes": {"resolved_after": None, "pending_after": "1 day", "history_after": None}, "on_link": "leave"},
    {"resolves": {"pending_after": "2 days", "reminder_before": "1 day"}, "on_link": "join"},
    {"resolves": {"pending_after": "1 hour"}, "closes": {"resolved_after": None, "pending_after": None}},
    {"opens_on_escalation": ["chat"]},
    {"closes": {"resolved_after": "1 hour"}, "reopens": {"within": "30 days"}, "opens": {}},
)
MOVES: Final = ("resolved", "closed", "open", "pending", "on_hold", "new")


@dataclass(frozen=True)
class Draft:
    """A thing before it has its place: `wait` hours pass before it; names are picked from what is there by number."""

    wait: int
    who: str
    what: str
    direction: str = "inbound"
    channel: str = "email"
    conversation: str | None = None
    subject: str | None = None
    object: str | None = None
    late: int = 0
    named: int | None = None
    about: int | None = None
    history: bool = False
    reminder: bool = False
    answered: bool = False
    begins: bool = False
    value: Any = None


def rarely(*values: Any) -> Any:
    return st.one_of(st.none(), st.none(), st.sampled_from(values))


_waits = st.sampled_from(HOURS)
_numbers = st.integers(0, 30)
_said = st.builds(
    Draft,
    wait=_waits,
    who=st.sampled_from(PEOPLE),
    what=st.sampled_from(("message",) * 6 + ("call", "note", "order")),
    direction=st.sampled_from(("inbound",) * 4 + ("outbound", "outbound", "internal")),
    channel=st.sampled_from(("email", "email", "chat")),
    conversation=rarely("c", "d"),
    subject=rarely("Lamp", "Re: lamp", "Invoice"),
    object=rarely("7", "8"),
    late=st.sampled_from((0, 0, 0, 0, 0, 1, 24, 72, 73, 100, 200, 400)),
    named=st.one_of(st.none(), st.none(), st.none(), _numbers),
    about=st.one_of(st.none(), _numbers),
    history=st.sampled_from((False,) * 5 + (True,)),
    reminder=st.sampled_from((False,) * 9 + (True,)),
    answered=st.booleans(),
    begins=st.sampled_from((False,) * 4 + (True,)),
)
_asked = st.builds(
    Draft,
    wait=_waits,
    who=st.sampled_from(PEOPLE),
    what=st.just("command"),
    named=_numbers,
    about=st.one_of(st.none(), _numbers),
    value=st.one_of(
        st.tuples(st.just("status"), st.sampled_from(MOVES)),
        st.tuples(st.just("status"), st.sampled_from(MOVES)),
        st.tuples(st.just("assignee"), rarely("kim")),
        st.tuples(st.just("tags"), st.tuples(st.sampled_from((("x",), ("y", "x"), ())), st.sampled_from(((), ("x",))))),
        st.tuples(st.just("priority"), st.sampled_from(("low", "high", "urgent"))),
        st.tuples(st.just("subject"), st.sampled_from(("New name", None))),
        st.tuples(st.sampled_from(("type", "queue")), st.sampled_from(("billing", "returns", None))),
        st.tuples(st.just("fields"), st.sampled_from(({"total": 7}, {"total": None, "note": "x"}, {"note": None}))),
        st.tuples(
            st.just("end"), st.tuples(st.sampled_from(("resolved", "closed")), st.sampled_from(("done", "lost")))
        ),
        st.tuples(st.just("snooze"), st.sampled_from((None, 1, 24, 100))),
        st.sampled_from((("closing", None), ("wake", None), ("resolving", None), ("reminding", None), ("third", None))),
        st.tuples(st.just("confirm"), st.booleans()),
    ),
)
_merged = st.builds(Draft, wait=_waits, who=st.sampled_from(PEOPLE), what=st.just("merge"), named=_numbers)
_decided = st.builds(Draft, wait=_waits, who=st.just("a"), what=st.just("policy"), named=_numbers)
_one = st.integers(0, 15).flatmap(lambda n: _said if n < 10 else _asked if n < 13 else _merged if n < 15 else _decided)
LEDGERS: Final = st.tuples(_decided, st.lists(_one, min_size=8, max_size=24)).map(lambda pair: [pair[0], *pair[1]])


def ledger(drafts: Sequence[Draft]) -> Case:
    now, placed = MONDAY, []
    for position, draft in enumerate(drafts, 1):
        now += timedelta(hours=draft.wait)
        events = [thing for thing in placed if isinstance(thing, OEvent)]
        if draft.what == "merge":
            other = [person for person in PEOPLE if person != draft.who][(draft.named or 0) % 2]
            if not _joined(placed, draft.who, other):
                placed.append(OMerge(position, draft.who, other))
        elif draft.what == "policy":
            version = sum(isinstance(thing, OPolicy) for thing in placed) + 1
            placed.append(OPolicy(version, position, POLICIES[(draft.named or 0) % len(POLICIES)]))
        elif draft.what != "command" or events:
            placed.append(_event(draft, position, now, events))
    return Case("", placed, {}, {})


def _event(draft: Draft, position: int, now: Any, before: Sequence[OEvent]) -> OEvent:
    """What names a ticket mostly names a customer's message, and mostly stands where that stands."""
    opening = [event for event in before if event.direction == "inbound"] or before
    named = opening[draft.named % len(opening)] if opening and draft.named is not None else None
    about = before[draft.about % len(before)] if before and draft.about is not None else named
    plain = OEvent(
        position=position,
        id=f"e{position}",
        contact=named.contact if named and position % 5 else draft.who,
        kind="change",
        ticket=named and named.id,
        about=about and about.id,
        shown=now,
        recorded=now,
        sets=draft.value,
    )
    if draft.what == "command":
        return plain
    return replace(
        plain,
        kind=draft.what,
        direction=draft.direction,
        channel=draft.channel,
        source="shop",
        conversation=draft.conversation,
        subject=draft.subject,
        body="Hello there",
        object=("order", draft.object) if draft.object else None,
        shown=now - timedelta(hours=draft.late),
        history=draft.history,
        reminder=draft.reminder and draft.direction == "outbound",
        begins=draft.begins and not draft.reminder and draft.what == "message" and draft.direction == "outbound",
        answered=draft.answered and draft.what == "call" and draft.direction == "inbound",
        sets=None,
    )


def _joined(placed: Sequence[Any], one: str, other: str) -> bool:
    root = {person: person for person in PEOPLE}
    for merge in placed:
        if isinstance(merge, OMerge):
            kept, lost = root[merge.a], root[merge.b]
            root = {person: kept if at == lost else at for person, at in root.items()}
    return root[one] == root[other]
