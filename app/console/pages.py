"""How a page is declared, and what happens around each: the session, the form's token, the right, errors in words.

A page is a `Call` by somebody who signed in. Whatever a page writes comes as a form of ours: its token is one that no
other site knows, and the browser says where it comes from.
"""

import hmac
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, quote, urlencode, urlsplit
from uuid import UUID

import msgspec
import structlog
from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from app import metrics
from app.access import Caller, Right, may, permit
from app.api.calls import Answer, Call, Edge
from app.api.routes import Parameter, log_request, request_id
from app.console import told_once
from app.console.places import places_for, sheets
from app.console.rendering import HTML, render
from app.console.sending import mask, packed, unmask
from app.db import new_id
from app.errors import Problem, problem_of
from app.limits import BODY_BYTES
from app.signed_in import Who
from app.signing_in import csrf_token

Method = Literal["GET", "POST"]

COOKIE: Final = "tl_session"
THEME: Final = "tl_theme"
THEMES: Final = ("light", "dark")
"""What a browser may be told to show; without a word it goes by its own setting."""
MOST_FIELDS: Final = 200
TYPED: Final = "#typed"
"""Where the browser puts what was typed into the form again."""
_DIALOG: Final = re.compile(r"/tickets/\d+/do/[a-z]+")
"""A form that stands in a dialog, and on a page of its own."""
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_log = structlog.get_logger("throughline.console")


