"""Automatic mail at a desk: reminders and links to customers, notifications and invitations to agents, and mails that
come back."""

import email
import email.policy
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.automatic import Robots
from app.db import Db, new_id
from app.live import Live
from app.mailing import Mailer
from channels import accounts
from channels.accounts import NewAccount
from identity.customers import WorkspaceId
from tests.app.api.asking import PATH, patched, settled
from tests.app.api.conftest import Api
from tests.app.api.lives import erase
from tests.app.api.replies import as_admin
from tests.app.api.test_tasks import hired, told
from tests.app.posting import DESK, SECRET, TOKENS, VAULT, follow, mailer
from tests.builders import contact, identifier, settings
from tests.conftest import Database as Cloned
from timeline import closing
from timeline.tickets.ticket import TicketId

ANN = "ann@example.org"
SENDS = {"host": "127.0.0.1", "port": 2525, "security": "none"}
BOUNCES = "/api/v1/mail-bounces"


class Post:
    """A desk with a mailbox, a step at a time."""

    def __init__(self, api: Api, out: Mailer, account: UUID, robots: Robots) -> None:
        self.api = api
        self.out = out
        self.account = account
        self.robots = robots

    async def came(self, verdict: str = "proved", **fields: Any) -> dict[str, Any]:
        """A mail that came in and was understood."""
        mail = {
            "message_id": "1@there",
            "from": {"address": ANN},
            "proof": {"verdict": verdict},
            "thread": {"by": "new"},
        }
        said: dict[str, Any] = {
            "source": "mail",
            "kind": "message",
            "channel": "email",
            "contact": contact(
                fields.pop("key", ANN), identifier(value=ANN, verified=verdict == "proved"), name="Evil"
            ),
            "subject": "Buy now",
            "body": "buy this",
            "data": {"mail": mail | fields.pop("mail", {})},
            **fields,
        }
        return await self.api.push(**said)

    async def run(self, later: timedelta = timedelta(0)) -> list[dict[str, Any]]:
        """The automatic mails that there are, when all that is recorded was looked at."""
        await settled(self.api)
        workspace = WorkspaceId(self.api.mine.id)
        await self.robots.step(workspace, datetime.now(UTC) + later)
        async with self.api.database.read(workspace) as db:
            rows = await db.fetch("SELECT * FROM outbound_mail WHERE purpose <> 'reply' ORDER BY id")
        return [dict(row) for row in rows]

    async def replied(self, key: str = "", **fields: Any) -> tuple[dict[str, Any], dict[str, Any], str]:
        """A reply that went out: the item answered, what the API said, and the mail's Message-ID."""
        item = await self.came()
        said = await self.api("POST", f"{PATH}/{item['ticket']['id']}/replies", key, json={"body": "Hello.", **fields})
        assert said.status_code == 201, said.text
        await follow(self.out, self.api.mine.id)

        async def went(db: Db) -> str:
            message_id = await db.fetchval(
                "UPDATE outbound_mail SET state = 'sent', next_try_at = NULL WHERE event_id = $1 RETURNING message_id",
                UUID(said.json()["event_id"]),
            )
            assert message_id is not None
            return message_id

        return item, said.json(), await self.api.database.write(self.api.mine.id, went)

    async def returned(
        self, message_id: str | None, address: str = ANN, action: str = "failed", to: str = DESK
    ) -> None:
        """A report about one of our mails."""
        failed = {"address": address, "action": action, "status": "5.1.1", "words": "no such user"}
        mail = {"proof": {"verdict": "claimed"}, "robot": {"kind": "bounce", "why": "x"}}
        mail["bounce"] = {"message_id": message_id, "failed": [failed]}  # type: ignore[assignment]
        mail["to"] = [{"address": to}]  # type: ignore[assignment]
        await self.api.push(source="mail", kind="fact", channel="email", contact=contact("daemon"), data={"mail": mail})
        await self.run()

    async def marks(self) -> list[dict[str, Any]]:
        return (await self.api("GET", BOUNCES)).json()["items"]


@pytest.fixture
async def post(api: Api, tmp_path: Path) -> AsyncIterator[Post]:
    words = {"confirm": "Is #{number} settled? {link}", "notifies": True, "name": "The Shop"}
    said = NewAccount(kind="email", name="mail", settings={"address": DESK, "smtp": SENDS, **words})
    made = await api.database.write(
        api.mine.id, lambda db: accounts.make_account(db, api.mine.id, said, VAULT, by="cli", new_id=new_id)
    )
    account = accounts.read_public_id(made.account.id)[1]
    async with mailer(api.database, tmp_path) as out:
        robots = Robots(api.database, Live(api.database.dsn), settings(tmp_path, secret=SECRET))
        yield Post(api, out, account, robots)


