"""What is done to a ticket from a dialog: how a thing to do is declared, what was said in its form, what came of it."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from app.access import Right
from app.api import ticket_commands
from app.api.calls import Answer, read_id
from app.api.routes import Route
from app.console.asking import ask
from app.console.language import _
from app.console.pages import Visit
from app.db import Db
from app.errors import Problem, problem_of
from identity.errors import Absorbed, AlreadyUndone, Impossible, NotFound
from timeline.errors import AlreadyClaimed, StartOver, TicketStale, TimelineError
from timeline.interactions import InvalidField
from timeline.tickets.reading import TicketView

REFUSED: Final = (Impossible, InvalidField, NotFound, Absorbed, AlreadyUndone, TimelineError, Problem)
"""What a form may be answered with; it is shown again with the reason."""
_VERSION: Final = re.compile(r"\d{1,9}")


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a form, or the query of a page, says."""

    lists: Mapping[str, list[str]]

    def text(self, name: str) -> str:
        """What stands in a field, without white space around it; nothing: an empty text."""
        return self.lists.get(name, [""])[-1].strip()

    def all(self, name: str) -> list[str]:
        return [one for one in self.lists.get(name, []) if one]

    @property
    def version(self) -> str:
        """The version that was seen, as If-Match says it. Raises `InvalidField`."""
        text = self.text("version")
        if not text.isascii() or not _VERSION.fullmatch(text):
            raise InvalidField("version", "expected the version that was seen")
        return f'"{text}"'

    @property
    def once(self) -> str | None:
        return self.text("once") or None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, in words; `back` opens the dialog that takes it back, `goes` is where one looks at it."""

    words: str
    back: str = ""
    goes: str | None = None


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to choose; `note` says more of it."""

    value: str
    words: str
    note: str = ""
    is_now: bool = False


class Looking(msgspec.Struct, frozen=True, kw_only=True):
    """A dialog being opened: who looks at which ticket, and what was said so far."""

    visit: Visit
    ticket: TicketView
    said: Said


Shown = Mapping[str, Any]


class Doing(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is done to a ticket. `show` reads what its dialog needs, `look` asks the API for more after that,
    `act` does it by asking the API; one without a template is a button alone."""

    name: str
    title: Callable[[TicketView], str]
    act: Callable[[Visit, Said], Awaitable[Told]] | None = None
    template: str | None = None
    show: Callable[[Db, Looking], Awaitable[Shown]] | None = None
    look: Callable[[Looking], Awaitable[Shown]] | None = None
    right: Right = "desk"
    size: Literal["small", "wide"] = "small"
    is_one_form: bool = False
    """Whether its dialog is one form with one button, which says what was typed last."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why something was not done; `fields` are words by the field that they are about."""

    status: int
    words: str
    fields: dict[str, str] = {}
    is_stale: bool = False


def refusal_of(error: Exception) -> Refusal:
    """For whoever typed it: nothing that was typed is lost."""
    problem = problem_of(error)
    if isinstance(error, TicketStale):
        words = _("This ticket changed while you were here, and nothing was done yet. What you said is kept.")
    elif isinstance(error, AlreadyClaimed):
        words = _("%(who)s: the ticket stays there, and you see it as it is now.", who=str(error))
    elif isinstance(error, StartOver):
        words = _("This did not go through just now. Send it again.")
    else:
        words = problem.detail
    stale = isinstance(error, TicketStale)
    fields = {} if stale else {one.field: one.words for one in problem.fields}
    return Refusal(status=problem.status, words=words, fields=fields, is_stale=stale)


def name_of(visit: Visit) -> dict[str, str]:
    """The ticket of this page, as a route of the API takes it."""
    return {"ticket": visit.request.path_params["ticket"]}


async def patch(visit: Visit, said: Said, change: Mapping[str, Any]) -> None:
    """Make the ticket of this page something else, as it was seen."""
    await ask(visit, ticket_commands.change, name_of(visit), body=dict(change), version=said.version, once=said.once)


async def post(visit: Visit, said: Said, route: Route, body: Mapping[str, Any], *, seen: bool = False) -> Answer:
    """Ask a route about the ticket of this page; `seen`: at the version that was seen."""
    version = said.version if seen else None
    return await ask(visit, route, name_of(visit), body=dict(body), version=version, once=said.once)


def read_choice(field: str, text: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    """Raises `InvalidField`."""
    if text not in known:
        raise InvalidField(field, f"expected one of {', '.join(known)}")
    return text


def read_agent(visit: Visit, field: str, text: str) -> UUID | None:
    """An agent by id, `me`, or nobody. Raises `InvalidField`."""
    if text == "me":
        return visit.agent
    try:
        return read_id(text) if text else None
    except NotFound:
        raise InvalidField(field, "expected an agent") from None
