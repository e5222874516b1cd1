"""The description is true: requests made from it meet no undocumented status, no other shape and no 5xx."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.api.openapi import describe
from app.db import Database
from app.indexing import Indexer
from app.main import all_routes, create_app
from identity.customers import WorkspaceId
from search.postgres import PostgresEngine
from tests.app.api.conftest import tenant_of
from tests.app.api.serving import served
from tests.builders import contact, identifier, pushed
from tests.builders import settings as operator_settings
from tests.conftest import Database as Cloned

EXAMPLES = 12
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OPERATIONS = sorted((one.method, one.path) for one in all_routes() if one.path != "/api/v1/stream")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return json.loads(describe(all_routes(), "0"))


@pytest.fixture(scope="module")
def address(database_of_module: Cloned, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    where = operator_settings(tmp_path_factory.mktemp("home"))
    with served(create_app(where, database_of_module.app_dsn, logs=False)) as url:
        yield url


@pytest.fixture
def server(address: str, database_of_module: Cloned) -> tuple[str, dict[str, str], dict[str, str]]:
    """The application's address, a key to a workspace of its own, and ids that exist in it, to put into paths."""

    tenant = asyncio.run(tenant_of(database_of_module.app_dsn))
    key = tenant.keys["admin"]
    said = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=address, headers=said) as http:
        made = http.post("/api/v1/interactions", json=pushed(source_id="x")).json()
        http.post("/api/v1/interactions", json=pushed(contact=contact("b", identifier(value="b@example.com"))))
        http.post("/api/v1/interactions", json=pushed(source_id="x", body="other"))
        http.post("/api/v1/interactions", json=pushed(object={"type": "order", "id": "a/b", "state": {"total": 3}}))
        asked = http.post("/api/v1/interactions", json=pushed(kind="message")).json()
        entry = http.get("/api/v1/quarantine").json()["items"][0]["id"]
        keys = http.get("/api/v1/keys").json()["items"]
        account = http.post("/api/v1/channel-accounts", json={"kind": "orders", "name": "shop"}).json()["id"]
        webhook = http.post("/api/v1/webhooks", json={"url": "https://8.8.8.8/", "events": ["*"]}).json()["id"]
        ids = {
            "account": account,
            "delivery_id": http.post(f"/api/v1/webhooks/{webhook}/test").json()["id"],
            "webhook_id": webhook,
            "customer_id": made["customer_id"],
            "entry_id": entry,
            "file_id": http.post("/api/v1/files", content=b"\x00\x01").json()["id"],
            "object_id": "a/b",
            "ticket": asked["ticket"]["id"],
            "type": "order",
            "key_id": next(one["id"] for one in keys if one["role"] == "auditor"),
        }
        asyncio.run(_made_searchable(database_of_module.app_dsn, WorkspaceId(tenant.id)))
        return address, said, ids


async def _made_searchable(dsn: str, workspace: WorkspaceId) -> None:
    """What a worker does for a new workspace."""
    database = Database(dsn)
    await database.open()
    try:
        while await Indexer(database, None, PostgresEngine(database), None).step(workspace, datetime.now(UTC)):
            pass
    finally:
        await database.close()


def test_the_description_is_whole(document: dict[str, Any]) -> None:
    assert {(method.upper(), path) for path, methods in document["paths"].items() for method in methods} == {
        (one.method, one.path) for one in all_routes()
    }
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            statuses = set(operation["responses"])
            assert {"400", "404", "405"} <= statuses, (method, path)
            if "security" in operation:
                assert {"401", "403", "429", "503"} <= statuses, (method, path)
            if method != "get":
                assert {"413", "422"} <= statuses, (method, path)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_requests_made_from_the_description(
    method: str, path: str, document: dict[str, Any], server: tuple[str, dict[str, str], dict[str, str]]
) -> None:
    url, said, ids = server
    operation = schemathesis.openapi.from_dict(document)[path][method]

    @seed(20260101)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    def ask(case: Any) -> None:
        for name in case.path_parameters or {}:
            if name in ids and len(case.body if isinstance(case.body, (dict, list)) else "") % 2 == 0:
                case.path_parameters[name] = ids[name]
        response = case.call(base_url=url, headers=said)
        case.validate_response(response, checks=CHECKS)

    given(case=operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE))(ask)()
    described = document["paths"][path][method.lower()]
    if described["parameters"] or "requestBody" in described:  # else there is nothing to get wrong
        given(case=operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE))(ask)()
