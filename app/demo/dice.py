"""Choices that look like chance and are always the same: drawn from a stable hash of what they are for."""

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, TypeVar

T = TypeVar("T")

_CHOICE: Final = re.compile(r"\{([^{}]*\|[^{}]*)\}")


class Dice:
    """Draws for one thing; each draw has a name, so adding one moves no other."""

    def __init__(self, *key: object) -> None:
        self._key = "/".join(map(str, key))

    def number(self, name: object, low: int, high: int) -> int:
        """From `low` to `high`, both included."""
        digest = blake2b(f"{self._key}/{name}".encode(), digest_size=8).digest()
        return low + int.from_bytes(digest, "big") % (high - low + 1)

    def pick(self, name: object, choices: Sequence[T]) -> T:
        return choices[self.number(name, 0, len(choices) - 1)]

    def happens(self, name: object, percent: int) -> bool:
        return self.number(name, 1, 100) <= percent

    def words(self, name: object, text: str) -> str:
        """The text with one of each `{this|that}` chosen."""
        drawn = 0

        def choose(found: re.Match[str]) -> str:
            nonlocal drawn
            drawn += 1
            return self.pick((name, drawn), found[1].split("|"))

        return _CHOICE.sub(choose, text)
