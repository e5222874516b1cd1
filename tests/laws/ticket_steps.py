"""The steps of a random history of tickets: what is said, asked and decided, and how much time passes."""

from dataclasses import dataclass, replace
from typing import Any, Final

from hypothesis import strategies as st

from tests.laws.ticket_ledgers import HOURS, rarely

PEOPLE: Final = ("a", "b", "c")
STATES: Final = ("resolved", "closed", "open", "pending", "on_hold")


@dataclass(frozen=True)
class Push:
    """Somebody said something, shown `late` hours before it was known. `ticket` picks one by number."""

    who: str = "a"
    what: str = "message"
    direction: str = "inbound"
    channel: str = "email"
    conversation: str | None = None
    subject: str | None = None
    object: str | None = None
    late: int = 0
    ticket: int | None = None
    proof: str | None = None
    history: bool = False


@dataclass(frozen=True)
class Batch:
    """Several at once."""

    pushes: tuple[Push, ...]


@dataclass(frozen=True)
class Wait:
    hours: int


@dataclass(frozen=True)
class Do:
    """A decision or a command; the numbers pick with what, modulo of what there is to pick from."""

    what: str
    one: int = 0
    other: int = 0
    value: Any = None


Step = Push | Batch | Wait | Do


def _pushes(histories: bool) -> st.SearchStrategy[Push]:
    return st.builds(
        Push,
        who=st.sampled_from(PEOPLE),
        what=st.sampled_from(("message",) * 6 + ("call", "note", "order")),
        direction=st.sampled_from(("inbound",) * 4 + ("outbound", "outbound", "internal")),
        channel=st.sampled_from(("email", "email", "chat")),
        conversation=rarely("c", "d"),
        subject=rarely("Lamp", "Re: lamp", "Invoice"),
        object=rarely("7", "8"),
        late=st.sampled_from((0, 0, 0, 0, 0, 1, 24, 72, 73, 100, 200, 400)),
        ticket=st.one_of(st.none(), st.none(), st.none(), st.integers(0, 9)),
        proof=st.one_of(st.none(), rarely("email:one@example.com", "email:two@example.com")),
        history=st.sampled_from((False,) * 5 + (True,)) if histories else st.just(False),
    )


_number = st.integers(0, 9)
_push, _plain = _pushes(True), _pushes(False)
_batch = st.builds(Batch, st.lists(_plain, min_size=2, max_size=4).map(tuple))
_wait = st.builds(Wait, st.sampled_from(HOURS))


def _do(*names: str) -> st.SearchStrategy[Do]:
    return st.builds(Do, st.sampled_from(names), _number, _number)


_join, _part = _do("merge"), _do("unmerge")
_decide = _do("split", "unsplit", "place", "place", "place", "unplace", "recut")
_policy = st.builds(Do, st.just("policy"), _number)
_begun = st.builds(Do, st.just("policy"), st.integers(0, 4))
_command = st.builds(
    Do,
    st.just("command"),
    _number,
    _number,
    st.one_of(
        st.tuples(st.just("status"), st.sampled_from(STATES)),
        st.tuples(st.just("status"), st.sampled_from(STATES)),
        st.tuples(st.just("assignee"), st.booleans()),
        st.tuples(st.just("tags"), st.tuples(st.sampled_from((("x",), ("y", "x"), ())), st.sampled_from(((), ("x",))))),
        st.tuples(st.just("priority"), st.sampled_from(("low", "high", "urgent"))),
        st.just(("subject", "New name")),
        st.tuples(st.just("snooze"), st.sampled_from((None, 1, 24, 100))),
        st.sampled_from((("wake", None), ("third", None), ("confirm", True), ("confirm", False))),
        st.tuples(st.just("queue"), st.sampled_from(("returns", "billing", None))),
        st.just(("note", "Remember")),
        *(st.just(("reply", "Dear customer")),) * 4,
    ),
)
_any = (
    (_push,) * 8
    + (_batch,)
    + (_wait,) * 2
    + (_do("silence"),)
    + (_command,) * 4
    + (_join,) * 2
    + (_part,) * 2
    + (_decide,)
    + (_policy,)
)
_one = st.integers(0, len(_any) - 1).flatmap(lambda which: _any[which])
_first = tuple(st.builds(Push, who=st.just(who), subject=rarely("Lamp"), object=rarely("7")) for who in PEOPLE)
STEPS: Final = st.tuples(_begun, *_first, st.lists(_one, min_size=8, max_size=24)).map(
    lambda all_of: [*all_of[:4], *all_of[4]]
)
_alone = _push.map(lambda push: replace(push, proof=None))
_knot = _do("unmerge", "merge", "split", "place", "merge", "unmerge", "recut", "place", "unmerge", "unsplit", "unplace")
_ruled = _command.map(lambda step: replace(step, one=step.one % 3, value=("status", STATES[step.other % 5])))
_plainly = st.builds(Push, who=st.sampled_from(PEOPLE))
_meant = st.integers(0, 19).flatmap(
    lambda n: _plainly if n < 5 else _alone if n < 9 else _ruled if n < 15 else _command if n < 18 else _wait
)
_tied = st.tuples(st.lists(_meant, min_size=2, max_size=5), _knot).map(lambda both: [*both[0], both[1]])
_tying = st.builds(Do, st.just("policy"), st.sampled_from((1, 0, 2, 4, 5)))
KNOTS: Final = st.tuples(_tying, *_first, _join, st.lists(_tied, min_size=5, max_size=7)).map(
    lambda all_of: [*all_of[:5], *(step for tied in all_of[5] for step in tied)]
)
"""Many decisions, with commands between them."""
BATCHES: Final = st.lists(_batch, min_size=1, max_size=3)
_talk = st.integers(0, 19).flatmap(lambda n: _alone if n < 10 else _command if n < 16 else _wait if n < 18 else _policy)
TALK: Final = st.lists(_talk, max_size=5)
"""Nothing that merges anybody."""
_nameless = _alone.map(lambda push: replace(push, ticket=None))
_spoken = st.integers(0, 9).flatmap(lambda n: _nameless if n < 7 else _wait if n < 9 else _policy)
SAID: Final = st.tuples(
    _begun, *(st.builds(Push, who=st.just(who)) for who in PEOPLE), st.lists(_spoken, max_size=8)
).map(lambda all_of: [*all_of[:4], *all_of[4]])
SPOKEN: Final = st.lists(_spoken, min_size=2, max_size=8)
"""Nothing that merges anybody, or means a ticket by its name."""
