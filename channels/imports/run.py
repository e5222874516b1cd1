"""Carries what a reader found to the intake, in chunks, and says at the end what became of every record.

Safe to run again after a crash at any point: source and source id are stable, so what is there already counts
as known, and no state is kept beside the ledger.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence, Sized
from typing import Final, Protocol

import msgspec

from channels.imports.imported import Imported, Refusal
from timeline.interactions import Interaction

KEPT_REFUSALS: Final = 1000
_NEW: Final = 201
_KNOWN: Final = 200
_DIFFERS: Final = 409


class Outcome(Protocol):
    """What the intake made of one item: 201 new, 200 known, anything else refused, with `error` as the reason
    (`(field, words)`, or an object with these two, or something that prints well)."""

    @property
    def status(self) -> int: ...

    @property
    def error(self) -> object: ...


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """How an import went: `read == new + known + refused`; `refusals` holds the first thousand."""

    read: int
    new: int
    known: int
    refused: int
    refusals: list[Refusal]


Deliver = Callable[[list[Interaction]], Awaitable[Sequence[Outcome]]]
OnProgress = Callable[[int, int | None], None]


class _Tally:
    def __init__(self) -> None:
        self.new = self.known = self.refused = 0
        self.refusals: list[Refusal] = []

    @property
    def done(self) -> int:
        return self.new + self.known + self.refused

    def refuse(self, refusal: Refusal) -> None:
        self.refused += 1
        if len(self.refusals) < KEPT_REFUSALS:
            self.refusals.append(refusal)

    def count(self, one: Imported, outcome: Outcome) -> None:
        if outcome.status == _NEW:
            self.new += 1
        elif outcome.status == _KNOWN:
            self.known += 1
        else:
            self.refuse(_refusal(one, outcome))


async def run(
    items: Iterable[Imported | Refusal],
    deliver: Deliver,
    on_progress: OnProgress,
    size: int = 100,
    total: int | None = None,
) -> Summary:
    """Deliver all items in order, `size` at a time; refusals of the reader pass straight into the summary.

    `on_progress(done, total)` is called after each chunk, after each `size` refusals, and at the end; `total`
    is None where neither the caller nor `len(items)` tells. What `deliver` raises ends the run."""
    if total is None and isinstance(items, Sized):
        total = len(items)
    tally, chunk = _Tally(), list[Imported]()
    for one in items:
        if isinstance(one, Refusal):
            tally.refuse(one)
            if tally.refused % size == 0:
                on_progress(tally.done, total)
            continue
        chunk.append(one)
        if len(chunk) == size:
            await _deliver(chunk, deliver, tally)
            chunk = []
            on_progress(tally.done, total)
    if chunk:
        await _deliver(chunk, deliver, tally)
    on_progress(tally.done, tally.done)
    return Summary(read=tally.done, new=tally.new, known=tally.known, refused=tally.refused, refusals=tally.refusals)


async def _deliver(chunk: list[Imported], deliver: Deliver, tally: _Tally) -> None:
    outcomes = await deliver([one.item for one in chunk])
    for one, outcome in zip(chunk, outcomes, strict=True):
        tally.count(one, outcome)


def _refusal(one: Imported, outcome: Outcome) -> Refusal:
    error = outcome.error
    if isinstance(error, tuple) and len(error) == 2:
        field, words = str(error[0] or ""), str(error[1])
    else:
        field = str(getattr(error, "field", None) or "")
        words = str(getattr(error, "words", None) or error or f"refused with status {outcome.status}")
    if outcome.status == _DIFFERS:
        words = f"already there with other content: {words}"
    return Refusal(where=one.where, field=field, words=words)
