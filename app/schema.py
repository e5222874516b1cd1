"""The schema as SQL text that is the same on every machine: what `docs/schema.sql` holds."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from app.cluster import CLEAN_ENVIRONMENT, EmbeddedDatabaseError, binaries
from app.embedded import attach
from app.migrate import migrate

_NOISE: Final = re.compile(r"^(--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(un)?restrict .*)\n", re.MULTILINE)
_BLANKS: Final = re.compile(r"\n{3,}")
HEADING: Final = "-- Written by `make docs` from the migrations; not to be edited.\n\n"


def dump_schema(admin_url: str) -> str:
    """Tables, indexes, policies, functions and rights of a database, without versions and sessions.

    Raises EmbeddedDatabaseError where pg_dump cannot."""
    result = subprocess.run(
        [str(binaries() / "pg_dump"), "--schema-only", f"--dbname={admin_url}"],
        capture_output=True,
        text=True,
        check=False,
        env=CLEAN_ENVIRONMENT,
    )
    if result.returncode != 0:
        raise EmbeddedDatabaseError(f"pg_dump failed: {result.stderr.strip()}")
    return HEADING + _BLANKS.sub("\n\n", _NOISE.sub("", result.stdout)).strip() + "\n"


async def migrate_scratch(admin_url: str) -> None:
    """Bring a database that nobody will use to this version."""
    await migrate(admin_url, "nobody signs in", "nobody signs in")


class Scratch:
    """An embedded database for a moment, beside every home; removed at the end."""

    def __enter__(self) -> str:
        self._home = Path(tempfile.mkdtemp(prefix="throughline-schema-"))
        self._home.chmod(0o711)  # PostgreSQL runs as another user where we are root
        self._embedded = attach(self._home, fsync=False)
        return self._embedded.database_url()

    def __exit__(self, *error: object) -> None:
        self._embedded.close()
        shutil.rmtree(self._home, ignore_errors=True)
