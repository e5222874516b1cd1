"""A history of pushes that name objects, of placements and of a merge, told to the product and to a list; and what the
list says that objects and counts are. It shares no line with the product."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from hypothesis import strategies as st

from tests.laws.world import NOON, Place
from timeline import desk, placing
from timeline.interactions import Interaction, ObjectState
from timeline.threads import Profile, ThreadQuery, read_profile

Said = tuple[str, str, int | str, Any]
"""Type, id, version and state of what an item says."""
Step = tuple[str, int, int]

KEYS = "abc"
PUSHES = st.lists(
    st.tuples(
        st.sampled_from("aabbc"),
        st.sampled_from(("order", "order", "payment", "fact")),
        st.sampled_from(range(8)).flatmap(
            lambda n: (
                st.none()
                if n == 0
                else st.tuples(
                    st.sampled_from(("order", "order", "order", "parcel")),
                    st.sampled_from("1112"),
                    st.sampled_from((0, 1, 2, 10, "2", "10", "x", "y")),
                    st.none() | st.integers(0, 3) | st.just({"status": "paid", "total": 3}),
                )
            )
        ),
        st.integers(0, 5),
    ),
    min_size=4,
    max_size=12,
)
WORDS = ("place", "place", "place", "undo", "undo", "merge", "unmerge", "push", "push")
STEPS = st.lists(st.tuples(st.sampled_from(WORDS), st.integers(0, 30), st.integers(0, 30)), min_size=4, max_size=10)


class Told(msgspec.Struct, kw_only=True):
    """An item as it was pushed; `places` are the placements it got: decision, contact, and whether it stands."""

    key: str
    kind: str
    said: Said | None
    at: datetime
    event_id: UUID
    places: list[list[Any]]

    def stands_on(self) -> str:
        return next((place[1] for place in reversed(self.places) if place[2]), self.key)


class ObjectHistory:
    """Tells one history; `check` compares every customer with what the list says."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.contacts: dict[str, UUID] = {}
        self.homes: dict[str, UUID] = {}
        self.told: list[Told] = []
        self.merged: Any = None

    async def begin(self) -> None:
        """Three contacts of three customers, of whom nothing is known."""
        for key in KEYS:
            outcome = await self.place.push(key, kind="note")
            self.contacts[key], self.homes[key] = outcome.contact_id, outcome.customer_id

    async def push(self, pushes: Sequence[Any], size: int) -> None:
        """Push in this order, so many at once."""
        for start in range(0, len(pushes), size):
            some = pushes[start : start + size]
            items = [self._item(push) for push in some]
            for push, outcome in zip(some, await self.place.receive(*items), strict=True):
                key, kind, said, minute = push
                at = NOON + timedelta(minutes=minute)
                self.told.append(Told(key=key, kind=kind, said=said, at=at, event_id=outcome.event_id, places=[]))

    def _item(self, push: Any) -> Interaction:
        key, kind, said, minute = push
        named = None if said is None else ObjectState(type=said[0], id=said[1], version=said[2], state=said[3])
        return self.place.item(key, kind=kind, object=named, occurred_at=NOON + timedelta(minutes=minute))

    async def step(self, step: Step) -> None:
        """Carry out a step where it is possible."""
        word, one, other = step
        if word == "push":
            item = self.told[one % len(self.told)]
            said = item.said and (*item.said[:2], other % 4, other if other % 3 else None)
            await self.push([(KEYS[other % len(KEYS)], item.kind, said, one % 6)], 1)
        elif word == "merge" and self.merged is None:
            self.merged = await self.place.decide(desk.merge, self.homes["a"], self.homes["b"])
        elif word == "unmerge" and self.merged is not None:
            await self.place.decide(desk.unmerge, self.homes["a"], self.merged.decision_id)
            self.merged = None
        elif word == "place":
            item, to = self.told[one % len(self.told)], KEYS[other % len(KEYS)]
            stands = item.stands_on()
            if stands != to:
                customer = self.customer_of(stands)
                moved = await self.place.decide(placing.place, customer, item.event_id, contact=self.contacts[to])
                item.places.append([moved.decision_id, to, True])
        elif word == "undo":
            placed = [(item, place) for item in self.told for place in item.places if place[2]]
            if placed:
                item, place = placed[one % len(placed)]
                customer = self.customer_of(place[1])
                await self.place.decide(desk.unmerge, customer, place[0])
                place[2] = False

    def customer_of(self, key: str) -> UUID:
        return self.homes["a" if key == "b" and self.merged is not None else key]

    # -- what the list says --------------------------------------------------------------------------------------

    def expected(self) -> dict[UUID, tuple[list[Any], int]]:
        """Objects, the latest first, and the count of orders, of every customer."""
        found: dict[UUID, tuple[list[Any], int]] = {}
        for customer in {self.customer_of(key) for key in KEYS}:
            mine = [item for item in self.told if self.customer_of(item.stands_on()) == customer]
            names = sorted({item.said[:2] for item in mine if item.said is not None})
            things = [self._thing([i for i in mine if i.said is not None and i.said[:2] == name]) for name in names]
            things.sort(key=lambda thing: thing["shown_at"], reverse=True)
            orders = {item.said[:2] for item in mine if item.said is not None and item.kind == "order"}
            alone = sum(item.kind == "order" and item.said is None for item in mine)
            found[customer] = (things, len(orders) + alone)
        return found

    def _thing(self, items: list[Told]) -> dict[str, Any]:
        states = [item for item in items if item.said is not None and item.said[3] is not None]
        newest, stub = None, not states
        for item in states or items:
            if newest is None or self._key(item, stub) >= self._key(newest, stub):
                newest = item
        assert newest is not None
        assert newest.said is not None
        return {
            "type": newest.said[0],
            "id": newest.said[1],
            "version": None if stub else newest.said[2],
            "state": None if stub else newest.said[3],
            "stub": stub,
            "events": len(items),
            "kind": newest.kind,
            "contact_id": self.contacts[newest.stands_on()],
            "event_id": newest.event_id,
            "shown_at": newest.at,
        }

    @staticmethod
    def _key(item: Told, stub: bool) -> Any:
        assert item.said is not None
        version = item.said[2]
        if stub:
            return item.at
        number = int(version) if str(version).isdigit() else 0
        return number, "" if str(version).isdigit() else version

    # -- comparing -----------------------------------------------------------------------------------------------

    async def profile(self, customer: Any, as_of: datetime | None = None) -> Profile:
        query = ThreadQuery(limit=1, as_of=as_of)
        return await self.place.read(lambda db: read_profile(db, self.place.id, customer, query))

    async def check(self, as_of: datetime | None = None, expected: Any = None) -> None:
        for customer, (things, orders) in (expected or self.expected()).items():
            found = await self.profile(customer, as_of)
            shown = [
                {
                    **{name: getattr(one, name) for name in one.__struct_fields__ if name not in ("title", "status")},
                    "state": msgspec.json.decode(one.state),
                }
                for one in found.objects
            ]
            same_time = sorted(shown, key=lambda one: (-one["shown_at"].timestamp(), one["type"], one["id"]))
            assert shown == same_time
            assert shown == sorted(things, key=lambda one: (-one["shown_at"].timestamp(), one["type"], one["id"]))
            assert found.counts.orders == orders
