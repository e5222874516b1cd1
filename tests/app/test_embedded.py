"""The embedded database under kills: processes really die here, and what was committed is there after."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from app.cluster import binaries, buffers_of, check_version
from app.embedded import EmbeddedDatabase, EmbeddedDatabaseError, attach
from app.postmaster import find_postmaster, is_alive, socket_folder

ROOT = Path(__file__).parents[2]
HOLD = """
import sys, time
from pathlib import Path
from app.embedded import attach
database = attach(Path(sys.argv[1]))
print(database.pid, flush=True)
sys.stdin.read()
print(database.close(), flush=True)
"""


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A home made once, to be copied."""
    home = Path(tempfile.mkdtemp(prefix="tl-made-"))
    attach(home).close()
    yield home
    shutil.rmtree(home)


@pytest.fixture
def home(made: Path) -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="tl-home-"))
    subprocess.run(["cp", "-a", f"{made}/.", str(home)], check=True)
    yield home
    end(home)


def end(home: Path) -> None:
    found = find_postmaster(home / "postgres")
    if found is not None:
        found[0].send_signal(signal.SIGQUIT)
        found[0].wait(10)
    shutil.rmtree(home, ignore_errors=True)


def hold(home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def said(holder: subprocess.Popen[str]) -> str:
    assert holder.stdout is not None
    return holder.stdout.readline().strip()


def release(holder: subprocess.Popen[str]) -> str:
    words, _ = holder.communicate(timeout=60)
    assert holder.returncode == 0
    return words.strip()


async def run(database: EmbeddedDatabase, *statements: str) -> object:
    connection = await asyncpg.connect(database.database_url())
    try:
        value = None
        for statement in statements:
            value = await connection.fetchval(statement)
        return value
    finally:
        await connection.close()


def kill(pid: int | None) -> None:
    assert pid is not None
    process = psutil.Process(pid)
    process.kill()
    until_dead([process])


def until_dead(processes: list[psutil.Process]) -> None:
    """A zombie is dead: who reaps it, and when, is not our affair."""
    while any(is_alive(process) for process in processes):
        time.sleep(0.001)


async def test_it_starts_warm_in_half_a_second_with_the_settings_that_keep_data(home: Path):
    begun = time.monotonic()
    with attach(home) as database:
        assert time.monotonic() - begun < 0.5
        for name, value in {
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "data_checksums": "on",
            "max_locks_per_transaction": "256",
            "listen_addresses": "",
            "jit": "off",
            "server_encoding": "UTF8",
        }.items():
            assert await run(database, f"SHOW {name}") == value
        assert await run(database, "SELECT lower('ÄÖÜ')") == "äöü"
    assert not database.is_running()
    assert not database.close(), "closing twice does nothing"


async def test_it_lets_nobody_in_without_the_password(home: Path):
    with attach(home) as database:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(database.database_url(password="guess"))
        assert (database.data.stat().st_mode & 0o777) == 0o700
        assert (database.data / "throughline.password").stat().st_mode & 0o777 == 0o600
        assert (database.data / ".s.PGSQL.5432").stat().st_mode & 0o077 == 0


async def test_psql_understands_the_address(home: Path):
    with attach(home) as database:
        psql = [str(binaries() / "psql"), "-XAtc", "SELECT current_database()", database.database_url()]
        assert subprocess.run(psql, check=True, capture_output=True, text=True).stdout == "throughline\n"


async def test_a_second_process_works_beside_the_first(home: Path):
    first, second = hold(home), hold(home)
    assert said(first) == said(second)
    assert release(first) == "False"
    with attach(home) as third:
        assert await run(third, "SELECT 1") == 1
        assert release(second) == "False"
    assert find_postmaster(home / "postgres") is None


async def test_racing_first_starts_make_one_database():
    home = Path(tempfile.mkdtemp(prefix="tl-race-"))
    try:
        holders = [hold(home) for _ in range(3)]
        assert len({said(holder) for holder in holders}) == 1
        assert sorted(release(holder) for holder in holders) == ["False", "False", "True"]
    finally:
        end(home)


async def test_a_killed_holder_leaves_the_server_to_the_next(home: Path):
    holder = hold(home)
    pid = int(said(holder))
    holder.kill()
    holder.communicate()
    with attach(home) as database:
        assert database.pid == pid
    assert find_postmaster(home / "postgres") is None, "the dead holder counts no more"


async def test_a_killed_postmaster_comes_back_with_what_was_committed(home: Path):
    with attach(home) as database:
        await run(database, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (1)")
        busy = await asyncpg.connect(database.database_url())
        sleeping = busy.fetch("SELECT pg_sleep(60)")
        kill(database.pid)
        assert not database.is_running()
        assert database.ensure_running()
        assert database.is_running()
        assert not database.ensure_running()
        assert await run(database, "SELECT n FROM kept") == 1
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)):
            await sleeping
        busy.terminate()


