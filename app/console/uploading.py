"""Files that go along with an answer: taken from the page's session as they come, and opened from the thread."""

from typing import Final

import msgspec

from app.api import files
from app.api.calls import Answer, Call
from app.console.composing import Enclosed
from app.console.pages import Page, Visit, page
from app.limits import UPLOAD_BYTES


@page("POST", "/uploads", "desk", most_bytes=UPLOAD_BYTES)
async def upload(visit: Visit) -> Answer:
    """Keep a file until its answer is sent; the body is its bytes. Answers with its line in the composer."""
    visit.check_token({})
    done = await files.upload_file.handler(Call(visit.edge, visit.request, visit.caller, frozenset({"name"})))
    kept = msgspec.json.decode(done.body, type=files.Uploaded)
    return visit.show("composer_file.html", status=201, one=Enclosed(id=str(kept.id), size=kept.size, name=kept.name))


PAGES: Final[tuple[Page, ...]] = (upload,)
