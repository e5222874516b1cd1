"""A row of a file never points to nothing, and bytes that nothing needs go; whatever comes in between."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from obstore.store import MemoryStore

from app.db import Db, new_id
from app.filing import keep, let_go
from app.reconciling import Reconciled, reconcile
from channels import files
from channels.files import GRACE, UNUSED, FileDamaged, FileGone, FileMissing, FileStore, FileUse, open_files
from identity.customers import WorkspaceId
from tests.app.api.conftest import Api
from tests.builders import contact


def part(path: Path, ordinal: int = 0) -> FileUse:
    digest = files.digest_of(path)
    return FileUse(
        id=new_id(), ordinal=ordinal, part="attachment", name="a", type="t/t", size=path.stat().st_size, sha256=digest
    )


class Desk:
    """A workspace's files, and events to hang them on."""

    def __init__(self, api: Api, folder: Path, store: FileStore) -> None:
        self.api, self.folder, self.store, self.id = api, folder, store, api.mine.id

    def file(self, content: bytes) -> Path:
        path = self.folder / hashlib.sha256(content).hexdigest()
        path.write_bytes(content)
        return path

    async def store_file(self, content: bytes) -> FileUse:
        path = self.file(content)
        use = part(path)
        await keep(self.api.database, self.store, self.id, {use.sha256: path})
        return use

    async def record(self, event: str, *uses: FileUse) -> None:
        await self.api.database.write(self.id, lambda db: files.record(db, self.id, UUID(event), uses))

    async def let_go(self, after: timedelta = timedelta()) -> int:
        return await let_go(self.api.database, self.store, self.id, datetime.now(UTC) + after)

    async def read(self, use: FileUse) -> bytes:
        return b"".join([block async for block in await self.store.read(self.id, use.sha256)])


@pytest.fixture
def mine(api: Api, tmp_path: Path) -> Desk:
    return Desk(api, tmp_path, open_files(None, tmp_path / "files"))


async def person(api: Api, name: str) -> dict[str, Any]:
    return await api.push(source_id=f"{name} {uuid4()}", kind="message", contact=contact(name))


async def test_what_was_stored_and_never_recorded_goes_after_an_hour(mine: Desk) -> None:
    left = await mine.store_file(b"left behind by a crash")
    kept = await mine.store_file(b"recorded")
    await mine.record((await person(mine.api, "ann"))["event_id"], kept)
    assert await mine.let_go() == 0
    assert await mine.let_go(GRACE) == 1
    with pytest.raises(FileMissing):
        await mine.read(left)
    assert await mine.read(kept) == b"recorded"
    assert await mine.let_go(GRACE * 9) == 0


async def test_nothing_is_recorded_of_bytes_that_are_going_or_were_never_stored(mine: Desk) -> None:
    event = (await person(mine.api, "ben"))["event_id"]
    gone = await mine.store_file(b"gone meanwhile")

    async def condemn(db: Db) -> bool:
        return await files.condemn(db, mine.id, gone.sha256)

    assert await mine.api.database.write(mine.id, condemn)
    for use in (gone, part(mine.file(b"never stored"))):
        with pytest.raises(FileGone):
            await mine.record(event, use)
    again = await mine.store_file(b"gone meanwhile")
    await mine.record(event, again)
    assert await mine.let_go(GRACE * 9) == 0
    assert await mine.read(again) == b"gone meanwhile"


async def test_who_deletes_asks_again_once_nobody_else_holds_the_file(mine: Desk) -> None:
    """The event commits between the question whether anything needs the bytes and their end."""
    use = await mine.store_file(b"needed at the last moment")
    event = UUID((await person(mine.api, "kim"))["event_id"])
    await mine.record(str(event), use)
    assert not await mine.api.database.write(mine.id, lambda db: files.condemn(db, mine.id, use.sha256))
    assert not await mine.api.database.write(
        mine.id, lambda db: files.delete_condemned(db, mine.store, mine.id, use.sha256)
    )
    assert await mine.read(use) == b"needed at the last moment"


async def test_bytes_that_are_not_their_hash_are_refused(mine: Desk) -> None:
    path = mine.file(b"something")
    with pytest.raises(FileDamaged):
        await keep(mine.api.database, mine.store, mine.id, {"0" * 64: path})
    assert await mine.store.size(mine.id, "0" * 64) is None


