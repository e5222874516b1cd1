"""Pages before somebody is known: signing in and out, a forgotten password, the link that sets one.

An address that nobody has is answered as one whose password was wrong, in the same words, as slowly and as often; so
is a workspace that is not there.
"""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from app import sign_in_store, signing_in, store
from app.api.calls import Answer
from app.console.language import _, noted
from app.console.pages import COOKIE, Page, Visit, moved, page, read_form
from app.db import Db, new_id
from app.demo.lists import ADMIN
from app.demo.lists import SLUG as DEMO
from app.errors import too_many
from app.inviting import reset
from identity.customers import WorkspaceId
from identity.errors import NotFound
from identity.identifiers import normalise
from timeline.interactions import InvalidField

WRONG: Final = noted("Address and password do not belong together.")
ASKED: Final = noted("If somebody works here under this address, a mail with a link is on its way.")
_NOWHERE: Final = UUID(int=0)


@page("GET", "/sign-in", None)
async def ask(visit: Visit) -> Answer:
    """The form."""
    return await _form(visit, visit.asked_for.get("workspace", ""), visit.asked_for.get("next", ""))


async def _form(visit: Visit, slug: str, target: str, *, email: str = "", fault: str = "", status: int = 200) -> Answer:
    async with visit.edge.database.read(_NOWHERE) as db:
        known = [row["slug"] for row in await store.workspaces(db)]
    return visit.show(
        "sign_in.html",
        status=status,
        asks_workspace=len(known) != 1,
        slug=slug,
        target=_inside(target),
        email=email,
        fault=fault,
        demo=DEMO in known and _is_here(visit),
    )


@page("POST", "/sign-in", None)
async def sign_in(visit: Visit) -> Answer:
    """Look at address and password; the session's cookie, or the form again."""
    said = read_form(await visit.body())
    email, target, slug = said.get("email", ""), said.get("next", ""), said.get("workspace", "")
    now, meant = datetime.now(UTC), await _meant(visit, slug)
    workspace = meant.workspace
    address = normalise("email", email, None, None).value or email.strip().lower()
    who = meant.names(visit, address)
    async with visit.edge.database.read(meant.counted) as db:
        wait = await signing_in.seconds_to_wait(db, meant.counted, who, now)
        found = None if wait else await sign_in_store.agent_by_email(db, workspace, address)
    if wait:
        words = _("Too many tries in vain: wait %(seconds)d seconds.", seconds=round(wait) + 1)
        return await _form(visit, slug, target, email=email, fault=words, status=429)
    password = said.get("password", "")[: signing_in.LONGEST + 1]
    if not await visit.edge.hashing.is_right(found["hash"] if found else None, password) or found is None:
        if meant.counted != _NOWHERE:
            await visit.edge.database.write(
                meant.counted, lambda db: signing_in.was_in_vain(db, meant.counted, who, now)
            )
        return await _form(visit, slug, target, email=email, fault=_(WRONG), status=422)
    agent = UUID(bytes=found["id"].bytes)
    better = await visit.edge.hashing.hash(password) if visit.edge.hashing.is_outdated(found["hash"]) else None

    async def work(db: Db) -> str | None:
        if better is not None:
            await sign_in_store.better_hash(db, workspace, agent, found["hash"], better)
        return await _open(visit, db, workspace, agent, who, now)

    text = await visit.edge.database.write(workspace, work)
    if text is None:
        return await _form(visit, slug, target, email=email, fault=_(WRONG), status=422)
    return _signed_in(visit, text, target)


@page("POST", "/sign-in/demo", None)
async def sign_in_to_demo(visit: Visit) -> Answer:
    """The demo's admin, without a password, for whoever sits at this machine."""
    workspace = (await _meant(visit, DEMO)).workspace
    if workspace == _NOWHERE or not _is_here(visit):
        raise NotFound

    async def work(db: Db) -> str | None:
        found = await sign_in_store.agent_by_email(db, workspace, ADMIN)
        if found is None:
            raise NotFound
        return await _open(visit, db, workspace, UUID(bytes=found["id"].bytes), None, datetime.now(UTC))

    text = await visit.edge.database.write(workspace, work)
    if text is None:
        raise NotFound
    return _signed_in(visit, text, "")


@page("POST", "/sign-out", "read")
async def sign_out(visit: Visit) -> Answer:
    """End this session."""
    await visit.form()
    await visit.commit(lambda db: sign_in_store.end_sessions(db, visit.workspace, visit.agent, visit.caller.key))
    visit.edge.doorkeeper.forget(visit.caller.key)
    return moved("/sign-in", {"Set-Cookie": _cookie(visit, "", timedelta(0))})


@page("GET", "/forgotten", None)
async def ask_forgotten(visit: Visit) -> Answer:
    """The form for a link."""
    async with visit.edge.database.read(_NOWHERE) as db:
        known = await store.workspaces(db)
    return visit.show("forgotten.html", asks_workspace=len(known) != 1, said="")


@page("POST", "/forgotten", None)
async def forgotten(visit: Visit) -> Answer:
    """Send a link to whoever works here under this address; the answer is the same for nobody."""
    said = read_form(await visit.body())
    now, meant = datetime.now(UTC), await _meant(visit, said.get("workspace", ""))
    workspace = meant.workspace
    address = normalise("email", said.get("email", ""), None, None).value
    who = meant.names(visit, f"forgotten {address}")

    async def work(db: Db) -> float:
        wait = await signing_in.seconds_to_wait(db, meant.counted, who, now)
        if wait:
            return wait
        await signing_in.was_in_vain(db, meant.counted, who, now)
        found = await sign_in_store.agent_by_email(db, workspace, address)
        if found is not None:
            agent = UUID(bytes=found["id"].bytes)
            await reset(db, WorkspaceId(workspace), agent, found["email"], visit.edge.settings)
        return 0.0

    wait = 0.0 if meant.counted == _NOWHERE else await visit.edge.database.write(meant.counted, work)
    if wait:
        raise too_many(round(wait) + 1)
    return visit.show("forgotten.html", asks_workspace=False, said=_(ASKED))


