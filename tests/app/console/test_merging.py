"""Who is one person, on pages: questions, merging by hand, decisions in words, and the way back."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
import pytest

from app.people import AgentChange, change_agent
from identity.customers import WorkspaceId
from tests.app.api.conftest import Api
from tests.app.api.test_suggestions import suggest
from tests.app.console.conftest import Browser
from tests.builders import contact, identifier

FIELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>"
EVIDENCE = [
    {"comparison": "email", "level": "exact", "stranger": 22.5, "values": [EVIL, "b"], "words": f"same e-mail {EVIL}"},
    {"comparison": "birth", "level": "conflicting", "stranger": -4.0, "words": "other birth dates"},
    {"comparison": "decision", "level": "evidence", "probability": 0.93, "words": "4.1 of 4.2 needed", "vetoes": []},
]


def form_in(page: str, action: str) -> dict[str, str]:
    part = page.partition(f'action="{action}"')[2].partition("</form>")[0]
    assert part, page
    return {name: unescape(value) for name, value in FIELD.findall(part)}


async def two(browser: Browser, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two customers with a ticket each, in front of somebody who signed in."""
    await browser.choose()
    said = {"kind": "message", "channel": "email", "subject": "Where is it?"}
    ann = await browser.api.push(contact=contact("ann", identifier(value="ann@one.example"), name="Ann Lee"), **said)
    ben = await browser.api.push(
        contact=contact("ben", identifier(value="ben@two.example"), name="Ben Ford", **more), **said
    )
    return ann, ben


async def asked(browser: Browser, **more: Any) -> tuple[dict[str, Any], dict[str, Any], str]:
    ann, ben = await two(browser, **more)
    return ann, ben, f"/suggestions/{await suggest(browser.api, ann, ben, evidence=EVIDENCE)}"


async def sent(browser: Browser, path: str, **more: str) -> httpx.Response:
    """The form of a page, filled in and sent."""
    fields = form_in((await browser.get(path)).text, path.partition("?")[0])
    return await browser.post(path.partition("?")[0], **fields, **more)


def decision_in(answer: httpx.Response) -> str:
    found = re.search(r"tl_decided=([0-9a-f]{32})-", answer.headers["set-cookie"])
    assert found is not None
    return str(UUID(hex=found[1]))


async def customer_now(api: Api, pushed: dict[str, Any]) -> str:
    answer = await api("GET", f"/api/v1/customers/{pushed['customer_id']}")
    return answer.headers["location"].rpartition("/")[2] if answer.status_code == 308 else answer.json()["id"]


async def test_the_queue_says_who_with_whom_and_why(browser: Browser) -> None:
    _, _, path = await asked(browser)
    page = (await browser.get("/suggestions")).text
    assert f'href="{path}"' in page
    assert "93 %" in page
    assert "same e-mail &lt;script&gt;" in page
    assert page.count('<span class="stands"><bdi>') == 2
    assert EVIL not in page
    assert (await browser.get("/suggestions/next")).headers["location"] == path
    assert "There are none" in (await browser.get("/suggestions?state=rejected")).text


async def test_a_question_shows_both_sides_what_weighs_and_what_a_yes_changes(browser: Browser) -> None:
    ann, ben, path = await asked(browser, attributes={"birth_date": "1990-01-02", EVIL[:60]: EVIL})
    page = (await browser.get(path)).text
    assert EVIL not in page
    assert "<script>alert" not in page
    for words in ("Ann Lee", "Ben Ford", "ann@<wbr>one.<wbr>example (verified)", "against"):
        assert words in page
    assert "practically only seen of one person" in page
    assert "1 contact with 1 event" in page
    assert f"#{ann['ticket']['number']}" in page
    assert f"#{ben['ticket']['number']}" in page


async def test_a_yes_merges_once_and_is_undone_from_its_decision(browser: Browser) -> None:
    ann, ben, path = await asked(browser)
    fields = form_in((await browser.get(path)).text, path)
    done = await browser.post(path, **fields, answer="accept", reason="she said so")
    again = await browser.post(path, **fields, answer="accept", reason="she said so")
    assert done.status_code == 303
    assert again.headers["location"] == done.headers["location"]
    assert await customer_now(browser.api, ben) == await customer_now(browser.api, ann)
    assert "See what changed, or undo it" in (await browser.get(done.headers["location"])).text
    decision = f"/decisions/{decision_in(done)}"
    page = (await browser.get(decision)).text
    for words in (
        "Two customers were merged",
        "Ann Desk",
        "she said so",
        "one customer today",
        "What undoing it changes",
    ):
        assert words in page
    undone = await sent(browser, decision)
    assert undone.status_code == 303
    assert await customer_now(browser.api, ben) != await customer_now(browser.api, ann)
    page = (await browser.get(decision)).text
    assert "Taken back by" in page
    assert f'action="{decision}"' not in page
    back = (await browser.get(f"/decisions/{decision_in(undone)}")).text
    assert "A merge was taken back" in back
    assert "Merge them again" in back