async def test_an_erasure_takes_the_bytes_unless_somebody_else_has_the_same(mine: Desk, tmp_path: Path) -> None:
    api = mine.api
    ann, bob = await person(api, "ann-files"), await person(api, "bob-files")
    own, both = await mine.store_file(b"ann's own"), await mine.store_file(b"the firm's logo")
    await mine.record(ann["event_id"], own, both)
    await mine.record(bob["event_id"], part(mine.file(b"the firm's logo")))
    held = await api("POST", "/api/v1/holds", json={"customer": ann["customer_id"], "reason": "a case"})
    assert (await api("POST", f"/api/v1/customers/{ann['customer_id']}/erase")).status_code == 409
    assert await mine.read(own) == b"ann's own"
    assert (await api("POST", f"/api/v1/holds/{held.json()['id']}/lift")).status_code == 200
    link = (await api("GET", f"/api/v1/files/{own.id}/link")).json()["url"].removeprefix("http://127.0.0.1")
    assert (await api("POST", f"/api/v1/customers/{ann['customer_id']}/erase")).status_code == 200
    assert not list(tmp_path.rglob(f"files/**/{own.sha256}"))
    assert (await api("GET", link, None)).status_code == 404
    assert (await api("GET", f"/api/v1/files/{both.id}")).status_code == 404
    assert await mine.read(both) == b"the firm's logo"
    assert (await api("POST", f"/api/v1/customers/{bob['customer_id']}/erase")).status_code == 200
    assert not list(tmp_path.rglob(f"files/**/{both.sha256}"))


async def test_an_upload_is_used_once_and_swept_where_it_is_not(mine: Desk) -> None:
    api = mine.api
    used, unused = [
        (await api("POST", "/api/v1/files", content=content)).json()["id"] for content in (b"used", b"unused")
    ]
    event, other = UUID((await person(api, "cat"))["event_id"]), UUID((await person(api, "dan"))["event_id"])

    async def use(to: UUID, *uploads: str) -> list[FileUse]:
        wanted = [UUID(one) for one in uploads]
        return await api.database.write(mine.id, lambda db: files.use_uploads(db, mine.id, to, wanted))

    (attached,) = await use(event, used)
    assert (str(attached.id), attached.size) == (used, 4)
    for wanted in ([used], [unused, used], [str(uuid4())]):
        with pytest.raises(FileGone):
            await use(other, *wanted)
    assert (await api("GET", f"/api/v1/files/{used}")).content == b"used"
    now = datetime.now(UTC)
    assert await api.database.write(mine.id, lambda db: files.drop_old(db, mine.id, now)) == 0
    assert await api.database.write(mine.id, lambda db: files.drop_old(db, mine.id, now + UNUSED)) == 1
    assert await mine.let_go(UNUSED) == 1
    assert (await api("GET", f"/api/v1/files/{unused}")).status_code == 404
    assert (await api("GET", f"/api/v1/files/{used}")).content == b"used"


async def test_an_object_store_answers_as_a_folder_does(api: Api, tmp_path: Path) -> None:
    desk = Desk(api, tmp_path, FileStore(MemoryStore()))
    big = bytes(range(256)) * 40_000
    use = await desk.store_file(big)
    assert await desk.read(use) == big
    ranged = [block async for block in await desk.store.read(desk.id, use.sha256, 255, 258)]
    assert b"".join(ranged) == big[255:258]
    assert await desk.let_go(GRACE) == 1
    with pytest.raises(FileMissing):
        await desk.read(use)


async def test_files_and_rows_that_do_not_agree_are_told_and_mended(mine: Desk, tmp_path: Path) -> None:
    event = (await person(mine.api, "eve"))["event_id"]
    kept, lost = await mine.store_file(b"kept"), await mine.store_file(b"lost")
    await mine.record(event, kept, msgspec.structs.replace(lost, ordinal=1))
    next(tmp_path.rglob(f"files/**/{lost.sha256}")).unlink()
    stray = mine.file(b"after the backup")
    await mine.store.put(mine.id, {files.digest_of(stray): stray})
    found = await reconcile(mine.api.database, mine.store, mine.id)
    assert found == Reconciled(needed=2, missing=[lost.sha256], strays=1, deleted=1)
    assert not list(tmp_path.rglob(f"files/**/{files.digest_of(stray)}"))
    assert await mine.read(kept) == b"kept"


def test_ids_of_parts_are_the_same_for_ever() -> None:
    workspace = WorkspaceId(UUID(int=7))
    made = {files.use_id(workspace, source, one, 0) for source in ("a", "b") for one in ("mail:1", "mail:2")}
    assert len(made) == 4
    assert all(one.version == 8 for one in made)
