"""A mailbox over the API: its passwords go in and never come out, changes keep what was, a test says what is wrong."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar

from app.main import edge_of
from channels import accounts, credentials
from channels.vault import DoesNotOpen, Vault
from tests.app.api.conftest import Api, edge_of_app
from tests.builders import settings
from tests.channels.email.imap_server import PASSWORD, USER, ImapServer, imap_server
from tests.conftest import Database as Cloned

PATH = "/api/v1/channel-accounts"
VAULT = Vault("a secret of tests, long enough")


@pytest.fixture
def app(routed: Litestar, database: Cloned, tmp_path: Path) -> Litestar:
    here = settings(tmp_path, mail_private=True)
    edge_of_app(routed).__dict__.update(vars(edge_of(here, database.app_dsn)))
    return routed


@pytest.fixture
async def there() -> AsyncIterator[ImapServer]:
    async with imap_server() as made:
        yield made


def mailbox(server: ImapServer | None = None, **imap: Any) -> dict[str, Any]:
    said = {"host": "127.0.0.1", "port": server.port if server else 1, "user": USER, "security": "none", **imap}
    return {
        "kind": "email",
        "name": "help",
        "settings": {"address": USER, "imap": said},
        "credentials": {"imap": PASSWORD},
    }


async def make(api: Api, key: str = "", **said: Any) -> dict[str, Any]:
    response = await api("POST", PATH, key, json=said)
    assert response.status_code == 201, response.text
    return response.json()


async def everything(api: Api) -> str:
    """All that the workspace's tables hold, as text."""
    tables = (
        "channel_account",
        "channel_account_change",
        "mailbox_password",
        "mailbox",
        "idempotency_key",
        "quarantine",
    )
    async with api.database.read(api.mine.id) as db:
        rows = [row for table in tables for row in await db.fetch(f"SELECT to_jsonb(t)::text AS row FROM {table} t")]
    return "\n".join(row["row"] for row in rows)


async def test_a_password_goes_in_and_never_comes_out(api: Api, there: ImapServer, capfd: Any) -> None:
    made = await api("POST", PATH, json=mailbox(there), headers={"Idempotency-Key": "once"})
    at = f"{PATH}/{made.json()['id']}"
    answers = [
        made,
        await api("POST", PATH, json=mailbox(there), headers={"Idempotency-Key": "once"}),
        await api("PATCH", at, json={"credentials": {"smtp": PASSWORD}, "settings": {"name": "Help"}}),
        await api("GET", at),
        await api("GET", PATH),
        await api("GET", f"{at}/changes"),
        await api("POST", f"{at}/test"),
        await api("PATCH", at, json={"credentials": {"imap": f"{PASSWORD}\n"}}),
        await api("PATCH", at, json={"credentials": {"pop": PASSWORD}}),
        await api("DELETE", at),
    ]
    assert [one.status_code for one in answers] == [201, 201, 200, 200, 200, 200, 200, 400, 400, 200]
    assert made.content == answers[1].content
    said = "".join(one.text for one in answers) + await everything(api) + "".join(capfd.readouterr())
    for part in (PASSWORD, "battery", PASSWORD.encode().hex(), b"battery".hex()):
        assert part not in said
    doors = [(one["door"], one["set_by"]) for one in answers[3].json()["credentials"]]
    assert doors == [("imap", f"key:{api.mine.ids['admin']}"), ("smtp", f"key:{api.mine.ids['admin']}")]


async def test_a_password_opens_in_its_own_place_alone(api: Api) -> None:
    one, other = [accounts.read_public_id((await make(api, **mailbox()))["id"])[1] for _ in range(2)]

    async def swap(db: Any) -> None:
        await db.execute(
            "UPDATE mailbox_password SET sealed = (SELECT sealed FROM mailbox_password WHERE account_id = $1), "
            "door = 'imap' WHERE account_id = $2",
            one,
            other,
        )

    async with api.database.read(api.mine.id) as db:
        assert await credentials.open_password(db, api.mine.id, one, "imap", VAULT) == PASSWORD
        with pytest.raises(DoesNotOpen):
            await credentials.open_password(db, api.mine.id, one, "imap", Vault("another secret, long enough"))
    await api.database.write(api.mine.id, swap)
    async with api.database.read(api.mine.id) as db:
        with pytest.raises(DoesNotOpen):
            await credentials.open_password(db, api.mine.id, other, "imap", VAULT)
    faults = (await api("GET", f"{PATH}/{accounts.public_id(api.mine.id, other)}")).json()["faults"]
    assert any("does not open" in one for one in faults)


