"""A random history of one desk's tickets, carried out on the real database; the tables are compared with the oracle."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from hypothesis import strategies as st

from app.db import new_id
from identity.customers import CustomerId
from identity.errors import AlreadyUndone
from tests.laws.ticket_cases import MONDAY
from tests.laws.ticket_folding import answer, differences
from tests.laws.ticket_ledger import TABLES, Ledger, read_ledger, read_tickets, rows_of
from tests.laws.ticket_ledgers import HOURS, MOVES, POLICIES, rarely
from tests.laws.tickets_oracle import derive
from tests.laws.world import AGENT, Place
from timeline import desk, intake, placing
from timeline.decisions import Desk
from timeline.tickets import rebuilding
from timeline.tickets import store as ticket_store

PEOPLE: Final = ("a", "b", "c")
IDENTITY: Final = ("contact", "contact_past", "customer", "identifier", "link_decision", "link_suggestion", "placement")
EVERYTHING: Final = (*IDENTITY, "event", "contact_count", "object_state", *TABLES)


@dataclass(frozen=True)
class Push:
    """Somebody said something, shown `late` hours before it was known. `ticket` picks one by number."""

    who: str = "a"
    what: str = "message"
    direction: str = "inbound"
    channel: str = "email"
    conversation: str | None = None
    subject: str | None = None
    object: str | None = None
    late: int = 0
    ticket: int | None = None
    proof: str | None = None
    history: bool = False


@dataclass(frozen=True)
class Batch:
    """Several at once."""

    pushes: tuple[Push, ...]


@dataclass(frozen=True)
class Wait:
    hours: int


@dataclass(frozen=True)
class Do:
    """A decision or a command; the numbers pick with what, modulo of what there is to pick from."""

    what: str
    one: int = 0
    other: int = 0
    value: Any = None


Step = Push | Batch | Wait | Do


def _pushes(histories: bool) -> st.SearchStrategy[Push]:
    return st.builds(
        Push,
        who=st.sampled_from(PEOPLE),
        what=st.sampled_from(("message",) * 6 + ("call", "note", "order")),
        direction=st.sampled_from(("inbound",) * 4 + ("outbound", "outbound", "internal")),
        channel=st.sampled_from(("email", "email", "chat")),
        conversation=rarely("c", "d"),
        subject=rarely("Lamp", "Re: lamp", "Invoice"),
        object=rarely("7", "8"),
        late=st.sampled_from((0, 0, 0, 0, 0, 1, 24, 72, 73, 100, 200, 400)),
        ticket=st.one_of(st.none(), st.none(), st.none(), st.integers(0, 9)),
        proof=st.one_of(st.none(), rarely("email:one@example.com", "email:two@example.com")),
        history=st.sampled_from((False,) * 5 + (True,)) if histories else st.just(False),
    )


_number = st.integers(0, 9)
_push, _plain = _pushes(True), _pushes(False)
_batch = st.builds(Batch, st.lists(_plain, min_size=2, max_size=4).map(tuple))
_wait = st.builds(Wait, st.sampled_from(HOURS))


def _do(*names: str) -> st.SearchStrategy[Do]:
    return st.builds(Do, st.sampled_from(names), _number, _number)


_join, _part = _do("merge"), _do("unmerge")
_decide = _do("split", "unsplit", "place", "place", "place", "unplace")
_policy = st.builds(Do, st.just("policy"), _number)
_begun = st.builds(Do, st.just("policy"), st.integers(0, 4))
_command = st.builds(
    Do,
    st.just("command"),
    _number,
    _number,
    st.one_of(
        st.tuples(st.just("status"), st.sampled_from(MOVES[:5])),
        st.tuples(st.just("status"), st.sampled_from(MOVES[:5])),
        st.tuples(st.just("assignee"), st.booleans()),
        st.tuples(st.just("tags"), st.tuples(st.sampled_from((("x",), ("y", "x"), ())), st.sampled_from(((), ("x",))))),
        st.tuples(st.just("priority"), st.sampled_from(("low", "high", "urgent"))),
        st.tuples(st.just("subject"), st.sampled_from(("New name",))),
    ),
)
_any = (_push,) * 8 + (_batch,) + (_wait,) * 2 + (_command,) * 4 + (_join,) * 2 + (_part,) * 2 + (_decide,) + (_policy,)
_one = st.integers(0, len(_any) - 1).flatmap(lambda which: _any[which])
_first = tuple(st.builds(Push, who=st.just(who), subject=rarely("Lamp"), object=rarely("7")) for who in PEOPLE)
STEPS: Final = st.tuples(_begun, *_first, st.lists(_one, min_size=8, max_size=24)).map(
    lambda all_of: [*all_of[:4], *all_of[4]]
)


class TicketHistory:
    """Runs steps; after each the tables hold what the oracle derives from the ledger."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.now = MONDAY
        self.ids: dict[str, Any] = {}

    async def run(self, steps: Sequence[Step]) -> None:
        for step in steps:
            await self.do(step)
            await self.check()

    async def do(self, step: Step) -> None:
        self.now += timedelta(minutes=1)
        match step:
            case Push():
                await self.receive(step)
            case Batch(pushes):
                await self.receive(*pushes)
            case Wait(hours):
                self.now += timedelta(hours=hours)
            case Do(what, one, other, value):
                await getattr(self, f"_{what}")(one, other, value)

    # -- pushes --------------------------------------------------------------------------------------------------

    async def receive(self, *pushes: Push) -> list[Any]:
        items = [await self._item(push) for push in pushes]
        sender = self.place.sender(history=pushes[0].history)
        outcomes = await self.place.write(lambda db: intake.receive(db, sender, items, new_id=new_id, now=self.now))
        assert [outcome.status for outcome in outcomes] == [201] * len(pushes)
        self.ids.update({push.who: outcome.contact_id for push, outcome in zip(pushes, outcomes, strict=True)})
        return outcomes

    async def _item(self, push: Push) -> Any:
        tickets = await self.tickets() if push.ticket is not None else []
        thing = {"type": "order", "id": push.object, "version": 1} if push.object else None
        fields = {
            "kind": push.what,
            "direction": push.direction,
            "channel": push.channel,
            "conversation": push.conversation,
            "subject": push.subject,
            "body": "Hello there",
            "occurred_at": self.now - timedelta(hours=push.late),
            "object": thing and msgspec.convert(thing, intake.objects.ObjectState),
            "ticket": picked(tickets, push.ticket)["number"] if tickets else None,
        }
        return self.place.item(push.who, *([push.proof] if push.proof else []), **fields)

    # -- decisions -----------------------------------------------------------------------------------------------

    async def _merge(self, one: int, other: int, _: Any) -> None:
        live = await self.customers()
        if len(live) > 1:
            kept = picked(live, one)
            await self.previewed(desk.merge, kept, picked([c for c in live if c != kept], other))

    async def _unmerge(self, which: int, _: int, __: Any) -> None:
        merges = await self.decisions("merge")
        if merges:
            await self.unmerge(picked(merges, which)["id"])

    async def unmerge(self, decision: UUID) -> Any:
        (row,) = await self.place.fetch(
            "SELECT c.customer_id FROM link_decision d JOIN contact c ON c.workspace_id = $1 AND c.id = d.contact_a "
            "WHERE d.workspace_id = $1 AND d.id = $2",
            self.place.id,
            decision,
        )
        return await self.previewed(desk.unmerge, row["customer_id"], decision)

    async def _split(self, which: int, mask: int, _: Any) -> None:
        crowds: dict[UUID, list[UUID]] = {}
        for contact, row in (await self.place.contacts()).items():
            if row["source"] != "desk":
                crowds.setdefault(row["customer_id"], []).append(contact)
        able = [(customer, people) for customer, people in sorted(crowds.items()) if len(people) > 1]
        if able:
            customer, people = picked(able, which)
            chosen = [contact for at, contact in enumerate(sorted(people)) if mask >> at & 1][: len(people) - 1]
            await self.previewed(desk.split, customer, chosen or people[:1], new_home=True)

    async def _unsplit(self, which: int, _: int, __: Any) -> None:
        splits = await self.decisions("split")
        if splits:
            row = picked(splits, which)
            contacts = await self.place.contacts()
            try:
                await self.previewed(desk.unmerge, contacts[row["contact_b"]]["customer_id"], row["id"])
            except AlreadyUndone:
                return

    async def _place(self, which: int, where: int, _: Any) -> None:
        ledger = await read_ledger(self.place)
        items = [event for event in ledger.events if event.kind != "change"]
        if not items:
            return
        item, to = picked(items, which), picked(sorted(self.ids.values()), where)
        if item.contact != to:
            contacts = await self.place.contacts()
            await self.previewed(placing.place, contacts[item.contact]["customer_id"], item.id, contact=to)

    async def _unplace(self, which: int, _: int, __: Any) -> None:
        placed = await self.decisions("place")
        if placed:
            row = picked(placed, which)
            contacts = await self.place.contacts()
            await self.previewed(desk.unmerge, contacts[row["contact_b"]]["customer_id"], row["id"])

    async def previewed(
        self, decision: Callable[..., Awaitable[Any]], *wanted: Any, new_home: bool = False, **named: Any
    ) -> Any:
        """The preview, then the decision: equal but for ids that it makes. The preview changes nothing."""
        before = await rows_of(self.place, *EVERYTHING)
        preview = await self.decide(decision, *wanted, preview=True, **named)
        assert await rows_of(self.place, *EVERYTHING) == before
        done = await self.decide(decision, *wanted, **named)
        own = {"customer_id": preview.customer_id} if new_home else {}
        assert msgspec.structs.replace(done, decision_id=msgspec.UNSET, **own) == preview
        return done

    async def decide(self, decision: Callable[..., Awaitable[Any]], *wanted: Any, preview: bool = False, **named: Any):
        who = Desk(workspace=self.place.id, actor=AGENT, new_id=new_id, preview=preview, now=self.now)
        return await self.place.write(lambda db: decision(db, who, *wanted, **named))

    async def _policy(self, which: int, _: int, __: Any) -> None:
        (row,) = await self.place.fetch(
            "SELECT coalesce(max(version), 0) AS latest FROM ticket_policy WHERE workspace_id = $1", self.place.id
        )

        async def added(db: Any) -> None:
            await ticket_store.add_policy(
                db,
                self.place.id,
                row["latest"] + 1,
                msgspec.json.encode(picked(POLICIES, which)),
                past=False,
                actor=AGENT,
                reason=None,
                now=self.now,
            )

        await self.place.edge.write(self.place.id, added, configures=True)

    async def _command(self, which: int, about: int, value: Any) -> None:
        await self.check()

    # -- reading -------------------------------------------------------------------------------------------------

    async def tickets(self) -> list[Any]:
        return await self.place.fetch(
            "SELECT id, number FROM ticket WHERE workspace_id = $1 ORDER BY opened_position", self.place.id
        )

    async def customers(self) -> list[CustomerId]:
        rows = await self.place.fetch(
            "SELECT DISTINCT customer_id FROM contact WHERE workspace_id = $1 ORDER BY 1", self.place.id
        )
        return [row["customer_id"] for row in rows]

    async def decisions(self, kind: str) -> list[Any]:
        """Those that stand, in their order."""
        return await self.place.fetch(
            "SELECT d.id, d.contact_a, d.contact_b FROM link_decision d WHERE d.workspace_id = $1 AND d.kind = $2 "
            "AND NOT EXISTS (SELECT FROM link_decision u WHERE u.workspace_id = $1 AND u.undoes = d.id) "
            "ORDER BY d.position",
            self.place.id,
            kind,
        )

    # -- comparing -----------------------------------------------------------------------------------------------

    async def check(self) -> None:
        """The tables are what the oracle derives, and what the product folds from the beginning."""
        ledger = await read_ledger(self.place)
        derived = derive(ledger.events, ledger.merges, ledger.homes, ledger.policies)
        wrong = differences(await read_tickets(self.place), answer(derived))
        assert not wrong, "\n".join(briefly(ledger, wrong))
        await self.check_rebuilding()

    async def check_rebuilding(self) -> None:
        customers = await self.customers()
        found, _ = await self.place.read(lambda db: rebuilding.check(db, self.place.id, customers))
        assert found.rows == 0, found


def picked(these: Sequence[Any], which: int | None) -> Any:
    return these[(which or 0) % len(these)]


def briefly(ledger: Ledger, wrong: list[str]) -> list[str]:
    """What is wrong, and the ledger in which it is, under short names."""
    names = {str(event.id): f"e{event.position}" for event in ledger.events}
    names |= {str(contact): f"c{at}" for at, contact in enumerate(ledger.homes)}
    lines = [
        f"{thing.position} {_told(thing)}"
        for thing in sorted([*ledger.events, *ledger.merges], key=lambda thing: thing.position)
    ]
    told = [*wrong, *lines, *map(repr, ledger.policies), f"homes {ledger.homes}"]
    for known, name in names.items():
        told = [line.replace(known, name) for line in told]
    return told


def _told(thing: Any) -> str:
    said = {name: value for name, value in vars(thing).items() if value not in (None, False, "Hello there")}
    return " ".join(f"{name}={value}" for name, value in said.items() if name not in ("position", "source", "recorded"))
