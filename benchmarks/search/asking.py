"""Items go in through the API, and once all are found by words and by meaning, questions are asked the same way."""

import asyncio
import math
import time
from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from benchmarks.client import Client
from benchmarks.search.corpora import Question

BATCH: Final = 500
DEEP: Final = 10
SEARCH: Final = "/api/v1/search"
INDEX: Final = "/api/v1/index"
PATIENCE: Final = 900.0


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What came back for a question: which of the first hits are right, the first one's score, and the seconds."""

    right: tuple[bool, ...]
    ideal: int
    score: float
    seconds: float


async def push(client: Client, items: Iterable[dict[str, Any]]) -> int:
    """Returns how many items are there."""
    waiting = list(items)
    for start in range(0, len(waiting), BATCH):
        answer = await client.json("POST", "/api/v1/interactions/batch", waiting[start : start + BATCH])
        refused = [one for one in answer["items"] if one["status"] not in (200, 201)]
        if refused:
            raise RuntimeError(f"not taken: {refused[0]}")
    return len(waiting)


async def settled(client: Client, least: int) -> None:
    """Until everything is in the index, `least` documents or more, with their vectors."""
    began, state = time.monotonic(), None
    while time.monotonic() - began < PATIENCE:
        state = await client.json("GET", INDEX)
        live = state["live"]
        if live and not (live["behind"] or live["due"] or state["unembedded"]) and (state["documents"] or 0) >= least:
            return
        await asyncio.sleep(1.0)
    raise RuntimeError(f"not indexed in {PATIENCE:.0f} s: {state}")


async def ask_all(client: Client, questions: Sequence[Question], **parameters: str) -> list[Asked]:
    return [await ask(client, question, **parameters) for question in questions]


async def ask(client: Client, question: Question, **parameters: str) -> Asked:
    path = f"{SEARCH}?{urlencode({'q': question.text[:1000], 'limit': DEEP, 'facets': 'false', **parameters})}"
    began = time.perf_counter()
    status, raw = await client.ask("GET", path)
    seconds = time.perf_counter() - began
    # a quote or an OR that a stranger's sentence happens to hold is refused with its place: nothing was found
    hits = msgspec.json.decode(raw)["items"] if status == 200 else []
    if status not in (200, 400):
        raise RuntimeError(f"{question.text!r}: {status} {raw[:300]!r}")
    right = tuple(hit["source_id"] in question.answers for hit in hits)
    return Asked(right=right, ideal=question.ideal, score=hits[0]["score"] if hits else 0.0, seconds=seconds)


# -- figures, in percent -----------------------------------------------------------------------------------------------


def success(asked: Sequence[Asked], at: int = 1) -> float:
    return 100 * sum(any(one.right[:at]) for one in asked) / max(1, len(asked))


def ndcg(asked: Sequence[Asked]) -> float:
    return 100 * sum(_gain(one.right) / _gain((True,) * min(DEEP, one.ideal)) for one in asked) / max(1, len(asked))


def _gain(right: Sequence[bool]) -> float:
    return sum(1 / math.log2(at + 2) for at, yes in enumerate(right[:DEEP]) if yes)


def auroc(known: Sequence[Asked], strange: Sequence[Asked]) -> float:
    """How often the first hit of what is known scores above that of what is not."""
    scores = sorted([(one.score, 1) for one in known] + [(one.score, 0) for one in strange])
    total, at = 0.0, 0
    while at < len(scores):
        end = at
        while end < len(scores) and scores[end][0] == scores[at][0]:
            end += 1
        rank = (at + end + 1) / 2
        total += rank * sum(kind for _, kind in scores[at:end])
        at = end
    pairs = len(known) * len(strange)
    return 100 * (total - len(known) * (len(known) + 1) / 2) / pairs if pairs else 0.0


def quantile(asked: Sequence[Asked], share: float) -> float:
    """Milliseconds."""
    ordered = sorted(one.seconds for one in asked)
    return 1_000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
