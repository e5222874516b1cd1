"""What is promised of each set: a floor and a target for a figure, held against the worst of the orders."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from benchmarks.identity.figures import Figures

Field = Literal["pair_precision", "pair_recall", "b3_f1", "mixed", "trapped", "suggested"]
Met = Literal["target", "floor", "**short**"]

WORDS: Final[dict[Field, str]] = {
    "pair_precision": "pair precision",
    "pair_recall": "pair recall",
    "b3_f1": "B-cubed F1",
    "mixed": "persons in a mixed customer",
    "trapped": "protected traps sprung",
    "suggested": "suggestions, share of contacts",
}
AT_MOST: Final = frozenset[Field]({"mixed", "trapped", "suggested"})


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """A figure is to reach (or, of what is bad, not to exceed) the floor, where there is one, and the target."""

    field: Field
    floor: float | None
    target: float

    @property
    def words(self) -> str:
        return WORDS[self.field]

    def shown(self, value: float | None) -> str:
        if value is None:
            return ""
        return f"{value:.2%}" if self.field in AT_MOST else f"{value:.4f}"

    def met(self, figures: Sequence[Figures]) -> Met:
        values = [getattr(one, self.field) for one in figures]
        worst = max(values) if self.field in AT_MOST else min(values)
        if self._reached(worst, self.target):
            return "target"
        return "floor" if self.floor is None or self._reached(worst, self.floor) else "**short**"

    def _reached(self, value: float, bound: float) -> bool:
        return value <= bound if self.field in AT_MOST else value >= bound


EVERYWHERE: Final = (
    Promise(field="trapped", floor=0.005, target=0.0),
    Promise(field="suggested", floor=0.08, target=0.05),
)
OF: Final[dict[str, tuple[Promise, ...]]] = {
    "febrl3": (Promise(field="b3_f1", floor=0.9985, target=0.9995),),
    "febrl4": (Promise(field="b3_f1", floor=0.9985, target=0.9995),),
    "fake1000": (
        Promise(field="b3_f1", floor=0.948, target=0.965),
        Promise(field="pair_precision", floor=0.99, target=0.99),
    ),
    "contacts_dev": (
        Promise(field="pair_precision", floor=0.95, target=0.985),
        Promise(field="pair_recall", floor=0.72, target=0.80),
        Promise(field="mixed", floor=0.08, target=0.025),
    ),
    "unseen-records": (
        Promise(field="b3_f1", floor=0.90, target=0.935),
        Promise(field="pair_precision", floor=None, target=0.98),
    ),
    "unseen-stream": (
        Promise(field="pair_precision", floor=0.95, target=0.975),
        Promise(field="pair_recall", floor=0.62, target=0.75),
        Promise(field="mixed", floor=None, target=0.04),
    ),
}


def promises_of(name: str, held_to: str | None = None) -> tuple[Promise, ...]:
    """Those of a set, or of another (`held_to`) where it has none of its own; and those that hold everywhere."""
    return (*OF.get(name, OF.get(held_to or "", ())), *EVERYWHERE)
