"""Filling a workspace with the demo desk, step by step in the order of time, through intake and front desk.

Can be killed and run again: items that are there are known by their source ids, decisions by their own ids.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final
from uuid import UUID

from app import store, upkeep
from app.db import Database, Db
from app.demo import cast, promises, today
from app.demo.answers import answers, ended
from app.demo.cast import Decision, Name
from app.demo.dice import Dice
from app.demo.handling import Handled, handled
from app.demo.lists import COLLEAGUES, GOODS, SCOPE, Good
from app.demo.more_stories import STORIES
from app.demo.people import Person, crowd
from app.demo.script import Order, account_opened, in_hours, order_events, order_of, told, visit
from identity import store as identity_store
from identity.customers import CustomerId, DecisionId
from timeline import desk, placing
from timeline import store as ledger
from timeline.acting import Ask, perform
from timeline.commands import Assign
from timeline.decisions import Desk
from timeline.events import Actor
from timeline.intake import Sender, receive
from timeline.interactions import Interaction
from timeline.threads import Workspace
from timeline.tickets.ticket import TicketId

REGION: Final = "GB"
KINDS: Final = frozenset({"email", "phone", "account", "external", "handle", "visitor"})
MOST_ITEMS: Final = 90
AT_ONCE: Final = timedelta(minutes=10)
YEARS: Final = 730
FIRST: Final = ("northfold-shop", f"account/{cast.HANNAH.account}")
LAST: Final = today.LAST

OnProgress = Callable[[int, int], None]
Step = list[Interaction] | Decision | Handled


def steps(now: datetime) -> list[Step]:
    """Batches of a few minutes' items, decisions, and what was done about tickets, in the order of time, until `now`.
    The past leads up to the beginning of the day, and what the desk is in the midst of to the minute."""
    anchor = anchor_of(now)
    items = sorted(_items(anchor, now), key=lambda item: (item.occurred_at, item.source, item.source_id))
    work = [*handled(items, now), *ended(anchor), *today.done(now)]
    at_tickets = {one.key for one in work}
    moments: list[tuple[datetime, Interaction | Decision | Handled]] = [
        (item.occurred_at, item) for item in items if item.source_id not in at_tickets
    ]
    moments += [(decision.at, decision) for decision in cast.decisions(anchor)]
    moments += [(one.at, one) for one in work]
    moments.sort(key=lambda moment: moment[0])
    found: list[Step] = []
    batch: list[Interaction] = []
    for _, one in moments:
        if not isinstance(one, Interaction):
            found += [batch, one] if batch else [one]
            batch = []
        elif batch and (one.occurred_at - batch[0].occurred_at > _at_once(one, anchor) or len(batch) == MOST_ITEMS):
            found.append(batch)
            batch = [one]
        else:
            batch.append(one)
    return [*found, batch] if batch else found


def _at_once(item: Interaction, anchor: datetime) -> timedelta:
    """What lies in one batch is known at one time: of today's, to the minute."""
    return AT_ONCE if item.occurred_at < anchor - timedelta(days=1) else timedelta(minutes=1)


def _items(anchor: datetime, now: datetime) -> Iterator[Interaction]:
    yield from (item for item in cast.pushed(anchor, now) if item.occurred_at < now)
    yield from answers(anchor)
    yield from (item for item in today.under_way(now) if item.occurred_at < now)
    for person in crowd():
        yield from (item for item in _life(person, anchor) if item.occurred_at < anchor)


def _life(person: Person, anchor: datetime) -> Iterator[Interaction]:
    """An account, some orders over up to two years, and what went right and wrong with them."""
    dice = Dice("life", person.account)
    since = anchor - timedelta(days=dice.number("since", 8, YEARS), hours=-dice.number("hour", 8, 22))
    yield account_opened(person, since)
    days = (anchor - since).days
    for number in range(dice.number("orders", 1, 4)):
        after = dice.number(("after", number), 0, days)
        placed = since + timedelta(days=after, minutes=dice.number(("placed", number), 10, 300))
        good = dice.pick(("good", number), GOODS)
        order = order_of(person, f"NO-{person.account[3:]}{number}", placed, good)
        yield from order_events(order, anchor)
        if dice.happens(("story", number), 62):
            yield from _story(order, good, dice, anchor, number)
    for number in range(dice.number("visits", 1, 5)):
        at = since + timedelta(days=dice.number(("visit", number), 0, days), minutes=31 * number)
        yield visit(person, at, number)


def _story(order: Order, good: Good, dice: Dice, anchor: datetime, number: int) -> Iterator[Interaction]:
    fitting = [story for story in STORIES if good.sku.startswith(story.fits)]
    story = dice.pick(("which", number), fitting)
    began = order.placed + timedelta(days=story.days + dice.number(("days", number), 0, 2), hours=1)
    began = in_hours(began, dice, number, "out")
    yield from told(story, order, began, anchor, number)


