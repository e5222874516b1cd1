"""Raw mails at the door: kept by their bytes, whoever else uses the webhook's id, and no longer than is said."""

import time
from typing import Any

from app.limits import PUSH_BYTES
from channels import signatures
from tests.app.api.conftest import Api
from tests.app.api.test_hooks import HOOKS

MAIL = b"From: Ann <ann@shop.example>\r\nSubject: \xff\x00 caf\xe9\r\n\r\nWhere is my order?\r\n"
AS_MAIL = {"Content-Type": "message/rfc822"}


async def make_mailbox(api: Api, **settings: Any) -> dict[str, Any]:
    said = {"kind": "email", "name": "box", "settings": {"address": "desk@desk.example", **settings}}
    response = await api("POST", "/api/v1/channel-accounts", json=said)
    assert response.status_code == 201, response.text
    return response.json()


def signed(account: dict[str, Any], body: bytes, key: str) -> dict[str, str]:
    at = str(int(time.time()))
    signature = signatures.sign(account["secret"], b".".join((key.encode(), at.encode(), body)))
    return {signatures.ID: key, signatures.TIMESTAMP: at, signatures.SIGNATURE: signature.decode()}


async def post(api: Api, account: dict[str, Any], body: bytes, key: str = "msg_1", **headers: str) -> tuple[int, Any]:
    said = signed(account, body, key) | AS_MAIL | headers
    response = await api.client.post(f"{HOOKS}/{account['id']}", content=body, headers=said)
    return response.status_code, response.json()


async def test_a_mail_is_known_by_its_bytes_and_not_by_the_webhooks_id(api: Api) -> None:
    account = await make_mailbox(api)
    status, first = await post(api, account, MAIL)
    assert (status, first) == (202, {"delivery_id": first["delivery_id"]})
    assert await post(api, account, MAIL, "msg_2") == (200, first)
    status, other = await post(api, account, MAIL + b"PS")
    assert status == 202
    assert other != first
    listed = (await api("GET", "/api/v1/deliveries", params={"account": account["id"]})).json()["items"]
    assert [one["size"] for one in listed] == [len(MAIL) + 2, len(MAIL)]
    assert (await api("GET", "/api/v1/quarantine")).json()["items"] == []


async def test_a_mail_may_be_long_and_nothing_else(api: Api) -> None:
    account, small = await make_mailbox(api), await make_mailbox(api, max_bytes=2_000)
    long = MAIL + b"x" * PUSH_BYTES
    assert (await post(api, account, long))[0] == 202
    for kind in ("application/json", "text/plain", ""):
        status, problem = await post(api, account, long + b"y", **{"Content-Type": kind})
        assert (status, problem["code"]) == (413, "too_large")
    assert (await post(api, small, MAIL))[0] == 202
    status, problem = await post(api, small, MAIL * 30)
    assert (status, problem["code"]) == (413, "too_large")
    shop = (await api("POST", "/api/v1/channel-accounts", json={"kind": "orders", "name": "shop"})).json()
    assert (await post(api, shop, long))[0] == 413


async def test_who_signs_nothing_hands_in_nothing(api: Api) -> None:
    account, other = await make_mailbox(api), await make_mailbox(api)
    status, problem = await post(api, {**account, "secret": other["secret"]}, MAIL)
    assert (status, problem["code"]) == (401, "unauthorized")
    said = signed(account, MAIL, "msg_1") | AS_MAIL
    changed = await api.client.post(f"{HOOKS}/{account['id']}", content=MAIL + b"!", headers=said)
    assert changed.status_code == 401
    assert (await api("GET", "/api/v1/deliveries", params={"account": account["id"]})).json()["items"] == []
