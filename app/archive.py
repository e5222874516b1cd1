"""What is in the file of a backup, and is it whole?

A ZIP archive: tables as PostgreSQL's COPY writes them, files of the home, and last a manifest that names every part
with its SHA-256. The archive's comment is the manifest's own.
"""

import os
import secrets
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Final, Literal
from uuid import UUID

import msgspec

from app.cluster import sync_folder

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
_BLOCK: Final = 1 << 20
_QUICK: Final = 1
"""zlib's level: twice the speed of its default for a tenth more bytes."""


class NoBackup(Exception):
    """The file is no backup, is damaged, or comes from a newer Throughline."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the archive."""

    name: str
    size: int
    sha256: str


class BackedUp(msgspec.Struct, frozen=True, kw_only=True):
    """A workspace in a backup."""

    id: UUID
    slug: str
    epoch: int


class FilesHeld(msgspec.Struct, frozen=True, kw_only=True):
    """Where the files are that the rows point to: in the archive, or in an object store that was not copied. `missing`
    of them were not there: erased meanwhile, or lost before."""

    place: Literal["archive", "object_store"]
    kept: int = 0
    missing: int = 0


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds. `secret` proves which secret the database goes with and tells nothing of it."""

    format: int
    id: UUID
    taken_at: datetime
    version: str
    postgres: str
    migrations: list[str]
    secret: str
    workspaces: list[BackedUp]
    columns: dict[str, list[str]]
    sequences: dict[str, int]
    parts: list[Part]
    files: FilesHeld = FilesHeld(place="archive")


class _Format(msgspec.Struct, frozen=True, kw_only=True):
    format: int


class Entry:
    """A part being written; its size and digest come of themselves."""

    def __init__(self, name: str, file: IO[bytes]) -> None:
        self._name, self._file = name, file
        self._size, self._digest = 0, sha256()

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._digest.update(data)
        self._size += len(data)

    def part(self) -> Part:
        return Part(name=self._name, size=self._size, sha256=self._digest.hexdigest())


class Writing:
    """An archive being written. `parts` are those that are done."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.parts: list[Part] = []

    @contextmanager
    def part(self, name: str, *, packed: bool = True) -> Iterator[Entry]:
        """What people send is mostly packed by itself: not `packed` it is copied as it is."""
        with self._archive.open(name if packed else zipfile.ZipInfo(name), "w", force_zip64=True) as file:
            entry = Entry(name, file)
            yield entry
        self.parts.append(entry.part())

    def finish(self, manifest: Manifest) -> None:
        said = msgspec.json.format(msgspec.json.encode(manifest))
        self._archive.writestr(MANIFEST, said)
        self._archive.comment = sha256(said).hexdigest().encode()


@contextmanager
def writing(target: Path, *, replace: bool) -> Iterator[Writing]:
    """Write an archive that appears under its name when it is whole, readable by its owner alone.

    Raises FileExistsError where something has that name and is not to be replaced."""
    if target.exists() and not replace:
        raise FileExistsError(None, "is there already", str(target))
    partial = target.with_name(f".{target.name}.partial-{secrets.token_hex(4)}")
    handle = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_QUICK) as archive:
                yield Writing(archive)
            file.flush()
            os.fsync(handle)
        if target.exists() and not replace:
            raise FileExistsError(None, "is there already", str(target))
        partial.replace(target)
        sync_folder(target.parent)
    finally:
        partial.unlink(missing_ok=True)


class Archive:
    """A backup that can be read. Made by `opened`."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._archive = archive
        self.manifest = manifest

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(part.size for part in self.manifest.parts)

    def check(self, told: Callable[[int], None]) -> None:
        """Read every part and compare; `told` hears how many bytes each block had. Raises `NoBackup`."""
        for part in self.manifest.parts:
            digest, size = sha256(), 0
            try:
                with self._archive.open(part.name) as file:
                    while block := file.read(_BLOCK):
                        digest.update(block)
                        size += len(block)
                        told(len(block))
            except _BROKEN as error:
                raise NoBackup(f"it is damaged: {part.name} cannot be read ({error}).") from None
            if (size, digest.hexdigest()) != (part.size, part.sha256):
                raise NoBackup(f"it is damaged: {part.name} is not what the manifest says.")

    def open(self, name: str) -> IO[bytes]:
        return self._archive.open(name)

    def read(self, name: str) -> bytes | None:
        """A part as a whole; None where there is none."""
        if not any(part.name == name for part in self.manifest.parts):
            return None
        return self._archive.read(name)

    def names(self, folder: str) -> list[str]:
        """The parts in a folder of the archive."""
        return [part.name for part in self.manifest.parts if part.name.startswith(folder)]


_BROKEN: Final = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    OSError,
    EOFError,
    KeyError,
    ValueError,
    NotImplementedError,
)
"""What `zipfile` raises of damaged bytes; the last where they look like a compression that it does not know."""
_DAMAGED: Final = "it is no backup of Throughline, or its end is missing."


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open a backup whose manifest can be trusted. Raises `NoBackup`, and OSError where there is no such file."""
    with path.open("rb") as file:
        try:
            archive = zipfile.ZipFile(file)
            said = archive.read(MANIFEST)
        except (*_BROKEN, RuntimeError):
            raise NoBackup(_DAMAGED) from None
        if sha256(said).hexdigest().encode() != archive.comment:
            raise NoBackup("it is damaged: the manifest was changed.")
        yield Archive(archive, _read(said))


def _read(said: bytes) -> Manifest:
    try:
        version = msgspec.json.decode(said, type=_Format).format
        if version > FORMAT:
            raise NoBackup(f"a newer Throughline wrote it (format {version}, this one reads {FORMAT}).")
        return msgspec.json.decode(said, type=Manifest)
    except msgspec.MsgspecError:
        raise NoBackup(_DAMAGED) from None
