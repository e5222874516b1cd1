"""Every committed event that was asked for arrives, under one `webhook-id`, whatever order writers commit in, whoever
is killed and whatever the receiver answers; nothing else arrives, and nothing from elsewhere."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.db import new_id
from app.webhooks import Sender
from channels.vault import Vault
from channels.webhooks import store, subscriptions
from channels.webhooks.subscriptions import NewWebhook, Webhook
from tests.app.sending import SECRET, follow, send, sender
from tests.app.sinks import Got, Sink, said, sink
from tests.laws.test_followers import Writer
from tests.laws.world import Place, World, law

STEPS = st.lists(
    st.tuples(
        st.sampled_from(("begin", "write", "commit", "abort", "kill", "follow", "send", "die", "refuse", "hang up")),
        st.integers(0, 3),
    ),
    max_size=30,
)
ROUNDS = 100
LATER = timedelta(minutes=11)
claim = store.claim


class Desk:
    """A workspace with writers, two webhooks to one receiver, and a sender that is killed now and then."""

    def __init__(self, world: World, place: Place, there: Sink, sending: Sender) -> None:
        self.place = place
        self.there = there
        self.sending = sending
        self.writers = [Writer(world, place, number) for number in range(4)]
        self.hooks: list[Webhook] = []
        self.committed: list[UUID] = []
        self.accepted: list[Got] = []
        self.now = datetime.now(UTC) + timedelta(minutes=1)

    async def subscribe(self, *events: str) -> None:
        new = NewWebhook(url=self.there.url, events=events)
        made = await self.place.write(
            lambda db: subscriptions.make(db, self.place.id, new, Vault(SECRET), by="system", new_id=new_id)
        )
        self.hooks.append(made.webhook)

    async def step(self, what: str, who: int) -> None:
        if what in ("begin", "write"):
            await getattr(self.writers[who], what)()
        elif what in ("commit", "abort", "kill"):
            self.committed += await self.writers[who].end(what)
        elif what == "settle":
            await follow(self.sending, self.place.id)
        elif what == "follow":
            await self.sending.follow(self.place.id)
        else:
            await self.send(what)

    async def send(self, how: str) -> None:
        """Of those that are due at some later time; by a sender that dies on the way, or to a receiver in trouble."""
        self.now += LATER
        answers = {"refuse": said(500), "hang up": b""}
        self.there.answer = lambda got: answers[how] if how in answers else self.accept(got)
        for hook in self.hooks:
            self.there.arrived.clear()
            task = asyncio.create_task(send(self.sending, self.place.id, str(hook.id), self.now))
            if how == "die":
                arrived = asyncio.create_task(self.there.arrived.wait())
                await asyncio.wait((task, arrived), return_when=asyncio.FIRST_COMPLETED)
                arrived.cancel()
                task.cancel()
            await asyncio.gather(task, return_exceptions=how == "die")

    def accept(self, got: Got) -> bytes:
        self.accepted.append(got)
        return said(204)

    async def finish(self) -> None:
        for writer in self.writers:
            self.committed += await writer.end("commit")
        for _ in range(ROUNDS):
            await follow(self.sending, self.place.id)
            await self.send("send")
            (row,) = await self.place.fetch("SELECT count(*) AS n FROM webhook_delivery WHERE state = 'waiting'")
            if not row["n"]:
                return


async def play(world: World, script: Sequence[tuple[str, int]]) -> None:
    async with sink() as there, sender(world.edge) as sending:
        desk = Desk(world, await world.open_workspace(), there, sending)
        foreign = Desk(world, await world.open_workspace(), there, sending)
        await desk.subscribe("interaction.visit", "ticket.*")
        await desk.subscribe("interaction.order", "customer.*")
        await foreign.subscribe("*")
        for what, who in script:
            await desk.step(what, who)
        await desk.finish()
        await foreign.finish()
        assert {one.json["data"]["event_id"] for one in desk.accepted} == {str(event) for event in desk.committed}
        check(there.got, desk.committed)


def check(got: Sequence[Got], committed: Sequence[UUID]) -> None:
    """All that was ever sent, accepted or not."""
    arrived = [(one.json["data"]["event_id"], one.key, one.json["type"]) for one in got]
    assert {event for event, _, _ in arrived} == {str(event) for event in committed}
    assert {name for _, _, name in arrived} <= {"interaction.visit"}
    assert len({(event, key) for event, key, _ in arrived}) == len({event for event, _, _ in arrived})
    assert len({key for _, key, _ in arrived}) == len({event for event, _, _ in arrived})


def test_every_event_that_was_asked_for_arrives_whoever_dies(world: World):
    @law(8)
    @given(STEPS)
    def holds(script: Sequence[tuple[str, int]]) -> None:
        world.run(play(world, script))

    holds()


KILLED = [("write", 0), ("write", 1), ("commit", 1), ("follow", 0), ("die", 0), ("write", 2), ("commit", 0),
          ("follow", 0), ("die", 0), ("commit", 2), ("follow", 0), ("refuse", 0), ("write", 3), ("kill", 3),
          ("hang up", 0), ("die", 0)]  # fmt: skip


def test_a_history_with_every_misfortune(world: World):
    world.run(play(world, KILLED))


def test_what_was_begun_before_a_webhook_and_committed_after_it_arrives(world: World):
    async def told() -> None:
        async with sink() as there, sender(world.edge) as sending:
            desk = Desk(world, await world.open_workspace(), there, sending)
            await desk.writers[0].write()
            await desk.subscribe("interaction.visit")
            await desk.writers[1].write()
            await desk.step("commit", 1)
            await desk.step("follow", 0)
            await desk.finish()
            assert len(desk.committed) == 2
            check(there.got, desk.committed)

    world.run(told())


async def forgetting(db: Any, workspace: UUID, webhook: UUID, *rest: Any) -> Any:
    """The naive sender: what it has in hand is done."""
    taken = await claim(db, workspace, webhook, *rest)
    ids = [row["id"] for row in taken]
    nothing: list[Any] = [None] * len(ids)
    await store.settle(db, workspace, ids, ["delivered"] * len(ids), [204] * len(ids), nothing, nothing)
    return taken


def test_a_sender_that_forgets_what_it_had_in_hand_loses_events(world: World, monkeypatch: pytest.MonkeyPatch):
    """The planted fault: the law fails with it."""
    monkeypatch.setattr(store, "claim", forgetting)
    with pytest.raises(AssertionError):
        world.run(
            play(world, [("write", 0), ("commit", 0), ("write", 1), ("commit", 1), ("settle", 0), ("hang up", 0)])
        )
