"""Where files are: bytes under their SHA-256, each workspace's by themselves, in a folder or in an object store.

The row comes first and goes last: a file is announced, stored, and only then pointed to, in the transaction of its
event. `hold` lets nothing point to bytes that are being deleted. Nothing tells whether another workspace has the same.
"""

import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

import msgspec
import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from channels import file_store
from channels.file_store import Db, Row
from identity.claims import lock_key
from identity.customers import WorkspaceId

if TYPE_CHECKING:
    from obstore import GetResult

Part = Literal["attachment", "inline", "html"]

GRACE: Final = timedelta(hours=1)
"""How long after it was announced a file is let be that nothing points to."""
UNUSED: Final = timedelta(hours=24)
"""How long an upload waits for its reply."""
BLOCK: Final = 256 * 1024
TIMEOUT: Final = timedelta(seconds=30)
PATIENCE: Final = timedelta(seconds=10)
INCOMING: Final = "incoming"
AT_ONCE: Final = 8


class FileMissing(LookupError):
    """The file store has no such bytes, though a row says so."""


class FileGone(Exception):
    """The bytes were not stored, or were deleted before anything pointed to them: store them again."""


class FileDamaged(ValueError):
    """The bytes are not those that their hash names."""


class FilesAway(Exception):
    """The file store does not answer, or cannot be written."""


