"""Mails as they were made, and files: what strangers sent, in a frame where nothing runs, and as downloads.

The frame may hold no script by two walls, the sandbox and its own policy; the page around it measures its height, for
which it counts as of this origin. Pictures from elsewhere stay away until somebody asks for them: whoever sent a mail
would learn that it was opened. What may be folded is hidden by the frame's style until it is asked for.
"""

import html
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from app.api import files as file_routes
from app.api.calls import Answer
from app.console.asking import ask
from app.console.pages import HEADERS, Page, Visit, page
from app.console.rendering import HTML
from channels import files
from channels.files import FileMissing, FileUse
from identity.errors import NotFound

MOST: Final = 4_000_000
_POLICY: Final = (
    "default-src 'none'; img-src 'self'{elsewhere}; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
)
_CID: Final = re.compile(r'(<img(?: [a-z-]+="[^"]*")*? src=")(?i:cid:)([^"]*)"')
_AWAY: Final = re.compile(r'(<img(?: [a-z-]+="[^"]*")*?) data-src="\s*((?i:https?:|//)[^"]*)"')


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A mail's safe HTML, with how many pictures from elsewhere it names, and whether some of it is folded."""

    html: str
    away: int
    folds: bool


async def read_letter(visit: Visit) -> Letter:
    """Raises `NotFound` where there is none."""
    event = visit.path_id("event_id")
    async with visit.read() as db:
        parts = (await files.parts_of(db, visit.workspace, [event])).get(event, [])
    made = next((one for one in parts if one.part == "html"), None)
    if made is None or made.size > MOST:
        raise NotFound
    try:
        blocks = [block async for block in await visit.edge.files.read(visit.workspace, made.sha256)]
    except FileMissing:
        raise NotFound from None
    return letter_of(b"".join(blocks).decode("utf-8", "replace"), parts)


def letter_of(safe: str, parts: Sequence[FileUse]) -> Letter:
    """`safe` as the reading of mails left it; pictures that came along are files of ours."""
    own = {one.content_id.strip("<>"): one.id for one in parts if one.content_id and one.part != "html"}

    def of_ours(match: re.Match[str]) -> str:
        found = own.get(html.unescape(match[2]).strip("<>"))
        return f'{match[1]}/files/{found}"' if found else f'{match[1]}"'

    return Letter(html=_CID.sub(of_ours, safe), away=len(_AWAY.findall(safe)), folds="data-fold=" in safe)


def with_pictures(safe: str) -> str:
    """What names a picture elsewhere asks for it."""
    return _AWAY.sub(r'\1 referrerpolicy="no-referrer" src="\2"', safe)


@page("GET", "/letters/{event_id}", "read")
async def show_letter(visit: Visit) -> Answer:
    """A mail in its frame, with what can be asked for beside it."""
    letter, asked = await read_letter(visit), visit.asked_for
    return visit.show(
        "letter.html" if visit.is_fragment else "letter_page.html",
        letter=letter,
        event=visit.path_id("event_id"),
        pictures=asked.get("pictures") == "yes",
        whole=asked.get("whole") == "yes",
    )


@page("GET", "/letters/{event_id}/frame", "read")
async def show_frame(visit: Visit) -> Answer:
    """What stands in the frame."""
    letter, asked = await read_letter(visit), visit.asked_for
    pictures = asked.get("pictures") == "yes"
    said = with_pictures(letter.html) if pictures else letter.html
    shown = visit.show("letter_frame.html", said=said, whole=asked.get("whole") == "yes")
    policy = _POLICY.format(elsewhere=" https: http:" if pictures else "")
    headers = {**HEADERS, "Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}
    return Answer(body=shown.body, headers=headers, media_type=HTML)


@page("GET", "/files/{file_id}", "read", media_type="application/octet-stream")
async def download(visit: Visit) -> Answer:
    """A file, always as one: nothing of it is shown in place."""
    said = visit.request.headers.get("range")
    path = {"file_id": visit.request.path_params["file_id"]}
    return await ask(visit, file_routes.read_file, path, headers={"range": said} if said else {})


PAGES: Final[tuple[Page, ...]] = (show_letter, show_frame, download)
