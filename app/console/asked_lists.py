"""Which list of tickets a page shows: its words stand in the address, as the API's do, or in a saved view."""

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import msgspec

from app.access import Caller
from app.api.listings import FILTERS, read_listing, read_sort
from app.api.queries import MOST_PARAMETERS, Query
from app.errors import bad_request
from app.saved_views import SavedView
from timeline.tickets.listing import Listing
from timeline.tickets.reading import TicketView

SORT: Final = "sla_due_at"
COLUMNS: Final = ("status", "assignee_name", "tags", "sla_due_at", "last_at")
MOST_COLUMNS: Final = 10
MOST_TAGS: Final = 40
EITHER: Final = "any"
"""Both what is snoozed and what is not."""

_PLAIN: Final = frozenset(one.name for one in FILTERS)
_OWN: Final = frozenset({"view", "sort", "columns", "cursor", "tags"})
Pairs = tuple[tuple[str, str], ...]


class AskedList(msgspec.Struct, frozen=True, kw_only=True):
    """`filters` are the words of a list of the API, in their order; `view` is the saved view that it began from, and
    `changed` tells that it is another list by now."""

    filters: Pairs = (("snoozed", "false"),)
    sort: str = SORT
    columns: tuple[str, ...] = COLUMNS
    view: UUID | None = None
    changed: bool = False
    cursor: str | None = None

    def values(self, name: str) -> list[str]:
        return [value for one, value in self.filters if one == name]

    @property
    def query(self) -> str:
        """The address of its beginning."""
        if self.view is not None and not self.changed:
            return urlencode({"view": str(self.view)})
        pairs: list[tuple[str, str]] = [] if self.view is None else [("view", str(self.view))]
        pairs += [pair for pair in self.filters if pair != ("snoozed", "false")]
        if self.view is not None or self.sort != SORT:
            pairs.append(("sort", self.sort))
        if self.columns != COLUMNS:
            pairs.append(("columns", ",".join(self.columns)))
        if "snoozed" not in dict(self.filters):
            pairs.append(("snoozed", EITHER))
        return urlencode(pairs)

    def with_(self, *, drop: tuple[str, str] | None = None, sort: str | None = None) -> "AskedList":
        """The same without one filter, or in another order, from its beginning."""
        kept = tuple(pair for pair in self.filters if pair != drop)
        return msgspec.structs.replace(self, filters=kept, sort=sort or self.sort, changed=True, cursor=None)

    def without(self, name: str) -> "AskedList":
        """The same without what is said about one thing."""
        kept = tuple(pair for pair in self.filters if pair[0] != name)
        return msgspec.structs.replace(self, filters=kept, changed=True, cursor=None)

    def content(self) -> dict[str, list[str]]:
        """The filters as a saved view keeps them."""
        return {name: self.values(name) for name in dict(self.filters)}

    def listing(self, caller: Caller) -> Listing:
        """Raises the 400 that names the word at fault, and `NotFound` for somebody who is not here."""
        query = Query(urlencode(self.filters).encode(), _PLAIN)
        return msgspec.structs.replace(read_listing(query, caller), sort=read_sort(self.sort))


def read_pairs(raw: bytes) -> Pairs:
    """What stands behind the question mark, without what is empty. Raises the 400."""
    try:
        return tuple(parse_qsl(raw.decode("ascii"), errors="strict", max_num_fields=MOST_PARAMETERS))
    except (UnicodeDecodeError, ValueError):
        raise bad_request("", "this address is no list of ours, or too long") from None


def view_in(pairs: Pairs) -> str | None:
    return dict(pairs).get("view")


def read_asked(pairs: Pairs, view: SavedView | None) -> AskedList:
    """The list that an address asks for. Beside other words, a view is only what it began from. Raises the 400."""
    own = dict(pair for pair in pairs if pair[0] in _OWN)
    unknown = next((name for name, _ in pairs if name not in _OWN and not _is_filter(name)), None)
    if unknown is not None:
        raise bad_request(unknown[:100], "no list can be filtered by that")
    filters = tuple(sorted({pair for pair in pairs if pair[0] not in _OWN} | set(_tags(own.get("tags", "")))))
    cursor = own.get("cursor")
    if view is not None and not filters and not own.keys() & {"sort", "columns"}:
        return msgspec.structs.replace(of_view(view), cursor=cursor)
    snoozed = {value for name, value in filters if name == "snoozed"}
    if snoozed == {EITHER}:
        filters = tuple(pair for pair in filters if pair[0] != "snoozed")
    elif not snoozed:
        filters = tuple(sorted({*filters, ("snoozed", "false")}))
    return AskedList(
        filters=filters,
        sort=own.get("sort", SORT),
        columns=read_columns(_several(pairs, "columns")) if "columns" in own else _columns_of(view),
        view=view and view.id,
        changed=view is not None,
        cursor=cursor,
    )


def of_view(view: SavedView) -> AskedList:
    """The list that a saved view is."""
    return AskedList(filters=_flat(view.filters), sort=view.sort, columns=_columns_of(view), view=view.id)


def read_columns(names: Iterable[str]) -> tuple[str, ...]:
    """Which columns are shown, of many the first; what no ticket has is left out."""
    known = [name for name in names if name in TicketView.__struct_fields__ or name.startswith("field.")]
    return tuple(dict.fromkeys(name[:100] for name in known))[:MOST_COLUMNS] or COLUMNS


def _columns_of(view: SavedView | None) -> tuple[str, ...]:
    return read_columns(view.columns) if view is not None and view.columns else COLUMNS


def _several(pairs: Pairs, name: str) -> list[str]:
    """Of what is given several times, or with commas between, each."""
    return [one for key, value in pairs if key == name for one in value.split(",")]


def _is_filter(name: str) -> bool:
    return name in _PLAIN or (name.startswith("field.") and "field.*" in _PLAIN)


def _tags(text: str) -> list[tuple[str, str]]:
    """Tags as one types them, with commas between."""
    return [("tag", one.strip()) for one in text.split(",")[:MOST_TAGS] if one.strip()]


def _flat(filters: Mapping[str, str | list[str]]) -> Pairs:
    return tuple(
        sorted((name, one) for name, some in filters.items() for one in ([some] if isinstance(some, str) else some))
    )
