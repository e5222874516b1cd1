"""The erasures' copy outside the database: HOME/erasures/<workspace>.log, a line of JSON each, ids and nothing else.

A line is on the disk before its erasure commits. So what the log names and the database lacks is still to be done:
after a crash in between, and after a restore of a backup that still holds the person.
"""

import os
from pathlib import Path
from uuid import UUID

import msgspec

from timeline.erasure import Erased

FOLDER = "erasures"


class Logged(msgspec.Struct, frozen=True, kw_only=True):
    """One erasure: the people, the single items, who asked for it, and the digest that proves what it blanked."""

    id: UUID
    actor: str
    contacts: list[UUID]
    items: list[UUID]
    digest: str


_line = msgspec.json.Decoder(Logged)


class ErasureLog:
    """The log of one workspace. Of several lines about one erasure the last counts: it was repeated."""

    def __init__(self, home: Path, workspace: UUID) -> None:
        self.path = home / FOLDER / f"{workspace}.log"

    def append(self, erased: Erased, actor: str) -> None:
        """On the disk when this returns."""
        logged = Logged(
            id=erased.id,
            actor=actor,
            contacts=list(erased.contacts),
            items=list(erased.items),
            digest=erased.digest.hex(),
        )
        self.write([logged])

    def write(self, logged: list[Logged]) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            lines = b"".join(msgspec.json.encode(one) + b"\n" for one in logged)
            os.write(handle, b"\n" + lines if self._broken_off() else lines)
            os.fsync(handle)
        finally:
            os.close(handle)
        _sync(self.path.parent)

    def read(self) -> dict[UUID, Logged]:
        """By id, in the order of their first lines."""
        return read_lines(self.path.read_bytes()) if self.path.exists() else {}

    def _broken_off(self) -> bool:
        if self.path.stat().st_size == 0:
            return False
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"


def read_lines(said: bytes) -> dict[UUID, Logged]:
    """What a log says, by id. A line that a crash cut short never had its erasure."""
    found: dict[UUID, Logged] = {}
    for line in said.splitlines():
        try:
            one = _line.decode(line)
        except msgspec.MsgspecError:
            continue
        found[one.id] = one
    return found


def logs_in(home: Path) -> dict[UUID, ErasureLog]:
    """The logs of this home by workspace."""
    workspaces = [UUID(path.stem) for path in sorted((home / FOLDER).glob("*.log"))]
    return {workspace: ErasureLog(home, workspace) for workspace in workspaces}


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
