"""The ticket beside the thread: each thing that is done to it, refused, kept as typed, and done once."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from time import perf_counter
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.db import new_id
from identity.customers import ContactId, WorkspaceId
from tests.app.console.conftest import Browser
from timeline import posting
from timeline.events import Actor, EventId
from timeline.triage_events import Likely, TicketClassified

FIELD = re.compile(r'<input type="hidden" name="([\w.]+)" value="([^"]*)">')
HX = {"HX-Request": "true"}
TYPES = {
    "types": [
        {
            "key": "return",
            "name": "Return",
            "fields": [
                {"key": "total", "name": "Order total", "kind": "number"},
                {"key": "pieces", "name": "Pieces", "kind": "integer"},
                {"key": "reason", "name": "Reason", "kind": "choice", "options": ["broken", "late"]},
                {"key": "parts", "name": "Parts", "kind": "multi-choice", "options": ["box", "lid", "cord"]},
                {"key": "paid", "name": "Paid", "kind": "boolean", "required": "at_close"},
                {"key": "bought", "name": "Bought", "kind": "date"},
                {"key": "words", "name": "Words", "kind": "text", "max_length": 2000},
            ],
        }
    ],
    "dispositions": [{"key": "refunded", "name": "Refunded"}],
    "disposition_required": True,
}


class At:
    """A ticket that somebody looks at."""

    def __init__(self, browser: Browser, pushed: dict[str, Any]) -> None:
        self.browser, self.api = browser, browser.api
        self.number = pushed["ticket"]["number"]
        self.event, self.customer = pushed["event_id"], pushed["customer_id"]

    async def look(self, what: str, query: str = "") -> httpx.Response:
        return await self.browser.get(f"/tickets/{self.number}/do/{what}{query}", headers=HX)

    async def form(self, what: str, query: str = "") -> dict[str, str]:
        """The hidden fields of a dialog's first form that is sent; of a button of the panel where it is one."""
        page = (await self.look(what, query)).text
        if "<dialog" not in page:
            page = (await self.browser.get(f"/tickets/{self.number}/panel", headers=HX)).text
        part = page.partition(f'action="/tickets/{self.number}/do/{what}" hx-post')[2].partition("</form>")[0]
        assert part, page
        return {name: unescape(value) for name, value in FIELD.findall(part)}

    async def send(self, what: str, fields: dict[str, Any]) -> httpx.Response:
        return await self.browser.client.post(f"/tickets/{self.number}/do/{what}", data=fields, headers=HX)

    async def do(self, what: str, query: str = "", **said: Any) -> httpx.Response:
        fields = {**await self.form(what, query), **{name.replace("__", "."): value for name, value in said.items()}}
        return await self.send(what, fields)

    async def shown(self) -> dict[str, Any]:
        return (await self.api("GET", f"/api/v1/tickets/{self.number}")).json()

    async def panel(self) -> str:
        return (await self.browser.get(f"/tickets/{self.number}/panel", headers=HX)).text


@pytest.fixture
async def at(browser: Browser) -> At:
    await browser.choose()
    return At(browser, await browser.api.push(kind="message", channel="chat", body="Where is my order?"))


SET: list[tuple[str, dict[str, Any], str, Any]] = [
    ("claim", {}, "assignee_name", "Ann Desk"),
    ("owner", {"assignee": ""}, "assignee", None),
    ("owner", {"assignee": "me"}, "assignee_name", "Ann Desk"),
    ("handback", {"reason": "Off today"}, "assignee", None),
    ("status", {"status": "pending"}, "status", "pending"),
    ("status", {"status": "on_hold third_party"}, "waiting", "third_party"),
    ("priority", {"priority": "urgent"}, "priority", "urgent"),
    ("tags", {"add": "Refund, late ", "tag": "lost"}, "tags", ["late", "lost", "refund"]),
    ("tags", {"remove": "late"}, "tags", ["lost", "refund"]),
    ("subject", {"subject": "<script>alert(1)</script>"}, "subject", "<script>alert(1)</script>"),
    ("snooze", {"until": "", "at": "2027-01-01T10:00"}, "snoozed_until", "2027-01-01T10:00:00Z"),
    ("wake", {}, "snoozed", False),
    ("snooze", {"until": "reply", "note": "Waits"}, "snoozed", True),
]


