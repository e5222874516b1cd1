"""The tables that a run prints: what each replay came to, and beside each promise what was measured."""

import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from benchmarks.identity.promises import promises_of
from benchmarks.identity.replay import Replay, quantile
from benchmarks.table import Line

COLUMNS = (
    "set", "order", "contacts", "customers (persons)", "pair P", "pair R", "B³ P", "B³ R", "B³ F1", "mixed", "traps",
    "suggested (right)", "a second", "p50 / p99 ms",
)  # fmt: skip


def render(replays: Sequence[Replay], decisions: Sequence[Line], held_to: str | None, how: str) -> str:
    """`held_to`: the promises that sets without any of their own are held to."""
    parts = [
        "# How well contacts are told apart and brought together",
        f"`make identity-bench`, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {platform.python_version()}, "
        f"{platform.machine()}, {how}. How it is measured: README.md. The machine is not quiet.",
    ]
    if replays:
        parts += [table(COLUMNS, map(_row, replays)), promised(replays, held_to)]
    if decisions:
        rows = [(one.what, one.floor, one.target, one.measured, one.verdict) for one in decisions]
        parts.append(table(("what", "floor", "target", "measured", "meets"), rows))
    return "\n\n".join(parts) + "\n"


def promised(replays: Sequence[Replay], held_to: str | None) -> str:
    """Each promise with its figure in every order, held against the worst."""
    orders = list(dict.fromkeys(one.order for one in replays))
    rows: list[tuple[str, ...]] = []
    for name in dict.fromkeys(one.name for one in replays):
        ours = {one.order: one.figures for one in replays if one.name == name}
        for promise in promises_of(name, held_to):
            if promise.field == "trapped" and not any(one.traps for one in ours.values()):
                continue
            shown = (promise.shown(getattr(ours[order], promise.field)) if order in ours else "" for order in orders)
            bounds = promise.shown(promise.floor), promise.shown(promise.target)
            rows.append((f"{name}: {promise.words}", *bounds, *shown, promise.met(list(ours.values()))))
    return table(("what", "floor", "target", *orders, "meets"), rows)


def _row(one: Replay) -> tuple[str, ...]:
    f, each = one.figures, one.pushed.each
    return (
        one.name,
        one.order,
        f"{f.contacts:,}",
        f"{f.customers:,} ({f.persons:,})",
        *(f"{value:.4f}" for value in (f.pair_precision, f.pair_recall, f.b3_precision, f.b3_recall, f.b3_f1)),
        f"{f.mixed:.2%}",
        f"{f.sprung} of {f.traps}",
        f"{f.suggested:.2%}" + (f" ({f.suggested_right:.0%})" if f.suggested else ""),
        f"{f.contacts / one.pushed.seconds:,.0f}",
        f"{quantile(each, 0.5):.1f} / {quantile(each, 0.99):.1f}" if each else "",
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join((_line(head), "|---" * len(head) + "|", *map(_line, rows)))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
