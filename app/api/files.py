"""Files over HTTP: opened with a key or by a link of a few minutes, never shown in place; uploads for replies."""

import asyncio
import hashlib
import re
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote
from uuid import UUID

import msgspec
import structlog
from litestar.datastructures import Headers
from litestar.exceptions import InternalServerException

from app import filing
from app.api.calls import Answer, Call, answer
from app.api.routes import Parameter, Route, route
from app.auth import DEFAULT_RATE
from app.db import Db, KeyGone, new_id
from app.errors import Problem
from app.file_links import GOOD_FOR, FileLink, open_link, seal
from app.limits import UPLOAD_BYTES, UPLOADS_WAITING
from channels import files
from channels.files import FileMissing, StoredFile
from channels.sniffing import HEAD, OCTETS, safe_name, type_of
from identity.errors import NotFound

SHOWN_TYPES: Final = re.compile(r"(image/(png|jpeg|gif|webp|bmp|tiff)|audio/[\w.+-]+|video/[\w.+-]+|text/plain)")
"""Types that browsers run nothing of; everything else goes out as bytes."""
_RANGE: Final = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))")
_PLAIN: Final = re.compile(r"[^A-Za-z0-9 ._()-]")

_log = structlog.get_logger("throughline.files")


class FileAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a browser finds a file until `expires_at`."""

    url: str
    expires_at: datetime


class Uploaded(msgspec.Struct, frozen=True, kw_only=True):
    """A file that waits for its reply; `type` is by its bytes."""

    id: UUID
    name: str
    type: str
    size: int
    expires_at: datetime


_RANGES: Final = Parameter(
    name="Range", words="One range of bytes; several are answered with the whole.", schema={"type": "string"}
)


@route(
    "GET",
    "/api/v1/files/{file_id}",
    "read",
    headers=(_RANGES,),
    answers={200: None, 206: None},
    media_type=OCTETS,
    refuses=frozenset({416, 503}),
)
async def read_file(call: Call) -> Answer:
    """The bytes of a file: an item's attachment, or an upload. Always as an attachment, and alone in its sandbox."""
    file_id = call.path_id("file_id")
    async with call.read() as db:
        found = await files.find(db, call.workspace, file_id)
    return await _serve(call, call.workspace, found)


@route("GET", "/api/v1/files/{file_id}/link", "read", answers={200: FileAddress})
async def link_file(call: Call) -> Answer:
    """An address that opens the file for five minutes without a key, and ends with the key that asked for it."""
    file_id = call.path_id("file_id")
    async with call.read() as db:
        if await files.find(db, call.workspace, file_id) is None:
            raise NotFound
    expires = (datetime.now(UTC) + GOOD_FOR).replace(microsecond=0)
    link = FileLink(workspace=call.workspace, key=call.caller.key, file=file_id, expires_at=expires)
    settings = call.edge.settings
    url = f"{settings.public_url}/api/v1/file-links/{seal(settings.secret, link)}"
    return answer(FileAddress(url=url, expires_at=expires), headers={"Cache-Control": "no-store"})


@route(
    "GET",
    "/api/v1/file-links/{link}",
    None,
    headers=(_RANGES,),
    answers={200: None, 206: None},
    media_type=OCTETS,
    refuses=frozenset({416, 429, 503}),
)
async def open_file(call: Call) -> Answer:
    """A file by its link. One that is past its time, was never made, or whose maker's key ended is nobody's."""
    link = open_link(call.edge.settings.secret, call.request.path_params["link"], datetime.now(UTC))
    call.edge.rates.take(link.key, DEFAULT_RATE)
    try:
        async with call.edge.database.read(link.workspace, link.key) as db:
            found = await files.find(db, link.workspace, link.file)
    except KeyGone:
        raise NotFound from None
    return await _serve(call, link.workspace, found)


