"""mbox in its variants and Maildir: the same mails by the same names, whoever wrote the file."""

import hashlib
import os
import re
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.imports.imported import Unreadable
from channels.imports.mailboxes import by_time, in_maildir, in_mbox, read

DATE = "Mon, 02 Mar 2026 09:00:00 +0000"
SEPARATOR = b"From ann@example.com Mon Mar  2 09:00:00 2026\n"


def mail(number: int, body: bytes, fields: bytes = b"") -> bytes:
    said = f"From : ann@example.com\nSubject: {number}\nDate: {DATE}\nMessage-ID: <{number}@x>\nStatus-Of: x\n"
    head = said.encode()
    return head + fields + b"\n" + body


BODIES = [
    b"Hello\n",
    b"",
    b"\n\n\n",
    b"From here on it is prose.\nFrom ann@example.com Mon Mar  2 09:00:00 2026\nFrom: bob@example.com\n\nno mail\n",
    b"one\n\nFrom ann@example.com Mon Mar  2 09:00:00 2026\nX: y\n\nstill the same\n",
    b">From quoted before\n>>From twice\n",
    b"a line without an end " + b"x" * 700_000 + b"\n",
    b"latin \xe4\xf6\xfc\nlone \r return\n",
]
STATUS = (
    b">From a relay Mon Mar  2 09:00:00 2026\nStatus: RO\nX-Status: A\nX-Mozilla-Status: 0001\n"
    b"X-Keywords: a\n b\nX-UID: 7\n"
)


def quoted(body: bytes, pattern: bytes) -> bytes:
    return re.sub(pattern, rb">\1", body, flags=re.MULTILINE)


