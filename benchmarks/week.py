"""A week of a desk on a simulated clock: real chats come in, twenty agents in shifts answer them, and the numbers are
printed as a support lead reads them. `python -m benchmarks.week`, where ../shared/data is there."""

import asyncio
import heapq
import itertools
import os
import random
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from app import people_store
from app.db import Database, new_id
from app.embedded import attach
from app.settings import load_settings, role_password
from app.store import add_agent
from benchmarks import house
from channels.imports import multidogo, tau_airline, tau_retail
from channels.imports.imported import Imported
from identity.customers import WorkspaceId
from timeline import acting, commands, intake
from timeline.decisions import Desk
from timeline.events import Actor
from timeline.interactions import Interaction
from timeline.threads import Workspace
from timeline.tickets import reporting
from timeline.tickets.calendars import Calendar, Hours
from timeline.tickets.configuration import DeskConfiguration
from timeline.tickets.policy import Continues, TicketPolicy
from timeline.tickets.reporting_views import Dimension, Period, Question
from timeline.tickets.routing import Routing, RoutingRule
from timeline.tickets.sla import Promise, Sla, SlaPolicy, Targets
from timeline.tickets.ticket import TicketId
from timeline.tickets.versions import decide, decide_desk

DATA: Final = Path(__file__).parents[2] / "shared" / "data"
ZONE: Final = ZoneInfo("Europe/Berlin")
MONDAY: Final = datetime(2026, 6, 1, tzinfo=ZONE)
DOMAINS: Final = ("airline", "fastfood", "finance", "insurance", "media", "software")
CHATS_OF_A_DOMAIN: Final = 30
SOURCES: Final = {"tau-airline-chat": "airline", "tau-retail-chat": "retail"} | {f"multidogo-{d}": d for d in DOMAINS}
KINDS: Final = frozenset({"email", "phone", "account", "external", "handle", "visitor"})
SYSTEM: Final = Actor("system")
ASKED: Final[Sequence[tuple[tuple[Dimension, ...], Period | None]]] = (
    ((), None),
    (("queue",), None),
    ((), "day"),
    (("agent",), None),
)


class Chat(msgspec.Struct, kw_only=True):
    """A conversation as it was, turn by turn; `tag` is what it was about, `reward` whether it went well."""

    turns: list[Interaction]
    tag: str | None = None
    reward: float | None = None
    ticket: TicketId | None = None


class Agent(msgspec.Struct, kw_only=True):
    id: UUID
    name: str
    days: tuple[int, ...]
    hours: tuple[int, int]
    busy: bool = False

    @property
    def actor(self) -> Actor:
        return Actor(f"agent:{self.id}")

    def works(self, at: datetime) -> bool:
        local = at.astimezone(ZONE)
        return local.weekday() in self.days and self.hours[0] <= local.hour < self.hours[1]


def read_chats() -> list[Chat]:
    """The 200 of the airline, the 69 of the shop, and some of each domain of multidogo, where somebody answers."""
    found = [*_chats(tau_airline.read(DATA / "tau-airline")), *_chats(tau_retail.read(DATA / "tau-retail"))]
    for domain in DOMAINS:
        read = multidogo.read([DATA / "multidogo" / f"{domain}-train.tsv"])
        found += [_answered(chat) for chat in itertools.islice(_chats(read), CHATS_OF_A_DOMAIN)]
    return found


def _chats(read: Iterable[Any]) -> Iterator[Chat]:
    chats: dict[str, Chat] = {}
    for one in read:
        item = one.item if isinstance(one, Imported) else None
        if item is None or item.conversation is None or item.kind not in ("message", "fact"):
            continue
        chat = chats.setdefault(item.conversation, Chat(turns=[]))
        closed = item.data or {}
        if closed.get("fact") == "chat_closed":
            chat.reward = closed.get("reward")
        else:
            chat.turns.append(item)
    yield from chats.values()


def _answered(chat: Chat) -> Chat:
    """What multidogo's agents said is not known: something stands for it."""
    replace = msgspec.structs.replace
    turns: list[Interaction] = []
    for turn in chat.turns:
        intents = [one for one in (turn.data or {}).get("intents", []) if one not in ("contentonly", "openinggreeting")]
        chat.tag = chat.tag or next(iter(intents), None)
        answer = replace(
            turn, source_id=f"{turn.source_id}-a", direction="outbound", body="Let me see.", data=None, subject=None
        )
        turns += [turn, answer]
    return Chat(turns=turns, tag=chat.tag)


