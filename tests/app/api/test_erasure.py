"""An erased person: nothing they said or were called is left, what stays is as it was, and nothing brings them back."""

import asyncio
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from app.auth import workspace_of
from app.db import Db, new_id
from app.embedded import EmbeddedDatabase
from app.erasing import erase_customer, make_good
from app.erasure_log import ErasureLog
from app.store import workspace
from identity.customers import CustomerId, WorkspaceId
from tests.app.api.conftest import Api
from tests.app.api.lives import (
    CUSTOMERS,
    PLANTED,
    desk,
    erase,
    everything,
    holding,
    item,
    live_a_life,
    neighbours,
    rows_that_differ_after_a_rebuild,
    thing,
)
from tests.app.api.test_hooks import deliver, understand
from tests.conftest import Database as Cloned
from tests.conftest import cloned
from timeline import audit
from timeline.audit import Broken
from timeline.pseudonyms import pseudonyms


@pytest.fixture
def database(postgres: EmbeddedDatabase, template: str) -> Iterator[Cloned]:
    """One for each test: what is gone must be nowhere in it."""
    yield from cloned(postgres, template)


async def test_nothing_that_was_said_is_left_in_any_row(api: Api, database: Cloned) -> None:
    life = await live_a_life(api)
    await neighbours(api)
    before = holding(await everything(database.admin_dsn))
    planted = {"contact", "event", "identifier", "idempotency_key", "inbound_delivery", "link_decision", "quarantine"}
    assert planted | {"ticket", "ticket_conversation", "object_state", "object_event"} <= set(before)
    await erase(api, life["customer"])
    assert holding(await everything(database.admin_dsn)) == {}


async def test_tickets_stay_as_they_were_but_for_their_words(api: Api, database: Cloned) -> None:
    life = await live_a_life(api)
    before = await tickets_of(api)
    assert len(before) == 3
    await erase(api, life["customer"])
    after = await tickets_of(api)
    assert [shape for _, shape in after] == [shape for _, shape in before]
    assert all(PLANTED in words for words, _ in before)
    assert [words for words, _ in after] == [""] * len(after)
    assert await rows_that_differ_after_a_rebuild(api) == 0
    assert holding(await everything(database.admin_dsn)) == {}
    for number in (1, 2):
        found = await api("GET", f"{CUSTOMERS}/{life['customer']}/timeline?ticket={number}")
        assert found.json()["items"], "its number answers for ever"


async def tickets_of(api: Api) -> list[tuple[str, Any]]:
    """The words of each ticket, and the rest of it."""
    async with api.database.read(api.mine.id) as db:
        rows = await db.fetch(
            "SELECT t.fold, t.number, ARRAY(SELECT event_id::text FROM ticket_item i WHERE i.ticket_id = t.id "
            "ORDER BY position) AS items FROM ticket t ORDER BY t.number"
        )
    found: list[tuple[str, Any]] = []
    for row in rows:
        fold = msgspec.json.decode(row["fold"])
        words = " ".join([fold.pop("subject", None) or "", *fold.pop("tags", [])])
        for hashed in ("matter", "objects"):
            fold.pop(hashed, None)
        fold.pop("version_base", None)  # whoever saw the words has not seen it without them
        found.append((words, (row["number"], row["items"], fold)))
    return found


async def test_a_redelivery_answers_with_the_first_ids_and_brings_nothing_back(api: Api, database: Cloned) -> None:
    life = await live_a_life(api)
    await erase(api, life["customer"])
    before = await everything(database.admin_dsn)
    again = await api("POST", "/api/v1/interactions", json=life["again"])
    assert (again.status_code, again.json()["customer_id"]) == (200, life["customer"])
    first = await api("POST", "/api/v1/interactions", json={**item(1), "body": f"{PLANTED} says otherwise"})
    assert (first.status_code, first.json()["event_id"]) == (200, life["first"]["event_id"])
    batch = await api("POST", "/api/v1/interactions/batch", json=[item(1), life["again"]])
    assert [one["status"] for one in batch.json()["items"]] == [200, 200]
    assert (await deliver(api, life["account"], life["body"], f"{PLANTED}-msg")).status_code == 200
    assert await understand(api) == 0
    merged = await api(
        "POST",
        f"{CUSTOMERS}/{life['customer']}/merge",
        json={"other": life["other"], "reason": f"both are {PLANTED}"},
        headers={"Idempotency-Key": PLANTED},
    )
    assert (merged.status_code, merged.json()) == (200, {"erased": True})
    assert differing(before, await everything(database.admin_dsn)) <= {"api_key"}


