"""What an HTML mail is made of: its words and its tags in their order, without what is not meant to be read.

What hides the rest of a mail by a mistake hides nothing: an element that is not shown, a comment or a style sheet that
nobody closes would take all that follows with it.
"""

import html
import re
from collections.abc import Iterator
from typing import Final, Literal

from channels.email.charsets import tidy

MOST_TOKENS: Final = 100_000
MOST_HTML: Final = 500_000
MOST_ATTRIBUTES: Final = 8_000

Token = tuple[str, str, str]
"""(text, "", what it says), (open, name, attributes), (close, name, "")."""

VOID: Final = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"})
_SILENT: Final = frozenset({"iframe", "math", "noembed", "noframes", "object", "script", "select", "style", "svg"}
                           | {"template", "textarea", "title", "xml", "xmp"})  # fmt: skip
_ALWAYS_SHOWN: Final = VOID | {"body", "html"}
_CELLS: Final = frozenset({"td", "th", "tr", "tbody", "tfoot"})
_ENDED_BY: Final = {
    "p": frozenset(
        {"p", "div", "table", "ul", "ol", "dl", "blockquote", "pre", "hr", "h1", "h2", "h3", "h4", "center"}
    ),
    "li": frozenset({"li"}),
    "dt": frozenset({"dt", "dd"}),
    "dd": frozenset({"dt", "dd"}),
    "td": _CELLS,
    "th": _CELLS,
    "tr": frozenset({"tr", "tbody", "tfoot"}),
}
_HOLDS: Final = frozenset({"table", "ul", "ol", "dl"})

_NAME: Final = re.compile(r"(/?)([a-zA-Z][a-zA-Z0-9]{0,20})(?![\w-])")
_STOP: Final = re.compile(r"[>\"']")
_HIDDEN: Final = re.compile(r"(?<![\w-])display\s*:\s*none", re.IGNORECASE)
_ANY_TAG: Final = re.compile(r"<[^<>]*>?")
_COMMENT: Final = "!--"


def tokens(source: str) -> Iterator[Token]:
    hidden: _Hidden | None = None
    endless: set[str] = set()
    at, made, hides = 0, 0, True
    while at < len(source) or hidden is not None:
        if at >= len(source) and hidden is not None:
            at, hidden, hides = hidden.begins, None, False
            continue
        made += 1
        if made > MOST_TOKENS:
            yield "text", "", tidy(html.unescape(_ANY_TAG.sub(" ", source[at:])))
            return
        start = source.find("<", at)
        start = len(source) if start < 0 else start
        if start > at and hidden is None:
            yield "text", "", tidy(html.unescape(source[at:start]))
        if start == len(source):
            at = start
            continue
        at, kind, name, attributes = _tag(source, start, endless)
        if kind == "open" and name in _SILENT:
            at = _after(source, at, name, endless)
            continue
        if hidden is not None:
            place = hidden.place(kind, name)
            hidden = hidden if place == "within" else None
            if place != "behind":
                continue
        if kind == "open" and name not in _ALWAYS_SHOWN and hides and _HIDDEN.search(attributes):
            hidden = _Hidden(name, at)
        elif kind == "text" or name:
            yield kind, name, attributes


class _Hidden:
    """An element that is not shown, and how many of its name are open in it. `begins` is where what it holds does."""

    def __init__(self, name: str, begins: int) -> None:
        self.begins = begins
        self._name = name
        self._open = 1
        self._held = 0

    def place(self, kind: str, name: str) -> Literal["within", "last", "behind"]:
        """Where a tag stands: HTML ends some elements where another begins, or where what holds them ends."""
        step = {"open": 1, "close": -1}.get(kind, 0)
        if step == 1 and not self._held and name in _ENDED_BY.get(self._name, ()):
            return "behind"
        if name == self._name:
            self._open += 0 if self._held else step
        elif name in _HOLDS:
            self._held += step
        if self._held < 0:
            return "behind"
        return "within" if self._open else "last"


def _tag(source: str, start: int, endless: set[str]) -> tuple[int, str, str, str]:
    """Where the tag ends, whether it opens or closes, its name, its attributes."""
    if source.startswith(_COMMENT, start + 1):
        end = -1 if _COMMENT in endless else source.find("-->", start + 2)
        if end < 0:
            endless.add(_COMMENT)
            return start + 4, "", "", ""
        return end + 3, "", "", ""
    found = _NAME.match(source, start + 1)
    if found is None:
        if source[start + 1 : start + 2] in {"/", "!", "?"} or source[start + 1 : start + 2].isalpha():
            end = source.find(">", start)
            return (len(source) if end < 0 else end + 1), "", "", ""
        return start + 1, "text", "", "<"
    end = _tag_end(source, found.end())
    return end, "close" if found[1] else "open", found[2].lower(), source[found.end() : end - 1][:MOST_ATTRIBUTES]


def _tag_end(source: str, at: int) -> int:
    """Behind the > that is in no quotes. What is quoted and has no end is not quoted."""
    start = at
    while found := _STOP.search(source, at):
        if found[0] == ">":
            return found.end()
        end = source.find(found[0], found.end())
        if end < 0 or end - start > MOST_HTML:
            end = source.find(">", found.end())
            return len(source) if end < 0 else end + 1
        at = end + 1
    return len(source)


def _after(source: str, at: int, name: str, endless: set[str]) -> int:
    """Behind the element that has just begun; where it has no end, behind its tag alone."""
    found = None if name in endless else re.compile(rf"</{name}[^>]*>?", re.IGNORECASE).search(source, at)
    if found is None:
        endless.add(name)
        return at
    return found.end()
