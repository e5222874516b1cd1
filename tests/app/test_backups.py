"""Backup and restore from outside: everything comes back, the erased do not, and what is damaged touches nothing."""

import asyncio
import hashlib
import json
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.embedded import attach
from tests.app.commands import Home, home_in, until
from tests.app.conftest import Prepared
from tests.app.restored import (
    Caller,
    end,
    execute,
    holds,
    keep_file,
    key,
    make_operator,
    restored,
    rows_of,
    schema_of,
    seals,
    taken,
)
from tests.app.spoiling import spoil_all, spoil_end, spoil_manifest, spoil_middle

LATER = {
    *("workspace", "restoration", "ticket_counter", "follower_checkpoint", "idempotency_key", "migration"),
    "search_index",
}
"""Tables that a restore changes on purpose, or that say when something was done."""
SIGNED_IN = (
    "INSERT INTO api_key (workspace_id, id, name, role, hash, hint, proves, rate, created_at, created_by, agent_id, "
    "session) SELECT workspace_id, gen_random_uuid(), 'session', role, id::text::bytea, '', '{}', 0, now(), '', id, "
    "true FROM agent; INSERT INTO sign_in_link (workspace_id, digest, agent_id, purpose, made_at, expires_at) "
    "SELECT workspace_id, id::text::bytea, id, 'reset', now(), now() + interval '1 day' FROM agent"
)
PLANTED = "Zaphodine Quarkbrook"
ADDRESS = "zaphodine.quarkbrook@planted.example"


def _folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="throughline-backups-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


folder = pytest.fixture(_folder)
around = pytest.fixture(_folder, scope="module", name="around")


@pytest.fixture(scope="module")
def shop(around: Path, prepared: Prepared) -> Iterator[Home]:
    """A home with the demo desk, for those who only read it."""
    with home_in(prepared.demo(around / "shop")) as home:
        execute(home, SIGNED_IN)
        yield home


@pytest.fixture(scope="module")
def kept(around: Path, shop: Home) -> Path:
    return taken(shop, around / "shop.backup")


@pytest.fixture
def backup(folder: Path, kept: Path) -> Path:
    """Of that home, to be spoilt."""
    return Path(shutil.copy2(kept, folder))


@pytest.fixture
def branch(folder: Path, prepared: Prepared) -> Iterator[Home]:
    """A home with the same desk, to be changed."""
    with home_in(prepared.demo(folder / "branch")) as home:
        yield home


@pytest.fixture
def blank(folder: Path, prepared: Prepared) -> Path:
    """A home with nothing in it, to restore into."""
    return prepared.blank(folder / "second")


def test_everything_is_there_elsewhere_and_tickets_are_what_a_rebuild_makes(
    blank: Path, shop: Home, backup: Path
) -> None:
    assert backup.stat().st_mode & 0o777 == 0o600
    with restored(blank, backup) as second:
        here, there = rows_of(shop), rows_of(second)
        assert here.keys() == there.keys()
        assert {name for name in here if here[name] != there[name]} <= LATER | {"api_key", "sign_in_link"}
        assert len(there["api_key"]) == len(here["api_key"]) - len(here["agent"]), "sessions end with a restore"
        assert not there["sign_in_link"]
        assert len(there["event"]) > 300
        assert schema_of(shop) == schema_of(second)
        rebuilt = second.run("rebuild", "tickets", "--workspace", "demo")
        assert rebuilt.returncode == 0
        assert rows_of(second)["ticket"] == there["ticket"]
        audit = second.run("verify-audit", "--workspace", "demo")
        assert audit.returncode == 0, audit.stdout
        assert "restored at" in audit.stdout


