"""The rules of docs/tickets.md as small threads, each with the tickets that it must give: read it as documentation.

A thread is what became known, in that order; times are days after a Monday noon.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.laws.ticket_records import NO_TICKET, NOT_ALLOWED, OEvent, OMerge, OPolicy

MONDAY: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)

Thing = OEvent | OMerge | OPolicy


@dataclass(frozen=True)
class Case:
    """`expected` says of each ticket, by the id of its opening event, what the rule is about; nothing else opens."""

    name: str
    things: Sequence[Thing]
    expected: Mapping[str, Mapping[str, Any]]
    voids: Mapping[str, str]

    @property
    def events(self) -> list[OEvent]:
        return [thing for thing in self.things if isinstance(thing, OEvent)]

    @property
    def merges(self) -> list[OMerge]:
        return [thing for thing in self.things if isinstance(thing, OMerge)]

    @property
    def policies(self) -> list[OPolicy]:
        return [thing for thing in self.things if isinstance(thing, OPolicy)]

    @property
    def homes(self) -> dict[Any, Any]:
        ends = {end for merge in self.merges for end in (merge.a, merge.b)}
        return {contact: contact for contact in {event.contact for event in self.events} | ends}


def case(
    name: str,
    things: Sequence[Thing],
    expected: Mapping[str, Mapping[str, Any]],
    voids: Mapping[str, str] | None = None,
) -> Case:
    placed: list[Thing] = []
    for at, thing in enumerate(things, 1):
        if isinstance(thing, OPolicy):
            version = sum(isinstance(before, OPolicy) for before in placed) + 1
            placed.append(replace(thing, version=version, from_position=at))
        else:
            placed.append(replace(thing, position=at))
    return Case(name, placed, expected, voids or {})


def day(number: float) -> datetime:
    return MONDAY + timedelta(days=number)


def said(name: str, at: float, kind: str = "message", direction: str = "inbound", **more: Any) -> OEvent:
    """`known` is when it reached us, where that was later; `who` is the contact that it stands on."""
    known = more.pop("known", at)
    return OEvent(
        position=0,
        id=name,
        contact=more.pop("who", "a"),
        kind=kind,
        direction=direction,
        channel=more.pop("channel", "email"),
        source="shop",
        shown=day(at),
        recorded=day(known),
        **more,
    )


def replied(name: str, at: float, **more: Any) -> OEvent:
    return said(name, at, direction="outbound", **more)


def noted(name: str, at: float, **more: Any) -> OEvent:
    return said(name, at, "note", "internal", **more)


def ordered(name: str, at: float, number: str, **more: Any) -> OEvent:
    return said(name, at, "order", "inbound", object=("order", number), **more)


def asked(name: str, at: float, ticket: str, what: str, value: Any, **more: Any) -> OEvent:
    about = more.pop("about", ticket)
    who = more.pop("who", "a")
    return OEvent(
        position=0, id=name, contact=who, kind="change", ticket=ticket, about=about, shown=day(at), recorded=day(at),
        sets=(what, value), **more,
    )  # fmt: skip


def joined(a: str, b: str) -> OMerge:
    return OMerge(0, a, b)


def decided(**words: Any) -> OPolicy:
    return OPolicy(0, 0, words)


OPENING: Final = [
    case(
        "a message opens a ticket, which waits for us",
        [said("m", 0, subject="Broken lamp", body="It flickers.")],
        {
            "m": {
                "status": "new", "waiting": "us", "items": ["m"], "subject": "Broken lamp", "channels": ["email"],
                "opened_at": day(0), "last_at": day(0), "closes_at": None, "version": 1, "priority": "normal",
                "first_reply_at": None, "reopened": 0, "parts": [], "history": False,
            }
        },
    ),
    case("without a subject it bears the beginning of the body", [said("m", 0, body="It flickers.")],
         {"m": {"subject": "It flickers.", "matter": None}}),
    case("an order opens nothing", [ordered("o", 0, "7")], {}),
    case("unless the policy says so; it waits for nobody",
         [decided(opens={"order": ["inbound"]}), ordered("o", 0, "7")],
         {"o": {"status": "new", "waiting": None, "objects": [("order", "7")], "items": ["o"]}}),
    case("and where the policy opens for orders alone, a message opens nothing",
         [decided(opens={"order": ["inbound"]}), said("m", 0)], {}),
    case("our own message opens nothing", [replied("r", 0)], {}),
    case("unless the policy says so; it is answered already",
         [decided(opens={"message": ["inbound", "outbound"]}), replied("r", 0)],
         {"r": {"status": "pending", "waiting": "customer", "first_reply_at": day(0), "closes_at": day(14)}}),
]  # fmt: skip

CONTINUING: Final = [
    case("a message within the gap goes on", [said("m", 0), said("n", 3)],
         {"m": {"items": ["m", "n"], "last_at": day(3), "version": 2}}),
    case("a message after the gap is another matter", [said("m", 0), said("n", 3.001)],
         {"m": {"items": ["m"]}, "n": {"items": ["n"], "follow_up_of": None}}),
    case("another subject is another matter; the reply's mark is none",
         [said("m", 0, subject="Broken lamp"), said("n", 1, subject="Invoice"),
          said("o", 2, subject="Re: broken  lamp")],
         {"m": {"items": ["m", "o"]}, "n": {"items": ["n"]}}),
    case("without a subject it goes on with the ticket that was spoken in last",
         [said("m", 0, subject="Broken lamp"), said("n", 1, subject="Invoice"), said("o", 2)],
         {"m": {"items": ["m"]}, "n": {"items": ["n", "o"]}}),
    case("another order is another matter, the same order is the same whatever the subject",
         [said("m", 0, subject="Late", object=("order", "7")), said("n", 1, subject="Late", object=("order", "8")),
          said("o", 2, subject="Where is it?", object=("order", "7"))],
         {"m": {"items": ["m", "o"]}, "n": {"items": ["n"]}}),
    case("an order's news goes to the ticket about it, and to no other",
         [said("m", 0, object=("order", "7")), ordered("o", 5, "7"), ordered("p", 6, "8")],
         {"m": {"items": ["m", "o"], "last_at": day(0), "channels": ["email"]}}),
    case("a live ticket goes on with its subject for a week, with its object for ever",
         [said("m", 0, subject="Lamp"), said("n", 1, subject="Late", object=("order", "7")),
          said("o", 7, subject="Re: Lamp"), said("p", 40, object=("order", "7")), said("q", 44, subject="Lamp")],
         {"m": {"items": ["m", "o"]}, "n": {"items": ["n", "p"]}, "q": {"items": ["q"]}}),
    case("a conversation goes on for ever",
         [said("m", 0, conversation="c"), said("n", 1, subject="X", conversation="d"), said("o", 30, conversation="c")],
         {"m": {"items": ["m", "n", "o"]}}),
    case("on another channel it goes on", [said("m", 0), said("n", 1, channel="chat")],
         {"m": {"items": ["m", "n"], "channels": ["email", "chat"]}}),
    case("unless the policy says otherwise",
         [decided(continues={"same_channel": True}), said("m", 0), said("n", 1, channel="chat")],
         {"m": {"items": ["m"]}, "n": {"items": ["n"]}}),
    case("what names its ticket goes there",
         [said("m", 0), said("n", 10), noted("o", 10.5, ticket="m"), said("p", 11, ticket="m")],
         {"m": {"items": ["m", "o", "p"]}, "n": {"items": ["n"]}}),
    case("a note that names nothing is no item", [said("m", 0), noted("n", 1)], {"m": {"items": ["m"], "version": 1}}),
    case("a conversation of another source is another", [said("m", 0, conversation="c"),
         replace(said("n", 30, conversation="c"), source="mail")],
         {"m": {"items": ["m"]}, "n": {"items": ["n"]}}),
]  # fmt: skip

REPLYING: Final = [
    case("our reply waits for the customer, who answers",
         [said("m", 0), replied("r", 1), said("n", 2)],
         {"m": {"status": "open", "waiting": "us", "first_reply_at": day(1), "closes_at": None}}),
    case("a pending ticket closes when the customer stays silent",
         [said("m", 0), replied("r", 1), said("n", 22.5)],
         {"m": {"status": "closed", "closed_at": day(15), "ended_at": day(15), "closes_at": None, "version": 3},
          "n": {"items": ["n"]}}),
    case("a moment earlier it does not",
         [said("m", 0), replied("r", 1), said("n", 14.999)],
         {"m": {"status": "pending", "closes_at": day(15)}, "n": {"status": "new"}}),
    case("a reply resolves where the policy says so; a second one changes nothing",
         [decided(after_reply="resolved"), said("m", 0), replied("r", 1), replied("s", 2)],
         {"m": {"status": "resolved", "resolved_at": day(1), "ended_at": day(1), "closes_at": day(6)}}),
    case("a reply leaves a ticket that is on hold as it is",
         [said("m", 0), asked("h", 1, "m", "status", "on_hold"), replied("r", 2)],
         {"m": {"status": "on_hold", "waiting": "customer"}}),
]  # fmt: skip

ENDING: Final = [
    case("a resolved ticket is reopened by an answer within the week, where it continues",
         [said("m", 0, conversation="c"), asked("e", 1, "m", "status", "resolved"), said("n", 4, conversation="c")],
         {"m": {"status": "open", "reopened": 1, "ended_at": None, "resolved_at": None, "items": ["m", "e", "n"]}}),
    case("silence closes it, from when it ended on the week counts",
         [said("m", 0, conversation="c"), asked("e", 1, "m", "status", "resolved"), said("n", 7, conversation="c")],
         {"m": {"status": "open", "reopened": 1, "closed_at": None}}),
    case("within the week it needs no conversation to be reopened, however long the silence was",
         [said("m", 0), asked("e", 1, "m", "status", "resolved"), said("n", 6)],
         {"m": {"status": "open", "reopened": 1, "items": ["m", "e", "n"]}}),
    case("but another conversation is another matter, unless it names the same subject",
         [said("m", 0, subject="Lamp"), asked("e", 1, "m", "status", "resolved"), said("n", 6, conversation="c"),
          said("o", 6.5, conversation="d", subject="Re: lamp")],
         {"m": {"status": "open", "items": ["m", "e", "o"]}, "n": {"items": ["n"], "follow_up_of": None}}),
    case("after the week, it is followed up",
         [said("m", 0, conversation="c"), asked("e", 1, "m", "status", "resolved"), said("n", 9, conversation="c"),
          said("o", 30, conversation="c")],
         {"m": {"status": "closed", "ended_at": day(1), "resolved_at": day(1), "closed_at": day(5),
                "items": ["m", "e"]},
          "n": {"follow_up_of": "m", "items": ["n", "o"]}}),
    case("our late word to a closed ticket leaves it closed",
         [said("m", 0, conversation="c"), asked("e", 1, "m", "status", "closed"), replied("r", 2, conversation="c")],
         {"m": {"status": "closed", "waiting": "customer", "ended_at": day(1), "closed_at": day(1)}}),
    case("a person reopens within the week only",
         [said("m", 0), asked("e", 1, "m", "status", "closed"), asked("f", 8, "m", "status", "open"),
          asked("g", 9, "m", "status", "closed"), asked("h", 16.5, "m", "status", "open")],
         {"m": {"status": "closed", "reopened": 1, "items": ["m", "e", "f", "g"]}}, {"h": NOT_ALLOWED}),
    case("no ticket goes back to new, and no closed one to resolved",
         [said("m", 0), asked("e", 1, "m", "status", "closed"), asked("f", 2, "m", "status", "resolved"),
          asked("g", 3, "m", "status", "new"), asked("h", 4, "m", "status", "closed")],
         {"m": {"status": "closed", "closed_at": day(1), "items": ["m", "e", "h"], "version": 3}},
         {"f": NOT_ALLOWED, "g": NOT_ALLOWED}),
    case("a command for nobody's ticket is void", [said("m", 0), asked("e", 1, "x", "status", "closed")],
         {"m": {"status": "new", "version": 1}}, {"e": NO_TICKET}),
    case("assigning opens; tags, priority and subject are set",
         [said("m", 0, subject="Lamp"), asked("e", 1, "m", "assignee", "kim"),
          asked("f", 2, "m", "tags", (["a", "b"], [])),
          asked("g", 3, "m", "tags", (["c"], ["a"])), asked("h", 4, "m", "priority", "high"),
          asked("i", 5, "m", "subject", "Lamps")],
         {"m": {"status": "open", "assignee": "kim", "tags": ["b", "c"], "priority": "high", "subject": "Lamps",
                "matter": "lamp", "version": 6}}),
]  # fmt: skip

LATE: Final = [
    case("a late message joins the ticket whose span holds it, and reopens nothing",
         [said("m", 0), asked("e", 2, "m", "status", "closed"), said("n", 20), said("l", 1, known=21)],
         {"m": {"status": "closed", "items": ["m", "e", "l"], "ended_at": day(2)}, "n": {"items": ["n"]}}),
    case("else it is closed at birth",
         [said("n", 20), said("l", 1, known=21)],
         {"n": {"items": ["n"]}, "l": {"status": "closed", "ended_at": day(1), "closed_at": day(1), "waiting": "us"}}),
    case("a message that is only a little late goes on", [said("n", 3), said("l", 1, known=4)],
         {"n": {"items": ["n", "l"], "opened_at": day(3), "last_at": day(3)}}),
    case("imported history lives by its own time",
         [said("m", 0, known=100, history=True), said("n", 1, known=100, history=True),
          said("o", 20, known=100, history=True)],
         {"m": {"status": "closed", "closed_at": day(4), "items": ["m", "n"]}, "o": {"closes_at": day(23)}}),
]  # fmt: skip

MERGING: Final = [
    case("a merge changes no ticket; from then on the thread is one",
         [said("m", 0), said("n", 1, who="b"), joined("a", "b"), said("o", 2, who="b"), said("p", 2.5)],
         {"m": {"items": ["m"], "version": 1}, "n": {"items": ["n", "o", "p"]}}),
    case("before it nobody sees the other's tickets", [said("m", 0), said("n", 1, who="b", conversation="c"),
          said("o", 2, conversation="c"), joined("a", "b"), said("p", 2.5, conversation="c")],
         {"m": {"items": ["m", "o", "p"]}, "n": {"items": ["n"]}}),
    case("a command follows what it is about to the side of its ticket",
         [said("m", 0), said("n", 1, who="b"), asked("e", 2, "n", "status", "resolved", about="m")],
         {"m": {"status": "resolved", "items": ["m", "e"]}, "n": {"status": "new"}}),
    case("two open tickets that would have been one are joined where the policy says so",
         [decided(on_link="join"), said("m", 0, object=("order", "7")), said("n", 1, who="b", channel="chat"),
          asked("t", 1.5, "n", "tags", (["vip"], []), who="b"), joined("a", "b"),
          asked("e", 2, "n", "status", "on_hold")],
         {"m": {"parts": ["n"], "channels": ["email", "chat"], "tags": ["vip"], "items": ["m", "e"], "last_at": day(1),
                "status": "on_hold", "version": 3},
          "n": {"joined_into": "m", "status": "new", "items": ["n", "t"], "version": 3}}),
    case("not those that are about different orders, nor the two of one side",
         [decided(on_link="join"), said("m", 0, subject="A", object=("order", "7")), said("x", 0.5, subject="B"),
          said("n", 1, who="b", subject="A", object=("order", "8")), joined("a", "b")],
         {"m": {"parts": []}, "x": {"parts": []}, "n": {"joined_into": None}}),
]  # fmt: skip

POLICY: Final = [
    case("each chat can be a matter of its own, unless it names the same object",
         [decided(continues={"same_conversation": True}), said("m", 0, conversation="c"),
          said("n", 1, conversation="d"), said("o", 1.1, conversation="e", object=("order", "7")),
          said("p", 1.2, conversation="f", object=("order", "7")), said("q", 1.3)],
         {"m": {"items": ["m"]}, "n": {"items": ["n"]}, "o": {"items": ["o", "p", "q"]}}),
    case("a policy holds from its position on",
         [said("m", 0), decided(continues={"gap": "1 hour"}), said("n", 1), decided(continues={"gap": "2 days"}),
          said("o", 2)],
         {"m": {"items": ["m"]}, "n": {"items": ["n", "o"]}}),
    case("a duration may be null: nothing closes then",
         [decided(closes={"pending_after": None}), said("m", 0), replied("r", 1), noted("n", 300, ticket="m")],
         {"m": {"status": "pending", "closes_at": None}}),
]  # fmt: skip

CASES: Final = [*OPENING, *CONTINUING, *REPLYING, *ENDING, *LATE, *MERGING, *POLICY]


def told(thing: Thing) -> str:
    """One line of a thread, without what says nothing."""
    if not isinstance(thing, OEvent):
        return repr(thing)
    said = {name: value for name, value in vars(thing).items() if value not in (None, False, "Hello there")}
    times = {name: f"{(said.pop(name) - MONDAY) / timedelta(hours=1):g}h" for name in ("shown", "recorded")}
    return " ".join(f"{name}={value}" for name, value in (said | times).items())