async def test_an_undo_a_rebuild_and_a_replay_bring_nothing_back(api: Api, database: Cloned) -> None:
    life = await live_a_life(api)
    entries = (await api("GET", "/api/v1/quarantine")).json()["items"]
    await erase(api, life["customer"])
    undone = await api("POST", f"{CUSTOMERS}/{life['customer']}/unmerge", json={"decision": life["merge"]})
    assert undone.status_code == 200, undone.text
    for entry in entries:
        replayed = await api("POST", f"/api/v1/quarantine/{entry['id']}/replay")
        assert replayed.status_code == 422, replayed.text
    assert await rows_that_differ_after_a_rebuild(api) == 0
    assert holding(await everything(database.admin_dsn)) == {}
    for customer in (life["customer"], life["other"]):
        profile = (await api("GET", f"{CUSTOMERS}/{customer}")).json()
        assert (profile["name"], profile["identifiers"], profile["possible"]) == (None, [], [])
        assert all(one["erased"] or one["kind"] == "change" for one in profile["timeline"]["items"])


async def test_whoever_writes_again_is_new(api: Api, database: Cloned) -> None:
    life = await live_a_life(api)
    await erase(api, life["customer"])
    came = await api.push(**item(20))
    assert came["customer_id"] not in (life["customer"], life["other"])
    assert came["contact_id"] != life["first"]["contact_id"]
    profile = (await api("GET", f"{CUSTOMERS}/{came['customer_id']}")).json()
    assert (profile["counts"]["events"], profile["possible"]) == (1, [])
    assert profile["tickets"][0]["id"] == came["event_id"], "the old conversation is continued by nobody"
    found = (await api("GET", f"{CUSTOMERS}?identifier=email:{PLANTED}.z-1@example.com")).json()["items"]
    assert [one["id"] for one in found] == [came["customer_id"]]
    await erase(api, came["customer_id"])
    assert holding(await everything(database.admin_dsn)) == {}


async def test_items_placed_on_other_threads_go_there_too(api: Api, database: Cloned) -> None:
    life = await live_a_life(api)
    ben = await neighbours(api)
    mine = await api.push(**item(30, conversation=None, subject=f"{PLANTED} by Ben's phone", object=thing("x")))
    theirs = await api.push(**item(31, key="k-3", conversation=None, subject=f"{PLANTED} is meant"))
    placing = ((mine, ben["customer_id"]), (theirs, life["customer"]))
    for placed, target in placing:
        owner = f"{CUSTOMERS}/{placed['customer_id']}/place"
        said = await api("POST", owner, json={"event": placed["event_id"], "customer": target, "reason": PLANTED})
        assert said.status_code == 200, said.text
    told = await erase(api, life["customer"])
    assert (told["changed"]["placed_here"], told["changed"]["placed_elsewhere"]) == (1, 1)
    assert await rows_that_differ_after_a_rebuild(api) == 0
    left = holding(await everything(database.admin_dsn))
    assert set(left) == {"contact", "identifier"}, "of k-3, who is somebody else"
    await erase(api, theirs["customer_id"])
    assert holding(await everything(database.admin_dsn)) == {}


async def test_others_are_left_byte_for_byte(api: Api, database: Cloned) -> None:
    await neighbours(api)
    await neighbours(api, api.other.keys["admin"])
    before = await everything(database.admin_dsn)
    life = await live_a_life(api)
    await erase(api, life["customer"])
    after = await everything(database.admin_dsn)
    for table, rows in before.items():
        if table not in ("api_key", "ticket_counter"):
            assert set(rows) <= set(after[table]), table


async def test_a_forgotten_place_is_found(api: Api, database: Cloned) -> None:
    """The search above can fail: a name put back anywhere is seen."""
    life = await live_a_life(api)
    await erase(api, life["customer"])
    for statement in (
        'UPDATE contact SET attributes = \'{"street": "Zebulon Street"}\'',
        'UPDATE event SET data = data || \'{"body": "for zebulon"}\'',
        'UPDATE ticket SET fold = fold || \'{"subject": "ZEBULON"}\'',
        "UPDATE quarantine SET raw = 'zebulon'::bytea",
        "INSERT INTO object_state SELECT * FROM (SELECT (o).* FROM (SELECT jsonb_populate_record(o, "
        '\'{"id": "zebulon"}\') AS o FROM object_state o LIMIT 1) AS x) AS y',
    ):
        db = await asyncpg.connect(database.admin_dsn)
        try:
            before = holding(await everything(database.admin_dsn))
            await db.execute(statement)
            assert holding(await everything(database.admin_dsn)) != before, statement
        finally:
            await db.close()


def differing(before: dict[str, list[str]], after: dict[str, list[str]]) -> set[str]:
    return {table for table in before if before[table] != after[table]}


