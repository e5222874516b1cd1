"""`make search-bench`: push sets with known answers into desks of a house of its own, ask for them through
GET /api/v1/search as anybody would, and print how right it is."""

import argparse
import asyncio
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from app.embedding import MODELS
from benchmarks import house
from benchmarks.client import Client
from benchmarks.search import asking, corpora
from benchmarks.search.asking import Asked
from benchmarks.search.corpora import Question, Text
from benchmarks.search.triage import rows
from benchmarks.search.typing import SPELLINGS, mistyped
from benchmarks.table import Line, render
from search.minilm import minilm

RESULTS = Path(__file__).parents[1] / "search-results.md"
SETS = ("banking", "known", "triage")
TRIAGE = {
    "triage, all labels: top 1 / top 2": ((94.5, 97.0), (95.2, 97.5)),
    "triage, ten labels each: top 1 / top 2": ((87.5, 92.5), (89.0, 93.5)),
    "out of scope, AUROC of the nearest cosine": ((96.0,), (98.0,)),
}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    asked = _parser().parse_args()
    if not corpora.DATA.exists():
        sys.exit(f"There is no {corpora.DATA}: the sets are not on this machine.")
    with house.installation(_free_port()) as where:
        lines: list[Line] = []
        if "banking" in asked.sets:
            lines += asyncio.run(_banking(where, asked.questions))
        if "known" in asked.sets:
            lines += asyncio.run(_known(where, asked.questions))
        if "triage" in asked.sets:
            lines += asyncio.run(_triage(where))
    text = render(lines, f"at most {asked.questions or 'all'} questions a row").replace(
        "make bench", "make search-bench"
    )
    print(text, end="")
    if asked.write:
        RESULTS.write_text(text, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__)
    add = parser.add_argument
    add("--sets", type=lambda text: text.split(","), default=SETS, help=f"of {', '.join(SETS)}; all by default")
    add("--questions", type=int, help="a look: so many questions a row")
    add("--write", action="store_true", help=f"keep the table in {RESULTS.name}")
    return parser


# -- the same intent ---------------------------------------------------------------------------------------------------


async def _banking(where: house.House, limit: int | None) -> list[Line]:
    say("Pushing 10,003 questions to a bank, and embedding them …")
    _, key = house.workspace(where.home, "banking")
    async with Client("127.0.0.1", where.port, key) as client:
        there = await asking.push(client, corpora.banking_items())
        await asking.settled(client, there)
        lines: list[Line] = []
        known: list[Asked] = []
        for typos, floors, targets in ((0, (92.0, 87.8), (93.5, 89.5)), (1, (90.0,), (92.5,)), (2, (88.5,), (91.0,))):
            asked = await _asked(client, corpora.banking_questions(limit, mistyped(typos, 11)), f"{typos} typos")
            figures = (asking.success(asked), asking.ndcg(asked))[: len(floors)]
            what = f"the same with {typos} typo{'s' * (typos > 1)}, P@1" if typos else "same intent: P@1 / nDCG@10"
            lines.append(_line(f"Banking77, {what}", figures, floors, targets))
            known = known or asked
        strange = await _asked(client, corpora.strangers(limit), "out of scope")
        lines.append(_line("out of scope, AUROC of the top hit's score", (asking.auroc(known, strange),), (96,), (98,)))
        lines.append(_speed(known))
    return lines


# -- known items -------------------------------------------------------------------------------------------------------


async def _known(where: house.House, limit: int | None) -> list[Line]:
    say("Pushing the orders, reservations and chats of two shops …")
    _, key = house.workspace(where.home, "shops")
    items = corpora.shops()
    texts = corpora.texts_of(items)
    async with Client("127.0.0.1", where.port, key) as client:
        await asking.settled(client, await asking.push(client, items))
        return [await _row(client, *row, limit=limit) for row in _rows(texts)]


def _rows(texts: Sequence[Text]) -> list[tuple[str, list[Question], int, float, float]]:
    """What is asked, at which hit it must be right, floor and target."""
    return [
        *((f"known item by id, {name}", corpora.by_id(texts, spell), 1, 97, 100) for name, spell in SPELLINGS.items()),
        ("known item by part of an address", corpora.by_address(texts), 1, 85, 97),
        ("known item by a quoted phrase", corpora.by_phrase(texts, 1), 1, 85, 98),
        ("known item by three rare words", corpora.by_rare_words(texts, str, 2), 1, 97, 100),
        ("known item by three rare words, one typo", corpora.by_rare_words(texts, mistyped(1, 4), 2), 1, 85, 97),
        ("known item by three rare words, two typos", corpora.by_rare_words(texts, mistyped(2, 4), 2), 1, 65, 88),
        ("known item by name with a typo", corpora.by_name(texts, mistyped(1, 5)), 5, 88, 95),
    ]


async def _row(
    client: Client, what: str, questions: list[Question], at: int, floor: float, target: float, limit: int | None
) -> Line:
    asked = await _asked(client, corpora.some(questions, limit), what)
    return _line(f"{what}: success@{at}", (asking.success(asked, at),), (floor,), (target,))


async def _asked(client: Client, questions: Sequence[Question], what: str) -> list[Asked]:
    say(f"  asking {len(questions):,} questions: {what} …")
    return await asking.ask_all(client, questions)


# -- triage ------------------------------------------------------------------------------------------------------------


async def _triage(where: house.House) -> list[Line]:
    say("Learning topics from labelled questions …")
    embedder = minilm(where.home / MODELS)
    try:
        found = await rows(embedder)
    finally:
        await embedder.close()
    return [_line(row.name, row.figures, *TRIAGE.get(row.name, (row.figures, row.figures))) for row in found]


# -- the table ---------------------------------------------------------------------------------------------------------


def _line(what: str, figures: Sequence[float], floors: Sequence[float], targets: Sequence[float]) -> Line:
    def reached(bounds: Sequence[float]) -> bool:
        return all(figure >= bound for figure, bound in zip(figures, bounds, strict=True))

    def shown(values: Sequence[float]) -> str:
        return " / ".join(f"{value:.1f}" for value in values)

    return Line(
        what=what,
        floor=shown(floors),
        target=shown(targets),
        measured=shown(figures),
        met=(reached(floors), reached(targets)),
    )


def _speed(asked: Sequence[Asked]) -> Line:
    p50, p95 = asking.quantile(asked, 0.5), asking.quantile(asked, 0.95)
    return Line(
        what="hybrid over HTTP with the question's embedding, 30,000 documents, p95",
        floor="25 ms",
        target="10 ms",
        measured=f"{p95:.1f} ms (p50 {p50:.1f})",
        met=(p95 <= 25, p95 <= 10),
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


if __name__ == "__main__":
    main()
