"""Law 4: the same interaction twice, or twenty times at once, changes nothing and answers with the same ids; other
content under its name is refused by field and changes nothing either."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.customers import ClaimedIdentifier, ContactClaim
from tests.laws.history import History, chosen_identifiers, written
from tests.laws.world import NOON, Place, World, law
from timeline.interactions import Interaction, ObjectState

WHOLE: dict[str, Any] = {
    "conversation": "c1",
    "subject": "Hello",
    "body": "Where is it?",
    "data": {"n": 1, "big": 1e25, "small": 5e-324, "deep": [{"yes": True}, None, "ü"]},
    "object": ObjectState(type="order", id="7", version=3, state={"paid": 12.5}),
    "name": "Ann Lee",
    "attributes": {"company": "Acme", "place": None},
}

OTHER: list[tuple[str, Any]] = [
    ("kind", "note"),
    ("channel", "chat"),
    ("direction", "outbound"),
    ("occurred_at", NOON + timedelta(seconds=1)),
    ("conversation", None),
    ("subject", "hello"),
    ("body", None),
    ("data", {**WHOLE["data"], "n": 2}),
    ("data", {**WHOLE["data"], "n": True}),
    ("data", {**WHOLE["data"], "deep": [{"yes": 1}, None, "ü"]}),
    ("data", None),
    ("object", ObjectState(type="order", id="7", version="3", state={"paid": 12.5})),
    ("object", ObjectState(type="order", id="7", version=3, state={"paid": 12.6})),
    ("ticket", None),
]


async def whole(place: Place) -> dict[str, Any]:
    """Every field that an item may have, with a ticket that is there."""
    opened = await place.push("a")
    return {**WHOLE, "ticket": str(opened.ticket.number)}


async def everything(place: Place) -> list[Any]:
    return await History(place).everything()


def test_twenty_at_once_are_one(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        item = place.item("a", "email:a@example.com", "phone:+4930123987", **await whole(place))
        outcomes = [one for (one,) in await asyncio.gather(*(place.receive(item) for _ in range(20)))]
        assert sorted(outcome.status for outcome in outcomes) == [200] * 19 + [201]
        assert len({(o.event_id, o.contact_id, o.customer_id) for o in outcomes}) == 1
        assert len(await place.thread(outcomes[0].customer_id)) == 2
        before = await everything(place)
        await asyncio.gather(*(place.receive(item) for _ in range(5)))
        assert await everything(place) == before

    world.run(told())


def test_twice_in_a_batch_across_batches_and_at_once(world: World):
    @law(12)
    @given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=6), min_size=2, max_size=5))
    def holds(batches: Sequence[Sequence[int]]) -> None:
        async def told() -> None:
            place = await world.open_workspace()
            items = [place.item("ab"[n % 2], f"email:{n % 3}@example.com") for n in range(4)]
            answers = await asyncio.gather(*(place.receive(*(items[n] for n in batch)) for batch in batches))
            seen: dict[int, set[Any]] = {}
            for batch, outcomes in zip(batches, answers, strict=True):
                for n, outcome in zip(batch, outcomes, strict=True):
                    assert outcome.status in (200, 201)
                    seen.setdefault(n, set()).add((outcome.event_id, outcome.contact_id))
            assert all(len(ids) == 1 for ids in seen.values())
            made = [o.event_id for outcomes in answers for o in outcomes if o.status == 201]
            events = await place.fetch("SELECT id FROM event WHERE workspace_id = $1 AND source IS NOT NULL", place.id)
            assert sorted(made) == sorted(row["id"] for row in events)
            assert len(events) == len(seen)

        world.run(told())

    holds()


@pytest.mark.parametrize(("field", "value"), OTHER)
def test_other_content_is_refused_by_field_and_changes_nothing(world: World, field: str, value: Any):
    async def told() -> None:
        place = await world.open_workspace()
        item = place.item("a", "email:a@example.com", occurred_at=NOON, **await whole(place))
        await place.receive(item)
        before = await everything(place)
        other = msgspec.structs.replace(item, **{field: value})
        for refused in (*await place.receive(other), (await place.receive(item, other, item))[1]):
            assert (refused.status, refused.code, refused.fields) == (409, "content_differs", [field])
        assert await everything(place) == before

    world.run(told())


def test_other_words_about_the_contact_are_refused_by_field(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        item = place.item("a", "email:a@example.com", "?phone:+4930123987", **await whole(place))
        await place.receive(item)
        said = item.contact
        changed = {
            "contact.key": msgspec.structs.replace(said, key="b"),
            "contact.name": msgspec.structs.replace(said, name="Ann"),
            "contact.identifiers": msgspec.structs.replace(said, identifiers=(said.identifiers or [])[:1]),
            "contact.attributes": msgspec.structs.replace(said, attributes={"company": "Other"}),
        }
        for field, contact in changed.items():
            (refused,) = await place.receive(msgspec.structs.replace(item, contact=contact))
            assert (refused.status, refused.fields) == (409, [field])

    world.run(told())


def test_what_means_the_same_is_the_same(world: World):
    """Instants whatever their zone, identifiers as a set in any writing, null as absent, 2.0 as 2."""

    async def told() -> None:
        place = await world.open_workspace()
        item = place.item("a", "email:a@example.com", "phone:+4930123987", occurred_at=NOON, **await whole(place))
        (first,) = await place.receive(item)
        same = msgspec.structs.replace(
            item,
            occurred_at=NOON.astimezone(timezone(timedelta(hours=5, minutes=30))),
            data={**WHOLE["data"], "n": 1.0},
            contact=ContactClaim(
                key="a",
                name="Ann Lee",
                identifiers=[
                    ClaimedIdentifier(kind="phone", value="+49 30 123987", verified=True),
                    ClaimedIdentifier(kind="email", value=" A@Example.COM ", verified=True),
                    ClaimedIdentifier(kind="email", value="a@example.com", verified=True),
                ],
                attributes={"company": "Acme"},
            ),
        )
        (again,) = await place.receive(same)
        assert again == msgspec.structs.replace(first, status=200)

    world.run(told())


def test_a_known_item_answers_with_todays_customer(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        item = place.item("b")
        (first,) = await place.receive(item)
        old = await place.push("a", "email:a@example.com")
        await place.push("b", "email:a@example.com")
        (again,) = await place.receive(item)
        assert (again.event_id, again.contact_id) == (first.event_id, first.contact_id)
        assert again.customer_id == min(first.customer_id, old.customer_id)

    world.run(told())


def test_a_batch_decides_as_the_same_pushes_one_after_the_other(world: World):
    @law(30)
    @given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 63), st.integers(0, 63)), max_size=10),
           st.integers(0, 8))  # fmt: skip
    def holds(pushes: Sequence[tuple[str, int, int]], known: int) -> None:
        async def ends(at_once: bool) -> Any:
            place = await world.open_workspace()
            items: list[Interaction] = []
            for key, which, how in pushes:
                held = chosen_identifiers(which, how)
                items.append(place.item(key, *(written(value, proved) for value, proved in held.items())))
            for item in items[:known]:
                await place.receive(item)
            if at_once and items[known:]:
                await place.receive(*items[known:])
            for item in [] if at_once else items[known:]:
                await place.receive(item)
            return await structure(place)

        async def told() -> None:
            assert await ends(True) == await ends(False)

        world.run(told())

    holds()


async def structure(place: Place) -> Any:
    """Who is with whom, by the source's keys instead of ids."""
    contacts = await place.contacts()
    keys = {contact: row["source_key"] for contact, row in contacts.items() if row["source"] != "desk"}
    customers: dict[Any, set[str]] = {}
    homes: dict[Any, set[str]] = {}
    for contact, key in keys.items():
        customers.setdefault(contacts[contact]["customer_id"], set()).add(key)
        homes.setdefault(contacts[contact]["home_id"], set()).add(key)
    named = {customer: contacts[customer]["home_id"] if customer in contacts else customer for customer in customers}
    return {
        "grades": {key: contacts[contact]["grade"] for contact, key in keys.items()},
        "customers": sorted((sorted(people), sorted(homes.get(named[c], ()))) for c, people in customers.items()),
        "homes": sorted(map(sorted, homes.values())),
        "via": {key: contacts[contact]["via"] for contact, key in keys.items()},
        "suggested": sorted(
            sorted((keys[row["contact_a"]], keys[row["contact_b"]]))
            for row in await place.fetch(
                "SELECT contact_a, contact_b FROM link_suggestion WHERE workspace_id = $1", place.id
            )
        ),
        "merges": [
            (keys.get(row["contact_a"], "desk"), keys.get(row["contact_b"], "desk"))
            for row in await place.fetch(
                "SELECT contact_a, contact_b FROM link_decision WHERE workspace_id = $1 AND kind = 'merge' "
                "ORDER BY position",
                place.id,
            )
        ],
    }
