"""When is a sweep due? After erasures that none has followed: HOME/erasures/swept says how far the logs were then."""

from pathlib import Path
from typing import Final

import msgspec

from app.erasure_log import FOLDER, logs_in
from app.sweep import Swept, sweep

MARK: Final = "swept"


class Sweeping:
    """Sweeps the database of one home, signed in as its administrator."""

    def __init__(self, home: Path, admin_url: str) -> None:
        self._home = home
        self._admin_url = admin_url
        self._mark = home / FOLDER / MARK

    async def when_due(self) -> Swept | None:
        """None where nothing was erased since the last sweep."""
        if self._sizes() == self._swept():
            return None
        return await self.now()

    async def now(self, *, whole: bool = False) -> Swept:
        """Sweep. What is erased meanwhile, or search holds still, makes the next sweep due."""
        sizes = self._sizes()
        swept = await sweep(self._admin_url, whole)
        if sizes and not swept.early:
            self._mark.write_bytes(msgspec.json.encode(sizes))
        return swept

    def _sizes(self) -> dict[str, int]:
        return {str(workspace): one.path.stat().st_size for workspace, one in logs_in(self._home).items()}

    def _swept(self) -> dict[str, int]:
        try:
            return msgspec.json.decode(self._mark.read_bytes(), type=dict[str, int])
        except (FileNotFoundError, msgspec.MsgspecError):
            return {}
