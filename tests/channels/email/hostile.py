"""Three hundred mails that were made to hurt their reader, each from its number alone: `(name, bytes)`.

Used by the tests in a small sample and by the bench in full.
"""

import base64
import random
from collections.abc import Callable, Iterator

HEAD = b"From: Jane <jane@example.com>\r\nTo: desk@shop.example\r\nSubject: Hello\r\nMessage-ID: <1@example.com>\r\n"
TEXT = b"\r\nHello.\r\n"
MB = 1 << 20


def hostile(count: int = 300) -> Iterator[tuple[str, bytes]]:
    """The first so many: every kind once, in its largest size, and then again in others."""
    kinds = list(KINDS.items())
    for number in range(count):
        name, make = kinds[number % len(kinds)]
        yield f"{name}-{number}", make(1 / (1 + number // len(kinds)), random.Random(number))


def one(name: str, size: float = 1.0) -> bytes:
    return KINDS[name](size, random.Random(1))


def _from(value: bytes) -> bytes:
    return b"From: " + value + b"\r\nSubject: Hello\r\n" + TEXT


def _html(source: str) -> bytes:
    return HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n" + source.encode()


def _times(size: float, most: int) -> int:
    return max(1, int(size * most))


def _nested(size: float, _: random.Random) -> bytes:
    levels = _times(size, 3_000)
    opening = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(levels))
    return HEAD + opening + b"\r\ndeep\r\n" + b"".join(b"--b%d--\r\n" % n for n in reversed(range(levels)))


def _nested_mails(size: float, _: random.Random) -> bytes:
    return HEAD + b"Content-Type: message/rfc822\r\n\r\n" * _times(size, 50_000) + TEXT


def _same_boundary(size: float, _: random.Random) -> bytes:
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * _times(size, 200_000) + TEXT


def _parts(size: float, _: random.Random) -> bytes:
    part = b"--b\r\nContent-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n"
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * _times(size, 10_000) + b"--b--\r\n"


def _text_parts(size: float, _: random.Random) -> bytes:
    part = b"--b\r\nContent-Type: text/html\r\n\r\n<p>On x wrote:<b>\r\n"
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * _times(size, 10_000) + b"--b--\r\n"


def _recipients(size: float, _: random.Random) -> bytes:
    people = b",\r\n ".join(b'"Person %d" <person%d@example.com>' % (n, n) for n in range(_times(size, 32_000)))
    return HEAD + b"Cc: " + people + b"\r\n" + TEXT


def _large(size: float, chance: random.Random) -> bytes:
    blob = chance.randbytes(1 << 16) * _times(size, 570)
    said = b"Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return HEAD + said + base64.encodebytes(blob)


def _wrong_base64(size: float, chance: random.Random) -> bytes:
    said = b"Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return HEAD + said + chance.randbytes(1 << 16) * _times(size, 200)


def _padded_base64(size: float, _: random.Random) -> bytes:
    return (
        HEAD + b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"A=" * _times(size, 10 * MB)
    )


def _tnef(size: float, chance: random.Random) -> bytes:
    blob = b"\x78\x9f\x3e\x22" + chance.randbytes(1 << 16) * _times(size, 30)
    said = b'Content-Type: application/ms-tnef; name="winmail.dat"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    return HEAD + said + base64.encodebytes(blob)


def _noise(size: float, chance: random.Random) -> bytes:
    return chance.randbytes(1 << 16) * _times(size, 80)


def _mangled(size: float, chance: random.Random) -> bytes:
    mail = bytearray(_parts(0.01 * size, chance) + _html("<p>" * 500))
    for _ in range(len(mail) // 20):
        mail[chance.randrange(len(mail))] = chance.choice(b'\0\r\n:;<>()@=?"\\-\xff ')
    return bytes(mail)


def _dashes(size: float, _: random.Random) -> bytes:
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--\n" * _times(size, 10 * MB)


def _fields(size: float, _: random.Random) -> bytes:
    return b"a:\n" * _times(size, 10 * MB) + HEAD + TEXT


def _folded(size: float, _: random.Random) -> bytes:
    return b"Subject: x" + b"\n " * _times(size, 10 * MB) + TEXT


def _fragments(make: Callable[[bytes], bytes], piece: bytes, most: int) -> Callable[[float, random.Random], bytes]:
    return lambda size, _: make(piece * _times(size, most))


def _source(piece: str, most: int = MB) -> Callable[[float, random.Random], bytes]:
    return lambda size, _: _html(piece * _times(size, most // len(piece)))


def _text(piece: bytes, most: int = MB) -> Callable[[float, random.Random], bytes]:
    return lambda size, _: (
        HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + piece * _times(size, most // len(piece))
    )


def _header(name: bytes, piece: bytes, most: int = MB) -> Callable[[float, random.Random], bytes]:
    return lambda size, _: name + b": " + piece * _times(size, most // len(piece)) + b"\r\n" + HEAD + TEXT


def _charset(name: bytes) -> Callable[[float, random.Random], bytes]:
    return lambda size, chance: (
        HEAD + b"Content-Type: text/plain; charset=" + name + b"\r\n\r\n" + chance.randbytes(MB // 4) * _times(size, 8)
    )


def _report(piece: bytes, most: int = MB) -> Callable[[float, random.Random], bytes]:
    said = b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n"
    return lambda size, _: (
        HEAD + said + b"Content-Type: message/delivery-status\r\n\r\n" + piece * _times(size, most // len(piece))
    )


def _bounce_text(piece: bytes, most: int = MB) -> Callable[[float, random.Random], bytes]:
    return lambda size, _: (
        b"Return-Path: <>\r\nFrom: MAILER-DAEMON@example.com\r\nSubject: failure notice\r\n\r\n"
        + piece * _times(size, most // len(piece))
    )


KINDS: dict[str, Callable[[float, random.Random], bytes]] = {
    "nested": _nested,
    "nested-mails": _nested_mails,
    "same-boundary": _same_boundary,
    "parts": _parts,
    "text-parts": _text_parts,
    "recipients": _recipients,
    "large": _large,
    "wrong-base64": _wrong_base64,
    "padded-base64": _padded_base64,
    "tnef": _tnef,
    "noise": _noise,
    "mangled": _mangled,
    "dashes": _dashes,
    "fields": _fields,
    "folded": _folded,
    "from-brackets": _fragments(_from, b"(", MB),
    "from-comments": _fragments(_from, b"()", MB),
    "from-quotes": _fragments(_from, b'"\\', MB),
    "from-angles": _fragments(_from, b"<", MB),
    "from-ats": _fragments(_from, b"a@", MB),
    "from-groups": _fragments(_from, b"a:", MB),
    "from-words": _fragments(_from, b"=?utf-8?q?a?=", MB // 10),
    "from-nul": lambda size, _: _from(b"Jane\0 <jane@example.com>"),
    "from-returns": lambda size, _: b"Subject: x\rFrom: a@b.example\r" * _times(size, MB // 30) + _from(b"c@d.example"),
    "froms": lambda size, _: b"From: a@b.example\r\n" * _times(size, 50_000) + TEXT,
    "no-from": lambda size, _: b"Subject: nobody\r\n" + TEXT,
    "words": _header(b"Subject", b"=?utf-8?b?4pyT?= "),
    "half-words": _header(b"Subject", b"=?a?q?"),
    "parameters": _header(b"Content-Type", b'text/plain; a="'),
    "sections": _header(b"Content-Disposition", b"attachment; filename*1*=%41; "),
    "references": _header(b"References", b"<a@b>", 4 * MB),
    "many-received": _header(b"Received", b"from a by b\r\nReceived: ", 4 * MB),
    "div": _source("<div>"),
    "bold": _source("<b>"),
    "fonts": lambda size, _: _html("".join(f"<font color={n}>" for n in range(1_000)) + "<p>x" * _times(size, 100_000)),
    "lesser": _source("<"),
    "attributes": _source("<a '\""),
    "comments": _source("<!--"),
    "entities": _source("&"),
    "characters": _source("&#x41;"),
    "tables": _source("<table>"),
    "rows": _source("<table><tr><td>"),
    "quotes": lambda size, _: _html("<blockquote>x<br>" * 20 + "x<br>" * _times(size, 180_000)),
    "misnested": _source("<b><i><a href=x></b></i>"),
    "lists": _source("<ul><li>"),
    "scripts": _source("<script>"),
    "svg": _source("<svg><style>"),
    "pictures": _source("<img src='http://x'>"),
    "on": _text(b"On x\n"),
    "on-colon": _text(b"On x:\n"),
    "wrote": _text(b"On wrote:\n>\n"),
    "from-lines": _text(b"From: x\nSent: y\n"),
    "marks": _text(b"> > > x\n"),
    "signatures": _text(b"-- \n"),
    "rules": _text(b"_" * 900 + b"\n"),
    "blanks": _text(b" "),
    "returns": _text(b"\r", 10 * MB),
    "nuls": _text(b"\0", 10 * MB),
    "long-line": _text(b"x", 50 * MB),
    "lines": _text(b"\n", 10 * MB),
    "schrieb": _text(b"Am schrieb " * 40 + b":\n"),
    "addressed": _text(b"On " + b"<a@b" * 100 + b":\n"),
    "utf-7": _charset(b"utf-7"),
    "punycode": _charset(b"punycode"),
    "unknown": _charset(b"x-" + b"y" * 5_000),
    "iso-2022-jp": _charset(b"iso-2022-jp"),
    "hz": _charset(b"hz-gb-2312"),
    "utf-32": _charset(b"utf-32"),
    "status": _report(b"Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\n\r\n"),
    "status-lines": _report(b"x\n\n"),
    "bounce-ids": _bounce_text(b"Message-ID: \n"),
    "bounce-people": _bounce_text(b"<a@b.example>:\n"),
    "bounce-rules": _bounce_text(b"--- \n"),
    "bounce-at": _bounce_text(b"a@"),
    "empty": lambda size, _: b"",
}