def read(mail: dict[str, Any]) -> EmailMessage:
    return email.message_from_bytes(mail["raw"], policy=email.policy.default)


def text_of(mail: dict[str, Any]) -> str:
    body = read(mail).get_body(("plain",))
    assert body is not None
    assert b"Evil" not in mail["raw"]
    assert b"uy " not in mail["raw"]
    return body.get_content().strip()


# -- to customers ------------------------------------------------------------------------------------------------------


async def reminded(post: Post, item: dict[str, Any]) -> None:
    policy = {"resolves": {"pending_after": "2 days", "reminder_before": "1 day", "reminder": "#{number} {subject}?"}}
    assert (await post.api("POST", "/api/v1/ticket-policies", json={"policy": policy})).status_code == 201
    said = await post.api("POST", f"{PATH}/{item['ticket']['id']}/replies", json={"body": "Is it?"})
    at = datetime.fromisoformat(said.json()["ticket"]["resolves_at"]) - timedelta(days=1)
    workspace, meant = WorkspaceId(post.api.mine.id), TicketId(UUID(item["ticket"]["id"]))
    assert await post.api.database.write(
        workspace, lambda db: closing.announce(db, workspace, meant, new_id=new_id, now=at)
    )


@pytest.mark.parametrize(
    ("verdict", "by", "goes"),
    [("proved", "new", True), ("claimed", "token", True), ("claimed", "references", False)],
)
async def test_a_reminder_goes_to_who_is_proved_or_holds_our_token(post: Post, verdict: str, by: str, goes: bool):
    item = await post.came(verdict, mail={"thread": {"by": by}})
    await reminded(post, item)
    (mail,) = await post.run()
    assert (mail["purpose"], mail["state"]) == ("reminder", "waiting" if goes else "suppressed")
    if goes:
        assert (read(mail)["To"], read(mail)["In-Reply-To"]) == (ANN, "<1@there>")
        assert read(mail)["Auto-Submitted"] == "auto-generated"
        assert text_of(mail) == f"#{item['ticket']['number']} ?"
    else:
        page = (await post.api("GET", f"{PATH}/{item['ticket']['id']}/timeline")).json()["items"]
        shown = next(one for one in page if one["event_id"] == str(mail["event_id"]))
        assert shown["delivery"]["status"] == "suppressed"


async def test_who_wrote_a_settled_ticket_is_asked_once_by_a_link(post: Post):
    item = await post.came()
    await patched(post.api, item["ticket"]["id"], status="resolved")
    (mail,) = await post.run()
    assert len(await post.run()) == 1
    found = re.search(r"Is #(\d+) settled\? (\S+)", text_of(mail))
    assert found is not None
    assert int(found[1]) == item["ticket"]["number"]
    link = found[2]
    assert link.startswith("http")
    page = await post.api("GET", f"/api/v1/confirmations/{link.rpartition('/')[2]}", None)
    assert page.json()["number"] == item["ticket"]["number"]


async def test_who_is_answered_for_good_is_asked_once_where_the_policy_settles_with_the_answer(post: Post):
    old, item = await post.came(conversation="old", subject="Old"), await post.came(conversation="new")
    await patched(post.api, old["ticket"]["id"], status="resolved")
    assert len(await post.run()) == 1
    policy = {"policy": {"after_reply": "resolved"}}
    assert (await post.api("POST", "/api/v1/ticket-policies", json=policy)).status_code == 201
    for ticket in (old, item, item):
        said = {"body": "It is on its way."}
        assert (await post.api("POST", f"{PATH}/{ticket['ticket']['id']}/replies", json=said)).status_code == 201
    mails = await post.run()
    for one, mail in zip((old, item), mails, strict=True):
        assert f"#{one['ticket']['number']} settled?" in text_of(mail)
    assert len(await post.run()) == 2


async def test_nobody_is_asked_about_what_is_open_again_or_was_not_proved(post: Post):
    item, other = await post.came(), await post.came("claimed", key="claimed/1")
    await patched(post.api, item["ticket"]["id"], status="resolved")
    await patched(post.api, item["ticket"]["id"], status="open")
    await patched(post.api, other["ticket"]["id"], status="resolved")
    assert [mail["state"] for mail in await post.run()] == ["suppressed"]


# -- to agents ---------------------------------------------------------------------------------------------------------


MINUTES = timedelta(minutes=2)


