"""Long work over what identity keeps of its contacts: keys, counts and what was learned, made again beside traffic.

What pushes write meanwhile counts as well, but for the few contacts that a process had not written yet: counts may be
behind by so many, and decide as well.
"""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

import msgspec

from app.db import Database, Db
from identity import blocking_store, pass_store
from identity.claims import customer_lock
from identity.customers import CustomerId
from identity.deciding import Evidence
from identity.keys import rekey
from identity.learning import FEWEST_KEPT, LEARNING
from identity.lessons import LEARNED, Lessons, read_answers, take
from identity.recounting import COUNTED, Sightings, count_values, differing, numbers_of, other_keys, spans
from identity.statistics import Counts
from identity.store import lock
from identity.training import estimated
from timeline.errors import StartOver
from timeline.threads import Workspace

HOMES_AT_ONCE: Final = 200
HOMES_WRITTEN: Final = 50
CUSTOMERS_AT_ONCE: Final = 100
IDENTIFIERS_AT_ONCE: Final = 5_000
VALUES_WRITTEN: Final = 5_000
CONTACTS_A_SPAN: Final = 200_000
"""Whose values are counted in memory at once: more take several rounds over all contacts."""
TAUGHT_BY: Final = 0.5
"""Where decisions have taught from a smaller part of the contacts, all is learned again from those that are there."""
FIRST: Final = CustomerId(UUID(int=0))

Told = Callable[[int], None]
Stood = Callable[[CustomerId, int], Awaitable[None]]
"""Told after every page how far it is, which need not be gone over again, and how much differed in it."""


async def mend_keys(database: Database, workspace: Workspace, after: CustomerId, told: Told, stood: Stood) -> None:
    """Let every home after one stand under its contacts' keys."""
    done = 0
    while True:
        async with database.read(workspace.id) as db:
            homes = await pass_store.homes_after(db, workspace.id, after, HOMES_AT_ONCE)
            other = await other_keys(db, workspace.id, homes, workspace.salt)
        for at in range(0, len(other), HOMES_WRITTEN):
            few = other[at : at + HOMES_WRITTEN]
            await database.write(workspace.id, lambda db, few=few: _rekey(db, workspace, few))
        done += len(homes)
        told(done)
        if homes:
            after = homes[-1]
            await stood(after, len(other))
        if len(homes) < HOMES_AT_ONCE:
            return


async def _rekey(db: Db, workspace: Workspace, homes: list[CustomerId]) -> None:
    """Under the locks of their customers: no push adds a key of a home meanwhile."""
    at = await pass_store.at_homes(db, workspace.id, homes)
    await lock(db, sorted({customer_lock(workspace.id, customer) for customer in at.values()}))
    if await pass_store.at_homes(db, workspace.id, homes) != at:
        raise StartOver
    await rekey(db, workspace.id, homes, workspace.salt)


