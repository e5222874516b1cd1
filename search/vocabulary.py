"""Which words does the corpus know, and what was meant by one that it does not? Mistyped words are taken for the
nearest that somebody has written here, before they are sought and before their meaning is.
"""

import re
import time
from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from rapidfuzz import process
from rapidfuzz.distance import OSA

from search.documents import Document
from search.query import pieces

SHORTEST: Final = 4
LONGEST: Final = 40
LONG: Final = 7
"""From so many letters on two may be wrong, before it one."""
MOST_OF_A_DOCUMENT: Final = 1_000
MOST: Final = 200_000
"""Words of a workspace that are kept at hand: the commonest."""
BEST: Final = 3
MOST_WORKSPACES: Final = 50
MOST_MENDED: Final = 2_000
HIDDEN: Final = "~"
"""Before a word that is counted for what not everybody may read."""
YOUNG: Final = 2_000
YOUNG_SECONDS, LASTS_SECONDS = 2.0, 60.0

_LETTERS: Final = re.compile(r"[^\W\d_]+")


def words_of(document: Document) -> list[str]:
    """The words of a document by which others are mended: of letters alone, neither short nor endless, sorted; those
    of a note behind `HIDDEN`."""
    texts = (document.title, *document.people, document.text)
    found = {word for text in texts for word in pieces(text) if worth(word)}
    hidden = HIDDEN if document.internal else ""
    return [hidden + word for word in sorted(found)[:MOST_OF_A_DOCUMENT]]


def worth(word: str) -> bool:
    return SHORTEST <= len(word) <= LONGEST and _LETTERS.fullmatch(word) is not None


class Vocabulary:
    """The words of one workspace as they were when they were read, each with the documents that hold it."""

    def __init__(self, words: Mapping[str, int], read_at: float) -> None:
        self._words = words
        self._by_length: dict[int, list[str]] = {}
        for word in words:
            self._by_length.setdefault(len(word), []).append(word)
        self._mended: dict[str, tuple[str, ...]] = {}
        self.read_at = read_at

    @property
    def fresh(self) -> bool:
        lasts = YOUNG_SECONDS if len(self._words) < YOUNG else LASTS_SECONDS
        return time.monotonic() - self.read_at < lasts

    def unknown(self, words: Iterable[str]) -> list[str]:
        """Those that may be mistyped."""
        return [word for word in words if worth(word) and word not in self._words]

    def meant(self, word: str) -> tuple[str, ...]:
        """What a word may have been meant for, the best first; nothing where nothing is near."""
        if word not in self._mended:
            if len(self._mended) >= MOST_MENDED:
                self._mended.clear()
            self._mended[word] = self._near(word)
        return self._mended[word]

    def _near(self, word: str) -> tuple[str, ...]:
        most = 2 if len(word) >= LONG else 1
        found: list[tuple[int, bool, int, str]] = []
        for length in range(len(word) - most, len(word) + most + 1):
            near = process.extract(
                word, self._by_length.get(length, ()), scorer=OSA.distance, score_cutoff=most, limit=None
            )
            found += [(far, one[0] != word[0], -self._words[one], one) for one, far, _ in near]
        found.sort()
        return tuple(one for far, _, _, one in found if far == found[0][0])[:BEST]


class Vocabularies:
    """What this process knows of the workspaces asked last, for those who may read notes and for those who may not."""

    def __init__(self) -> None:
        self._known: dict[tuple[UUID, bool], Vocabulary] = {}

    def of(self, workspace: UUID, *, internal: bool) -> Vocabulary | None:
        """What is known and not too old."""
        known = self._known.get((workspace, internal))
        return known if known is not None and known.fresh else None

    def keep(self, workspace: UUID, words: Mapping[str, int], *, internal: bool) -> Vocabulary:
        name = (workspace, internal)
        self._known.pop(name, None)
        while len(self._known) >= MOST_WORKSPACES:
            del self._known[next(iter(self._known))]
        self._known[name] = Vocabulary(words, time.monotonic())
        return self._known[name]
