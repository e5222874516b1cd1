"""Orders, shipments and the like in a few words each: what it is, since when, what was bought, how it stands. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import dropwhile
from typing import Any, Final
from uuid import UUID

import msgspec

from app.console.language import counted
from timeline.money import is_currency, money
from timeline.object_types import Card, Status
from timeline.objects import ObjectView

FEW: Final = 2
MOST_NAME: Final = 60
MOST_MORE: Final = 160
_LINES: Final = ("items", "line_items", "lines", "products", "positions", "articles", "goods")
_NAMES: Final = ("name", "title", "product_name", "description", "product", "sku")
_COUNTS: Final = ("quantity", "qty", "count", "amount_ordered")
_TOTALS: Final = ("total", "total_price", "amount", "total_amount")


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the column; `event_id` and `shown_at` are of the item that told its newest state."""

    title: str
    status: Status | None
    since: datetime
    goods: str
    total: str
    """Where the title does not say it."""
    is_order: bool
    event_id: UUID
    shown_at: datetime


def thing_of(one: ObjectView, since: datetime) -> Thing:
    """An object that was first heard of at `since`."""
    state = msgspec.json.decode(one.state)
    total = total_of(state)
    return Thing(
        title=one.title,
        status=one.status,
        since=since,
        goods=goods_of(state),
        total=total if total not in one.title else "",
        is_order=one.type == "order" or one.kind == "order",
        event_id=one.event_id,
        shown_at=one.shown_at,
    )


def beyond(subject: str | None, card: Card | None) -> str:
    """What a subject says and its card does not, cut at a word."""
    words = (subject or "").split()
    if card is not None:
        known = {_bare(one) for one in f"{card.title} {card.status.label if card.status else ''}".split()} | {""}
        words = list(dropwhile(lambda word: _bare(word) in known, words))
    told = " ".join(words)
    return told if len(told) <= MOST_MORE else f"{told[:MOST_MORE].rpartition(' ')[0] or told[:MOST_MORE]} …"


def _bare(word: str) -> str:
    return word.strip(".,:;·–-()").casefold()


def total_of(state: Any) -> str:
    """What it costs, with its currency; nothing where the state does not say both."""
    told = state if isinstance(state, Mapping) else {}
    amount, currency = next((told[name] for name in _TOTALS if name in told), None), told.get("currency")
    shown = money(amount, currency) if is_currency(currency) else None
    return f"{shown} {currency}" if shown else ""


def goods_of(state: Any) -> str:
    """What was bought: the first names, and how many more there are."""
    told = state if isinstance(state, Mapping) else {}
    lines = next((told[name] for name in _LINES if isinstance(told.get(name), list)), [])
    named = [words for line in lines[:FEW] if (words := _line(line))]
    rest = len(lines) - len(named)
    if not named or not rest:
        return ", ".join(named)
    return counted("%(goods)s and %(num)d more", "%(goods)s and %(num)d more", rest, goods=", ".join(named))


def _line(line: Any) -> str:
    """`2 × Merino base layer`."""
    if not isinstance(line, Mapping):
        return _name(line)
    name = next((words for words in _names(line) if words), "")
    count = next((line[one] for one in _COUNTS if one in line), 1)
    many = isinstance(count, int | float) and not isinstance(count, bool) and count != 1
    return f"{repr(count).removesuffix('.0')} × {name}" if name and many else name


def _names(line: Mapping[str, Any]) -> Iterator[str]:
    for one in _NAMES:
        said = line.get(one)
        yield _name(said.get("name") if isinstance(said, Mapping) else said)


def _name(said: Any) -> str:
    text = " ".join(said[: 4 * MOST_NAME].split()) if isinstance(said, str) else ""
    return text if len(text) <= MOST_NAME else f"{text[: MOST_NAME - 1].rstrip()}…"
