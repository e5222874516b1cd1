"""A person's export: all that is theirs, nothing of anybody else, whole as JSON and harmless as a page."""

import base64
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from obstore.store import MemoryStore

import app.exporting as exporting
from app.auth import workspace_of
from app.db import new_id
from app.export_files import write_json, write_page
from app.exporting import SECTIONS, open_export
from app.filing import keep
from app.store import workspace
from channels.files import FileStore, FileUse, digest_of, record
from identity.customers import CustomerId
from identity.errors import NotFound
from tests.app.api.conftest import Api
from tests.app.api.test_hooks import deliver, make_account, order, understand
from tests.builders import contact, identifier
from timeline.pseudonyms import pseudonyms

CUSTOMERS = "/api/v1/customers"
MINE, THEIRS = "quenby", "torquil"
"""In everything that is said by or about the one whose export it is, and about somebody else."""


STORE = FileStore(MemoryStore())


async def text(api: Api, customer: str, tenant: UUID | None = None, *, page: bool = False) -> str:
    parts: list[str] = []
    at = tenant or api.mine.id
    async with api.database.connection() as db:
        row = await workspace(db, at)
    known = workspace_of(row, at, pseudonyms("a secret of tests, long enough"))
    async with api.database.read(at) as db:
        export = await open_export(db, known, CustomerId(UUID(customer)), STORE)
        await (write_page if page else write_json)(export, parts.append)
    return "".join(parts)


async def exported(api: Api, customer: str) -> dict[str, Any]:
    return json.loads(await text(api, customer))


async def say(api: Api, who: str, number: int, **fields: Any) -> dict[str, Any]:
    return await api.push(
        source="mail",
        source_id=f"{who}-{number}",
        kind="message",
        channel="email",
        subject=f"{who} {number}",
        body=f"It is {who}, for the {number}. time",
        conversation=f"{who}-thread",
        contact=contact(f"{who}-1", identifier(value=f"{who}@example.com"), name=f"{who.title()} Example"),
        **fields,
    )


async def test_it_has_every_item_object_and_ticket_and_the_api_says_the_same(api: Api) -> None:
    said = [await say(api, MINE, number) for number in range(5)]
    customer = said[0]["customer_id"]
    found = await exported(api, customer)
    assert list(found)[6:] == list(SECTIONS)
    profile = (await api("GET", f"{CUSTOMERS}/{customer}")).json()
    shown = {item["event_id"]: item for item in profile["timeline"]["items"]}
    assert [one["event_id"] for one in found["events"]] == [one["event_id"] for one in said]
    for one in found["events"]:
        assert one.pop("contact")["name"] == "Quenby Example"
        assert one == shown[one["event_id"]]
    (ticket,) = found["tickets"]
    assert ticket["number"] == profile["tickets"][0]["number"]
    assert found["contacts"][0]["identifiers"][0]["raw"] == f"{MINE}@example.com"
    assert found["customer_id"] == customer
    assert found["absorbed"] == []


async def test_it_has_the_files_of_its_events_and_of_no_others(api: Api, tmp_path: Path) -> None:
    customers: dict[str, str] = {}
    for who in (MINE, THEIRS):
        said = await say(api, who, 1)
        customers[who] = said["customer_id"]
        path = tmp_path / who
        path.write_bytes(f"a letter of {who}".encode())
        use = FileUse(
            id=new_id(), ordinal=0, part="attachment", name=f"<{who}>", type="a/b", size=5, sha256=digest_of(path)
        )
        await keep(api.database, STORE, api.mine.id, {use.sha256: path})
        event = UUID(said["event_id"])
        await api.database.write(api.mine.id, lambda db, event=event, use=use: record(db, api.mine.id, event, [use]))
    (file,) = (await exported(api, customers[MINE]))["files"]
    assert (file["name"], base64.b64decode(file["content"])) == (f"<{MINE}>", b"a letter of quenby")
    page = await text(api, customers[MINE], page=True)
    assert f'download="&lt;{MINE}&gt;" href="data:application/octet-stream;base64,{file["content"]}"' in page
    await STORE.delete(api.mine.id, file["sha256"])
    assert (await exported(api, customers[MINE]))["files"][0]["content"] is None


