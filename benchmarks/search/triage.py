"""How right triage is about Banking77: learned from the training questions with all their labels and with ten of each,
asked about the test questions; and how well the nearest one's cosine tells what is about something else."""

import asyncio
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec

from benchmarks.search.corpora import banking, strangers
from search import classifying
from search.classifying import Guess, guesses
from search.embeddings import Embedder
from search.minilm import minilm
from search.studying import Labelled, spoken, study

SPACE: Final = UUID(int=77)
TEN: Final = 10
SURE: Final = 0.8


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the table: `figures` in percent, in the order of its name."""

    name: str
    figures: tuple[float, ...]


async def rows(embedder: Embedder) -> list[Row]:
    known, asked = banking("train"), banking("test")
    vectors = await embedder.embed([text for _, text, _ in known])
    questions = await embedder.embed([text for _, text, _ in asked])
    labels = sorted({label for _, _, label in known})
    names = dict(zip(labels, await embedder.embed([spoken(label) for label in labels]), strict=True))
    tickets = [
        Labelled(
            ticket=uuid5(SPACE, name), contact=uuid5(SPACE, name), text=text, vector=vector, labels={"topic": label}
        )
        for (name, text, label), vector in zip(known, vectors, strict=True)
    ]
    made: list[Row] = []
    for name, some in (("all labels", tickets), ("ten labels each", list(_few(tickets)))):
        told = await asyncio.to_thread(_answers, some, names, asked, questions)
        made += _rows(name, told, [label for _, _, label in asked])
    others = await embedder.embed([one.text for one in strangers(None)])
    seen = classifying.vectors_of(vectors)
    inside, outside = (
        classifying.nearest(classifying.vectors_of(each), seen, 1)[0][:, 0] for each in (questions, others)
    )
    made.append(Row(name="out of scope, AUROC of the nearest cosine", figures=(_auroc(inside, outside),)))
    return made


def _few(tickets: Sequence[Labelled]) -> Iterator[Labelled]:
    by_label: dict[str, list[Labelled]] = {}
    for one in tickets:
        by_label.setdefault(one.labels["topic"], []).append(one)
    for _, ones in sorted(by_label.items()):
        yield from random.Random(TEN).sample(ones, TEN)


def _answers(
    known: Sequence[Labelled],
    names: dict[str, bytes],
    asked: Sequence[tuple[str, str, str]],
    questions: Sequence[bytes],
) -> list[list[Guess]]:
    head, report = study("topic", known, names)
    assert head is not None, report.why_not
    seen = classifying.vectors_of([one.vector for one in known])
    cosines, places = classifying.nearest(classifying.vectors_of(questions), seen)
    near = [
        [(float(cosine), known[place].labels["topic"]) for cosine, place in zip(row, at, strict=True)]
        for row, at in zip(cosines, places, strict=True)
    ]
    return guesses(head, [text for _, text, _ in asked], questions, near)


def _rows(name: str, told: Sequence[Sequence[Guess]], labels: Sequence[str]) -> list[Row]:
    first = [said[0].label == label for said, label in zip(told, labels, strict=True)]
    second = [label in (said[0].label, said[1].label) for said, label in zip(told, labels, strict=True)]
    sure = [right for said, right in zip(told, first, strict=True) if said[0].confidence >= SURE]
    return [
        Row(name=f"triage, {name}: top 1 / top 2", figures=(_percent(first), _percent(second))),
        Row(
            name=f"triage, {name}: covered from {SURE} on / right of them",
            figures=(100 * len(sure) / len(first), _percent(sure)),
        ),
    ]


def _percent(hits: Sequence[bool]) -> float:
    return 100 * sum(hits) / len(hits) if hits else 0.0


def _auroc(inside: Any, outside: Any) -> float:
    """How often something known scores higher than something else."""
    np = classifying.numpy()
    both = np.concatenate([inside, outside])
    rank = both.argsort().argsort() + 1.0
    return float(100 * (rank[: len(inside)].sum() - len(inside) * (len(inside) + 1) / 2) / (len(inside) * len(outside)))


async def _main(models: Path) -> None:
    embedder = minilm(models)
    try:
        for row in await rows(embedder):
            print(f"{row.name:<60}" + " / ".join(f"{figure:.1f}" for figure in row.figures))
    finally:
        await embedder.close()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="models-"))))
