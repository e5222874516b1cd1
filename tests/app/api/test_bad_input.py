"""Whatever is thrown at it: a 4xx that names the field, nothing stored, never a 500."""

import json
import time
from typing import Any

import pytest

from tests.app.api.conftest import Api
from tests.builders import contact, identifier, pushed

PUSH = "/api/v1/interactions"
FIELDS = ("source", "source_id", "kind", "channel", "direction", "conversation")
NASTY = ("\x00", "a\x00b", "\x1b[31m", "\r\nX-Evil: 1")
CURIOUS = (
    "'; DROP TABLE event; --",
    "${jndi:ldap://x}",
    "<script>alert(1)</script>",
    "\u202e\u2066",
    "😀" * 50,
    "%00",
    "{{7*7}}",
)


async def _refused(api: Api, body: Any, field: str | None) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = await api("POST", PUSH, content=content)
    assert 400 <= response.status_code < 500, response.text
    assert response.headers["content-type"] == "application/problem+json"
    if field is not None:
        assert any(fault["field"].startswith(field) for fault in response.json()["fields"]), response.text


@pytest.mark.parametrize("field", FIELDS)
async def test_control_characters_in_names(api: Api, field: str) -> None:
    before = await api.counts()
    for nasty in NASTY:
        await _refused(api, pushed(**{field: nasty}), field)
    for other in (7, [], {}, True, "", "x" * 5_000):
        await _refused(api, pushed(**{field: other}), field)
    assert await api.counts() == before


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"body": "\x00"}, "body"),
        ({"subject": "a\x00"}, "subject"),
        ({"data": {"a": {"b": ["\x00"]}}}, "data"),
        ({"data": {"\x00": 1}}, "data"),
        ({"data": {"n": 2**63}}, "data"),
        ({"data": {"n": -(2**70)}}, "data"),
        ({"data": [1]}, "data"),
        ({"object": {"type": "order", "id": "\x00"}}, "object"),
        ({"object": {"type": "order", "id": "1", "version": 2**64}}, "object"),
        ({"occurred_at": "0000-01-01T00:00:00Z"}, "occurred_at"),
        ({"occurred_at": "10000-01-01T00:00:00Z"}, "occurred_at"),
        ({"occurred_at": "2026-01-01T00:00:00"}, "occurred_at"),
        ({"occurred_at": "2026-02-30T00:00:00Z"}, "occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at"),
        ({"occurred_at": "9999-12-31T23:59:59-14:00"}, "occurred_at"),
        ({"occurred_at": 1767225600}, "occurred_at"),
        ({"contact": contact("\x00")}, "contact"),
        ({"contact": contact("c", *[identifier(value=f"{n}@x.org") for n in range(10_000)])}, "contact"),
        ({"contact": contact("c", {"kind": "passport", "value": "1"})}, "contact"),
        ({"contact": contact("c", {"kind": "email"})}, "contact"),
        ({"contact": contact("c", name="\x00")}, "contact"),
        ({"contact": contact("c", attributes={"a": 1})}, "contact"),
        ({"contact": contact("c", attributes={"a": "\x00"})}, "contact"),
        ({"contact": contact("c", identifier(scope="\x00", kind="account", value="x"))}, "contact"),
        ({"contact": contact("c", identifier(value="\x00"))}, "contact"),
        ({"surprise": 1}, "surprise"),
        ({"kind": "change"}, "kind"),
        ({"channel": "nonsense"}, "channel"),
    ],
)
async def test_values_that_cannot_be(api: Api, fields: dict[str, Any], named: str) -> None:
    before = await api.counts()
    await _refused(api, pushed(**fields), named)
    assert await api.counts() == before


async def test_what_is_no_json(api: Api) -> None:
    before = await api.counts()
    good = json.dumps(pushed(body="MARK")).encode()
    for raw, field in (
        (b"", None),
        (b"nonsense", None),
        (b"[]", None),
        (b"null", None),
        (good[:-1], None),
        (good + b"x", None),
        (b"\xef\xbb\xbf" + good, None),
        (good.replace(b"MARK", b"\xff\xfe"), None),
        (good.replace(b"MARK", b"\\ud800"), "body"),
        (good.replace(b'"MARK"', b"NaN"), "body"),
        (good.replace(b'"MARK"', b"Infinity"), "body"),
        (good.replace(b'"MARK"', b"1" * 5_000), None),
        (good.replace(b'"MARK"', b"1e999"), None),
        (good.replace(b'"MARK"', b"[" * 100_000), None),
        (good.replace(b'"body": "MARK"', b'"data": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000), None),
    ):
        await _refused(api, raw, field)
    assert await api.counts() == before


async def test_curious_text_is_kept_as_it_came(api: Api) -> None:
    for text in CURIOUS:
        customer = (await api.push(body=text, subject=text, conversation="c", data={"t": text, text: 1}))["customer_id"]
        item = (await api("GET", f"/api/v1/customers/{customer}/timeline?limit=200")).json()["items"]
        assert any(one["body"] == one["subject"] == one["data"]["t"] == text for one in item)


async def test_too_much_is_refused_at_once(api: Api) -> None:
    before = await api.counts()
    for path, size in ((PUSH, 10_000_000), ("/api/v1/keys", 70_000), (f"{PUSH}/batch", 17_000_000)):
        started = time.monotonic()
        response = await api("POST", path, content=b"[" + b" " * size)
        assert (response.status_code, response.json()["code"]) == (413, "too_large")
        assert time.monotonic() - started < 1
    assert await api.counts() == before


@pytest.mark.parametrize(
    "text", ["x", "0" * 36, "%00", "%2e%2e%2f", "a%2Fb", "%ff", "'; --", "{01a1fdda}", "x" * 3_000]
)
async def test_malformed_ids_are_nobodys(api: Api, text: str) -> None:
    expected = await api("GET", "/api/v1/nowhere")
    for path in (f"/api/v1/customers/{text}", f"/api/v1/customers/{text}/timeline", f"/api/v1/keys/{text}"):
        response = await api("GET", path)
        assert (response.status_code, response.content) == (404, expected.content)
    assert (await api("DELETE", f"/api/v1/keys/{text}")).content == expected.content
    assert (await api("POST", f"/api/v1/customers/{text}/merge", json={"other": text})).content == expected.content


async def test_request_ids_are_sane_and_never_in_the_body(api: Api) -> None:
    assert (await api("GET", "/api/v1/customers", headers={"X-Request-ID": "abc-12345678"})).headers[
        "X-Request-ID"
    ] == "abc-12345678"
    for said in ("short", "x" * 200, "with blank", "<script>x</script>"):
        response = await api("GET", "/api/v1/nowhere", headers={"X-Request-ID": said})
        assert response.headers["X-Request-ID"] != said
        assert response.headers["X-Request-ID"] not in response.text


async def test_idempotency_keys_that_cannot_be(api: Api) -> None:
    for said in ("", "x" * 256, "t\tb"):
        response = await api("POST", PUSH, json=pushed(), headers={"Idempotency-Key": said})
        assert (response.status_code, response.json()["fields"][0]["field"]) == (400, "Idempotency-Key")
