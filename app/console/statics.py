"""Files that never change under their address: styles, scripts, pictures. Everybody may have them."""

import gzip
import mimetypes
from functools import lru_cache
from typing import Final

from app.api.calls import Answer
from app.console.pages import Page, Visit, page
from app.console.rendering import fingerprint, read_static
from identity.errors import NotFound

FOR_EVER: Final = "public, max-age=31536000, immutable"


@lru_cache(maxsize=64)
def _packed(name: str) -> bytes:
    return gzip.compress(read_static(name), 9, mtime=0)


async def _file(visit: Visit, name: str) -> Answer:
    try:
        body, print_ = read_static(name), fingerprint(name)
    except (OSError, ValueError):  # not there, a folder, no name of a file at all
        raise NotFound from None
    headers = {"Cache-Control": FOR_EVER if visit.request.path_params["print"] == print_ else "no-cache"}
    headers["Vary"] = "Accept-Encoding"
    if "gzip" in visit.request.headers.get("accept-encoding", ""):
        body, headers["Content-Encoding"] = _packed(name), "gzip"
    return Answer(body=body, headers=headers, media_type=mimetypes.guess_type(name)[0] or "application/octet-stream")


@page("GET", "/static/{print}/{name}", None)
async def serve(visit: Visit) -> Answer:
    """One of our own files."""
    return await _file(visit, visit.request.path_params["name"])


@page("GET", "/static/{print}/vendor/{name}", None)
async def serve_vendored(visit: Visit) -> Answer:
    """A file of a library's."""
    return await _file(visit, f"vendor/{visit.request.path_params['name']}")


PAGES: Final[tuple[Page, ...]] = (serve, serve_vendored)
