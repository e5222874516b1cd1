"""People, keys and channels in the settings: what is shown once, and what is done."""

import re
from html import unescape

from tests.app.console.conftest import Browser
from tests.app.console.forms import SCRIPT, Typed, become, form_of, once_of, opened, send


async def test_an_agent_is_added_and_comes_in_by_a_link_that_works_once(browser: Browser) -> None:
    await become(browser, "admin")
    form = await opened(browser, "/settings/agents/new")
    typed: Typed = {"email": "Eve@Desk.example", "name": SCRIPT, "zone": "Europe/Berlin"}
    made = await send(browser, "/settings/agents/new", form, **typed)
    assert made.status_code == 200
    assert "<script>alert" not in made.text
    (link,) = once_of(made.text)
    twice = await send(browser, "/settings/agents/new", form, **typed)
    (newer,) = once_of(twice.text)
    eves = (await browser.api("GET", "/api/v1/agents")).json()["items"]
    (eve,) = [one for one in eves if one["email"] == "eve@desk.example"]
    assert (eve["name"], eve["zone"]) == (SCRIPT, "Europe/Berlin")
    assert (await browser.get("/welcome" + link.partition("/welcome")[2])).status_code == 404
    path = "/welcome" + newer.partition("/welcome")[2]
    browser.client.cookies.clear()
    entered = await browser.post(path, password="a long enough secret", again="a long enough secret")
    assert entered.status_code == 303
    assert (await browser.post(path, password="a long enough secret", again="a long enough secret")).status_code == 404
    assert (await browser.get("/settings/agents")).status_code == 200
    assert (await browser.get("/settings/agents/new")).status_code == 403


async def test_who_leaves_is_signed_out_and_can_be_let_in_again(browser: Browser) -> None:
    await become(browser, "admin")
    made = await browser.api("POST", "/api/v1/agents", json={"email": "max@desk.example", "role": "agent"})
    path = f"/settings/agents/of/{made.json()['id']}"
    ask = await browser.get(f"{path}/disable")
    assert "their API keys are revoked" in unescape(ask.text)
    form = form_of(ask.text)
    for _ in range(2):
        done = await send(browser, f"{path}/disable", form, reason="He moved on")
        assert done.status_code == 303
    gone = (await browser.api("GET", f"/api/v1/agents/{made.json()['id']}")).json()
    assert gone["left_because"] == "He moved on"
    page = (await browser.get(path)).text
    assert "/disable" not in page
    assert "/link" not in page
    enabled = await send(browser, f"{path}/enable", {**form, "once": ["another"]})
    assert enabled.status_code == 303
    assert (await browser.get(f"{path}/link")).status_code == 200


async def test_a_key_is_shown_once_and_revoked(browser: Browser) -> None:
    await become(browser, "admin")
    form = await opened(browser, "/settings/keys/new")
    typed: Typed = {"name": "shop", "proves": ["email", "account"], "rate": "0"}
    made = await send(browser, "/settings/keys/new", form, **typed)
    (text,) = once_of(made.text)
    assert once_of((await send(browser, "/settings/keys/new", form, **typed)).text) == [text]
    assert (await browser.api("GET", "/api/v1/customers", text)).status_code == 200
    listed = (await browser.get("/settings/keys")).text
    assert text not in listed
    where = re.findall(r'href="(/settings/keys/of/[^"]+)"><bdi>shop</bdi>', listed)
    assert len(where) == 1
    assert text not in (await browser.get(where[0])).text
    ask = form_of((await browser.get(f"{where[0]}/revoke")).text)
    assert (await send(browser, f"{where[0]}/revoke", ask)).status_code == 303
    assert (await browser.api("GET", "/api/v1/customers", text)).status_code == 401


async def test_a_mailbox_keeps_its_password_to_itself_and_what_changed(browser: Browser) -> None:
    await become(browser, "admin")
    path = "/settings/accounts/new?kind=email"
    typed: Typed = {
        "name": "Help", "settings.address": "help@shop.example", "settings.imap.host": "imap.shop.example",
        "settings.imap.user": "help", "credentials.imap": "s3cret words", "settings.aliases": "a@shop.example",
    }  # fmt: skip
    made = await send(browser, path, await opened(browser, path), **typed)
    assert made.status_code == 303, made.text
    where = made.headers["location"].partition("?")[0]
    page = (await browser.get(where)).text
    assert "s3cret" not in page
    form = form_of(page)
    assert (await send(browser, where, form)).headers["location"].endswith("?done=same")
    saved = await send(browser, where, form, **{"settings.signature": "Yours", "settings.imap.folder": "Support"})
    assert saved.headers["location"].endswith("?done=saved")
    kept = (await browser.api("GET", f"/api/v1/channel-accounts/{where.rpartition('/')[2]}")).json()
    assert kept["settings"]["imap"]["folder"] == "Support"
    assert kept["settings"]["signature"] == "Yours"
    assert [one["door"] for one in kept["credentials"]] == ["imap"]
    assert "imap.folder: INBOX → Support" in unescape((await browser.get(where)).text)


async def test_a_webhook_is_made_tried_and_deleted(browser: Browser) -> None:
    await become(browser, "lead")
    form = await opened(browser, "/settings/webhooks/new")
    made = await send(browser, "/settings/webhooks/new", form, url="https://hook.example/x", events=["ticket.*"])
    (secret,) = once_of(made.text)
    (hook,) = (await browser.api("GET", "/api/v1/webhooks")).json()["items"]
    path = f"/settings/webhooks/of/{hook['id']}"
    page = (await browser.get(path)).text
    assert secret not in page
    form = {"csrf": form["csrf"], "once": ["try"]}
    for _ in range(2):
        assert (await send(browser, f"{path}/test", form)).status_code == 303
    page = (await browser.get(path)).text
    deliveries = set(re.findall(r'href="(/settings/deliveries/of/[^"]+)"', page))
    assert len(deliveries) == 1
    assert "webhook.ping" in (await browser.get(deliveries.pop())).text
    off = await send(browser, path, form_of(page), enabled=[])
    assert off.status_code == 303
    assert not (await browser.api("GET", f"/api/v1/webhooks/{hook['id']}")).json()["enabled"]
    ask = form_of((await browser.get(f"{path}/delete")).text)
    for _ in range(2):
        gone = await send(browser, f"{path}/delete", ask)
        assert gone.headers["location"] == "/settings/webhooks?done=removed"
    assert (await browser.get(path)).status_code == 404
    assert (await browser.get("/settings/accounts/new?kind=email")).status_code == 403