class Week:
    """The simulation: a heap of what happens next, and one write for each of it."""

    def __init__(self, database: Database, workspace: WorkspaceId, agents: Sequence[Agent]) -> None:
        self.database, self.agents = database, agents
        self.workspace = Workspace(id=workspace, slug="week", region="DE")
        self.random = random.Random(6)
        self.events: list[tuple[datetime, int, Callable[[datetime], Awaitable[None]]]] = []
        self.waiting: list[tuple[Chat, int]] = []
        self._order = itertools.count()

    def at(self, when: datetime, what: Callable[[datetime], Awaitable[None]]) -> None:
        heapq.heappush(self.events, (when, next(self._order), what))

    async def run(self, chats: Sequence[Chat], until: datetime) -> None:
        for chat in chats:
            self.at(self._arrival(), lambda now, chat=chat: self.arrive(chat, 0, now))
        for day in range(7):
            for agent in self.agents:
                for hour in range(*agent.hours):
                    start = datetime.combine((MONDAY + timedelta(days=day)).date(), time(hour), ZONE)
                    self.at(start.astimezone(UTC), self.assign)
        while self.events and self.events[0][0] < until:
            now, _, what = heapq.heappop(self.events)
            await what(now)

    def _arrival(self) -> datetime:
        """Few at the weekend, none at night, most before noon."""
        day = self.random.choices(range(7), (20, 17, 16, 16, 15, 9, 7))[0]
        hour = self.random.choices(range(7, 22), (2, 5, 9, 11, 11, 8, 7, 8, 8, 7, 6, 5, 5, 4, 2))[0]
        return (MONDAY + timedelta(days=day, hours=hour, seconds=self.random.randrange(3_600))).astimezone(UTC)

    def soon(self, now: datetime, seconds: float) -> datetime:
        return now + timedelta(seconds=round(seconds * self.random.lognormvariate(0, 0.6), 3))

    async def arrive(self, chat: Chat, turn: int, now: datetime) -> None:
        """The customer's turns up to the one that somebody has to answer."""
        turn = await self.say(chat, turn, now, "inbound")
        self.waiting.append((chat, turn))
        await self.assign(now)

    async def say(self, chat: Chat, turn: int, now: datetime, direction: str, actor: Actor = SYSTEM) -> int:
        """The turns from one on that are of this side, or of the desk's own."""
        said: list[Interaction] = []
        while turn < len(chat.turns) and chat.turns[turn].direction in (direction, "internal"):
            said.append(msgspec.structs.replace(chat.turns[turn], occurred_at=now))
            turn += 1
        sender = intake.Sender(workspace=self.workspace, actor=actor, proves=KINDS)
        if said:
            outcomes = await self.write(lambda db: intake.receive(db, sender, said, new_id=new_id, now=now))
            chat.ticket = next((o.ticket.id for o in outcomes if o.ticket is not None), chat.ticket)
        return turn

    async def assign(self, now: datetime) -> None:
        free = [agent for agent in self.agents if not agent.busy and agent.works(now)]
        self.random.shuffle(free)
        while free and self.waiting:
            agent, (chat, turn) = free.pop(), self.waiting.pop(0)
            agent.busy = True
            await self.do(chat, agent, now, commands.Assign(assignee=agent.id))
            self.at(self.soon(now, 45), lambda at, c=chat, t=turn, a=agent: self.answer(c, t, a, at))

    async def answer(self, chat: Chat, turn: int, agent: Agent, now: datetime) -> None:
        turn = await self.say(chat, turn, now, "outbound", agent.actor)
        if turn < len(chat.turns):
            self.at(self.soon(now, 60), lambda at: self.ask(chat, turn, agent, at))
        else:
            self.at(self.soon(now, 20), lambda at: self.resolve(chat, agent, at))

    async def ask(self, chat: Chat, turn: int, agent: Agent, now: datetime) -> None:
        turn = await self.say(chat, turn, now, "inbound")
        if turn < len(chat.turns):
            self.at(self.soon(now, 50), lambda at: self.answer(chat, turn, agent, at))
        else:
            self.at(self.soon(now, 20), lambda at: self.resolve(chat, agent, at))

    async def resolve(self, chat: Chat, agent: Agent, now: datetime) -> None:
        tagged = [commands.Tag(added=(chat.tag,), removed=())] if chat.tag else []
        await self.do(chat, agent, now, *tagged, commands.SetStatus(status="resolved"))
        agent.busy = False
        if chat.reward == 0 and self.random.random() < 0.4:
            chat.reward = None
            replace, last = msgspec.structs.replace, chat.turns[-1]
            asked, said = (
                replace(last, source_id=f"{last.source_id}-{n}", direction=n, kind="message", body=body, data=None)
                for n, body in (("inbound", "That did not solve it."), ("outbound", "I am sorry. It is done now."))
            )
            begun = len(chat.turns)
            chat.turns += [asked, said]
            back = now + timedelta(hours=self.random.uniform(2, 30))
            self.at(back, lambda at: self.arrive(chat, begun, at))
        await self.assign(now)

    async def do(self, chat: Chat, agent: Agent, now: datetime, *wanted: commands.Command) -> None:
        assert chat.ticket is not None
        ask = acting.Ask(ticket=chat.ticket)
        who = Desk(workspace=self.workspace.id, actor=agent.actor, new_id=new_id, now=now)
        await self.write(lambda db: acting.perform(db, who, ask, wanted))

    async def write(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        return await self.database.write(self.workspace.id, work)


async def set_up(database: Database, workspace: WorkspaceId) -> list[Agent]:
    """Six queues and one of the shop, promises in the hours of the desk, and twenty agents in three shifts."""
    hours = (("08:00", "20:00"),)
    week = Hours(mon=hours, tue=hours, wed=hours, thu=hours, fri=hours, sat=hours, sun=hours)
    promises = Targets(
        first_response=Promise(seconds=600, calendar="desk"),
        next_response=Promise(seconds=180, calendar="desk"),
        resolution=Promise(seconds=3_600, calendar="desk"),
    )
    desk = DeskConfiguration(
        routing=Routing(rules=tuple(RoutingRule(source=source, queue=queue) for source, queue in SOURCES.items())),
        calendars={"desk": Calendar(zone=ZONE.key, hours=week)},
        sla=Sla(policies=(SlaPolicy(key="standard", targets=promises),)),
    )
    policy = TicketPolicy(name="Each chat a matter", continues=Continues(same_conversation=True))
    told: dict[str, Any] = {"actor": SYSTEM, "reason": None, "now": MONDAY.astimezone(UTC)}
    for place, queue in enumerate(sorted(set(SOURCES.values()))):
        await database.write(
            workspace,
            lambda db, q=queue, p=place: people_store.put_queue(db, workspace, q, q.title(), None, p, new=True),
        )
    await database.write(workspace, lambda db: decide_desk(db, workspace, lambda _: desk, **told))
    await database.write(workspace, lambda db: decide(db, workspace, policy, past=False, **told))
    agents = [_agent(number) for number in range(20)]
    for agent in agents:
        mail = f"{agent.name.lower()}@desk.example"
        await database.write(
            workspace,
            lambda db, a=agent, m=mail: add_agent(db, workspace, a.id, email=m, name=a.name, role="agent"),
        )
    return agents


def _agent(number: int) -> Agent:
    if number < 8:
        return Agent(id=new_id(), name=f"Early{number}", days=(0, 1, 2, 3, 4), hours=(8, 16))
    if number < 16:
        return Agent(id=new_id(), name=f"Late{number}", days=(0, 1, 2, 3, 4), hours=(12, 20))
    return Agent(id=new_id(), name=f"Weekend{number}", days=(4, 5, 6), hours=(9, 17))


async def show(database: Database, workspace: WorkspaceId, agents: Sequence[Agent], now: datetime) -> None:
    names = {str(agent.id): agent.name for agent in agents}
    for number in reporting.NUMBERS:
        target: tuple[Dimension, ...] = ("target",) if number == "sla" else ()
        for group, period in ASKED:
            question = Question(
                number=number,
                group=(*group, *target),
                period=period,
                zone=ZONE.key,
                start=MONDAY.astimezone(UTC),
                end=now,
                now=now,
            )
            async with database.read(workspace) as db:
                lines = await reporting.count(db, workspace, await reporting.ask(db, question))
            print(f"\n{number}, {period or ', '.join(group) or 'all'}")
            for line in lines:
                day = [line.period.strftime("%a")] if line.period else []
                print("  ", *day, *(names.get(one or "", one) for one in line.values), line.count, *_told(line))


def _told(line: reporting.Line) -> list[str]:
    if line.share is not None:
        return [f"kept {line.share:.0%}"]
    if line.mean is None:
        return []
    times = zip(("mean", "p50", "p90", "p95"), (line.mean, line.p50, line.p90, line.p95), strict=True)
    return [f"{name} {timedelta(seconds=round(value or 0))}" for name, value in times]


async def simulate(dsn: str, workspace: WorkspaceId) -> None:
    database = Database(dsn)
    await database.open()
    try:
        agents = await set_up(database, workspace)
        until = (MONDAY + timedelta(days=7)).astimezone(UTC)
        await Week(database, workspace, agents).run(read_chats(), until)
        await show(database, workspace, agents, until)
    finally:
        await database.close()


def main() -> None:
    home = Path(tempfile.mkdtemp(prefix="throughline-week-"))
    home.chmod(0o755)
    try:
        workspace, _ = house.workspace(home, "week", "--region", "DE")
        os.environ.update(house.environment(home, house.PORT))
        settings = load_settings()
        with attach(home) as embedded:
            dsn = embedded.database_url("throughline_app", role_password(settings, "throughline_app"))
            asyncio.run(simulate(dsn, WorkspaceId(workspace)))
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
