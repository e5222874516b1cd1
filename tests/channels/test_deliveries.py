"""Accepted, then understood: nothing is lost between the two, nothing comes twice, and nothing bad holds others up."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from app.db import Database, new_id
from channels import accounts, deliveries, inbox, registry
from channels.contract import Account, Delivery, Unverified
from channels.deliveries import BATCH, CLAIM, MOST_TRIES
from channels.orders.kind import Orders
from tests.channels.conftest import ADMIN, NAMES, VAULT, Doorstep, order
from timeline.errors import ItemRefused
from timeline.interactions import Interaction

WORDS = b'{"type":"order.created","timestamp":"never","data":{}}'


class Faulty(Orders):
    """Orders with a parser that has faults: bytes that say so make it fail, or make what the ledger cannot keep."""

    name = "faulty"
    mended = False

    def parse(self, delivery: Delivery, account: Account) -> list[Interaction]:
        items = super().parse(delivery, account)
        if b"crash" in delivery.raw and not self.mended:
            raise KeyError("a fault of ours")
        if b"poison" in delivery.raw and not self.mended:
            return [msgspec.structs.replace(item, body="not \0 text") for item in items]
        return items


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Faulty:
    kind = Faulty()
    monkeypatch.setitem(registry.KINDS, kind.name, kind)
    return kind


async def test_what_is_accepted_waits_with_its_bytes_until_a_worker_comes(doorstep: Doorstep) -> None:
    accepted = await doorstep.deliver(order())
    assert accepted.status == 202
    assert await doorstep.events() == []
    (waiting,) = await doorstep.listed("waiting")
    assert (waiting.id, waiting.key, waiting.tries, waiting.size) == (accepted.delivery_id, "msg_1", 0, len(order()))
    (row,) = await doorstep.fetch("SELECT raw, headers FROM inbound_delivery")
    assert row["raw"] == order()
    assert set(msgspec.json.decode(row["headers"])) == {"webhook-timestamp"}

    assert await doorstep.step() == 1
    (event,) = await doorstep.fetch("SELECT id, source, source_id, actor, type FROM event")
    assert tuple(event)[1:] == ("shop", "msg_1", f"channel:{doorstep.id}", "OrderRecorded")
    (understood,) = await doorstep.listed()
    assert (understood.state, understood.event_ids, understood.tries) == ("understood", [event["id"]], 1)
    assert await doorstep.fetch("SELECT 1 FROM inbound_delivery WHERE raw = $1", order())
    assert await doorstep.step() == 0


async def test_a_crash_between_the_two_steps_loses_nothing(doorstep: Doorstep) -> None:
    await doorstep.deliver(order())
    again = Database(doorstep.database.dsn)
    await again.open()
    try:
        assert await Doorstep(again, doorstep.workspace).step() == 1
    finally:
        await again.close()
    assert await doorstep.events() == ["msg_1"]


async def test_twenty_at_once_are_one(doorstep: Doorstep) -> None:
    accepted = await asyncio.gather(*(doorstep.deliver(order()) for _ in range(20)))
    assert sorted(one.status for one in accepted) == [200] * 19 + [202]
    assert len({one.delivery_id for one in accepted}) == 1
    await asyncio.gather(*(doorstep.step() for _ in range(4)))
    assert await doorstep.events() == ["msg_1"]
    again = await doorstep.deliver(order())
    assert (again.status, again.delivery_id) == (200, accepted[0].delivery_id)
    assert await doorstep.step() == 0


async def test_other_bytes_under_the_same_key_are_kept_beside_the_first(doorstep: Doorstep) -> None:
    first = await doorstep.deliver(order())
    for tries in (1, 2):
        second = await doorstep.deliver(order(status="paid"))
        assert (second.status, second.delivery_id) == (409, first.delivery_id)
        (entry,) = await doorstep.entries()
        assert (entry.door, entry.code, entry.source, entry.source_id) == (
            "hooks/orders", "content_differs", "shop", "msg_1",
        )  # fmt: skip
        assert (entry.tries, entry.delivery_id) == (tries, None)
        assert entry.account_id == accounts.public_id(doorstep.workspace.id, doorstep.id)
        assert await doorstep.raw(entry.id) == order(status="paid")
    await doorstep.step()
    assert await doorstep.events() == ["msg_1"]
    replayed = await doorstep.replay(entry.id)
    assert (replayed.outcome.status, replayed.outcome.fields) == (409, ["subject", "object"])
    assert await doorstep.standing() == {"msg_1": "understood"}


async def test_a_poisonous_delivery_holds_nothing_up(doorstep: Doorstep) -> None:
    first = await doorstep.deliver(WORDS, "bad")
    await doorstep.deliver(order(1), "good-1")
    await doorstep.deliver(order(2), "good-2")
    assert await doorstep.step() == 3
    assert await doorstep.events() == ["good-1", "good-2"]
    assert await doorstep.standing() == {"bad": "failed", "good-1": "understood", "good-2": "understood"}
    (entry,) = await doorstep.entries()
    assert (entry.door, entry.code, entry.fields) == ("hooks/orders", "unparseable", ["timestamp"])
    assert (entry.delivery_id, entry.actor) == (first.delivery_id, f"channel:{doorstep.id}")
    assert await doorstep.raw(entry.id) == WORDS
    assert (await doorstep.fetch("SELECT raw FROM inbound_delivery WHERE delivery_key = 'bad'"))[0]["raw"] is None
    again = await doorstep.deliver(WORDS, "bad")
    assert (again.status, again.delivery_id) == (200, first.delivery_id)
    assert await doorstep.step() == 0


async def test_equal_bytes_are_as_many_entries_as_deliveries(doorstep: Doorstep) -> None:
    other = await doorstep.account(name="second shop")
    await doorstep.deliver(WORDS, "a")
    await doorstep.deliver(WORDS, "b")
    await doorstep.deliver(WORDS, "a", other)
    await doorstep.step()
    assert sorted((one.source, one.source_id) for one in await doorstep.entries()) == [
        ("second shop", "a"), ("shop", "a"), ("shop", "b"),
    ]  # fmt: skip


@pytest.mark.parametrize("fault", ["crash", "poison"])
async def test_a_fault_of_ours_is_tried_again_and_others_pass(doorstep: Doorstep, faulty: Faulty, fault: str) -> None:
    account = await doorstep.account("faulty")
    for number, note in enumerate(["fine", fault, "fine", "fine"]):
        await doorstep.deliver(order(number, note=note), f"m{number}", account)
    await doorstep.deliver(order(9), "elsewhere")
    now = datetime.now(UTC)
    assert await doorstep.step(now) == 5
    assert sorted(await doorstep.events()) == ["elsewhere", "m0", "m2", "m3"]
    bad = (await doorstep.listed("waiting"))[0]
    assert (bad.key, bad.tries) == ("m1", 1)
    assert bad.reason is not None
    assert bad.reason.startswith("it failed with ")
    assert "fault of ours" not in bad.reason

    for tries in range(2, MOST_TRIES + 1):
        assert await doorstep.step(now) == 0, "not before its pause is over"
        now += timedelta(seconds=2**MOST_TRIES)
        assert await doorstep.step(now) == 1
        if tries < MOST_TRIES:
            assert (await doorstep.listed("waiting"))[0].tries == tries
    assert await doorstep.standing() == {
        "m0": "understood", "m1": "failed", "m2": "understood", "m3": "understood", "elsewhere": "understood",
    }  # fmt: skip
    (entry,) = await doorstep.entries()
    assert (entry.code, await doorstep.raw(entry.id)) == ("failed", order(1, note=fault))

    if fault == "crash":
        again = await doorstep.replay(entry.id)
        assert (again.outcome.status, again.outcome.words) == (400, "it failed with KeyError")
        assert (again.entry.state, again.entry.tries) == ("waiting", 2)
    faulty.mended = True
    replayed = await doorstep.replay(entry.id)
    assert (replayed.outcome.status, replayed.entry.state) == (201, "replayed")
    assert (await doorstep.standing())["m1"] == "understood"
    assert len(await doorstep.events()) == 5


async def claimed_and_dead(doorstep: Doorstep, now: datetime) -> list[str]:
    """A worker that claims and does not come back."""
    _, claimed = await doorstep.write(lambda db: deliveries.claim(db, doorstep.workspace.id, doorstep.id, now))
    return [one.delivery.key for one in claimed]


async def test_a_worker_that_dies_is_followed_by_another(doorstep: Doorstep) -> None:
    other = await doorstep.account(name="second shop")
    for key in ("a", "b", "c"):
        await doorstep.deliver(order(key), key)
    now = datetime.now(UTC)
    assert await claimed_and_dead(doorstep, now) == ["a", "b", "c"]
    await doorstep.deliver(order("d"), "d")
    await doorstep.deliver(order("x"), "x", other)
    assert await doorstep.step(now) == 1, "in order: d waits for those before it, x does not"
    now += CLAIM
    assert await doorstep.step(now - timedelta(milliseconds=1)) == 0
    now += timedelta(seconds=2)
    while await doorstep.step(now):
        pass
    assert await doorstep.events() == ["x", "a", "b", "c", "d"]


async def test_a_delivery_that_kills_whoever_reads_it_ends_in_the_quarantine(doorstep: Doorstep) -> None:
    """Others pass it: whoever dies of it again and again keeps them a minute each time, and never all the while."""
    for key in ("killer", "b", "c"):
        await doorstep.deliver(order(key), key)
    now = datetime.now(UTC)
    assert await claimed_and_dead(doorstep, now) == ["killer", "b", "c"]
    for tries in range(1, MOST_TRIES):
        now += CLAIM
        while await doorstep.step(now):
            pass
        await doorstep.deliver(order(f"later-{tries}"), f"later-{tries}")
        now += timedelta(seconds=2**tries)
        assert await claimed_and_dead(doorstep, now) == ["killer"]
    now += CLAIM + timedelta(seconds=2**MOST_TRIES)
    while await doorstep.step(now):
        pass
    later = [f"later-{tries}" for tries in range(1, MOST_TRIES)]
    assert await doorstep.events() == ["b", "c", *later]
    assert (await doorstep.standing())["killer"] == "failed"
    (entry,) = await doorstep.entries()
    assert (entry.code, entry.source_id) == ("failed", "killer")
    assert (await doorstep.replay(entry.id)).outcome.status == 201


async def test_many_are_understood_in_order_by_several_workers(doorstep: Doorstep) -> None:
    keys = [f"m{number}" for number in range(3 * BATCH)]
    for key in keys:
        await doorstep.deliver(order(key), key)

    async def worker() -> None:
        while await doorstep.fetch("SELECT 1 FROM inbound_delivery WHERE state = 'waiting' LIMIT 1"):
            await doorstep.step()
            await asyncio.sleep(0.01)

    await asyncio.gather(*(worker() for _ in range(3)))
    assert await doorstep.events() == keys
    assert {one.tries for one in await doorstep.listed()} == {1}


async def test_lists_are_cut_into_what_a_transaction_takes(doorstep: Doorstep) -> None:
    for number in range(4):
        things = [{"id": f"{number}-{at}", "customer": {"id": f"c-{at % 9}"}} for at in range(60)]
        whole = {"type": "order.updated", "timestamp": "2026-01-31T09:30:00Z", "data": things}
        await doorstep.deliver(msgspec.json.encode(whole), f"list-{number}")
    assert await doorstep.step() == 4
    assert await doorstep.events() == [f"list-{number}/{at + 1}" for number in range(4) for at in range(60)]
    assert [len(one.event_ids) for one in await doorstep.listed("understood")] == [60] * 4


async def test_of_a_list_what_conflicts_is_told_and_the_rest_is_taken(doorstep: Doorstep) -> None:
    other = await doorstep.account(source="shop")
    await doorstep.deliver(order(1), "m/2")
    await doorstep.step()
    whole = {"type": "order.updated", "timestamp": "2026-01-31T09:30:00Z", "data": [{"id": 1}, {"id": 2}]}
    await doorstep.deliver(msgspec.json.encode(whole), "m", other)
    await doorstep.step()
    assert await doorstep.events() == ["m/2", "m/1"]
    (entry,) = await doorstep.entries()
    (first,) = await doorstep.fetch("SELECT id FROM event WHERE source_id = 'm/2'")
    assert (entry.code, entry.event_id) == ("content_differs", first["id"])
    (failed,) = await doorstep.listed("failed")
    assert len(failed.event_ids) == 1


async def test_a_replay_reads_with_what_the_account_proves_today(doorstep: Doorstep, faulty: Faulty) -> None:
    async def verified() -> dict[str, bool]:
        rows = await doorstep.fetch("SELECT kind, verified_at FROM identifier")
        return {row["kind"]: row["verified_at"] is not None for row in rows}

    account = await doorstep.account("faulty")
    customer = {"id": "c-1", "email": "ann@example.com", "email_verified": True}
    await doorstep.deliver(order(note="poison", customer=customer), "m", account)
    now = datetime.now(UTC)
    for _ in range(MOST_TRIES):
        await doorstep.step(now)
        now += timedelta(seconds=2**MOST_TRIES)
    (entry,) = await doorstep.entries()
    assert entry.proves == ["account", "email", "phone"]
    faulty.mended = True
    await doorstep.say("UPDATE channel_account SET proves = ARRAY['account'] WHERE id = $1", account[0])
    assert (await doorstep.replay(entry.id)).outcome.status == 201
    assert await verified() == {"account": True, "email": False}


@pytest.mark.parametrize("waits", ["delivery", "quarantine"])
async def test_what_a_disabled_account_left_behind_is_taken_as_claimed(doorstep: Doorstep, waits: str) -> None:
    customer = {"id": "c-1", "email": "ann@example.com", "email_verified": True}
    await doorstep.deliver(order(customer=customer), "m")
    if waits == "quarantine":
        await doorstep.step()
        await doorstep.deliver(order(customer=customer, total=5), "m")
        await doorstep.say("UPDATE quarantine SET source_id = 'm2'")
    await doorstep.write(
        lambda db: accounts.disable_account(db, doorstep.workspace.id, doorstep.id, by=ADMIN, new_id=new_id)
    )
    with pytest.raises(Unverified):
        await doorstep.deliver(order(), "n")
    if waits == "quarantine":
        (entry,) = await doorstep.entries()
        assert (await doorstep.replay(entry.id)).outcome.status == 201
    else:
        assert await doorstep.step() == 1
    rows = await doorstep.fetch(
        "SELECT i.verified_at FROM identifier i JOIN contact c ON c.id = i.contact_id "
        "WHERE c.source_key = 'claimed/c-1'"
    )
    assert [row["verified_at"] for row in rows] == [None, None]


async def test_an_account_that_is_not_understood_holds_up_no_other(doorstep: Doorstep) -> None:
    other = await doorstep.account(name="second shop")
    await doorstep.deliver(order(), "a")
    await doorstep.deliver(order(), "b", other)
    await doorstep.say("UPDATE channel_account SET settings = '{\"colour\": 1}' WHERE id = $1", doorstep.id)
    assert await doorstep.step() == 1
    assert await doorstep.events() == ["b"]
    faults = await doorstep.write(
        lambda db: accounts.find_faults(
            db, doorstep.workspace.id, doorstep.id, VAULT, datetime.now(UTC) + timedelta(minutes=5)
        )
    )
    assert [fault.split(":")[0] for fault in faults] == [
        "Its settings are not understood",
        f"1 wait to be read, the oldest since {datetime.now(UTC):%Y-%m-%d %H}",
    ]
    await doorstep.say("UPDATE channel_account SET settings = '{}' WHERE id = $1", doorstep.id)
    assert await doorstep.step() == 1


async def test_discarding_leaves_no_bytes_anywhere(doorstep: Doorstep) -> None:
    await doorstep.deliver(WORDS, "bad")
    await doorstep.step()
    (entry,) = await doorstep.entries()
    await doorstep.write(lambda db: inbox.discard(db, doorstep.workspace.id, entry.id, by=ADMIN))
    assert await doorstep.fetch("SELECT raw FROM inbound_delivery UNION SELECT raw FROM quarantine") == [(None,)]
    with pytest.raises(ItemRefused):
        await doorstep.replay(entry.id)
    assert (await doorstep.deliver(WORDS, "bad")).status == 200


async def test_bytes_that_are_no_text_are_kept_as_they_are(doorstep: Doorstep) -> None:
    raw = b"\xff\x00\xfe not JSON"
    found = await doorstep.write(lambda db: accounts.find_account(db, doorstep.workspace.id, doorstep.id))
    delivery = Delivery(key="m", raw=raw, headers={})
    await doorstep.write(lambda db: deliveries.accept(db, doorstep.workspace.id, found, delivery, NAMES, new_id=new_id))
    await doorstep.step()
    (entry,) = await doorstep.entries()
    assert (entry.code, entry.reason, await doorstep.raw(entry.id)) == ("unparseable", "not UTF-8 at byte 0", raw)


async def test_objects_come_out_right_whatever_the_order_of_arrival(doorstep: Doorstep) -> None:
    def state(version: int, status: str) -> bytes:
        return order(1001, version=version, status=status, type_="order.updated")

    payment: dict[str, Any] = {"order": "1001", "amount": 5.0, "customer": {"id": "c-1"}}
    paid = msgspec.json.encode({"type": "payment.captured", "timestamp": "2026-02-01T09:30:00Z", "data": payment})
    for key, raw in enumerate([paid, state(3, "shipped"), state(1, "open"), state(2, "paid")]):
        await doorstep.deliver(raw, f"m{key}")
    await doorstep.step()
    (row,) = await doorstep.fetch("SELECT type, id, version, state FROM object_state")
    assert (row["type"], row["id"], row["version"]) == ("order", "1001", b"3")
    assert msgspec.json.decode(row["state"])["status"] == "shipped"
