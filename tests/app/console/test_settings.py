"""Sections of the settings: who is offered what, forms that go round, faults at their fields, nothing lost."""

import re
from typing import Any

import pytest

from app.console.sections.all import declared
from tests.app.console.conftest import Browser
from tests.app.console.forms import SCRIPT, Typed, become, form_of, opened, send


@pytest.mark.parametrize("role", ["admin", "lead", "auditor", "agent"])
async def test_a_section_opens_for_those_who_may_read_it_and_is_offered_to_nobody_else(
    browser: Browser, role: str
) -> None:
    await become(browser, role)
    index = (await browser.get("/settings")).text
    for section in declared():
        page = await browser.get(f"/settings/{section.key}")
        offered = f'href="/settings/{section.key}"' in index
        if not section.group:
            continue
        assert page.status_code == (200 if offered else 403), (role, section.key, page.text[-400:])
        assert offered or "Your role does not open this" in page.text
        if section.adds:
            new = await browser.get(f"/settings/{section.key}/new")
            may = offered and f"/settings/{section.key}/new" in page.text
            assert new.status_code == (200 if may else 403), (role, section.key, new.text[-400:])
    assert ("keys" in {one.key for one in declared()} and "/settings/keys" in index) == (role in ("admin", "auditor"))


# -- what an admin makes and changes: what is typed, and what the API says then ----------------------------------------

WEEK = {f"hours.{day}": "" for day in ("tue", "wed", "thu", "fri", "sat", "sun")}

MADE: list[tuple[str, Typed, Typed, str, dict[str, Any]]] = [
    (
        "teams",
        {"key": "first", "name": "First line"},
        {"name": "Second line"},
        "/api/v1/teams/first",
        {"name": "Second line"},
    ),
    (
        "queues",
        {"key": "mail", "name": "Mail", "place": "3"},
        {"name": SCRIPT, "place": "-2"},
        "/api/v1/queues/mail",
        {"name": SCRIPT, "place": -2, "team": None},
    ),
    (
        "calendars",
        {"key": "office", "zone": "Europe/Berlin", "hours.mon": "9:00-12:00, 13:00-17:30", **WEEK},
        {"holidays": "2026-12-25\n2026-12-24 09:00-12:00"},
        "/api/v1/calendars",
        {
            "calendars.office.hours.mon": [["09:00", "12:00"], ["13:00", "17:30"]],
            "calendars.office.holidays": ["2026-12-25", {"date": "2026-12-24", "hours": [["09:00", "12:00"]]}],
        },
    ),
    (
        "types",
        {"key": "return", "name": "Return"},
        {
            "fields.0.key": "why",
            "fields.0.name": "Why",
            "fields.0.kind": "choice",
            "fields.0.options": "late\ntoo big, too",
        },
        "/api/v1/ticket-types",
        {"types.0.fields.0.options": ["late", "too big, too"]},
    ),
    (
        "sla",
        {"key": "gold", "name": "Gold", "targets.first_response.seconds": "4 hours", "when.tag": "vip"},
        {"targets.first_response.warn": "1 hour 30 minutes", "when.priority": ["urgent"]},
        "/api/v1/sla-policies",
        {
            "sla.policies.0.targets.first_response": {"seconds": 14_400, "warn": 5_400},
            "sla.policies.0.when": {"priority": ["urgent"], "tag": ["vip"]},
        },
    ),
]

SINGLE: list[tuple[str, Typed, str, dict[str, Any]]] = [
    (
        "dispositions",
        {"dispositions.0.key": "refunded", "dispositions.0.name": "Refunded", "disposition_required": "on"},
        "/api/v1/ticket-types",
        {"dispositions.0.name": "Refunded", "disposition_required": True},
    ),
    (
        "answers",
        {"sla.answers.by": "anybody", "sla.answers.calls": []},
        "/api/v1/sla-policies",
        {"sla.answers": {"by": "anybody", "calls": False}},
    ),
    (
        "ticket-policy",
        {"continues.gap": "2 days", "closes.pending_after": "", "opens.order": ["outbound"], "why": "We try it"},
        "/api/v1/ticket-policies",
        {
            "items.0.policy.continues.gap": "2 days",
            "items.0.policy.closes.pending_after": None,
            "items.0.policy.opens.order": ["outbound"],
            "items.0.reason": "We try it",
        },
    ),
    (
        "identity",
        {"precision": "0.995", "automatic": "proof"},
        "/api/v1/identity/policies",
        {"items.0.policy.precision": 0.995, "items.0.policy.automatic": "proof"},
    ),
    (
        "retention",
        {"items.0.older_than": "9 years", "items.0.kinds": ["visit"], "customers.inactive_for": "", "typed": "on"},
        "/api/v1/retention-policies",
        {"items.0.policy.items": [{"older_than": "9 years", "kinds": ["visit"], "channels": []}]},
    ),
]


def at(data: Any, path: str) -> Any:
    for step in path.split("."):
        data = data[int(step)] if isinstance(data, list) else data.get(step)
    return data


