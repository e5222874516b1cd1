"""Which text these bytes are: the charset that a mail names, where it is one, and what it most likely is where not.

Only charsets are known here: Python's other codecs (zlib, punycode, unicode_escape) are none of a mail's business.
"""

import re
from encodings.aliases import aliases
from typing import Final

_NAMES: Final = re.compile(r"(ascii|utf_\d+(_[bl]e|_sig)?|latin_1|iso8859_\d+|cp\d+\w*|koi8_\w|mac_\w+|big5\w*|gbk?"
                           r"|gb\d+|hz|euc_\w+|shift_jis\w*|iso2022_\w+|johab|tis_620|ptcp154|kz1048)")  # fmt: skip
_SEPARATORS: Final = re.compile(r"[^a-z0-9]+")
_UNWANTED: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_INVISIBLE: Final = re.compile("[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
_UNKNOWN: Final = frozenset({"", "unknown", "unknown_8bit", "x_unknown", "8bit", "default", "none", "x_user_defined"})

# what mails call them, and what they mean by it: the wider of two where one contains the other
_MEANT: Final = {
    "us_ascii": "utf_8", "ascii": "utf_8", "utf8": "utf_8", "utf8mb4": "utf_8", "unicode_1_1_utf_8": "utf_8",
    "iso_8859_1": "cp1252", "latin_1": "cp1252", "latin1": "cp1252", "iso_8859_8_i": "iso8859_8",
    "iso_8859_8_e": "iso8859_8",
    "iso_8859_9": "cp1254", "iso_8859_11": "cp874", "windows_874": "cp874", "tis_620": "cp874", "gb2312": "gb18030",
    "gbk": "gb18030", "x_gbk": "gb18030", "cp936": "gb18030", "ks_c_5601_1987": "cp949", "ks_c_5601": "cp949",
    "euc_kr": "cp949",
    "shift_jis": "cp932", "x_sjis": "cp932", "sjis": "cp932", "windows_31j": "cp932", "iso_2022_jp": "iso2022_jp_ext",
    "macintosh": "mac_roman", "x_mac_roman": "mac_roman", "x_mac_cyrillic": "mac_cyrillic", "unicode": "utf_16",
    "big5": "big5hkscs", "x_big5": "big5hkscs", "ansi": "cp1252", "x_ansi": "cp1252", "win_1251": "cp1251",
}  # fmt: skip


def codec_of(charset: str) -> str | None:
    """Python's name for what a mail calls a charset; None if nobody knows it."""
    name = _SEPARATORS.sub("_", charset[:60].lower()).strip("_")
    if name.startswith("cp_"):
        name = "cp" + name[3:]
    if name in _MEANT:
        return _MEANT[name]
    found = aliases.get(name) or aliases.get(name.replace("_", "")) or name
    if found in _MEANT:
        return _MEANT[found]
    return found if _NAMES.fullmatch(found) and (found in _CODECS) else None


_CODECS: Final = frozenset(aliases.values())


def decode(raw: bytes, charset: str | None) -> tuple[str, str | None]:
    """The text, and what was wrong with how it came. Bytes that fit nowhere become U+FFFD; nothing raises."""
    said = _SEPARATORS.sub("_", (charset or "")[:60].lower()).strip("_")
    codec = None if said in _UNKNOWN else codec_of(said)
    fault = None
    if codec is None:
        fault = None if said in _UNKNOWN else f"the charset {printable(charset or '')[:40]!r} is unknown"
    elif codec != "utf_8":
        try:
            return raw.decode(codec), fault
        except (UnicodeDecodeError, ValueError, LookupError):
            fault = f"some bytes are none of {printable(charset or '')[:40]}"
    try:
        return raw.decode("utf-8-sig"), fault
    except UnicodeDecodeError:
        if codec == "utf_8" and _is_mostly_utf8(raw):
            return raw.decode("utf-8-sig", "replace"), f"some bytes are none of {printable(charset or '')[:40]}"
    if codec is not None and codec not in {"utf_8", "cp1252"}:
        return raw.decode(codec, "replace"), fault
    return _western(raw), fault


def _is_mostly_utf8(raw: bytes) -> bool:
    """Whether it is UTF-8 with faults, and not another charset under its name."""
    lost = raw.decode("utf-8", "replace").count("�")
    high = len(raw) - len(raw.translate(None, bytes(range(0x80, 0x100))))
    return lost * 4 < high


def _western(raw: bytes) -> str:
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def tidy(text: str) -> str:
    """With one kind of line end, and without control characters but tab and newline: what a database keeps."""
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def printable(text: str) -> str:
    """On one line, without what is not seen or turns the direction of what follows."""
    return " ".join(_INVISIBLE.sub("", _UNWANTED.sub(" ", text)).split())
