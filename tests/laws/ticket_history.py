"""A random history of one desk's tickets, carried out on the real database; the tables are compared with the oracle."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from app.db import new_id
from app.rebuilding import activate, rebuild_all
from identity.customers import CustomerId
from identity.errors import AlreadyUndone, Impossible
from tests.laws.life_oracle import pass_time
from tests.laws.ticket_cases import MONDAY
from tests.laws.ticket_folding import answer, differences
from tests.laws.ticket_ledger import TABLES, Ledger, read_ledger, read_tickets, rows_of
from tests.laws.ticket_ledgers import POLICIES
from tests.laws.ticket_records import MOVES, OPolicy
from tests.laws.ticket_steps import Batch, Do, Push, Step, Wait
from tests.laws.ticket_telling import check_pairs, check_told, seen
from tests.laws.tickets_oracle import derive
from tests.laws.world import AGENT, Place
from timeline import acting, closing, commands, desk, intake, placing
from timeline.decisions import Desk
from timeline.errors import TicketElsewhere
from timeline.tickets import rebuilding
from timeline.tickets.policy import TicketPolicy

IDENTITY: Final = ("contact", "contact_past", "customer", "identifier", "link_decision", "link_suggestion", "placement")
EVERYTHING: Final = (*IDENTITY, "event", "contact_count", "object_state", *TABLES)


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
            await self._join(kept, picked([c for c in live if c != kept], other))

    async def merge(self, kept: str, lost: str) -> UUID:
        """Two people by name; the decision."""
        contacts = await self.place.contacts()
        one, other = (contacts[self.ids[who]]["customer_id"] for who in (kept, lost))
        return await self._join(one, other)

    async def _join(self, kept: CustomerId, lost: CustomerId) -> UUID:
        ledger = await read_ledger(self.place)
        done = await self.previewed(desk.merge, kept, lost)
        check_pairs(ledger, kept, lost, done.changed["tickets"])
        return done.decision_id

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
        rows, before = await rows_of(self.place, *EVERYTHING), await seen(self.place)
        preview = await self.decide(decision, *wanted, preview=True, **named)
        assert await rows_of(self.place, *EVERYTHING) == rows
        done = await self.decide(decision, *wanted, **named)
        own = {"customer_id": preview.customer_id} if new_home else {}
        assert msgspec.structs.replace(done, decision_id=msgspec.UNSET, **own) == preview
        check_told(done.changed["tickets"], before, await seen(self.place), self.now)
        return done

    async def decide(self, decision: Callable[..., Awaitable[Any]], *wanted: Any, preview: bool = False, **named: Any):
        who = Desk(workspace=self.place.id, actor=AGENT, new_id=new_id, preview=preview, now=self.now)
        return await self.place.write(lambda db: decision(db, who, *wanted, **named))

    # -- policies, silence -----------------------------------------------------------------------------------------

    async def _policy(self, which: int, _: int, __: Any) -> None:
        await self.activate(picked(POLICIES, which), past=False)

    async def _recut(self, which: int, _: int, __: Any) -> None:
        """Another policy for the past too: the tickets follow with a rebuild."""
        await self.activate(picked(POLICIES, which), past=True)
        await rebuild_all(self.place.edge, self.place.id, lambda _: None)

    async def activate(self, words: Any, *, past: bool) -> None:
        policy = msgspec.convert(words, TicketPolicy)
        await activate(self.place.edge, self.place.id, policy, past=past, actor=AGENT, reason="a law asked for it")

    async def _silence(self, which: int, _: int, __: Any) -> None:
        """The clock announces what is due by now."""
        due = await self.place.fetch(
            "SELECT id FROM ticket WHERE workspace_id = $1 AND next_at <= $2 AND NOT history ORDER BY id",
            self.place.id,
            self.now,
        )
        for row in due:
            told = await self.place.write(
                lambda db, row=row: closing.announce(db, self.place.id, row["id"], new_id=new_id, now=self.now)
            )
            assert told or await self.deriving()

    # -- commands ------------------------------------------------------------------------------------------------

    async def _command(self, which: int, about: int, value: Any) -> None:
        named = await self.place.fetch(
            "SELECT ticket_id FROM ticket_number WHERE workspace_id = $1 ORDER BY number", self.place.id
        )
        if named:
            await self.command(picked(named, which)["ticket_id"], value)

    async def command(self, ticket: Any, value: Any) -> None:
        """Carried out exactly where the page allows it, and an item of its ticket then (but what waits for a job)."""
        may, deriving = await self.may(ticket, value), await self.deriving()
        try:
            done = await self.decide(acting.perform, acting.Ask(ticket=ticket), [await self.asked(value)])
        except (TicketElsewhere, Impossible):
            assert not may or deriving
            return
        assert may
        held = await self.place.fetch(
            "SELECT event_id FROM ticket_item WHERE workspace_id = $1 AND ticket_id = $2", self.place.id, ticket
        )
        assert {*done.events} <= {row["event_id"] for row in held}

    async def may(self, ticket: UUID, value: Any) -> bool:
        """Whether the page has the ticket, not joined, in a state for that."""
        ledger = await read_ledger(self.place)
        found = derive(ledger.events, ledger.merges, ledger.homes, ledger.policies).tickets.get(ticket)
        if found is None or found.joined_into is not None:
            return False
        what, wanted = value
        pass_time(found, self.now)
        policy = max(ledger.policies, key=lambda policy: policy.version, default=OPolicy(0, 0, {}))
        again = found.ended_at is None or self.now <= found.ended_at + policy.within
        if what == "snooze":
            return found.live
        if what == "confirm":
            return (wanted and found.confirmed and found.status == "closed") or (
                found.status == "resolved" and (wanted or again)
            )
        status = {"status": wanted, "third": "on_hold"}.get(what)
        return status in (None, found.status) or (status in MOVES[found.status] and (status != "open" or again))

    async def asked(self, value: Any) -> commands.Command:
        match value:
            case "status", status:
                return commands.SetStatus(status=status)
            case "assignee", somebody:
                return commands.Assign(assignee=await self.agent() if somebody else None)
            case "tags", (added, removed):
                return commands.Tag(added=added, removed=removed)
            case "priority", priority:
                return commands.SetPriority(priority=priority)
            case "snooze", hours:
                return commands.Snooze(until=self.now + timedelta(hours=hours) if hours else None)
            case "wake", _:
                return commands.Wake()
            case "third", _:
                return commands.SetStatus(status="on_hold", waiting="third_party")
            case "confirm", yes:
                return commands.Confirm(confirmed=yes)
            case "queue", queue:
                return commands.SetQueue(queue=await self.queue(queue))
            case "subject", subject:
                return commands.SetSubject(subject=subject)
            case "note", body:
                return commands.AddNote(body=body)
            case _:
                return commands.Reply(body=value[1])

    async def agent(self) -> UUID:
        async def hired(db: Any) -> None:
            await db.execute(
                "INSERT INTO agent (workspace_id, id, email, name, role, created_at) "
                "VALUES ($1, $1, 'kim@example.com', 'Kim', 'agent', now()) ON CONFLICT DO NOTHING",
                self.place.id,
            )

        await self.place.write(hired)
        return self.place.id

    async def queue(self, key: str | None) -> str | None:
        """A queue of the desk, made where it is not there."""

        async def made(db: Any) -> None:
            await db.execute(
                "INSERT INTO queue (workspace_id, key, name, place, created_at) VALUES ($1, $2, $2, 1, now()) "
                "ON CONFLICT DO NOTHING",
                self.place.id,
                key,
            )

        if key is not None:
            await self.place.write(made)
        return key

    # -- reading -------------------------------------------------------------------------------------------------

    async def tickets(self) -> list[Any]:
        return await self.place.fetch(
            "SELECT id, number FROM ticket WHERE workspace_id = $1 ORDER BY opened_position", self.place.id
        )

    async def deriving(self) -> bool:
        return bool((await rows_of(self.place, "ticket_deriving"))["ticket_deriving"])

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


async def told(place: Place, steps: Sequence[Step]) -> TicketHistory:
    history = TicketHistory(place)
    for step in steps:
        await history.do(step)
    return history


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
