"""Erasing from the command line, on a home of its own: no byte is left in any file, dump, export or log."""

import http.client
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.cluster import CLEAN_ENVIRONMENT, binaries
from app.embedded import attach
from tests.app.commands import Home, home_in, until
from tests.app.conftest import Prepared
from tests.builders import contact, identifier, pushed

PLANTED = ("zebulon", "+4930901820", "30901820")
OTHER = "quentin"
"""Somebody who stays: the search finds them, so it would have found the one who went."""


@pytest.fixture
def home(prepared: Prepared) -> Iterator[Home]:
    folder = Path(tempfile.mkdtemp(prefix="throughline-erasing-"))
    folder.chmod(0o711)
    with home_in(prepared.migrated(folder)) as made:
        yield made
    shutil.rmtree(folder, ignore_errors=True)


def holding(home: Home, word: str) -> list[str]:
    """The files of a home with a word in them, as text, in either case, or as what `bytea` prints."""
    said = (word.encode(), word.capitalize().encode(), word.encode().hex().encode(), word.encode("utf-16-le"))
    files = [one for one in home.folder.rglob("*") if one.is_file() and not one.is_symlink()]
    if home.words.exists():
        files.append(home.words)
    return [str(one) for one in files if any(word in _bytes_of(one) for word in said)]


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:  # PostgreSQL removes files while it is looked at
        return b""


def dumped(home: Home) -> str:
    """The whole database as pg_dump writes it."""
    with attach(home.folder) as server:
        environment = {**CLEAN_ENVIRONMENT}
        program = [str(binaries() / "pg_dump"), "--dbname", server.database_url()]
        return subprocess.run(program, env=environment, capture_output=True, text=True, check=True).stdout


