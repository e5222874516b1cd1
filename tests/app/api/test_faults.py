"""PostgreSQL away: 503 with Retry-After within five seconds, not ready, and back by itself."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.embedded import EmbeddedDatabase, attach
from app.main import create_app
from tests.app.api.conftest import tenant_of
from tests.app.api.serving import served
from tests.builders import pushed, settings
from tests.conftest import APP_PASSWORD, REPORTS_PASSWORD


@pytest.fixture
def own_postgres() -> Iterator[EmbeddedDatabase]:
    """A server that this test may kill: durable, as in production."""
    home = Path(tempfile.mkdtemp(prefix="throughline-faults-"))
    server = attach(home)
    yield server
    server.close()
    shutil.rmtree(home, ignore_errors=True)


def test_the_database_goes_away_and_comes_back(own_postgres: EmbeddedDatabase, tmp_path: Path) -> None:
    _migrate(own_postgres.database_url())
    dsn = own_postgres.database_url("throughline_app", APP_PASSWORD)
    tenant = asyncio.run(tenant_of(dsn))
    said = {"Authorization": f"Bearer {tenant.keys['admin']}"}
    application = create_app(settings(tmp_path), dsn, logs=False)
    with served(application) as url, httpx.Client(base_url=url, headers=said, timeout=10) as client:
        assert client.get("/health/ready").status_code == 200
        kept = client.post("/api/v1/interactions", json=pushed()).json()
        with client.stream("GET", "/api/v1/stream") as stream:
            assert own_postgres.pid is not None
            os.kill(own_postgres.pid, signal.SIGKILL)
            started = time.monotonic()
            for method, path, body in (
                ("POST", "/api/v1/interactions", pushed()),
                ("GET", f"/api/v1/customers/{kept['customer_id']}", None),
                ("POST", "/api/v1/interactions/batch", [pushed(), pushed()]),
                ("GET", "/api/v1/customers", None),
            ):
                asked = time.monotonic()
                response = client.request(method, path, json=body)
                assert (response.status_code, response.json()["code"]) == (503, "unavailable"), response.text
                assert int(response.headers["Retry-After"]) >= 1
                assert time.monotonic() - asked < 5
            assert client.get("/health/ready").status_code == 503
            assert client.get("/health/live").status_code == 200
            for _ in stream.iter_raw():
                pass
            assert time.monotonic() - started < 15
        own_postgres.ensure_running()
        back = time.monotonic()
        while client.get("/health/ready").status_code != 200:
            assert time.monotonic() - back < 10
            time.sleep(0.1)
        profile = client.get(f"/api/v1/customers/{kept['customer_id']}").json()
        assert kept["event_id"] in {item["event_id"] for item in profile["timeline"]["items"]}
        assert client.post("/api/v1/interactions", json=pushed()).status_code == 201


def _migrate(url: str) -> None:
    """In a process of its own: Piccolo's tables keep the engine that they met first."""
    script = "import asyncio, sys; from app.migrate import migrate; asyncio.run(migrate(*sys.argv[1:]))"
    subprocess.run([sys.executable, "-c", script, url, APP_PASSWORD, REPORTS_PASSWORD], check=True, timeout=60)
