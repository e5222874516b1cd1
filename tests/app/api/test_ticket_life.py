"""A ticket's life over HTTP: laid aside, ended with what came of it, confirmed or not, by hand and by link."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from app.confirming import Confirmation, seal
from app.db import new_id
from app.rebuilding import announce_closed, rebuild_all
from identity.customers import WorkspaceId
from tests.app.api.asking import PATH, asks, opened, patched, ticket_of
from tests.app.api.conftest import Api
from tests.app.api.test_ticket_types import DESK, RETURN, TYPES, set_up
from tests.builders import settings
from timeline import closing
from timeline.tickets.ticket import TicketId

OURS = {"key": "refunded", "name": "Refunded"}
NOTE = {"key": "note", "name": "Note", "kind": "text"}


async def post(api: Api, ticket: Any, what: str, key: str | None = "", **asked: Any) -> Any:
    return await api("POST", f"{PATH}/{ticket['id']}/{what}", key, json=asked)


async def events_of(api: Api, ticket: Any) -> list[str]:
    told = (await api("GET", f"{PATH}/{ticket['id']}/timeline")).json()["items"]
    return [one["type"] for one in reversed(told)]


# -- laying aside ----------------------------------------------------------------------------------------------------


async def test_a_ticket_is_laid_aside_until_its_customer_writes(api: Api) -> None:
    ticket = await opened(api)
    laid = (await post(api, ticket, "snooze", until=None, note="waiting for the part")).json()
    assert (laid["status"], laid["snoozed"], laid["snoozed_until"]) == ("new", True, None)
    again = (await post(api, ticket, "snooze", until=None)).json()
    assert again["version"] == laid["version"]
    await asks(api, minutes=5)
    assert (await ticket_of(api, ticket["id"]))["snoozed"] is False


async def test_its_time_is_announced_once_and_never_early(api: Api) -> None:
    ticket = await opened(api)
    until = datetime.now(UTC) + timedelta(hours=3)
    laid = (await post(api, ticket, "snooze", until=until.isoformat())).json()
    assert datetime.fromisoformat(laid["snoozed_until"]) == until

    meant = TicketId(UUID(ticket["id"]))

    async def announced(at: datetime) -> bool:
        return await api.database.write(
            api.mine.id, lambda db: closing.announce(db, WorkspaceId(api.mine.id), meant, new_id=new_id, now=at)
        )

    assert await announce_closed(api.database, WorkspaceId(api.mine.id)) == 0
    assert not await announced(until - timedelta(seconds=1))
    assert [await announced(until), await announced(until)] == [True, False]
    shown = await ticket_of(api, ticket["id"])
    assert (shown["snoozed"], shown["snoozed_until"], shown["status"]) == (False, None, "new")
    assert (await events_of(api, ticket))[-2:] == ["TicketSnoozed", "TicketAwoke"]


async def test_somebody_fetches_it_and_an_ended_one_is_not_laid_aside(api: Api) -> None:
    ticket = await opened(api)
    await post(api, ticket, "snooze", until=None)
    fetched = (await post(api, ticket, "wake")).json()
    assert fetched["snoozed"] is False
    assert (await post(api, ticket, "wake")).json()["version"] == fetched["version"]
    await patched(api, ticket["id"], status="resolved")
    for until, status in ((None, 422), ("2020-01-01T00:00:00Z", 422), ("2026-01-01T00:00:00", 400), ("soon", 400)):
        refused = await post(api, ticket, "snooze", until=until)
        assert (refused.status_code, refused.json()["fields"][0]["field"]) == (status, "until")
    assert (await post(api, ticket, "snooze", until=None, version=1)).status_code == 412


# -- ending ----------------------------------------------------------------------------------------------------------


async def test_an_end_needs_what_the_desk_asks_for(api: Api) -> None:
    await set_up(api, **DESK, dispositions=[OURS], disposition_required=True)
    ticket = await opened(api)
    await patched(api, ticket["id"], type="return")
    for asked, field in (
        ({"status": "resolved"}, "disposition"),
        ({"status": "resolved", "disposition": "lost"}, "disposition"),
        ({"status": "open", "disposition": "refunded"}, "disposition"),
        ({"status": "resolved", "disposition": "refunded"}, "fields.reason"),
        ({"status": "pending", "waiting": "third_party"}, "waiting"),
    ):
        version = (await ticket_of(api, ticket["id"]))["version"]
        refused = await api("PATCH", f"{PATH}/{ticket['id']}", json={"version": version, **asked})
        assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, field)
    alone = await api("PATCH", f"{PATH}/{ticket['id']}", json={"version": 2, "disposition": "refunded"})
    assert (alone.status_code, alone.json()["fields"][0]["field"]) == (400, "disposition")
    ended = await patched(api, ticket["id"], status="resolved", disposition="refunded", fields={"reason": "late"})
    assert (ended["status"], ended["disposition"]) == ("resolved", "refunded")
    assert (await patched(api, ticket["id"], status="open"))["disposition"] is None
    assert (await api("GET", TYPES)).json()["disposition_required"] is True


async def test_who_is_waited_for_and_since_when(api: Api) -> None:
    call = await asks(api, kind="call", channel="voice", data={"answered_by": "kim"})
    shown = await ticket_of(api, call["ticket"]["id"])
    assert shown["waiting"] == "us"
    assert shown["first_reply_at"] == shown["first_customer_at"] == shown["last_agent_at"] == shown["waiting_since"]
    replied = await api("POST", f"{PATH}/{shown['id']}/replies", json={"body": "Here it is."})
    after = replied.json()["ticket"]
    assert (after["waiting"], after["first_reply_at"]) == ("customer", shown["first_reply_at"])
    assert after["last_agent_at"] == after["waiting_since"] > shown["last_agent_at"]
    held = await patched(api, shown["id"], status="on_hold", waiting="third_party")
    assert held["waiting"] == "third_party"
    assert (await patched(api, shown["id"], status="open"))["waiting"] == "us"


# -- silence ---------------------------------------------------------------------------------------------------------


async def test_silence_resolves_a_day_after_one_reminder(api: Api) -> None:
    words = "About {number}{subject}?"
    policy = {"resolves": {"pending_after": "2 days", "reminder_before": "1 day", "reminder": words}}
    assert (await api("POST", "/api/v1/ticket-policies", json={"policy": policy})).status_code == 201
    ticket = await opened(api, subject="Shoes")
    said = await api("POST", f"{PATH}/{ticket['id']}/replies", json={"body": "Here they are."})
    resolves = datetime.fromisoformat(said.json()["ticket"]["resolves_at"])

    meant = TicketId(UUID(ticket["id"]))

    async def announced(at: datetime) -> bool:
        return await api.database.write(
            api.mine.id, lambda db: closing.announce(db, WorkspaceId(api.mine.id), meant, new_id=new_id, now=at)
        )

    reminds = resolves - timedelta(days=1)
    assert not await announced(reminds - timedelta(seconds=1))
    assert [await announced(reminds), await announced(reminds)] == [True, False]
    told = (await api("GET", f"{PATH}/{ticket['id']}/timeline?kind=message")).json()["items"][0]
    said_so = f"About {ticket['number']}?"  # by mail: no word of a stranger's
    assert (told["body"], told["direction"], told["actor"]) == (said_so, "outbound", "policy:1")
    assert datetime.fromisoformat((await ticket_of(api, ticket["id"]))["resolves_at"]) == resolves
    assert not await announced(resolves - timedelta(seconds=1))
    assert [await announced(resolves), await announced(resolves)] == [True, False]
    shown = await ticket_of(api, ticket["id"])
    assert (shown["status"], datetime.fromisoformat(shown["resolved_at"])) == ("resolved", resolves)
    assert (await events_of(api, ticket))[-3:] == ["TicketReminded", "MessageRecorded", "TicketResolved"]


@pytest.mark.parametrize(
    ("resolves", "field"),
    [
        ({"pending_after": "1 day", "reminder_before": "1 day"}, "policy.resolves.reminder_before"),
        ({"reminder_before": "1 day"}, "policy.resolves.reminder_before"),
        ({"pending_after": "soon"}, "policy.resolves.pending_after"),
        ({"reminder": " "}, "policy.resolves.reminder"),
    ],
)
async def test_a_typo_about_silence_is_named(api: Api, resolves: dict[str, Any], field: str) -> None:
    refused = await api("POST", "/api/v1/ticket-policies", json={"policy": {"resolves": resolves}})
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (400, field)


# -- confirming ------------------------------------------------------------------------------------------------------


async def test_the_customer_says_yes_or_no(api: Api) -> None:
    ticket = await opened(api)
    early = await post(api, ticket, "confirmation", confirmed=True)
    assert (early.status_code, early.json()["fields"][0]["field"]) == (422, "confirmed")
    await patched(api, ticket["id"], status="resolved")
    no = (await post(api, ticket, "confirmation", confirmed=False, comment="Still broken.")).json()
    assert (no["status"], no["confirmed"], no["reopened"], no["waiting"]) == ("open", False, 1, "us")
    await patched(api, ticket["id"], status="resolved")
    yes = (await post(api, ticket, "confirmation", confirmed=True)).json()
    assert (yes["status"], yes["confirmed"]) == ("closed", True)
    assert (await post(api, ticket, "confirmation", confirmed=True)).json()["version"] == yes["version"]
    for role in ("integration", "auditor"):
        assert (await post(api, ticket, "confirmation", api.mine.keys[role], confirmed=True)).status_code == 403
    assert (await post(api, ticket, "confirmation", api.other.keys["admin"], confirmed=True)).status_code == 404


async def test_a_link_is_good_for_one_answer_to_one_resolution(api: Api) -> None:
    ticket = await opened(api, subject="Shoes")
    assert (await api("GET", f"{PATH}/{ticket['id']}/confirmation")).status_code == 422
    await patched(api, ticket["id"], status="resolved")
    link = (await api("GET", f"{PATH}/{ticket['id']}/confirmation")).json()["path"]
    before = await api.counts()
    for _ in range(2):
        seen = await api("GET", link, None)
        assert (seen.json()["subject"], seen.json()["status"]) == ("Shoes", "resolved")
    assert await api.counts() == before
    no = await api("POST", link, None, json={"confirmed": False})
    assert (no.status_code, no.json()["status"]) == (200, "open")
    await patched(api, ticket["id"], status="resolved")
    used = await api("POST", link, None, json={"confirmed": True})
    assert used.status_code == 404
    assert (await ticket_of(api, ticket["id"]))["status"] == "resolved"
    newer = (await api("GET", f"{PATH}/{ticket['id']}/confirmation")).json()["path"]
    assert (await api("POST", newer, None, json={"confirmed": True})).json()["status"] == "closed"
    assert (await api("POST", newer, None, json={"confirmed": True})).content == used.content


async def test_links_that_are_none_answer_alike(api: Api, tmp_path: Path) -> None:
    ticket = await opened(api)
    resolved = await patched(api, ticket["id"], status="resolved")
    link = (await api("GET", f"{PATH}/{ticket['id']}/confirmation")).json()["token"]
    at = datetime.fromisoformat(resolved["resolved_at"])
    good, secret = datetime.now(UTC) + timedelta(days=1), settings(tmp_path).secret
    named = Confirmation(
        workspace=WorkspaceId(api.mine.id), ticket=TicketId(UUID(resolved["id"])), resolved_at=at, expires_at=good
    )
    replace = msgspec.structs.replace
    bad = [
        "A" * 107,
        "x",
        link[:-1],
        link[:-2] + ("AA" if link[-2:] != "AA" else "BB"),
        "_" + link[1:],
        seal("of another installation", named),
        seal(secret, replace(named, expires_at=datetime.now(UTC))),
        seal(secret, replace(named, workspace=WorkspaceId(api.other.id))),
        seal(secret, replace(named, ticket=TicketId(new_id()))),
        seal(secret, replace(named, resolved_at=at - timedelta(seconds=1))),
    ]
    asked: tuple[tuple[str, dict[str, Any]], ...] = (("GET", {}), ("POST", {"json": {"confirmed": True}}))
    answers = {
        (await api(method, f"/api/v1/confirmations/{one}", None, **body)).content
        for one in bad
        for method, body in asked
    }
    assert len(answers) == 1
    assert (await api("GET", f"/api/v1/confirmations/{seal(secret, named)}", None)).status_code == 200
    assert (await ticket_of(api, ticket["id"]))["status"] == "resolved"


async def test_an_erasure_leaves_the_desks_own_words_and_none_of_the_customers(api: Api) -> None:
    await set_up(api, types=[{**RETURN, "fields": [NOTE]}], dispositions=[OURS])
    asked = await asks(api)
    ticket = asked["ticket"]
    await patched(api, ticket["id"], type="return", fields={"note": "Ann lives at 7 Hill Road"})
    await post(api, ticket, "snooze", until=None)
    await patched(api, ticket["id"], status="resolved", disposition="refunded")
    await post(api, ticket, "confirmation", confirmed=False, comment="Ann is not well")
    before = await ticket_of(api, ticket["id"])
    erased = await api("POST", f"/api/v1/customers/{asked['customer_id']}/erase", json={"reason": "asked"})
    assert erased.status_code in (200, 201), erased.text
    after = await ticket_of(api, ticket["id"])
    kept = ("type", "status", "disposition", "confirmed")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert after["version"] > before["version"], "it is another now, and who saw the one before is told"
    assert after["fields"] == {}
    assert (await rebuild_all(api.database, WorkspaceId(api.mine.id), lambda _: None)).rows == 0
