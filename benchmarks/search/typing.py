"""How people type: ids in other spellings, and words with a letter left out, doubled, changed or swapped."""

import random
import re
from collections.abc import Callable
from typing import Final

SPELLINGS: Final[dict[str, Callable[[str], str]]] = {
    "as it is": lambda name: name,
    "lower case": str.lower,
    "spaced": lambda name: re.sub(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", " ", name.strip("#")),
    "without prefix": lambda name: re.sub(r"^#?[A-Za-z]+(?=\d{4})", "", name).strip("#"),
    "squeezed": lambda name: re.sub(r"[^A-Za-z0-9]", "", name).lower(),
}
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
FEWEST: Final = 5


def mistyped(typos: int, seed: int) -> Callable[[str], str]:
    """Texts with so many typos, in words that are long enough to be known again: different words while there are."""
    rng = random.Random(seed)

    def mistype(text: str) -> str:
        words = text.split(" ")
        able = [at for at, word in enumerate(words) if len(re.sub(r"[^A-Za-z]", "", word)) >= FEWEST]
        rng.shuffle(able)
        for typo in range(typos if able else 0):
            at = able[typo % len(able)]
            words[at] = _mistype(words[at], rng)
        return " ".join(words)

    return mistype


def _mistype(word: str, rng: random.Random) -> str:
    places = [at for at in range(1, len(word) - 1) if word[at].isalpha()]
    at = rng.choice(places)
    match rng.randrange(4):
        case 0:
            return word[:at] + word[at + 1 :]
        case 1:
            return word[:at] + word[at] + word[at:]
        case 2:
            return word[:at] + rng.choice(_LETTERS) + word[at + 1 :]
        case _:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
