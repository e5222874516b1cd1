"""By what a list of tickets can be narrowed, and which columns it can have: the form that makes its address."""

from typing import Final
from uuid import UUID

import msgspec

from app import people
from app.api import ticket_types
from app.api.calls import Answer
from app.api.listings import BREACHED, DUE_WITHIN, ME, NOBODY
from app.console.asked_lists import EITHER, AskedList, read_asked, view_in
from app.console.asking import answered
from app.console.due_words import span
from app.console.inbox import PRIORITIES, STATUSES, pairs_of
from app.console.inbox_reading import filter_name
from app.console.language import _
from app.console.lines import columns_known, heading
from app.console.pages import Page, Visit, page
from app.console.rendering import words
from app.errors import Problem
from app.people import QueueView
from app.saved_views import list_views
from timeline.tickets.glances import colleagues

_SPANS: Final = (3_600, 14_400, 86_400)
_TYPED: Final = frozenset({"tag", "q", "snoozed"})
"""What has a field of its own."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    value: str
    words: str
    is_on: bool


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What may be chosen of one filter, some of it or none."""

    name: str
    legend: str
    choices: list[Choice]


class FilterForm(msgspec.Struct, frozen=True, kw_only=True):
    """`kept` are the filters that stay as they are."""

    asked: AskedList
    several: list[Choices]
    columns: list[Choice]
    tags: str
    text: str
    snoozed: str
    kept: list[tuple[str, str]]


class _Type(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    name: str = ""


class _Types(msgspec.Struct, frozen=True, kw_only=True):
    types: list[_Type]


@page("GET", "/inbox/filters", "read")
async def show_filters(visit: Visit) -> Answer:
    """The form, filled in as the list of the address is."""
    pairs, _fault = pairs_of(visit.request.scope["query_string"])
    async with visit.read() as db:
        agents = await colleagues(db, visit.workspace)
        queues = await people.list_queues(db, visit.workspace)
        views = await list_views(db, visit.caller) if view_in(pairs) else []
    types = await answered(visit, ticket_types.show, _Types)
    view = next((one for one in views if str(one.id) == view_in(pairs)), None)
    try:
        asked = read_asked(pairs, view)
    except Problem:
        asked = AskedList()
    return visit.show("inbox_filters.html", form=_form(asked, _offered(visit, agents, queues, types)))


def _offered(
    visit: Visit, agents: list[tuple[UUID, str]], queues: list[QueueView], types: _Types
) -> dict[str, list[tuple[str, str]]]:
    return {
        "status": [("all", _("every one")), *((one, words(one)) for one in STATUSES)],
        "assignee": [
            (ME, _("mine")),
            (NOBODY, _("nobody's")),
            *((str(agent), name) for agent, name in agents if agent != visit.agent),
        ],
        "queue": [(NOBODY, _("none")), *((one.key, one.name) for one in queues)] if queues else [],
        "priority": [(one, words(one)) for one in reversed(PRIORITIES)],
        "type": [(NOBODY, _("none")), *((one.key, one.name or one.key) for one in types.types)] if types.types else [],
        "channel": [(one, words(one)) for one in sorted(visit.caller.workspace.channels)],
        "waiting": [("us", _("us")), ("customer", _("customer")), ("third_party", _("third party"))],
        "sla": [
            (BREACHED, _("over time")),
            *((f"{DUE_WITHIN}{one}", _("due within %(span)s", span=span(one))) for one in _SPANS),
        ],
    }


def _form(asked: AskedList, offered: dict[str, list[tuple[str, str]]]) -> FilterForm:
    known = {(name, value) for name, some in offered.items() for value, _words in some}
    texts = asked.values("q")
    snoozed = asked.values("snoozed")
    return FilterForm(
        asked=asked,
        several=[
            Choices(
                name=name,
                legend=filter_name(name),
                choices=[Choice(value=value, words=said, is_on=(name, value) in asked.filters) for value, said in some],
            )
            for name, some in offered.items()
            if some
        ],
        columns=[
            Choice(value=column, words=heading(column), is_on=column in asked.columns)
            for column in dict.fromkeys((*columns_known(), *asked.columns))
        ],
        tags=", ".join(asked.values("tag")),
        text=texts[0] if texts else "",
        snoozed=snoozed[0] if snoozed else EITHER,
        kept=[pair for pair in asked.filters if pair[0] not in _TYPED and pair not in known],
    )


PAGES: Final[tuple[Page, ...]] = (show_filters,)
