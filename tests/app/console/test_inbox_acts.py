"""What is done from the inbox: with many tickets, with the next one, with views, notices and tasks; each once."""

import asyncio
import re
from typing import Any
from uuid import uuid4

from tests.app.api.conftest import Api
from tests.app.api.test_tasks import soon, task, told
from tests.app.console.seats import Seat, form_in, seat
from tests.app.console.test_inbox import EVIL, counts, numbers, opened


async def ticket(api: Api, number: int) -> dict[str, Any]:
    return (await api("GET", f"/api/v1/tickets/{number}")).json()


async def picked(api: Api, *some: int) -> list[str]:
    return [f"{number}:{(await ticket(api, number))['version']}" for number in some]


def said(page: str) -> str:
    """What came of it, in words."""
    part = page.partition('id="outcome">')[2].partition("</div>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", part.partition("<form")[0]).split())


async def test_many_are_changed_once_and_each_is_told(api: Api) -> None:
    ann = await seat(api, "Ann")
    one, two, three = [await opened(api, name, f"From {name}") for name in ("Mara", "Nils", "Olga")]
    fields = await ann.form("/", "/inbox/bulk")
    chosen = await picked(api, one, two, three)
    await api("POST", f"/api/v1/tickets/{three}/notes", json={"body": "Look at this first."})
    sent = {**fields, "ticket": chosen, "do": "tags", "add": "late, vip", "remove": ""}
    first = await ann.post("/inbox/bulk", sent, part=True)
    assert said(first.text) == (f"2 tickets done. 1 stayed as it is: #{three} somebody changed it meanwhile")
    versions = [(await ticket(api, number))["version"] for number in (one, two, three)]
    again = await ann.post("/inbox/bulk", sent, part=True)
    assert said(again.text).startswith("2 tickets done.")
    assert [(await ticket(api, number))["version"] for number in (one, two, three)] == versions
    assert [(await ticket(api, number))["tags"] for number in (one, two, three)] == [["late", "vip"]] * 2 + [[]]

    assert (await api("POST", f"/api/v1/tickets/{two}/notes", json={"body": "Mine."})).status_code == 201
    back = form_in(first.text, "/inbox/undo")
    undone = await ann.post("/inbox/undo", back, part=True)
    assert said(undone.text) == f"1 ticket done. 1 stayed as it is: #{two} somebody changed it meanwhile"
    assert [(await ticket(api, number))["tags"] for number in (one, two)] == [[], ["late", "vip"]]


async def test_each_thing_is_done_and_undone(api: Api) -> None:
    ann, number = await seat(api, "Ann"), await opened(api, "Mara", "A parcel")
    await api("POST", "/api/v1/queues", json={"key": "orders", "name": "Orders"})
    for do, value, field, after, before in (
        ("assign", {"assignee": "me"}, "assignee", str(ann.agent), None),
        ("queue", {"queue": "orders"}, "queue", "orders", None),
        ("priority", {"priority": "urgent"}, "priority", "urgent", "normal"),
        ("snooze", {"until": "reply"}, "snoozed", True, False),
        ("snooze", {"until_at": "2099-01-01T09:00"}, "snoozed_until", "2099-01-01T09:00:00Z", None),
    ):
        done = await ann.do("/", "/inbox/bulk", part=True, ticket=await picked(api, number), do=do, **value)
        assert (await ticket(api, number))[field] == after, said(done.text)
        await ann.post("/inbox/undo", form_in(done.text, "/inbox/undo"), part=True)
        assert (await ticket(api, number))[field] == before
    done = await ann.do("/", "/inbox/bulk", ticket=await picked(api, number), do="status", status="resolved")
    assert (await ticket(api, number))["status"] == "resolved"
    assert "/inbox/undo" not in done.text
    assert "<title>" in done.text


