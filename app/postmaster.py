"""The processes of the embedded database: which one serves a folder, how one starts, how all of them end."""

import contextlib
import hashlib
import os
import signal
import subprocess
import time
from pathlib import Path

import psutil

from app.cluster import (
    CLEAN_ENVIRONMENT,
    EmbeddedDatabaseError,
    SystemUser,
    binaries,
    write_configuration,
)

TICK = 0.01
SOCKET_LIMIT = 103  # bytes of a socket's path: 107 on Linux, 103 on macOS
LOG_LIMIT = 5_000_000
ORPHAN_PATIENCE = 1.5
SOCKET_NAME = "/.s.PGSQL.5432"


def find_postmaster(data: Path) -> tuple[psutil.Process, bool] | None:
    """The living postmaster that postmaster.pid names, and whether it accepts connections.

    A dead one's number may belong to anybody by now, so the process must also work in this very folder.
    """
    lines = _pid_file(data)
    if not lines:
        return None
    try:
        process = psutil.Process(int(lines[0]))
        if not is_alive(process) or process.name() != "postgres" or process.cwd() != str(data.resolve()):
            return None
    except (ValueError, psutil.Error):
        return None
    return process, len(lines) >= 8 and lines[7].strip() == "ready"


def is_alive(process: psutil.Process) -> bool:
    """False for a zombie too, which nobody reaps where process 1 of a container does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def launch(data: Path, log: Path, user: SystemUser, *, fsync: bool) -> psutil.Process | None:
    """Start a postmaster that is nobody's child, so that it outlives us. None when it is gone at once."""
    write_configuration(data, user)
    sockets = socket_folder(data)
    if sockets != data:
        _make_private(sockets, user)
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.old"))
    options = ["-D", str(data), "-k", str(sockets), *(() if fsync else ("-c", "fsync=off"))]
    script = '"$0" "$@" </dev/null >&2 & echo $!'
    with open(log, "ab", opener=_private) as errors:
        started = subprocess.run(
            ["/bin/sh", "-c", script, str(binaries() / "postgres"), *options],
            stdout=subprocess.PIPE,
            stderr=errors,
            check=True,
            cwd="/",
            env=CLEAN_ENVIRONMENT,
            start_new_session=True,  # the terminal's Ctrl-C is ours to answer
            umask=0o077,
            **user.as_arguments(),
        )
    try:
        return psutil.Process(int(started.stdout))
    except psutil.NoSuchProcess:
        return None


def clear_remains(data: Path) -> bool:
    """After a crash: wait for orphaned backends, then end them; drop lock files whose number others bear.

    True when nothing is in the way of a start. To be called under the lock, with no postmaster found.
    """
    locks = [data / "postmaster.pid", Path(f"{socket_folder(data)}{SOCKET_NAME}.lock")]
    locks = [lock for lock in locks if lock.exists()]
    if not locks:
        return True
    for last_word in (None, signal.SIGQUIT, signal.SIGKILL):
        orphans = _processes_in(data)
        if any(not title.startswith("postgres:") for title in _titles(orphans)):
            return False  # a postmaster that another starter launched before it was killed
        if last_word is not None:
            _tell(orphans, last_word)
        if _gone(orphans, ORPHAN_PATIENCE):
            break
    for lock in locks:
        number = _first_line(lock)
        # PostgreSQL believes a number that exists: a stranger's by now, or a zombie's that nobody has reaped yet
        if not number.isdigit() or psutil.pid_exists(int(number)):
            lock.unlink(missing_ok=True)
    return True


def stop_postmaster(data: Path) -> bool:
    """A fast shutdown; a hard one where that takes half a minute. False when none was running."""
    found = find_postmaster(data)
    if found is None:
        return False
    process = found[0]
    for word, patience in ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        _tell([process], word)
        if _gone([process], patience):
            return True
    raise EmbeddedDatabaseError(f"PostgreSQL (process {process.pid}) does not end.")


def socket_folder(data: Path) -> Path:
    """The data directory, or a private folder with a short name where that is too long for a socket."""
    if len(os.fsencode(f"{data}{SOCKET_NAME}")) <= SOCKET_LIMIT:
        return data
    name = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    return Path("/tmp") / f"throughline-{name}"  # noqa: S108 - checked in _make_private; the same for every process


def _make_private(folder: Path, user: SystemUser) -> None:
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        os.chown(folder, user.uid, user.gid)
    status = folder.lstat()
    if not folder.is_dir() or folder.is_symlink() or status.st_uid != user.uid or status.st_mode & 0o077:
        raise EmbeddedDatabaseError(
            f"{folder}, the folder for the database's socket, belongs to somebody else: remove it,"
            " or choose a shorter THROUGHLINE_HOME."
        )


def _pid_file(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []


def _first_line(lock: Path) -> str:
    try:
        return lock.read_text(encoding="utf-8", errors="replace").partition("\n")[0].strip()
    except FileNotFoundError:
        return ""


def _gone(processes: list[psutil.Process], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while any(is_alive(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(TICK)
    return True


def _processes_in(data: Path) -> list[psutil.Process]:
    """PostgreSQL's processes that work in this folder, as all of a cluster's do."""
    found: list[psutil.Process] = []
    folder = str(data.resolve())
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.name() == "postgres" and process.cwd() == folder and is_alive(process):
                found.append(process)
    return found


def _titles(processes: list[psutil.Process]) -> list[str]:
    titles: list[str] = []
    for process in processes:
        with contextlib.suppress(psutil.Error, IndexError):
            titles.append(process.cmdline()[0])
    return titles


def _tell(processes: list[psutil.Process], word: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(word)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
