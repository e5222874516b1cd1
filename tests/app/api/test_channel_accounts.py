"""Channel accounts: a secret that is shown once, two that hold for an overlap, settings that are named where wrong."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from channels import accounts, signatures
from channels.vault import DoesNotOpen, Vault
from tests.app.api.conftest import Api
from tests.app.api.test_hooks import deliver, make_account, order, post
from tests.builders import signed

PATH = "/api/v1/channel-accounts"


async def rows(api: Api, table: str) -> str:
    async with api.database.read(api.mine.id) as db:
        return str([dict(row) for row in await db.fetch(f"SELECT * FROM {table}")])


async def test_an_account_is_shown_whole_and_its_secret_once(api: Api) -> None:
    made = await make_account(api, source="shop.example", proves=["account"], rate=5, settings={"currency": "EUR"})
    secret = made.pop("secret")
    assert made == {
        "id": made["id"],
        "kind": "orders",
        "name": "shop",
        "source": "shop.example",
        "settings": {"currency": "EUR"},
        "proves": ["account"],
        "rate": 5,
        "hint": secret.rstrip("=")[-4:],
        "overlap_until": None,
        "created_at": made["created_at"],
        "created_by": f"key:{api.mine.ids['admin']}",
        "disabled_at": None,
        "disabled_by": None,
        "address": f"http://127.0.0.1/api/v1/hooks/{made['id']}",
    }
    assert (await api("GET", f"{PATH}/{made['id']}")).json() == {**made, "faults": []}
    assert (await api("GET", PATH)).json() == {"items": [made], "next": None}
    disabled = await api("DELETE", f"{PATH}/{made['id']}")
    assert secret not in disabled.text
    for table in ("channel_account", "idempotency_key"):
        assert secret not in await rows(api, table)
        assert secret.removeprefix("whsec_") not in await rows(api, table)


@pytest.mark.parametrize("route", ["make", "rotate", "key"])
async def test_a_secret_answered_again_lay_sealed_in_between(api: Api, route: str) -> None:
    account = await make_account(api)
    path, body, field = {
        "make": (PATH, {"kind": "orders", "name": "shop"}, "secret"),
        "rotate": (f"{PATH}/{account['id']}/secret", {}, "secret"),
        "key": ("/api/v1/keys", {"role": "agent"}, "key"),
    }[route]
    answers = [await api("POST", path, json=body, headers={"Idempotency-Key": "once"}) for _ in range(3)]
    assert len({one.content for one in answers}) == 1
    assert answers[2].headers["Idempotency-Replayed"] == "true"
    secret = answers[0].json()[field]
    async with api.database.read(api.mine.id) as db:
        kept = await db.fetch("SELECT body FROM idempotency_key")
    assert len(kept) == 1
    assert secret.encode() not in kept[0]["body"]

    async def spoil(db: Any) -> None:
        await db.execute("DELETE FROM idempotency_key")
        await db.execute(
            "INSERT INTO idempotency_key SELECT workspace_id, $1, $2, 'other', '\\x00', 200, '\\x00', now() "
            "FROM channel_account LIMIT 1",
            str(api.mine.ids["admin"]),
            f"POST {path}",
        )

    await api.database.write(api.mine.id, spoil)
    assert (await api("POST", path, json=body, headers={"Idempotency-Key": "other"})).status_code == 422


async def test_a_sealed_secret_opens_in_its_own_place_only(api: Api) -> None:
    one, two = await make_account(api), await make_account(api, name="second")

    async def swap(db: Any) -> None:
        await db.execute(
            "UPDATE channel_account SET secrets = (SELECT secrets FROM channel_account WHERE name = 'second')"
        )

    await api.database.write(api.mine.id, swap)
    assert (await post(api, one["id"], order(), signed(two["secret"], order()))).status_code == 401
    assert (await deliver(api, one, order())).status_code == 401
    assert (await deliver(api, two, order())).status_code == 202
    (fault,) = (await api("GET", f"{PATH}/{one['id']}")).json()["faults"]
    assert fault.startswith("Its secret does not open")
    renewed = (await api("POST", f"{PATH}/{one['id']}/secret")).json()
    assert renewed["overlap_until"] is None
    assert (await deliver(api, renewed, order(), "m2")).status_code == 202


def test_a_vault_of_another_secret_opens_nothing() -> None:
    sealed = Vault("one secret, long enough").seal(b"word", b"place")
    for vault, place in (("another, long enough", b"place"), ("one secret, long enough", b"elsewhere")):
        with pytest.raises(DoesNotOpen):
            Vault(vault).open(sealed, place)
    for damaged in (b"", sealed[:-1], sealed + b"x"):
        with pytest.raises(DoesNotOpen):
            Vault("one secret, long enough").open(damaged, b"place")


async def test_two_secrets_hold_until_the_overlap_is_over(api: Api) -> None:
    first = await make_account(api)
    path = f"{PATH}/{first['id']}/secret"
    second = (await api("POST", path, json={"overlap": 60})).json()
    until = datetime.fromisoformat(second["overlap_until"])
    assert timedelta(seconds=50) < until - datetime.now(UTC) <= timedelta(seconds=60)
    assert second["secret"] != first["secret"]
    assert (await deliver(api, first, order(), "a")).status_code == 202
    assert (await deliver(api, second, order(), "b")).status_code == 202

    async def later(db: Any) -> None:
        await db.execute("UPDATE channel_account SET overlap_until = now()")

    await api.database.write(api.mine.id, later)
    assert (await deliver(api, first, order(), "c")).status_code == 401
    assert (await deliver(api, second, order(), "c")).status_code == 202

    third = (await api("POST", path)).json()
    assert (await deliver(api, first, order(), "d")).status_code == 401, "an older one does not come back"
    assert (await deliver(api, second, order(), "d")).status_code == 202
    fourth = (await api("POST", path, json={"overlap": 0})).json()
    assert fourth["overlap_until"] is None
    assert (await deliver(api, third, order(), "e")).status_code == 401
    assert (await deliver(api, fourth, order(), "e")).status_code == 202


async def test_a_sender_may_bring_its_own_secret(api: Api) -> None:
    secret = signatures.new_secret()
    made = await make_account(api, secret=secret)
    assert made["secret"] == secret
    other = signatures.new_secret()
    assert (await api("POST", f"{PATH}/{made['id']}/secret", json={"secret": other})).json()["secret"] == other
    assert (await deliver(api, {**made, "secret": other}, order())).status_code == 202


async def test_disabled_takes_nothing_in_until_it_is_enabled_with_the_secret_of_before(api: Api) -> None:
    made = await make_account(api)
    path, by = f"{PATH}/{made['id']}", f"key:{api.mine.ids['admin']}"
    first = (await api("DELETE", path)).json()
    assert first["disabled_by"] == by
    assert (await api("DELETE", path)).json() == first
    assert (await deliver(api, made, order())).status_code == 401
    rotated = await api("POST", f"{path}/secret")
    assert (rotated.status_code, rotated.json()["code"]) == (422, "impossible")
    (fault,) = (await api("GET", path)).json()["faults"]
    assert fault.startswith("It was disabled on ")

    once = {"Idempotency-Key": "once"}
    shown = {name: value for name, value in made.items() if name != "secret"}
    back = [await api("POST", f"{path}/enable", headers=once) for _ in range(2)]
    assert [(one.status_code, one.json()) for one in back] == [(200, shown)] * 2
    assert back[1].headers["Idempotency-Replayed"] == "true"
    assert (await api("POST", f"{path}/enable")).json() == shown, "one that is on stays on"
    assert (await deliver(api, made, order())).status_code == 202
    assert (await api("GET", path)).json()["faults"] == []
    changes = (await api("GET", f"{path}/changes")).json()["items"]
    assert [(one["before"], one["after"], one["changed_by"]) for one in changes] == [
        ({"disabled": True}, {"disabled": False}, by),
        ({"disabled": False}, {"disabled": True}, by),
    ]


async def test_what_an_account_may_not_be(api: Api) -> None:
    for fields, field in (
        ({"kind": "pigeon"}, "kind"),
        ({"kind": 5}, "kind"),
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"name": "a\tb"}, "name"),
        ({"source": "desk"}, "source"),
        ({"source": "a\0b"}, "source"),
        ({"source": ""}, "source"),
        ({"proves": ["passport"]}, "proves[0]"),
        ({"rate": -1}, "rate"),
        ({"settings": {"currency": "euro"}}, "settings.currency"),
        ({"settings": {"currency": 5}}, "settings.currency"),
        ({"settings": {"colour": "red"}}, "settings.colour"),
        ({"settings": []}, "settings"),
        ({"secret": "whsec_short"}, "secret"),
        ({"surprise": 1}, "surprise"),
    ):
        response = await api("POST", PATH, json={"kind": "orders", "name": "shop", **fields})
        assert response.status_code == 400, (fields, response.text)
        assert response.json()["fields"][0]["field"] == field, response.text
    assert (await api("GET", PATH)).json()["items"] == []
    made = await make_account(api)
    for body, field in (({"overlap": -1}, "overlap"), ({"overlap": 10**9}, "overlap"), ({"secret": "x"}, "secret")):
        response = await api("POST", f"{PATH}/{made['id']}/secret", json=body)
        assert (response.status_code, response.json()["fields"][0]["field"]) == (400, field)
    assert (await deliver(api, made, order())).status_code == 202


async def test_what_an_account_does_not_prove_is_only_claimed(api: Api) -> None:
    made = await make_account(api)
    assert made["proves"] == ["account", "email", "phone"]
    assert (await make_account(api, name="form", proves=[]))["proves"] == []


async def test_accounts_are_listed_page_by_page(api: Api) -> None:
    made = [await make_account(api, name=f"shop {number}") for number in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await api("GET", f"{PATH}?limit=2{cursor}")).json()
        seen += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [one["id"] for one in made]


async def test_leads_and_auditors_read_and_only_admins_write(api: Api) -> None:
    made = await make_account(api)
    for role in ("lead", "auditor", "agent", "integration"):
        key = api.mine.keys[role]
        reads = 200 if role in ("lead", "auditor") else 403
        assert (await api("GET", PATH, key)).status_code == reads
        assert (await api("GET", f"{PATH}/{made['id']}", key)).status_code == reads
        for method, path in (
            ("POST", PATH),
            ("DELETE", f"{PATH}/{made['id']}"),
            ("POST", f"{PATH}/{made['id']}/secret"),
            ("POST", f"{PATH}/{made['id']}/enable"),
        ):
            assert (await api(method, path, key, json={"kind": "orders", "name": "x"})).status_code == 403


async def test_a_foreign_account_is_nobodys_by_any_verb(api: Api) -> None:
    await make_account(api)
    theirs = await make_account(api, api.other.keys["admin"])
    ids = [
        theirs["id"],
        accounts.public_id(api.mine.id, uuid4()),
        accounts.public_id(api.mine.id, accounts.read_public_id(theirs["id"])[1]),
        str(uuid4()),
        "x",
    ]
    answers = set()
    for account in ids:
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/secret")):
            response = await api(method, f"{PATH}/{account}{path}")
            answers.add((response.status_code, response.content))
    assert len(answers) == 1
    assert answers.pop()[0] == 404
    assert (await deliver(api, theirs, order())).status_code == 202
