"""The seals' copy outside the database, so that a cut tail shows: HOME/audit/<workspace>.log, a line a seal.

Where a restore took seals away, a line `restored EPOCH NUMBER .` says so: what follows goes on behind that number.
"""

import os
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

from timeline.audit import Seal

FOLDER: Final = "audit"
_RESTORED: Final = "restored"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What the log says now: digest by number, and the epoch of the last restore that it knows of (0: none)."""

    seals: dict[int, str]
    restored: int = 0

    @property
    def last(self) -> int:
        return max(self.seals, default=0)


class SealLog:
    """The log of one workspace, flushed to the disk: `number digest` on each line."""

    def __init__(self, home: Path, workspace: UUID) -> None:
        self.path = home / FOLDER / f"{workspace}.log"

    def append(self, seals: list[Seal]) -> None:
        """Add what the log has not yet; a line that a crash cut short is completed by the next."""
        last = self.last()
        self._write([f"{seal.number} {seal.digest.hex()}" for seal in seals if seal.number > last])

    def take_over(self, said: bytes) -> None:
        """Begin with what another copy of this log says."""
        self._write(said.decode("ascii", errors="replace").splitlines())

    def restored(self, epoch: int, number: int) -> None:
        """A restore has left the seals up to this number, and everything since is of this epoch."""
        self._write([f"{_RESTORED} {epoch} {number} ."])

    def kept(self) -> Kept:
        """What is no whole line is left out."""
        if not self.path.exists():
            return Kept(seals={})
        seals: dict[int, str] = {}
        restored = 0
        for line in self.path.read_text(encoding="ascii", errors="replace").splitlines():
            match line.split(" "):
                case [number, digest] if number.isdigit() and len(digest) == 64:
                    seals[int(number)] = digest
                case [word, epoch, number, "."] if word == _RESTORED and epoch.isdigit() and number.isdigit():
                    restored = int(epoch)
                    seals = {one: digest for one, digest in seals.items() if one <= int(number)}
                case _:
                    pass
        return Kept(seals=seals, restored=restored)

    def read(self) -> dict[int, str]:
        """Digest by number."""
        return self.kept().seals

    def last(self) -> int:
        return self.kept().last

    def _write(self, lines: list[str]) -> None:
        if not lines:
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            text = "".join(f"{line}\n" for line in lines)
            os.write(handle, f"\n{text}".encode() if self._broken_off() else text.encode())
            os.fsync(handle)
        finally:
            os.close(handle)

    def _broken_off(self) -> bool:
        if not self.path.exists() or self.path.stat().st_size == 0:
            return False
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"


def logs(home: Path) -> dict[UUID, SealLog]:
    """The logs of this home by workspace."""
    workspaces = [UUID(path.stem) for path in sorted((home / FOLDER).glob("*.log"))]
    return {workspace: SealLog(home, workspace) for workspace in workspaces}
