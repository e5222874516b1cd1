"""Where one can go in the console, and the keys that every page has: said once, for the rail and the sheet of keys."""

from typing import Any, Final

from app.access import Right

PLACES: Final[tuple[tuple[str, str, str, Right], ...]] = (
    ("/", "Inbox", "g i", "read"),
    ("/customers", "Customers", "g c", "read"),
    ("/suggestions", "Same person?", "g m", "suggestions.read"),
    ("/numbers", "Numbers", "g n", "reports.read"),
    ("/settings", "Settings", "g s", "read"),
)
"""Address, name, keys, and the right that opens it."""

KEYS: Final = (
    (("j", "k"), "next, previous"),
    (("/",), "find; also Ctrl K"),
    (("[", "]"), "the beginning, the end of the thread"),
    ((".",), "what is unanswered longest"),
    ((",",), "filter the thread"),
    (("r",), "reply"),
    (("n",), "note"),
    (("Ctrl", "Enter"), "send"),
    (("a",), "assign the ticket to me"),
    (("o",), "give it to somebody"),
    (("b",), "hand it back"),
    (("s",), "status"),
    (("p",), "priority"),
    (("u",), "queue"),
    (("y",), "type"),
    (("f",), "fields"),
    (("t",), "tags"),
    (("e",), "rename"),
    (("z",), "lay aside, fetch"),
    (("v",), "what the customer says of it"),
    (("c",), "add a task"),
    (("m",), "merge"),
    (("x",), "split"),
    (("l",), "link"),
    (("w",), "follow, unfollow"),
    (("h",), "history of the ticket"),
    (("m", "x", "l"), "on a question of who is one person: yes, no, later"),
    *(((*keys.split(),), f"to {name}") for _, name, keys, _ in PLACES),
    (("?",), "these keys"),
)

FRAME: Final[dict[str, Any]] = {"places": PLACES, "known_keys": KEYS}
