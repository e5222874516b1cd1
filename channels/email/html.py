"""What an HTML mail says as text, and the HTML of it that is safe to show: both from one pass in linear time.

nh3 decides what is safe. It gets plain, balanced HTML of bounded depth only: on nested or unclosed tags its parser
takes a time that grows with their square.
"""

import html
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

import msgspec
import nh3

from channels.email.charsets import tidy

MOST_HTML: Final = 500_000
MOST_TEXT: Final = 1_000_000
MOST_TAGS: Final = 30_000
MOST_TOKENS: Final = 100_000
MOST_ENTITIES: Final = 50_000
MOST_DEPTH: Final = 60
MOST_QUOTES: Final = 8
MOST_ATTRIBUTES: Final = 8_000

QUOTE: Final = "\ufdd0"  # no text has them: `tidy` takes them out before
SIGNATURE: Final = "\ufdd1"

_BLOCKS: Final = frozenset({"address", "article", "aside", "center", "dd", "div", "dl", "dt", "fieldset", "figure"}
                           | {"footer", "form", "header", "li", "main", "nav", "section", "tr"})  # fmt: skip
_APART: Final = frozenset({"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"})
_INLINE: Final = frozenset({"a", "abbr", "b", "big", "code", "del", "em", "font", "i", "ins", "kbd", "q", "s", "small"}
                           | {"span", "strike", "strong", "sub", "sup", "tt", "u"})  # fmt: skip
_SHOWN: Final = (_APART | _INLINE | frozenset({"br", "dd", "div", "dl", "dt", "hr", "img", "li"})
                 | frozenset({"tbody", "td", "tfoot", "th", "thead", "tr", "caption"}))  # fmt: skip
_VOID: Final = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"})
_SILENT: Final = frozenset({"iframe", "math", "noembed", "noframes", "object", "script", "select", "style", "svg"}
                           | {"template", "textarea", "title", "xml", "xmp"})  # fmt: skip
_ENDS: Final = {
    "li": frozenset({"p", "li"}),
    "td": frozenset({"p", "td", "th"}),
    "th": frozenset({"p", "td", "th"}),
    "tr": frozenset({"p", "td", "th", "tr"}),
    "dd": frozenset({"p", "dd", "dt"}),
    "dt": frozenset({"p", "dd", "dt"}),
    "a": frozenset({"a"}),
}
_P: Final = frozenset({"p"})
_ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "img": {"src", "data-src", "alt", "title", "width", "height"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align"},
    "ol": {"start"},
    "*": {"dir", "lang"},
}
_SCHEMES: Final = {"http", "https", "mailto", "tel", "cid"}
_LINK: Final = re.compile(r"(?:https?|mailto|tel):", re.IGNORECASE)

_NAME: Final = re.compile(r"(/?)([a-zA-Z][a-zA-Z0-9]{0,20})(?![\w-])")
_STOP: Final = re.compile(r"[>\"']")
_ATTRIBUTE: Final = re.compile(r"([^\s=/>\"']+)\s*(?:=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+)))?")
_HIDDEN: Final = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
_QUOTES: Final = re.compile(
    r"gmail_quote|yahoo_quoted|yahoo-quoted|protonmail_quote|moz-cite-prefix|divRplyFwdMsg|appendonsend|OutlookMessageHeader"
    r"|mail-editor-reference-message|gmx_quote|zmail_extra|tutanota_quote|k9mail-quote|reply-intro",
)
_SIGNATURES: Final = re.compile(
    r"gmail_signature|moz-signature|protonmail_signature|ms-outlook-mobile-signature|\bSignature\b|tutanota_signature"
)
_ANY_TAG: Final = re.compile(r"<[^<>]*>?")
_BLANKS: Final = re.compile(r"[ \t\r\n\f]+")


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """`quoted_at` and `signed_at` are where the program that wrote it marked what it quoted and its signature, in
    `text`. Without `html` there was too much of it to show safely."""

    text: str
    html: str | None
    quoted_at: int | None = None
    signed_at: int | None = None