async def test_an_agent_is_told_by_one_mail_of_all_that_was_not_read(post: Post):
    (kim, key), item = await hired(post.api, "Kim Lee"), await post.came()
    number = item["ticket"]["number"]
    await patched(post.api, item["ticket"]["id"], assignee=kim)
    await post.api("POST", f"{PATH}/{number}/notes", json={"body": "Please, @Kim Lee"})
    assert len(await told(post.api, key)) == 2
    assert await post.run() == []
    (mail,) = await post.run(MINUTES)
    assert len(await post.run(MINUTES)) == 1
    assert (mail["purpose"], read(mail)["To"]) == ("notification", "kim@desk.example")
    assert TOKENS.read(post.account, read(mail)["Message-ID"]) == mail["id"]
    assert text_of(mail).splitlines()[:2] == [
        f"Ticket #{number} was given to you.",
        f"Ticket #{number} has a note for you.",
    ]
    await post.api("POST", f"{PATH}/{number}/notes", json={"body": "Once more, @Kim Lee"})
    await patched(post.api, item["ticket"]["id"], assignee=None)
    await patched(post.api, item["ticket"]["id"], assignee=kim)
    await told(post.api, key)
    newest = (await post.api("GET", "/api/v1/notifications", key)).json()["items"][0]
    await post.api("POST", "/api/v1/notifications/read", key, json={"ids": [newest["id"]]})
    _, second = await post.run(2 * MINUTES)
    assert text_of(second).splitlines()[:2] == [f"Ticket #{number} has a note for you.", ""]


async def test_what_a_backup_brought_back_is_told_to_no_agent_again(post: Post, database: Cloned):
    (kim, key), item = await hired(post.api, "Kim Lee"), await post.came()
    await patched(post.api, item["ticket"]["id"], assignee=kim)
    assert len(await told(post.api, key)) == 1
    await as_admin(
        database,
        "INSERT INTO restoration (workspace_id, id, epoch, backup_id, taken_at, actor, restored_at) "
        "VALUES ($1, $2, 2, $2, now(), 'cli', now())",
        post.api.mine.id,
        new_id(),
    )
    assert await post.run(MINUTES) == []
    await post.api("POST", f"{PATH}/{item['ticket']['number']}/notes", json={"body": "Please, @Kim Lee"})
    assert len(await told(post.api, key)) == 2
    (mail,) = await post.run(MINUTES)
    assert "has a note" in text_of(mail)


async def test_no_agent_is_told_of_what_is_read_unwanted_or_not_theirs_any_more(post: Post):
    item = await post.came()
    number = item["ticket"]["number"]
    hands = {why: await hired(post.api, f"{why} Lee") for why in ("reads", "mutes", "leaves", "follows")}
    for why in ("reads", "mutes", "leaves"):
        await post.api("POST", f"{PATH}/{number}/notes", json={"body": f"@{why}"})
    assert (await post.api("PUT", f"{PATH}/{number}/followers/{hands['follows'][0]}")).status_code == 200
    await patched(post.api, item["ticket"]["id"], priority="high")
    assert all([await told(post.api, key) for _, key in hands.values()])
    await post.api("POST", "/api/v1/notifications/read", hands["reads"][1])
    muted = await post.api("PUT", "/api/v1/agents/me/mails", hands["mutes"][1], json={"mails": "off"})
    assert muted.json()["mails"] == "off"
    others = await post.api(
        "PUT", f"/api/v1/agents/{hands['reads'][0]}/mails", hands["mutes"][1], json={"mails": "off"}
    )
    assert others.status_code == 403
    left = await post.api("PATCH", f"/api/v1/agents/{hands['leaves'][0]}", json={"disabled": True})
    assert left.status_code == 200
    assert await post.run(MINUTES) == []


async def test_two_workers_and_one_that_dies_tell_an_agent_once(post: Post):
    (kim, key), item = await hired(post.api, "Kim Lee"), await post.came()
    await patched(post.api, item["ticket"]["id"], assignee=kim)
    await told(post.api, key)
    real, at = post.api.database.write, datetime.now(UTC) + MINUTES

    async def dies(workspace: Any, work: Any, **how: Any) -> Any:
        async def both(db: Db) -> Any:
            await work(db)
            raise ConnectionError

        return await real(workspace, both, **how)

    post.api.database.write = dies  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        await post.robots.step(WorkspaceId(post.api.mine.id), at)
    post.api.database.write = real
    for _ in range(2):
        await post.robots.step(WorkspaceId(post.api.mine.id), at)
    assert len(await post.run(MINUTES)) == 1


