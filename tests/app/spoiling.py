"""Backups that are damaged, or that say of themselves what is not so."""

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any


def spoil_middle(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x01
    path.write_bytes(content)


def spoil_end(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def spoil_manifest(path: Path, change: Callable[[dict[str, Any], dict[str, bytes]], None] | None = None) -> None:
    """Write the archive again with another manifest and other parts, signed by whoever can sign."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
        comment = archive.comment
    manifest = json.loads(parts["manifest.json"])
    (change or (lambda one, _: one.update(version="9")))(manifest, parts)
    parts["manifest.json"] = json.dumps(manifest).encode()
    if change is not None:
        comment = hashlib.sha256(parts["manifest.json"]).hexdigest().encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        archive.comment = comment


def spoil_all(path: Path) -> None:
    path.write_bytes(b"PK no archive at all")
