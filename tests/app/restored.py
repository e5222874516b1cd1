"""Homes with a desk that is backed up, restored and looked into from outside."""

import asyncio
import http.client
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from app.db import Database, new_id
from app.embedded import attach
from app.filing import keep
from app.schema import dump_schema
from channels.files import FileUse, digest_of, open_files, record
from tests.app.commands import Home, home_in


def taken(home: Home, path: Path) -> Path:
    done = home.run("backup", str(path))
    assert done.returncode == 0, done.stderr
    return path


@contextmanager
def restored(folder: Path, backup: Path, *words: str, **environment: str) -> Iterator[Home]:
    with home_in(folder, **environment) as home:
        done = home.run("restore", str(backup), *words)
        assert done.returncode == 0, done.stderr
        yield home


class Caller:
    def __init__(self, home: Home, key: str) -> None:
        self.home, self.key = home, key

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        status, content = self.bytes_of(path, method, body)
        return status, json.loads(content)

    def bytes_of(self, path: str, method: str = "GET", body: object = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.home.port, timeout=30)
        try:
            headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
            connection.request(method, f"/api/v1{path}", None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def push(self, source_id: str, **said: object) -> tuple[int, Any]:
        item = {
            "source": "writers",
            "source_id": source_id,
            "kind": "message",
            "channel": "api",
            "direction": "inbound",
            "occurred_at": "2026-01-01T00:00:00Z",
            "contact": {"key": "writer"},
            **said,
        }
        return self.ask("POST", "/interactions", item)

    def changes(self, after: str | None) -> tuple[list[str], str]:
        """The event ids behind a place, and where to go on."""
        found: list[str] = []
        while True:
            status, page = self.ask("GET", "/changes?limit=200" + (f"&after={after}" if after else ""))
            assert status == 200, page
            found += [item["event_id"] for item in page["items"]]
            if page["next"] is None:
                return found, page["head"]
            after = page["next"]


def key(home: Home, workspace: str = "demo", role: str = "admin") -> str:
    return home.run("key", "create", "--workspace", workspace, "--role", role, "--rate", "0").stdout.split()[-1]


def seals(home: Home) -> list[str]:
    """What the logs of the audit trail hold."""
    return sorted(log.read_text() for log in (home.folder / "audit").glob("*.log"))


def end(home: Home, process: Any) -> None:
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0, home.words.read_text()


def rows_of(home: Home) -> dict[str, list[str]]:
    """Every table, row for row, as its superuser sees them."""

    async def read(url: str) -> dict[str, list[str]]:
        db = await asyncpg.connect(url)
        try:
            names = await db.fetch(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            )
            return {
                name: [row[0] for row in await db.fetch(f"SELECT t::text FROM {name} t ORDER BY 1")]
                for name in sorted(row["relname"] for row in names)
            }
        finally:
            await db.close()

    with attach(home.folder) as embedded:
        return asyncio.run(read(embedded.database_url()))


def keep_file(home: Home, workspace: str, event: str, content: bytes) -> str:
    """Give an event a file, as a mail that is understood does; its id."""

    async def run(url: str) -> str:
        database = Database(url)
        await database.open()
        path = home.folder / "a file"
        path.write_bytes(content)
        use = FileUse(
            id=new_id(), ordinal=0, part="attachment", name="a", type="b/c", size=len(content), sha256=digest_of(path)
        )
        try:
            await keep(database, open_files(None, home.folder / "files"), UUID(workspace), {use.sha256: path})
            await database.write(UUID(workspace), lambda db: record(db, UUID(workspace), UUID(event), [use]))
        finally:
            path.unlink()
            await database.close()
        return str(use.id)

    with attach(home.folder) as embedded:
        return asyncio.run(run(embedded.database_url()))


def execute(home: Home, statement: str) -> None:
    async def run(url: str) -> None:
        db = await asyncpg.connect(url)
        try:
            await db.execute(statement)
        finally:
            await db.close()

    with attach(home.folder) as embedded:
        asyncio.run(run(embedded.database_url()))


def schema_of(home: Home) -> str:
    with attach(home.folder) as embedded:
        return dump_schema(embedded.database_url())


async def make_operator(url: str, desk: str) -> None:
    """Who may do everything in a database but what pgvector asks of a superuser."""
    role = "CREATE ROLE operator LOGIN CREATEROLE NOSUPERUSER PASSWORD 'of the database'"
    for where, what in ((url, role), (url, "CREATE DATABASE desk OWNER operator"), (desk, "CREATE EXTENSION vector")):
        db = await asyncpg.connect(where)
        await db.execute(what)
        await db.close()


def holds(folder: Path, *texts: str) -> list[str]:
    """The files below a folder in which one of these texts stands."""
    found: list[str] = []
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            found += [f"{path}: {text}" for text in texts if text.encode() in content]
    return found
