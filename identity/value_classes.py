"""Whose is a value: one person's own, a role's, several people's, nobody's, or one person's after another's? By its
form, by who was seen on it, and by what an operator said of it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import msgspec

from identity import blocking_store, review, store
from identity.claims import Value
from identity.customers import WorkspaceId
from identity.facts import NameKey, person_key
from identity.identifiers import Identifier, class_by_form
from identity.name_levels import people_differ
from identity.names import read_name
from identity.statistics import Use

ValueClass = Literal["personal", "role", "shared", "junk", "re-used"]
Said = Literal["personal", "shared"]
"""What an operator may say of a value."""
LONG_GAP: Final = timedelta(days=365)
REUSABLE: Final = frozenset({"email", "phone"})
"""Kinds whose values are given to somebody else after a while."""
SYSTEM: Final = "system"
FORM: Final = "form"
MOST_SIGHTINGS: Final = 20


class Classed(msgspec.Struct, frozen=True, kw_only=True):
    """`by` is who said so: `form` of what shows by the value itself, `system` of what was learned, else who listed it.
    What is one person's own as far as anybody knows has neither reason nor date."""

    value_class: ValueClass = msgspec.field(name="class")
    reason: str | None = None
    by: str | None = None
    since: datetime | None = None


class SeenPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with a name of her own seen on a value, and when; whether it was ever proved to be hers."""

    name: str
    verified: bool
    first_seen: datetime
    last_seen: datetime


class ValueView(msgspec.Struct, frozen=True, kw_only=True):
    """A value with its class, and who was seen on it: of the newest twenty contacts that hold it and the newest twenty
    that proved it."""

    kind: str
    scope: str
    value: str
    value_class: ValueClass = msgspec.field(name="class")
    reason: str | None
    by: str | None
    since: datetime | None
    people: list[SeenPerson]


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """One contact that holds a value."""

    name: str
    key: NameKey | None
    verified: bool
    first_seen: datetime
    last_seen: datetime


PERSONAL: Final = Classed(value_class="personal")


def classed(
    identifier: Identifier, said: str | None, reason: str | None, by: str | None, since: datetime | None
) -> Classed:
    """By what is kept of the value, else by its form."""
    if said is not None:
        return Classed(value_class="personal" if said == "personal" else "shared", reason=reason, by=by, since=since)
    form = class_by_form(identifier)
    return PERSONAL if form is None else Classed(value_class=form[0], reason=form[1], by=FORM)


def looked_closer(kind: str, known: Classed, sightings: Sequence[Sighting]) -> tuple[Classed, list[SeenPerson]]:
    """The class after who was seen on the value, and those people; an operator's word and the form stand. Where
    somebody proved the value, what others only typed says nothing."""
    people = people_in(sightings)
    whose = [one for one in people if one.verified] or people
    if known.by not in (None, SYSTEM):
        return known, people
    if kind in REUSABLE and _one_after_the_other(whose):
        before, now = whose[-2:]
        reason = f"{before.name} until {before.last_seen:%Y-%m-%d}, {now.name} from {now.first_seen:%Y-%m-%d}"
        return Classed(value_class="re-used", reason=reason, by=SYSTEM, since=now.first_seen), people
    if known.value_class == "personal" and _use(sightings).by_proof.shared:
        reason = "seen on " + " and on ".join(one.name for one in whose[:3])
        return Classed(value_class="shared", reason=reason, by=SYSTEM, since=whose[1].first_seen), people
    return known, people


def _use(sightings: Iterable[Sighting]) -> Use:
    use = Use()
    for one in sightings:
        use = use if one.key is None else use.seen_with(one.key, one.verified)
    return use


def people_in(sightings: Iterable[Sighting]) -> list[SeenPerson]:
    """People whose names differ beyond a doubt, in the order in which they were first seen."""
    found: list[tuple[NameKey, SeenPerson]] = []
    for one in sorted(sightings, key=lambda sighting: sighting.first_seen):
        if one.key is None:
            continue
        at = next((at for at, (key, _) in enumerate(found) if not people_differ(key, one.key)), None)
        if at is None:
            person = SeenPerson(
                name=one.name, verified=one.verified, first_seen=one.first_seen, last_seen=one.last_seen
            )
            found.append((one.key, person))
        else:
            key, person = found[at]
            verified, last_seen = person.verified or one.verified, max(person.last_seen, one.last_seen)
            found[at] = key, msgspec.structs.replace(person, verified=verified, last_seen=last_seen)
    return [person for _, person in found]


def _one_after_the_other(people: Sequence[SeenPerson]) -> bool:
    """Whether each was not seen for long before the next one came."""
    return len(people) > 1 and all(
        later.first_seen - max(one.last_seen for one in people[:at]) >= LONG_GAP
        for at, later in enumerate(people)
        if at
    )


# -- in a workspace ------------------------------------------------------------------------------------------


async def read_values(db: store.Db, workspace: WorkspaceId, values: Sequence[Identifier]) -> list[ValueView]:
    """Some values as they stand, in their order."""
    keys = [one.key for one in values]
    kept = {_key_of(row): row for row in await store.value_classes(db, workspace, keys)}
    seen = await _sightings(db, workspace, keys)
    return [_view(one, kept.get(one.key), seen[one.key]) for one in values]


async def list_values(
    db: store.Db, workspace: WorkspaceId, said: Said | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[tuple[tuple[datetime, UUID], ValueView]]:
    """The values that were learned or listed to be shared, or listed as one person's own, the newest first; with the
    place of each in the list."""
    rows = await review.classed_values(db, workspace, said, after, limit)
    seen = await _sightings(db, workspace, [_key_of(row) for row in rows])
    return [((row["decided_at"], row["place"]), _view(_identifier(row), row, seen[_key_of(row)])) for row in rows]


async def _sightings(db: store.Db, workspace: WorkspaceId, keys: Sequence[Value]) -> dict[Value, list[Sighting]]:
    seen: dict[Value, list[Sighting]] = defaultdict(list)
    for row in await blocking_store.people_on(db, workspace, keys, MOST_SIGHTINGS) if keys else ():
        attributes = {"given_name": row["given_name"] or "", "family_name": row["family_name"] or ""}
        name = read_name(row["name"], attributes)
        key = person_key(name)
        seen[_key_of(row)].append(
            Sighting(
                name=name.shown,
                key=key if key.given or key.family else None,
                verified=row["verified"],
                first_seen=row["first_seen"],
                last_seen=row["last_seen"],
            )
        )
    return seen


def _view(identifier: Identifier, row: store.Row | None, sightings: Sequence[Sighting]) -> ValueView:
    kept = row and (row["class"], row["reason"], row["actor"], row["decided_at"])
    known = classed(identifier, *(kept or (None, None, None, None)))
    found, people = looked_closer(identifier.kind, known, sightings)
    return ValueView(
        kind=identifier.kind,
        scope=identifier.scope,
        value=identifier.value,
        value_class=found.value_class,
        reason=found.reason,
        by=found.by,
        since=found.since,
        people=people,
    )


def _key_of(row: store.Row) -> Value:
    return row["kind"], row["scope"], row["value"]


def _identifier(row: store.Row) -> Identifier:
    return Identifier(kind=row["kind"], scope=row["scope"], value=row["value"], raw=row["value"])
