"""Values over HTTP: whose each is, looked up and listed by all, said by leads, in force for the next push."""

from typing import Any

import pytest

from tests.app.api.conftest import Api
from tests.builders import contact, identifier

PATH = "/api/v1/identity/values"
PHONE = "+4930123987"


async def said(api: Api, value: str, to: str, key: str = "", **more: Any) -> dict[str, Any]:
    response = await api("POST", PATH, key, json={"identifier": value, "class": to, **more})
    assert response.status_code == 200, response.text
    return response.json()


async def shown(api: Api, query: str = "", key: str = "") -> list[dict[str, Any]]:
    response = await api("GET", f"{PATH}?{query}", key)
    assert response.status_code == 200, response.text
    return response.json()["items"]


async def test_any_value_is_told_by_form_and_by_who_was_seen_on_it(api: Api) -> None:
    for name in ("Ann Hall", "Ben Roth"):
        await api.push(contact=contact(name, identifier("phone", PHONE), name=name))
    personal, role, shared, unknown = await shown(
        api, "identifier=email:a.info@acme.com&identifier=email:info@acme.com&identifier=phone:030 123987"
    ) + await shown(api, "identifier=account:shop:17")
    assert (personal["value"], personal["class"]) == ("a.info@acme.com", "personal")
    assert (role["class"], role["by"], role["since"]) == ("role", "form", None)
    assert (shared["class"], shared["by"]) == ("shared", "system")
    assert [one["name"] for one in shared["people"]] == ["Ann Hall", "Ben Roth"]
    assert unknown == {
        "kind": "account", "scope": "shop", "value": "17", "class": "personal",
        "reason": None, "by": None, "since": None, "people": [],
    }  # fmt: skip


async def test_a_lead_says_whose_it_is_and_the_next_push_heeds_it(api: Api) -> None:
    ann = await api.push(contact=contact("ann", identifier(value="desk@acme.com"), name="Ann Hall"))
    made = await said(api, "email:Desk@acme.com", "shared", api.mine.keys["lead"])
    assert (made["class"], made["value"], made["reason"]) == ("shared", "desk@acme.com", "listed by a lead")
    assert made["by"] == f"key:{api.mine.ids['lead']}"
    apart = await api.push(contact=contact("ann2", identifier(value="desk@acme.com"), name="Ann Hall"))
    assert apart["customer_id"] != ann["customer_id"]
    await said(api, "email:desk@acme.com", "personal", reason="she alone reads it")
    linked = await api.push(contact=contact("ann3", identifier(value="desk@acme.com"), name="Ann Hall"))
    assert linked["customer_id"] in (ann["customer_id"], apart["customer_id"])
    (one,) = await shown(api)
    assert (one["class"], one["reason"]) == ("personal", "she alone reads it")


async def test_pages_go_on_and_filters_hold(api: Api) -> None:
    for number in range(5):
        await said(api, f"email:list{number}@acme.com", "shared" if number < 3 else "personal")
    first = (await api("GET", f"{PATH}?limit=2&class=shared")).json()
    second = (await api("GET", f"{PATH}?limit=2&class=shared&cursor={first['next']}")).json()
    values = [one["value"] for page in (first, second) for one in page["items"]]
    assert values == ["list2@acme.com", "list1@acme.com", "list0@acme.com"]
    assert second["next"] is None
    assert (await api("GET", f"{PATH}?limit=2&cursor={first['next']}")).status_code == 400, "another list's cursor"
    assert len(await shown(api)) == 5


async def test_said_once_however_often_it_is_asked(api: Api) -> None:
    body = {"identifier": f"phone:{PHONE}", "class": "shared"}
    answers = [await api("POST", PATH, json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert answers[0].content == answers[1].content
    other = await api("POST", PATH, json={**body, "class": "personal"}, headers={"Idempotency-Key": "k"})
    assert other.status_code == 422


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"identifier": "phone:12", "class": "shared"}, "identifier"),
        ({"identifier": "shoe:12", "class": "shared"}, "identifier"),
        ({"identifier": "12", "class": "shared"}, "identifier"),
        ({"identifier": f"phone:{PHONE}", "class": "junk"}, "class"),
        ({"identifier": f"phone:{PHONE}"}, "class"),
        ({"identifier": f"phone:{PHONE}", "class": "shared", "why": "x"}, "why"),
        ({"identifier": "email:\u0000@x.de", "class": "shared"}, "identifier"),
    ],
)
async def test_what_is_wrong_is_named(api: Api, body: dict[str, Any], field: str) -> None:
    refused = await api("POST", PATH, json=body)
    assert refused.status_code == 400, refused.text
    assert refused.json()["fields"][0]["field"] == field
    assert await shown(api) == []


async def test_bad_questions_are_refused(api: Api) -> None:
    for query in ("class=junk", "identifier=shoe:1", "identifier=phone:1", "cursor=x", "limit=0", "kind=email"):
        assert (await api("GET", f"{PATH}?{query}")).status_code == 400, query


async def test_leads_say_and_everybody_reads_at_home(api: Api) -> None:
    await said(api, f"phone:{PHONE}", "shared", api.mine.keys["lead"])
    for role in ("integration", "agent", "auditor"):
        body = {"identifier": f"phone:{PHONE}", "class": "personal"}
        assert (await api("POST", PATH, api.mine.keys[role], json=body)).status_code == 403
        assert [one["class"] for one in await shown(api, key=api.mine.keys[role])] == ["shared"]
    assert await shown(api, key=api.other.keys["admin"]) == []
    (theirs,) = await shown(api, f"identifier=phone:{PHONE}".replace("+", "%2B"), api.other.keys["admin"])
    assert theirs["class"] == "personal"