async def test_a_no_keeps_them_apart_and_can_be_undone(browser: Browser) -> None:
    _, _, path = await asked(browser)
    done = await sent(browser, path, answer="reject")
    assert done.headers["location"] == "/suggestions"
    decision = f"/decisions/{decision_in(done)}"
    assert "Two were kept apart" in (await browser.get(decision)).text
    assert (await sent(browser, decision)).status_code == 303


async def test_later_lays_it_aside(browser: Browser) -> None:
    _, _, path = await asked(browser)
    done = await sent(browser, path, answer="later")
    assert "back in a week" in (await browser.get(done.headers["location"])).text
    assert path not in (await browser.get("/suggestions")).text
    assert path in (await browser.get("/suggestions?state=later")).text


async def test_who_comes_late_hears_that_it_was_answered(browser: Browser) -> None:
    _, _, path = await asked(browser)
    fields = form_in((await browser.get(path)).text, path)
    other = path.rpartition("/")[2]
    assert (await browser.api("POST", f"/api/v1/identity/suggestions/{other}/reject", json={})).status_code == 200
    late = await browser.post(path, **fields, answer="accept", reason="kept <b>words</b>")
    assert late.status_code == 409
    assert "Somebody answered this meanwhile" in late.text
    assert "answered with no" in late.text
    assert (await browser.post(path, csrf=fields["csrf"], once=uuid4().hex)).status_code == 400


async def test_two_are_merged_from_the_profile(browser: Browser) -> None:
    ann, ben = await two(browser)
    path = f"/customers/{ann['customer_id']}/merge"
    assert "Merge <bdi>Ann Lee</bdi> with" in (await browser.get(path)).text
    offered = f"{path}?other={ben['customer_id']}"
    page = (await browser.get(offered)).text
    assert "1 contact with 1 event" in page
    assert "the names conflict" in page
    fields = form_in(page, path)
    done = await browser.post(path, **fields, reason="one person")
    assert done.headers["location"] == f"/customers/{ann['customer_id']}"
    assert "one customer already" in (await browser.get(offered)).text
    stale = await browser.post(path, **{**fields, "once": uuid4().hex}, reason="typed and kept")
    assert stale.status_code in (409, 422)
    with_itself = await browser.get(f"{path}?other={ann['customer_id']}")
    assert "one customer already" in with_itself.text


async def test_an_undone_decision_says_so_to_who_comes_late(browser: Browser) -> None:
    ann, ben = await two(browser)
    merged = await browser.api(
        "POST", f"/api/v1/customers/{ann['customer_id']}/merge", json={"other": ben["customer_id"]}
    )
    decision = merged.json()["decision_id"]
    fields = form_in((await browser.get(f"/decisions/{decision}")).text, f"/decisions/{decision}")
    undo = {"decision": decision}
    assert (await browser.api("POST", f"/api/v1/customers/{ann['customer_id']}/unmerge", json=undo)).status_code == 200
    late = await browser.post(f"/decisions/{decision}", **fields)
    assert late.status_code == 409
    assert "took this back before" in late.text


@pytest.mark.parametrize("path", ["/suggestions/{}", "/decisions/{}", "/customers/{}/merge", "/customers/{}/identity"])
async def test_another_desks_things_are_as_if_they_were_not_there(browser: Browser, path: str) -> None:
    await browser.choose()
    theirs = browser.api.other.keys["admin"]
    ann = await browser.api.push(theirs, contact=contact("ann"))
    ben = await browser.api.push(theirs, contact=contact("ben"))
    merged = await browser.api(
        "POST", f"/api/v1/customers/{ann['customer_id']}/merge", theirs, json={"other": ben["customer_id"]}
    )
    cat = await browser.api.push(theirs, contact=contact("cat"))
    things = {
        "/suggestions/{}": await suggest(browser.api, ann, cat, browser.api.other),
        "/decisions/{}": merged.json()["decision_id"],
    }
    name = things.get(path, ann["customer_id"])
    foreign, nobodys = await browser.get(path.format(name)), await browser.get(path.format(uuid4()))
    assert foreign.status_code == nobodys.status_code == 404
    assert foreign.text == nobodys.text
    assert (await browser.get(path.format("nothing"))).status_code == 404
    if not path.endswith("/identity"):
        csrf = (await browser.get("/account")).text.partition('name="csrf" value="')[2].partition('"')[0]
        said = {"csrf": csrf, "answer": "accept", "other": cat["customer_id"]}
        sent_there = [await browser.post(path.format(one), **said) for one in (name, uuid4())]
        assert [one.status_code for one in sent_there] == [404, 404]
        assert sent_there[0].text == sent_there[1].text


