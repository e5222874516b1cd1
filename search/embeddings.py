"""Vectors of texts: what turns texts into them, the thread in which that is done, and what is said where it cannot be.

Two models keep the contract: MiniLM (`minilm.py`), and hashed trigrams here, which need no library and no file.
"""

import asyncio
import math
import zlib
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Final, Protocol

CHUNK: Final = 16
"""Texts at a time: a question waits for one chunk of a batch, never for the batch."""
WAITING: Final = 64
"""Questions that may wait; the next is told to come back."""
CACHED: Final = 1_024
READY_SECONDS: Final = 3.0
"""A question waits no longer for a model that is being loaded, or prepared."""
TRIGRAMS: Final = 256


class EmbedderAway(Exception):
    """No vector can be had now; `words` say to people why, and whether it comes by itself."""

    def __init__(self, words: str) -> None:
        self.words = words
        super().__init__(words)


class Embedder(Protocol):
    """Vectors are little-endian 32-bit floats of length one; those of one `model` can be compared, and no others."""

    @property
    def model(self) -> str:
        """Name and version, at most 60 letters, digits, dots and dashes: stands with each vector."""
        ...

    @property
    def dimensions(self) -> int: ...

    async def embed(self, texts: Sequence[str]) -> list[bytes]:
        """What is kept: one vector a text, in their order. Raises EmbedderAway."""
        ...

    async def query(self, text: str) -> bytes:
        """What is asked: from a small cache where it was asked before. Raises EmbedderAway."""
        ...

    async def close(self) -> None: ...


class Model(Protocol):
    """What a thread does: blocks, and is asked by one thread at a time."""

    def encode(self, texts: Sequence[str]) -> list[bytes]: ...


class Threaded:
    """An embedder that loads its model when the first text comes, and keeps to one thread of its own.

    `load` raises EmbedderAway while the model is not there; it is asked again with the next text.
    """

    def __init__(self, model: str, dimensions: int, load: Callable[[], Model]) -> None:
        self.model = model
        self.dimensions = dimensions
        self._load = load
        self._loaded: Model | None = None
        self._cache: OrderedDict[str, bytes] = OrderedDict()
        self._waiting = 0
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embed")

    async def embed(self, texts: Sequence[str]) -> list[bytes]:
        vectors: list[bytes] = [b""] * len(texts)
        order = iter(sorted(range(len(texts)), key=lambda at: len(texts[at])))  # alike in length: little is padded
        while chunk := list(islice(order, CHUNK)):
            for at, vector in zip(chunk, await self._run([texts[at] for at in chunk]), strict=True):
                vectors[at] = vector
        return vectors

    def start(self) -> None:
        """Load the model before the first text comes, and wait for nothing; what fails is said to that text."""
        self._thread.submit(self._load_now)

    async def query(self, text: str) -> bytes:
        known = self._cache.get(text)
        if known is not None:
            self._cache.move_to_end(text)
            return known
        if self._waiting >= WAITING:
            raise EmbedderAway("more questions wait for their meaning than can be answered soon")
        self._waiting += 1
        try:
            async with asyncio.timeout(READY_SECONDS if self._loaded is None else None):
                [vector] = await self._run([text])
        except TimeoutError:
            raise EmbedderAway("the model is getting ready") from None
        finally:
            self._waiting -= 1
        self._cache[text] = vector
        while len(self._cache) > CACHED:
            self._cache.popitem(last=False)
        return vector

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)

    async def _run(self, texts: list[str]) -> list[bytes]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._encode, texts)

    def _encode(self, texts: list[str]) -> list[bytes]:
        return self._load_now().encode(texts)

    def _load_now(self) -> Model:
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded


class Trigrams:
    """Words and the trigrams of their letters, counted in as many places as `dimensions` by a hash: what is spelt alike
    is near. Knows no meaning; a real other model for whoever has no MiniLM, and for trying a change of models."""

    def __init__(self, dimensions: int = TRIGRAMS) -> None:
        self._dimensions = dimensions

    def encode(self, texts: Sequence[str]) -> list[bytes]:
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> bytes:
        counts = [0.0] * self._dimensions
        for piece in _pieces(text.casefold()):
            at = zlib.crc32(piece.encode())
            counts[at % self._dimensions] += 1.0 if at & 0x8000_0000 else -1.0
        return unit(counts)


def trigrams(dimensions: int = TRIGRAMS) -> Threaded:
    return Threaded(f"trigrams-{dimensions}.1", dimensions, lambda: Trigrams(dimensions))


def unit(values: Sequence[float]) -> bytes:
    """Of length one, little-endian; what has no length points along the first axis."""
    length = math.sqrt(sum(value * value for value in values))
    scaled = [value / length for value in values] if length > 0 else [1.0, *[0.0] * (len(values) - 1)]
    return little_endian(array("f", scaled))


def little_endian(floats: "array[float]") -> bytes:
    if array("H", [1]).tobytes() != b"\x01\x00":
        floats.byteswap()
    return floats.tobytes()


def floats(vector: bytes) -> "array[float]":
    """The numbers of a vector."""
    found = array("f", vector)
    if array("H", [1]).tobytes() != b"\x01\x00":
        found.byteswap()
    return found


def _pieces(text: str) -> Iterator[str]:
    for word in text.split():
        yield word
        padded = f" {word} "
        yield from (padded[at : at + 3] for at in range(len(padded) - 2))
