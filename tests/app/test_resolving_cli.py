"""`resolve` and `train identity` as people run them: shown, done, killed on the way, and beside a server."""

import asyncio
import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app.embedded import attach
from tests.app.commands import Home, home_in, until
from tests.app.conftest import Prepared
from tests.identity.crowd import person

PEOPLE = 150


@pytest.fixture(scope="module")
def home(prepared: Prepared) -> Iterator[Home]:
    """A home with a worker, and a desk `crowd` where as many people came twice, by proof alone not known as one."""
    folder = Path(tempfile.mkdtemp(prefix="throughline-resolving-"))
    folder.chmod(0o711)
    with home_in(prepared.migrated(folder)) as made:
        assert made.run("workspace", "create", "crowd").returncode == 0
        made.start("worker")
        assert made.run("workspace", "create", "other").returncode == 0
        assert made.run("identity", "policy", "--automatic", "proof", "--workspace", "crowd").returncode == 0
        for slug in ("crowd", "other"):
            lines = "\n".join(map(item, range(2 * PEOPLE)))
            done = made.run("import", "interactions", "-", "--workspace", slug, given=lines)
            assert done.returncode == 0, done.stderr
        assert made.run("identity", "policy", "--automatic", "evidence", "--workspace", "crowd").returncode == 0
        yield made
    shutil.rmtree(folder, ignore_errors=True)


def item(number: int) -> str:
    """The people of the crowd, and then all of them again under other keys."""
    who = person(number % PEOPLE) | {"key": f"c{number}", "identifiers": []}
    return json.dumps(
        {
            "source": "shop",
            "source_id": f"{number}",
            "kind": "message",
            "channel": "email",
            "direction": "inbound",
            "occurred_at": f"2026-01-01T{number // 60:02}:{number % 60:02}:00Z",
            "contact": who,
        }
    )


def told(home: Home, *words: str) -> list[dict[str, Any]]:
    done = home.run(*words, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


async def unlearn(home: Home) -> None:
    """Most of what was learned of given names."""
    with contextlib.closing(attach(home.folder)) as server:
        admin = await asyncpg.connect(server.database_url())
        try:
            await admin.execute("UPDATE identity_count SET amount = amount / 4 WHERE counter = 'level given exact'")
        finally:
            await admin.close()


def customers(home: Home, slug: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in home.run("export", "identity", "--workspace", slug).stdout.splitlines():
        one = json.loads(line)
        found.setdefault(one["customer_id"], set()).add(one["key"])
    return found


def test_nothing_is_trained_on_who_was_never_counted(home: Home) -> None:
    done = home.run("train", "identity", "--workspace", "crowd")
    assert (done.returncode, done.stdout) == (1, "")
    assert "`throughline resolve` does" in done.stderr


def test_first_it_only_says_what_it_would_do(home: Home) -> None:
    before = customers(home, "crowd")
    assert len(before) == 300
    *findings, counts = told(home, "resolve", "--workspace", "crowd")
    assert counts["kind"] == "counts"
    assert counts["applied"] is False
    assert counts["learned_again"] is True
    assert counts["links"] == len([one for one in findings if one["kind"] == "link"]) > 100
    assert {"kind", "a", "b", "grade", "probability", "needed", "words", "evidence"} == set(findings[0])
    assert customers(home, "crowd") == before

    shown = home.run("resolve", "--limit", "2", "--workspace", "crowd")
    assert shown.stdout.count("would be linked (presumed)") == 2
    assert f"{counts['links']} pairs of customers would be linked" in shown.stdout
    assert "same birth date" in shown.stdout
    assert "--apply does it" in shown.stderr


def test_train_shows_shares_and_puts_them_in_force_once(home: Home) -> None:
    (shown,) = told(home, "train", "identity", "--workspace", "other")
    assert shown["version"] is None
    assert shown["contacts"] == 300
    assert {"comparison", "level", "before", "after", "stranger", "house"} == set(shown["shares"][0])
    table = home.run("train", "identity", "--workspace", "other").stdout
    assert table.startswith("300 contacts, ")
    assert "pairs would be linked" in table
    assert "nothing was put in force" in home.run("train", "identity", "--activate", "--workspace", "other").stderr
    asyncio.run(unlearn(home))
    moved = home.run("train", "identity", "--workspace", "other").stdout
    assert "given         exact" in moved
    first = home.run("train", "identity", "--activate", "--reason", "a try", "--workspace", "other")
    assert "Version 1 is in force." in first.stderr
    again = home.run("train", "identity", "--activate", "--workspace", "other")
    assert "nothing was put in force" in again.stderr
    versions = ("train", "identity", "--versions", "--workspace")
    (version,) = map(json.loads, home.run(*versions, "other").stdout.splitlines())
    assert (version["version"], version["actor"], version["reason"]) == (1, "cli", "a try")
    assert version["training"]["contacts"] == 300
    assert home.run(*versions, "crowd").stdout == ""


def test_killed_on_the_way_it_goes_on_and_ends_at_the_same(home: Home) -> None:
    words = ("resolve", "--apply", "--workspace", "crowd")
    before = customers(home, "other")
    process = home.start(*words)
    until(lambda: len(customers(home, "crowd")) < 300, 60)
    process.kill()
    process.communicate()
    on_the_way = len(customers(home, "crowd"))
    assert on_the_way > PEOPLE
    done = home.run(*words)
    assert done.returncode == 0, done.stderr
    assert "Goes on where it was cut short: 3 of 4 parts are done." in done.stderr
    after = customers(home, "crowd")
    assert len(after) == PEOPLE
    assert all({int(key[1:]) % PEOPLE for key in keys} == {int(min(keys)[1:]) % PEOPLE} for keys in after.values())
    again = home.run(*words)
    assert "Goes on" not in again.stderr
    assert "0 pairs of customers were linked" in again.stdout
    assert customers(home, "crowd") == after
    assert customers(home, "other") == before
    rebuilt = home.run("rebuild", "tickets", "--workspace", "crowd").stdout
    assert rebuilt.endswith("; 0 rows differed\n")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("resolve", "--limit", "x", "--workspace", "crowd"), 2, "--limit"),
        (("resolve", "--limit", "-1", "--workspace", "crowd"), 2, "--limit"),
        (("resolve",), 2, "there are 2 workspaces"),
        (("resolve", "--workspace", "nowhere"), 1, "no workspace nowhere"),
        (("train", "identity", "--workspace", "nowhere"), 1, "no workspace nowhere"),
        (("train", "triage"), 2, "triage"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(home: Home, words: tuple[str, ...], code: int, said: str) -> None:
    done = home.run(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
