"""all-MiniLM-L6-v2, prepared (`preparing.py`), on onnxruntime: what a text means, in 384 numbers."""

import importlib
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from search.embeddings import EmbedderAway, Model, Threaded
from search.minilm_graph import DIMENSIONS
from search.preparing import FOLDER, GRAPH, TOKENIZER, fault, missing, prepare_apart

WORDS: Final = 256
"""Pieces of words that the model was made to read; what comes behind them it does not."""
LETTERS: Final = 4_000
"""More than that many pieces of words have."""
THREADS: Final = 2
AGAIN: Final = 30.0
"""Seconds after which a model that could not be had is tried again."""


def minilm(models: Path) -> Threaded:
    """The model below a folder; prepared there by the first text, where nobody did it before."""
    return Threaded(FOLDER, DIMENSIONS, _Loading(models))


class _Loading:
    """Loads, prepares where that is needed, and does not try again at once what just failed."""

    def __init__(self, models: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._models = models
        self._clock = clock
        self._failed: tuple[float, str] | None = None

    def __call__(self) -> Model:
        if self._failed is not None and self._clock() < self._failed[0] + AGAIN:
            raise EmbedderAway(self._failed[1])
        try:
            return self._load()
        except EmbedderAway as error:
            self._failed = self._clock(), error.words
            raise

    def _load(self) -> Model:
        if absent := missing():
            raise EmbedderAway(f"search by meaning needs {', '.join(absent)}: pip install 'throughline[semantic]'")
        if fault(self._models) is not None:
            prepare_apart(self._models)
        if (found := fault(self._models)) is not None:
            raise EmbedderAway(f"the model below {self._models} {found}")
        return MiniLM(self._models / FOLDER)


class MiniLM:
    """The session and the tokenizer of one thread."""

    def __init__(self, folder: Path) -> None:
        self._numpy = importlib.import_module("numpy")
        ort = importlib.import_module("onnxruntime")
        options = ort.SessionOptions()
        options.intra_op_num_threads = min(THREADS, os.cpu_count() or 1)
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # it keeps what the largest batch ever took
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(str(folder / GRAPH), options, providers=["CPUExecutionProvider"])
        self._read = importlib.import_module("tokenizers").Tokenizer.from_file(str(folder / TOKENIZER))
        self._read.no_padding()
        self._read.enable_truncation(WORDS)

    def encode(self, texts: Sequence[str]) -> list[bytes]:
        rows = [self._read.encode(_readable(text)).ids for text in texts]
        ids = self._numpy.zeros((len(rows), max(map(len, rows), default=0)), "i8")
        mask = self._numpy.zeros_like(ids, "i4")
        for at, row in enumerate(rows):
            ids[at, : len(row)] = row
            mask[at, : len(row)] = 1
        vectors: Any = self._session.run(["vector"], {"ids": ids, "mask": mask})[0]
        return [vector.astype("<f4").tobytes() for vector in vectors]


def _readable(text: str) -> str:
    """Without what no tokenizer takes, nor more than it reads."""
    return " ".join(text[: 4 * LETTERS].encode("utf-8", "replace").decode().split())[:LETTERS]