async def fill(database: Database, workspace: Workspace, now: datetime, on_progress: OnProgress) -> None:
    """Carry out every step until `now`; `on_progress(done, all)` after each."""
    plan = steps(now)
    started = anchor_of(now) - timedelta(days=YEARS + 30)
    actors = await _people(database, workspace, started)
    sender = Sender(workspace=workspace, actor=actors["shop"], proves=KINDS)
    for number, step in enumerate(plan, 1):
        if isinstance(step, Decision):
            await _decide(database, workspace, step, actors[step.by])
        elif isinstance(step, Handled):
            await _handle(database, workspace, step, actors)
        else:
            await _push(database, sender, step)
        await promises.tell(database, workspace.id, _ended(step), seeded)
        if number in (5, 20, 60, len(plan)):
            async with database.connection() as db:
                await upkeep.analyze_young_tables(db)
        on_progress(number, len(plan))
    await promises.tell(database, workspace.id, now, seeded)


def _ended(step: Step) -> datetime:
    return step[-1].occurred_at if isinstance(step, list) else step.at


async def _push(database: Database, sender: Sender, items: Sequence[Interaction]) -> None:
    """Items of a few minutes in one transaction, recorded as the last of them came."""
    last = items[-1].occurred_at + timedelta(seconds=20)
    ids = seeded(f"{items[0].source}/{items[0].source_id}", last)

    async def take(db: Db) -> None:
        await receive(db, sender, items, new_id=ids, now=last)

    await database.write(sender.workspace.id, take)


async def _decide(database: Database, workspace: Workspace, step: Decision, actor: Actor) -> None:
    async def take(db: Db) -> None:
        done = await identity_store.decision(db, workspace.id, _decision_id(step))
        if done is not None:
            return
        at = Desk(
            workspace=workspace.id,
            actor=actor,
            new_id=seeded(f"decision/{step.key}", step.at),
            reason=step.reason,
            now=step.at,
            salt=workspace.salt,
        )
        a, b = await _found(db, workspace, step.a), await _found(db, workspace, step.b)
        if step.kind == "merge":
            await desk.merge(db, at, CustomerId(a["customer_id"]), CustomerId(b["customer_id"]))
        elif step.kind == "place":
            await placing.place(db, at, CustomerId(a["customer_id"]), a["id"], target=CustomerId(b["customer_id"]))
        else:
            assert step.undoes is not None
            await desk.unmerge(db, at, CustomerId(a["customer_id"]), _decision_id(step.undoes))

    await database.write(workspace.id, take)


async def _handle(database: Database, workspace: Workspace, step: Handled, actors: Mapping[str, Actor]) -> None:
    key, actor = f"handled/{step.key}", actors[step.by]
    owner = actors.get(step.gives or "", actor if step.takes else None)

    async def take(db: Db) -> None:
        if await ledger.event(db, workspace.id, seeded(key, step.at)()) is not None:
            return
        ticket = (await _found(db, workspace, step.item))["ticket_id"]
        at = Desk(workspace=workspace.id, actor=actor, new_id=seeded(key, step.at), now=step.at)
        given = (Assign(assignee=UUID(owner.removeprefix("agent:"))),) if owner else ()
        await perform(db, at, Ask(ticket=TicketId(ticket)), [*given, *step.commands], cause="demo")

    await database.write(workspace.id, take)


async def _found(db: Db, workspace: Workspace, name: Name) -> ledger.Row:
    return (await ledger.by_source(db, workspace.id, [name]))[0]


async def _people(database: Database, workspace: Workspace, started: datetime) -> dict[str, Actor]:
    """The colleagues, and the shop's own key, as actors."""
    ids = seeded("people", started)
    agents = {local: ids() for local, _, _ in COLLEAGUES}

    async def add(db: Db) -> None:
        for local, name, role in COLLEAGUES:
            await store.add_agent(db, workspace.id, agents[local], email=f"{local}@{SCOPE}", name=name, role=role)

    async def promise(db: Db) -> None:
        await promises.promise(db, workspace.id, Actor("system"), started)

    await database.write(workspace.id, add)
    await database.write(workspace.id, promise, configures=True)
    return {local: Actor(f"agent:{id_}") for local, id_ in agents.items()} | {"shop": Actor("system")}


def seeded(key: str, at: datetime) -> Callable[[], UUID]:
    """Version 7 ids of a moment, always the same for the same key."""
    drawn = 0

    def new_id() -> UUID:
        nonlocal drawn
        drawn += 1
        chance = int.from_bytes(blake2b(f"{key}/{drawn}".encode(), digest_size=10).digest(), "big")
        stamp = int(at.timestamp() * 1000) + drawn // 4
        return UUID(int=stamp << 80 | 0x7 << 76 | (chance >> 64 & 0xFFF) << 64 | 0b10 << 62 | chance & (1 << 62) - 1)

    return new_id


def _decision_id(decision: Decision) -> DecisionId:
    return DecisionId(seeded(f"decision/{decision.key}", decision.at)())


def anchor_of(created_at: datetime) -> datetime:
    """The moment that its past leads up to: the beginning of the day on which its workspace was made."""
    return created_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