async def test_each_property_is_set_from_the_panel(at: At) -> None:
    for what, said, field, becomes in SET:
        done = await at.do(what, **said)
        assert (what, done.status_code) == (what, 200)
        assert done.headers["hx-trigger-after-swap"] == "throughline:done"
        assert (what, (await at.shown())[field]) == (what, becomes)
        assert "<script" not in done.text


async def test_what_was_done_is_told_with_who_and_when(at: At) -> None:
    await at.do("priority", priority="urgent")
    page = (await at.look("history")).text
    assert re.search(r"Ann Desk</bdi></strong>\s+set the priority to urgent", page)
    assert "Today" in page


async def test_what_is_sent_twice_is_done_once(at: At) -> None:
    fields = {**await at.form("task"), "title": "Call the <b>carrier</b>", "owner": "me", "due_at": "2100-01-01T09:00"}
    first, again = await at.send("task", fields), await at.send("task", fields)
    assert first.status_code == again.status_code == 200
    found = (await at.api("GET", f"/api/v1/tasks?ticket={at.number}")).json()["items"]
    assert [one["title"] for one in found] == ["Call the <b>carrier</b>"]
    page = await at.panel()
    assert "<bdi>Call the &lt;b&gt;carrier&lt;/b&gt;</bdi>" in page
    assert "<b>carrier" not in page
    ticked = await at.send("tick", {**await at.form("tick"), "task": found[0]["id"], "done": "yes"})
    assert ticked.status_code == 200
    assert "task-done" in ticked.text


async def test_who_claims_second_is_told_who_has_it(at: At, browser: Browser) -> None:
    fields = await at.form("claim")
    other = (
        await at.api("POST", "/api/v1/agents", json={"email": "ben@desk.example", "role": "agent", "name": "Ben"})
    ).json()
    taken = await at.api("POST", f"/api/v1/tickets/{at.number}/claim", json={"agent": other["id"]})
    assert taken.status_code == 200, taken.text
    late = await at.send("claim", fields)
    assert late.status_code == 409
    assert "Ben has this ticket already" in late.text
    assert (await at.shown())["assignee"] == other["id"]


async def test_a_type_its_fields_and_an_end_with_what_came_of_it(at: At) -> None:
    version = (await at.api("GET", "/api/v1/ticket-types")).json()["version"]
    assert (await at.api("PUT", "/api/v1/ticket-types", json={**TYPES, "version": version})).status_code == 200
    assert (await at.do("type", type="return")).status_code == 200
    assert 'value="resolved"' not in (await at.look("status")).text
    early = await at.do("status", status="resolved refunded")
    assert early.status_code == 422
    assert "Fill in the fields" in early.text
    wrong = await at.do("fields", fields__total="12,5 or so", fields__pieces="2", fields__words="<b>")
    assert wrong.status_code == 422
    assert 'value="12,5 or so" aria-invalid="true"' in wrong.text.replace("\n", " ")
    assert "expected a number" in wrong.text
    filled = await at.do(
        "fields", fields__total="12,5", fields__pieces="2", fields__reason="late", fields__parts=["box", "cord"],
        fields__paid="no", fields__bought="2026-10-23", fields__words="x" * 2000,
    )  # fmt: skip
    assert filled.status_code == 200, filled.text
    assert (await at.shown())["fields"] == {
        "total": 12.5, "pieces": 2, "reason": "late", "parts": ["box", "cord"], "paid": False,
        "bought": "2026-10-23", "words": "x" * 2000,
    }  # fmt: skip
    assert (await at.do("status", status="resolved refunded")).status_code == 200
    shown = await at.shown()
    assert (shown["status"], shown["disposition"]) == ("resolved", "refunded")
    assert "/api/v1/confirmations/" in (await at.look("confirm")).text
    assert (await at.do("confirm", confirmed="yes", comment="All fine")).status_code == 200
    assert (await at.shown())["status"] == "closed"


