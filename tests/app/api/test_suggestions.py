"""The review queue over HTTP: what is asked, in which order, and what each answer does, once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.db import new_id
from identity import review
from identity.customers import ContactId, WorkspaceId
from identity.records import NewSuggestion
from tests.app.api.conftest import Api, Tenant
from tests.builders import contact, identifier

PATH = "/api/v1/identity/suggestions"
WORDS = ["same name", "likely one person"]
EVIDENCE: list[dict[str, Any]] = [
    {"comparison": "name", "level": "exact", "words": WORDS[0]},
    {"comparison": "decision", "level": "evidence", "probability": 0.93, "words": WORDS[1]},
]


async def suggest(api: Api, a: Any, b: Any, tenant: Tenant | None = None, **said: Any) -> str:
    """Propose a pair, as a push would."""
    where = WorkspaceId((tenant or api.mine).id)
    fields: dict[str, Any] = {"evidence": EVIDENCE, "probability": 0.93, "value": 1.0, **said}
    ends = {"contact_a": ContactId(UUID(a["contact_id"])), "contact_b": ContactId(UUID(b["contact_id"]))}
    made = NewSuggestion(id=new_id(), **ends, **fields)
    written = await api.database.write(where, lambda db: review.write_suggestions(db, where, [made], datetime.now(UTC)))
    assert written == [made.id]
    return str(made.id)


async def crowd(api: Api, *keys: str) -> list[dict[str, Any]]:
    """Customers of one contact each."""
    return [await api.push(contact=contact(key, identifier(value=f"{key}@example.com"))) for key in keys]


async def linked(api: Api, *keys: str) -> list[dict[str, Any]]:
    """One customer: a proof brought each of them."""
    pushed = [await api.push(contact=contact(key, identifier(value="desk9@example.com"))) for key in keys]
    assert len({one["customer_id"] for one in pushed}) == 1
    return pushed


async def listed(api: Api, query: str = "") -> list[dict[str, Any]]:
    response = await api("GET", f"{PATH}?{query}")
    assert response.status_code == 200, response.text
    return response.json()["items"]


async def ids(api: Api, query: str = "") -> list[str]:
    return [one["id"] for one in await listed(api, query)]


async def answered(api: Api, suggestion: str, how: str, **rest: Any) -> dict[str, Any]:
    response = await api("POST", f"{PATH}/{suggestion}/{how}", **rest)
    assert response.status_code == 200, response.text
    return response.json()


async def customer_of(api: Api, pushed: dict[str, Any]) -> str:
    async with api.database.read(api.mine.id) as db:
        found = await db.fetchval("SELECT customer_id FROM contact WHERE id = $1", UUID(pushed["contact_id"]))
    return str(found)


# -- the list --------------------------------------------------------------------------------------------------------


async def test_a_suggestion_shows_both_sides_and_what_speaks_for_it(api: Api) -> None:
    ann, ben = await crowd(api, "ann", "ben")
    suggestion = await suggest(api, ann, ben)
    (one,) = await listed(api)
    sides = {one[side]["contact_id"]: one.pop(side) for side in ("a", "b")}
    assert one.pop("created_at")
    assert one == {
        "id": suggestion,
        "kind": "link",
        "state": "open",
        "probability": 0.93,
        "value": 1.0,
        "words": WORDS,
        "evidence": EVIDENCE,
        "later_until": None,
        "decided_at": None,
        "decision_id": None,
        "undone_by": None,
    }
    side = sides[ann["contact_id"]]
    (held,) = side.pop("identifiers")
    assert side == {
        "contact_id": ann["contact_id"],
        "customer_id": ann["customer_id"],
        "name": None,
        "source": "shop",
    }
    shown = {name: held[name] for name in ("kind", "value", "raw", "verified", "shared", "problem")}
    assert shown == {
        "kind": "email",
        "value": "ann@example.com",
        "raw": "ann@example.com",
        "verified": True,
        "shared": None,
        "problem": None,
    }
    assert sides[ben["contact_id"]]["customer_id"] == ben["customer_id"]


async def test_a_side_says_which_of_its_values_belong_to_several_people(api: Api) -> None:
    ann = await api.push(contact=contact("ann", identifier(value="info@example.com")))
    (ben,) = await crowd(api, "ben")
    await suggest(api, ann, ben)
    (one,) = await listed(api)
    shared = {side["identifiers"][0]["value"]: side["identifiers"][0]["shared"] for side in (one["a"], one["b"])}
    assert shared == {"info@example.com": "info@example.com is a role mailbox", "ben@example.com": None}


async def test_the_most_valuable_come_first_and_pages_show_each_once(api: Api) -> None:
    people = await crowd(api, *(f"p{n}" for n in range(12)))
    values = [0.5, 2.0, 1.0, 2.0, 3.25, 2.0]
    made = [await suggest(api, people[2 * n], people[2 * n + 1], value=value) for n, value in enumerate(values)]
    wanted = sorted(made, key=lambda one: (-values[made.index(one)], one))
    assert await ids(api) == wanted
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await api("GET", f"{PATH}?limit=2{cursor and '&cursor='}{cursor}")).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next"]
    assert seen == wanted
    first = (await api("GET", f"{PATH}?limit=2")).json()["next"]
    for other in ("state=later", "kind=link"):
        assert (await api("GET", f"{PATH}?limit=2&{other}&cursor={first}")).status_code == 400
    assert (await api("GET", f"{PATH}?cursor={first}", api.other.keys["admin"])).status_code == 400


async def test_kinds_and_states_are_filters(api: Api) -> None:
    ann, ben = await crowd(api, "ann", "ben")
    one, other = await linked(api, "one", "other")
    link, unlink = await suggest(api, ann, ben, value=2.0), await suggest(api, other, one, kind="unlink")
    assert await ids(api) == await ids(api, "kind=link&kind=unlink") == [link, unlink]
    assert (await ids(api, "kind=link"), await ids(api, "kind=unlink")) == ([link], [unlink])
    (shown,) = await listed(api, "kind=unlink")
    assert (shown["a"]["contact_id"], shown["b"]["contact_id"]) == (other["contact_id"], one["contact_id"])
    assert await ids(api, "state=accepted") == await ids(api, "state=rejected") == await ids(api, "state=later") == []
    for query, field in (("state=done", "state"), ("state=open&state=later", "state"), ("kind=merge", "kind")):
        refused = await api("GET", f"{PATH}?{query}")
        assert (refused.status_code, refused.json()["fields"][0]["field"]) == (400, field)


async def test_what_was_joined_or_parted_meanwhile_is_open_no_more(api: Api) -> None:
    ann, ben = await crowd(api, "ann", "ben")
    one, other, third = await linked(api, "one", "other", "third")
    link = await suggest(api, ann, ben)
    unlink = await suggest(api, other, one, kind="unlink")
    for key in ("ann", "ben"):
        await api.push(contact=contact(key, identifier(value="both@example.com")))
    parted = await api(
        "POST", f"/api/v1/customers/{one['customer_id']}/unmerge", json={"contacts": [other["contact_id"]]}
    )
    assert (parted.status_code, await ids(api), bool(third)) == (200, [], True)
    for suggestion in (link, unlink):
        assert (await answered(api, suggestion, "accept"))["moved"] == []
    assert sorted(await ids(api, "state=accepted")) == sorted([link, unlink])


async def test_the_identity_of_a_customer_shows_what_is_asked_about_it(api: Api) -> None:
    ann, ben = await crowd(api, "ann", "ben")
    suggestion = await suggest(api, ann, ben)
    path = f"/api/v1/customers/{ann['customer_id']}/identity"
    ends = {
        "contact_a": min(ann["contact_id"], ben["contact_id"]),
        "contact_b": max(ann["contact_id"], ben["contact_id"]),
    }
    shown = {"id": suggestion, "kind": "link", "state": "open", "probability": 0.93, "words": WORDS, **ends}
    assert (await api("GET", path)).json()["suggestions"] == [shown]
    then = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    await answered(api, suggestion, "later")
    assert (await api("GET", path)).json()["suggestions"] == [{**shown, "state": "later"}]
    await answered(api, suggestion, "reject")
    assert (await api("GET", path)).json()["suggestions"] == [{**shown, "state": "rejected"}]
    assert (await api("GET", f"{path}?as_of={then}")).json()["suggestions"] == [shown]


# -- a link ----------------------------------------------------------------------------------------------------------


async def test_accepting_a_link_merges_by_hand(api: Api) -> None:
    ann, ben = await crowd(api, "ann", "ben")
    suggestion = await suggest(api, ann, ben)
    before = await api.counts()
    preview = await answered(api, suggestion, "accept?preview=true")
    assert (await api.counts(), await ids(api)) == (before, [suggestion])
    assert "decision_id" not in preview
    done = await answered(api, suggestion, "accept", json={"reason": "the same voice"})
    decision = done.pop("decision_id")
    assert done == preview
    assert (done["customer_id"], done["moved"]) == (ann["customer_id"], [ben["contact_id"]])
    assert await customer_of(api, ben) == ann["customer_id"]
    (shown,) = await listed(api, "state=accepted")
    assert (shown["id"], shown["decision_id"]) == (suggestion, decision)
    undone = await api("POST", f"/api/v1/customers/{ann['customer_id']}/unmerge", json={"decision": decision})
    assert (undone.status_code, undone.json()["moved"]) == (200, [ben["contact_id"]])
    assert await ids(api) == []


async def test_rejecting_a_link_is_remembered_with_its_evidence(api: Api) -> None:
    ann, ben = await crowd(api, "ann", "ben")
    suggestion = await suggest(api, ann, ben)
    decision = (await answered(api, suggestion, "reject", json={"reason": "brothers"}))["decision_id"]
    identity = (await api("GET", f"/api/v1/customers/{ann['customer_id']}/identity")).json()
    (kept,) = [one for one in identity["decisions"] if one["id"] == decision]
    assert (kept["kind"], kept["evidence"], kept["reason"]) == ("not_same", EVIDENCE, "brothers")
    assert await ids(api, "state=rejected") == [suggestion]
    for key in ("ann", "ben"):
        await api.push(contact=contact(key, identifier(value="both@example.com")))
    assert await customer_of(api, ann) != await customer_of(api, ben)


# -- an unlink -------------------------------------------------------------------------------------------------------


async def test_accepting_an_unlink_splits_the_contact_off(api: Api) -> None:
    one, other, third = await linked(api, "one", "other", "third")
    suggestion = await suggest(api, other, third, kind="unlink", probability=0.2)
    before = await api.counts()
    preview = await answered(api, suggestion, "accept?preview=true")
    assert (await api.counts(), await customer_of(api, other)) == (before, one["customer_id"])
    done = await answered(api, suggestion, "accept")
    decision, new = done.pop("decision_id"), done["customer_id"]
    assert done == {**preview, "customer_id": new}
    assert (done["moved"], await customer_of(api, other)) == ([other["contact_id"]], new)
    assert await customer_of(api, one) == await customer_of(api, third) == one["customer_id"] != new
    identity = (await api("GET", f"/api/v1/customers/{new}/identity")).json()
    assert [(d["id"], d["kind"]) for d in identity["decisions"] if d["kind"] == "split"] == [(decision, "split")]
    await api.push(contact=contact("other", identifier(value="desk9@example.com")))
    await api.push(contact=contact("fourth", identifier(value="desk9@example.com")))
    assert await customer_of(api, other) == new


async def test_accepting_an_unlink_takes_back_the_merge_that_stands_on_the_contact(api: Api) -> None:
    """A split would take that merge along, and leave the two together."""
    old, mate = await linked(api, "old", "mate")
    new, friend = [
        await api.push(contact=contact(key, identifier(value="new@example.com"))) for key in ("new", "friend")
    ]
    await api.push(contact=contact("new", identifier(value="desk9@example.com")))
    assert await customer_of(api, new) == old["customer_id"]
    identity = (await api("GET", f"/api/v1/customers/{old['customer_id']}/identity")).json()
    (merge,) = [one["id"] for one in identity["decisions"] if one["kind"] == "merge"]
    suggestion = await suggest(api, new, mate, kind="unlink", probability=0.2)
    preview = await answered(api, suggestion, "accept?preview=true")
    done = await answered(api, suggestion, "accept")
    assert {**preview, "decision_id": done["decision_id"]} == done
    assert await customer_of(api, new) == await customer_of(api, friend) == done["customer_id"] == new["customer_id"]
    assert await customer_of(api, mate) == old["customer_id"]
    identity = (await api("GET", f"/api/v1/customers/{old['customer_id']}/identity")).json()
    assert [one["undone_by"] for one in identity["decisions"] if one["id"] == merge] == [done["decision_id"]]


async def test_rejecting_an_unlink_changes_nothing_and_is_remembered(api: Api) -> None:
    one, other = await linked(api, "one", "other")
    suggestion = await suggest(api, other, one, kind="unlink")
    before = await api.counts()
    assert await answered(api, suggestion, "reject") == {"decision_id": None}
    assert (await api.counts(), await customer_of(api, other)) == (before, one["customer_id"])
    assert (await ids(api), await ids(api, "state=rejected")) == ([], [suggestion])
    with pytest.raises(AssertionError):
        await suggest(api, other, one, kind="unlink")


# -- later, and twice ------------------------------------------------------------------------------------------------


async def test_a_postponed_one_is_back_by_itself(api: Api) -> None:
    ann, ben = await crowd(api, "ann", "ben")
    suggestion = await suggest(api, ann, ben)
    done = await answered(api, suggestion, "later")
    ahead = datetime.fromisoformat(done["later_until"]) - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < ahead <= timedelta(days=7)
    assert await ids(api) == []
    (shown,) = await listed(api, "state=later")
    assert (shown["id"], shown["state"], shown["later_until"]) == (suggestion, "later", done["later_until"])
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    assert await answered(api, suggestion, "later", json={"until": until}) == {"id": suggestion, "later_until": until}

    async def a_day_passes(db: Any) -> None:
        await db.execute("UPDATE link_suggestion SET later_until = later_until - interval '2 days'")

    await api.database.write(api.mine.id, a_day_passes)
    assert (await ids(api), await ids(api, "state=later")) == ([suggestion], [])
    assert (await listed(api))[0]["later_until"] is None
    await answered(api, suggestion, "later")
    await answered(api, suggestion, "accept")
    assert (await ids(api, "state=later"), await ids(api, "state=accepted")) == ([], [suggestion])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"until": "2020-01-01T00:00:00Z"}, 422),
        ({"until": "2999-01-01T00:00:00Z"}, 400),
        ({"until": "2027-01-01T00:00:00"}, 400),
        ({"until": "tomorrow"}, 400),
        ({"till": "2027-01-01T00:00:00Z"}, 400),
    ],
)
async def test_a_time_that_cannot_be_is_named(api: Api, body: Any, status: int) -> None:
    ann, ben = await crowd(api, "ann", "ben")
    suggestion = await suggest(api, ann, ben)
    refused = await api("POST", f"{PATH}/{suggestion}/later", json=body)
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (status, next(iter(body)))
    assert await ids(api) == [suggestion]


@pytest.mark.parametrize("kind", ["link", "unlink"])
@pytest.mark.parametrize("how", ["accept", "reject"])
async def test_an_answer_is_given_once(api: Api, kind: str, how: str) -> None:
    a, b = await (crowd if kind == "link" else linked)(api, "a", "b")
    suggestion = await suggest(api, b, a, kind=kind)
    headers = {"Idempotency-Key": "once"}
    first = await api("POST", f"{PATH}/{suggestion}/{how}", headers=headers)
    again = await api("POST", f"{PATH}/{suggestion}/{how}", headers=headers)
    assert (first.status_code, again.content, again.headers["Idempotency-Replayed"]) == (200, first.content, "true")
    after = await api.counts()
    for other in ("accept", "reject", "later", "accept?preview=true"):
        refused = await api("POST", f"{PATH}/{suggestion}/{other}")
        assert (refused.status_code, refused.json()["code"]) == (409, "already_decided")
    assert await api.counts() == after


@pytest.mark.parametrize("kind", ["link", "unlink"])
async def test_of_those_who_answer_at_once_one_is_heard(api: Api, kind: str) -> None:
    a, b = await (crowd if kind == "link" else linked)(api, "a", "b")
    suggestion = await suggest(api, b, a, kind=kind)
    asked = [api("POST", f"{PATH}/{suggestion}/{how}") for how in ("accept", "reject") * 4]
    statuses = [response.status_code for response in await asyncio.gather(*asked)]
    assert sorted(statuses) == [200] + [409] * 7


async def test_postponing_twice_is_once(api: Api) -> None:
    ann, ben = await crowd(api, "ann", "ben")
    suggestion = await suggest(api, ann, ben)
    said: dict[str, Any] = {"headers": {"Idempotency-Key": "later"}, "json": {}}
    first, again = [await api("POST", f"{PATH}/{suggestion}/later", **said) for _ in range(2)]
    assert (first.status_code, again.content) == (200, first.content)


@pytest.mark.parametrize("how", ["accept", "accept?preview=true", "reject", "later"])
async def test_only_ours_by_whom_may(api: Api, how: str) -> None:
    ann, ben = await crowd(api, "ann", "ben")
    suggestion = await suggest(api, ann, ben)
    before = await api.counts()
    foreign = await api("POST", f"{PATH}/{suggestion}/{how}", api.other.keys["admin"])
    nobodys = await api("POST", f"{PATH}/{uuid4()}/{how}")
    assert (foreign.status_code, foreign.content) == (404, nobodys.content)
    for role in ("integration", "auditor"):
        refused = await api("POST", f"{PATH}/{suggestion}/{how}", api.mine.keys[role])
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (await api.counts(), await ids(api), await ids(api, "state=later")) == (before, [suggestion], [])
    assert (await api("POST", f"{PATH}/{suggestion}/{how}", api.mine.keys["agent"])).status_code == 200
