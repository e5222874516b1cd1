"""The thread that embeds: in order, once, never the event loop's, and what it says where it cannot."""

import asyncio
import math
import threading
from collections.abc import Sequence

import pytest

from app.embedding import look_at_model, open_embedder
from search import embeddings
from search.embeddings import EmbedderAway, Threaded, floats, trigrams, unit
from tests.builders import settings

pytestmark = pytest.mark.anyio


class Slow:
    """A model that answers when it is let, and remembers what it was asked and where."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.asked: list[list[str]] = []
        self.threads: set[int] = set()
        self.begun = asyncio.Event()
        self.may = threading.Event()
        self.may.set()

    def encode(self, texts: Sequence[str]) -> list[bytes]:
        self.asked.append(list(texts))
        self._loop.call_soon_threadsafe(self.begun.set)
        self.threads.add(threading.get_ident())
        assert self.may.wait(10)
        return [unit([float(len(text)), 1.0]) for text in texts]


def dot(a: bytes, b: bytes) -> float:
    return sum(x * y for x, y in zip(floats(a), floats(b), strict=True))


async def test_texts_come_back_in_their_order_whatever_their_length():
    slow = Slow()
    embedder = Threaded("slow-1", 2, lambda: slow)
    texts = ["x" * (n * 37 % 50) for n in range(40)]
    assert await embedder.embed(texts) == [unit([float(len(text)), 1.0]) for text in texts]
    assert [len(chunk) for chunk in slow.asked] == [16, 16, 8]
    assert slow.asked[0] == sorted(texts, key=len)[:16], "alike in length go together"
    assert slow.threads.isdisjoint({threading.get_ident()})
    assert len(slow.threads) == 1
    assert await embedder.embed([]) == []
    await embedder.close()


async def test_a_question_is_asked_once_and_goes_between_the_chunks_of_a_batch():
    slow = Slow()
    slow.may.clear()
    embedder = Threaded("slow-1", 2, lambda: slow)
    batch = asyncio.create_task(embedder.embed(["text"] * 64))
    await slow.begun.wait()
    question = asyncio.create_task(embedder.query("what?"))
    await asyncio.sleep(0)
    slow.may.set()
    vector = await question
    assert slow.asked.index(["what?"]) <= 2
    await batch
    assert await embedder.query("what?") == vector
    assert slow.asked.count(["what?"]) == 1
    await embedder.close()


async def test_more_questions_than_may_wait_are_told_so_and_none_is_lost():
    slow = Slow()
    slow.may.clear()
    embedder = Threaded("slow-1", 2, lambda: slow)
    waiting = [asyncio.create_task(embedder.query(f"{n}")) for n in range(embeddings.WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(EmbedderAway, match="wait"):
        await embedder.query("one more")
    waiting[0].cancel()
    waiting[-1].cancel()
    await asyncio.sleep(0)
    slow.may.set()
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in done[1:-1]] == [bytes] * (embeddings.WAITING - 2)
    assert await embedder.query("one more")
    await embedder.close()


async def test_the_cache_forgets_what_was_not_asked_for_longest(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(embeddings, "CACHED", 2)
    slow = Slow()
    embedder = Threaded("slow-1", 2, lambda: slow)
    for text in ("a", "b", "a", "c", "a", "b"):
        await embedder.query(text)
    assert slow.asked == [["a"], ["b"], ["c"], ["b"]]
    await embedder.close()


async def test_a_model_that_is_not_there_is_asked_for_again():
    tries: list[int] = []
    slow = Slow()

    def load() -> Slow:
        tries.append(1)
        if len(tries) < 3:
            raise EmbedderAway("not yet")
        return slow

    embedder = Threaded("slow-1", 2, load)
    embedder.start()
    with pytest.raises(EmbedderAway, match="not yet"):
        await embedder.query("a")
    assert await embedder.query("a")
    assert len(tries) == 3
    await embedder.close()


async def test_a_question_does_not_wait_for_a_model_that_is_being_prepared(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(embeddings, "READY_SECONDS", 0.02)
    slow, prepared = Slow(), threading.Event()

    def load() -> Slow:
        assert prepared.wait(10)
        return slow

    embedder = Threaded("slow-1", 2, load)
    with pytest.raises(EmbedderAway, match="getting ready"):
        await embedder.query("a")
    batch = asyncio.create_task(embedder.embed(["what is kept waits"]))
    await asyncio.sleep(0)
    prepared.set()
    assert len(await batch) == 1
    assert await embedder.query("a")
    await embedder.close()


async def test_trigrams_are_a_model_of_their_own():
    embedder = trigrams(64)
    assert (embedder.model, embedder.dimensions) == ("trigrams-64.1", 64)
    vectors = await embedder.embed(["refund my order", "refnd my order", "the weather in Lyon", "", "REFUND my order"])
    assert {len(vector) for vector in vectors} == {64 * 4}
    assert all(math.isclose(dot(vector, vector), 1.0, abs_tol=1e-5) for vector in vectors)
    assert dot(vectors[0], vectors[1]) > 0.6 > dot(vectors[0], vectors[2])
    assert vectors[0] == vectors[4] == await embedder.query("refund my order")
    await embedder.close()


async def test_what_was_chosen_is_opened(tmp_path):
    none, spelling = settings(tmp_path), settings(tmp_path, embedder="trigrams")
    assert open_embedder(none) is None
    assert "words are searched" in look_at_model(none).words
    opened = open_embedder(spelling)
    assert opened is not None
    assert opened.model == "trigrams-256.1"
    assert not look_at_model(spelling).wrong
    await opened.close()