@page("GET", "/welcome/{link}", None)
async def welcome(visit: Visit) -> Answer:
    """The form behind an invitation or a reset: looking at it uses nothing up."""
    workspace, digest = signing_in.read_link(visit.request.path_params["link"])
    async with visit.edge.database.read(workspace) as db:
        whose = await signing_in.whose_link(db, workspace, digest, datetime.now(UTC))
    return visit.show("welcome.html", whose=whose, fault="", shortest=signing_in.SHORTEST)


@page("POST", "/welcome/{link}", None)
async def set_password(visit: Visit) -> Answer:
    """Set the password, use the link up, and be signed in."""
    workspace, digest = signing_in.read_link(visit.request.path_params["link"])
    said, now = read_form(await visit.body()), datetime.now(UTC)
    async with visit.edge.database.read(workspace) as db:
        whose = await signing_in.whose_link(db, workspace, digest, now)
    try:
        password = signing_in.check_password(said.get("password", ""), whose.email)
        if said.get("again") != password:
            raise InvalidField("again", "the two are not the same")
    except InvalidField as error:
        field = _("Password") if error.field == "password" else _("Once more")
        fault = f"{field}: {error.words}."
        return visit.show("welcome.html", status=422, whose=whose, fault=fault, shortest=signing_in.SHORTEST)
    hashed = await visit.edge.hashing.hash(password)

    async def work(db: Db) -> str | None:
        taken = await signing_in.whose_link(db, workspace, digest, now, take=True)
        await signing_in.set_password(db, workspace, taken.agent_id, hashed, now)
        return await _open(visit, db, workspace, taken.agent_id, None, now)

    text = await visit.edge.database.write(workspace, work)
    if text is None:
        raise NotFound
    return _signed_in(visit, text, "")


async def _open(
    visit: Visit, db: Db, workspace: UUID, agent: UUID, who: signing_in.Tries | None, now: datetime
) -> str | None:
    device = visit.request.headers.get("user-agent", "")
    return await signing_in.open_session(db, workspace, agent, device, session=new_id(), who=who, now=now)


class _Meant(msgspec.Struct, frozen=True, kw_only=True):
    """The workspace that somebody names: nowhere for one that is not there. Tries at that one are `counted` in another,
    under its `slug`, so that it answers as those that are there."""

    workspace: UUID
    counted: UUID
    slug: str

    def names(self, visit: Visit, address: str) -> signing_in.Tries:
        place = place_of(visit)
        if self.workspace == _NOWHERE:
            address, place = f"{address}\n{self.slug}", f"{place}\n{self.slug}"
        return signing_in.names_of(visit.edge.form_key, address, place)


async def _meant(visit: Visit, slug: str) -> _Meant:
    """The workspace of that name, or the only one."""
    slug = slug.strip().lower()
    async with visit.edge.database.read(_NOWHERE) as db:
        known = {row["slug"]: UUID(bytes=row["id"].bytes) for row in await store.workspaces(db)}
    first = next(iter(known.values()), _NOWHERE)
    found = known.get(slug, first if len(known) == 1 else _NOWHERE)
    return _Meant(workspace=found, counted=first if found == _NOWHERE else found, slug=slug)


def _signed_in(visit: Visit, text: str, target: str) -> Answer:
    return moved(_inside(target) or "/", {"Set-Cookie": _cookie(visit, text, signing_in.SESSION_DAYS)})


def _cookie(visit: Visit, text: str, lasts: timedelta) -> str:
    secure = "; Secure" if visit.edge.settings.public_url.startswith("https://") else ""
    return f"{COOKIE}={text}; Path=/; Max-Age={int(lasts.total_seconds())}; HttpOnly; SameSite=Lax{secure}"


def _inside(target: str) -> str:
    """Where to go on: a path of ours, or nothing."""
    parts = urlsplit(target)
    local = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return target if local and target.isprintable() and target.isascii() else ""


def place_of(visit: Visit) -> str:
    """Where somebody tries from: an address, or the network of one of the new kind."""
    client = visit.request.client
    try:
        address = ip_address(client.host if client is not None else "")
    except ValueError:
        return "unknown"
    return str(address) if address.version == 4 else address.exploded[:19]


def _is_here(visit: Visit) -> bool:
    """Whether a browser on this machine asks a server that others cannot reach: by its address, and by the name that it
    asked for, which a page of another site that resolves to us does not know how to fake."""
    client, host = visit.request.client, urlsplit(f"//{visit.request.headers.get('host', '')}").hostname
    try:
        near = client is not None and ip_address(client.host).is_loopback
    except ValueError:
        near = False
    forwarded = any(name in visit.request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip"))
    return near and not forwarded and not visit.edge.settings.is_public and host in ("localhost", "127.0.0.1", "::1")


PAGES: Final[tuple[Page, ...]] = (
    ask,
    sign_in,
    sign_in_to_demo,
    sign_out,
    ask_forgotten,
    forgotten,
    welcome,
    set_password,
)
