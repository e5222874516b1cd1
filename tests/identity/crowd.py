"""People who come twice under two keys and prove nothing in common: what evidence may link, and proof may not."""

import itertools
from typing import Any, Final

import msgspec

from app.resolving import Pass, Stand
from identity.policy import STANDARD, IdentityPolicy
from identity.second_look import Finding
from tests.laws.world import BY_PROOF, Place, World

GIVEN: Final = ("Alma", "Bruno", "Chiara", "Dmitri", "Esther", "Fergus", "Greta", "Hamza", "Ingrid", "Jorge")
FAMILY: Final = ("Abernathy", "Bielski", "Castellano", "Dvorak", "Eriksson", "Fontaine", "Gruber", "Hartigan")
IDENTITY: Final = (
    "contact",
    "contact_past",
    "customer",
    "identifier",
    "link_decision",
    "link_suggestion",
    "value_class",
)


def person(number: int) -> dict[str, Any]:
    """Somebody by name, birth date and home, of whom no other has anything."""
    given, family = GIVEN[number % len(GIVEN)], FAMILY[number // len(GIVEN) % len(FAMILY)]
    born = f"{1950 + number % 45}-{2 + number % 11:02}-{2 + number % 26:02}"
    home = {"street": f"{number + 3} {family} Lane", "postcode": f"{40000 + 7 * number}", "place": f"{family}ville"}
    return {"name": f"{given} {family}", "attributes": {"birth_date": born, **home}}


async def a_crowd(world: World, people: int, *, twice: int = 0, identity: IdentityPolicy = BY_PROOF) -> Place:
    """A workspace into which so many people came, the first `twice` of them twice; by proof alone nobody is linked."""
    place = await world.open_workspace(identity=identity)
    for number in range(people):
        await place.push(f"p{number}", f"?email:{number}@one.example", **person(number))
    for number in range(twice):
        await place.push(f"q{number}", f"?phone:+44207946{number:04}", **person(number))
    return place


def under(place: Place, identity: IdentityPolicy = STANDARD) -> Place:
    """The same workspace under another policy."""
    return Place(place.edge, msgspec.structs.replace(place.workspace, identity=identity))


async def resolved(
    place: Place, *, apply: bool = True, identity: IdentityPolicy = STANDARD
) -> tuple[Stand, list[Finding]]:
    findings: list[Finding] = []
    one = Pass(place.edge, under(place, identity).workspace, apply=apply, tell=findings.append)
    return await one.run(), findings


async def rows(place: Place, *tables: str) -> dict[str, list[str]]:
    """All that is kept in some tables, of identity by default."""
    found: dict[str, list[str]] = {}
    for table in tables or IDENTITY:
        statement = f"SELECT to_jsonb(t)::text AS row FROM {table} t WHERE workspace_id = $1"
        found[table] = sorted(row["row"] for row in await place.fetch(statement, place.id))
    return found


async def together(place: Place) -> list[list[str]]:
    """The keys of the contacts of each customer that has several."""
    contacts = sorted(
        (str(row["customer_id"]), row["source_key"])
        for row in (await place.contacts()).values()
        if row["source"] != "desk"
    )
    groups = (list(group) for _, group in itertools.groupby(contacts, key=lambda pair: pair[0]))
    return sorted(sorted(key for _, key in group) for group in groups if len(group) > 1)


async def forget_counts(place: Place) -> None:
    """As a database from before there were any."""
    for table in ("home_key", "value_count", "identity_count"):
        await place.write(lambda db, table=table: db.execute(f"DELETE FROM {table} WHERE workspace_id = $1", place.id))
