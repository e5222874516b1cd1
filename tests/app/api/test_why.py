"""Why two contacts are one or two, over HTTP: named as people name them, and nobody else's business."""

from typing import Any
from uuid import uuid4

from tests.app.api.conftest import Api
from tests.builders import contact, identifier

PATH = "/api/v1/identity/why"


async def pair(api: Api, key: str = "") -> tuple[dict[str, Any], dict[str, Any]]:
    a = await api.push(key, contact=contact("a", identifier(value="ann@example.com"), name="Ann Hall"))
    b = await api.push(key, contact=contact("b", identifier("phone", "+4930123987"), name="Ben Roth"))
    return a, b


async def test_it_is_told_in_sentences_and_in_numbers(api: Api) -> None:
    a, b = await pair(api)
    response = await api("GET", PATH, params={"a": a["contact_id"], "b": b["contact_id"]})
    assert response.status_code == 200, response.text
    view = response.json()
    assert (view["one"], view["met"]) == (False, False)
    assert view["words"][0].startswith("Today they are two customers: Ann Hall (a of ")
    assert [view[side]["contact_id"] for side in "ab"] == [a["contact_id"], b["contact_id"]]
    *pieces, decision = view["contacts"]["evidence"]
    assert {"comparison", "level", "values", "stranger", "house", "words"} <= set(pieces[0])
    assert {"probability", "needed", "vetoes", "runner_up", "margin", "model"} <= set(decision)
    assert (view["customers"], view["values"], view["decisions"], view["asked"]) == (None, [], [], [])
    assert (view["policy"]["automatic"], view["model"]) == ("evidence", decision["model"])


async def test_each_side_is_named_in_any_way(api: Api) -> None:
    a, b = await pair(api)
    wanted = await api("GET", PATH, params={"a": a["contact_id"], "b": b["contact_id"]})
    for one in (a["customer_id"], "email:Ann@example.com"):
        for other in (b["customer_id"], "phone:030 123987", "phone:+4930123987"):
            found = await api("GET", PATH, params={"a": one, "b": other})
            assert found.content == wanted.content, (one, other)
    source = wanted.json()["a"]["source"]
    found = await api("GET", PATH, params={"a": f"{source}/a", "b": f"{source}/b"})
    assert found.content == wanted.content


async def test_what_is_missing_or_nobodys_is_refused(api: Api) -> None:
    a, b = await pair(api)
    for params, field in (({"a": a["contact_id"]}, "b"), ({"b": b["contact_id"]}, "a"), ({"a": "", "b": "x"}, "a")):
        refused = await api("GET", PATH, params=params)
        assert (refused.status_code, refused.json()["fields"][0]["field"]) == (400, field)
    assert (await api("GET", PATH, params={"a": "x", "b": "y", "c": "z"})).status_code == 400
    for said in ("x", "email:none@example.com", "shoe:1", "shop/none", str(uuid4()), "\u202e", "é/é", "a" * 900):
        refused = await api("GET", PATH, params={"a": a["contact_id"], "b": said})
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found"), said
    same = await api("GET", PATH, params={"a": a["contact_id"], "b": a["customer_id"]})
    assert (same.status_code, same.json()["fields"][0]["field"]) == (422, "b")


async def test_another_workspace_sees_nobody(api: Api) -> None:
    a, b = await pair(api)
    await pair(api, api.other.keys["admin"])
    theirs = api.other.keys["admin"]
    for one, other in ((a["contact_id"], b["contact_id"]), ("email:ann@example.com", b["contact_id"])):
        assert (await api("GET", PATH, theirs, params={"a": one, "b": other})).status_code == 404
    named = {"a": "email:ann@example.com", "b": "phone:+4930123987"}
    mine, others = await api("GET", PATH, params=named), await api("GET", PATH, theirs, params=named)
    assert mine.json()["a"]["contact_id"] != others.json()["a"]["contact_id"]
    for role in ("integration", "agent", "lead", "auditor"):
        assert (await api("GET", PATH, api.mine.keys[role], params=named)).content == mine.content
