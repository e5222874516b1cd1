"""Who was said to be whom, over HTTP: the newest first, page by page, with whether it stands."""

from typing import Any

import pytest

from identity import review
from tests.app.api.conftest import Api
from tests.builders import contact, identifier

PATH = "/api/v1/identity/decisions"
BY_HAND = "kind=merge&kind=unmerge&kind=not_same"


async def listed(api: Api, query: str = BY_HAND, key: str = "") -> dict[str, Any]:
    response = await api("GET", f"{PATH}?{query}", key)
    assert response.status_code == 200, response.text
    return response.json()


async def people(api: Api, *names: str) -> list[dict[str, Any]]:
    return [
        await api.push(contact=contact(name, identifier(value=f"{name}@example.com"), name=name.title()))
        for name in names
    ]


async def merged(api: Api, a: dict[str, Any], b: dict[str, Any], **said: Any) -> dict[str, Any]:
    response = await api(
        "POST", f"/api/v1/customers/{a['customer_id']}/merge", json={"other": b["customer_id"], **said}
    )
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_merge_says_who_by_whom_and_whether_it_stands(api: Api) -> None:
    ann, ben, cleo = await people(api, "ann", "ben", "cleo")
    first = await merged(api, ann, ben, reason="same voice")
    second = await merged(api, ann, cleo)
    where = f"/api/v1/customers/{ann['customer_id']}/unmerge"
    undone = (await api("POST", where, json={"decision": first["decision_id"]})).json()
    page = await listed(api)
    assert page["next"] is None
    told = [(one["decision"]["id"], one["decision"]["kind"], one["decision"]["undone_by"]) for one in page["items"]]
    assert told == [
        (undone["decision_id"], "unmerge", None),
        (second["decision_id"], "merge", None),
        (first["decision_id"], "merge", undone["decision_id"]),
    ]
    of_first = page["items"][2]
    assert (of_first["a"]["name"], of_first["b"]["name"]) == ("Ann", "Ben")
    assert of_first["a"]["customer_id"] == ann["customer_id"]
    assert of_first["b"]["customer_id"] == ben["customer_id"], "who they are today"
    assert of_first["decision"]["reason"] == "same voice"
    assert of_first["decision"]["actor"].startswith("key:")
    of_second = page["items"][1]
    assert of_second["a"]["customer_id"] == of_second["b"]["customer_id"]


@pytest.mark.parametrize("looked", [5_000, 3])
async def test_pages_hold_each_once_also_where_looking_ends_early(
    api: Api, monkeypatch: pytest.MonkeyPatch, looked: int
) -> None:
    monkeypatch.setattr(review, "MOST_LOOKED", looked)
    ann, *others = await people(api, "ann", *(f"p{at}" for at in range(5)))
    done = [(await merged(api, ann, one))["decision_id"] for one in others]
    for at in range(7):
        await api.push(contact=contact(f"same{at}", identifier(value="same@example.com")))
    found: list[str] = []
    cursor, pages = "", 0
    while cursor is not None and pages < 20:
        page = await listed(api, f"kind=merge&limit=2{cursor and f'&cursor={cursor}'}")
        found += [one["decision"]["id"] for one in page["items"] if one["decision"]["actor"].startswith("key:")]
        cursor, pages = page["next"], pages + 1
    assert [one for one in found if one in done] == done[::-1]
    assert (await listed(api, "kind=link"))["items"], "what a push decided is listed too"


async def test_what_is_asked_wrongly_is_refused(api: Api) -> None:
    page = await listed(api, "limit=1")
    assert page["items"] == []
    ann, ben, cleo = await people(api, "ann", "ben", "cleo")
    await merged(api, ann, ben)
    await merged(api, ann, cleo)
    cursor = (await listed(api, "kind=merge&limit=1"))["next"]
    for query in ("kind=marriage", "limit=0", "cursor=x", f"cursor={cursor}", f"kind=undo&cursor={cursor}", "x=1"):
        assert (await api("GET", f"{PATH}?{query}")).status_code == 400, query
    assert len((await listed(api, f"kind=merge&limit=1&cursor={cursor}"))["items"]) == 1


async def test_who_reads_sees_the_own_workspace_alone(api: Api) -> None:
    ann, ben = await people(api, "ann", "ben")
    await merged(api, ann, ben)
    for role in ("agent", "auditor", "integration"):
        assert len((await listed(api, key=api.mine.keys[role]))["items"]) == 1, role
    assert (await listed(api, "", key=api.other.keys["admin"]))["items"] == []
    cursor = (await listed(api, "limit=1&kind=merge"))["next"]
    assert cursor is None