async def test_a_preview_is_what_happens_and_again_nothing_does(api: Api, database: Cloned) -> None:
    life = await live_a_life(api)
    before = await everything(database.admin_dsn)
    preview = await erase(api, life["customer"], query="?preview=true")
    assert differing(before, await everything(database.admin_dsn)) <= {"api_key"}
    assert "erasure_id" not in preview
    done = await erase(api, life["customer"], reason="case 1")
    assert {name: value for name, value in done.items() if name != "erasure_id"} == preview
    before = await everything(database.admin_dsn)
    again = await erase(api, life["customer"], reason="case 2")
    assert again["erasure_id"] == done["erasure_id"]
    assert set(again["changed"].values()) == {0}
    assert differing(before, await everything(database.admin_dsn)) <= {"api_key"}
    profile = (await api("GET", f"{CUSTOMERS}/{life['customer']}")).json()
    (told,) = [one for one in profile["timeline"]["items"] if one["type"] == "CustomerErased"][:1]
    assert told["data"]["erasure"] == done["erasure_id"]


async def test_who_cannot_be_erased(api: Api) -> None:
    life = await live_a_life(api)
    assert (await erase(api, life["other"], 409))["code"] == "absorbed"
    assert (await erase(api, str(new_id()), 404))["code"] == "not_found"
    response = await api("POST", f"{CUSTOMERS}/{life['customer']}/erase", json={"why": "x"})
    assert (response.status_code, response.json()["fields"][0]["field"]) == (400, "why")
    response = await api("POST", f"{CUSTOMERS}/{life['customer']}/erase", json={"reason": "x" * 2001})
    assert (response.status_code, response.json()["fields"][0]["field"]) == (400, "reason")
    held = await api("POST", "/api/v1/holds", json={"customer": life["customer"], "reason": "case 3"})
    for query in ("", "?preview=true"):
        refused = await erase(api, life["customer"], 409, query)
        assert (refused["code"], held.json()["id"] in refused["detail"]) == ("under_hold", True)
    assert (await api("GET", f"{CUSTOMERS}/{life['customer']}")).json()["name"] is not None


async def test_holds_stand_until_they_are_lifted(api: Api) -> None:
    ben = await neighbours(api)
    made = [
        (await api("POST", "/api/v1/holds", json={"customer": ben["customer_id"], "reason": f"case {at}"})).json()
        for at in range(3)
    ]
    page = (await api("GET", "/api/v1/holds?limit=2")).json()
    rest = (await api("GET", f"/api/v1/holds?limit=2&cursor={page['next']}")).json()
    assert [*page["items"], *rest["items"]] == made
    assert rest["next"] is None
    lifted = await api("POST", f"/api/v1/holds/{made[0]['id']}/lift")
    assert (lifted.status_code, lifted.json()["lifted_by"]) == (200, f"key:{api.mine.ids['admin']}")
    assert (await api("POST", f"/api/v1/holds/{made[0]['id']}/lift")).status_code == 409
    assert [one["id"] for one in (await api("GET", "/api/v1/holds")).json()["items"]] == [one["id"] for one in made[1:]]
    assert len((await api("GET", "/api/v1/holds?state=all")).json()["items"]) == 3
    for query, field in (("state=old", "state"), ("cursor=x", "cursor"), ("limit=0", "limit")):
        refused = await api("GET", f"/api/v1/holds?{query}")
        assert (refused.status_code, refused.json()["fields"][0]["field"]) == (400, field)
    refused = await api("POST", "/api/v1/holds", json={"customer": ben["customer_id"], "reason": ""})
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (400, "reason")


async def test_pushes_beside_an_erasure_are_erased_or_somebody_new(api: Api, database: Cloned) -> None:
    first = await api.push(**item(100))
    stop = asyncio.Event()
    answers: list[dict[str, Any]] = []

    async def push_on(start: int) -> None:
        for number in itertools.count(start):
            if stop.is_set():
                return
            response = await api("POST", "/api/v1/interactions", json=item(number))
            assert response.status_code == 201, response.text
            answers.append(response.json())

    pushing = [asyncio.create_task(push_on(1_000 * n)) for n in range(1, 5)]
    await asyncio.sleep(0.5)
    erased = await erase(api, first["customer_id"])
    at = len(answers)
    await asyncio.sleep(0.3)
    stop.set()
    await asyncio.gather(*pushing)
    assert 0 < at < len(answers)
    gone = {UUID(one) for one in erased["contacts"]}
    async with api.database.read(api.mine.id) as db:
        rows = await db.fetch(
            "SELECT contact_id, data ? 'erased' AS erased, type FROM event WHERE type <> 'CustomerErased'"
        )
    assert {(row["contact_id"] in gone) == row["erased"] for row in rows} == {True}
    assert len(rows) == len(answers) + 1
    later = [one for one in answers if UUID(one["contact_id"]) not in gone]
    assert len({one["contact_id"] for one in later}) == 1
    assert await rows_that_differ_after_a_rebuild(api) == 0
    await erase(api, later[0]["customer_id"])
    assert holding(await everything(database.admin_dsn)) == {}