class Client:
    def __init__(self, home: Home, key: str) -> None:
        self.home, self.key = home, key

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.home.port, timeout=30)
        try:
            headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
            connection.request(method, f"/api/v1/{path}", json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


def opened(home: Home) -> Client:
    home.run("workspace", "create", "one")
    return Client(home, home.run("key", "create", "--workspace", "one", "--role", "admin").stdout.split()[-1])


def live(client: Client, name: str, phone: str, count: int = 15) -> tuple[str, list[dict[str, Any]]]:
    """A person with a thread that is long enough for TOAST, statistics and index splits."""
    said = [
        pushed(
            source="mail",
            source_id=f"{name}-{number}",
            kind="message" if number % 3 else "order",
            channel="email",
            conversation=f"{name}-{number % 4}",
            subject=f"{name} asks {number}",
            body=f"I am {name}. " * (600 if number % 7 == 0 else 3),
            object={"type": "order", "id": f"{name}-7", "version": number, "state": {"for": name}},
            contact=contact(
                f"{name}-key",
                identifier(value=f"{name}@example.com"),
                identifier("phone", phone),
                name=f"{name.capitalize()} Example",
                attributes={"street": f"{name} street"},
            ),
        )
        for number in range(count)
    ]
    answers = [client("POST", "interactions", one) for one in said]
    assert {status for status, _ in answers} == {201}, answers[0]
    assert client("POST", "interactions", {**said[0], "body": f"{name} says otherwise"})[0] == 409
    customer = answers[0][1]["customer_id"]
    assert client("GET", f"customers?identifier=email:{name}@example.com")[0] == 200
    assert client("GET", f"customers/{customer}")[0] == 200
    return customer, said


def test_no_byte_is_left_in_files_dumps_exports_and_logs(home: Home) -> None:
    home.serve()
    client = opened(home)
    customer, said = live(client, "zebulon", "+493090182000")
    live(client, OTHER, "+493090190000")
    assert client("GET", f"customers/{customer}/timeline?from=zebulon")[0] == 400, "a fault that says what it was given"
    home.run("export", "interactions", "--workspace", "one")
    before = {word: holding(home, word) for word in (*PLANTED, OTHER)}
    assert all(before.values())
    assert "zebulon" in dumped(home).lower()

    shown = home.run("erase", customer, "--preview")
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["changed"]["events"] == len(said)
    assert client("GET", f"customers/{customer}")[1]["name"] == "Zebulon Example"
    erased = home.run("erase", customer, "--yes", "--reason", "case 7", "--no-sweep")
    assert erased.returncode == 0, erased.stderr
    told = json.loads(erased.stdout)
    assert (told["customer_id"], told["changed"]) == (customer, json.loads(shown.stdout)["changed"])
    assert holding(home, "zebulon"), "without a sweep PostgreSQL's files still have them"
    swept = home.run("erase", "--sweep")
    assert (swept.returncode, "Left" in swept.stderr) == (0, False), swept.stderr
    assert {word: holding(home, word) for word in PLANTED} == {word: [] for word in PLANTED}
    assert holding(home, OTHER)

    dump = dumped(home).lower()
    assert not [word for word in PLANTED if word in dump or word.encode().hex() in dump]
    assert OTHER in dump
    for words in (("export", "interactions"), ("export", "identity"), ("export", "customer", customer)):
        exported = home.run(*words, "--workspace", "one")
        assert exported.returncode == 0, exported.stderr
        assert "zebulon" not in exported.stdout.lower()
    assert client("POST", "interactions", said[0])[0] == 200
    assert client("POST", "interactions", {**said[0], "source_id": "new"})[0] == 201
    again = home.run("erase", customer, "--yes", "--no-sweep")
    assert (again.returncode, json.loads(again.stdout)["erasure_id"]) == (0, told["erasure_id"])
    assert home.run("verify-audit", "--workspace", "one").returncode == 0


def test_the_worker_sweeps_what_the_api_erased(home: Home) -> None:
    process = home.serve()
    client = opened(home)
    customer, _ = live(client, "zebulon", "+493090182000")
    status, told = client("POST", f"customers/{customer}/erase", {"reason": "case 8"})
    assert (status, told["customer_id"]) == (200, customer)
    until(lambda: holding(home, "zebulon") == [], 60)
    until((home.folder / "erasures" / "swept").exists, 20)
    assert process.returncode is None
    assert client("GET", f"customers/{customer}")[0] == 200


def test_holds_retention_and_refusals_are_told_in_words(home: Home) -> None:
    home.start("serve")  # no worker: it would apply the policy by itself
    until(home.ready, 60)
    client = opened(home)
    customer, _ = live(client, "zebulon", "+493090182000", 1)
    hold_and_lift(home, client, customer)
    retain(home, client, customer)


def hold_and_lift(home: Home, client: Client, customer: str) -> None:
    held = home.run("hold", "add", customer, "--reason", "case 9")
    assert held.returncode == 0, held.stderr
    hold = held.stdout.strip()
    assert home.run("hold", "list").stdout.split("\t")[:2] == [hold, customer]
    refused = home.run("erase", customer, "--yes")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "legal hold" in refused.stderr
    assert hold in refused.stderr
    assert home.run("hold", "lift", hold).returncode == 0
    assert home.run("hold", "lift", hold).returncode == 1
    assert home.run("hold", "list").stdout == ""
    assert hold in home.run("hold", "list", "--all").stdout
    unasked = home.run("erase", customer)
    assert (unasked.returncode, "--yes" in unasked.stderr) == (2, True)
    assert client("GET", f"customers/{customer}")[1]["name"] == "Zebulon Example"
    assert home.run("erase").returncode == 2
    assert home.run("erase", "01a1fee0-bbdc-705c-8bbb-b1456bdaf45e", "--yes").returncode == 1


def retain(home: Home, client: Client, customer: str) -> None:
    policy = home.folder / "policy.json"
    policy.write_text('{"items": [{"older_than": "2 jears"}]}')
    wrong = home.run("retention", "set", str(policy))
    assert (wrong.returncode, "items[0].older_than" in wrong.stderr) == (1, True)
    policy.write_text('{"customers": {"inactive_for": "1 week"}}')
    counted = home.run("retention", "apply", "--preview", "--policy", str(policy))
    assert counted.returncode == 0, counted.stderr
    expected = {"version": 1, "customers": 1, "items": 0, "whole": True}
    assert json.loads(counted.stdout) == expected
    assert home.run("retention", "apply").stdout == '{"version":0,"customers":0,"items":0,"whole":true}\n'
    assert home.run("retention", "set", str(policy)).returncode == 0
    assert json.loads(home.run("retention", "show").stdout) == {"items": [], **json.loads(policy.read_text())}
    applied = home.run("retention", "apply")
    assert json.loads(applied.stdout) == expected
    assert client("GET", f"customers/{customer}")[1]["name"] is None
    assert holding(home, "zebulon") == []
