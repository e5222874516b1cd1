"""The seals' copy outside the database, so that a cut tail shows: HOME/audit/<workspace>.log, a line a seal."""

import os
from pathlib import Path
from uuid import UUID

from timeline.audit import Seal


class SealLog:
    """The log of one workspace: `number digest` on each line, flushed to the disk."""

    def __init__(self, home: Path, workspace: UUID) -> None:
        self.path = home / "audit" / f"{workspace}.log"

    def append(self, seals: list[Seal]) -> None:
        """Add what the log has not yet; a line that a crash cut short is completed by the next."""
        last = max(self.read(), default=0)
        fresh = [seal for seal in seals if seal.number > last]
        if not fresh:
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            lines = "".join(f"{seal.number} {seal.digest.hex()}\n" for seal in fresh)
            os.write(handle, f"\n{lines}".encode() if self._broken_off() else lines.encode())
            os.fsync(handle)
        finally:
            os.close(handle)

    def read(self) -> dict[int, str]:
        """Digest by number; what is no whole line is left out."""
        if not self.path.exists():
            return {}
        found: dict[int, str] = {}
        for line in self.path.read_text(encoding="ascii", errors="replace").splitlines():
            number, _, digest = line.partition(" ")
            if number.isdigit() and len(digest) == 64:
                found[int(number)] = digest
        return found

    def last(self) -> int:
        return max(self.read(), default=0)

    def _broken_off(self) -> bool:
        if not self.path.exists() or self.path.stat().st_size == 0:
            return False
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"
