"""The files of a mail: written under the sha256 of their bytes, named and typed so that they can be shown anywhere."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from channels.email.mail import Attached
from channels.email.mime import CHUNK, Part, content
from channels.email.tnef import packed
from channels.sniffing import HEAD, OCTETS, safe_name, type_of

MOST_FILES: Final = 500
MOST_PACKED: Final = 64 << 20

_PACKETS: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_ENDINGS: Final = {"message/rfc822": ".eml", "text/calendar": ".ics", "text/html": ".html", "text/plain": ".txt",
                   "image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "application/pdf": ".pdf",
                   "text/rfc822-headers": ".txt", "message/delivery-status": ".txt"}  # fmt: skip


class _Written(msgspec.Struct, frozen=True, kw_only=True):
    sha256: str
    size: int
    beginning: bytes


def keep(raw: bytes, parts: Sequence[Part], folder: Path, defects: list[str]) -> tuple[Attached, ...]:
    """Writes the files into `folder`; of more than 500 the rest stays in the raw mail alone."""
    attached: list[Attached] = []
    for number, part in enumerate(parts[:MOST_FILES], 1):
        one = _kept(raw, part, number, folder, defects)
        if one is None:
            continue
        attached.append(one)
        if part.type in _PACKETS:
            attached += _unpacked(one, folder, defects)
    if len(parts) > MOST_FILES:
        defects.append(f"it has {len(parts):,} files: the first {MOST_FILES} are kept, the rest is in the raw mail")
    return tuple(attached[:MOST_FILES])


def _kept(raw: bytes, part: Part, number: int, folder: Path, defects: list[str]) -> Attached | None:
    written = _write(content(raw, part, defects), folder)
    if not written.size and not part.file_name:
        return None
    (folder / written.sha256).touch()  # an empty file that has a name
    return Attached(
        name=_name(part, number),
        type=_type(part.type, written.beginning),
        said_type=part.type,
        size=written.size,
        sha256=written.sha256,
        is_inline=part.disposition != "attachment" and (part.disposition == "inline" or part.is_related),
        content_id=part.content_id,
    )


def _unpacked(packet: Attached, folder: Path, defects: list[str]) -> list[Attached]:
    """What Outlook packed into a winmail.dat, which stays beside it."""
    data = (folder / packet.sha256).read_bytes() if packet.size <= MOST_PACKED else b""
    found: list[Attached] = []
    for name, start, stop in packed(data):
        written = _write((data[at : min(stop, at + CHUNK)] for at in range(start, stop, CHUNK)), folder)
        (folder / written.sha256).touch()
        found.append(
            Attached(
                name=safe_name(name),
                type=_type(OCTETS, written.beginning),
                said_type=OCTETS,
                size=written.size,
                sha256=written.sha256,
            )
        )
    defects.append(f"Outlook packed it into winmail.dat, which is kept: {len(found)} files were found in it")
    return found


def _write(pieces: Iterable[bytes], folder: Path) -> _Written:
    writing = folder / "writing"
    sha256, size, beginning = hashlib.sha256(), 0, b""
    with writing.open("wb") as file:
        for piece in pieces:
            file.write(piece)
            sha256.update(piece)
            size += len(piece)
            if len(beginning) < HEAD:
                beginning += piece[: HEAD - len(beginning)]
    kept = folder / sha256.hexdigest()
    if kept.exists() or not size:
        writing.unlink()
    else:
        writing.rename(kept)
    return _Written(sha256=sha256.hexdigest(), size=size, beginning=beginning)


def _name(part: Part, number: int) -> str:
    if part.file_name:
        return safe_name(part.file_name[-1_000:])
    if part.type == "message/rfc822" and (said := part.head.text("content-description")):
        return safe_name(said[:100] + ".eml")
    kind = "mail" if part.type == "message/rfc822" else part.type.partition("/")[0]
    return safe_name(f"{kind}-{number}{_ENDINGS.get(part.type, '')}")


def _type(said: str, beginning: bytes) -> str:
    """What the bytes are. Of text and of what nobody knows by its bytes, what the mail says, where that is harmless."""
    found = type_of(beginning)
    if found == "text/plain" and (said.startswith("text/") or said == "message/rfc822"):
        return said if said not in {"text/html", "text/xml"} else "text/plain"
    if found == OCTETS and said.startswith("message/"):
        return said
    return found