async def test_orphans_that_do_not_notice_are_ended(home: Path):
    """A backend in a long calculation looks for its postmaster only when it is done."""
    spin = "DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$"
    with attach(home) as database:
        psql = subprocess.Popen(
            [str(binaries() / "psql"), "-Xqc", spin, database.database_url()], stderr=subprocess.DEVNULL
        )
        active = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO%'"
        while not await run(database, active):
            pass
        begun = time.monotonic()
        kill(database.pid)
        database.ensure_running()
        assert time.monotonic() - begun < 8
        assert psql.wait(10) != 0
        assert await run(database, active) == 0


async def test_everything_killed_at_once_starts_again(home: Path):
    holder = hold(home)
    pid = int(said(holder))
    everything = [psutil.Process(pid), *psutil.Process(pid).children(), psutil.Process(holder.pid)]
    for process in everything:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    holder.communicate()
    until_dead(everything)
    with attach(home) as database:
        assert await run(database, "SELECT 1") == 1


@pytest.mark.parametrize("left", ["foreign", "own kind", "empty", "rubbish"])
async def test_a_stale_pid_file_does_not_stop_a_start(home: Path, made: Path, left: str):
    """Its number may be anybody's by now: PostgreSQL itself would refuse to start beside a living process."""
    other: EmbeddedDatabase | None = attach(made) if left == "own kind" else None
    number = other.pid if other else os.getppid()
    data = home / "postgres"
    lines = [str(number), str(data), "1700000000", "5432", str(data), "", "  1 1", "ready   "]
    text = {"empty": "", "rubbish": "not a number\n"}.get(left, "\n".join(lines) + "\n")
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        (data / name).write_text(text)
        shutil.chown(data / name, data.stat().st_uid, data.stat().st_gid)
    with attach(home) as database:
        assert await run(database, "SELECT 1") == 1
        assert database.pid != number
    if other:
        assert other.is_running()
        other.close()


async def test_a_starter_killed_half_way_harms_nothing():
    """At every moment of a first start: while files are made, between files and start, while it starts."""
    for moment in (0.05, 0.2, 0.4, 0.6):
        home = Path(tempfile.mkdtemp(prefix="tl-half-"))
        try:
            holder = hold(home)
            time.sleep(moment)
            holder.kill()
            holder.communicate()
            with attach(home) as database:
                assert await run(database, "SELECT current_database()") == "throughline"
            assert not list(home.glob("*partial*"))
        finally:
            end(home)


async def test_a_long_home_gets_a_short_socket(home: Path):
    deep = home / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    shutil.move(home / "postgres", deep / "postgres")
    sockets = socket_folder(deep / "postgres")
    with attach(deep) as database:
        assert await run(database, "SELECT 1") == 1
        assert sockets.stat().st_mode & 0o777 == 0o700
    sockets.chmod(0o777)
    with pytest.raises(EmbeddedDatabaseError, match="belongs to somebody else"):
        attach(deep)
    shutil.rmtree(sockets)


def test_another_major_version_is_refused_in_words(home: Path):
    (home / "postgres/PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedDatabaseError, match="made by PostgreSQL 12"):
        check_version(home / "postgres")
    with pytest.raises(EmbeddedDatabaseError, match="made by PostgreSQL 12"):
        attach(home)


def test_a_broken_configuration_is_told_with_the_end_of_the_log(home: Path):
    with (home / "postgres/postgresql.conf").open("a") as file:
        file.write("nonsense = 1\n")
    with pytest.raises(EmbeddedDatabaseError, match="nonsense"):
        attach(home)


@pytest.mark.parametrize(("gigabytes", "megabytes"), [(1, 128), (4, 256), (24, 512)])
def test_buffers_follow_the_machine(gigabytes: int, megabytes: int) -> None:
    assert buffers_of(gigabytes * 2**30) == megabytes
