"""What a webhook may not be: an address of a private network in any spelling, an unknown type; always a 4xx that names
the field, and nothing kept."""

import json
from typing import Any

import pytest

from tests.app.api.conftest import Api
from tests.channels.webhooks.test_addresses import PRIVATE

HOOKS = "/api/v1/webhooks"
GOOD: dict[str, Any] = {"url": "https://8.8.8.8/hook", "events": ["ticket.*"]}


async def test_an_address_of_a_private_network_in_any_spelling(api: Api) -> None:
    hook = (await api("POST", HOOKS, json=GOOD)).json()
    before = await api.counts()
    for host in PRIVATE:
        for method, path, body in (
            ("POST", HOOKS, {**GOOD, "url": f"https://{host}/hook"}),
            ("PATCH", f"{HOOKS}/{hook['id']}", {"url": f"https://{host}:8443/"}),
        ):
            response = await api(method, path, json=body)
            assert response.status_code == 400, (host, response.text)
            assert [fault["field"] for fault in response.json()["fields"]] == ["url"], host
    assert await api.counts() == before
    assert (await api("GET", f"{HOOKS}/{hook['id']}")).json()["url"] == GOOD["url"]


async def test_a_name_that_leads_to_a_private_network(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    leads: list[str] = []
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(2, 1, 6, "", (answer, 443)) for answer in leads])
    for answers in (["127.0.0.1"], ["93.184.215.14", "10.0.0.1"], ["::ffff:10.0.0.1"], ["169.254.169.254"], ["::1"]):
        leads[:] = answers
        response = await api("POST", HOOKS, json={**GOOD, "url": "https://hooks.example.com/"})
        assert (response.status_code, response.json()["fields"][0]["field"]) == (400, "url")


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"url": "http://example.com/"}, "url"),
    ({"url": "https://me:secret@example.com/"}, "url"),
    ({"url": "https://example.com/" + "x" * 3_000}, "url"),
    ({"url": 7}, "url"),
    ({"url": None}, "url"),
    ({"events": []}, "events"),
    ({"events": ["ticket.*", "tickets"]}, "events[1]"),
    ({"events": ["*"] * 101}, "events"),
    ({"events": "*"}, "events"),
    ({"content": "everything"}, "content"),
    ({"description": "x" * 201}, "description"),
    ({"description": "a\x00b"}, "description"),
    ({"enabled": "yes"}, "enabled"),
    ({"secret": "whsec_mine"}, "secret"),
]


async def test_fields_that_cannot_be(api: Api) -> None:
    before = await api.counts()
    for fields, named in FAULTS:
        response = await api("POST", HOOKS, content=json.dumps({**GOOD, **fields}).encode())
        assert response.status_code == 400, response.text
        assert any(fault["field"].startswith(named) for fault in response.json()["fields"]), (named, response.text)
    assert await api.counts() == before
