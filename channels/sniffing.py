"""What is a file that somebody sent us? A type by its bytes, and a name that is safe wherever it is written."""

import re
import unicodedata
from typing import Final

import puremagic

HEAD: Final = 8_192
"""How many of a file's first bytes tell its type."""
OCTETS: Final = "application/octet-stream"
TEXT: Final = "text/plain"
MOST_BYTES: Final = 200
MOST_ENDING: Final = 20

_RESERVED: Final = re.compile(r'[<>:"|?*%]')
_BLANKS: Final = re.compile(r"\s+")
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,99}/[a-z0-9][a-z0-9!#$&^_.+-]{0,99}")


def type_of(head: bytes) -> str:
    """The type of which these first bytes are, whatever anybody calls it; text is text/plain, unless it is markup."""
    try:
        found = puremagic.from_string(head[:HEAD], mime=True)
    except (puremagic.PureError, ValueError):
        found = ""
    if _TYPE.fullmatch(found):
        return found
    return TEXT if _is_text(head[:HEAD]) else OCTETS


def _is_text(head: bytes) -> bool:
    if b"\x00" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3 and len(head) == HEAD
    return True


def safe_name(said: str | None) -> str:
    """A file's name without folders, without what cannot be seen or turns the order of letters, without what some
    system reserves, at most 200 bytes long with its ending; `file` where nothing is left."""
    name = unicodedata.normalize("NFC", said or "").replace("\\", "/").rpartition("/")[2]
    name = _BLANKS.sub(" ", name)
    name = "".join(letter for letter in name if unicodedata.category(letter)[0] != "C")
    name = _RESERVED.sub("_", name).strip(" .")
    if _DEVICES.fullmatch(name):
        name = f"_{name}"
    return _cut(name) or "file"


def _cut(name: str) -> str:
    if len(name.encode()) <= MOST_BYTES:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending.encode()) > MOST_ENDING:
        stem, dot, ending = name, "", ""
    room = MOST_BYTES - len(dot.encode() + ending.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(" .") + dot + ending
