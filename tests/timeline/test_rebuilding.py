"""Rebuilding beside traffic, long threads left to a job, closings announced once, policies tried and activated."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.db import new_id
from app.rebuilding import Rebuilt, activate, announce_closed, compare, derive_waiting, rebuild_all
from tests.laws.world import NOON, Place, World
from timeline import closing, desk, intake
from timeline.interactions import InvalidField
from timeline.tickets import rebuilding, refolding
from timeline.tickets.policy import Closes, Continues, TicketPolicy, read_policy

TABLES = ("ticket", "ticket_item", "ticket_conversation", "ticket_past", "ticket_void", "ticket_moment")


_BASE = re.compile(r'"version_base": \d+(, )?')


async def projection(place: Place) -> dict[str, list[str]]:
    """But for what mending adds to the versions of tickets: somebody may have seen what was damaged."""
    return {
        table: sorted(
            _BASE.sub("", repr(row))
            for row in await place.fetch(f"SELECT * FROM {table} WHERE workspace_id = $1", place.id)
        )
        for table in TABLES
    }


async def a_desk(place: Place) -> list[Any]:
    """Two people in conversation with us, merged, and going on."""
    a = await place.push("a", subject="Parcel", conversation="m1")
    b = await place.push("b", channel="chat", conversation="c1")
    await place.push("a", direction="outbound", conversation="m1")
    await place.decide(desk.merge, a.customer_id, b.customer_id)
    for at in range(6):
        await place.push("ab"[at % 2], conversation="m1", direction=("inbound", "outbound")[at % 2])
    return [a, b]


def none_told(_: int) -> None:
    return None


async def rebuilt(place: Place) -> Rebuilt:
    return await rebuild_all(place.edge, place.id, none_told)


@pytest.mark.parametrize("long", [False, True])
def test_an_emptied_projection_is_rebuilt_as_it_was(world: World, monkeypatch: pytest.MonkeyPatch, *, long: bool):
    if long:
        monkeypatch.setattr("app.rebuilding.EVENTS_AT_ONCE", 3)
        monkeypatch.setattr(refolding, "MOST_AT_ONCE", 3)
        monkeypatch.setattr(rebuilding, "AT_A_TIME", 2)

    async def told() -> None:
        place = await world.open_workspace()
        await a_desk(place)
        before = await projection(place)
        assert all(before[table] for table in ("ticket", "ticket_item", "ticket_conversation", "ticket_past"))
        for table in TABLES:
            await place.write(
                lambda db, table=table: db.execute(f"DELETE FROM {table} WHERE workspace_id = $1", place.id)
            )
        assert (await rebuilt(place)).rows == sum(len(rows) for rows in before.values())
        assert await projection(place) == before
        assert (await rebuilt(place)).rows == 0

    world.run(told())


@pytest.mark.parametrize(
    "damage",
    [
        'UPDATE ticket SET fold = fold || \'{"status": "closed"}\' WHERE workspace_id = $1',
        "DELETE FROM ticket_item WHERE workspace_id = $1 AND position % 2 = 0",
        "UPDATE ticket_conversation SET since = since + 1 WHERE workspace_id = $1",
        "INSERT INTO ticket_void SELECT $1, id, contact_id, position, 'x' FROM event WHERE workspace_id = $1 LIMIT 1",
        "UPDATE ticket_past SET until = until + 1 WHERE workspace_id = $1",
    ],
)
def test_whatever_was_damaged_is_mended(world: World, damage: str):
    async def told() -> None:
        place = await world.open_workspace()
        await a_desk(place)
        before = await projection(place)
        await place.write(lambda db: db.execute(damage, place.id))
        assert (await rebuilt(place)).rows > 0
        after = await projection(place)
        assert after["ticket_item"] == before["ticket_item"]
        assert {table: after[table] for table in TABLES} == before

    world.run(told())


def test_rebuilding_beside_pushes_ends_where_they_end(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        await asyncio.gather(*(a_desk_of(place, f"{n}") for n in range(5)))
        stop = asyncio.Event()

        async def push_on() -> int:
            pushed = 0
            while not stop.is_set():
                await place.push(f"{pushed % 5}", conversation=f"k{pushed % 3}")
                pushed += 1
            return pushed

        pushing = asyncio.create_task(push_on())
        for _ in range(5):
            await place.write(lambda db: db.execute("DELETE FROM ticket_item WHERE workspace_id = $1", place.id))
            await rebuilt(place)
        stop.set()
        assert await pushing > 5
        await rebuilt(place)
        assert (await rebuilt(place)).rows == 0

    world.run(told())


async def a_desk_of(place: Place, key: str) -> None:
    for at in range(3):
        await place.push(key, conversation=f"k{at}")


def test_a_long_thread_is_left_to_a_job(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(refolding, "MOST_AT_ONCE", 3)
    monkeypatch.setattr("app.rebuilding.EVENTS_AT_ONCE", 3)
    monkeypatch.setattr(refolding.refolded, "__defaults__", (3,))

    async def told() -> None:
        place = await world.open_workspace()
        a, b = await a_desk(place)
        (row,) = await place.fetch("SELECT id FROM link_decision WHERE workspace_id = $1 AND kind = 'merge'", place.id)
        preview = await place.decide(desk.unmerge, a.customer_id, row["id"], preview=True)
        undone = await place.decide(desk.unmerge, a.customer_id, row["id"])
        assert undone.changed["tickets"].state == preview.changed["tickets"].state == "deriving"
        meanwhile = await place.push("a", conversation="m1")
        assert meanwhile.status == 201
        assert meanwhile.ticket is None
        assert await derive_waiting(place.edge, place.id) == 2
        assert await derive_waiting(place.edge, place.id) == 0
        assert (await place.push("a", conversation="m1")).ticket.number == a.ticket.number
        assert (await place.push("b", conversation="c1")).ticket.number == b.ticket.number
        before = await projection(place)
        monkeypatch.undo()
        assert (await rebuilt(place)).rows == 0
        assert await projection(place) == before

    world.run(told())


def test_silence_is_announced_once_and_changes_nothing(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        old = datetime.now(UTC) - timedelta(days=30)
        sender = place.sender()

        async def push(**fields: Any) -> Any:
            item = place.item("a", occurred_at=old, **fields)
            (outcome,) = await place.write(lambda db: received(db, sender, item, old))
            return outcome

        opened = await push()
        await push(direction="outbound")
        assert await announce_closed(place.edge, place.id) == 1
        assert await announce_closed(place.edge, place.id) == 0
        (row,) = await place.fetch("SELECT status, fold FROM ticket WHERE workspace_id = $1", place.id)
        assert row["status"] == "closed"
        told_twice = await asyncio.gather(
            *(
                place.write(
                    lambda db: closing.announce(db, place.id, opened.ticket.id, new_id=new_id, now=datetime.now(UTC))
                )
                for _ in range(3)
            )
        )
        assert told_twice == [False] * 3
        closings = [i for i in await place.thread(opened.customer_id) if i.type == "TicketClosed"]
        assert [c.actor for c in closings] == ["policy:0"]
        assert (await rebuilt(place)).rows == 0

    world.run(told())


async def received(db: Any, sender: Any, item: Any, now: datetime) -> Any:
    return await intake.receive(db, sender, [item], new_id=new_id, now=now)


def test_a_policy_is_tried_then_activated_for_the_past_and_from_now_on(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        for at in range(4):
            await place.push("a", channel=("email", "chat")[at % 2], occurred_at=NOON + timedelta(minutes=at))
        by_channel = TicketPolicy(continues=Continues(same_channel=True))
        found = await compare(place.edge, place.id, by_channel, none_told)
        assert (found.tickets_before, found.tickets_after, found.split.count, found.opened.count) == (1, 2, 1, 0)
        before = await projection(place)
        version = await activated(place, by_channel, past=False)
        assert await projection(place) == before
        assert (await rebuilt(place)).rows == 0
        assert (await place.push("a", channel="sms")).ticket.number == 2
        assert await activated(place, TicketPolicy(), past=True) == version + 1
        assert (await rebuilt(place)).rows > 0
        (kept,) = await place.fetch("SELECT fold FROM ticket WHERE workspace_id = $1", place.id)
        assert b'"items": 5' in kept["fold"]
        assert (await place.push("a", channel="voice", kind="call")).ticket.number == 1

    world.run(told())


async def activated(place: Place, policy: TicketPolicy, *, past: bool) -> int:
    return await activate(place.edge, place.id, policy, past=past, actor="agent:x", reason=None)


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b'{"continues": {"gap": "three days"}}', "continues.gap"),
        (b'{"closes": {"resolved_after": 3}}', "closes.resolved_after"),
        (b'{"opens": {"mail": ["inbound"]}}', "opens.mail"),
        (b'{"opens": {"message": ["upwards"]}}', "opens.message[0]"),
        (b'{"on_link": "merge"}', "on_link"),
        (b'{"reopen": {}}', "reopen"),
        (b'{"reopens": {"within": "0 days"}}', "reopens.within"),
    ],
)
def test_a_bad_policy_names_the_path(raw: bytes, field: str):
    with pytest.raises(InvalidField) as refused:
        read_policy(raw)
    assert refused.value.field == field


def test_numbers_are_never_used_twice_and_old_ones_stay(world: World):
    async def told() -> None:
        place = await world.open_workspace()
        opened = await asyncio.gather(*(place.push(f"k{n}") for n in range(150)))
        numbers = [one.ticket.number for one in opened]
        assert len(set(numbers)) == 150
        rows = await place.fetch("SELECT number, ticket_id FROM ticket_number WHERE workspace_id = $1", place.id)
        assert {row["number"]: UUID(str(row["ticket_id"])) for row in rows} == {
            one.ticket.number: one.ticket.id for one in opened
        }

    world.run(told())


def test_closes_may_be_never():
    assert read_policy(b'{"closes": {"pending_after": null}}').closes == Closes(pending_after=None)


def test_a_recut_that_was_cut_short_is_finished_by_the_worker(world: World, monkeypatch: pytest.MonkeyPatch):
    async def told() -> None:
        place = await world.open_workspace()
        for at in range(4):
            await place.push("a", channel=("email", "chat")[at % 2], occurred_at=NOON + timedelta(minutes=at))
        await activated(place, TicketPolicy(continues=Continues(same_channel=True)), past=True)
        assert await derive_waiting(place.edge, place.id) == 0, "whoever activates is at it"
        monkeypatch.setattr("app.rebuilding.LEFT_OFF", timedelta(seconds=-1))
        assert await derive_waiting(place.edge, place.id) == 1
        assert (await rebuilt(place)).rows == 0
        assert len(await place.fetch("SELECT FROM ticket WHERE workspace_id = $1", place.id)) == 2
        assert await derive_waiting(place.edge, place.id) == 0

    world.run(told())