async def says(browser: Browser, path: str, expected: dict[str, Any]) -> None:
    found = (await browser.api("GET", path)).json()
    for name, value in expected.items():
        there = at(found, name)
        if isinstance(value, dict):
            there = {key: one for key, one in there.items() if one not in (None, [], {}) or key in value}
        assert there == value, (path, name, there)


async def test_what_is_made_and_changed_by_its_form_is_what_the_api_says(browser: Browser) -> None:
    await become(browser, "admin")
    for key, new, change, path, expected in MADE:
        form = await opened(browser, f"/settings/{key}/new")
        first, made = [await send(browser, f"/settings/{key}/new", form, **new) for _ in range(2)]
        assert [first.status_code, made.status_code] == [303, 303], (key, made.text[-1500:])
        where = made.headers["location"].partition("?")[0]
        untouched = await opened(browser, where)
        same = await send(browser, where, untouched)
        assert same.headers["location"].endswith("?done=same"), key
        for _ in range(2):
            saved = await send(browser, where, untouched, **change)
            assert saved.headers.get("location", "").endswith("?done=saved"), (key, saved.text[-1500:])
        await says(browser, path, expected)
        again = await send(browser, where, await opened(browser, where))
        assert again.headers["location"].endswith("?done=same"), key
        assert "<script>alert" not in (await browser.get(f"/settings/{key}")).text
        ask = await opened(browser, f"{where}/remove")
        for _ in range(2):
            gone = await send(browser, f"{where}/remove", ask)
            assert gone.headers.get("location") == f"/settings/{key}?done=removed", (key, gone.text[-900:])
        assert (await browser.get(where)).status_code == 404


async def test_a_single_form_sent_as_it_was_changes_nothing_and_changed_is_a_version(browser: Browser) -> None:
    await become(browser, "admin")
    for key, change, path, expected in SINGLE:
        form = await opened(browser, f"/settings/{key}")
        if key != "retention":
            same = await send(browser, f"/settings/{key}", form)
            assert same.headers["location"].endswith("?done=same"), key
        saved = [await send(browser, f"/settings/{key}", form, **change) for _ in range(2)][-1]
        assert saved.headers.get("location", "").endswith("?done=saved"), (key, saved.text[-1500:])
        await says(browser, path, expected)
        assert "Ann Desk" in (await browser.get(f"/settings/{key}")).text, key


async def test_routing_keeps_the_order_of_its_rows_and_says_faults_at_them(browser: Browser) -> None:
    await become(browser, "admin")
    await browser.api("POST", "/api/v1/queues", json={"key": "mail", "name": "Mail"})
    form = await opened(browser, "/settings/routing")
    two: Typed = {
        "rules.0.source": "shop", "rules.0.queue": "mail", "rules.0.place": "2",
        "rules.1.channel": "email", "rules.1.queue": "mail", "rules.1.place": "1",
    }  # fmt: skip
    assert (await send(browser, "/settings/routing", form, **two)).status_code == 303
    rules = (await browser.api("GET", "/api/v1/routing")).json()["rules"]
    assert [one.get("channel") for one in rules] == ["email", None]
    form = await opened(browser, "/settings/routing")
    lost = await send(browser, "/settings/routing", form, **{"rules.2.source": SCRIPT})
    assert lost.status_code == 422
    assert 'id="fault-rules.2.queue"' in lost.text
    assert SCRIPT in form_of(lost.text)["rules.2.source"]
    assert "<script>alert" not in lost.text
    gone = await send(browser, "/settings/routing", form, **{"rules.0.gone": "on"})
    assert gone.status_code == 303
    assert len((await browser.api("GET", "/api/v1/routing")).json()["rules"]) == 1


async def test_what_is_wrong_with_another_is_said_by_its_name(browser: Browser) -> None:
    await become(browser, "admin")
    path = "/settings/sla"
    for key, tier in (("one", "gold"), ("two", "")):
        form = await opened(browser, f"{path}/new")
        made = await send(
            browser, f"{path}/new", form, key=key, **{"when.tier": tier, "targets.resolution.seconds": "1 hour"}
        )
        assert made.status_code == 303, made.text
    form = await opened(browser, f"{path}/new")
    late = await send(browser, f"{path}/new", form, key="three", **{"targets.resolution.seconds": "1 hour"})
    assert faults_of(late.text) == "It never applies: one before it is for every ticket."
    form = await opened(browser, f"{path}/of/one")
    wide = await send(browser, f"{path}/of/one", form, **{"when.tier": ""})
    assert faults_of(wide.text) == "“two”: it never applies: one before it is for every ticket."
    for place in ("999999999999", "0", "1.5"):
        form = await opened(browser, f"{path}/of/one/move")
        far = await send(browser, f"{path}/of/one/move", form, place=place)
        assert "Expected a place from 1 to 2." in far.text
        assert form_of(far.text)["place"] == [place]
    form = await opened(browser, "/settings/routing")
    typed: Typed = {"rules.0.source": "shop", "rules.0.queue": "nowhere", "rules.0.place": "70"}
    assert form_of((await send(browser, "/settings/routing", form, **typed)).text)["rules.0.place"] == ["70"]