async def test_what_is_on_record_outside_and_not_in_the_database_is_made_good(
    api: Api, database: Cloned, tmp_path: Path
) -> None:
    """A crash between the log's line and the commit: not ready until it is done, with what the line says."""
    life = await live_a_life(api)
    async with api.database.connection() as db:
        row = await workspace(db, api.mine.id)
    mine = workspace_of(row, api.mine.id, pseudonyms("a secret of tests, long enough"))

    async def crash(db: Any) -> None:
        await erase_customer(db, mine, desk(api), CustomerId(UUID(life["customer"])), made, tmp_path)
        raise ConnectionError

    made = new_id()
    with pytest.raises(ConnectionError):
        await api.database.write(api.mine.id, crash)
    assert holding(await everything(database.admin_dsn)) != {}
    assert list(ErasureLog(tmp_path, api.mine.id).read()) == [made]
    ready = await api("GET", "/health/ready", None)
    assert (ready.status_code, ready.json()["checks"]["erasures"]) == (503, False)
    with (tmp_path / "erasures" / f"{api.mine.id}.log").open("ab") as log:
        log.write(b'{"id": "cut sh')
    assert await make_good(api.database, tmp_path, pseudonyms("a secret of tests, long enough")) == 1
    assert await make_good(api.database, tmp_path, pseudonyms("a secret of tests, long enough")) == 0
    assert holding(await everything(database.admin_dsn)) == {}
    assert (await api("GET", "/health/ready", None)).status_code == 200
    assert await rows_that_differ_after_a_rebuild(api) == 0


async def test_no_route_tells_of_them(api: Api) -> None:
    life = await live_a_life(api)
    paths = [
        f"customers/{life['customer']}",
        f"customers/{life['customer']}/timeline?limit=200",
        f"customers/{life['customer']}/identity",
        f"objects?customer={life['customer']}",
        f"objects/order/{PLANTED}-77",
        "customers",
        f"customers?identifier=email:{PLANTED}.z-1@example.com",
        "tickets",
        f"tickets/{life['first']['ticket']['id']}",
        "quarantine",
        "deliveries",
        "changes?limit=200",
        "identity/suggestions",
    ]
    told = [path for path in paths if PLANTED in (await api("GET", f"/api/v1/{path}")).text.lower()]
    assert len(told) > 8
    await erase(api, life["customer"])
    for path in paths:
        response = await api("GET", f"/api/v1/{path}")
        assert PLANTED not in response.text.lower(), path
        assert response.status_code == (404 if path.startswith("objects/") else 200), (path, response.text)
    objects = (await api("GET", f"/api/v1/customers/{life['customer']}")).json()["objects"]
    assert [(one["type"], one["state"]) for one in objects] == [("order", None)] * 2


SEALED = (
    "SELECT (SELECT count(*) FROM event WHERE workspace_id = $1) + (SELECT count(*) FROM link_decision "
    "WHERE workspace_id = $1) + (SELECT count(*) FROM erasure WHERE workspace_id = $1) "
    "= (SELECT coalesce(sum(records), 0) FROM audit_seal WHERE workspace_id = $1)"
)


async def test_the_audit_trail_tells_an_erasure_from_a_forgery(api: Api, database: Cloned) -> None:
    life = await live_a_life(api)
    await seal(api)
    await erase(api, life["customer"])
    await seal(api)
    async with api.database.read(api.mine.id) as db:
        assert await faults(api, db) == []
    for statement in (
        "UPDATE event SET data = data || '{\"ahead\": true}' WHERE data ? 'erased' AND type = 'MessageRecorded'",
        "UPDATE erased_record SET original = sha256(original)",
        "UPDATE erasure SET actor = 'nobody'",
        "UPDATE link_decision SET reason = 'forged' WHERE reason IS NULL",
    ):
        db = await asyncpg.connect(database.admin_dsn)
        try:
            work = db.transaction()
            await work.start()
            await db.execute(f"SET LOCAL session_replication_role = replica; {statement}")
            await db.execute("SELECT set_config('tl.workspace', $1, true)", str(api.mine.id))
            assert await faults(api, db), statement
            await work.rollback()
        finally:
            await db.close()


async def seal(api: Api) -> None:
    """Until nothing is left to seal: other databases of the run's server hold the horizon back now and then."""
    here = WorkspaceId(api.mine.id)
    for _ in range(200):
        while await api.database.write(here, lambda db: audit.seal(db, here, datetime.now(UTC))):
            pass
        async with api.database.read(here) as db:
            if await db.fetchval(SEALED, here):
                return
        await asyncio.sleep(0.05)
    raise AssertionError("not all was sealed")


async def faults(api: Api, db: Db) -> list[Broken]:
    return [one async for one in audit.verify(db, WorkspaceId(api.mine.id)) if isinstance(one, Broken)]
