"""People who differ by the next number each are as many as there are numbers: test data, a firm's numbers, an issuer's
ids; and so are people for whom the same default was filled in."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

import msgspec
import pytest

from tests.laws.world import Place, World


def birthday(at: int) -> str:
    return str(date(1970, 1, 2) + timedelta(days=at))


FIELDS: Final[dict[str, Callable[[int], dict[str, Any]]]] = {
    "mail": lambda at: {"held": [f"email:user{at}@example.com"]},
    "tag": lambda at: {"held": [f"email:qa+{at}@example.com"]},
    "firm": lambda at: {"held": [f"email:customer@company{at}.com"]},
    "phone": lambda at: {"held": [f"phone:+49300{at:06}"]},
    "id": lambda at: {"held": [f"external:crm:{1000 + at}"]},
    "account": lambda at: {"held": [f"account:shop:{1000 + at}"]},
    "handle": lambda at: {"held": [f"handle:x:user_{at}"]},
    "device": lambda at: {"held": [f"visitor:v{at:08}"]},
    "numbered": lambda at: {"name": f"Customer {at}"},
    "default": lambda at: {"name": "Jane Doe"},
    "john": lambda at: {"name": "John Smith"},
    "street": lambda at: {"facts": {"street": f"{at} Main Street", "postcode": "12345", "place": "Hill"}},
    "town": lambda at: {"facts": {"postcode": "12345", "place": "Hill"}},
    "born": lambda at: {"facts": {"birth_date": "1990-05-17"}},
    "day": lambda at: {"facts": {"birth_date": birthday(at)}},
    "firm1": lambda at: {"facts": {"company": "Acme"}},
    "national": lambda at: {"facts": {"national_id": f"{100_000 + at}"}},
}
SERIES = [
    "mail phone id numbered street day",
    "mail phone id default street born",
    "mail phone id john street day",
    "mail phone id john street born firm1 national",
    "mail john born",
    "mail john town",
    "mail john street",
    "mail phone",
    "phone john",
    "phone john street",
    "phone born street",
    "phone numbered",
    "id john",
    "id numbered day",
    "account john born street",
    "handle john born",
    "device john",
    "device default born",
    "tag john born",
    "tag",
    "firm john born",
    "default born",
    "numbered street day national",
]
NOT_WHEN_TYPED: Final = ("mail john born", "mail john town", "handle john born", "firm john born", "tag john born")
"""One claimed address that is the next number of another, with all the rest equal, is as well a slip, or a tag."""


def numbered(place: Place, at: int, fields: str, proved: bool) -> Any:
    said = [FIELDS[field](at) for field in fields.split()]
    held = [("" if proved else "?") + one for some in said for one in some.get("held", ())]
    facts = {name: value for some in said for name, value in some.get("facts", {}).items()}
    name = next((some["name"] for some in said if "name" in some), None)
    return place.item(f"k{at}", *held, name=name, attributes=facts)


@pytest.mark.parametrize("fields", SERIES)
@pytest.mark.parametrize("proved", [True, False], ids=["proved", "claimed"])
def test_people_with_the_next_number_each_stay_apart(world: World, fields: str, proved: bool):
    if not proved and fields in NOT_WHEN_TYPED:
        pytest.skip("as well a slip")

    async def told() -> None:
        place = await world.open_workspace("DE")
        people = [numbered(place, at, fields, proved) for at in range(1, 61)]
        await place.receive(*people[:20])
        for one in people[20:30]:
            await place.receive(one)
        await place.receive(*people[30:])
        assert await linked(place) == []

    world.run(told())


def test_a_thousand_of_them_too(world: World):
    async def told() -> None:
        place = await world.open_workspace("DE")
        people = [numbered(place, at, "mail phone id john street day", True) for at in range(1, 1_001)]
        for start in range(0, len(people), 100):
            await place.receive(*people[start : start + 100])
        assert await linked(place) == []

    world.run(told())


async def linked(place: Place) -> list[Any]:
    """What was linked by itself, with the evidence."""
    rows = await place.fetch(
        "SELECT kind, evidence FROM link_decision WHERE workspace_id = $1 AND kind IN ('link', 'merge') "
        "ORDER BY position LIMIT 3",
        place.id,
    )
    return [(row["kind"], msgspec.json.decode(row["evidence"])) for row in rows]
