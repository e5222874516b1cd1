"""Which model gives texts their vectors here, where it is kept, and whether it is ready."""

from pathlib import Path
from typing import Final

from app.doctor import Finding
from app.settings import Settings
from search.embeddings import Embedder, trigrams
from search.minilm import minilm
from search.preparing import fault, missing

MODELS: Final = "models"


def models(settings: Settings) -> Path:
    """The folder of prepared models: each is made from an installed package, and needs no backup."""
    return settings.home / MODELS


def open_embedder(settings: Settings) -> Embedder | None:
    """What was chosen; None: words alone. It is loading when this returns, and is closed by whoever opened it."""
    if settings.embedder == "none":
        return None
    embedder = trigrams() if settings.embedder == "trigrams" else minilm(models(settings))
    embedder.start()
    return embedder


def look_at_model(settings: Settings) -> Finding:
    """Whether search by meaning can be had."""
    what = "search by meaning"
    if settings.embedder == "none":
        return Finding(what=what, words="off: THROUGHLINE_EMBEDDER is none, words are searched")
    if settings.embedder == "trigrams":
        return Finding(what=what, words="by spelling alone: THROUGHLINE_EMBEDDER is trigrams")
    if absent := missing():
        words = f"needs {', '.join(absent)}: pip install 'throughline[semantic]', or set THROUGHLINE_EMBEDDER=none"
        return Finding(what=what, words=words, wrong=True)
    found = fault(models(settings))
    if found is None:
        return Finding(what=what, words=f"MiniLM is prepared in {models(settings)}")
    words = f"MiniLM {found}: the first start prepares it, or `throughline prepare`"
    return Finding(what=what, words=words, wrong=found != "is not prepared")