async def test_promises_stand_there_with_their_reasons(at: At) -> None:
    week = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    office = {"calendars": {"office": {"zone": "Europe/Berlin", "hours": week}}}
    targets = {
        "first_response": {"seconds": 3_600},
        "resolution": {"seconds": 7_200, "calendar": "office", "pauses": ["on_hold"]},
    }
    sla = {"sla": {"policies": [{"key": "gold", "name": "Gold members", "targets": targets}]}}
    for path, body in (("calendars", office), ("sla-policies", sla)):
        seen = (await at.api("GET", f"/api/v1/{path}")).json()["version"]
        assert (await at.api("PUT", f"/api/v1/{path}", json={**body, "version": seen})).status_code == 200
    late = {"occurred_at": (datetime.now(UTC) - timedelta(days=1)).isoformat(), "subject": "Lamp"}
    lamp = At(at.browser, await at.api.push(kind="message", channel="chat", **late))
    page = await lamp.panel()
    assert "Promised by Gold members: 1 h, around the clock." in page
    assert "Promised by Gold members: 2 h, of office." in page
    assert len(re.findall(r'data-due="', page)) == 2
    assert f"#item-{lamp.event}" in page
    await lamp.do("status", status="on_hold")
    page = await lamp.panel()
    assert re.search(
        r"It stands still since today \d\d:\d\d, while the ticket is on hold; 1 h 59 min are left then.", page
    )
    said = await at.api("POST", f"/api/v1/tickets/{lamp.number}/replies", json={"body": "Here"})
    assert said.status_code == 201, said.text
    page = await lamp.panel()
    assert "We answered today" in page
    assert "clock-met" in page


async def test_what_a_ticket_looked_like_stands_there_with_the_cases_it_rests_on(at: At) -> None:
    shown, like = await at.shown(), await at.api.push(kind="message", channel="chat", subject="Late")
    likely = Likely(
        aim="topic", label="late <b>", likeliest=(("late <b>", 0.914), ("lost", 0.05)), cases=(UUID(like["event_id"]),)
    )
    told = TicketClassified(ticket=UUID(at.event), model=1, embedder="none", likely=(likely,))
    work, contact = WorkspaceId(at.api.mine.id), ContactId(UUID(shown["contact_id"]))

    async def tell(db: Any) -> None:
        owners = await posting.lock(db, work, [contact])
        settled = posting.Settled(event_id=EventId(UUID(at.event)), contact_id=contact, told=told)
        await posting.tell(db, work, owners, [settled], actor=Actor("system"), new_id=new_id)

    await at.api.database.write(work, tell)
    page = await at.panel()
    assert "late &lt;b&gt;" in page
    assert "sure to 91 %" in page
    assert f'like <a href="/tickets/{like["ticket"]["number"]}">' in page


MANY_TAGGED = """INSERT INTO ticket (workspace_id, id, contact_id, number, opened_position, position, status, is_open,
    priority, tags, opened_at, last_at, until_at, history, fold)
SELECT workspace_id, gen_random_uuid(), contact_id, 1000 + n, opened_position, position, status, is_open, priority,
    ARRAY(SELECT 'tag ' || lpad((n * 50 + m)::text, 5, '0') FROM generate_series(0, 49) AS m), opened_at, last_at,
    until_at, history, fold
FROM ticket CROSS JOIN generate_series(0, 199) AS n WHERE id = $1"""


async def test_ten_thousand_tags_are_suggested_from_in_a_moment(at: At) -> None:
    await at.api.database.write(at.api.mine.id, lambda db: db.execute(MANY_TAGGED, UUID(at.event)))
    began = perf_counter()
    page = (await at.look("tags", "?list=yes&add=first,%20tag%20099")).text
    assert perf_counter() - began < 2
    assert re.findall(r'name="tag" value="([^"]+)"', page)[:2] == ["tag 09900", "tag 09901"]
    assert len(re.findall(r'name="tag" value="([^"]+)"', page)) == 12