def faults_of(page: str) -> str:
    found = re.search(r'role="alert".*?</div>', page, re.DOTALL)
    assert found is not None, page
    return " ".join(re.sub(r"<[^>]+>", " ", found[0].partition(">")[2]).split())


async def test_two_who_change_at_once_lose_nothing(browser: Browser) -> None:
    await become(browser, "admin")
    mine, theirs = [await opened(browser, "/settings/dispositions") for _ in range(2)]
    first: Typed = {"dispositions.0.key": "one", "dispositions.0.name": "One"}
    assert (await send(browser, "/settings/dispositions", mine, **first)).status_code == 303
    second: Typed = {"dispositions.0.key": "two", "dispositions.0.name": "Two"}
    stale = await send(browser, "/settings/dispositions", theirs, **second)
    assert stale.status_code == 412
    assert "Somebody changed this" in stale.text
    kept = form_of(stale.text)
    assert kept["dispositions.0.name"] == ["Two"]
    assert (await send(browser, "/settings/dispositions", kept)).status_code == 303
    await says(browser, "/api/v1/ticket-types", {"dispositions.0.key": "two"})


NONSENSE: list[tuple[str, Typed, str]] = [
    ("agents", {"email": "nobody"}, "email"),
    ("agents", {"email": "a@b.example", "zone": "Nowhere/Land"}, "zone"),
    ("agents", {"email": "a@b.example", "role": "boss"}, "role"),
    ("queues", {"key": "No Key!", "name": "x"}, "key"),
    ("queues", {"key": "ok", "name": "x", "place": "many"}, "place"),
    ("keys", {"name": "x", "rate": "-5"}, "rate"),
    ("keys", {"name": "x", "expires_at": "soon"}, "expires_at"),
    ("keys", {"name": "x", "expires_at": "2020-01-01T00:00"}, "expires_at"),
    ("calendars", {"key": "c", "zone": "UTC", "hours.mon": "nine to five"}, "hours.mon"),
    ("calendars", {"key": "c", "zone": "UTC", "hours.mon": "17:00-09:00"}, "hours.mon"),
    ("calendars", {"key": "c", "zone": "UTC", "holidays": "christmas"}, "holidays"),
    ("sla", {"key": "s", "targets.resolution.seconds": "soon"}, "targets.resolution.seconds"),
    ("sla", {"key": "s", "targets.resolution.warn": "1 hour"}, "targets.resolution.seconds"),
    ("sla", {"key": "s", "targets.resolution.seconds": "1 hour", "when.fields": "{"}, "when.fields"),
    (
        "types",
        {"key": "t", "name": "T", "fields.0.key": "a", "fields.0.name": "A", "fields.0.options": "x"},
        "fields.0.options",
    ),
    ("accounts?kind=email", {"name": "m", "settings.address": "nobody"}, "settings.address"),
    (
        "accounts?kind=email",
        {"name": "m", "settings.address": "a@b.example", "settings.imap.host": "http://x", "settings.imap.user": "u"},
        "settings.imap.host",
    ),
    ("accounts?kind=orders", {"name": "m", "settings.currency": "euro"}, "settings.currency"),
    ("webhooks", {"url": "gopher://x", "events": ["*"]}, "url"),
    ("webhooks", {"url": "https://example.com/x", "events": []}, "events"),
    ("values", {"identifier": "nothing"}, "identifier"),
    ("holds", {"customer": "nobody@there.example", "reason": "x"}, "customer"),
    ("erasure", {"customer": ""}, "customer"),
    ("erasure", {"customer": "x" * 3_000 + "@there.example"}, "customer"),
    ("holds", {"customer": "x" * 3_000, "reason": "x"}, "customer"),
]  # fmt: skip


async def test_nonsense_is_said_at_its_field_and_nothing_typed_is_lost(browser: Browser) -> None:
    await become(browser, "admin")
    counted = await browser.api.counts()
    for section, typed, field in NONSENSE:
        key, _, query = section.partition("?")
        path = f"/settings/{key}/new" + (f"?{query}" if query else "")
        refused = await send(browser, path, await opened(browser, path), **typed)
        assert refused.status_code in (400, 422), (section, typed, refused.status_code)
        assert f'id="fault-{field}"' in refused.text, (
            section,
            typed,
            re.findall(r'role="alert".*?</div>', refused.text, re.DOTALL),
        )
        kept = form_of(refused.text)
        for name, value in typed.items():
            said = [value] if isinstance(value, str) else value
            if name != "role":
                assert kept.get(name, []) == [one for one in said if one or len(said) > 0] or said in ([], [""]), name
    after = await browser.api.counts()
    assert {name for name in counted if counted[name] != after[name]} <= {f"api_key of {browser.api.mine.id}"}