async def test_what_cannot_be_done_is_said_and_does_nothing(api: Api) -> None:
    ann, number = await seat(api, "Ann"), await opened(api, "Mara", "A parcel")
    eve, auditor = await seat(api, "Eve", workspace=api.other.id), await seat(api, "Uma", "auditor")
    good = await picked(api, number)
    was = await ticket(api, number)
    for fields in (
        {},
        {"ticket": good, "do": "dance"},
        {"ticket": good, "do": "status", "status": "odd"},
        {"ticket": good, "do": "assign", "assignee": "somebody"},
        {"ticket": good, "do": "queue", "queue": "nowhere"},
        {"ticket": good, "do": "snooze", "until": "some day"},
        {"ticket": good, "do": "snooze"},
        {"ticket": good, "do": "tags", "add": "x" * 5000},
        {"ticket": ["1:x"], "do": "status", "status": "open"},
        {"ticket": ["999999999999:1"], "do": "status", "status": "open"},
        {"ticket": good * 2, "do": "status", "status": "open"},
    ):
        page = await ann.do("/", "/inbox/bulk", part=True, **fields)
        assert page.status_code == 200
        assert "notice-bad" in page.text, fields
    for back in ("", "x", '[["1",2,3]]', '[[1,1,{"assignee":1}]]'):
        undone = await ann.post("/inbox/undo", {**await ann.form("/", "/inbox/bulk"), "back": back}, part=True)
        assert "notice-bad" in undone.text, back
    theirs = await eve.post(
        "/inbox/bulk", {**await eve.form("/", "/inbox/next"), "ticket": good, "do": "status", "status": "open"}
    )
    assert "There is nothing here." in theirs.text
    fields = {"csrf": (await ann.form("/", "/inbox/bulk"))["csrf"], "ticket": good, "do": "status", "status": "open"}
    assert (await eve.post("/inbox/bulk", fields)).status_code == 403
    page = (await auditor.get("/")).text
    assert numbers(page) == [number]
    assert 'class="pick"' not in page
    assert "Claim" not in page
    for path in ("/inbox/bulk", "/inbox/undo", "/inbox/next", "/views", "/me/state", f"/tasks/{uuid4()}"):
        assert (await auditor.post(path, {})).status_code == 403, path
    assert await ticket(api, number) == was


async def test_of_all_who_take_the_next_each_gets_another(api: Api) -> None:
    ann, ben = await seat(api, "Ann"), await seat(api, "Ben")
    some = {await opened(api, name, f"From {name}") for name in ("Mara", "Nils", "Olga")}
    forms = [await one.form("/?assignee=none", "/inbox/next") for one in (ann, ben, ann)]
    sent = [(ann, forms[0]), (ann, forms[0]), (ben, forms[1]), (ann, forms[2])]
    answers = await asyncio.gather(*(who.post("/inbox/next", fields) for who, fields in sent))
    assert {one.status_code for one in answers} == {303}
    taken = [one.headers["location"] for one in answers]
    assert taken[0] == taken[1]
    assert {f"/tickets/{number}" for number in some} == set(taken)
    assert [one["assignee"] for number in some for one in [await ticket(api, number)]].count(str(ben.agent)) == 1
    none = await ann.do("/", "/inbox/next")
    assert "Nothing waits here that nobody has." in none.text
    assert (await ann.post("/inbox/next", {**forms[0], "once": "x", "query": f"view={uuid4()}"})).status_code == 404


async def test_a_view_is_kept_shared_changed_and_removed(api: Api) -> None:
    ann, ben, lea = await seat(api, "Ann"), await seat(api, "Ben"), await seat(api, "Lea", "lead")
    await api("POST", "/api/v1/teams", json={"key": "first", "name": "First line"})
    number = await opened(api, "Mara", "A parcel", tags=["late"])
    await opened(api, "Nils", "A refund")
    kept = await ann.do("/views/new?tag=late&sort=last_at&columns=queue", "/views", name=EVIL[:40])
    view = kept.headers["location"].removeprefix("/?view=")
    page = (await ann.get(f"/?view={view}")).text
    assert numbers(page) == [number]
    assert "c-queue" in page
    assert counts(page)[EVIL[:40]] == "1"
    assert (await ben.get(f"/?view={view}")).status_code == 404
    assert (await ben.get(f"/views/{view}")).status_code == 404
    refused = await ann.do(f"/views/{view}", f"/views/{view}", name="Late", audience="workspace")
    assert refused.status_code == 403
    assert 'value="Late"' in refused.text
    renamed = await ann.do(f"/views/{view}", f"/views/{view}", name="Late", audience="own")
    assert renamed.status_code == 303
    empty = await ann.do(f"/views/{view}", f"/views/{view}", name="", audience="own")
    assert empty.status_code == 400
    assert 'aria-invalid="true"' in empty.text
    await ann.do(f"/?view={view}&tag=late&tag=vip", f"/views/{view}")
    assert "Tag: vip" in (await ann.get(f"/?view={view}")).text

    shared = await lea.do("/views/new?status=all", "/views", name="Everything", audience="workspace")
    team = await lea.do("/views/new?status=all", "/views", name="Of the team", audience="team:first")
    everything = shared.headers["location"].removeprefix("/?view=")
    assert "Everything" in counts((await ben.get("/")).text)
    assert "Of the team" not in counts((await ben.get(team.headers["location"])).text)
    assert (await ben.do(f"/views/{everything}", f"/views/{everything}/remove")).status_code == 403
    assert "Change the view" not in (await ben.get(f"/?view={everything}")).text
    assert (await lea.do(f"/views/{everything}", f"/views/{everything}/remove")).status_code == 303
    assert "Everything" not in counts((await ben.get("/")).text)
    fields = await ann.form("/views/new?tag=late", "/views")
    first, again = [(await ann.post("/views", {**fields, "name": "Twice"})).headers["location"] for _ in range(2)]
    assert first == again