async def test_an_auditor_looks_and_decides_nothing(browser: Browser) -> None:
    ann, ben, path = await asked(browser)
    merged = await browser.api(
        "POST", f"/api/v1/customers/{ann['customer_id']}/merge?preview=true", json={"other": ben["customer_id"]}
    )
    assert merged.status_code == 200
    mine = WorkspaceId(browser.api.mine.id)
    await browser.api.database.write(
        mine, lambda db: change_agent(db, mine, browser.agent, AgentChange(role="auditor"))
    )
    await browser.sign_in()
    page = await browser.get(path)
    assert "You may look at this" in page.text
    assert 'value="accept"' not in page.text
    csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    assert (await browser.post(path, csrf=csrf, answer="accept")).status_code == 403
    assert (await browser.get(f"/customers/{ann['customer_id']}/merge")).status_code == 403


async def test_pages_take_long_names_and_many_contacts(browser: Browser) -> None:
    await browser.choose()
    long = "Maximilian" * 1_000
    ann = await browser.api.push(contact=contact("ann", identifier(value="ann@one.example"), name=long[:10_000]))
    ben = await browser.api.push(contact=contact("ben"))
    page = await browser.get(f"/customers/{ben['customer_id']}/merge?other={ann['customer_id']}")
    assert page.status_code == 200
    assert len(page.text) < 60_000
    assert urlsplit(str(page.url)).path.endswith("/merge")


async def test_a_doubted_link_shows_the_contact_beside_the_rest_and_is_parted(browser: Browser) -> None:
    ann, _ = await two(browser)
    same = identifier(value="ann@one.example")
    late = await browser.api.push(contact=contact("late", same, name="Ann Lee"), subject="A late one")
    assert late["customer_id"] == ann["customer_id"]
    path = f"/suggestions/{await suggest(browser.api, late, ann, evidence=EVIDENCE, kind='unlink')}"
    page = (await browser.get(path)).text
    assert "Was this contact linked wrongly?" in page
    assert page.count("1 contact</span>") + page.count("1 contact ·") == 2
    assert "Split it off" in page
    done = await sent(browser, path, answer="accept")
    assert await customer_now(browser.api, ann) == ann["customer_id"]
    assert not done.headers["location"].startswith(f"/customers/{ann['customer_id']}?")


async def test_a_decision_is_told_once_where_it_leads(browser: Browser) -> None:
    ann, _, path = await asked(browser)
    here = f"/customers/{ann['customer_id']}"
    done = await sent(browser, path, answer="accept")
    assert done.headers["location"] == here
    assert "That was done" not in (await browser.get("/suggestions")).text
    page = (await browser.get(here)).text
    assert f'href="/decisions/{decision_in(done)}"' in page
    assert "Next question" in page
    assert "That was done" not in (await browser.get(here)).text


async def test_nobody_makes_a_page_tell_of_a_decision(browser: Browser) -> None:
    ann, _, path = await asked(browser)
    here = f"/customers/{ann['customer_id']}"
    made = decision_in(await sent(browser, path, answer="accept"))
    sealed = browser.client.cookies["tl_decided"]
    browser.client.cookies.delete("tl_decided")
    assert "That was done" not in (await browser.get(f"{here}?decided={made}")).text
    for text in ("", "x", "--", f"{sealed}0", f"{'0' * 32}{sealed[32:]}", "\u00e4-\u00e4"):
        said = {"cookie": f"tl_session={browser.client.cookies['tl_session']}; tl_decided={text}".encode()}
        assert "That was done" not in (await browser.get(here, headers=said)).text
    browser.client.cookies.set("tl_decided", sealed)
    assert "That was done" not in (await browser.get("/suggestions")).text
