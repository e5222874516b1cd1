"""Which part of a text was typed? Marked, and nothing else in it is markup."""

import re
from typing import Final

from markupsafe import Markup, escape

MOST_WORDS: Final = 8
_WORD: Final = re.compile(r"[^\W_]+")


def marked(text: str, typed: str) -> Markup:
    """`text` with what begins as a word that was typed in `<mark>`, whatever the case."""
    words = sorted(dict.fromkeys(_WORD.findall(typed)), key=len, reverse=True)[:MOST_WORDS]
    if not words:
        return escape(text)
    found = re.compile(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, words))})", re.IGNORECASE)
    shown, end = Markup(""), 0
    for one in found.finditer(text):
        shown += escape(text[end : one.start()]) + Markup("<mark>{}</mark>").format(one[0])
        end = one.end()
    return shown + escape(text[end:])
