"""The carrier's sums add up, whatever the intake answers and wherever it is killed."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from channels.imports.imported import Imported, Refusal
from channels.imports.run import KEPT_REFUSALS, run
from identity.customers import ContactClaim
from timeline.interactions import Interaction


class Answer(msgspec.Struct):
    status: int
    error: Any = None


class CrashError(Exception):
    pass


class Ledger:
    """Remembers what it took, as the intake does; `dies_after` chunks it is killed with the chunk taken."""

    def __init__(self) -> None:
        self.taken: set[str] = set()
        self.chunks: list[int] = []
        self.dies_after = -1

    async def deliver(self, items: list[Interaction]) -> list[Answer]:
        self.chunks.append(len(items))
        answers = [Answer(200 if one.source_id in self.taken else 201) for one in items]
        self.taken |= {one.source_id for one in items}
        if len(self.chunks) == self.dies_after:
            raise CrashError
        return answers


def item(n: int) -> Imported:
    return Imported(
        where=f"line {n}",
        item=Interaction(
            source="s",
            source_id=str(n),
            kind="note",
            channel="crm",
            direction="internal",
            occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
            contact=ContactClaim(key="k"),
        ),
    )


def refusal(n: int) -> Refusal:
    return Refusal(where=f"line {n}", field="kind", words="wrong")


async def test_carries_in_chunks_and_adds_up() -> None:
    ledger, seen = Ledger(), list[tuple[int, int | None]]()
    read = [item(n) if n % 10 else refusal(n) for n in range(250)]
    summary = await run(iter(read), ledger.deliver, lambda done, total: seen.append((done, total)), size=100)
    assert (summary.read, summary.new, summary.known, summary.refused) == (250, 225, 0, 25)
    assert ledger.chunks == [100, 100, 25]
    assert summary.refusals == [refusal(n) for n in range(0, 250, 10)]
    assert [total for _, total in seen] == [None, None, 250]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    again = await run(read, ledger.deliver, lambda done, total: seen.append((done, total)))
    assert (again.read, again.new, again.known, again.refused) == (250, 0, 225, 25)
    assert seen[-1] == (250, 250)


@pytest.mark.parametrize("dies_after", [1, 2, 3])
async def test_can_be_run_again_after_a_crash_anywhere(dies_after: int) -> None:
    ledger = Ledger()
    ledger.dies_after = dies_after
    read = [item(n) for n in range(25)]
    with pytest.raises(CrashError):
        await run(read, ledger.deliver, lambda done, total: None, size=10)
    before, ledger.dies_after = len(ledger.taken), -1
    summary = await run(read, ledger.deliver, lambda done, total: None, size=10)
    assert (summary.known, summary.new, summary.read) == (before, 25 - before, 25)
    assert len(ledger.taken) == 25


async def test_says_what_the_intake_refused_and_where() -> None:
    async def deliver(items: list[Interaction]) -> list[Answer]:
        return [
            Answer(409, ("body, data", "other content")),
            Answer(422, refusal(1)),
            Answer(422),
            Answer(422, ValueError("no such ticket")),
        ]

    summary = await run([item(n) for n in range(4)], deliver, lambda done, total: None)
    assert (summary.read, summary.new, summary.known, summary.refused) == (4, 0, 0, 4)
    assert summary.refusals == [
        Refusal(where="line 0", field="body, data", words="already there with other content: other content"),
        Refusal(where="line 1", field="kind", words="wrong"),
        Refusal(where="line 2", field="", words="refused with status 422"),
        Refusal(where="line 3", field="", words="no such ticket"),
    ]


async def test_keeps_a_thousand_refusals_and_counts_them_all() -> None:
    summary = await run((refusal(n) for n in range(2500)), Ledger().deliver, lambda done, total: None)
    assert (summary.read, summary.refused, len(summary.refusals)) == (2500, 2500, KEPT_REFUSALS)


async def test_an_intake_that_answers_too_little_is_an_error() -> None:
    async def deliver(items: list[Interaction]) -> list[Answer]:
        return [Answer(201)]

    with pytest.raises(ValueError, match="shorter"):
        await run([item(1), item(2)], deliver, lambda done, total: None)


async def test_nothing_to_import() -> None:
    seen: list[tuple[int, int | None]] = []
    summary = await run([], Ledger().deliver, lambda done, total: seen.append((done, total)))
    assert (summary.read, seen) == (0, [(0, 0)])
