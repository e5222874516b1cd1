"""Do the files and their rows agree? What is missing is told, what nothing needs is let go of."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec

from app import store
from app.db import Database
from app.filing import let_go
from channels import files
from channels.files import FileStore

PAGE: Final = 1_000
_HASH: Final = re.compile(r"[0-9a-f]{64}")


class Reconciled(msgspec.Struct, frozen=True, kw_only=True):
    """Of one workspace: files that something points to; those of them that are not there, or of another size; bytes
    that no row knew; files that were deleted because nothing needs them."""

    needed: int
    missing: list[str]
    strays: int
    deleted: int


async def missing_files(database: Database, files_: FileStore, workspace: UUID) -> AsyncIterator[tuple[str, bool]]:
    """Every file that something points to, and whether it is missing. Raises `FilesAway`."""
    after = ""
    while True:
        async with database.read(workspace) as db:
            page = await files.needed(db, workspace, after, PAGE)
        for sha256, size in page:
            yield sha256, await files_.size(workspace, sha256) != size
        if len(page) < PAGE:
            return
        after = page[-1][0]


async def reconcile(database: Database, files_: FileStore, workspace: UUID, *, strays: bool = True) -> Reconciled:
    """Look at everything that is needed of one workspace and, for `strays`, at everything that is stored.

    Raises `FilesAway`."""
    unknown = await _take_in(database, files_, workspace) if strays else 0
    deleted = await let_go(database, files_, workspace, datetime.now(UTC))
    found = [one async for one in missing_files(database, files_, workspace)]
    missing = [sha256 for sha256, is_missing in found if is_missing]
    return Reconciled(needed=len(found), missing=missing, strays=unknown, deleted=deleted)


async def _take_in(database: Database, files_: FileStore, workspace: UUID) -> int:
    """Have a look at the bytes that no row knows: only those that a restored database knows nothing of."""
    strays = 0
    async for page in files_.listed(workspace):
        hashes = [one for one in page if _HASH.fullmatch(one)]
        strays += await database.write(
            workspace, lambda db, hashes=hashes: files.adopt(db, workspace, hashes, datetime.now(UTC))
        )
    return strays


async def reconcile_all(database: Database, files_: FileStore, *, strays: bool) -> dict[str, Reconciled]:
    """Every workspace, by its slug."""
    async with database.connection() as db:
        rows = await store.workspaces(db)
    return {row["slug"]: await reconcile(database, files_, UUID(bytes=row["id"].bytes), strays=strays) for row in rows}
