"""A form about a ticket that somebody changed meanwhile: who did what and when, then done or dropped."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

from tests.app.console.test_panel import FIELD, TYPES, At, at

__all__ = ["at"]


async def test_a_stale_choice_is_shown_again_and_the_ticket_stays_as_it_is(at: At) -> None:
    seen = await at.form("handback")
    await at.do("priority", priority="high")
    stale = await at.send("handback", {**seen, "reason": "I am off <today>"})
    assert stale.status_code == 412
    assert stale.headers["hx-retarget"] == "#doing"
    told = stale.text.partition("meanwhile")[2].partition("<form")[0]
    assert "Ann Desk" in told
    assert "set the priority to high" in told
    assert "I am off &lt;today&gt;</textarea>" in stale.text
    assert stale.text.count('form="doing-form"') == stale.text.count('id="doing-form"') == 1
    fresh = dict(FIELD.findall(stale.text))
    assert fresh["version"] == str((await at.shown())["version"]) != seen["version"]
    assert (await at.send("handback", {**fresh, "reason": "I am off"})).status_code == 200


async def test_a_button_that_came_too_late_says_what_happened(at: At) -> None:
    await at.do("snooze", until=(datetime.now(UTC) + timedelta(hours=3)).isoformat())
    seen = await at.form("wake")
    await at.do("priority", priority="high")
    stale = await at.send("wake", seen)
    assert stale.status_code == 412
    assert "Ann Desk: set the priority to high" in unescape(stale.text)
    assert (await at.shown())["snoozed_until"] is not None


async def test_a_merge_says_what_became_of_the_other_ticket(at: At) -> None:
    other = At(at.browser, await at.api.push(kind="message", channel="chat", subject="Else", conversation="x"))
    assert other.number != at.number
    fields = await at.form("merge", f"?other={other.number}")
    await other.do("priority", priority="high")
    stale = await at.send("merge", {**fields, "into": "other"})
    assert stale.status_code == 412, stale.text
    told = stale.text.partition('class="notice notice-warn meanwhile"')[2]
    assert re.search(rf"#{other.number} <strong><bdi>Ann Desk</bdi></strong> <bdi>set the priority to high", told)
    anyway = {name: unescape(value) for name, value in FIELD.findall(told.partition("</form>")[0])}
    assert anyway["into"] == "other"
    assert (await at.send("merge", anyway)).status_code == 200


async def test_fields_that_were_left_alone_stay_as_somebody_made_them_meanwhile(at: At) -> None:
    version = (await at.api("GET", "/api/v1/ticket-types")).json()["version"]
    assert (await at.api("PUT", "/api/v1/ticket-types", json={**TYPES, "version": version})).status_code == 200
    assert (await at.do("type", type="return")).status_code == 200
    assert (await at.do("fields", fields__pieces="2", fields__bought="2026-10-23")).status_code == 200
    shown = await at.form("fields")
    assert (await at.do("fields", fields__pieces="3", fields__bought="2026-10-23")).status_code == 200
    mine = {**shown, "fields.pieces": "2", "fields.bought": "2026-10-24"}
    stale = await at.send("fields", mine)
    assert stale.status_code == 412
    assert 'value="2026-10-24"' in stale.text
    form = stale.text.partition('id="doing-form"')[2].partition("</form>")[0]
    anyway = {name: unescape(value) for name, value in FIELD.findall(form)}
    assert (await at.send("fields", {**mine, **anyway})).status_code == 200
    assert (await at.shown())["fields"] == {"pieces": 3, "bought": "2026-10-24"}
