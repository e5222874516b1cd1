"""Which files has Outlook packed into a winmail.dat ([MS-OXTNEF])? Found by jumping from attribute to attribute."""

import struct
from typing import Final

from channels.email.charsets import decode

MOST_FILES: Final = 100

_SIGNATURE: Final = b"\x78\x9f\x3e\x22"
_ATTRIBUTE: Final = struct.Struct("<BII")
_CHECKSUM: Final = 2
_NEW_FILE: Final = 0x00069002
_NAME: Final = 0x00018010
_DATA: Final = 0x0006800F


def packed(data: bytes) -> list[tuple[str, int, int]]:
    """Name, beginning and end of each file's bytes in `data`; none where it is no such thing, or a damaged one."""
    if not data.startswith(_SIGNATURE):
        return []
    found: list[tuple[str, int, int]] = []
    name, begins, ends = "", 0, 0
    at = len(_SIGNATURE) + 2
    while at + _ATTRIBUTE.size <= len(data) and len(found) < MOST_FILES:
        _, kind, length = _ATTRIBUTE.unpack_from(data, at)
        start = at + _ATTRIBUTE.size
        if start + length > len(data):
            break
        if kind == _NEW_FILE:
            found += [(name, begins, ends)] if ends else []
            name, begins, ends = "", 0, 0
        elif kind == _NAME:
            name = decode(data[start : start + min(length, 1_000)].partition(b"\0")[0], None)[0]
        elif kind == _DATA:
            begins, ends = start, start + length
        at = start + length + _CHECKSUM
    return [*found, (name, begins, ends)] if ends else found