async def test_two_tickets_are_merged_as_the_preview_says_and_taken_back(at: At) -> None:
    who = {"key": "same", "name": "Same"}
    first = At(at.browser, await at.api.push(kind="message", channel="chat", subject="One", contact=who))
    other = At(at.browser, await at.api.push(kind="message", channel="chat", subject="Two", contact=who))
    assert first.number != other.number
    assert first.customer == other.customer
    await other.do("priority", priority="urgent")
    await other.do("tags", add="late")
    listed = (await first.look("merge")).text
    assert f"/do/merge?other={other.number}" in listed
    assert f"/do/merge?other={at.number}" not in listed
    preview = (await first.look("merge", f"?other={other.number}")).text
    assert f"Merge into #{first.number}" in preview
    merged = await first.do("merge", f"?other={other.number}", into="here")
    assert merged.status_code == 200, merged.text
    shown = await first.shown()
    assert (shown["priority"], shown["tags"]) == ("urgent", ["late"])
    assert "<dd>urgent</dd>" in preview.partition(f"#{other.number} becomes part of #{first.number}")[2]
    gone = await at.browser.get(f"/tickets/{other.number}")
    assert (gone.status_code, gone.headers["location"]) == (303, f"/tickets/{first.number}")
    again = await first.look("merge", f"?other={other.number}")
    assert (again.status_code, "hx-redirect" in again.headers) == (422, False)
    edit = re.findall(r"do/undo\?edit=([0-9a-f-]+)", merged.text)[0]
    asked = await first.look("undo", f"?edit={edit}")
    assert "is back" in asked.text
    assert (await first.do("undo", f"?edit={edit}", reason="A mistake")).status_code == 200
    assert (await other.shown())["number"] == other.number
    assert (await first.look("undo", f"?edit={edit}")).status_code == 409


async def test_items_are_split_off_and_filed_elsewhere(at: At) -> None:
    more = await at.api.push(kind="message", body="And my lamp?", channel="chat", ticket=at.number)
    assert more["ticket"]["number"] == at.number
    page = (await at.look("split", f"?item={more['event_id']}")).text
    assert f'value="{at.event}" disabled' in page
    assert f'value="{more["event_id"]}" checked' in page
    assert "choose what goes into the new ticket" in (await at.look("split", "?see=yes")).text
    chosen = f"?see=yes&item={more['event_id']}&subject=The+lamp"
    seen = (await at.look("split", chosen)).text
    assert f"#{at.number} stays as it is" in seen
    assert "It keeps 1 item." in seen
    assert "And my lamp?" in seen
    assert "Where is my order?" not in seen
    assert (await at.shown())["items"] == 2
    fields = await at.form("split", chosen)
    assert (await at.send("split", {**fields, "item": []})).status_code == 400
    done = await at.send("split", {**fields, "item": [more["event_id"]]})
    assert done.status_code == 200, done.text
    new = int(re.findall(r"an item went from #\d+ to #(\d+)", done.text)[0])
    assert "The lamp" in (await at.browser.get(f"/tickets/{new}/panel", headers=HX)).text
    chosen = (await at.look("file", f"?item={more['event_id']}")).text
    assert re.search(rf'name="other" value="{at.number}"[^>]* checked', chosen)
    shared = await at.do("file", f"?item={more['event_id']}", other=str(at.number), mode="share")
    assert f"an item of #{new} is in #{at.number} too" in shared.text
    again = await at.do("file", f"?item={more['event_id']}", other=str(at.number), mode="move")
    assert again.status_code == 422
    assert "it is in this ticket already" in again.text


async def test_what_cannot_be_is_said_where_it_was_asked(at: At) -> None:
    other = await at.api.push(kind="message", channel="chat", subject="Else", contact={"key": "else", "name": "Else"})
    refused = await at.look("merge", f"?other={other['ticket']['number']}")
    assert refused.status_code == 422
    assert "another customer&#39;s ticket" in refused.text
    for what, said, status in (
        ("status", {"status": "nonsense"}, 400),
        ("status", {"status": "closed nonsense"}, 422),
        ("owner", {"assignee": "somebody"}, 400),
        ("priority", {"priority": "urgent", "version": "x"}, 400),
        ("tags", {"add": "x" * 51}, 400),
        ("subject", {"subject": "y" * 501}, 400),
        ("snooze", {"until": "", "at": "soon"}, 400),
        ("task", {"title": " "}, 400),
    ):
        answer = await at.do(what, **said)
        assert (what, said, answer.status_code) == (what, said, status)
        assert 'role="alert"' in answer.text
    assert (await at.shown())["version"] == 1


