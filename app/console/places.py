"""Where one can go in the console, and the keys that every page has: said once, for the rail and the sheet of keys."""

from typing import Any, Final

from app.access import Right
from app.console.language import noted

PLACES: Final[tuple[tuple[str, str, str, Right], ...]] = (
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

FRAME: Final[dict[str, Any]] = {"places": PLACES, "known_keys": KEYS}
