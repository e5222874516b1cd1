"""The command line from outside: what goes where, which number it ends with, and that imports repeat and resume."""

import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from app.cli import COMMANDS
from tests.app.commands import ROOT, Home, home_in, until
from tests.app.conftest import Prepared

GROUPS = {
    "workspace": ("create", "list"),
    "agent": ("create", "list", "disable"),
    "key": ("create", "list", "revoke"),
    "channel": ("create", "change", "list", "test", "rotate", "disable", "enable"),
    "webhook": ("list", "deliveries", "replay"),
    "deliveries": ("list", "retry", "mark-sent", "discard"),
    "import": ("interactions", "tau-retail", "tau-airline", "multidogo", "mbox", "maildir"),
    "export": ("identity", "interactions", "customer"),
    "reconcile": ("files", "search"),
    "rebuild": ("tickets", "objects", "counts"),
    "identity": ("policy", "suggestions", "accept", "reject", "later"),
    "train": ("identity",),
    "shared": ("list", "add", "remove"),
    "quarantine": ("list", "show", "replay", "discard"),
}


@pytest.fixture(scope="module")
def home(prepared: Prepared) -> Iterator[Home]:
    """A home with the workspaces `one` (region GB) and `two`; a held database makes each command quick."""
    folder = Path(tempfile.mkdtemp(prefix="throughline-cli-"))
    folder.chmod(0o711)
    with home_in(prepared.migrated(folder)) as made:
        assert made.run("workspace", "create", "one", "--region", "gb").returncode == 0
        made.start("worker")
        assert made.run("workspace", "create", "two").returncode == 0
        yield made
    shutil.rmtree(folder, ignore_errors=True)