@route(
    "POST",
    "/api/v1/files",
    "desk",
    query=(Parameter(name="name", words="What the file is called.", schema={"type": "string"}),),
    takes=msgspec.Raw,
    also_takes=OCTETS,
    most_bytes=UPLOAD_BYTES,
    answers={201: Uploaded},
    refuses=frozenset({429, 503}),
)
async def upload_file(call: Call) -> Answer:
    """Upload a file for a reply: the body is its bytes, whatever its Content-Type says. It may be used once, within a
    day, by its id."""
    name = safe_name(call.query.text("name"))
    async with call.read() as db:
        if await files.waiting(db, call.workspace, call.caller.actor) >= UPLOADS_WAITING:
            words = f"{UPLOADS_WAITING} uploads of this key wait for a reply already."
            raise Problem(429, "rate_limited", words, headers={"Retry-After": "60"})
    partial = filing.spool_of(call.edge.settings.home) / secrets.token_hex(16)
    try:
        return await _keep_upload(call, name, partial)
    finally:
        await asyncio.to_thread(partial.unlink, missing_ok=True)


async def _keep_upload(call: Call, name: str, partial: Path) -> Answer:
    sha256, size = await _take(call, partial)
    with partial.open("rb") as file:
        kind = type_of(file.read(HEAD))
    await filing.keep(call.edge.database, call.edge.files, call.workspace, {sha256: partial})
    now, file_id = datetime.now(UTC), new_id()
    stored = StoredFile(id=file_id, event_id=None, part="attachment", name=name, type=kind, size=size, sha256=sha256)

    async def work(db: Db) -> Answer:
        await files.keep_upload(db, call.workspace, stored, now, call.caller.actor)
        expires = now + files.UNUSED
        return answer(Uploaded(id=file_id, name=name, type=kind, size=size, expires_at=expires), 201)

    return await call.write(work)


async def _take(call: Call, partial: Path) -> tuple[str, int]:
    """Write the body to a file as it comes, at most as much as the route takes: the 413 is raised by whoever counts.
    Raises the 400 for one that ends too early."""
    digest, size = hashlib.sha256(), 0
    try:
        with partial.open("xb") as file:
            async for block in call.request.stream():
                size += len(block)
                digest.update(block)
                await asyncio.to_thread(file.write, block)
    except InternalServerException as error:
        raise Problem(400, "incomplete", "The body ended before its end.") from error
    call.streamed = digest.digest()
    return digest.hexdigest(), size


async def _serve(call: Call, workspace: UUID, found: StoredFile | None) -> Answer:
    if found is None:
        raise NotFound
    start, end = _span(call.request.headers, found.size)
    try:
        stream = await call.edge.files.read(workspace, found.sha256, start, end if found.size else None)
    except FileMissing:
        _log.error("file.missing", workspace=str(workspace), file=str(found.id), sha256=found.sha256)
        raise NotFound from None
    partial = (start, end) != (0, found.size)
    kind = found.type if SHOWN_TYPES.fullmatch(found.type) else OCTETS
    headers = {**_headers(found), "Content-Type": kind, "Content-Length": str(end - start)}
    if partial:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{found.size}"
    return Answer(status=206 if partial else 200, headers=headers, media_type=kind, stream=_whole(stream, end - start))


async def _whole(stream: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    """Ends with an error where the store has fewer bytes than were promised."""
    async for block in stream:
        size -= len(block)
        yield block
    if size:
        raise FileMissing("the file is shorter than its row says")


def _headers(found: StoredFile) -> dict[str, str]:
    return {
        "Content-Disposition": disposition(found.name),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "private, no-store",
        "Accept-Ranges": "bytes",
    }


def disposition(name: str) -> str:
    """RFC 6266: a name in plain ASCII for old readers, and the name itself."""
    name = safe_name(name)
    plain = _PLAIN.sub("_", name)
    extended = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'attachment; filename="{plain}"{extended}'


def _span(headers: Headers, size: int) -> tuple[int, int]:
    """Which bytes are asked for, from and before. A range that is none, or several, is the whole. Raises the 416."""
    match = _RANGE.fullmatch(headers.get("range", "").strip())
    if match is None or "if-range" in headers:
        return 0, size
    first, last, tail = match.groups()
    if tail is not None:
        start, end = max(0, size - int(tail)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
    if start >= size or (last and int(last) < int(first)) or start >= end:
        raise Problem(416, "range", "There are no such bytes.", headers={"Content-Range": f"bytes */{size}"})
    return start, end


ROUTES: Final[tuple[Route, ...]] = (read_file, link_file, open_file, upload_file)