async def test_an_agent_is_invited_with_the_consoles_address_and_no_secret(post: Post):
    asked = {"email": "new@desk.example", "role": "agent", "invite": True}
    assert (await post.api("POST", "/api/v1/agents", json=asked)).status_code == 201
    (mail,) = await post.run()
    assert (mail["purpose"], read(mail)["To"]) == ("invitation", "new@desk.example")
    assert "tl_" not in text_of(mail)
    refused = await post.api("POST", "/api/v1/agents", post.api.other.keys["admin"], json=asked)
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "invite")


# -- what comes back ---------------------------------------------------------------------------------------------------


async def test_a_bounce_is_told_at_the_reply_and_to_its_agent_and_marks_the_address(post: Post):
    _, key = await hired(post.api, "Kim Lee")
    item, said, ours = await post.replied(key)
    for _ in range(2):
        await post.returned(ours)
    page = (await post.api("GET", f"{PATH}/{item['ticket']['id']}/timeline")).json()["items"]
    shown = next(one for one in page if one["event_id"] == said["event_id"])
    assert (shown["delivery"]["status"], shown["delivery"]["recipients"][0]["words"]) == (
        "bounced",
        "5.1.1 no such user",
    )
    assert await told(post.api, key) == [("undelivered", item["ticket"]["number"])]
    async with post.api.database.read(post.api.mine.id) as db:
        assert await db.fetchval("SELECT count(*) FROM event WHERE type = 'MailSettled'") == 1
    (mark,) = await post.marks()
    assert (mark["address"], mark["status"]) == (ANN, "5.1.1")
    (held,) = (await post.api("GET", f"/api/v1/customers/{item['customer_id']}")).json()["identifiers"]
    assert held["bounced"] == {"since": mark["bounced_at"], "status": "5.1.1", "words": "no such user"}
    again = await post.api("POST", f"{PATH}/{item['ticket']['id']}/replies", json={"body": "Again."})
    assert [one["address"] for one in again.json()["bounced"]] == [ANN]
    await patched(post.api, item["ticket"]["id"], status="resolved")
    assert "came back" in (await post.run())[-1]["reason"]
    cleared = await post.api("POST", f"{BOUNCES}/{mark['id']}/clear", key)
    assert (cleared.status_code, await post.marks()) == (200, [])
    (held,) = (await post.api("GET", f"/api/v1/customers/{item['customer_id']}")).json()["identifiers"]
    assert "bounced" not in held


async def test_forged_and_delayed_reports_change_nothing(post: Post):
    _, _, ours = await post.replied()
    local, _, domain = ours.partition("@")
    forged = ("a" if local[0] != "a" else "b") + local[1:]
    elsewhere = TOKENS.message_id(new_id(), new_id(), domain)
    for message_id in (
        None,
        "1@there",
        f"{forged}@{domain}",
        elsewhere,
        TOKENS.message_id(post.account, new_id(), "x"),
    ):
        await post.returned(message_id)
    await post.returned(ours, action="delayed")
    await post.returned(ours, action="delivered")
    assert await post.marks() == []
    async with post.api.database.read(post.api.mine.id) as db:
        assert await db.fetchval("SELECT count(*) FROM event WHERE type = 'MailSettled'") == 0


async def test_a_report_without_the_returned_headers_is_known_by_the_address_that_it_came_to(post: Post):
    _, _, ours = await post.replied()
    mail = TOKENS.read(post.account, ours)
    assert mail is not None
    local, _, domain = DESK.partition("@")
    for account, wrong in ((new_id(), mail), (post.account, new_id())):
        await post.returned(None, to=f"{local}+{TOKENS.tag(account, wrong)}@{domain}")
    assert await post.marks() == []
    await post.returned("1@there", to=f"{local}+{TOKENS.tag(post.account, mail)}@{domain}")
    assert [mark["address"] for mark in await post.marks()] == [ANN]


async def test_a_report_names_those_who_got_it_and_nobody_else(post: Post):
    _, _, ours = await post.replied(to=[ANN, "bob@example.org"])
    await post.returned(ours, address="stranger@example.org")
    assert await post.marks() == []
    await post.returned(ours, address="Bob@Example.org")
    assert [mark["address"] for mark in await post.marks()] == ["bob@example.org"]


async def test_who_is_erased_leaves_no_mark(post: Post):
    item, _, ours = await post.replied()
    await post.returned(ours)
    assert len(await post.marks()) == 1
    await erase(post.api, item["customer_id"])
    assert await post.marks() == []