async def test_a_ticket_goes_to_another_customer_and_comes_back(at: At) -> None:
    await at.api.push(kind="message", body="And my lamp?", channel="chat", ticket=at.number)
    await at.do("priority", priority="high")
    other = await at.api.push(kind="order", contact={"key": "else", "name": "Bo <i>Else</i>"})
    query = f"?customer={other['customer_id']}&name=Bo%20Else"
    seen = (await at.look("move", query)).text
    assert "2 items go to" in seen
    assert "And my lamp?" in seen
    fields = await at.form("move", query)
    done = await at.send("move", fields)
    assert done.status_code == 200, done.text
    shown = await at.shown()
    assert (shown["customer_id"], shown["priority"]) == (other["customer_id"], "high")
    page = (await at.browser.get(done.headers["hx-redirect"])).text
    assert "2 items were moved to this customer." in page
    way = unescape(re.findall(r'href="/tickets/\d+/do/(back\?[^"]+)"', page)[0]).partition("?")[2]
    decisions = [one.partition("=")[2] for one in way.split("&")]
    back = await at.do("back", f"?{way}", decision=decisions)
    assert back.status_code == 200, back.text
    assert (await at.shown())["customer_id"] == at.customer


async def test_a_talk_becomes_a_ticket(at: At) -> None:
    policy = {"name": "Chats are talk", "opens_on_escalation": ["chat"]}
    assert (await at.api("POST", "/api/v1/ticket-policies", json={"policy": policy})).status_code == 201
    talk = await at.api.push(kind="message", channel="chat", body="Hello?", contact={"key": "new"}, conversation="t1")
    assert talk["ticket"] is None
    fields = FIELD.findall(await at.panel())[0]
    path = f"/customers/{talk['customer_id']}/escalate"
    made = await at.browser.post(path, csrf=unescape(fields[1]), event=talk["event_id"])
    assert made.status_code == 303, made.text
    assert (await at.browser.get(made.headers["location"])).status_code == 200


async def test_links_work_of_our_own_and_followers(at: At) -> None:
    other = At(at.browser, await at.api.push(kind="message", channel="chat", subject="Else"))
    assert f'value="{other.number}"' in (await at.look("link", f"?q=%23{other.number}&list=yes")).text
    assert (await at.do("link", other=str(other.number), kind="duplicate")).status_code == 200
    assert f'href="/tickets/{at.number}"' in await other.panel()
    assert (await at.do("backstage", subject="Look into the <i>box</i>")).status_code == 200
    page = await at.panel()
    assert "work of our own" in page
    assert (await at.do("follow", follow="yes")).status_code == 200
    assert "Unfollow" in await at.panel()
    assert (await at.do("link", other="lamp", kind="related")).status_code == 400


async def test_an_auditor_sees_it_all_and_may_do_nothing(at: At, browser: Browser) -> None:
    agent = (await at.api("PATCH", f"/api/v1/agents/{browser.agent}", json={"role": "auditor"})).json()
    assert agent["role"] == "auditor"
    await browser.choose("another correct horse")
    page = (await browser.get(f"/tickets/{at.number}")).text
    assert 'id="panel"' in page
    assert "/do/status" not in page
    assert (await at.look("history")).status_code == 200
    assert (await at.look("status")).status_code == 403
    assert (await at.send("claim", {})).status_code == 403


async def test_without_a_script_a_dialog_is_a_page_and_a_form_leads_back(at: At) -> None:
    page = await at.browser.get(f"/tickets/{at.number}/do/priority")
    assert "<!doctype html>" in page.text
    fields = await at.form("priority") | {"priority": "low"}
    done = await at.browser.client.post(f"/tickets/{at.number}/do/priority", data=fields)
    assert (done.status_code, done.headers["location"]) == (303, f"/tickets/{at.number}")
    assert (await at.shown())["priority"] == "low"


async def test_what_is_no_dialog_is_not_there(at: At) -> None:
    assert [(await at.look(what)).status_code for what in ("nonsense", "claim", "tick")] == [404] * 3
    assert (await at.browser.get("/tickets/999999/do/status", headers=HX)).status_code == 404
    assert (await at.browser.get(f"/tickets/{at.number}/do/merge?other=999999", headers=HX)).status_code == 404


async def test_a_choice_that_is_gone_is_asked_for_again(at: At) -> None:
    fields = await at.form("priority") | {"other": "999999"}
    done = await at.browser.client.post(f"/tickets/{at.number}/do/merge", data=fields, headers=HX)
    assert done.status_code == 404
    assert f'hx-get="/tickets/{at.number}/do/merge' in done.text