async def count_again(database: Database, workspace: Workspace, told: Told) -> int:
    """Count how many customers hold each value; returns how many counts were other."""
    await write_learned(database, workspace)
    async with database.read(workspace.id) as db:
        contacts = (await pass_store.extent(db, workspace.id))["contacts"]
    differed = 0
    for span in spans(1 + contacts // CONTACTS_A_SPAN):
        differed += await _count_span(database, workspace, span, told)
    return differed


async def _count_span(database: Database, workspace: Workspace, span: tuple[int, int], told: Told) -> int:
    made: dict[int, int] = {}

    async def count(db: Db, customers: list[CustomerId]) -> None:
        await count_values(db, workspace.id, workspace.salt, customers, span, made)

    await over_customers(database, workspace, count, told)
    async with database.read(workspace.id) as db:
        rows = await pass_store.values_within(db, workspace.id, span)
    kept = {row["value"]: row["customers"] for row in rows}
    for other in differing(span, kept, made, VALUES_WRITTEN):
        await database.write(
            workspace.id, lambda db, other=other: blocking_store.replace_values(db, workspace.id, *other)
        )
    return sum(kept.get(value) != made.get(value) for value in kept.keys() | made.keys())


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """What the numbers were made of: `learned_again` tells that decisions had taught too little."""

    contacts: int
    customers: int
    asked: int
    learned_again: bool


async def number_again(database: Database, workspace: Workspace, told: Told) -> Numbers:
    """Count customers, contacts and sharing, and learn again what was learned of a part of them only. The counts of
    values are there by now."""
    await write_learned(database, workspace)
    sharing = await _sharing(database, workspace)
    async with database.read(workspace.id) as db:
        kept = {row["counter"]: row["amount"] for row in await blocking_store.counters(db, workspace.id)}
        extent = await pass_store.extent(db, workspace.id)
    again = kept.get("contacts", 0.0) < TAUGHT_BY * extent["contacts"]
    made = {**numbers_of(extent, kept), **sharing}
    if again:
        learned = await _learn(database, workspace, made, told)
        share = learned.get("housemates", 0.0) / max(learned["opened"], 1)
        made |= {**learned, "housemates": share * extent["customers"], "opened": float(extent["customers"])}
    of = (*COUNTED, *LEARNED) if again else COUNTED

    async def write(db: Db) -> None:
        await pass_store.replace_some(db, workspace.id, of, sorted(made), [made[name] for name in sorted(made)])

    await database.write(workspace.id, write)
    LEARNING.forget(workspace.id)
    return Numbers(
        contacts=extent["contacts"], customers=extent["customers"], asked=extent["asked"], learned_again=again
    )


async def follow_links(database: Database, workspace: Workspace) -> None:
    """Let the numbers follow the links that a round made: who came back is more, and the next round goes by that."""
    await write_learned(database, workspace)

    async def work(db: Db) -> None:
        kept = {row["counter"]: row["amount"] for row in await blocking_store.counters(db, workspace.id)}
        made = numbers_of(await pass_store.extent(db, workspace.id), kept)
        await pass_store.replace_some(
            db, workspace.id, sorted(made), sorted(made), [made[name] for name in sorted(made)]
        )

    await database.write(workspace.id, work)
    LEARNING.forget(workspace.id)


async def _sharing(database: Database, workspace: Workspace) -> dict[str, float]:
    sightings, after = Sightings(), ("", "", "", UUID(int=0))
    while True:
        async with database.read(workspace.id) as db:
            rows = await pass_store.sightings_after(db, workspace.id, after, IDENTIFIERS_AT_ONCE)
        sightings.take(rows)
        if len(rows) < IDENTIFIERS_AT_ONCE:
            return sightings.counted
        after = rows[-1]["kind"], rows[-1]["scope"], rows[-1]["value"], rows[-1]["contact_id"]


async def _learn(database: Database, workspace: Workspace, numbers: dict[str, float], told: Told) -> dict[str, float]:
    async with database.read(workspace.id) as db:
        values = await blocking_store.values(db, workspace.id, FEWEST_KEPT)
    counts = Counts(numbers, {row["value"]: row["customers"] for row in values})
    lessons = await lessons_of(database, workspace, counts, told)
    return {"opened": 0.0, **lessons.counts.numbers, **estimated(lessons.patterns, Counts()).numbers}


async def lessons_of(database: Database, workspace: Workspace, counts: Counts, told: Told) -> Lessons:
    """What all contacts would teach that are there, with what is counted."""
    lessons = Lessons()
    async with database.read(workspace.id) as db:
        answers = await read_answers(db, workspace.id)

    async def learn(db: Db, customers: list[CustomerId]) -> None:
        evidence = Evidence(workspace.id, workspace.salt, counts, workspace.identity)
        await take(db, evidence, customers, answers, lessons)

    await over_customers(database, workspace, learn, told)
    return lessons


async def over_customers(
    database: Database, workspace: Workspace, work: Callable[[Db, list[CustomerId]], Awaitable[None]], told: Told
) -> None:
    """All customers in the order in which they came, each page in a snapshot of its own."""
    after, done = FIRST, 0
    while True:
        async with database.read(workspace.id) as db:
            page = await pass_store.customers_after(db, workspace.id, after, CUSTOMERS_AT_ONCE)
            await work(db, page)
        done += len(page)
        told(done)
        if len(page) < CUSTOMERS_AT_ONCE:
            return
        after = page[-1]


async def write_learned(database: Database, workspace: Workspace) -> None:
    """What this process learned and has not written."""
    if LEARNING.unwritten(workspace.id):
        await database.write(workspace.id, lambda db: LEARNING.write(db, workspace.id))
