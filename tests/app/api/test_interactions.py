"""Pushing: shapes, once for ever, conflicts kept, batches in which a bad item stops no other."""

import asyncio
import json

from tests.app.api.conftest import Api
from tests.builders import contact, identifier, pushed

PUSH = "/api/v1/interactions"
BATCH = "/api/v1/interactions/batch"


async def test_a_push_answers_where_it_went(api: Api) -> None:
    response = await api("POST", PUSH, json=pushed())
    assert response.status_code == 201
    assert set(response.json()) == {"event_id", "contact_id", "customer_id", "ticket"}
    assert response.json()["ticket"] is None
    assert response.headers["content-type"] == "application/json"


async def test_the_same_content_again_answers_with_the_first_ids(api: Api) -> None:
    item = pushed()
    first = await api("POST", PUSH, json=item)
    item["occurred_at"] = item["occurred_at"].replace("+00:00", "Z")
    again = await api("POST", PUSH, json=item)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


async def test_twenty_at_once_are_one(api: Api) -> None:
    item = pushed()
    answers = await asyncio.gather(*(api("POST", PUSH, json=item) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.content for answer in answers}) == 1


async def test_other_content_under_the_same_name_is_refused_and_kept_once(api: Api) -> None:
    item = pushed()
    await api("POST", PUSH, json=item)
    other = {**item, "body": "Two blue shoes"}
    for _ in range(3):
        refused = await api("POST", PUSH, json=other)
        assert refused.status_code == 409
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["code"] == "content_differs"
        assert [fault["field"] for fault in refused.json()["fields"]] == ["body"]
    (entry,) = (await api("GET", "/api/v1/quarantine")).json()["items"]
    assert entry["tries"] == 3
    shown = (await api("GET", f"/api/v1/quarantine/{entry['id']}")).json()
    assert json.loads(shown["raw"]) == other


async def test_what_was_refused_is_replayed_or_discarded(api: Api) -> None:
    item = pushed()
    await api("POST", PUSH, json=item)
    await api("POST", PUSH, json={**item, "body": "other"})
    await api("POST", PUSH, json={**item, "body": "another"})
    first, second = (await api("GET", "/api/v1/quarantine")).json()["items"]
    replayed = (await api("POST", f"/api/v1/quarantine/{first['id']}/replay")).json()
    assert (replayed["state"], replayed["result"]["status"]) == ("waiting", 409)
    discarded = await api("POST", f"/api/v1/quarantine/{second['id']}/discard")
    assert (discarded.status_code, discarded.json()["state"], discarded.json()["size"]) == (200, "discarded", 0)
    again = await api("POST", f"/api/v1/quarantine/{second['id']}/discard")
    assert again.status_code == 422
    shown = (await api("GET", f"/api/v1/quarantine/{second['id']}")).json()
    assert (shown["raw"], shown["encoding"]) == (None, None)


async def test_an_idempotency_key_answers_again_with_the_same_bytes(api: Api) -> None:
    item, said = pushed(), {"Idempotency-Key": "k-1"}
    first = await api("POST", PUSH, json=item, headers=said)
    again = await api("POST", PUSH, json=item, headers=said)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await api("POST", PUSH, json=pushed(), headers=said)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    elsewhere = await api("POST", PUSH, api.mine.keys["agent"], json=pushed(), headers=said)
    assert elsewhere.status_code == 201


async def test_what_was_refused_is_not_kept_under_its_idempotency_key(api: Api) -> None:
    said = {"Idempotency-Key": "k-2"}
    assert (await api("POST", PUSH, json=pushed(kind="nonsense"), headers=said)).status_code == 400
    assert (await api("POST", PUSH, json=pushed(), headers=said)).status_code == 201


async def test_a_batch_answers_item_by_item(api: Api) -> None:
    known = pushed()
    await api("POST", PUSH, json=known)
    items = [
        pushed(),
        {"kind": "message"},
        known,
        {**known, "body": "other"},
        pushed(occurred_at="1969-01-01T00:00:00Z"),
    ]
    response = await api("POST", BATCH, json=items)
    results = response.json()["items"]
    assert response.status_code == 200
    assert [result["index"] for result in results] == [0, 1, 2, 3, 4]
    assert [result["status"] for result in results] == [201, 400, 200, 409, 400]
    assert set(results[0]) == {"index", "status", "event_id", "contact_id", "customer_id", "ticket"}
    assert results[3]["error"]["code"] == "content_differs"
    assert [fault["field"] for fault in results[4]["error"]["fields"]] == ["occurred_at"]


async def test_malformed_items_are_named_and_stop_no_other(api: Api) -> None:
    good = [json.dumps(pushed()).encode() for _ in range(3)]
    deep = b'{"source": ' + b"[" * 5_000 + b"]" * 5_000 + b"}"
    bad = [b'{"source": NaN}', b'{"source": "\\ud800"}', deep, b'{"source": "\xff"}', b'{"a": 01, "b": "],["}']
    body = b"[" + b", ".join([good[0], bad[0], bad[1], good[1], bad[2], bad[3], bad[4], good[2]]) + b"]"
    results = (await api("POST", BATCH, content=body)).json()["items"]
    assert [result["status"] for result in results] == [201, 400, 400, 201, 400, 400, 400, 201]


async def test_ndjson_is_taken_by_type_and_by_sight(api: Api) -> None:
    lines = b"\n".join(json.dumps(pushed()).encode() for _ in range(3)) + b"\n\nnonsense\n"
    for kind in ("application/x-ndjson", "application/octet-stream"):
        response = await api("POST", BATCH, content=lines, headers={"Content-Type": kind})
        assert [result["status"] for result in response.json()["items"]] in ([201, 201, 201, 400], [200, 200, 200, 400])


async def test_a_batch_has_at_most_a_thousand_items(api: Api) -> None:
    before = await api.counts()
    for body in (b"[" + b"1," * 1_000 + b"1]", b"{}\n" * 1_001):
        assert (await api("POST", BATCH, content=body)).status_code == 413
    assert before == await api.counts()
    assert (await api("POST", BATCH, content=b"[]")).json() == {"items": []}
    for body in (b"", b"[", b"[{]", b"7", b"[1,", b"[1,2]]"):
        assert (await api("POST", BATCH, content=body)).status_code == 400, body


async def test_a_large_batch_and_again_under_its_idempotency_key(api: Api) -> None:
    items = [pushed(contact=contact(f"c-{n % 40}", identifier(value=f"c{n % 40}@example.com"))) for n in range(450)]
    said = {"Idempotency-Key": "batch"}
    first = await api("POST", BATCH, json=items, headers=said)
    again = await api("POST", BATCH, json=items, headers=said)
    assert [result["status"] for result in first.json()["items"]] == [201] * 450
    assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
