"""What holds of every thread, whatever happened to it."""

from collections.abc import Sequence
from typing import Any

import msgspec

from timeline.items import Item
from timeline.threads import Profile


def check_order(items: Sequence[Item]) -> None:
    assert len({item.event_id for item in items}) == len(items)
    assert [item.shown_at for item in items] == sorted((item.shown_at for item in items), reverse=True)


def check_profile(profile: Profile, items: Sequence[Item]) -> None:
    """The kept counts are those of the thread."""
    counts = profile.counts
    kinds = [item.kind for item in items]
    assert (counts.events, counts.messages) == (len(items), kinds.count("message"))
    orders = {
        (item.contact_id, order_of(item)) if order_of(item) else item.event_id for item in items if item.kind == "order"
    }
    assert counts.orders == len(orders)


def order_of(item: Item) -> Any:
    pushed = msgspec.json.decode(item.object)
    return pushed and (pushed["type"], pushed["id"])
