"""A letter as the bytes of a mail (RFC 5322, 2045-2047, 2231): the same bytes for the same letter, and nothing in it
that a header, a recipient or the end of the mail could be made of.

Texts are quoted-printable, so no line is long, begins with a full stop or holds a lone CR or LF. Files are put in where
the mail is sent: `slots` say where, so a mail's own bytes stay small.
"""

import base64
import hashlib
import html
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final, Literal

import msgspec

Automatic = Literal["replied", "generated"]

LINE: Final = 76
MOST_LINE: Final = 998
MOST_REFERENCES: Final = 20
WORD_BYTES: Final = 45
"""Of UTF-8 in one encoded word: 60 characters of base64 and 12 around them."""
END: Final = "\r\n"

_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_ADDRESS: Final = re.compile(r"[^\s\x00-\x20\x7f<>()\[\]\\,;:@\"]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,252})")
_MESSAGE_ID: Final = re.compile(r"[!-;=?-~]{1,900}")
_NOT_SHOWN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,60}")
_LINK: Final = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?')\]]")


class Uncomposable(ValueError):
    """What was asked to be sent cannot stand in a mail; the words say why."""


class Recipient(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One address, perhaps with the name beside it."""

    address: str
    name: str | None = None


class Enclosed(msgspec.Struct, frozen=True, kw_only=True):
    """A file that goes along; `sha256` in hex says where its bytes are."""

    name: str
    type: str
    size: int
    sha256: str


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent. `references` are the message ids of its thread, the oldest first, without brackets; the last
    is the one that it answers. `automatic` says that no person wrote it, and why it was."""

    to: tuple[Recipient, ...]
    cc: tuple[Recipient, ...] = ()
    bcc: tuple[Recipient, ...] = ()
    subject: str = ""
    text: str = ""
    references: tuple[str, ...] = ()
    automatic: Automatic | None = None
    files: tuple[Enclosed, ...] = ()

    @property
    def everybody(self) -> tuple[Recipient, ...]:
        """Each address once, in their order."""
        found: dict[str, Recipient] = {}
        for one in (*self.to, *self.cc, *self.bcc):
            found.setdefault(one.address, one)
        return tuple(found.values())


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """Where in a mail's own bytes the base64 of a file belongs."""

    at: int
    size: int
    sha256: str


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """From whom it comes, where answers go, and what follows the text."""

    address: str
    name: str | None = None
    reply_to: str | None = None
    signature: str | None = None


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """A mail's own bytes and where its files belong in them; `size` with the files."""

    raw: bytes
    slots: tuple[Slot, ...]

    @property
    def size(self) -> int:
        return len(self.raw) + sum(encoded_size(slot.size) for slot in self.slots)


def render(letter: Letter, sender: Sender, message_id: str, at: datetime) -> Rendered:
    """The mail, with the time at which it was written. Raises `Uncomposable`."""
    if not letter.to and not letter.cc and not letter.bcc:
        raise Uncomposable("nobody to send it to")
    if not _MESSAGE_ID.fullmatch(message_id):
        raise Uncomposable("its message id is none")
    head = [
        _field("Date", format_datetime(at.astimezone(UTC))),
        _addresses("From", (Recipient(address=sender.address, name=sender.name),)),
        *([_addresses("Reply-To", (Recipient(address=sender.reply_to),))] if sender.reply_to else []),
        *([_addresses("To", letter.to)] if letter.to else [_field("To", "undisclosed-recipients:;")]),
        *([_addresses("Cc", letter.cc)] if letter.cc else []),
        _field("Subject", *_words(_one_line(letter.subject))),
        _field("Message-ID", f"<{message_id}>"),
        *_threaded(letter.references),
        *(_by_itself(letter.automatic) if letter.automatic else []),
        _field("MIME-Version", "1.0"),
    ]
    for one in letter.bcc:
        check_address(one.address)
    text = letter.text if sender.signature is None else f"{letter.text.rstrip()}\n\n-- \n{sender.signature}"
    return _with_files("".join(head), _alternative(text, message_id), letter.files, message_id)


def check_address(address: str) -> None:
    """Raises `Uncomposable` for what cannot stand in a header or a command."""
    if not _ADDRESS.fullmatch(address) or len(address) > 320:
        raise Uncomposable("this is no address that mail can be sent to")
    if not address.isascii():
        raise Uncomposable("an address with other letters than ASCII's cannot be sent to yet")


def pieces(raw: bytes, slots: Sequence[Slot]) -> Iterator[bytes | Slot]:
    """A mail's own bytes and, between them, the files that belong there."""
    done = 0
    for slot in slots:
        yield raw[done : slot.at]
        yield slot
        done = slot.at
    yield raw[done:]


def encoded(block: bytes) -> bytes:
    """Base64 in lines, of a block whose length is a multiple of 57 unless it is the last."""
    lines = (base64.b64encode(block[at : at + 57]) for at in range(0, len(block), 57))
    return b"".join(line + b"\r\n" for line in lines)


def encoded_size(size: int) -> int:
    """How long a file of so many bytes is as base64 in lines."""
    lines, rest = divmod(size, 57)
    return lines * 78 + (((rest + 2) // 3) * 4 + 2 if rest else 0)


# -- the parts -------------------------------------------------------------------------------------------------------


def _with_files(head: str, body: str, files: Sequence[Enclosed], message_id: str) -> Rendered:
    if not files:
        return Rendered(raw=f"{head}{body}".encode("ascii"), slots=())
    boundary = _boundary("mixed", message_id)
    raw = f'{head}Content-Type: multipart/mixed;{END} boundary="{boundary}"{END}{END}--{boundary}{END}{body}'.encode(
        "ascii"
    )
    slots: list[Slot] = []
    for file in files:
        raw += f"{END}--{boundary}{END}{_enclosed(file)}{END}".encode("ascii")
        slots.append(Slot(at=len(raw), size=file.size, sha256=file.sha256))
    return Rendered(raw=raw + f"{END}--{boundary}--{END}".encode("ascii"), slots=tuple(slots))


def _enclosed(file: Enclosed) -> str:
    said = file.type.lower()
    content = said if _TYPE.fullmatch(said) and not said.startswith(("multipart/", "message/")) else ""
    return (
        f"Content-Type: {content or 'application/octet-stream'}{END}"
        f"Content-Transfer-Encoding: base64{END}"
        f"Content-Disposition: attachment;{END}{_file_name(_one_line(file.name))}{END}"
    )


def _file_name(name: str) -> str:
    """Both ways, for old clients and new: plain where it is ASCII, and in pieces of RFC 2231."""
    name = re.sub(r'[/\\:*?"<>|]', "_", name).strip(". ")[:150] or "file"
    if name.isascii() and len(name) <= 60:
        return f' filename="{name}"'
    quoted = "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else f"%{byte:02X}" for byte in name.encode())
    parts = re.findall(r"(?:%[0-9A-F]{2}|[^%]){1,18}", quoted)
    marked = [f" filename*{at}*={'utf-8' + chr(39) * 2 if at == 0 else ''}{part}" for at, part in enumerate(parts)]
    return f";{END}".join(marked)


def _alternative(text: str, message_id: str) -> str:
    boundary = _boundary("alternative", message_id)
    plain = _clean(text)
    parts = (("plain", plain), ("html", _as_html(plain)))
    shown = "".join(
        f"--{boundary}{END}Content-Type: text/{kind}; charset=utf-8{END}"
        f"Content-Transfer-Encoding: quoted-printable{END}{END}{_quoted_printable(content)}{END}"
        for kind, content in parts
    )
    return f'Content-Type: multipart/alternative;{END} boundary="{boundary}"{END}{END}{shown}--{boundary}--{END}'


def _boundary(kind: str, message_id: str) -> str:
    """Of no text: an `=` and a `_` never follow each other in quoted-printable, nor a `_` in base64."""
    return f"=_{kind[:3]}_{hashlib.sha256(f'{kind} {message_id}'.encode()).hexdigest()[:32]}"


def _clean(text: str) -> str:
    """One kind of line end, and nothing that is no text."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _NOT_SHOWN.sub("", text.encode("utf-8", "replace").decode())


def _as_html(text: str) -> str:
    paragraphs = (part.strip("\n") for part in re.split(r"\n{2,}", text))
    shown = "\n".join(f"<p>{_linked(part)}</p>" for part in paragraphs if part)
    return f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>\n{shown}\n</body></html>'


def _linked(text: str) -> str:
    done, at = "", 0
    for found in _LINK.finditer(text):
        address = html.escape(found[0])
        done += html.escape(text[at : found.start()]) + f'<a href="{address}">{address}</a>'
        at = found.end()
    return (done + html.escape(text[at:])).replace("\n", "<br>\n")


def _quoted_printable(text: str) -> str:
    """RFC 2045, 6.7; a full stop or `From ` at the start of a line is written out, whatever carries the mail."""
    return END.join(_quoted_line(line) for line in text.split("\n"))


def _quoted_line(line: str) -> str:
    rows, row = list[str](), ""
    raw = line.encode()
    for at, byte in enumerate(raw):
        plain = 33 <= byte <= 126 and byte != 61
        if byte in (32, 9):
            plain = at < len(raw) - 1
        if not row and (byte == 46 or raw[at : at + 5] == b"From "):
            plain = False
        token = chr(byte) if plain else f"={byte:02X}"
        if len(row) + len(token) >= LINE:
            rows.append(row + "=")
            row = ""
            if token in (".", "F"):
                token = f"={byte:02X}"
        row += token
    return f"{END}".join([*rows, row])


# -- the head --------------------------------------------------------------------------------------------------------


def _field(name: str, *words: str) -> str:
    """A header of words that each stand on one line, folded between them."""
    rows, row = list[str](), f"{name}:"
    for word in words:
        if len(row) + 1 + len(word) > LINE and row.strip():
            rows.append(row)
            row = ""
        row += f" {word}"
    rows.append(row)
    field = END.join(rows) + END
    assert all(len(one) <= MOST_LINE for one in rows)
    return field


def _addresses(name: str, everybody: Sequence[Recipient]) -> str:
    words: list[str] = []
    for at, one in enumerate(everybody):
        check_address(one.address)
        comma = "," if at < len(everybody) - 1 else ""
        label = _phrase(_one_line(one.name or ""))
        words += [*label, f"<{one.address}>{comma}"] if label else [f"{one.address}{comma}"]
    return _field(name, *words)


def _phrase(text: str) -> list[str]:
    """A display name: bare, in quotes or in encoded words."""
    if not text:
        return []
    if text.isascii() and len(text) <= 60:
        if _ATOMS.fullmatch(text) and "=?" not in text:
            return text.split(" ")
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return [f'"{escaped}"'] if "=?" not in text else _encoded_words(text)
    return _encoded_words(text)


def _words(text: str) -> list[str]:
    """Free text, bare where it is short words of ASCII."""
    if text.isascii() and "=?" not in text and all(0 < len(word) < 70 for word in text.split(" ")):
        return text.split(" ")
    return _encoded_words(text) if text else []


def _encoded_words(text: str) -> list[str]:
    """RFC 2047, each word of whole characters."""
    words, part = list[str](), b""
    for letter in text:
        more = letter.encode("utf-8", "replace")
        if len(part) + len(more) > WORD_BYTES:
            words.append(part.decode())
            part = b""
        part += more
    words.append(part.decode())
    return [f"=?utf-8?b?{base64.b64encode(one.encode()).decode()}?=" for one in words]


def _one_line(text: str) -> str:
    return " ".join(_NOT_SHOWN.sub(" ", text.encode("utf-8", "replace").decode()).split())


def _by_itself(automatic: Automatic) -> list[str]:
    """Exchange does not know Auto-Submitted, and answers with notes of absence unless it is told in its own way."""
    return [
        _field("Auto-Submitted", f"auto-{automatic}"),
        _field("X-Auto-Response-Suppress", "DR, RN, NRN, OOF, AutoReply"),
    ]


def _threaded(references: Sequence[str]) -> list[str]:
    """The thread's first mail and its last ones: every client finds one that it has."""
    sound = [one for one in dict.fromkeys(references) if _MESSAGE_ID.fullmatch(one)]
    if not sound:
        return []
    kept = sound if len(sound) <= MOST_REFERENCES else [sound[0], *sound[1 - MOST_REFERENCES :]]
    return [_field("In-Reply-To", f"<{kept[-1]}>"), _field("References", *(f"<{one}>" for one in kept))]