def test_a_backup_beside_traffic_holds_all_that_was_answered_before_it(folder: Path, blank: Path, branch: Home) -> None:
    process = branch.serve()
    caller = Caller(branch, key(branch))
    answered: dict[str, str] = {}
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            status, told = caller.push(str(number))
            assert status == 201, told
            answered[str(number)] = told["event_id"]

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    until(lambda: len(answered) > 50, 30)
    before = dict(answered)
    backup = taken(branch, folder / "busy.backup")
    until(lambda: len(answered) > len(before) + 50, 30)
    _, seen_to = caller.changes(None)
    stop.set()
    writer.join(10)
    audit = branch.run("verify-audit", "--workspace", "demo")
    assert audit.returncode == 0, audit.stdout
    end(branch, process)
    with restored(blank, backup) as second:
        there = {json.loads(line)["source_id"] for line in exported(second) if '"writers"' in line}
        assert set(before) <= there < set(answered)
        whole = set(rows_of(branch)["event"])
        assert set(rows_of(second)["event"]) < whole
        process = second.serve()
        again = Caller(second, caller.key)
        assert again.push("1") == (200, {**again.push("1")[1], "event_id": answered["1"]})
        lost = next(iter(set(answered) - there))
        status, told = again.push(lost)
        assert status == 201
        # a follower that had read all of the first home goes on here with what came since the restore
        assert again.changes(seen_to)[0] == [told["event_id"]]
        assert set(before.values()) <= set(again.changes(None)[0])
        end(second, process)


def exported(home: Home) -> list[str]:
    return home.run("export", "interactions", "--workspace", "demo").stdout.splitlines()


def test_who_was_erased_after_the_backup_does_not_come_back(folder: Path, blank: Path, branch: Home) -> None:
    process = branch.serve()
    caller = Caller(branch, key(branch))
    contact = {"name": PLANTED, "identifiers": [{"kind": "email", "value": ADDRESS, "verified": True}]}
    status, told = caller.push("planted", contact=contact, body=f"I am {PLANTED}.", subject=PLANTED)
    assert status == 201
    other = caller.push("neighbour")[1]
    workspace = rows_of(branch)["workspace"][0].split(",")[0].lstrip("(")
    files = {
        one["event_id"]: keep_file(branch, workspace, one["event_id"], content)
        for one, content in ((told, PLANTED.encode()), (other, b"a neighbour's"))
    }
    until(lambda: holds(branch.folder, PLANTED) != [], 10)  # the search finds what is there
    backup, sealed = taken(branch, folder / "before.backup"), seals(branch)
    caller.push("later")
    until(lambda: seals(branch) != sealed, 30)  # so that the restore takes seals away
    assert caller.ask("POST", f"/customers/{told['customer_id']}/erase", {})[0] == 200
    assert not holds(branch.folder / "files", PLANTED)
    after = keep_file(branch, workspace, caller.push("after")[1]["event_id"], b"after the backup")
    end(branch, process)
    shutil.copytree(branch.folder / "erasures", folder / "elsewhere")

    done = branch.run("restore", str(backup), "--replace")
    assert done.returncode == 0, done.stderr
    assert "Erased again" in done.stderr
    assert holds(branch.folder, PLANTED, ADDRESS, "after the backup") == []
    assert branch.run("reconcile", "files").returncode == 0
    process = branch.serve()
    assert caller.bytes_of(f"/files/{files[other['event_id']]}") == (200, b"a neighbour's")
    for gone in (files[told["event_id"]], after):
        assert caller.bytes_of(f"/files/{gone}")[0] == 404
    assert caller.ask("GET", f"/customers/{told['customer_id']}")[1]["name"] is None
    status, again = caller.push("planted", contact=contact, body=f"I am {PLANTED}.", subject=PLANTED)
    assert (status, again["event_id"]) == (200, told["event_id"])
    sealed = seals(branch)
    caller.push("after the restore")
    until(lambda: seals(branch) != sealed, 30)
    audit = branch.run("verify-audit", "--workspace", "demo")
    assert audit.returncode == 0, audit.stdout
    end(branch, process)

    with restored(blank, backup, "--erasures", str(folder / "elsewhere")) as second:
        assert holds(second.folder, PLANTED, ADDRESS) == []


