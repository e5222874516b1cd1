"""Mails are read in processes that may be killed: one that dies or hangs costs one mail its parts, and nobody else."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from channels.email.dkim import Signature
from channels.email.readers import Readers, Unreadable
from tests.channels.email.hostile import HEAD, TEXT, one

MAIL = HEAD + TEXT
WITH_FILE = HEAD + b"Content-Type: image/png; name=a.png\r\n\r\n\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.fixture(scope="module")
async def readers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Readers]:
    spool = tmp_path_factory.mktemp("home") / "spool"
    async with Readers(spool, most=1) as made:
        yield made
    assert not list(spool.glob("reading-*"))


def children(readers: Readers) -> list[psutil.Process]:
    """Its own that rest: other tests of this process have theirs."""
    return [psutil.Process(child.process.pid) for child in readers._idle]


async def test_a_mail_and_its_files_are_there_until_they_are_discarded(readers: Readers):
    read = await readers.read(WITH_FILE)
    assert read.mail.subject == "Hello"
    (attached,) = read.mail.attachments
    assert (attached.name, attached.type, attached.size) == ("a.png", "image/png", 108)
    assert read.parts[attached.sha256].read_bytes().startswith(b"\x89PNG")
    assert stat.S_IMODE(read.folder.stat().st_mode) == 0o700
    assert [path.name for path in read.folder.iterdir()] == [attached.sha256]
    read.discard()
    assert not read.folder.exists()


async def test_a_process_is_kept_warm_knows_no_secret_and_is_replaced_when_it_is_gone(readers: Readers):
    (await readers.read(MAIL)).discard()
    (child,) = children(readers)
    (await readers.read(MAIL)).discard()
    assert children(readers) == [child]
    assert set(child.environ()) <= {"PYTHONPATH", "LANG", "LC_CTYPE"}
    child.kill()
    read = await readers.read(WITH_FILE)
    assert read.mail.defects == ()
    assert len(read.parts) == 1
    assert children(readers) != [child]
    read.discard()


async def test_it_is_kept_warm_by_a_process_that_holds_much(tmp_path: Path):
    """What a process is said to have held at most begins with that of the one that started it."""
    ballast = bytearray(300 << 20)
    ballast[::4096] = b"x" * len(ballast[::4096])
    async with Readers(tmp_path, most=1) as readers:
        (await readers.read(MAIL)).discard()
        (child,) = children(readers)
        (await readers.read(MAIL)).discard()
        assert children(readers) == [child]
    del ballast


async def test_a_mail_that_takes_too_long_is_read_plainly_and_the_next_one_whole(tmp_path: Path):
    async with Readers(tmp_path, most=2) as readers:
        for read in await asyncio.gather(readers.read(MAIL), readers.read(MAIL)):
            read.discard()
        children(readers)[-1].send_signal(signal.SIGSTOP)
        readers._seconds = 1.0  # who is warm by now needs much less
        read = await readers.read(WITH_FILE)
        assert read.mail.subject == "Hello"
        assert "its parts could not be read: it took longer than 1 seconds" in read.mail.defects[0]
        assert "PNG" in read.mail.text
        after = await readers.read(WITH_FILE)
        assert after.mail.defects == ()


async def test_what_cannot_be_read_in_time_at_all_is_unreadable_and_leaves_nothing(tmp_path: Path):
    async with Readers(tmp_path, most=1, seconds=0.001) as readers:
        with pytest.raises(Unreadable, match="longer than"):
            await readers.read(MAIL)
        assert [path.name for path in next(tmp_path.glob("reading-*")).iterdir()] == ["lock"]


async def test_what_a_crash_left_goes_and_what_another_process_reads_stays(tmp_path: Path):
    (tmp_path / "reading-left").mkdir()
    (tmp_path / "reading-left" / "raw").write_bytes(b"x")
    async with Readers(tmp_path), Readers(tmp_path):
        assert not (tmp_path / "reading-left").exists()
        assert len(list(tmp_path.glob("reading-*"))) == 2


async def test_signatures_that_cannot_be_checked_are_unusable(readers: Readers):
    signature = Signature(index=0, domain="example.com", selector="s", identity="@example.com")
    assert list(await readers.verify(MAIL, [signature], {})) == ["unusable"]


async def test_a_hostile_mail_leaves_its_reader_as_small_as_it_was(readers: Readers):
    for name in ("parts", "nested", "recipients", "noise"):
        (await readers.read(one(name, 0.05))).discard()
    (child,) = children(readers)
    assert child.memory_info().rss < 150 << 20


@pytest.mark.parametrize(
    ("work", "ended"),
    [
        ("lambda *_: child._allow(0) or [None for _ in iter(int, 1)]", -signal.SIGXCPU),
        ("lambda *_: bytearray(2 << 30)", 1),
    ],
    ids=["cpu", "memory"],
)
def test_a_reader_has_so_much_of_the_processor_and_of_memory_and_no_more(work: str, ended: int):
    code = f"from channels.email import child; child.serve = {work}; child.main()"
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, env={"PATH": os.defpath}, capture_output=True)
    assert done.returncode == ended
