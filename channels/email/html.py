"""What an HTML mail says as text, and the HTML of it that is safe to show: both from one pass in linear time.

nh3 decides what is safe. It gets plain, balanced HTML of bounded depth only: on nested or unclosed tags its parser
takes a time that grows with their square.
"""

import html
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec
import nh3

from channels.email.charsets import tidy
from channels.email.html_text import APART, QUOTE, SIGNATURE, Text
from channels.email.html_tokens import MOST_HTML, VOID, Token, tokens
from channels.email.quoting import fold

MOST_TEXT: Final = 1_000_000
MOST_TAGS: Final = 30_000
MOST_ENTITIES: Final = 50_000
MOST_DEPTH: Final = 60

_INLINE: Final = frozenset({"a", "abbr", "b", "big", "code", "del", "em", "font", "i", "ins", "kbd", "q", "s", "small"}
                           | {"span", "strike", "strong", "sub", "sup", "tt", "u"})  # fmt: skip
_SHOWN: Final = (APART | _INLINE | frozenset({"br", "dd", "div", "dl", "dt", "hr", "img", "li"})
                 | frozenset({"tbody", "td", "tfoot", "th", "thead", "tr", "caption"}))  # fmt: skip
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
_ALLOWED: Final = {**_ATTRIBUTES, "*": {*_ATTRIBUTES["*"], "data-fold"}}  # which no mail's own tags keep
_SCHEMES: Final = {"http", "https", "mailto", "tel", "cid"}
_LINK: Final = re.compile(r"(?:https?|mailto|tel):", re.IGNORECASE)

_ATTRIBUTE: Final = re.compile(r"([^\s=/>\"']+)\s*(?:=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+)))?")


Fold = Literal["signature", "quote"]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """`quoted_at` and `signed_at` are where the program that wrote it marked what it quoted and its signature, in
    `text`. Without `html` there was too much of it to show safely; in it, what may be folded bears `data-fold`."""

    text: str
    html: str | None
    quoted_at: int | None = None
    signed_at: int | None = None


def read_html(source: str, *, subject: str | None = None) -> Shown:
    """With the subject of its mail: in a forward nothing is folded."""
    source = tidy(source[:MOST_TEXT])
    found, text = list(tokens(source)), Text()
    for kind, name, value in found:
        text.begin()
        if kind == "text":
            text.say(value)
        else:
            text.tag(kind, name, _attributes(value) if value and kind == "open" else {})
    said, marks = text.finish()
    shown = None
    if len(source) <= MOST_HTML and sum(kind != "text" for kind, _, _ in found) <= MOST_TAGS:
        tamed = _tamed(found, _folds(found, text, said, marks, subject))
        shown = _clean(tamed) if tamed.count("&") <= MOST_ENTITIES else None
    return Shown(text=said[:MOST_TEXT], html=shown, quoted_at=marks.get(QUOTE), signed_at=marks.get(SIGNATURE))


def _folds(
    tokens: Sequence[Token], text: Text, said: str, marks: Mapping[str, int], subject: str | None
) -> dict[int, Fold]:
    """The tokens from which on everything may be folded, by the rule of the text."""
    folded = fold(said, subject, marked_at=marks.get(QUOTE), signed_at=marks.get(SIGNATURE))
    places: list[tuple[int | None, Fold]] = [(folded.signed_at, "signature"), (folded.quoted_at, "quote")]
    return {_first_of(tokens, text.token_of(at)): what for at, what in places if at is not None}


def _first_of(tokens: Sequence[Token], number: int) -> int:
    """Where the elements begin that a token is the first word in."""
    while number:
        kind, _, value = tokens[number - 1]
        if kind == "close" or (kind == "text" and value.strip()):
            break
        number -= 1
    return number


def _tamed(tokens: Sequence[Token], folds: Mapping[int, Fold]) -> str:
    tame = _Tame()
    for number, (kind, name, value) in enumerate(tokens):
        if number in folds:
            tame.fold(folds[number])
        if kind == "text":
            tame.say(value)
        else:
            tame.tag(kind, name, _attributes(value) if value and kind == "open" else {})
    return tame.finish()


def as_html(text: str) -> str:
    """Plain text to show between HTML."""
    return html.escape(text, quote=False).replace("\n", "<br>\n")


def _clean(tame: str) -> str:
    return nh3.clean(
        tame,
        tags=set(_SHOWN),
        attributes=_ALLOWED,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def _attributes(said: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, one, two, three in _ATTRIBUTE.findall(said):
        found.setdefault(name.lower(), tidy(html.unescape(one or two or three)))
    return found


class _Tame:
    """Writes HTML again so that every tag is closed in its order, at most 60 deep. What may be folded is marked on the
    outermost elements that are folded whole; words between them get one of their own."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.open: list[str] = []
        self.count: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self.folded: Fold | None = None
        self.base = 0

    def fold(self, what: Fold) -> None:
        """Everything that comes now may be folded."""
        self.folded, self.base = what, len(self.open)

    def _mark(self) -> str:
        return f' data-fold="{self.folded}"' if self.folded and len(self.open) <= self.base else ""

    def say(self, text: str) -> None:
        mark = self._mark() if text.strip() else ""
        said = html.escape(text, quote=False)
        self.said.append(f"<span{mark}>{said}</span>" if mark else said)

    def tag(self, kind: str, name: str, attributes: dict[str, str]) -> None:
        if name not in _SHOWN:
            return
        if kind == "close":
            self._close(name)
            return
        if name in VOID:
            self.said.append(f"<{name}{self._mark()}{_kept(name, attributes)}>")
            return
        ends = _ENDS.get(name, _P if name in APART or name == "div" else frozenset())
        while self.open and self.open[-1] in ends:
            self._pop()
        if len(self.open) >= MOST_DEPTH:
            self.left_out[name] += 1
            return
        self.said.append(f"<{name}{self._mark()}{_kept(name, attributes)}>")
        self.open.append(name)
        self.count[name] += 1

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
        self.base = min(self.base, len(self.open))
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
            picture = value.strip()
            wanted["src" if picture[:4].lower() == "cid:" else "data-src"] = picture[:2_000]
        elif one == "href" and name == "a":
            if _LINK.match(value.strip()):
                wanted["href"] = value.strip()[:4_000]
        elif one in _ATTRIBUTES.get(name, ()) or one in _ATTRIBUTES["*"]:
            wanted[one] = value[:500]
    return "".join(f' {one}="{html.escape(value)}"' for one, value in wanted.items() if not value.startswith("data:"))