class Visit(Call):
    """A page being asked for. `who` is the agent, where somebody signed in."""

    def __init__(self, edge: Edge, request: Request[Any, Any, Any], caller: Caller | None, who: Who | None) -> None:
        super().__init__(edge, request, caller, frozenset({"after", "customer"}))
        self.who = who
        self._once: str | None = None
        self._told: told_once.Told | None = None

    @property
    def agent(self) -> UUID:
        agent = self.caller.agent
        assert agent is not None, "a session is an agent's"
        return agent

    @property
    def is_fragment(self) -> bool:
        """Whether a part of a page is asked for, to be put into one that is there."""
        return self.request.headers.get("hx-request") == "true"

    @cached_property
    def asked_for(self) -> dict[str, str]:
        """The query; of what is given twice the last. Raises the 400."""
        raw = self.request.scope["query_string"].decode("utf-8", "replace")
        try:
            return dict(parse_qsl(raw, max_num_fields=MOST_FIELDS))
        except ValueError:
            raise Problem(400, "invalid", "This address says more than a page can take.") from None

    def may(self, right: Right) -> bool:
        """Whether whoever looks may do that: what a page offers, and no check."""
        return may(self.caller, right)

    def asking(self, query: Sequence[Parameter], **too: str) -> Call:
        """This visit as a request of the API that takes these parameters, with some more."""
        call = Call(self.edge, self.request, self.caller, frozenset(one.name for one in query))
        call.asked_too = urlencode(too).encode()
        return call

    def new_name(self) -> str:
        """What a form calls itself, so that it is done once however often it is sent."""
        return new_id().hex

    def said_once(self, name: str | None) -> None:
        self._once = name

    def idempotency_key(self) -> str | None:
        """A form's own name takes the header's place."""
        return self._once or super().idempotency_key()

    async def form(self) -> dict[str, str]:
        """What was filled in. Raises the 400, and the 403 for a form that is none of ours."""
        return {name: values[-1] for name, values in (await self.form_lists()).items()}

    async def form_lists(self, most: int = MOST_FIELDS) -> dict[str, list[str]]:
        """What was filled in, with all values of what is there several times. Raises as `form`."""
        fields = read_lists(await self.body(), most)
        self.check_token(fields)
        return fields

    def check_token(self, fields: dict[str, list[str]]) -> None:
        """Take the token out of what was filled in, or out of the header. Raises the 403 where it is none of ours."""
        sent = unmask(self._token(fields)).encode()
        if self.caller.session and not hmac.compare_digest(self._secret.encode(), sent):
            raise Problem(
                403, "stale_form", "This form is of an earlier session. Go back, load the page, send it again."
            )

    @cached_property
    def csrf(self) -> str:
        """What a form of this page carries."""
        return mask(self._secret)

    @property
    def _secret(self) -> str:
        return csrf_token(self.edge.form_key, self.caller.key)

    def _token(self, fields: dict[str, list[str]]) -> str:
        sent = fields.pop("csrf", [""])[-1]
        return self.request.headers.get("x-csrf-token") or sent

    def show(self, template: str, status: int = 200, headers: dict[str, str] | None = None, **values: Any) -> Answer:
        """The page, with what every page shows."""
        csrf = self.csrf if self._caller is not None else ""
        places = places_for(self._caller)
        said = {"who": self.who, "csrf": csrf, "path": self.request.url.path, "theme": theme_of(self.request)}
        body = render(template, visit=self, places=places, sheets=sheets(places), **said, **values)
        headers = dict(headers or {})
        if self._told is not None:
            headers["Set-Cookie"] = told_once.used_up(self.request.url.path)
        return Answer(status=status, body=body, headers=headers, media_type=HTML)

    def told(self) -> told_once.Told | None:
        """A decision that was just made here, for the page to say: it is said once."""
        sent, path = cookie_of(self.request, told_once.COOKIE), self.request.url.path
        self._told = told_once.read(self.edge.form_key, self.caller.key, path, sent)
        return self._told


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page: who may open it, None for everybody."""

    method: Method
    path: str
    handler: Callable[[Visit], Awaitable[Answer]]
    right: Right | None
    media_type: str = HTML
    most_bytes: int = BODY_BYTES


def page(
    method: Method, path: str, right: Right | None, *, media_type: str = HTML, most_bytes: int = BODY_BYTES
) -> Callable[[Callable[[Visit], Awaitable[Answer]]], Page]:
    def declare(handler: Callable[[Visit], Awaitable[Answer]]) -> Page:
        return Page(
            method=method, path=path, handler=handler, right=right, media_type=media_type, most_bytes=most_bytes
        )

    return declare


def page_handlers(pages: Sequence[Page], edge: Edge) -> list[HTTPRouteHandler]:
    return [_handler(one, edge) for one in pages]


def _handler(declared: Page, edge: Edge) -> HTTPRouteHandler:
    async def handle(request: Request[Any, Any, Any]) -> Response[Any]:
        started, name = time.perf_counter(), request_id(request)
        visit = Visit(edge, request, None, None)
        try:
            visit = await _admitted(declared, edge, request)
            done = await declared.handler(visit)
            await _still_here(visit)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is answered
            done = await _refuse(visit, error, name)
        body, headers = (b"", done.headers) if done.stream else packed(request, done.body, done.headers)
        seconds = time.perf_counter() - started
        metrics.count_request(declared.method, declared.path, done.status, seconds)
        log_request(declared.method, declared.path, done.status, seconds, name, visit.somebody)
        headers = {**HEADERS, **headers, "X-Request-ID": name}
        if done.stream is not None:
            return Stream(done.stream, status_code=done.status, headers=headers, media_type=done.media_type)
        return Response(body, status_code=done.status, headers=headers, media_type=done.media_type)

    return HTTPRouteHandler(
        declared.path.replace("}", ":str}"),
        http_method=declared.method,
        status_code=200,
        name=f"page {declared.method} {declared.path}",
        include_in_schema=False,
        request_max_body_size=declared.most_bytes,
        media_type=declared.media_type,
    )(handle)


async def _admitted(declared: Page, edge: Edge, request: Request[Any, Any, Any]) -> Visit:
    if declared.method == "POST" and request.headers.get("sec-fetch-site", "same-origin") not in (
        "same-origin",
        "none",
    ):
        raise Problem(403, "other_site", "This was sent by another site, and nothing was done.")
    if declared.right is None:
        return Visit(edge, request, None, None)
    caller = await edge.doorkeeper.admit_session(cookie_of(request))
    visit = Visit(edge, request, caller, await edge.agents.known(caller))
    permit(caller, declared.right)
    return visit


def lost(request: Request[Any, Any, Any], problem: Problem, name: str) -> Response[bytes] | None:
    """What a browser sees where no page is; None for whoever did not ask for one."""
    if "text/html" not in request.headers.get("accept", "") or request.url.path.startswith("/api/"):
        return None
    body = render("error.html", problem=problem, name=name, theme=theme_of(request))
    headers = {**problem.headers, **HEADERS, "X-Request-ID": name}
    return Response(body, status_code=problem.status, headers=headers, media_type=HTML)


async def _still_here(visit: Visit) -> None:
    """Raises the 401 where the session has ended and nothing on the page had to ask for it."""
    if visit.somebody is not None and not visit.asked:
        async with visit.read():
            pass


async def _refuse(visit: Visit, error: Exception, name: str) -> Answer:
    """The answer to an error. A session that has ended hears that and nothing else."""
    problem = problem_of(error)
    if 400 <= problem.status < 500:
        try:
            await _still_here(visit)
        except Exception as worse:  # noqa: BLE001 - mapped like any other
            error, problem = worse, problem_of(worse)
    if problem.status == 401:
        if visit.somebody is not None:
            visit.edge.doorkeeper.forget(visit.somebody.key)
        return _to_sign_in(visit)
    if problem.status >= 500:
        _log.error("console.failed", error=error)
    headers = {name: value for name, value in problem.headers.items() if name != "WWW-Authenticate"}
    template = "fault.html" if visit.is_fragment else "error.html"
    return visit.show(template, status=problem.status, headers=headers, problem=problem, name=name)


def _to_sign_in(visit: Visit) -> Answer:
    """Signing in, and back to the page that was asked for; of a part or a form, to the page that it stands on."""
    request, is_form = visit.request, visit.request.method == "POST"
    if visit.is_fragment and "x-unasked" in request.headers:  # nobody is taken away from what they type
        return Answer(status=401, media_type=HTML)
    path, query = request.url.path, request.scope["query_string"].decode("ascii", "replace")
    if (visit.is_fragment or is_form) and not (is_form and _DIALOG.fullmatch(path)):
        page = urlsplit(request.headers.get("hx-current-url" if visit.is_fragment else "referer", ""))
        path, query = page.path or "/", page.query
    target = (f"{path}?{query}" if query else path) + (TYPED if is_form else "")
    return (
        Answer(headers={"HX-Redirect": _door(target)}, media_type=HTML) if visit.is_fragment else moved(_door(target))
    )


def _door(target: str) -> str:
    return f"/sign-in?next={quote(target, safe='')}" if target != "/" else "/sign-in"


def moved(path: str, headers: dict[str, str] | None = None) -> Answer:
    """Go on with a GET there."""
    return Answer(status=303, headers={"Location": path, **(headers or {})}, media_type=HTML)


def moved_after(visit: Visit, path: str, told: told_once.Told) -> Answer:
    """Go on there, where the page says what was decided."""
    return moved(path, {"Set-Cookie": told_once.cookie(visit.edge.form_key, visit.caller.key, path, told)})


def cookie_of(request: Request[Any, Any, Any], name: str = COOKIE) -> str | None:
    """The session's text. Other cookies of this host are nobody's business, broken ones included."""
    try:
        cookies = SimpleCookie(request.headers.get("cookie", ""))
    except CookieError:
        return None
    found = cookies.get(name)
    return found.value if found is not None else None


def theme_of(request: Request[Any, Any, Any]) -> str | None:
    """The theme that was chosen in this browser, None for the system's."""
    said = cookie_of(request, THEME)
    return said if said in THEMES else None


def read_form(raw: bytes) -> dict[str, str]:
    """Fields of a form, of what is there several times the last. Raises the 400."""
    return {name: values[-1] for name, values in read_lists(raw).items()}


def read_lists(raw: bytes, most: int = MOST_FIELDS) -> dict[str, list[str]]:
    """Fields of a form with all their values, ends of lines as one character. Raises the 400."""
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=most, strict_parsing=bool(raw))
    except ValueError:
        raise Problem(400, "invalid", "This is not a form of ours.") from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return fields