async def test_a_password_goes_to_the_server_that_it_was_given_for_and_to_no_other(api: Api, there: ImapServer) -> None:
    at = f"{PATH}/{(await make(api, **mailbox(there)))['id']}"
    for said in ({"host": "localhost"}, {"host": "evil.example", "security": "tls", "port": 993}):
        refused = await api("PATCH", at, json={"settings": {"imap": said}})
        assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "credentials.imap")
    assert (await api("PATCH", at, json={"settings": {"imap": {"poll_seconds": 30}}})).status_code == 200
    assert (await api("PATCH", at, json={"settings": {"imap": None}})).status_code == 200
    assert (await api("GET", at)).json()["credentials"] == []
    back = {"settings": mailbox(there, host="localhost")["settings"]}
    assert (await api("PATCH", at, json=back)).status_code == 200
    (finding,) = (await api("POST", f"{at}/test")).json()["findings"]
    assert (finding["wrong"], finding["setting"]) == (True, "credentials.imap")
    told = await api("PATCH", at, json={**back, "credentials": {"imap": PASSWORD}})
    assert told.status_code == 200, told.text


async def test_a_change_says_what_stays_and_keeps_what_was(api: Api) -> None:
    made = await make(api, **mailbox())
    at = f"{PATH}/{made['id']}"
    changed = await api(
        "PATCH",
        at,
        json={
            "settings": {"imap": {"host": "imap.example", "poll_seconds": 30}, "signature": "Bye"},
            "credentials": {"imap": PASSWORD},
        },
    )
    assert changed.json()["settings"]["imap"] == {
        **made["settings"]["imap"],
        "host": "imap.example",
        "poll_seconds": 30,
    }
    again = await api("PATCH", at, json={"settings": {"signature": None}, "name": "Help desk", "rate": 5})
    assert (again.json()["settings"]["signature"], again.json()["name"], again.json()["rate"]) == (None, "Help desk", 5)
    assert (await api("PATCH", at, json={"name": "Help desk"})).status_code == 200
    changes = (await api("GET", f"{at}/changes")).json()["items"]
    assert [(one["before"]["name"], one["after"]["name"]) for one in changes] == [
        ("help", "Help desk"),
        ("help", "help"),
    ]
    assert changes[1]["before"]["settings"] == made["settings"]
    assert changes[1]["after"] == changes[0]["before"]
    page = (await api("GET", f"{at}/changes?limit=1")).json()
    rest = (await api("GET", f"{at}/changes?cursor={page['next']}")).json()
    assert [*page["items"], *rest["items"]] == changes


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"settings": {"imap": {"host": None}}}, "settings.imap.host"),
    ({"settings": {"imap": {"password": "p"}}}, "settings.imap.password"),
    ({"settings": {"colour": "red"}}, "settings.colour"),
    ({"settings": {"address": "nobody"}}, "settings.address"),
    ({"name": ""}, "name"),
    ({"credentials": {"pop": "p"}}, "credentials.pop"),
    ({"credentials": {"imap": ""}}, "credentials.imap"),
    ({"kind": "orders"}, "kind"),
]


async def test_what_cannot_be_is_named_and_nothing_is_changed(api: Api) -> None:
    made = await make(api, **mailbox())
    before = await everything(api)
    for said, field in WRONG:
        refused = await api("PATCH", f"{PATH}/{made['id']}", json=said)
        assert refused.status_code == 400, said
        assert field in [one["field"] for one in refused.json()["fields"]], refused.text
    assert await everything(api) == before


async def test_only_mailboxes_have_passwords_and_what_is_disabled_stays_as_it_is(api: Api) -> None:
    refused = await api("POST", PATH, json={"kind": "orders", "name": "shop", "credentials": {"imap": "p"}})
    assert refused.status_code == 400
    assert "credentials.imap" in refused.text
    made = await make(api, **mailbox())
    await api("DELETE", f"{PATH}/{made['id']}")
    assert (await api("PATCH", f"{PATH}/{made['id']}", json={"name": "new"})).status_code == 422


async def test_the_view_and_the_test_say_how_it_stands(api: Api, there: ImapServer) -> None:
    there.put(b"Subject: 1\r\n\r\n1\r\n")
    made = await make(api, **mailbox(there))
    at = f"{PATH}/{made['id']}"
    shown = (await api("GET", at)).json()
    assert (shown["mailbox"], len(shown["credentials"])) == (None, 1)
    tried = (await api("POST", f"{at}/test")).json()
    assert tried["findings"] == [
        {"door": "imap", "wrong": False, "setting": None, "words": "127.0.0.1 opens INBOX: it has 1 mails, 0 are here."}
    ]
    assert tried["faults"] == ["Nobody has looked into its mailbox yet: does a worker run?"]
    await api("PATCH", at, json={"credentials": {"imap": "wrong"}})
    (found,) = (await api("POST", f"{at}/test")).json()["findings"]
    assert (found["wrong"], found["setting"]) == (True, "imap.user")
    assert "refuses to sign" in found["words"]
    assert there.verbs.count("LOGOUT") == 1


async def test_who_may_not_write_changes_and_tries_nothing(api: Api, there: ImapServer) -> None:
    made = await make(api, **mailbox(there))
    for role in ("lead", "auditor", "agent", "integration"):
        for method, path in (("PATCH", ""), ("POST", "/test")):
            refused = await api(method, f"{PATH}/{made['id']}{path}", api.mine.keys[role], json={"name": "new"})
            assert refused.status_code == 403, role
    assert there.verbs == []
