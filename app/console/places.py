"""Where one can go in the console, and the keys that every page has: said once, for the rail and the sheet of keys."""

from functools import lru_cache
from typing import Final

from markupsafe import Markup

from app.access import Caller, Right, may
from app.console.language import noted
from app.console.rendering import render

Place = tuple[str, str, str, Right]

PLACES: Final[tuple[Place, ...]] = (
    ("/", noted("Inbox"), "g i", "read"),
    ("/customers", noted("Customers"), "g c", "read"),
    ("/suggestions", noted("Same person?"), "g m", "suggestions.read"),
    ("/numbers", noted("Numbers"), "g n", "reports.read"),
    ("/settings", noted("Settings"), "g s", "read"),
)
"""Address, name, keys, and the right that opens it."""

KEYS: Final = (
    (("j", "k"), noted("next, previous")),
    (("/",), noted("find; also Ctrl K")),
    (("[", "]"), noted("the beginning, the end of the thread")),
    ((".",), noted("what is unanswered longest")),
    ((",",), noted("filter the thread")),
    (("r",), noted("reply")),
    (("n",), noted("note")),
    (("R",), noted("new message to the customer")),
    (("N",), noted("note about the customer, in no ticket")),
    (("Ctrl", "Enter"), noted("send")),
    (("a",), noted("assign the ticket to me")),
    (("o",), noted("give it to somebody")),
    (("b",), noted("hand it back")),
    (("s",), noted("status")),
    (("p",), noted("priority")),
    (("u",), noted("queue")),
    (("y",), noted("type")),
    (("f",), noted("fields")),
    (("t",), noted("tags")),
    (("e",), noted("rename")),
    (("z",), noted("lay aside, fetch")),
    (("v",), noted("what the customer says of it")),
    (("c",), noted("add a task")),
    (("m",), noted("merge")),
    (("x",), noted("split")),
    (("l",), noted("link")),
    (("w",), noted("follow, unfollow")),
    (("h",), noted("history of the ticket")),
    (("m", "x", "l"), noted("on a question of who is one person: yes, no, later")),
    (("?",), noted("these keys")),
)


def places_for(caller: Caller | None) -> tuple[Place, ...]:
    return tuple(place for place in PLACES if caller is not None and may(caller, place[3]))


@lru_cache(maxsize=16)
def sheets(places: tuple[Place, ...]) -> Markup:
    """What waits at the end of each page until its key is pressed; the same for all who may go to the same places."""
    return Markup(render("sheets.html", places=places, known_keys=KEYS).decode())  # noqa: S704 - a template's own
