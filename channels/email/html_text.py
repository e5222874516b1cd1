"""What an HTML mail says as text: a line a block, a blank line around paragraphs, > before quotes."""

import re
from bisect import bisect_right
from typing import Final

MOST_QUOTES: Final = 8
MOST_LISTS: Final = 60

QUOTE: Final = "\ufdd0"  # no text has them: `tidy` takes them out before
SIGNATURE: Final = "\ufdd1"

_BLOCKS: Final = frozenset({"address", "article", "aside", "center", "dd", "div", "dl", "dt", "fieldset", "figure"}
                           | {"footer", "form", "header", "li", "main", "nav", "section", "tr"})  # fmt: skip
APART: Final = frozenset({"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"})
_QUOTES: Final = re.compile(
    r"gmail_quote|yahoo_quoted|yahoo-quoted|protonmail_quote|moz-cite-prefix|divRplyFwdMsg|appendonsend|OutlookMessageHeader"
    r"|mail-editor-reference-message|gmx_quote|zmail_extra|tutanota_quote|k9mail-quote|reply-intro",
)
_SIGNATURES: Final = re.compile(
    r"gmail_signature|moz-signature|protonmail_signature|ms-outlook-mobile-signature|\bSignature\b|tutanota_signature"
)
_BLANKS: Final = re.compile(r"[ \t\r\n\f]+")


class Text:
    """Writes what is read on a screen of letters."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.starts: list[int] = []
        self.breaks = 0
        self.is_spaced = False
        self.is_begun = False
        self.quotes = 0
        self.quoted = 0
        self.pre = 0
        self.lists: list[int] = []

    def begin(self) -> None:
        """Another token comes."""
        self.starts.append(len(self.said))

    def token_of(self, at: int) -> int:
        """Which of the tokens wrote what stands at a place of the finished text."""
        length = 0
        for number, piece in enumerate(self.said):
            length += len(piece) if piece not in {QUOTE, SIGNATURE} else 0
            if length > at:
                return bisect_right(self.starts, number) - 1
        return len(self.starts)

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
        elif name in APART:
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
        elif name in {"ol", "ul"} and is_open and len(self.lists) < MOST_LISTS:
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
