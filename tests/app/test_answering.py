"""Agents answer by mail what they were told: they themselves, proved, with the right of that moment; nobody else."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from app.db import new_id
from app.people import NewAgent, add_agent
from channels.email.threading import NOTIFICATION
from identity.customers import WorkspaceId
from tests.channels.email.mailroom import House, Office, housed, letter
from tests.conftest import Database as Cloned
from timeline.acting import Ask, perform
from timeline.commands import AddNote
from timeline.decisions import Desk
from timeline.events import Actor
from timeline.tickets import task_store
from timeline.tickets.task_store import Notice
from timeline.tickets.ticket import TicketId

AGENT = "Zoe <zoe@desk.example>"
PROVED = "dmarc=pass header.from=desk.example"


@pytest.fixture(scope="module")
async def house(database_of_module: Cloned, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with housed(database_of_module, tmp_path_factory.mktemp("home")) as opened:
        yield opened


class Told:
    """A ticket of Ann's, and Zoe, who was told of its message by mail."""

    def __init__(self, office: Office, agent: UUID, item: dict[str, Any]) -> None:
        self.office = office
        self.agent = agent
        self.item = item
        self.message_id = ""

    async def tell(self, to: str = "zoe@desk.example", event: UUID | None = None) -> None:
        notice = Notice(
            id=new_id(), agent_id=self.agent, kind="assigned", ticket_id=self.item["id"],
            event_id=event or self.item["id"], actor="rule:r", made_at=datetime.now(UTC),
        )  # fmt: skip
        workspace = self.office.workspace.id
        await self.office.database.write(workspace, lambda db: task_store.add_notices(db, workspace, [notice]))
        _, self.message_id, _ = await self.office.sent([to], purpose=NOTIFICATION, event=notice.event_id)

    async def answer(self, sender: str = AGENT, result: str = PROVED, **fields: str) -> dict[str, Any]:
        """What becomes of an answer: the newest thing that was recorded."""
        said = {"In_Reply_To": f"<{self.message_id}>", "Message_ID": f"<{new_id()}@desk.example>", **fields}
        await self.office.deliver(letter(sender, result=result, **said))
        await self.office.step()
        return (await self.office.items())[-1]


@pytest.fixture
async def told(house: House) -> Told:
    return await _told(await house.office())


async def _told(office: Office) -> Told:
    new = NewAgent(email="zoe@desk.example", role="agent")
    workspace = WorkspaceId(office.workspace.id)
    agent = await office.database.write(workspace, lambda db: add_agent(db, workspace, new, new_id))
    (item,) = await office.take(letter())
    made = Told(office, agent.id, item)
    await made.tell()
    return made


async def test_an_answer_to_a_notification_is_the_agents_reply(told: Told):
    text = "It left this morning.\r\n\r\nOn Monday, Desk wrote:\r\n> Ann asks:\r\n> Where is my order?"
    reply = await told.answer(text=text)
    (row,) = await told.office.fetch("SELECT direction, about, contact_id FROM event WHERE id = $1", reply["id"])
    assert (reply["type"], reply["actor"]) == ("MessageRecorded", f"agent:{told.agent}")
    assert tuple(row) == ("outbound", told.item["id"], told.item["contact_id"])
    assert reply["data"]["body"] == "It left this morning."
    (delivery,) = await told.office.fetch("SELECT state, event_ids FROM inbound_delivery ORDER BY id DESC LIMIT 1")
    assert (delivery["state"], delivery["event_ids"]) == ("understood", [reply["id"]])
    assert len(await told.office.items()) == 2


async def test_an_answer_in_two_copies_is_one_reply(told: Told):
    said = {"text": "It left this morning.", "Message_ID": "<1@desk.example>"}
    reply = await told.answer(**said)
    again = await told.answer(**said, Received="from there by here; Mon, 02 Mar 2026 09:00:00 +0000")
    assert again["id"] == reply["id"]
    both = await told.office.fetch("SELECT state, event_ids FROM inbound_delivery ORDER BY id DESC LIMIT 2")
    assert [tuple(one) for one in both] == [("understood", [reply["id"]])] * 2
    for other in ({**said, "Message_ID": "<2@desk.example>"}, {**said, "text": "And arrives tomorrow."}):
        assert (await told.answer(**other))["id"] not in {reply["id"], again["id"]}
    forged = await told.answer(**said, result="dmarc=fail header.from=desk.example")
    assert forged["actor"].startswith("channel:")


async def test_an_answer_to_a_note_is_a_note(told: Told):
    workspace = told.office.workspace.id
    desk = Desk(workspace=workspace, actor=Actor("agent:x"), new_id=new_id)
    asked = Ask(ticket=TicketId(told.item["id"]))
    done = await told.office.database.write(
        workspace, lambda db: perform(db, desk, asked, [AddNote(body="Zoe, do you know?")])
    )
    await told.tell(event=done.events[0])
    note = await told.answer(text="> Zoe, do you know?\r\n\r\nIt left.")
    assert (note["type"], note["actor"], note["data"]["body"]) == ("NoteRecorded", f"agent:{told.agent}", "It left.")


REFUSED: dict[str, dict[str, str]] = {
    "from somebody else": {"sender": "Eve <eve@evil.example>", "result": "dmarc=pass header.from=evil.example"},
    "claimed": {"result": "dmarc=none"},
    "no word of our server": {"result": ""},
    "contradicted": {"result": "dmarc=fail header.from=desk.example"},
    "two Froms": {"top": "From: eve@evil.example\r\n"},
    "a robot": {"Auto_Submitted": "auto-replied"},
    "nothing new": {"text": "> Where is my order?"},
}


@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED)
async def test_whoever_else_answers_is_somebody_outside(told: Told, fields: dict[str, str]):
    item = await told.answer(**fields)
    assert item["actor"].startswith("channel:")
    assert item["conversation"] == item["source_id"]
    assert item["customer_id"] != told.item["customer_id"]
    assert item["data"]["data"]["mail"]["thread"]["words"]


@pytest.mark.parametrize("change", ["UPDATE agent SET disabled_at = now()", "UPDATE agent SET role = 'auditor'"])
async def test_removed_access_is_gone_by_mail_as_well(told: Told, change: str):
    await told.office.say(change)
    item = await told.answer()
    assert item["actor"].startswith("channel:")
    assert "what we told an agent who" in item["data"]["data"]["mail"]["thread"]["words"]


async def test_an_account_that_proves_nobody_proves_no_agent(told: Told):
    await told.office.say("UPDATE channel_account SET proves = '{}'")
    item = await told.answer()
    assert (item["actor"].startswith("channel:"), item["data"]["data"]["mail"]["proof"]["verdict"]) == (True, "claimed")
    assert "proves nobody" in item["data"]["data"]["mail"]["thread"]["words"]


async def test_a_notification_of_another_agent_is_not_answered_by_this_one(told: Told):
    await told.tell("yan@desk.example")
    item = await told.answer()
    assert item["actor"].startswith("channel:")


async def test_a_customers_token_gives_an_agent_no_thread(told: Told):
    """A mail of ours to Ann that reaches the agent is no notification."""
    _, told.message_id, _ = await told.office.sent(["ann@shop.example"], conversation=told.item["conversation"])
    item = await told.answer()
    assert (item["actor"].startswith("channel:"), item["conversation"]) == (True, item["source_id"])
