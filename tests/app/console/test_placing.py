"""One item given to another customer from its page; and the page that says why contacts are one person."""

from uuid import uuid4

from tests.app.console.conftest import Browser
from tests.app.console.test_merging import EVIL, decision_in, form_in, sent, two
from tests.builders import contact, identifier, pushed


async def test_an_item_is_placed_seen_and_taken_back(browser: Browser) -> None:
    ann, ben = await two(browser)
    await browser.api.push(contact=contact("ben", identifier(value="ben@two.example")), body=f"For Ann {EVIL}")
    path = f"/place?event={ben['event_id']}"
    page = (await browser.get(f"{path}&customer={ben['customer_id']}")).text
    assert "Whose is this item?" in page
    assert "Where is it?" in page
    assert EVIL not in page
    offered = f"{path}&to={ann['customer_id']}"
    page = (await browser.get(offered)).text
    assert "Place this item on <bdi>Ann Lee</bdi>?" in page
    fields = form_in(page, "/place")
    done = await browser.post("/place", **fields, reason="forwarded")
    again = await browser.post("/place", **fields, reason="forwarded")
    assert done.headers["location"] == again.headers["location"]
    assert done.headers["location"] == f"/customers/{ann['customer_id']}"
    stale = await browser.post("/place", **{**fields, "once": uuid4().hex})
    assert stale.status_code == 409
    assert "moved this item meanwhile" in stale.text
    decision = f"/decisions/{decision_in(done)}"
    assert "An item was placed on another customer" in (await browser.get(decision)).text
    assert (await sent(browser, decision)).headers["location"] == f"/customers/{ben['customer_id']}"


async def test_what_cannot_be_placed_says_why(browser: Browser) -> None:
    ann, _ = await two(browser)
    same = await browser.get(f"/place?event={ann['event_id']}&to={ann['customer_id']}")
    assert 'role="alert"' in same.text
    for asked in ("", "event=nothing", f"event={uuid4()}", f"event={ann['event_id']}&to={uuid4()}"):
        assert (await browser.get(f"/place?{asked}")).status_code == 404
    theirs = await browser.api.push(browser.api.other.keys["admin"])
    assert (await browser.get(f"/place?event={theirs['event_id']}")).status_code == 404
    to_theirs = await browser.get(f"/place?event={ann['event_id']}&to={theirs['customer_id']}")
    assert to_theirs.status_code == 404


async def test_the_page_of_identity_says_why_and_takes_many_contacts(browser: Browser) -> None:
    ann, ben = await two(browser)
    same = identifier(value="ann@one.example")
    more = [pushed(source_id=f"k{at}", contact=contact(f"k{at}", same, name=f"{EVIL}{at}")) for at in range(60)]
    assert (await browser.api("POST", "/api/v1/interactions/batch", json=more)).status_code == 200
    merged = await browser.api(
        "POST", f"/api/v1/customers/{ann['customer_id']}/merge", json={"other": ben["customer_id"]}
    )
    path = f"/customers/{ann['customer_id']}/identity"
    page = (await browser.get(path)).text
    assert "62 contacts" in page
    assert EVIL not in page
    assert f"/decisions/{merged.json()['decision_id']}" in page
    more = page.partition('class="more" href="')[2].partition('"')[0]
    second = (await browser.get(more)).text
    assert "k59" not in page
    assert second.count("<tr>") == 1 + 62 - 40
    gone = await browser.get(f"/customers/{ben['customer_id']}/identity")
    assert (gone.status_code, gone.headers["location"]) == (308, path)