class FileUse(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an event that is kept as a file; `sha256` is in hex. `ordinal` is its place among the event's."""

    id: UUID
    ordinal: int
    part: Part
    name: str
    type: str
    size: int
    sha256: str
    content_id: str | None = None


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that may be opened: a part of an event, or an upload that waits for its reply (`event_id` null)."""

    id: UUID
    event_id: UUID | None
    part: Part
    name: str
    type: str
    size: int
    sha256: str


def use_id(workspace: UUID, source: str, source_id: str, ordinal: int) -> UUID:
    """The id of an item's part: the same for ever, so that the same item handed in twice is the same content."""
    said = "\x00".join(("file", str(workspace), source, source_id, str(ordinal)))
    digest = hashlib.sha256(said.encode("utf-8", "surrogatepass")).digest()
    return UUID(bytes=digest[:6] + bytes([0x80 | digest[6] & 0x0F, digest[7], 0x80 | digest[8] & 0x3F]) + digest[9:16])


class FileStore:
    """Bytes by workspace and hash. Made by `open_files`; `folder` is where they are on this machine, if they are."""

    def __init__(self, store: ObjectStore, folder: Path | None = None) -> None:
        self._store = store
        self.folder = folder
        self._made: set[Path] = set()

    async def put(self, workspace: UUID, paths: Mapping[str, Path]) -> None:
        """Store files by the hashes of their bytes, on the disk when this returns. What is there already stays.

        Raises `FileDamaged` where bytes are not their hash's, and `FilesAway`."""
        try:
            if self.folder is not None:
                await asyncio.to_thread(self._put_in_folder, self.folder, workspace, paths)
                return
            for sha256, path in paths.items():
                await asyncio.to_thread(_check, sha256, path)
            room = asyncio.Semaphore(AT_ONCE)
            await asyncio.gather(*(self._put_away(room, workspace, *one) for one in paths.items()))
        except (BaseError, OSError) as error:
            raise FilesAway(_first_line(error)) from error

    async def _put_away(self, room: asyncio.Semaphore, workspace: UUID, sha256: str, path: Path) -> None:
        async with room:
            if not await self.has(workspace, sha256):
                await obstore.put_async(self._store, _key(workspace, sha256), path)

    def _put_in_folder(self, folder: Path, workspace: UUID, paths: Mapping[str, Path]) -> None:
        """All are written, then all are synced, then all get their names: a disk does each of these together."""
        partial: dict[str, str] = {}
        for sha256, path in paths.items():
            _check(sha256, path)
            key = _key(workspace, sha256)
            if not (folder / key).exists():
                partial[key] = f"{INCOMING}/{secrets.token_hex(16)}"
                obstore.put(self._store, partial[key], path)
        with ThreadPoolExecutor(AT_ONCE) as pool:  # 120 files of 20 kB: 0.05 s; one after the other 0.3
            list(pool.map(_sync, [folder / name for name in partial.values()]))
            for key, name in partial.items():
                obstore.rename(self._store, name, key)
            above = self._folders(folder, {(folder / key).parent for key in partial})
            list(pool.map(_sync, above))
        self._made |= above

    def _folders(self, folder: Path, leaves: set[Path]) -> set[Path]:
        """Those that files are in, and all above that have got a folder which is new to us."""
        found = set(leaves)
        for leaf in leaves:
            at = leaf
            while at != folder and at not in self._made and at.parent not in found:
                at = at.parent
                found.add(at)
        return found

    async def read(self, workspace: UUID, sha256: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes in blocks, those from `start` and before `end`. Raises `FileMissing` and `FilesAway`."""
        key = _key(workspace, sha256)
        try:
            if start == 0 and end is None:
                found = await obstore.get_async(self._store, key)
            elif end is None:
                found = await obstore.get_async(self._store, key, options={"range": {"offset": start}})
            else:
                found = await obstore.get_async(self._store, key, options={"range": (start, end)})
        except FileNotFoundError:
            raise FileMissing(sha256) from None
        except (BaseError, OSError) as error:
            raise FilesAway(_first_line(error)) from error
        return _blocks(found)

    async def has(self, workspace: UUID, sha256: str) -> bool:
        """Whether the bytes are there. Raises `FilesAway`."""
        return await self.size(workspace, sha256) is not None

    async def size(self, workspace: UUID, sha256: str) -> int | None:
        """How many bytes are there; None where there is no such file. Raises `FilesAway`."""
        try:
            found = await obstore.head_async(self._store, _key(workspace, sha256))
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise FilesAway(_first_line(error)) from error
        return found["size"]

    async def delete(self, workspace: UUID, sha256: str) -> None:
        """Delete the bytes; what is not there is deleted. Raises `FilesAway`."""
        try:
            await obstore.delete_async(self._store, _key(workspace, sha256))
        except FileNotFoundError:
            return
        except (BaseError, OSError) as error:
            raise FilesAway(_first_line(error)) from error

    async def listed(self, workspace: UUID) -> AsyncIterator[list[str]]:
        """The hashes of all that is stored of a workspace, in pieces. Raises `FilesAway`."""
        try:
            async for page in obstore.list(self._store, workspace.hex, chunk_size=1_000):
                yield [one["path"].rpartition("/")[2] for one in page]
        except (BaseError, OSError) as error:
            raise FilesAway(_first_line(error)) from error


def open_files(url: str | None, folder: Path) -> FileStore:
    """The store that an operator's address names, else the folder, which is made. Raises `FilesAway`."""
    try:
        if url is not None and not url.startswith("file:"):
            return FileStore(
                from_url(url, client_options={"timeout": TIMEOUT}, retry_config={"retry_timeout": PATIENCE})
            )
        if url is not None:
            folder = Path(url.removeprefix("file://"))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return FileStore(LocalStore(folder), folder)
    except (BaseError, OSError, ValueError) as error:
        raise FilesAway(_first_line(error)) from error


def _check(sha256: str, path: Path) -> None:
    if digest_of(path) != sha256:
        raise FileDamaged(f"{path.name} is not {sha256}")


def digest_of(path: Path) -> str:
    """SHA-256 in hex, with a buffer's memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def announce(db: Db, workspace: UUID, sizes: dict[str, int], now: datetime) -> None:
    """First step, in a transaction of its own: these hashes are about to be stored."""
    hashes = sorted(sizes)
    await file_store.lock(db, sorted(_lock(workspace, one) for one in hashes))
    await file_store.announce(
        db,
        workspace,
        [bytes.fromhex(one) for one in hashes],
        [sizes[one] for one in hashes],
        now + GRACE,
        now + GRACE / 2,
    )


async def record(db: Db, workspace: UUID, event: UUID, uses: Sequence[FileUse]) -> None:
    """Last step, in the transaction of the event: from its commit on the files are needed.

    Raises `FileGone` where one is not stored any more."""
    await _hold(db, workspace, [use.sha256 for use in uses])
    rows = [
        (use.id, event, use.ordinal, use.part, use.name, use.type, use.size, bytes.fromhex(use.sha256), use.content_id)
        for use in uses
    ]
    await file_store.add_uses(db, workspace, rows)


async def use_uploads(db: Db, workspace: UUID, event: UUID, uploads: Sequence[UUID]) -> list[FileUse]:
    """Make these uploads the attachments of an event, in this order, in the transaction that records it.

    Raises `FileGone` where one is none of this workspace's, was used before, or waited too long."""
    rows = {row["id"]: row for row in await file_store.take_uploads(db, workspace, uploads)}
    if len(rows) != len(uploads):
        raise FileGone
    found = [_used(rows[upload], ordinal) for ordinal, upload in enumerate(uploads)]
    await record(db, workspace, event, found)
    return found


async def keep_upload(db: Db, workspace: UUID, file: StoredFile, now: datetime, by: str) -> None:
    """A stored file waits for its reply. Raises `FileGone`."""
    await _hold(db, workspace, [file.sha256])
    await file_store.add_upload(
        db,
        workspace,
        file.id,
        name=file.name,
        type_=file.type,
        size=file.size,
        sha256=bytes.fromhex(file.sha256),
        now=now,
        by=by,
    )


async def forget(db: Db, workspace: UUID, erasure: UUID, now: datetime) -> int:
    """Let go of the files of what an erasure has blanked, in its transaction; returns how many parts those were."""
    return await file_store.forget(db, workspace, erasure, now)


async def waiting(db: Db, workspace: UUID, by: str) -> int:
    """How many uploads of one maker wait for their reply."""
    return await file_store.waiting(db, workspace, by)


async def adopt(db: Db, workspace: UUID, hashes: Sequence[str], now: datetime) -> int:
    """Look at bytes that are stored and of which no row knows; returns how many those are."""
    known = await file_store.known(db, workspace, [bytes.fromhex(one) for one in hashes])
    strays = sorted(one for one in hashes if bytes.fromhex(one) not in known)
    if not strays:
        return 0
    await file_store.lock(db, sorted(_lock(workspace, one) for one in strays))
    return await file_store.adopt(db, workspace, [bytes.fromhex(one) for one in strays], [0] * len(strays), now)


async def needed(db: Db, workspace: UUID, after: str, most: int) -> list[tuple[str, int]]:
    """Hashes and sizes of the files that something points to, in order of the hash."""
    rows = await file_store.needed(db, workspace, bytes.fromhex(after), most)
    return [(row["sha256"].hex(), row["size"]) for row in rows]


async def drop_old(db: Db, workspace: UUID, now: datetime) -> int:
    """Let go of uploads that nobody used in time; returns how many."""
    return await file_store.drop_old_uploads(db, workspace, now - UNUSED, now)


async def due(db: Db, workspace: UUID, now: datetime, most: int) -> list[str]:
    """Files to look at: does anything need them still?"""
    return [one.hex() for one in await file_store.due(db, workspace, now, most)]


async def condemn(db: Db, workspace: UUID, sha256: str) -> bool:
    """Whether nothing needs the file; then nothing can begin to."""
    key = bytes.fromhex(sha256)
    if not await file_store.take(db, workspace, key):
        return False
    needed = await file_store.is_needed(db, workspace, key)
    await file_store.mark(db, workspace, key, going=not needed)
    return not needed


async def delete_condemned(db: Db, store: FileStore, workspace: UUID, sha256: str) -> bool:
    """Delete the bytes, unless somebody has announced them again. Who announces them now waits for this transaction,
    which has no number until they are gone and holds up no follower. Raises `FilesAway`."""
    key = bytes.fromhex(sha256)
    await file_store.lock(db, [_lock(workspace, sha256)])
    if not await file_store.is_going(db, workspace, key):
        return False
    await store.delete(workspace, sha256)
    await file_store.drop(db, workspace, key)
    return True


async def find(db: Db, workspace: UUID, file: UUID) -> StoredFile | None:
    """A part of an event or an upload, by its id."""
    row = await file_store.opened(db, workspace, file)
    if row is None:
        return None
    return StoredFile(**{**dict(row), "sha256": row["sha256"].hex()})


async def parts_of(db: Db, workspace: UUID, events: Sequence[UUID]) -> dict[UUID, list[FileUse]]:
    """The files of these events, in their order."""
    found: dict[UUID, list[FileUse]] = {}
    for row in await file_store.uses_of(db, workspace, events):
        fields = {**dict(row), "sha256": row["sha256"].hex()}
        found.setdefault(fields.pop("event_id"), []).append(FileUse(**fields))
    return found


def _lock(workspace: UUID, sha256: str) -> int:
    return lock_key(WorkspaceId(workspace), "file", sha256)


async def _hold(db: Db, workspace: UUID, hashes: Sequence[str]) -> None:
    wanted = {bytes.fromhex(one) for one in hashes}
    if await file_store.hold(db, workspace, sorted(wanted)) != wanted:
        raise FileGone


def _used(row: Row, ordinal: int) -> FileUse:
    return FileUse(
        id=row["id"],
        ordinal=ordinal,
        part="attachment",
        name=row["name"],
        type=row["type"],
        size=row["size"],
        sha256=row["sha256"].hex(),
    )


async def _blocks(found: "GetResult") -> AsyncIterator[bytes]:
    try:
        async for block in found.stream(min_chunk_size=BLOCK):
            yield bytes(block)
    except (BaseError, OSError) as error:
        raise FilesAway(_first_line(error)) from error


def _key(workspace: UUID, sha256: str) -> str:
    return f"{workspace.hex}/{sha256[:2]}/{sha256}"


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _first_line(error: BaseException) -> str:
    """What went wrong, without the debug output that obstore adds."""
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