def test_two_restores_of_one_backup_share_no_epoch_and_no_ticket_number(blank: Path, backup: Path) -> None:
    def now(home: Home) -> tuple[set[str], set[str]]:
        rows = rows_of(home)
        return {row.split(",")[4] for row in rows["workspace"]}, set(rows["ticket_counter"])

    with restored(blank, backup) as second:
        first = now(second)
        assert second.run("restore", str(backup)).returncode == 1
        assert second.run("restore", str(backup), "--replace").returncode == 0
        again = now(second)
        assert first[0].isdisjoint(again[0])
        assert first[1] == again[1]


def test_a_backup_of_an_older_version_is_brought_to_this_one(blank: Path, shop: Home, backup: Path) -> None:
    since = {"restoration", "home_key", "value_count", "identity_count"}
    since |= {"identity_policy", "identity_training", "identity_pass", "team", "team_member", "queue", "saved_view"}
    since |= {"ticket_edit", "ticket_task", "ticket_follower", "notification", "ticket_moment", "ticket_version"}
    grown = {"link_suggestion": 9, "ticket_policy": 7, "agent": 7, "api_key": 13, "ticket": 20}
    since |= {"mailbox_password", "channel_account_change", "mailbox", "mailbox_mail"}
    since |= {"stored_file", "file_use", "file_upload", "mail_thread", "mail_reference"}
    since |= {"agent_password", "sign_in_link", "sign_in_try", "triage_model", "presence"}
    since |= {"webhook", "webhook_delivery", "outbound_mail", "outbound_lane", "mail_bounce"}
    since |= {"search_index", "search_due", "search_fault", "search_word", "search_spoken"}

    def older(manifest: dict[str, Any], parts: dict[str, bytes]) -> None:
        del manifest["migrations"][6:]
        for table in since:
            del manifest["columns"][table]
        for table, columns in grown.items():
            del manifest["columns"][table][columns:]
        for part in manifest["parts"]:
            columns = grown.get(part["name"].removeprefix("tables/").partition("/")[0])
            if columns:
                rows = [line.split(b"\t") for line in parts[part["name"]].splitlines()]
                cut = b"".join(b"\t".join(row[:columns]) + b"\n" for row in rows if row[-1] != b"desk")
                parts[part["name"]] = cut
                part.update(size=len(cut), sha256=hashlib.sha256(cut).hexdigest())

    spoil_manifest(backup, older)  # and no opening hours, so that what was promised falls due at other times
    with restored(blank, backup) as second:
        here, there = rows_of(shop), rows_of(second)
        differ = {name for name in here if here[name] != there[name]}
        assert differ <= LATER | since | {"link_suggestion", "api_key", "ticket_policy", "ticket"}
        assert len(there["link_suggestion"]) == len(here["link_suggestion"])
        assert len(there["restoration"]) == 1
        assert schema_of(shop) == schema_of(second)


def test_a_cut_tail_is_no_restore_and_a_restore_that_is_not_on_record_shows(blank: Path, backup: Path) -> None:
    with restored(blank, backup) as second:

        def verified() -> str:
            done = second.run("verify-audit", "--workspace", "demo")
            return "" if done.returncode == 0 else done.stdout

        assert verified() == ""
        execute(second, "DELETE FROM restoration")
        assert "not on record" in verified()
        (log,) = (second.folder / "audit").glob("*.log")
        log.write_text(log.read_text() + f"7 {'0' * 64}\n")
        assert "the tail was cut" in verified()


@pytest.mark.parametrize("spoil", [spoil_middle, spoil_end, spoil_manifest, spoil_all])
def test_what_is_damaged_touches_nothing(folder: Path, shop: Home, backup: Path, spoil: Callable[[Path], None]) -> None:
    before = rows_of(shop)
    spoil(backup)
    done = shop.run("restore", str(backup), "--replace")
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert rows_of(shop) == before
    assert not (shop.folder / "restoring").exists()


def test_what_is_newer_is_refused(folder: Path, backup: Path) -> None:
    def newer_format(manifest: dict[str, Any], _: dict[str, bytes]) -> None:
        manifest.update(format=2, parts="of another shape")

    def newer_schema(manifest: dict[str, Any], _: dict[str, bytes]) -> None:
        manifest["migrations"].append("9999-later")

    with home_in(folder / "second") as second:
        for change in (newer_schema, newer_format):
            spoil_manifest(backup, change)
            done = second.run("restore", str(backup))
            assert done.returncode == 1
            assert "newer" in done.stderr