def mboxrd(mails: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(SEPARATOR + head + quoted(body, rb"^(>*From )") + b"\n" for head, body in mails)


def mboxo(mails: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(SEPARATOR + head + quoted(body, rb"^(From )") + b"\n" for head, body in mails)


def measured(head: bytes, body: bytes) -> bytes:
    return head[:-1] + f"Content-Length: {len(body)}\n\n".encode() + body


def mboxcl(mails: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(SEPARATOR + measured(head, quoted(body, rb"^(From )")) + b"\n" for head, body in mails)


def mboxcl2(mails: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(SEPARATOR + measured(head, body) + b"\n" for head, body in mails)


Write = Callable[[list[tuple[bytes, bytes]]], bytes]
WRITERS: list[Write] = [mboxrd, mboxo, mboxcl, mboxcl2]


def parted(raw: bytes) -> tuple[bytes, bytes]:
    head, _, body = raw.partition(b"\n\n")
    return head + b"\n\n", body


def served(raw: bytes) -> bytes:
    """As a mail server hands it out."""
    return re.sub(rb"(?<!\r)\n", b"\r\n", raw)


def found_in(path: Path) -> list[bytes]:
    return [read(one) for one in in_mbox(path)]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("crlf", [False, True])
def test_every_variant_gives_the_mails_as_they_were_sent(tmp_path: Path, write: Write, crlf: bool) -> None:
    ambiguous = BODIES[5]  # mboxo and mboxcl cannot say whether it was quoted before, nor mboxcl2 that it is not
    bodies = [body for body in BODIES if write is mboxrd or body != ambiguous]
    sent = [mail(number, body) for number, body in enumerate(bodies)]
    path = tmp_path / "mbox"
    written = write([parted(mail(number, body, STATUS)) for number, body in enumerate(bodies)])
    if crlf and write in (mboxrd, mboxo):
        written = served(written)
    path.write_bytes(written)
    assert found_in(path) == [served(raw) for raw in sent]
    keys = [one.key for one in in_mbox(path)]
    assert keys == [hashlib.sha256(served(raw)).hexdigest() for raw in sent]


@given(st.lists(st.text("From \n>:a\r", max_size=40).map(str.encode), max_size=5))
@settings(max_examples=60, deadline=None)
def test_whatever_a_body_is_mboxrd_gives_it_back(tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes]) -> None:
    whole = [served(body.replace(b"\r", b"")).replace(b"\r\n", b"\n") + b"\n" for body in bodies]
    path = tmp_path_factory.getbasetemp() / "any.mbox"
    path.write_bytes(mboxrd([parted(mail(number, body)) for number, body in enumerate(whole)]) or SEPARATOR)
    assert found_in(path)[: len(whole)] == [served(mail(number, body)) for number, body in enumerate(whole)]


def test_a_length_that_lies_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "mbox"
    for length in (b"0", b"3", b"999999", b"9" * 15, b"-1", b"x", b"7\nContent-Length: 8"):
        head, body = parted(mail(1, b"one\ntwo\n"))
        lying = SEPARATOR + head[:-1] + b"Content-Length: " + length + b"\n\n" + body + b"\n"
        path.write_bytes(lying + mboxrd([parted(mail(2, b"next\n"))]))
        assert found_in(path) == [served(mail(1, b"one\ntwo\n")), served(mail(2, b"next\n"))], length


def test_a_maildir_gives_the_same_names_as_an_mbox(tmp_path: Path) -> None:
    sent = [mail(number, body) for number, body in enumerate(BODIES[:3])]
    for at, (raw, place) in enumerate(zip(sent, ("cur/1.a:2,S", "new/2.b", ".Sent/cur/3.c:2,"), strict=True)):
        path = tmp_path / "Maildir" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw if at else served(raw))
    (tmp_path / "Maildir" / "cur").mkdir(exist_ok=True)
    (tmp_path / "mbox").write_bytes(mboxrd([parted(raw) for raw in sent]))
    found = list(in_maildir(tmp_path / "Maildir"))
    assert {one.key for one in found} == {one.key for one in in_mbox(tmp_path / "mbox")}
    first = next(one for one in found if one.path.name == "1.a:2,S")
    first.path.rename(first.path.with_name("1.a:2,SR"))  # a client works on it meanwhile
    assert read(first) == served(sent[0])


def test_what_is_no_mail_in_a_maildir_stops_no_mail(tmp_path: Path):
    """A pipe would be waited for for ever."""
    (tmp_path / "cur" / "folder").mkdir(parents=True)
    os.mkfifo(tmp_path / "cur" / "pipe")
    (tmp_path / "cur" / "gone").symlink_to(tmp_path / "nowhere")
    (tmp_path / "cur" / "loop").symlink_to(tmp_path / "cur" / "loop")
    (tmp_path / "cur" / "mail").write_bytes(b"Subject: 1\n\nx\n")
    loop, mail = in_maildir(tmp_path)
    assert (read(mail), loop.where) == (b"Subject: 1\r\n\r\nx\r\n", str(tmp_path / "cur" / "loop"))
    with pytest.raises(Unreadable, match="symbolic links"):
        read(loop)


def test_mails_come_by_time_with_flat_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.imports.mailboxes.RUN", 20)
    path = tmp_path / "mbox"
    with path.open("wb") as file:
        for number in range(100):
            date = f"Date: Mon, 02 Mar 2026 09:{(number * 7) % 60:02}:00 +0000"
            file.write(
                mboxrd([parted(mail(number, b"x" * 100_000 + b"\n").replace(f"Date: {DATE}".encode(), date.encode()))])
            )
    told: list[int] = []
    tracemalloc.start()
    times = [one.at for one in by_time(in_mbox(path), tmp_path, told.append)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert times == sorted(times)
    assert (len(times), told[-1]) == (100, 100)
    assert peak < 3_000_000


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        (b"", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        (b"Received: from a by b; Tue, 03 Mar 2026 10:00:00 +0100\n", datetime(2026, 3, 3, 9, tzinfo=UTC)),
        (b"Received: from a\n by b;\n Tue, 03 Mar 2026 10:00:00 +0100\n", datetime(2026, 3, 3, 9, tzinfo=UTC)),
        (b"Received: nonsense; never\n", datetime(2026, 3, 2, 9, tzinfo=UTC)),
    ],
)
def test_the_last_server_says_when_it_came(tmp_path: Path, fields: bytes, at: datetime) -> None:
    (tmp_path / "mbox").write_bytes(mboxrd([parted(mail(1, b"x\n", fields))]))
    (one,) = in_mbox(tmp_path / "mbox")
    assert one.at == at


def test_what_is_no_mailbox_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"Dear diary\n")
    with pytest.raises(Unreadable, match=r"a\.txt: it does not begin as an mbox"):
        list(in_mbox(tmp_path / "a.txt"))
    with pytest.raises(Unreadable, match="no Maildir"):
        list(in_maildir(tmp_path))
    (tmp_path / "empty").write_bytes(b"")
    assert list(in_mbox(tmp_path / "empty")) == []