async def test_pages_of_any_length_give_the_same(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where many items bear the same moment, which is where a page may end."""
    for number in range(7):
        await say(api, MINE, number, occurred_at="2026-03-01T12:00:00Z", object={"type": "parcel", "id": str(number)})
    customer = (await say(api, MINE, 8))["customer_id"]
    whole = await exported(api, customer)
    assert len(whole["events"]) == 8
    assert len(whole["objects"]) == 7
    for size in (1, 3):
        monkeypatch.setattr(exporting, "PAGE", size)
        again = await exported(api, customer)
        assert {**again, "exported_at": None} == {**whole, "exported_at": None}


async def test_placed_items_are_where_they_stand_and_nothing_of_others_is_in_it(api: Api) -> None:
    mine = await say(api, MINE, 1)
    gone = await say(api, MINE, 2)
    other = await say(api, THEIRS, 1)
    come = await say(api, THEIRS, 2)
    for event, to in ((gone, other), (come, mine)):
        placed = await api(
            "POST", f"{CUSTOMERS}/{event['customer_id']}/place",
            json={"event": event["event_id"], "customer": to["customer_id"], "reason": "forwarded"},
        )  # fmt: skip
        assert placed.status_code == 200, placed.text
    found = await exported(api, mine["customer_id"])
    ids = {one["event_id"] for one in found["events"] if one["kind"] == "message"}
    assert ids == {mine["event_id"], come["event_id"]}
    for decision in found["decisions"]:
        assert decision["with_others"]
        assert (decision["reason"], decision["evidence"]) == (None, [])
    (placed_here,) = (one for one in found["events"] if one["event_id"] == come["event_id"])
    assert placed_here["contact"] is None
    rest = {**found, "events": [one for one in found["events"] if one is not placed_here]}
    assert THEIRS not in json.dumps(
        {**rest, "tickets": [one for one in rest["tickets"] if one["id"] != come["event_id"]]}
    )
    assert other["contact_id"] not in json.dumps(found["decisions"])


async def test_an_absorbed_id_gives_the_survivor_and_after_an_unmerge_each_has_their_own(api: Api) -> None:
    mine, other = await say(api, MINE, 1), await say(api, THEIRS, 1)
    merged = await api(
        "POST", f"{CUSTOMERS}/{mine['customer_id']}/merge",
        json={"other": other["customer_id"], "reason": f"{THEIRS} is {MINE}"},
    )  # fmt: skip
    one = await exported(api, other["customer_id"])
    assert one["customer_id"] == mine["customer_id"]
    assert one["absorbed"] == [other["customer_id"]]
    assert {e["event_id"] for e in one["events"]} >= {mine["event_id"], other["event_id"]}
    assert one["decisions"][0]["reason"] == f"{THEIRS} is {MINE}"
    await api("POST", f"{CUSTOMERS}/{mine['customer_id']}/unmerge", json={"decision": merged.json()["decision_id"]})
    apart = await exported(api, mine["customer_id"])
    assert apart["customer_id"] == mine["customer_id"]
    assert not any(decision["reason"] for decision in apart["decisions"])
    assert THEIRS not in json.dumps({**apart, "events": [e for e in apart["events"] if e["kind"] != "change"]})


async def test_what_was_delivered_is_in_it_and_of_the_quarantine_what_names_them(api: Api) -> None:
    account = await make_account(api, source="shop.example")
    await deliver(api, account, order(customer={"id": f"{MINE}-1", "name": MINE}), key="m1")
    await deliver(api, account, order(2, customer={"id": f"{THEIRS}-1", "name": THEIRS}), key="t1")
    await understand(api)
    for who in (MINE, THEIRS):
        refused = await api(
            "POST", "/api/v1/interactions",
            json={"source": "shop.example", "source_id": f"bad-{who}", "kind": "nonsense",
                  "contact": {"key": f"{who}-1"}, "body": who},
        )  # fmt: skip
        assert refused.status_code == 400
    lookup = await api("GET", f"{CUSTOMERS}?identifier=account:shop.example:{MINE}-1")
    found = await exported(api, lookup.json()["items"][0]["id"])
    (delivery,) = found["deliveries"]
    assert json.loads(delivery["raw"])["data"]["customer"]["name"] == MINE
    assert delivery["event_ids"] == [found["events"][0]["event_id"]]
    assert THEIRS not in json.dumps(found)


async def test_after_an_erasure_there_are_tombstones(api: Api) -> None:
    said = await say(api, MINE, 1)
    assert (await api("POST", f"{CUSTOMERS}/{said['customer_id']}/erase")).status_code == 200
    found = await exported(api, said["customer_id"])
    assert [one["erased"] for one in found["events"] if one["kind"] == "message"] == [True]
    for page in (False, True):
        assert MINE not in (await text(api, said["customer_id"], page=page)).lower()


async def test_nobody_of_another_workspace_is_found(api: Api) -> None:
    said = await say(api, MINE, 1)
    for customer in (said["customer_id"], str(new_id())):
        with pytest.raises(NotFound):
            await text(api, customer, api.other.id)


class Page(HTMLParser):
    """What a browser would make of it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


async def test_the_page_is_whole_and_nothing_that_was_sent_is_live_in_it(api: Api) -> None:
    evil = '</pre></style><script>alert(1)</script><img src="https://evil.example/x" onerror=x>" onload="x'
    said = await api.push(
        source=f"s{evil}",
        source_id=evil,
        kind="message",
        channel="email",
        subject=evil,
        body=evil,
        conversation=evil,
        data={evil: [evil, {evil: evil}]},
        object={"type": "order", "id": evil, "version": 1, "state": {evil: evil}},
        contact={"key": evil, "name": evil, "identifiers": [], "attributes": {evil[:90]: evil}},
    )
    shown = await text(api, said["customer_id"], page=True)
    page = Page()
    page.feed(shown)
    page.close()
    assert page.open == []
    assert page.tags.isdisjoint({"script", "img", "a", "link", "iframe", "form", "object", "svg"})
    assert page.attributes <= {"lang", "charset", "name", "content", "class", "http-equiv"}
    assert evil in page.text


async def test_an_empty_customer_has_every_section(api: Api) -> None:
    said = await say(api, MINE, 1)
    found = await exported(api, said["customer_id"])
    assert [found[name] for name in ("decisions", "deliveries", "quarantine")] == [[], [], []]
    assert "Nothing." in await text(api, said["customer_id"], page=True)