def test_it_is_refused_over_data_and_beside_a_server(branch: Home, backup: Path) -> None:
    done = branch.run("restore", str(backup))
    assert done.returncode == 1
    assert "--replace" in done.stderr
    process = branch.up()
    done = branch.run("restore", str(backup), "--replace")
    assert done.returncode == 1
    assert branch.ready()
    end(branch, process)
    branch.words.write_text("")
    worker = branch.start("worker")
    until(lambda: "worker_started" in branch.words.read_text(), 20)
    done = branch.run("restore", str(backup), "--replace")
    assert done.returncode == 1
    assert not (branch.folder / "restoring").exists()
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=20)


def test_one_that_was_killed_half_way_keeps_all_from_starting_and_is_done_again(
    folder: Path, blank: Path, backup: Path
) -> None:
    with home_in(blank) as second:
        process = second.start("restore", str(backup))
        mark = second.folder / "restoring"
        until(lambda: mark.exists() and mark.read_bytes() == b"begun\n", 30)
        process.kill()
        process.communicate()
        for words in (("up",), ("serve",), ("worker",), ("migrate",), ("key", "list"), ("backup", str(folder / "no"))):
            refused = second.run(*words)
            assert refused.returncode == 1
            assert "cut short" in refused.stderr
        done = second.run("restore", str(backup))
        assert done.returncode == 0, done.stderr
        assert not mark.exists()
        assert len(rows_of(second)["event"]) > 300


def test_a_file_that_is_there_is_kept_and_a_failed_backup_leaves_none(folder: Path, shop: Home, backup: Path) -> None:
    before = backup.read_bytes()
    assert shop.run("backup", str(backup)).returncode == 1
    assert backup.read_bytes() == before
    assert shop.run("backup", "--force", str(backup)).returncode == 0
    assert backup.read_bytes() != before
    into = folder / "into"
    into.mkdir()
    assert shop.run("backup", str(into)).returncode == 0
    assert [path.suffix for path in into.iterdir()] == [".backup"]
    assert shop.run("backup", str(folder / "nowhere" / "x.backup")).returncode == 1
    process = shop.start("backup", str(folder / "killed.backup"))
    until(lambda: any(folder.glob(".killed.backup.partial-*")), 20)
    process.kill()
    process.communicate()
    assert not (folder / "killed.backup").exists()


def test_a_secret_of_the_environment_must_be_the_one_it_was_made_under(folder: Path, blank: Path) -> None:
    with home_in(folder / "first", THROUGHLINE_SECRET="the first secret of all") as first:
        assert first.run("workspace", "create", "desk").returncode == 0
        made = key(first, "desk")
        backup = taken(first, folder / "desk.backup")
    with home_in(blank) as second:
        done = second.run("restore", str(backup))
        assert done.returncode == 1
        assert "THROUGHLINE_SECRET" in done.stderr
    with restored(folder / "third", backup, THROUGHLINE_SECRET="the first secret of all") as third:
        process = third.serve()
        assert Caller(third, made).push("1")[0] == 201
        end(third, process)


def test_a_foreign_database_whose_administrator_is_no_superuser(folder: Path, blank: Path, backup: Path) -> None:
    with attach(blank) as server:
        asyncio.run(make_operator(server.database_url(), server.database_url(database="desk")))
        url = server.database_url("operator", "of the database", "desk")
        with restored(folder / "desk", backup, DATABASE_URL=url) as second:
            again = taken(second, folder / "again.backup")
            done = second.run("restore", str(again), "--replace")
            assert done.returncode == 0, done.stderr
            process = second.up()
            caller = Caller(second, key(second))
            assert caller.push("1")[0] == 201
            refused = second.run("restore", str(again), "--replace")
            assert refused.returncode == 1
            end(second, process)