def test_every_command_explains_itself_and_wrong_usage_is_2(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom click.testing import CliRunner\nfrom app.cli import throughline\n"
        "for words in sys.argv[1:]:\n"
        "    words = words.split()\n"
        "    said = CliRunner().invoke(throughline, [*words, '--help'])\n"
        "    assert said.exit_code == 0 and len(said.output) > 150, (words, said.output)\n"
        "    wrong = CliRunner().invoke(throughline, [*words, '--no-such-option'])\n"
        "    assert wrong.exit_code == 2 and 'Traceback' not in wrong.output, (words, wrong.output)\n"
    )
    commands = [*COMMANDS, *(f"{group} {part}" for group, parts in GROUPS.items() for part in parts)]
    done = Home(tmp_path).environment
    ran = subprocess.run([sys.executable, "-c", script, *commands], env=done, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert list(tmp_path.iterdir()) == [], "asking for help makes nothing"


def test_help_comes_at_once(tmp_path: Path) -> None:
    home = Home(tmp_path)
    began = time.perf_counter()
    said = home.run_anew("--help")
    took = time.perf_counter() - began
    assert said.returncode == 0
    assert all(command in said.stdout for command in COMMANDS)
    assert took < 1.0  # 0.05 s on a quiet machine; what is checked is that nothing heavy is imported


def test_a_key_is_the_last_word_on_stdout_and_words_are_on_stderr(home: Home) -> None:
    made = home.run("key", "create", "--workspace", "one", "--role", "integration", "--proves", "email, phone")
    assert made.returncode == 0
    key = made.stdout.split()[-1]
    assert key.startswith("tl_")
    assert key not in made.stderr
    assert "proves email, phone" in made.stderr
    listed = home.run("key", "list", "--workspace", "one").stdout
    assert key not in listed
    assert key[-4:] in listed
    number = next(line.split("\t")[0] for line in listed.splitlines() if key[-4:] in line)
    assert home.run("key", "revoke", number, "--workspace", "one").returncode == 0
    assert "revoked" in home.run("key", "list", "--workspace", "one").stdout


def test_an_agents_key_ends_when_the_agent_leaves(home: Home) -> None:
    assert home.run("agent", "create", "kim@desk.example", "--role", "agent", "--workspace", "one").returncode == 0
    made = home.run("key", "create", "--role", "agent", "--agent", "kim@desk.example", "--workspace", "one")
    assert made.returncode == 0, made.stderr
    left = home.run("agent", "disable", "kim@desk.example", "--reason", "Gone to sea", "--workspace", "one")
    assert left.returncode == 0, left.stderr
    assert "0 tickets went back" in left.stderr
    listed = home.run("key", "list", "--workspace", "one").stdout
    assert "revoked" in next(line for line in listed.splitlines() if made.stdout.split()[-1][-4:] in line)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("agent", "disable", "nobody@desk.example", "--workspace", "one"), 1, "no agent nobody@desk.example"),
        (("key", "create", "--role", "admin"), 2, "there are 2 workspaces"),
        (("key", "create", "--role", "king", "--workspace", "one"), 2, "king"),
        (("key", "create", "--role", "admin", "--workspace", "one", "--proves", "shoe"), 2, "shoe"),
        (("key", "create", "--role", "admin", "--workspace", "one", "--expires", "2001-01-01"), 2, "over already"),
        (("key", "create", "--role", "admin", "--workspace", "three"), 1, "no workspace three"),
        (("workspace", "create", "One"), 2, "small letters"),
        (("workspace", "create", "one"), 1, "there already"),
        (("workspace", "create", "three", "--region", "Germany"), 2, "two letters"),
        (("agent", "create", "nobody", "--role", "lead", "--workspace", "one"), 2, "EMAIL"),
        (("import", "interactions", "/nowhere.ndjson", "--workspace", "one"), 1, "/nowhere.ndjson"),
        (("import", "tau-retail", "/nowhere", "--workspace", "one"), 1, "users.json"),
        (("why", "not-an-id", "nor-this", "--workspace", "one"), 1, "one has no contact not-an-id"),
        (("shared", "add", "shoe:1", "--workspace", "one"), 2, "shoe"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(home: Home, words: tuple[str, ...], code: int, said: str) -> None:
    done = home.run(*words)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def item(number: int, **more: object) -> str:
    said = {
        "source": "shop",
        "source_id": f"{number}",
        "kind": "message",
        "channel": "email",
        "direction": "inbound",
        "occurred_at": f"2026-01-{1 + number % 28:02d}T10:00:00Z",
        "contact": {"identifiers": [{"kind": "email", "value": f"p{number % 7}@mail.example", "verified": True}]},
        "body": f"number {number}",
    }
    return json.dumps(said | more)


def test_an_import_adds_up_repeats_and_exports_what_imports_again(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "items.ndjson"
    lines = [item(number) for number in range(250)]
    lines[10] = '{"source": "shop"}'
    lines[20] = "not JSON"
    lines.append(item(5, body="another body"))
    file.write_text("\n".join(lines) + "\n")
    words = ("import", "interactions", str(file), "--workspace", "one")
    first = home.run(*words)
    assert first.returncode == 0, first.stderr
    assert first.stdout.split("\n")[-2] == "read 251, new 248, already there 0, refused 3"
    assert "refused line 11" in first.stderr
    assert "refused line 251: body" in first.stderr
    again = home.run(*words)
    assert again.stdout.split("\n")[-2] == "read 251, new 0, already there 248, refused 3"

    waiting = home.run("quarantine", "list", "--workspace", "one").stdout.splitlines()
    assert [line.split("\t")[1:4] for line in waiting] == [["content_differs", "shop", "5"]]
    shown = home.run("quarantine", "show", waiting[0].split("\t")[0], "--workspace", "one")
    assert json.loads(shown.stdout)["body"] == "another body"
    assert home.run("quarantine", "replay", waiting[0].split("\t")[0], "--workspace", "one").returncode == 1
    assert home.run("quarantine", "discard", waiting[0].split("\t")[0], "--workspace", "one").returncode == 0
    assert home.run("quarantine", "list", "--workspace", "one").stdout == ""

    identity = [json.loads(line) for line in home.run("export", "identity", "--workspace", "one").stdout.splitlines()]
    assert len(identity) == len({one["customer_id"] for one in identity}) == 7
    assert sum(len(one["source_ids"]) for one in identity) == 248
    assert set(identity[0]) == {"source", "key", "contact_id", "customer_id", "grade", "source_ids"}
    exported = home.run("export", "interactions", "--workspace", "one").stdout
    same = home.run("import", "interactions", "-", "--workspace", "one", given=exported)
    assert same.stdout.split("\n")[-2] == "read 248, new 0, already there 248, refused 0"

    why = home.run("why", identity[0]["contact_id"], identity[1]["contact_id"], "--workspace", "one")
    assert why.stdout.startswith("Today they are two customers: ")
    assert "Bits for one person" not in why.stdout
    named = [f"{one['source']}/{one['key']}" for one in identity[:2]]
    numbers = home.run("why", *named, "--workspace", "one", "--numbers")
    assert numbers.stdout.startswith(why.stdout)
    assert "before anything is compared" in numbers.stdout
    same = home.run("why", named[0], identity[0]["customer_id"], "--workspace", "one")
    assert (same.returncode, same.stdout) == (1, "")
    assert "name two" in same.stderr
    told = json.loads(home.run("why", *named, "--workspace", "one", "--json").stdout)
    assert told["contacts"]["evidence"][-1]["comparison"] == "decision"


def test_an_import_that_was_killed_is_resumed(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "many.ndjson"
    file.write_text("".join(item(number, source="killed") + "\n" for number in range(3000)))
    words = ("import", "interactions", str(file), "--workspace", "two")
    process = home.start(*words)

    def some_are_there() -> bool:
        return "killed" in home.run("export", "identity", "--workspace", "two").stdout

    until(some_are_there, 20)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    resumed = home.run(*words)
    assert resumed.returncode == 0, resumed.stderr
    counts = [int(part.split()[-1]) for part in resumed.stdout.strip().split(",")]
    assert counts[0] == 3000
    assert counts[1] + counts[2] == 3000
    assert home.run(*words).stdout.strip() == "read 3000, new 0, already there 3000, refused 0"


def test_values_of_several_people_are_listed_by_the_operator(home: Home) -> None:
    assert (
        home.run("shared", "add", "phone:01632 960001", "--workspace", "one", "--reason", "switchboard").returncode == 0
    )
    listed = home.run("shared", "list", "--workspace", "one").stdout
    assert "shared\tphone:+441632960001\tcli\tswitchboard\t20" in listed
    shown = json.loads(home.run("shared", "show", "phone:01632 960001", "--workspace", "one").stdout)
    assert (shown["class"], shown["reason"], shown["by"], shown["people"]) == ("shared", "switchboard", "cli", [])
    assert home.run("shared", "remove", "phone:01632 960001", "--workspace", "one").returncode == 0
    assert "personal\tphone:+441632960001" in home.run("shared", "list", "--workspace", "one").stdout
    assert home.run("shared", "list", "--workspace", "one", "--class", "shared").stdout == ""
    listed = home.run("shared", "list", "--workspace", "one", "--json").stdout
    assert json.loads(listed)["class"] == "personal"


def test_doctor_hides_secrets_and_finds_nothing_wrong(home: Home) -> None:
    told = home.run("doctor")
    assert told.returncode == 0, told.stdout
    secret = (home.folder / "secret").read_text().strip()
    assert secret not in told.stdout + told.stderr
    assert f"{'THROUGHLINE_PORT':<30}{home.port}  [environment]" in told.stdout


def test_a_persons_export_is_a_file_of_its_own(home: Home, tmp_path: Path) -> None:
    item = {"source": "mail", "source_id": "of-a-person", "kind": "message", "channel": "email", "body": "Hello",
            "direction": "inbound", "occurred_at": "2026-01-01T00:00:00Z", "contact": {"key": "a-person"}}  # fmt: skip
    assert home.run("import", "interactions", "-", "--workspace", "one", given=json.dumps(item)).returncode == 0
    listed = [json.loads(line) for line in home.run("export", "identity", "--workspace", "one").stdout.splitlines()]
    (customer,) = (one["customer_id"] for one in listed if one["key"] == "a-person")
    words = ("export", "customer", customer, "--workspace", "one")
    told = home.run(*words)
    assert [one["body"] for one in json.loads(told.stdout)["events"]] == ["Hello"]
    page = tmp_path / "person.html"
    assert home.run(*words, "--format", "html", "--output", str(page)).returncode == 0
    assert page.stat().st_mode & 0o777 == 0o600
    assert "Hello" in page.read_text()
    assert home.run(*words, "--output", str(page)).returncode == 1
    elsewhere = home.run("export", "customer", customer, "--workspace", "two")
    assert (elsewhere.returncode, elsewhere.stdout) == (1, "")
    assert [path.name for path in tmp_path.iterdir()] == ["person.html"]


@pytest.mark.parametrize("what", ["tickets", "objects", "counts"])
def test_a_rebuild_says_how_many_rows_differed_and_refuses_whom_it_does_not_know(home: Home, what: str) -> None:
    item = {"source": "shop", "source_id": "to-rebuild", "kind": "order", "channel": "orders", "direction": "inbound",
            "occurred_at": "2026-01-01T00:00:00Z", "object": {"type": "order", "id": "1", "state": "paid"},
            "contact": {"key": "rebuilt"}}  # fmt: skip
    assert home.run("import", "interactions", "-", "--workspace", "one", given=json.dumps(item)).returncode == 0
    whole = home.run("rebuild", what, "--workspace", "one")
    assert (whole.returncode, whole.stdout[-17:]) == (0, " 0 rows differed\n"), whole.stderr
    listed = [json.loads(line) for line in home.run("export", "identity", "--workspace", "one").stdout.splitlines()]
    (customer,) = (one["customer_id"] for one in listed if one["key"] == "rebuilt")
    told = home.run("rebuild", what, customer, "--workspace", "one")
    assert (told.returncode, told.stdout) == (0, f"{customer}: 0 rows differed\n")
    elsewhere = home.run("rebuild", what, customer, "--workspace", "two")
    assert (elsewhere.returncode, elsewhere.stdout) == (1, "")
    assert f"two has no customer {customer}" in elsewhere.stderr


def test_the_search_index_is_compared_and_made_again(home: Home) -> None:
    assert home.run("reindex", "--workspace", "two").returncode == 0
    compared = home.run("reconcile", "search", "--workspace", "two")
    assert compared.returncode == 0, compared.stderr
    assert re.fullmatch(r"compared \d+, missing 0, stale 0, orphaned 0\n", compared.stdout)


def test_a_home_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = Home(tmp_path / "file" / "home").run("up")
    assert told.returncode == 1
    assert "THROUGHLINE_HOME" in told.stderr
    assert "Traceback" not in told.stderr


def test_the_schema_is_what_docs_say(tmp_path: Path) -> None:
    made = Home(tmp_path).run("schema")
    assert made.returncode == 0, made.stderr
    written = (ROOT / "docs" / "schema.sql").read_text()
    assert made.stdout == written, "the migrations changed: make docs"


def test_the_policy_of_identity_is_shown_and_changed_in_what_is_named(home: Home) -> None:
    def policy(*words: str) -> subprocess.CompletedProcess[str]:
        return home.run("identity", "policy", "--workspace", "two", *words)

    shown = policy()
    assert (shown.returncode, json.loads(shown.stdout)["automatic"]) == (0, "evidence")
    assert "Version 0, the standard" in shown.stderr
    assert json.loads(policy("--automatic", "proof", "--reason", "a trial").stdout)["automatic"] == "proof"
    changed = policy("--precision", "0.95")
    assert json.loads(changed.stdout) == {**json.loads(shown.stdout), "automatic": "proof", "precision": 0.95}
    assert "Version 2, by cli" in changed.stderr
    for words, option in (
        (("--precision", "0.5"), "--precision"),
        (("--precision", "nan"), "--precision"),
        (("--suggestions", "0.9"), "--suggestions"),
        (("--claims", "all"), "--claims"),
    ):
        wrong = policy(*words)
        assert (wrong.returncode, wrong.stdout) == (2, "")
        assert option in wrong.stderr
        assert "Traceback" not in wrong.stderr
    assert policy().stdout == changed.stdout
    assert json.loads(home.run("identity", "policy", "--workspace", "one").stdout) == json.loads(shown.stdout)


def test_a_mailbox_is_set_up_and_its_password_is_never_shown(home: Home) -> None:
    words = ("--address", "help@desk.example", "--imap-host", "127.0.0.1", "--imap-port", "1", "--workspace", "one")
    made = home.run("channel", "create", "email", "help", *words, "--password-file", "-", given="horse battery\n")
    assert made.returncode == 0, made.stderr
    account = made.stdout.split()[0].rpartition("/")[2]
    more = ("--set", "imap.poll_seconds=30", "--set", "aliases=a@desk.example,b@desk.example")
    changed = home.run("channel", "change", account, "--workspace", "one", *more, "--smtp-host", "smtp.desk.example")
    assert changed.returncode == 0, changed.stderr
    wrong = home.run("channel", "change", account, "--workspace", "one", "--imap-port", "many")
    assert (wrong.returncode, "settings.imap.port" in wrong.stderr) == (2, True)
    tried = home.run("channel", "test", account, "--workspace", "one")
    assert tried.returncode == 1
    assert "THROUGHLINE_MAIL_PRIVATE=yes" in tried.stdout
    for ran in (made, changed, wrong, tried):
        assert "battery" not in ran.stdout + ran.stderr
        assert "Traceback" not in ran.stderr


def test_suggestions_are_listed_and_answered(home: Home, tmp_path: Path) -> None:
    def holder(number: int, pair: int) -> str:
        held = [
            {"kind": "email", "value": f"both{pair}@mail.example", "verified": True},
            {"kind": "account", "value": f"acc-{number}", "scope": "shop", "verified": True},
        ]
        contact = {"key": f"h{number}", "name": "Ann Lee", "identifiers": held}
        now = datetime.now(UTC).isoformat()  # what is old is closed by its clock between a preview and what follows
        return item(9_000 + number, source="review", contact=contact, occurred_at=now)

    def identity(*words: str) -> subprocess.CompletedProcess[str]:
        return home.run("identity", *words, "--workspace", "two")

    file = tmp_path / "holders.ndjson"
    file.write_text("\n".join(holder(number, number // 2) for number in range(4)) + "\n")
    assert home.run("import", "interactions", str(file), "--workspace", "two").returncode == 0
    shown = identity("suggestions")
    assert shown.returncode == 0, shown.stderr
    first, second = [line.split()[0] for line in shown.stdout.splitlines() if "Are these one person?" in line]
    for part in ("Ann Lee (review): ", "email both0@mail.example", "account acc-3", "different accounts"):
        assert part in shown.stdout, shown.stdout
    assert "2 open in two." in shown.stderr
    assert len(identity("suggestions", "--json", "--limit", "1").stdout.splitlines()) == 1
    preview, done = identity("accept", first, "--preview"), identity("accept", first, "--reason", "I asked")
    assert "Would move 1 contacts with 1 events" in preview.stderr
    assert json.loads(done.stdout) == {
        **json.loads(preview.stdout),
        "decision_id": json.loads(done.stdout)["decision_id"],
    }
    assert identity("later", second, "--days", "2").returncode == 0
    assert "waits until" in identity("suggestions", "--state", "later").stdout
    assert identity("reject", second).stdout.strip()
    for words, said in ((("reject", second), "was rejected before"), (("accept", str(uuid4())), "no suggestion")):
        refused = identity(*words)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert said in refused.stderr
