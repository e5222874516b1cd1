"""Which tickets a list is to hold: the words of its query, the same in a request and in a saved view."""

from datetime import timedelta
from typing import Any, Final, cast, get_args
from uuid import UUID

from app.access import Caller
from app.api.calls import read_id
from app.api.customers import PAGING
from app.api.queries import Query
from app.api.routes import Parameter
from app.errors import bad_request
from identity.customers import CustomerId
from timeline.events import Priority, Status
from timeline.tickets.listing import Listing, Sort
from timeline.tickets.ticket import Waiting

ALL: Final = "all"
NOBODY: Final = "none"
ME: Final = "me"
SORTS: Final[tuple[Sort, ...]] = get_args(Sort)
MOST_TEXT: Final = 200
MOST_SECONDS: Final = 366 * 86_400
BREACHED: Final = "breached"
DUE_WITHIN: Final = "due_within:"
SLA_WORDS: Final = f"expected {BREACHED}, or {DUE_WITHIN} and seconds up to {MOST_SECONDS}"

_STATUSES: Final[frozenset[str]] = frozenset(get_args(Status))
_PRIORITIES: Final[frozenset[str]] = frozenset(get_args(Priority))
_WAITING: Final[frozenset[str]] = frozenset(get_args(Waiting))


def _several(name: str, words: str, values: Any = None) -> Parameter:
    items: dict[str, Any] = {"type": "string", "enum": sorted(values)} if values else {"type": "string"}
    return Parameter(name=name, words=f"{words}; given twice means or.", schema={"type": "array", "items": items})


CUSTOMER: Final = Parameter(name="customer", words="Only this customer's.", schema={"type": "string"})
_BETWEEN: Final = tuple(one for one in PAGING if one.name in ("from", "to"))
FILTERS: Final = (
    _several("status", f"Only these; `{ALL}` for every one, by default those that are open", {*_STATUSES, ALL}),
    _several("priority", "Only these", _PRIORITIES),
    _several(
        "assignee",
        f"Only what these agents have, by id; `{ME}` for whose key this is, `{NOBODY}` for what nobody has",
    ),
    _several("queue", f"Only what waits in these, by key; `{NOBODY}` for what waits in none"),
    _several("team", "Only what waits in a queue of these teams, by key"),
    _several("type", f"Only these, by key; `{NOBODY}` for what has none"),
    _several("tag", "Only what has one of these tags"),
    _several("channel", "Only what has been on one of these channels"),
    _several("waiting", "Only what waits for these", _WAITING),
    _several("field.*", "`field.KEY=VALUE`: only what has this in that custom field"),
    _several("sla", f"Only what is `{BREACHED}`, or due `{DUE_WITHIN}SECONDS` and not breached"),
    Parameter(name="snoozed", words="Only what is snoozed now, or only what is not.", schema={"type": "boolean"}),
    Parameter(
        name="q",
        words="Only what has this in its subject, whatever the case, or as its number.",
        schema={"type": "string", "maxLength": MOST_TEXT},
    ),
    CUSTOMER,
    *(
        Parameter(name=one.name, words=f"Opened since or until then: {one.words}", schema=one.schema)
        for one in _BETWEEN
    ),
)
SORT: Final = Parameter(
    name="sort",
    words="`last_at` and `opened_at`: the newest first; `sla_due_at`: the first due first, what is never due last.",
    schema={"type": "string", "enum": list(SORTS), "default": "last_at"},
)


def read_listing(query: Query, caller: Caller) -> Listing:
    """The list that a query asks for, its beginning. Raises the 400 that names the parameter, and `NotFound`."""
    statuses = query.several("status", _STATUSES | {ALL})
    mine, sla = query.texts("assignee"), query.texts("sla")
    queues, types, customer = query.texts("queue"), query.texts("type"), query.text("customer")
    return Listing(
        statuses=cast("frozenset[Status]", _STATUSES if ALL in statuses else statuses),
        priorities=cast("frozenset[Priority]", query.several("priority", _PRIORITIES)),
        assignees=frozenset(_agent(one, caller) for one in mine if one != NOBODY),
        unassigned=NOBODY in mine,
        queues=frozenset(queues) - {NOBODY},
        unqueued=NOBODY in queues,
        teams=frozenset(query.texts("team")),
        types=frozenset(types) - {NOBODY},
        untyped=NOBODY in types,
        tags=tuple(sorted({tag.strip().lower() for tag in query.texts("tag")})),
        channels=query.several("channel", caller.workspace.channels),
        waiting=cast("frozenset[Waiting]", query.several("waiting", _WAITING)),
        fields=tuple(sorted(query.below("field").items())),
        snoozed=None if query.text("snoozed") is None else query.flag("snoozed"),
        breached=BREACHED in sla,
        due_within=_span([one for one in sla if one != BREACHED]),
        text=_text(query.text("q")),
        customer=None if customer is None else CustomerId(read_id(customer)),
        start=query.time("from"),
        end=query.time("to"),
        sort=read_sort(query.text("sort")),
    )


def read_sort(text: str | None) -> Sort:
    """Raises the 400."""
    found: Sort | None = next((one for one in SORTS if one == (text or "last_at")), None)
    if found is None:
        raise bad_request("sort", "expected one of " + ", ".join(SORTS))
    return found


def words_of(asked: Listing) -> list[Any]:
    """The filters in an order of their own: pages of a list may differ in length."""
    told = [getattr(asked, name) for name in Listing.__struct_fields__ if name not in ("after", "limit")]
    return [sorted(map(str, one)) if isinstance(one, frozenset) else str(one) for one in told]


def _agent(text: str, caller: Caller) -> UUID:
    if text != ME:
        return read_id(text)
    if caller.agent is None:
        raise bad_request("assignee", "this key is no agent's: expected an id")
    return caller.agent


def _span(texts: list[str]) -> timedelta | None:
    """The longest of some spans."""
    spans = [text.removeprefix(DUE_WITHIN) for text in texts if text.startswith(DUE_WITHIN)]
    digits = [span for span in spans if span.isascii() and span.isdigit() and len(span) <= 9]
    if len(digits) < len(texts) or any(int(span) > MOST_SECONDS for span in digits):
        raise bad_request("sla", SLA_WORDS)
    return timedelta(seconds=max(map(int, digits))) if digits else None


def _text(text: str | None) -> str | None:
    text = (text or "").strip()
    if len(text) > MOST_TEXT:
        raise bad_request("q", f"expected at most {MOST_TEXT} characters")
    return text or None
