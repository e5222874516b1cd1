"""Where one can go in the console, and the keys that pages have: said once, for the rail and the sheet of keys."""

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
    (
        "",
        noted("Everywhere"),
        (
            (("j", "k"), noted("next, previous")),
            (("Enter",), noted("open it")),
            (("/",), noted("find; also Ctrl K")),
            (("?",), noted("these keys")),
        ),
    ),
    (
        "#inbox",
        noted("In the inbox"),
        (
            (("x",), noted("pick, or no longer")),
            (("X",), noted("pick all from the last picked to here")),
            (("A",), noted("pick all")),
            (("Esc",), noted("pick none")),
            (
                ("a", "s", "p", "u", "t", "z"),
                noted("with what is picked: assign, status, priority, queue, tags, snooze"),
            ),
            (("c",), noted("claim the next")),
            (("f",), noted("filter the list")),
            (("i",), noted("let in what is new")),
        ),
    ),
    (
        "#thread",
        noted("On a thread"),
        (
            (("[", "]"), noted("the beginning, the end of the thread")),
            ((".",), noted("what is unanswered longest")),
            ((",",), noted("filter the thread")),
            (("r",), noted("reply")),
            (("n",), noted("note")),
            (("R",), noted("new message to the customer")),
            (("N",), noted("note about the customer, in no ticket")),
            (("Ctrl", "Enter"), noted("send")),
        ),
    ),
    (
        "#panel",
        noted("On a ticket"),
        (
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
            (("z",), noted("snooze, fetch")),
            (("v",), noted("what the customer says of it")),
            (("c",), noted("add a task")),
            (("m",), noted("merge")),
            (("x",), noted("split")),
            (("l",), noted("link")),
            (("w",), noted("follow, unfollow")),
            (("h",), noted("history of the ticket")),
        ),
    ),
    (
        "form[action^='/suggestions/']",
        noted("Who is one person"),
        ((("m", "x", "l"), noted("yes, no, later")),),
    ),
)
"""What a page must hold for some keys to do something there, what those are called, and what each does."""


def places_for(caller: Caller | None) -> tuple[Place, ...]:
    return tuple(place for place in PLACES if caller is not None and may(caller, place[3]))


@lru_cache(maxsize=16)
def sheets(places: tuple[Place, ...]) -> Markup:
    """What waits at the end of each page until its key is pressed; the same for all who may go to the same places."""
    return Markup(render("sheets.html", places=places, known_keys=KEYS).decode())  # noqa: S704 - a template's own
