"""What exactly is asked of a history: a question's operators and the parameters beside it, checked and put together."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal, get_args
from uuid import UUID

import msgspec

from identity.customers import CustomerId
from identity.identifiers import normalise
from search.documents import ITEMS, Kind, Outcome
from search.fusion import Mode, Priors
from search.query import QueryFault, Question, Term, read_day
from search.tokens import name_token, spellings
from timeline.events import Status

Sort = Literal["relevance", "newest"]
Group = Literal["none", "case"]
KINDS: Final[frozenset[str]] = frozenset(get_args(Kind))
SINGLE: Final[frozenset[str]] = ITEMS | {"contact"}
"""What is found where no kind is asked for: a case is found by its items."""
STATUSES: Final[frozenset[str]] = frozenset(get_args(Status))
OUTCOMES: Final[frozenset[str]] = frozenset(get_args(Outcome))
ME: Final = "me"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """`tickets` are ids or numbers as they were written, `orders` and `senders` what stood behind `order:` and
    `from:`; `internal`: whether notes may be found."""

    question: Question
    internal: bool
    mode: Mode = "hybrid"
    customer: CustomerId | None = None
    kinds: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    directions: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    queues: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()
    outcomes: frozenset[str] = frozenset()
    tickets: frozenset[str] = frozenset()
    orders: frozenset[str] = frozenset()
    senders: frozenset[str] = frozenset()
    start: datetime | None = None
    end: datetime | None = None
    group: Group = "none"
    sort: Sort = "relevance"
    priors: Priors = Priors()
    facets: bool = True
    correct: bool = True

    @property
    def newest(self) -> bool:
        """Whether the list is in order of time: asked for so, or nothing tells better from worse."""
        return self.sort == "newest" or not self.question.asks


def with_terms(wish: Wish, channels: frozenset[str], agent: UUID | None) -> Wish:
    """The wish with what its question's operators say; a value given twice means or. `agent` is who asks. Raises
    QueryFault."""
    terms = wish.question.terms
    known = {"channel": channels, "kind": KINDS, "status": STATUSES, "outcome": OUTCOMES}
    for term in terms:
        if term.operator in known and term.value.lower() not in known[term.operator]:
            expected = ", ".join(sorted(known[term.operator]))
            raise QueryFault(term.at, f"{term.operator}: does not know this; expected one of {expected}")
    starts = [read_day(term) for term in terms if term.operator == "after"]
    ends = [read_day(term) for term in terms if term.operator == "before"]
    return msgspec.structs.replace(
        wish,
        channels=wish.channels | _small(terms, "channel"),
        kinds=wish.kinds | _small(terms, "kind"),
        statuses=wish.statuses | _small(terms, "status"),
        outcomes=wish.outcomes | _small(terms, "outcome"),
        queues=wish.queues | {term.value for term in terms if term.operator == "queue"},
        tags=wish.tags | _small(terms, "tag"),
        agents=wish.agents | {_agent(term, agent) for term in terms if term.operator == "agent"},
        tickets=wish.tickets | {term.value.lstrip("#") for term in terms if term.operator == "ticket"},
        orders=wish.orders | {term.value for term in terms if term.operator == "order"},
        senders=wish.senders | {term.value for term in terms if term.operator == "from"},
        start=max([*starts, *([wish.start] if wish.start else [])], default=None),
        end=min([*ends, *([wish.end] if wish.end else [])], default=None),
    )


def kinds_of(wish: Wish) -> frozenset[str]:
    """What is found where no kind is asked for: between dates nobody, since people are not of a day."""
    kinds = ITEMS if wish.start or wish.end else SINGLE
    return kinds if wish.group == "none" else kinds | {"case"}


def order_tokens(orders: Iterable[str]) -> frozenset[str]:
    return frozenset(token for order in orders for token in spellings(order))


def sender_tokens(senders: Iterable[str], region: str | None) -> frozenset[str]:
    """How documents may call whoever is meant: a name, an address, a number."""
    found = {name_token(sender) for sender in senders} | {sender.strip().lower() for sender in senders}
    for sender in senders:
        readings = (normalise(kind, sender, None, region) for kind in ("email", "phone", "handle"))
        found |= {reading.value.lower() for reading in readings if reading.problem is None}
    return frozenset(found - {""})


def _small(terms: Iterable[Term], operator: str) -> set[str]:
    return {term.value.lower() for term in terms if term.operator == operator}


def _agent(term: Term, agent: UUID | None) -> str:
    if term.value != ME:
        try:
            return str(UUID(term.value))
        except ValueError:
            raise QueryFault(term.at, "agent: takes an agent's id, or me") from None
    if agent is None:
        raise QueryFault(term.at, "agent:me needs an agent's own key")
    return str(agent)
