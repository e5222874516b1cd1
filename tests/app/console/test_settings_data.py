"""What is done to data from the settings: quarantine, holds, erasure, values; and whose it is not."""

import re
from uuid import uuid4

from app.console.sections.all import declared
from tests.app.console.conftest import Browser
from tests.app.console.forms import SCRIPT, become, form_of, opened, send
from tests.builders import pushed


async def test_what_was_refused_is_shown_as_text_read_again_and_thrown_away(browser: Browser) -> None:
    await become(browser, "admin")
    first = pushed(subject="First")
    await browser.api("POST", "/api/v1/interactions", json=first)
    other = {**first, "subject": SCRIPT}
    assert (await browser.api("POST", "/api/v1/interactions", json=other)).status_code == 409
    (entry,) = (await browser.api("GET", "/api/v1/quarantine")).json()["items"]
    path = f"/settings/quarantine/of/{entry['id']}"
    assert path in (await browser.get("/settings/quarantine")).text
    page = (await browser.get(path)).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    csrf = re.findall(r'name="csrf" value="([^"]+)"', page)[0]
    again = await browser.post(f"{path}/replay", csrf=csrf, once="once")
    assert "refused again" in again.text
    ask = form_of((await browser.get(f"{path}/discard")).text)
    for _ in range(2):
        assert (await send(browser, f"{path}/discard", ask)).status_code == 303
    assert "thrown away" in (await browser.get(path)).text
    assert "Nothing waits here" in (await browser.get("/settings/quarantine")).text


async def test_somebody_is_erased_only_after_a_look_and_a_typed_name_and_never_under_a_hold(browser: Browser) -> None:
    await become(browser, "admin")
    made = await browser.api.push(
        contact={"name": "Ida Lamm", "identifiers": [{"kind": "email", "value": "ida@lamm.example", "verified": True}]}
    )
    customer = made["customer_id"]
    found = await send(
        browser, "/settings/erasure/new", await opened(browser, "/settings/erasure/new"), customer="ida@lamm.example"
    )
    assert found.headers["location"].startswith(f"/settings/erasure/of/{customer}")
    held = await send(
        browser,
        "/settings/holds/new",
        await opened(browser, "/settings/holds/new"),
        customer=customer,
        reason="A court asks",
    )
    assert held.status_code == 303, held.text
    path = f"/settings/erasure/of/{customer}/erase"
    ask = await browser.get(path)
    assert "Nothing, as it stands" in ask.text
    form = form_of(ask.text)
    wrong = await send(browser, path, form, typed="Ida", reason="R 17")
    assert wrong.status_code == 422
    assert form_of(wrong.text)["reason"] == ["R 17"]
    refused = await send(browser, path, form, typed="Ida Lamm")
    assert refused.status_code == 409
    (hold,) = (await browser.api("GET", "/api/v1/holds")).json()["items"]
    lift = f"/settings/holds/of/{hold['id']}/lift"
    assert (await send(browser, lift, form_of((await browser.get(lift)).text))).status_code == 303
    assert "1 event: what was said and done." in (await browser.get(path)).text
    for _ in range(2):
        done = await send(browser, path, form, typed="Ida Lamm", reason="R 17")
        assert "was erased" in done.text
    assert (await browser.api("GET", f"/api/v1/customers/{customer}")).json()["name"] is None


async def test_a_value_is_said_to_be_several_peoples(browser: Browser) -> None:
    await become(browser, "lead")
    form = await opened(browser, "/settings/values/new")
    made = await send(
        browser, "/settings/values/new", form, identifier="email:office@firm.example", reason="All use it"
    )
    assert made.status_code == 303
    where = made.headers["location"].partition("?")[0]
    assert "several people" in (await browser.get(f"{where}/class")).text
    ask = form_of((await browser.get(f"{where}/class")).text)
    done = await send(browser, f"{where}/class", ask, **{"class": "personal"})
    assert done.status_code in (200, 303)
    (value,) = (await browser.api("GET", "/api/v1/identity/values?identifier=email:office@firm.example")).json()[
        "items"
    ]
    assert value["class"] == "personal"


async def test_things_of_another_workspace_are_not_there(browser: Browser) -> None:
    await become(browser, "admin")
    api, other = browser.api, browser.api.other
    foreign = {
        "agents": (
            await api("POST", "/api/v1/agents", other.keys["admin"], json={"email": "a@b.example", "role": "agent"})
        ),
        "keys": await api("POST", "/api/v1/keys", other.keys["admin"], json={"role": "agent"}),
        "webhooks": await api(
            "POST", "/api/v1/webhooks", other.keys["admin"], json={"url": "https://x.example/", "events": ["*"]}
        ),
        "queues": await api("POST", "/api/v1/queues", other.keys["admin"], json={"key": "theirs", "name": "Theirs"}),
        "accounts": await api(
            "POST", "/api/v1/channel-accounts", other.keys["admin"], json={"kind": "orders", "name": "theirs"}
        ),
    }
    theirs = {name: made.json().get("id") or made.json()["key"] for name, made in foreign.items()}
    theirs["erasure"] = (await api.push(other.keys["admin"]))["customer_id"]
    sections = {one.key: one for one in declared()}
    for name, key in theirs.items():
        section = sections[name]
        pages = [await browser.get(f"/settings/{name}/of/{one}") for one in (key, uuid4(), "nonsense")]
        assert {page.status_code for page in pages} == {404}, name
        assert len({page.text for page in pages}) == 1, name
        form = {"csrf": [(await browser.get("/settings")).text.partition('name="csrf" value="')[2].partition('"')[0]]}
        for action in section.actions:
            done = await send(browser, f"/settings/{name}/of/{key}/{action.key}", form, typed="x")
            assert done.status_code == 404, (name, action.key)


async def test_who_may_read_and_not_write_sees_a_form_that_cannot_be_sent(browser: Browser) -> None:
    await become(browser, "auditor")
    page = (await browser.get("/settings/ticket-policy")).text
    assert '<fieldset class="s-plain" disabled>' in page
    assert "You may look at this and not change it." in page
    refused = await send(browser, "/settings/ticket-policy", form_of(page), name="Mine")
    assert refused.status_code == 403
    assert "Your role does not open this" in refused.text
    assert (await browser.api("GET", "/api/v1/ticket-policies")).json()["items"][0]["version"] == 0
