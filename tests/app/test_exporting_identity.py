"""`export identity`: who is who as a file that a program reads, of one workspace alone and of any size."""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app.embedded import attach
from tests.app.commands import Home, home_in, until
from tests.app.conftest import Prepared
from tests.app.restored import Caller
from tests.builders import identifier, pushed

MANY = 100_000
MOST = (  # asked by a small process: one begins with the memory of the one that forked it on its account
    "import resource, subprocess, sys\n"
    "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
)
EMAIL, OTHER = identifier(), identifier(value="bob@example.com")


@pytest.fixture(scope="module")
def home(prepared: Prepared) -> Iterator[Home]:
    folder = Path(tempfile.mkdtemp(prefix="throughline-identity-"))
    folder.chmod(0o711)
    with home_in(prepared.migrated(folder)) as made:
        for slug in ("one", "two", "few", "many"):
            assert made.run("workspace", "create", slug).returncode == 0
        made.start("serve")
        until(made.ready, 30)
        yield made
    shutil.rmtree(folder, ignore_errors=True)


def caller(home: Home, slug: str, *words: str) -> Caller:
    made = home.run("key", "create", "--workspace", slug, "--role", "admin", "--rate", "0", *words)
    return Caller(home, made.stdout.split()[-1])


def told(desk: Caller, source_id: str, minute: int, **contact: Any) -> Any:
    item = pushed(source_id=source_id, occurred_at=f"2026-01-01T09:{minute:02}:00Z", contact=contact)
    status, answer = desk.ask("POST", "/interactions", item)
    assert status == 201, answer
    return answer


def exported(home: Home, slug: str) -> list[dict[str, Any]]:
    done = home.run("export", "identity", "--workspace", slug)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert f"Wrote {len(lines)} contacts of {slug}." in done.stderr
    return lines


def test_each_contact_is_told_once_with_what_came_in_by_it_and_of_its_workspace_alone(home: Home) -> None:
    desk, typed = caller(home, "one"), caller(home, "one", "--proves", "none")
    told(caller(home, "two"), "not ours", 1, key="c-1", identifiers=[EMAIL])
    late = told(desk, "late", 30, key="c-1", identifiers=[EMAIL])
    early = told(desk, "early", 10, key="c-1", identifiers=[EMAIL])
    joined = told(desk, "joined", 20, key="c-2", identifiers=[EMAIL])
    claimed = told(typed, "claimed", 5, key="c-1", identifiers=[EMAIL])
    mistaken = told(desk, "mistaken", 6, key="key/c-1", identifiers=[OTHER])
    unnamed = told(desk, "unnamed", 7)
    mailbox = told(desk, "mailbox", 8, identifiers=[OTHER])
    assert late["contact_id"] == early["contact_id"]
    placed = {"event": late["event_id"], "customer": unnamed["customer_id"]}
    assert desk.ask("POST", f"/customers/{late['customer_id']}/place", placed)[0] == 200

    lines = exported(home, "one")
    assert [list(line) for line in lines] == [
        ["source", "key", "contact_id", "customer_id", "grade", "source_ids"]
    ] * len(lines)
    assert {line["source"] for line in lines} == {"shop"}, "the desk's own contact is left out"
    assert {line["contact_id"]: (line["key"], line["grade"], line["source_ids"]) for line in lines} == {
        late["contact_id"]: ("c-1", "verified", ["early", "late"]),
        joined["contact_id"]: ("c-2", "verified", ["joined"]),
        claimed["contact_id"]: ("c-1", "possible", ["claimed"]),
        mistaken["contact_id"]: ("key/c-1", "verified", ["mistaken"]),
        unnamed["contact_id"]: ("interaction/unnamed", "possible", ["unnamed"]),
        mailbox["contact_id"]: ("identifier/email:bob@example.com", "verified", ["mailbox"]),
    }
    customer = {line["contact_id"]: line["customer_id"] for line in lines}
    assert customer[late["contact_id"]] == customer[joined["contact_id"]] != customer[claimed["contact_id"]]
    assert [line["source_ids"] for line in exported(home, "two")] == [["not ours"]]


def test_a_hundred_thousand_contacts_need_little_memory(home: Home) -> None:
    told(caller(home, "few"), "only", 1, key="c-1")
    with attach(home.folder) as server:
        asyncio.run(fill(server.database_url(), "many"))
    few, little = measured(home, "few")
    many, much = measured(home, "many")
    assert (few, many) == (1, MANY)
    assert much - little < 30, f"{little:.0f} MB for {few}, {much:.0f} MB for {many}"


def measured(home: Home, slug: str) -> tuple[int, float]:
    """How many contacts were told, and the most memory (MB) that the command held."""
    command = [sys.executable, "-m", "app", "export", "identity", "--workspace", slug]
    done = subprocess.run([sys.executable, "-c", MOST, *command], env=home.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return int(done.stderr.split()[1]), int(done.stdout) / 1024


async def fill(dsn: str, slug: str) -> None:
    db = await asyncpg.connect(dsn)
    await db.execute(
        "INSERT INTO contact (workspace_id, id, source, source_key, home_id, customer_id, grade, attributes, said_at, "
        "created_at, since) SELECT w.id, gen_random_uuid(), 'shop', 'k-' || n, gen_random_uuid(), gen_random_uuid(), "
        f"'possible', '{{}}', now(), now(), now() FROM workspace w, generate_series(1, {MANY}) AS n WHERE slug = $1",
        slug,
    )
    await db.close()
