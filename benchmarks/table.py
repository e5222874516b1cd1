"""The table of results, as text for people and as the file that is kept."""

import platform
from datetime import UTC, datetime
from pathlib import Path

import msgspec


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One row: what was promised, what was measured, and whether floor and target are met."""

    what: str
    floor: str
    target: str
    measured: str
    met: tuple[bool, bool]

    @property
    def verdict(self) -> str:
        return "target" if self.met[1] else "floor" if self.met[0] else "**short**"


def render(lines: list[Line], desk: str) -> str:
    rows = [f"| {one.what} | {one.floor} | {one.target} | {one.measured} | {one.verdict} |" for one in lines]
    head = ["| what | floor | target | measured | meets |", "|---|---|---|---|---|"]
    return "\n".join(
        [
            "# What it costs",
            "",
            f"`make bench`, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {platform.python_version()}, "
            f"{platform.machine()}, {desk}. Ratios are taken side by side in one run; the machine is not quiet.",
            "",
            *head,
            *rows,
            "",
        ]
    )


def write(lines: list[Line], desk: str, path: Path) -> None:
    path.write_text(render(lines, desk))
