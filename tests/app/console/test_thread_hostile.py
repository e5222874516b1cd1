"""What strangers put into every field that a profile shows: it is text everywhere, and the page holds its shape."""

import re
from typing import Any

import pytest

from tests.app.console.conftest import Browser
from tests.builders import contact, identifier, pushed

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "javascript:alert(1)",
    '" autofocus onfocus=alert(1) x="',
    "{{ 7 * 7 }}{% raw %}",
    "</textarea></title></style><iframe srcdoc='<script>alert(1)</script>'>",
    "<a href=javascript:alert(1)>x</a><base href=//evil.example/>",
    "%(num)s %s {0}",
    "\u202e<b>gnp.exe",
)
"""Signs that mean something to HTML, to attributes, to templates and to our sentences."""
LIVE = re.compile(
    r"<(?:script>|img src=x|svg onload|iframe srcdoc|base href=//|a href=javascript|b>gnp)"
    r"|<[^>]*\son(?:error|load|focus)=|href=\"javascript",
)


def hurt(payload: str) -> dict[str, Any]:
    """An interaction that says it in every field that takes any text."""
    return {
        "kind": "order",
        "channel": "orders",
        "subject": payload,
        "body": payload,
        "conversation": payload,
        "source_id": payload,
        "data": {"agent": payload, "order": payload, "lines": [payload], "mail": {"attachments": [named(payload)]}},
        "object": {"type": "order", "id": payload, "version": 1, "state": {"status": payload, "total": payload}},
        "contact": contact(
            "c-1",
            identifier(value="a@example.com"),
            {"kind": "handle", "value": payload, "scope": payload},
            {"kind": "account", "value": payload, "scope": "shop"},
            name=payload,
            attributes={"company": payload, "language": payload, "time_zone": payload, "odd": payload},
        ),
    }


def named(payload: str) -> dict[str, Any]:
    return {"id": "01a202685f5476c983a692771cd9a51c", "name": payload, "type": payload, "size": 3}


async def test_payloads_are_text_in_every_field(browser: Browser) -> None:
    await browser.choose()
    made: dict[str, Any] = {}
    for payload in PAYLOADS:
        pushed = [
            hurt(payload),
            {**hurt(payload), "kind": "message", "channel": "email", "source_id": f"m {payload}", "object": None},
            {**hurt(payload), "kind": "note", "channel": "crm", "source_id": f"n {payload}", "object": None},
        ]
        for one in pushed:
            made = await browser.api.push(**one)
    path = f"/customers/{made['customer_id']}"
    tagged = {"tags": list(PAYLOADS[:3]), "subject": PAYLOADS[0]}
    number = made["ticket"]["number"] if made["ticket"] else None
    pages = [
        path,
        f"{path}?q=%3Cscript%3Ealert(1)%3C/script%3E",
        f"{path}?ticket=%22%3E%3Cscript%3E",
        f"{path}/catch-up",
    ]
    timeline = (await browser.api("GET", f"/api/v1{path}/timeline?limit=3")).json()["items"]
    pages += [f"{path}/items/{one['event_id']}/why?at={one['shown_at']}" for one in timeline]
    pages += [f"{path}/items/{one['event_id']}?at={one['shown_at']}" for one in timeline]
    if number:
        ticket = (await browser.api("GET", f"/api/v1/tickets/{number}")).json()
        done = await browser.api("PATCH", f"/api/v1/tickets/{number}", json={"version": ticket["version"], **tagged})
        assert done.status_code == 200, done.text
        pages.append(f"/tickets/{number}")
    for page in pages:
        for headers in ({}, {"hx-request": "true"}):
            answer = await browser.get(page, headers=headers)
            assert answer.status_code == 200, (page, answer.text[:500])
            assert not LIVE.search(answer.text), (page, LIVE.search(answer.text))


async def test_three_hundred_contacts_are_one_short_column(browser: Browser) -> None:
    await browser.choose()
    pushes = [
        pushed(
            contact=contact(
                f"c-{number}", identifier(), identifier(value=f"a{number}@example.com"), name=f"Ann {number}"
            )
        )
        for number in range(300)
    ]
    done = await browser.api("POST", "/api/v1/interactions/batch", json=pushes)
    customer = done.json()["items"][-1]["customer_id"]
    page = (await browser.get(f"/customers/{customer}")).text
    assert len(page) < 90_000
    assert "300 contacts" in page
    assert "All 301" in page


async def test_long_things_do_not_break_the_page(browser: Browser) -> None:
    await browser.choose()
    name, body = "N" * 10_000, "word " * 20_000
    attributes = {f"attribute_{number}": "v" * 300 for number in range(40)}
    made = await browser.api.push(
        kind="message",
        channel="email",
        body=body,
        contact=contact("c-1", identifier(), name=name, attributes=attributes),
    )
    path = f"/customers/{made['customer_id']}"
    page = (await browser.get(path)).text
    assert len(page) < 60_000
    assert "Show all of it (96999 more characters)" in page
    whole = (await browser.get(f"{path}/items/{made['event_id']}?at=2026-01-05T10:00:00Z")).status_code
    assert whole == 404
    item = (await browser.api("GET", f"/api/v1{path}/timeline")).json()["items"][0]
    whole_page = await browser.get(f"{path}/items/{made['event_id']}?at={item['shown_at']}")
    assert whole_page.text.count("word ") >= 19_999


@pytest.mark.parametrize(
    "query",
    [
        "kind=nonsense",
        "channel=<b>",
        "from=yesterday",
        "to=2026-13-01",
        "as_of=never",
        "at=9999-01-01T00:00",
        "as_of=1000-01-01",
    ],
)
async def test_what_a_filter_cannot_mean_is_refused_in_words(browser: Browser, query: str) -> None:
    await browser.choose()
    made = await browser.api.push()
    answer = await browser.get(f"/customers/{made['customer_id']}?{query}")
    assert answer.status_code == 400
    assert "expected" in answer.text
