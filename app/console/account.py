"""One's own account: where one is signed in, the password, the zone, the theme, and which notices come by mail."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, get_args
from uuid import UUID
from zoneinfo import available_timezones

import msgspec
from markupsafe import Markup

from app import people, sign_in_store, signing_in
from app.api import agents
from app.api.calls import Answer, read_id
from app.console.asking import ask
from app.console.devices import device_words
from app.console.language import _
from app.console.pages import THEME, THEMES, Page, Visit, moved, page, theme_of
from app.console.signing import place_of
from app.db import Db
from app.errors import Problem, problem_of
from app.people import AgentChange, AgentView, Mails, change_agent
from identity.errors import Impossible, NotFound
from timeline.interactions import InvalidField

THEME_LASTS: Final = timedelta(days=365)
MAILS: Final[tuple[Mails, ...]] = get_args(Mails)


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that is signed in."""

    id: UUID
    device: str
    since: datetime
    used_at: datetime
    here: bool


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What could not be taken, and of which part of the page."""

    part: str
    field: str
    words: str


@page("GET", "/account", "read")
async def show_account(visit: Visit) -> Answer:
    """Everything about oneself."""
    return await _shown(visit)


async def _shown(visit: Visit, fault: Fault | None = None, status: int = 200) -> Answer:
    async with visit.read() as db:
        me = await people.read_agent(db, visit.workspace, visit.agent)
        rows = await sign_in_store.sessions(db, visit.workspace, visit.agent)
        has_password = await _hash_of(db, visit, me) is not None
    sessions = [
        Session(
            id=row["id"],
            device=device_words(row["device"] or ""),
            since=row["created_at"],
            used_at=row["used_at"],
            here=row["id"] == visit.caller.key,
        )
        for row in rows
    ]
    return visit.show(
        "account.html",
        status=status,
        me=me,
        sessions=sorted(sessions, key=lambda one: not one.here),
        has_password=has_password,
        shortest=signing_in.SHORTEST,
        zones=_zones(me.zone),
        chosen=theme_of(visit.request),
        fault=fault,
        mails=_mails(),
    )


@lru_cache(maxsize=32)
def _zones(chosen: str | None) -> Markup:
    """The choices of a zone: some hundreds, of which escaping each anew costs milliseconds."""
    one, one_chosen = Markup("<option>{}</option>"), Markup("<option selected>{}</option>")
    zones = sorted(available_timezones())
    return Markup("").join((one_chosen if zone == chosen else one).format(zone) for zone in zones)


def _mails() -> list[tuple[Mails, str]]:
    return [
        ("off", _("None")),
        ("mine", _("What is meant for me: given to me, or I am named in a note")),
        ("all", _("Everything on what I follow")),
    ]


async def _hash_of(db: Db, visit: Visit, me: AgentView) -> str | None:
    row = await sign_in_store.agent_by_email(db, visit.workspace, me.email)
    return row["hash"] if row else None


# -- sessions --------------------------------------------------------------------------------------------------------


@page("POST", "/account/sessions", "read")
async def end_sessions(visit: Visit) -> Answer:
    """End one session, or all others. One that is over already is over."""
    said = await visit.form()
    only = read_id(said["session"]) if said.get("session") else None
    if only is None and said.get("which") != "others":
        raise NotFound
    but = visit.caller.key if only is None else None
    await visit.commit(lambda db: sign_in_store.end_sessions(db, visit.workspace, visit.agent, only, but))
    if only is not None:
        visit.edge.doorkeeper.forget(only)
    return moved("/sign-in" if only == visit.caller.key else "/account?done=sessions")


# -- password --------------------------------------------------------------------------------------------------------


@page("POST", "/account/password", "read")
async def change_password(visit: Visit) -> Answer:
    """Set a new password, for who knows the old one; other sessions end. Tries in vain have to wait, as at the door."""
    said, now = await visit.form(), datetime.now(UTC)
    async with visit.read() as db:
        me = await people.read_agent(db, visit.workspace, visit.agent)
        tries = signing_in.names_of(visit.edge.form_key, f"password {me.email}", place_of(visit))
        wait = await signing_in.seconds_to_wait(db, visit.workspace, tries, now)
        known = None if wait else await _hash_of(db, visit, me)
    if wait:
        return await _refused(
            visit, "old", _("Too many tries in vain: wait %(seconds)d seconds.", seconds=round(wait) + 1), 429
        )
    old = said.get("old", "")[: signing_in.LONGEST + 1]
    if not await visit.edge.hashing.is_right(known, old):
        await visit.commit(lambda db: signing_in.was_in_vain(db, visit.workspace, tries, now))
        return await _refused(visit, "old", _("This is not your password of now."), 422)
    try:
        password = signing_in.check_password(said.get("password", ""), me.email)
    except InvalidField as error:
        return await _refused(visit, "password", error.words, 422)
    if said.get("again") != password:
        return await _refused(visit, "again", _("The two are not the same."), 422)
    hashed = await visit.edge.hashing.hash(password)

    async def work(db: Db) -> None:
        await sign_in_store.set_password(db, visit.workspace, visit.agent, hashed, now)
        await sign_in_store.end_sessions(db, visit.workspace, visit.agent, but=visit.caller.key)
        await sign_in_store.forget_tries(db, visit.workspace, [tries.person], now - 2 * signing_in.WINDOW)

    await visit.commit(work)
    return moved("/account?done=password")


async def _refused(visit: Visit, field: str, words: str, status: int) -> Answer:
    return await _shown(visit, Fault(part="password", field=field, words=words), status)


# -- the rest --------------------------------------------------------------------------------------------------------


@page("POST", "/account/zone", "read")
async def set_zone(visit: Visit) -> Answer:
    """Where times are shown."""
    said = await visit.form()
    change = AgentChange(zone=said.get("zone", "").strip() or None)
    try:
        await visit.commit(lambda db: change_agent(db, visit.workspace, visit.agent, change))
    except (InvalidField, Impossible) as error:
        return await _shown(visit, Fault(part="zone", field="zone", words=problem_of(error).detail), 422)
    visit.edge.agents.forget(visit.caller)
    return moved("/account?done=zone")


@page("POST", "/account/theme", "read")
async def set_theme(visit: Visit) -> Answer:
    """Light, dark, or as the system has it: in this browser, from the first paint on."""
    said = await visit.form()
    theme = said.get("theme", "")
    lasts = THEME_LASTS if theme in THEMES else timedelta(0)
    secure = "; Secure" if visit.edge.settings.public_url.startswith("https://") else ""
    kept = theme if theme in THEMES else ""
    cookie = f"{THEME}={kept}; Path=/; Max-Age={int(lasts.total_seconds())}; HttpOnly; SameSite=Lax{secure}"
    return moved("/account?done=theme", {"Set-Cookie": cookie})


@page("POST", "/account/mails", "desk")
async def set_mails(visit: Visit) -> Answer:
    """Which notices also come by mail."""
    said = await visit.form()
    try:
        await ask(visit, agents.set_mails, {"agent": agents.ME}, body={"mails": said.get("mails", "")})
    except (Problem, InvalidField, Impossible) as error:
        return await _shown(visit, Fault(part="mails", field="mails", words=problem_of(error).detail), 422)
    return moved("/account?done=mails")


PAGES: Final[tuple[Page, ...]] = (
    show_account,
    end_sessions,
    change_password,
    set_zone,
    set_theme,
    set_mails,
)
