"""Templates to bytes: one environment, everything escaped, and how times, names and states are written."""

import hashlib
import re
from datetime import UTC, datetime
from functools import lru_cache
from importlib import resources
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from app.console.compiling import PageEnvironment
from app.console.dates import ago_words, date_words, day_words
from app.console.due_words import due, script_words, urgency
from app.console.language import _, translations
from app.console.marking import breakable, marked, matching
from app.console.marks import is_unsettled, status_words
from app.console.things import beyond
from app.signed_in import Who

HTML: Final = "text/html"
STATIC: Final = "/static/"
BUNDLES: Final = {"console.css": "styles", "console.js": "scripts"}
"""What is one file for the browser and a folder of components for us."""
_FOR_PEOPLE: Final = re.compile(rb"(?m)^[ ]*//.*\n|^[ ]+|^/\*.*\*/\n")
_SCRIPT: Final = re.compile(
    rb"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|"""
    rb"""[ ]*//[^\n]*|/\*.*?\*/|[ ]*([={}(),;:?<>&|\[\]!]+)[ ]*"""
)
"""Of a script: a text, which stays as it is, a comment, and signs with blanks around them. No text of ours stands in
another one's gap, and no pattern has a blank, a quote or two slashes."""


def local(at: datetime, who: Who | None) -> datetime:
    return at.astimezone(who.clock if who is not None else UTC)


def clock_time(at: datetime, who: Who | None) -> str:
    """Hours and minutes where the agent is."""
    return f"{local(at, who):%H:%M}"


def day(at: datetime, who: Who | None, now: datetime | None = None, *, within: bool = False) -> str:
    """The day where the agent is, as one says it, alone or `within` a sentence: today, yesterday, a weekday, a date."""
    return day_words(local(at, who).date(), local(now or datetime.now(UTC), who).date(), within=within)


def ago(at: datetime, now: datetime | None = None) -> str:
    """How long since, in one unit."""
    return ago_words(int(((now or datetime.now(UTC)) - at).total_seconds()))


def moment(at: datetime, who: Who | None) -> str:
    """A day and a time, whole."""
    here = local(at, who)
    return _("%(date)s, %(time)s", date=date_words(here), time=f"{here:%H:%M}")


def stamp(at: datetime) -> str:
    """An instant as addresses carry it."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def size(count: int) -> str:
    """So many bytes, as one reads it."""
    for unit, length in (("MB", 1_000_000), ("kB", 1_000)):
        if count >= length:
            return f"{count / length:.1f} {unit}"
    return f"{count} B"


def words(name: str) -> str:
    """`on_hold` as one reads it."""
    return name.replace("_", " ")


@lru_cache(maxsize=64)
def static(name: str) -> str:
    """The address of a static file: it changes with its bytes, so that browsers may keep it for ever."""
    return f"{STATIC}{fingerprint(name)}/{name}"


@lru_cache(maxsize=64)
def fingerprint(name: str) -> str:
    return hashlib.sha256(read_static(name)).hexdigest()[:12]


@lru_cache(maxsize=64)
def read_static(name: str) -> bytes:
    """One file, or all of a bundle in the order of their names, without what only people read: indents, comments,
    and blanks of scripts. Raises `FileNotFoundError`."""
    folder = resources.files("app.console").joinpath("static")
    if name not in BUNDLES:
        return folder.joinpath(*name.split("/")).read_bytes()
    parts = sorted(folder.joinpath(BUNDLES[name]).iterdir(), key=lambda one: one.name)
    whole = _FOR_PEOPLE.sub(b"", b"\n".join(one.read_bytes() for one in parts))
    return _SCRIPT.sub(rb"\1\2", whole) if name.endswith(".js") else whole


def render(template: str, **values: Any) -> bytes:
    return _environment().get_template(template).render(values).encode()


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = PageEnvironment(
        loader=PackageLoader("app.console"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    known_sentences = translations()
    install: Any = environment.install_gettext_callables  # pyright: ignore[reportAttributeAccessIssue] - the extension's
    install(known_sentences.gettext, known_sentences.ngettext, newstyle=True)
    known: dict[str, Any] = {"static": static, "clock_words": script_words}
    environment.globals.update(known)
    filters: dict[str, Any] = {
        "time": clock_time,
        "day": day,
        "ago": ago,
        "words": words,
        "marking": marked,
        "breakable": breakable,
        "matching": matching,
        "beyond": beyond,
    }
    filters |= {"due": due, "urgency": urgency, "moment": moment, "stamp": stamp, "size": size}
    filters |= {"unsettled": is_unsettled, "fate": status_words}
    environment.filters.update(filters)
    return environment
