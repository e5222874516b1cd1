"""Files as a browser and a key come to them: never shown in place, never anybody else's, gone with the right."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar

from app.api.files import disposition
from app.file_links import FileLink, open_link, seal
from app.filing import SPOOL
from app.limits import UPLOAD_BYTES
from identity.customers import WorkspaceId
from identity.errors import NotFound
from tests.app.api.conftest import Api

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
PAGE = b"<html><script>alert(1)</script></html>"


async def uploaded(api: Api, content: bytes = PNG, name: str = "a.png", key: str | None = "") -> dict[str, str]:
    response = await api("POST", "/api/v1/files", key, content=content, params={"name": name})
    assert response.status_code == 201, response.text
    return response.json()


async def linked(api: Api, file: str, key: str | None = "") -> str:
    response = await api("GET", f"/api/v1/files/{file}/link", key)
    assert response.headers["Cache-Control"] == "no-store"
    return urlsplit(response.json()["url"]).path


async def test_a_file_goes_out_as_it_came_in_and_as_an_attachment(api: Api) -> None:
    made = await uploaded(api, name="../../Rechnung Übersicht\u202egnp.exe")
    assert (made["type"], made["size"], made["name"]) == ("image/png", len(PNG), "Rechnung Übersichtgnp.exe")
    for path, key in ((f"/api/v1/files/{made['id']}", ""), (await linked(api, made["id"]), None)):
        found = await api("GET", path, key)
        assert (found.status_code, found.content) == (200, PNG)
        assert found.headers["Content-Type"] == "image/png"
        assert found.headers["Content-Length"] == str(len(PNG))
        assert found.headers["Content-Disposition"] == (
            "attachment; filename=\"Rechnung _bersichtgnp.exe\"; filename*=UTF-8''Rechnung%20%C3%9Cbersichtgnp.exe"
        )
        assert found.headers["X-Content-Type-Options"] == "nosniff"
        assert found.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert found.headers["Cache-Control"] == "private, no-store"
        assert "Set-Cookie" not in found.headers


async def test_what_a_browser_would_run_goes_out_as_bytes(api: Api) -> None:
    made = await uploaded(api, PAGE, "page.html")
    assert made["type"] == "text/html"
    found = await api("GET", f"/api/v1/files/{made['id']}")
    assert found.headers["Content-Type"] == "application/octet-stream"


RANGES = [
    ("bytes=0-0", 206, 0, 1),
    ("bytes=10-", 206, 10, 1032),
    ("bytes=-5", 206, 1027, 1032),
    ("bytes=-9999", 200, 0, 1032),
    ("bytes=1000-99999", 206, 1000, 1032),
    ("bytes=0-1,5-6", 200, 0, 1032),
    ("pages=1-2", 200, 0, 1032),
    ("bytes=1032-", 416, 0, 0),
    ("bytes=9-3", 416, 0, 0),
    ("bytes=-0", 416, 0, 0),
]


async def test_one_range_at_most(api: Api) -> None:
    made = await uploaded(api)
    for said, status, start, end in RANGES:
        found = await api("GET", f"/api/v1/files/{made['id']}", headers={"Range": said})
        shown = found.headers.get("Content-Range")
        whole = {206: f"bytes {start}-{end - 1}/1032", 416: "bytes */1032"}
        assert (found.status_code, shown) == (status, whole.get(status)), said
        assert status == 416 or found.content == PNG[start:end], said


async def test_anybody_elses_file_is_no_file(api: Api) -> None:
    made = await uploaded(api)
    other = api.other.keys["admin"]
    nobodys = await api("GET", f"/api/v1/files/{uuid4()}")
    for path in (f"/api/v1/files/{made['id']}", f"/api/v1/files/{made['id']}/link"):
        found = await api("GET", path, other)
        assert (found.status_code, found.content) == (404, nobodys.content)
    link = await linked(api, made["id"])
    for spoiled in (
        link[:-1] + ("A" if link[-1] != "A" else "B"),
        link + "A",
        link[:-8],
        "/api/v1/file-links/" + "A" * 96,
    ):
        found = await api("GET", spoiled, None)
        assert (found.status_code, found.content) == (404, nobodys.content)


async def test_two_workspaces_share_no_stored_byte(api: Api, tmp_path: Path) -> None:
    mine = await uploaded(api)
    theirs = await uploaded(api, key=api.other.keys["admin"])
    digest = hashlib.sha256(PNG).hexdigest()
    found = list((tmp_path / "files").rglob(digest))
    assert {path.parent.parent.name for path in found} == {api.mine.id.hex, api.other.id.hex}
    assert mine.keys() == theirs.keys()
    assert oct((tmp_path / "files").stat().st_mode)[-3:] == "700"
    assert list((tmp_path / SPOOL).iterdir()) == []


async def test_a_link_ends_with_its_key_and_with_time(api: Api) -> None:
    made = await uploaded(api)
    link = await linked(api, made["id"], api.mine.keys["agent"])
    assert (await api("GET", link, None)).status_code == 200
    assert (await api("DELETE", f"/api/v1/keys/{api.mine.ids['agent']}")).status_code == 200
    assert (await api("GET", link, None)).status_code == 404
    secret, now = "a secret of tests, long enough", datetime.now(UTC)
    sealed = FileLink(
        workspace=WorkspaceId(api.mine.id),
        key=api.mine.ids["admin"],
        file=uuid4(),
        expires_at=now.replace(microsecond=0),
    )
    text = seal(secret, sealed)
    assert open_link(secret, text, now - timedelta(seconds=2)) == sealed
    with pytest.raises(NotFound):
        open_link(secret, text, now)
    with pytest.raises(NotFound):
        open_link("another secret of tests", text, now - timedelta(seconds=2))


async def test_an_upload_of_more_than_the_limit_leaves_nothing(api: Api, tmp_path: Path) -> None:
    before = await api.counts()

    async def body():
        for _ in range(UPLOAD_BYTES // 1_000_000 + 1):
            yield bytes(1_000_000)

    response = await api("POST", "/api/v1/files?name=big", content=body())
    assert response.status_code == 413
    said = await api("POST", "/api/v1/files?name=big", content=b"", headers={"Content-Length": str(UPLOAD_BYTES + 1)})
    assert said.status_code == 413
    assert await api.counts() == before
    assert not (tmp_path / "files" / api.mine.id.hex).exists()
    assert list((tmp_path / SPOOL).iterdir()) == []


async def test_an_upload_under_an_idempotency_key_is_one(api: Api) -> None:
    async def put(content: bytes) -> httpx.Response:
        return await api("POST", "/api/v1/files?name=a", content=content, headers={"Idempotency-Key": "once"})

    first, again, other = await put(b"one"), await put(b"one"), await put(b"two")
    assert first.json() == again.json()
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)


async def test_an_empty_file_is_a_file(api: Api) -> None:
    made = await uploaded(api, b"", "")
    found = await api("GET", f"/api/v1/files/{made['id']}")
    assert (found.status_code, found.content, made["name"]) == (200, b"", "file")


async def test_who_uploads_without_end_is_told_to_wait(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.api.files.UPLOADS_WAITING", 2)
    for content in (b"1", b"2"):
        await uploaded(api, content)
    refused = await api("POST", "/api/v1/files", content=b"3")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")


async def test_bytes_that_are_missing_are_told_to_the_operator(api: Api, app: Litestar, tmp_path: Path) -> None:
    made = await uploaded(api, b"to be lost")
    next((tmp_path / "files").rglob(hashlib.sha256(b"to be lost").hexdigest())).unlink()
    assert (await api("GET", f"/api/v1/files/{made['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a.txt", 'attachment; filename="a.txt"'),
        ('a"\r\nX-Y: x=1', "attachment; filename=\"a_ X-Y_ x_1\"; filename*=UTF-8''a_%20X-Y_%20x%3D1"),
        ("C:\\a\\..\\con.txt", 'attachment; filename="_con.txt"'),
        ("50%.pdf", 'attachment; filename="50_.pdf"'),
        ("ä" * 200 + ".pdf", f"attachment; filename=\"{'_' * 98}.pdf\"; filename*=UTF-8''{'%C3%A4' * 98}.pdf"),
    ],
)
def test_no_name_breaks_out_of_its_header(name: str, header: str) -> None:
    assert disposition(name) == header
