"""Keys: shown once, hashed, limited, revoked with the next request."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.app.api.conftest import Api
from tests.builders import contact, identifier, pushed


async def _make(api: Api, **fields: object) -> dict[str, Any]:
    response = await api("POST", "/api/v1/keys", json={"name": "shop", "role": "integration", **fields})
    assert response.status_code == 201, response.text
    return response.json()


async def test_a_key_is_shown_once_and_kept_as_a_hash(api: Api) -> None:
    made = await _make(api)
    assert made["key"].startswith(f"tl_{api.mine.id.hex}_")
    shown = (await api("GET", f"/api/v1/keys/{made['id']}")).json()
    assert "key" not in shown
    assert shown["hint"] == made["key"][-4:]
    listed = await api("GET", "/api/v1/keys")
    assert made["key"] not in listed.text
    async with api.database.read(api.mine.id) as db:
        rows = await db.fetch("SELECT * FROM api_key")
    assert made["key"] not in str([dict(row) for row in rows])


async def test_a_revoked_key_is_gone_with_the_next_request(api: Api) -> None:
    made = await _make(api)
    assert (await api("GET", "/api/v1/customers", made["key"])).status_code == 200
    revoked = await api("DELETE", f"/api/v1/keys/{made['id']}")
    assert revoked.json()["revoked_at"] is not None
    for method, path, body in (
        ("GET", "/api/v1/customers", None),
        ("POST", "/api/v1/interactions", pushed()),
        ("POST", "/api/v1/interactions", {"malformed": True}),
        ("POST", "/api/v1/keys", {}),
        ("GET", "/api/v1/customers/nobody", None),
        ("POST", "/api/v1/interactions/batch", []),
    ):
        assert (await api(method, path, made["key"], json=body)).status_code == 401, (method, path, body)
    again = await api("DELETE", f"/api/v1/keys/{made['id']}")
    assert again.json()["revoked_at"] == revoked.json()["revoked_at"]


async def test_a_key_revoked_behind_the_servers_back_is_gone_too(api: Api) -> None:
    made = await _make(api)
    assert (await api("GET", "/api/v1/customers", made["key"])).status_code == 200

    async def expire(db) -> None:
        await db.execute("UPDATE api_key SET expires_at = now() WHERE id = $1", made["id"])

    await api.database.write(api.mine.id, expire)
    assert (await api("GET", "/api/v1/customers", made["key"])).status_code == 401
    assert (await api("POST", "/api/v1/interactions", made["key"], json=pushed())).status_code == 401


async def test_what_a_key_does_not_prove_is_only_claimed(api: Api) -> None:
    made = await _make(api, proves=["account"])
    item = {"contact": contact("z", identifier("email", "zoe@example.com"), identifier("account", "z1", scope="shop"))}
    customer = (await api.push(made["key"], **item))["customer_id"]
    held = (await api("GET", f"/api/v1/customers/{customer}")).json()["identifiers"]
    assert {one["kind"]: one["verified"] for one in held} == {"email": False, "account": True}


async def test_a_key_has_its_rate(api: Api) -> None:
    made = await _make(api, rate=3)
    answers = [await api("GET", "/api/v1/customers", made["key"]) for _ in range(6)]
    assert [answer.status_code for answer in answers][:3] == [200, 200, 200]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert int(refused[0].headers["Retry-After"]) >= 1
    assert refused[0].json()["code"] == "rate_limited"
    assert (await api("GET", "/api/v1/customers")).status_code == 200


async def test_what_a_new_key_may_not_be(api: Api) -> None:
    past, future = datetime.now(UTC) - timedelta(1), datetime.now(UTC) + timedelta(1)
    for fields, field in (
        ({"role": "owner"}, "role"),
        ({"proves": ["passport"]}, "proves[0]"),
        ({"rate": -1}, "rate"),
        ({"expires_at": past.isoformat()}, "expires_at"),
        ({"expires_at": "2030-01-01T00:00:00"}, "expires_at"),
        ({"name": ""}, "name"),
        ({"surprise": 1}, "surprise"),
    ):
        response = await api("POST", "/api/v1/keys", json={"name": "x", "role": "agent", **fields})
        assert response.status_code == 400
        assert response.json()["fields"][0]["field"] == field, response.text
    assert (await _make(api, expires_at=future.isoformat()))["expires_at"].endswith("Z")


async def test_when_a_key_was_used_is_written_outside_of_requests(api: Api, app) -> None:
    await api("GET", "/api/v1/customers", api.mine.keys["lead"])
    path = f"/api/v1/keys/{api.mine.ids['lead']}"
    assert (await api("GET", path)).json()["last_used_at"] is None
    await app.state.edge.doorkeeper.write_uses()
    assert (await api("GET", path)).json()["last_used_at"] is not None
