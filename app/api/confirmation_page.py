"""The page behind a customer's link: two buttons and a line of text, no script, nothing loaded from anywhere."""

from datetime import datetime
from html import escape
from typing import Final
from urllib.parse import parse_qs

import msgspec

from app.api.calls import Answer, Call
from app.api.ticket_life import ConfirmTicket
from timeline.commands import MOST_COMMENT
from timeline.events import Status
from timeline.interactions import InvalidField

HTML: Final = "text/html"
FORM: Final = "application/x-www-form-urlencoded"
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # the address is the right
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_STYLE: Final = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto;"
    "padding:0 1rem}button{font:inherit;padding:.5rem 1rem;margin:1rem .5rem 0 0}textarea{font:inherit;width:100%;"
    "box-sizing:border-box}label{display:block;margin-top:1rem}"
)


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """What the holder of a link is asked about, and after an answer what became of it."""

    number: int
    subject: str | None
    status: Status
    resolved_at: datetime | None


def is_wanted(call: Call) -> bool:
    """Whether a browser asks: it names HTML, and programs do not."""
    return "text/html" in call.request.headers.get("accept", "")


def is_form(call: Call) -> bool:
    return call.request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM


def read_form(raw: bytes) -> ConfirmTicket:
    """Raises `InvalidField`."""
    try:
        said = parse_qs(raw.decode(), strict_parsing=True, max_num_fields=10)
    except ValueError:
        raise InvalidField("", "expected the fields of a form") from None
    answers = {"yes": True, "no": False}
    confirmed = said.get("confirmed", [])
    if len(confirmed) != 1 or confirmed[0] not in answers:
        raise InvalidField("confirmed", "expected yes or no")
    comment = "\n".join(said.get("comment", [])).replace("\r\n", "\n").strip()
    return ConfirmTicket(confirmed=answers[confirmed[0]], comment=comment or None)


def asking(shown: Resolution) -> Answer:
    return _page(
        "Is this solved?",
        f"<p>We think that your request {_named(shown)} is solved. Is it?</p>"
        f'<form method="post"><label>Anything to add? <textarea name="comment" rows="4" maxlength="{MOST_COMMENT}">'
        '</textarea></label><button name="confirmed" value="yes">Yes, it is solved</button>'
        '<button name="confirmed" value="no">No, I still need help</button></form>',
    )


def thanks(shown: Resolution, confirmed: bool) -> Answer:
    said = "is closed now." if confirmed else "is open again, and we will get back to you."
    return _page("Thank you", f"<p>Thank you. Your request {_named(shown)} {said}</p>")


def gone() -> Answer:
    words = "<p>This link was used already, or it is too old. To say more, answer the last message that you had.</p>"
    return _page("Nothing to answer here", words, 404)


def _named(shown: Resolution) -> str:
    return f"#{shown.number}" + (f" (“{escape(shown.subject)}”)" if shown.subject else "")


def _page(title: str, body: str, status: int = 200) -> Answer:
    html = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<meta name="robots" content="noindex"><title>{title}</title><style>{_STYLE}</style><h1>{title}</h1>{body}'
    )
    return Answer(status=status, body=html.encode(), headers=HEADERS, media_type=HTML)
