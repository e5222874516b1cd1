"""Estimate from all contacts how often one person's pairs reach each level; compare the links; put it in force."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

from app import counting
from app.counting import TAUGHT_BY, over_customers
from app.db import Database, Db, new_id
from app.resolving import NEVER
from identity import pass_store
from identity.customers import ContactId, CustomerId
from identity.deciding import Choice, Evidence
from identity.known import Known
from identity.learning import LEARNING
from identity.lessons import read_answers
from identity.second_look import Finding, doubtful, finding_of
from identity.statistics import Counts
from identity.training import ESTIMATED, estimated, shares
from identity.trainings import Training, TrainingVersion, put_in_force
from timeline.resolving import foresee
from timeline.threads import Workspace

HARDLY: Final = 0.1
"""Bits: weights that move by less are the same."""

Change = Literal["appear", "fall"]
Phase = Literal["estimating", "comparing"]
Told = Callable[[Phase, int], None]


class NotCounted(Exception):
    """Most of who is there was never counted: pairs are found by what a pass counts first."""


class Trained(msgspec.Struct, frozen=True, kw_only=True):
    """A training that nothing was changed by yet: with `levels` it is put in force."""

    training: Training
    levels: Counts

    @property
    def moves(self) -> bool:
        """Whether any weight is another."""
        return any(abs(one.house[1] - one.house[0]) >= HARDLY for one in self.training.shares)


async def train(
    database: Database, workspace: Workspace, told: Told, tell: Callable[[Change, Finding], None]
) -> Trained:
    """Shares from all contacts that are there, and what they would change: `tell` hears of each link that would appear
    between customers, and of each that stands and would not be made any more. Raises `NotCounted`."""
    await counting.write_learned(database, workspace)
    async with database.read(workspace.id) as db:
        before = (await LEARNING.of(db, workspace.id)).counts
        contacts = (await pass_store.extent(db, workspace.id))["contacts"]
        answers = (await read_answers(db, workspace.id)).given
    if before.numbers.get("contacts", 0.0) < TAUGHT_BY * contacts:
        raise NotCounted
    before = Counts(before.numbers, before.values)
    lessons = await counting.lessons_of(database, workspace, before, lambda done: told("estimating", done))
    levels = estimated(lessons.patterns, before)
    kept = {name: amount for name, amount in before.numbers.items() if name.split(" ", 1)[0] not in ESTIMATED}
    after = Counts({**kept, **levels.numbers}, before.values)
    counted: dict[Change, int] = {"appear": 0, "fall": 0}

    async def compare(db: Db, customers: list[CustomerId]) -> None:
        for change, finding in await changes(db, workspace, before, after, customers):
            counted[change] += 1
            tell(change, finding)

    await over_customers(database, workspace, compare, lambda done: told("comparing", done))
    training = Training(
        contacts=lessons.contacts,
        pairs=lessons.patterns.total(),
        answers=answers,
        shares=shares(before, after),
        appear=counted["appear"],
        fall=counted["fall"],
    )
    return Trained(training=training, levels=levels)


async def changes(
    db: Db, workspace: Workspace, before: Counts, after: Counts, customers: list[CustomerId]
) -> list[tuple[Change, Finding]]:
    """The links of some customers that other counts would make, and those that stand by the counts before alone."""
    links, stand = await _links(db, workspace, before, customers)
    new_links, new_stand = await _links(db, workspace, after, customers)
    appear = [finding for ends, finding in new_links.items() if ends not in links]
    fall = [
        finding_of("unlink", known, other, choice)
        for contact, (known, other, choice) in new_stand.items()
        if choice.said != "same" and contact in stand and stand[contact][2].said == "same"
    ]
    return [*(("appear", one) for one in appear), *(("fall", one) for one in fall)]


async def _links(
    db: Db, workspace: Workspace, counts: Counts, customers: list[CustomerId]
) -> tuple[dict[frozenset[CustomerId], Finding], dict[ContactId, tuple[Known, Known, Choice]]]:
    """The links that a pass would make, and how the contacts that were linked by themselves stand with the rest."""
    evidence = Evidence(workspace.id, workspace.salt, counts, workspace.identity)
    links: dict[frozenset[CustomerId], Finding] = {}
    for customer in await doubtful(db, evidence, customers):
        seen = await foresee(db, workspace, counts, customer, NEVER, new_id)
        for finding in seen.findings:
            if finding.kind == "link":
                links[frozenset((finding.a.customer_id, finding.b.customer_id))] = finding
    stand: dict[ContactId, tuple[Known, Known, Choice]] = {}
    for customer in customers:
        for known, choice in evidence.linked(customer, lambda _: True):
            members = evidence.candidates.members[customer]
            stand[known.id] = known, next(one for one in reversed(members) if one.id != known.id), choice
    return links, stand


async def activate(
    database: Database, workspace: Workspace, trained: Trained, *, actor: str, reason: str | None
) -> TrainingVersion:
    """Put a training in force. A running server takes it up with the next counts that it writes."""

    async def work(db: Db) -> TrainingVersion:
        return await put_in_force(
            db,
            workspace.id,
            trained.training,
            trained.levels,
            actor=actor,
            reason=reason,
            now=datetime.now(UTC),
        )

    version = await database.write(workspace.id, work)
    LEARNING.forget(workspace.id)
    return version
