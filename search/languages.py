"""Which language a text is in, where its letters say so clearly enough."""

import importlib
from functools import cache
from typing import Any, Final

from search.classifying import Guess

LETTERS: Final = 2_000
LEAST_WORDS: Final = 3
SURE: Final = 0.8


def language_of(text: str) -> Guess | None:
    """ISO 639-1; None where it could be several. Blocks: to be asked in a thread."""
    if len(text.split(maxsplit=LEAST_WORDS)) < LEAST_WORDS:
        return None
    code, confidence = _identifier().classify(text[:LETTERS])
    return Guess(label=code, confidence=round(float(confidence), 4)) if confidence >= SURE else None


@cache
def _identifier() -> Any:
    langid = importlib.import_module("py3langid.langid")
    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
