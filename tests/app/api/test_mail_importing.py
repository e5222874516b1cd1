"""The past of a mailbox: every mail once, in order, in both directions, and nothing happens because of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from obstore.store import MemoryStore

from app.auth import workspace_of
from app.filing import PARTIAL_SECONDS, clear_spool
from app.mail_importing import Importer
from app.store import workspace
from channels import accounts
from channels.files import FileStore
from channels.imports.mailboxes import Found, by_time, in_mbox
from channels.imports.run import Summary
from tests.app.api.conftest import Api
from tests.builders import settings
from timeline.pseudonyms import pseudonyms

SEPARATOR = b"From x Mon Mar  2 09:00:00 2026\n"
OURS, ANN = "help@desk.example", "ann@example.com"


def mail(minute: int, sender: str, to: str, *, answers: int | None = None, fields: str = "", body: str = "Hi") -> bytes:
    refers = f"In-Reply-To: <{answers}@x>\n" if answers is not None else ""
    return (
        f"From: Name <{sender}>\nTo: <{to}>\nSubject: Parcel\nDate: Mon, 02 Mar 2026 09:{minute:02}:00 +0000\n"
        f"Message-ID: <{minute}@x>\n{refers}{fields}\n{body}\n"
    ).encode()


HTML = (
    'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/html\n\n<p>Dear</p>\n'
    '--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename="a.txt"\n\nattached\n--b--\n'
)
PAST = [
    mail(5, ANN, OURS, answers=3),
    mail(3, OURS, ANN, answers=1),
    mail(1, ANN, OURS),
    mail(9, "bob@example.com", OURS, fields=HTML),
]


class Archive:
    """An account and what is imported into it."""

    def __init__(self, api: Api, tmp_path: Path, account: str) -> None:
        self.api, self.folder, self._account = api, tmp_path, account
        self.store = FileStore(MemoryStore())

    async def take(self, mails: list[bytes], **made: Any) -> Summary:
        path = self.folder / "mbox"
        path.write_bytes(b"".join(SEPARATOR + one + b"\n" for one in mails))
        async with self.api.database.connection() as db:
            row = await workspace(db, self.api.mine.id)
        known = workspace_of(row, self.api.mine.id, pseudonyms("a secret of tests, long enough"))
        async with self.api.database.read(known.id) as db:
            account = await accounts.find_account(db, known.id, accounts.read_public_id(self._account)[1])
        importer = Importer(settings(self.folder), self.api.database, self.store, known, account)
        told = made.get("told") or print
        return await importer.run(made.get("found") or by_time(in_mbox(path), self.folder, print), told)

    async def items(self) -> list[dict[str, Any]]:
        customers = (await self.api("GET", "/api/v1/customers")).json()["items"]
        found: list[dict[str, Any]] = []
        for one in customers:
            found += (await self.api("GET", f"/api/v1/customers/{one['id']}/timeline")).json()["items"]
        return sorted((one for one in found if one.get("source_id")), key=lambda one: one["occurred_at"])


@pytest.fixture
async def archive(api: Api, tmp_path: Path) -> Archive:
    body = {"kind": "email", "name": "help", "settings": {"address": OURS}}
    made = await api("POST", "/api/v1/channel-accounts", json=body)
    assert made.status_code == 201, made.text
    return Archive(api, tmp_path, made.json()["id"])


async def test_the_past_is_taken_once_in_both_directions_and_nothing_happens(archive: Archive) -> None:
    first = await archive.take(PAST)
    assert (first.read, first.new, first.known, first.refused) == (4, 4, 0, 0)
    items = await archive.items()
    assert [one["direction"] for one in items] == ["inbound", "outbound", "inbound", "inbound"]
    assert len({one["conversation"] for one in items[:3]}) == 1
    assert len({one["contact_id"] for one in items[:3]}) == 1
    assert len({one["contact_id"] for one in items}) == 2
    assert items[1]["data"]["mail"]["from"]["address"] == OURS
    assert items[1]["data"]["mail"]["to"][0]["address"] == ANN
    positions = [one["recorded_at"] for one in items]
    assert positions == sorted(positions)
    assert all(one["history"] for one in items)
    changed = [b"Status: RO\nX-Mozilla-Status: 0001\n" + one for one in PAST]
    again = await archive.take(changed)
    assert (again.read, again.new, again.known) == (4, 0, 4)
    assert await archive.items() == items


async def test_files_of_the_past_are_files(archive: Archive) -> None:
    await archive.take(PAST)
    (item,) = [one for one in await archive.items() if one["data"]["mail"]["attachments"]]
    (attached,) = item["data"]["mail"]["attachments"]
    async with archive.api.database.read(archive.api.mine.id) as db:
        sha256 = await db.fetchval("SELECT sha256 FROM file_use WHERE id = $1", UUID(attached["id"]))
        parts = await db.fetch("SELECT part FROM file_use ORDER BY ordinal")
    assert [one["part"] for one in parts] == ["attachment", "html"]
    assert sha256 is not None
    blocks = await archive.store.read(archive.api.mine.id, sha256.hex())
    assert b"".join([block async for block in blocks]).strip() == b"attached"
    assert list((archive.folder / "spool").iterdir()) == [archive.folder / "spool" / "lock"]


async def test_what_a_killed_import_leaves_is_where_the_next_start_and_the_worker_clear(archive: Archive) -> None:
    spool = archive.folder / "spool"
    seen: list[Path] = []
    await archive.take(PAST, told=lambda _: seen.extend(spool.rglob("import-*")))
    assert seen
    assert {path.parent.parent for path in seen} == {spool}
    left = spool / "reading-left" / "import-left"
    left.mkdir(parents=True)
    (left / "ab").write_bytes(b"a stranger's file")
    partial, fresh = spool / "0123", spool / "4567"
    for path in (partial, fresh):
        path.write_bytes(b"half an upload")
    clear_spool(spool, fresh.stat().st_mtime)
    assert (left.exists(), partial.exists()) == (False, True)
    clear_spool(spool, fresh.stat().st_mtime + PARTIAL_SECONDS + 1)
    assert [path.name for path in spool.iterdir()] == ["lock"]


async def test_an_import_that_was_cut_short_goes_on(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.mail_importing.CHUNK", 1)
    path = archive.folder / "cut"
    path.write_bytes(b"".join(SEPARATOR + one + b"\n" for one in PAST))

    def cut() -> Iterator[Found]:
        for number, one in enumerate(by_time(in_mbox(path), archive.folder, print)):
            if number == 3:
                raise KeyboardInterrupt
            yield one

    with pytest.raises(KeyboardInterrupt):
        await archive.take(PAST, found=cut())
    there = len(await archive.items())
    assert 1 <= there < 4
    whole = await archive.take(PAST)
    assert (whole.new, whole.known) == (4 - there, there)


async def test_what_cannot_be_taken_is_in_the_quarantine_and_stops_nothing(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.email.readers.MOST_BYTES", 1_000)
    told = await archive.take([mail(2, ANN, OURS, body="x" * 2_000), *PAST])
    assert (told.new, told.refused) == (4, 1)
    assert "quarantine" in told.refusals[0].words
    (entry,) = (await archive.api("GET", "/api/v1/quarantine")).json()["items"]
    shown = (await archive.api("GET", f"/api/v1/quarantine/{entry['id']}")).json()
    assert "x" * 2_000 in str(shown)


async def test_mail_in_our_name_that_came_from_outside_is_not_ours(api: Api, tmp_path: Path) -> None:
    body = {"kind": "email", "name": "mx", "settings": {"address": OURS, "authserv_id": "mx.desk.example"}}
    account = (await api("POST", "/api/v1/channel-accounts", json=body)).json()["id"]
    archive = Archive(api, tmp_path, account)
    for result in ("dmarc=fail header.from=desk.example", "spf=none smtp.mailfrom=evil.example"):
        forged = mail(7, OURS, ANN, fields=f"Authentication-Results: mx.desk.example; {result}\n", body=result)
        assert (await archive.take([forged])).new == 1
    assert {one["direction"] for one in await archive.items()} == {"inbound"}
