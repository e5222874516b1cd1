"""Smaller things that fresh eyes found, each as it should be."""

from datetime import timedelta
from typing import Any

import pytest

from identity import reasons, views
from identity.errors import Impossible
from tests.laws.world import NOON, World
from timeline import desk, placing
from timeline.threads import ThreadQuery, read_page


def test_why_names_no_decision_about_somebody_else(world: World):
    async def told() -> None:
        place = await world.open_workspace()

        async def why(one: Any, other: Any) -> reasons.WhyView:
            salt = place.workspace.salt
            return await place.read(lambda db: reasons.why(db, place.id, one.contact_id, other.contact_id, salt=salt))

        anna = await place.push("a", "email:anna@example.com")
        await place.push("b", "email:anna@example.com")
        linked = await place.push("c", "email:anna@example.com")
        mallory = await place.push("m", "?email:anna@example.com")
        apart = await why(linked, mallory)
        assert (apart.one, apart.decisions) == (False, [])
        together = await why(anna, linked)
        assert [one.kind for one in together.decisions] == ["link"]
        with pytest.raises(Impossible):
            await why(anna, anna)

    world.run(told())


def test_the_past_knows_when_its_name_was_said(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        first = await place.push("a", "email:a@example.com", name="Ann", occurred_at=NOON)
        then = await place.clock()
        await place.push("a", "email:a@example.com", name="Anna", occurred_at=NOON + timedelta(hours=1))
        past = await place.read(lambda db: views.read_people(db, place.id, first.customer_id, then))
        today = await place.read(lambda db: views.read_people(db, place.id, first.customer_id))
        assert [(one.name, one.said_at) for one in past.contacts] == [("Ann", NOON)]
        assert [(one.name, one.said_at) for one in today.contacts] == [("Anna", NOON + timedelta(hours=1))]

    world.run(told())


def test_the_record_of_a_decision_stays_where_it_was_written(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        kept, lost, other = [await place.push(key, f"email:{key}@example.com") for key in "abc"]
        await place.decide(desk.merge, kept.customer_id, lost.customer_id)
        page = await place.read(lambda db: read_page(db, place.id, kept.customer_id, ThreadQuery()))
        record = next(item for item in page.items if item.kind == "change")
        with pytest.raises(Impossible):
            await place.decide(placing.place, kept.customer_id, record.event_id, target=other.customer_id)

    world.run(told())