def read_html(source: str, *, wants_text: bool = True) -> Shown:
    """`wants_text`: whether the text is not there in another form."""
    source = tidy(source[:MOST_TEXT])
    text, tame = _Text(), _Tame()
    for kind, name, value in _tokens(source):
        if kind == "text":
            if wants_text:
                text.say(value)
            tame.say(value)
        else:
            attributes = _attributes(value) if value and kind == "open" else {}
            if wants_text:
                text.tag(kind, name, attributes)
            tame.tag(kind, name, attributes)
    said, marks = text.finish()
    shown = None
    if tame.tags <= MOST_TAGS and len(source) <= MOST_HTML:
        tamed = tame.finish()
        shown = _clean(tamed) if tamed.count("&") <= MOST_ENTITIES else None
    return Shown(text=said[:MOST_TEXT], html=shown, quoted_at=marks.get(QUOTE), signed_at=marks.get(SIGNATURE))


def as_html(text: str) -> str:
    """Plain text to show between HTML."""
    return html.escape(text, quote=False).replace("\n", "<br>\n")


def _clean(tame: str) -> str:
    return nh3.clean(
        tame,
        tags=set(_SHOWN),
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def _tokens(source: str) -> Iterator[tuple[str, str, str]]:
    """(text, "", what it says), (open, name, attributes), (close, name, ""): without what is not meant to be read."""
    at, hidden, made = 0, ("", 0), 0
    while at < len(source):
        made += 1
        if made > MOST_TOKENS:
            yield "text", "", tidy(html.unescape(_ANY_TAG.sub(" ", source[at:])))
            return
        start = source.find("<", at)
        start = len(source) if start < 0 else start
        if start > at and not hidden[1]:
            yield "text", "", tidy(html.unescape(source[at:start]))
        if start == len(source):
            return
        at, kind, name, attributes = _tag(source, start)
        if kind == "open" and name in _SILENT:
            at = _after(source, at, name)
        elif hidden[1]:
            hidden = (hidden[0], hidden[1] + (name == hidden[0]) * {"open": 1, "close": -1}.get(kind, 0))
        elif kind == "open" and name not in _VOID and _HIDDEN.search(attributes):
            hidden = (name, 1)
        elif kind == "text" or name:
            yield kind, name, attributes


def _tag(source: str, start: int) -> tuple[int, str, str, str]:
    """Where the tag ends, whether it opens or closes, its name, its attributes."""
    if source.startswith("<!--", start):
        end = source.find("-->", start + 4)
        return (len(source) if end < 0 else end + 3), "", "", ""
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


def _after(source: str, at: int, name: str) -> int:
    found = re.compile(rf"</{name}[^>]*>?", re.IGNORECASE).search(source, at)
    return found.end() if found else len(source)


def _attributes(said: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, one, two, three in _ATTRIBUTE.findall(said):
        found.setdefault(name.lower(), tidy(html.unescape(one or two or three)))
    return found


class _Tame:
    """Writes HTML again so that every tag is closed in its order, at most 60 deep."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.open: list[str] = []
        self.count: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self.tags = 0

    def say(self, text: str) -> None:
        if self.tags <= MOST_TAGS:
            self.said.append(html.escape(text, quote=False))

    def tag(self, kind: str, name: str, attributes: dict[str, str]) -> None:
        self.tags += 1
        if name not in _SHOWN or self.tags > MOST_TAGS:
            return
        if kind == "close":
            self._close(name)
            return
        if name in _VOID:
            self.said.append(f"<{name}{_kept(name, attributes)}>")
            return
        ends = _ENDS.get(name, _P if name in _APART or name == "div" else frozenset())
        while self.open and self.open[-1] in ends:
            self._pop()
        if len(self.open) >= MOST_DEPTH:
            self.left_out[name] += 1
            return
        self.open.append(name)
        self.count[name] += 1
        self.said.append(f"<{name}{_kept(name, attributes)}>")

    def _close(self, name: str) -> None:
        if self.left_out[name]:
            self.left_out[name] -= 1
            return
        if not self.count[name]:
            return
        while self._pop() != name:
            pass

    def _pop(self) -> str:
        name = self.open.pop()
        self.count[name] -= 1
        self.said.append(f"</{name}>")
        return name

    def finish(self) -> str:
        while self.open:
            self._pop()
        return "".join(self.said)


def _kept(name: str, attributes: dict[str, str]) -> str:
    """An image that is in the mail keeps its source; of any other only its address is noted, and nothing fetches it."""
    wanted: dict[str, str] = {}
    for one, value in attributes.items():
        if one == "src" and name == "img":
            wanted["src" if value[:4].lower() == "cid:" else "data-src"] = value[:2_000]
        elif one == "href" and name == "a":
            if _LINK.match(value.strip()):
                wanted["href"] = value.strip()[:4_000]
        elif one in _ATTRIBUTES.get(name, ()) or one in _ATTRIBUTES["*"]:
            wanted[one] = value[:500]
    return "".join(f' {one}="{html.escape(value)}"' for one, value in wanted.items() if not value.startswith("data:"))


class _Text:
    """Writes what is read on a screen of letters: a line a block, a blank line around paragraphs, > before quotes."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.breaks = 0
        self.is_spaced = False
        self.is_begun = False
        self.quotes = 0
        self.quoted = 0
        self.pre = 0
        self.lists: list[int] = []

    def say(self, text: str) -> None:
        if self.pre:
            for number, line in enumerate(text.split("\n")):
                if number:
                    self._break(self.breaks + 1, most=3)
                if line:
                    self._write(line)
            return
        words = _BLANKS.sub(" ", text)
        if words[:1] == " ":
            self.is_spaced = True
        if core := words.strip(" "):
            self._write(core)
            self.is_spaced = words[-1] == " "

    def _write(self, words: str) -> None:
        if self.breaks and self.is_begun:
            between = ("> " * min(self.quotes, self.quoted)).rstrip()
            self.said.append("\n" + (between + "\n") * (self.breaks - 1) + "> " * self.quotes)
        elif not self.is_begun:
            self.said.append("> " * self.quotes)
        elif self.is_spaced:
            self.said.append(" ")
        self.said.append(words)
        self.breaks, self.is_spaced, self.is_begun, self.quoted = 0, False, True, self.quotes

    def _break(self, wanted: int, most: int = 2) -> None:
        self.breaks = min(max(self.breaks, wanted), most)

    def _mark(self, attributes: dict[str, str]) -> None:
        named = f"{attributes.get('class', '')} {attributes.get('id', '')}"
        if len(named) > 1:
            if _QUOTES.search(named):
                self.said.append(QUOTE)
            elif _SIGNATURES.search(named):
                self.said.append(SIGNATURE)

    def tag(self, kind: str, name: str, attributes: dict[str, str]) -> None:
        is_open = kind == "open"
        if attributes:
            self._mark(attributes)
        if name == "br":
            self._break(self.breaks + 1, most=3)
        elif name in _APART:
            self._break(2)
            self._nest(name, is_open)
        elif name in _BLOCKS:
            self._break(1)
            if name == "li" and is_open:
                self._item()
        elif name in {"td", "th"} and is_open:
            self.is_spaced = True
        elif name == "hr":
            self._break(1)
            self._write("----------")
            self._break(1)
        elif name == "img" and is_open and (alt := attributes.get("alt", "").strip()):
            self.say(f"[{alt[:200]}]")

    def _nest(self, name: str, is_open: bool) -> None:
        step = 1 if is_open else -1
        if name == "blockquote":
            self.quotes = min(MOST_QUOTES, max(0, self.quotes + step))
        elif name == "pre":
            self.pre = max(0, self.pre + step)
        elif name in {"ol", "ul"} and is_open and len(self.lists) < MOST_DEPTH:
            self.lists.append(1 if name == "ol" else 0)
        elif name in {"ol", "ul"} and not is_open and self.lists:
            self.lists.pop()
        if name in {"ol", "ul"} and len(self.lists) > is_open:
            self.breaks = 1

    def _item(self) -> None:
        number = self.lists[-1] if self.lists else 0
        if number:
            self.lists[-1] += 1
        self._write(f"{number}. " if number else "- ")

    def finish(self) -> tuple[str, dict[str, int]]:
        """The text, and where the first mark of each kind stands in it."""
        text = "".join(self.said).replace("\xa0", " ")
        marks: dict[str, int] = {}
        pieces: list[str] = []
        length = 0
        for piece in re.split(f"([{QUOTE}{SIGNATURE}])", text):
            if piece in {QUOTE, SIGNATURE}:
                marks.setdefault(piece, length)
            else:
                pieces.append(piece)
                length += len(piece)
        return "".join(pieces), marks