async def noticed(who: Seat) -> str:
    return re.findall(r'data-unread="(\d+)"', (await who.get("/me/rail", part=True)).text)[0]


async def test_notices_are_read_by_whom_they_are_for(api: Api) -> None:
    ann, ben = await seat(api, "Ann"), await seat(api, "Ben")
    number = await opened(api, "Mara", EVIL, assignee=str(ann.agent))
    await api("POST", f"/api/v1/tickets/{number}/notes", json={"body": "@Ann look", "mentions": [str(ann.agent)]})
    key = await api("POST", "/api/v1/keys", json={"name": "a", "role": "agent", "agent_id": str(ann.agent)})
    assert len(await told(api, key.json()["key"])) == 2
    page = (await ann.get("/notices")).text
    assert "named you in a note" in page
    assert "gave it to you" in page
    assert "<script>alert" not in page
    assert (await noticed(ann), await noticed(ben)) == ("2", "0")
    assert "Nothing yet." in (await ben.get("/notices")).text
    one = form_in(page, "/notices/read")
    assert (await ben.post("/notices/read", {**await ben.form("/", "/sign-out"), "id": one.get("id", "")})).status_code
    first = re.findall(r'name="id" value="([^"]+)"', page)[0]
    assert (await ben.post("/notices/read", {**await ben.form("/", "/sign-out"), "id": first})).status_code == 404
    assert (await ann.post("/notices/read", {**one, "id": first})).status_code == 303
    assert await noticed(ann) == "1"
    await ann.do("/notices", "/notices/read")
    assert "You have read everything." in (await ann.get("/notices?unread=true")).text
    assert (await ann.get("/notices?cursor=x")).status_code == 400


async def test_tasks_are_ticked_off_and_taken_back(api: Api) -> None:
    ann, number = await seat(api, "Ann"), await opened(api, "Mara", "A parcel")
    over = await task(api, number, owner=str(ann.agent), title=EVIL, due_at=soon(-60))
    await task(api, number, title="Nobody's yet")
    await task(api, number, owner=str(ann.agent), title="Some time")
    page = (await ann.get("/tasks")).text
    assert re.findall(r"<h2>(.*?)</h2>", page.partition("</main>")[0]) == ["Over", "Without a time"]
    assert "<script>alert" not in page
    assert "Nobody&#39;s yet" in (await ann.get("/tasks?owner=none")).text
    action = f"/tasks/{over['id']}"
    ticked = await ann.do("/tasks", action, part=True)
    assert "Undo" in ticked.text
    assert over["id"] not in (await ann.get("/tasks")).text
    assert over["id"] in (await ann.get("/tasks?state=done")).text
    assert (await ann.post(action, form_in(ticked.text, action))).status_code == 303
    assert over["id"] in (await ann.get("/tasks")).text
    assert (await ann.do("/tasks", action, done="perhaps")).status_code == 400
    eve = await seat(api, "Eve", workspace=api.other.id)
    theirs = {**await eve.form("/", "/sign-out"), "done": "yes"}
    assert (await eve.post(action, theirs)).status_code == (await eve.post(f"/tasks/{uuid4()}", theirs)).status_code
    for query in ("owner=x", "state=odd", "cursor=x", f"owner={uuid4()}"):
        assert (await ann.get(f"/tasks?{query}")).status_code in (200, 400), query


async def test_who_is_away_says_so(api: Api) -> None:
    ann = await seat(api, "Ann")
    token = await ann.form("/", "/sign-out")
    away = await ann.post("/me/state", {**token, "state": "away"}, part=True)
    assert '<option value="away" selected>' in away.text
    assert (await api("GET", f"/api/v1/agents/{ann.agent}")).json()["state"] == "away"
    assert (await ann.post("/me/state", {**token, "state": "asleep"})).status_code == 400
