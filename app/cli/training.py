"""`throughline train`."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

import click
import msgspec

from app import training
from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.resolving import in_lines
from app.cli.triage import train_triage
from app.cli.words import Refused, data, failing_in_words, progress, say
from app.training import HARDLY, Change, NotCounted, Phase, Trained
from identity.second_look import Finding
from identity.training import Share
from identity.trainings import Training, read_trainings
from timeline.threads import Workspace

SHOWN: Final = 10
_PHASES: Final[dict[Phase, str]] = {"estimating": "Estimating", "comparing": "Comparing"}
_WORDS: Final[dict[Change, str]] = {"appear": "would be linked", "fall": "were linked, and would not be any more"}


@click.group()
def train() -> None:
    """Estimate what decisions weigh by from a workspace's own data."""


train.add_command(train_triage)


@train.command("identity")
@click.option("--activate", is_flag=True, help="Put the shares in force, as a new version.")
@click.option("--reason", help="Why, for the record.")
@click.option("--limit", type=click.IntRange(0), default=SHOWN, show_default=True, help="Links to show, of each kind.")
@click.option("--json", "as_json", is_flag=True, help="All of it as one JSON object.")
@click.option("--versions", is_flag=True, help="What was put in force so far, the latest first, one JSON object each.")
@workspace_option
@failing_in_words
def train_identity(
    activate: bool, reason: str | None, limit: int, as_json: bool, versions: bool, slug: str | None
) -> None:
    """How often contacts of one person agree, nearly agree and differ, estimated from all contacts at once.

    Shows which weights that moves, which links would appear, and which of today would not be made any more. Changes
    nothing without --activate, and no link even then: `throughline resolve` goes over who is there.

    Every decision teaches the same, one at a time, so at a desk that has been running this moves little: on the sets
    that it was measured with, it found no more than that (docs/identity.md). Of use after many questions were
    answered, whose answers count as certain here. Names, birth dates, places and the like are estimated; identifiers
    never are.
    """

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        if versions:
            async with desk.database.read(workspace.id) as db:
                for one in await read_trainings(db, workspace.id):
                    data(msgspec.json.encode(one).decode())
            return
        shown = Shown(limit)
        with progress() as bar:
            lines = {phase: bar.add_task(words, total=None, visible=False) for phase, words in _PHASES.items()}

            def told(phase: Phase, done: int) -> None:
                bar.update(lines[phase], completed=done, visible=True)

            try:
                trained = await training.train(desk.database, workspace, told, shown)
            except NotCounted:
                raise Refused(
                    f"most contacts of {workspace.slug} were never counted: `throughline resolve` does."
                ) from None
        version = await _activate(desk, workspace, trained, reason) if activate else None
        if as_json:
            findings = [{"change": change, **msgspec.to_builtins(finding)} for change, finding in shown.findings]
            built = {**msgspec.to_builtins(trained.training), "findings": findings, "version": version}
            data(msgspec.json.encode(built).decode())
        else:
            data("\n".join(_told(trained.training, shown)))
        if activate:
            say("No weight moves: nothing was put in force." if version is None else f"Version {version} is in force.")

    with_desk(work)


async def _activate(desk: Desk, workspace: Workspace, trained: Trained, reason: str | None) -> int | None:
    """None: no weight moves."""
    if not trained.moves:
        return None
    return (await training.activate(desk.database, workspace, trained, actor="cli", reason=reason)).version


class Shown:
    """Keeps the first links of each kind."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._count: Counter[Change] = Counter()
        self.findings: list[tuple[Change, Finding]] = []

    def __call__(self, change: Change, finding: Finding) -> None:
        if self._count[change] < self._most:
            self.findings.append((change, finding))
        self._count[change] += 1


def _told(made: Training, shown: Shown) -> Iterator[str]:
    yield f"{made.contacts} contacts, {made.pairs} likely pairs, {made.answers} answers"
    moved = [one for one in made.shares if abs(one.house[1] - one.house[0]) >= HARDLY]
    if moved:
        yield f"{'comparison':<14}{'level':<18}{'share':>16}{'bits: stranger':>18}{'same house':>18}"
        yield from map(_row, moved)
    yield f"{len(made.shares) - len(moved)} of {len(made.shares)} weights move by less than {HARDLY} bits"
    counts: dict[Change, int] = {"appear": made.appear, "fall": made.fall}
    for change, count in counts.items():
        yield f"{count:>8} pairs {_WORDS[change]}"
        yield from (in_lines(finding, _WORDS[change]) for of, finding in shown.findings if of == change)


def _row(one: Share) -> str:
    stranger = "by the value" if one.stranger is None else _pair(one.stranger, 2)
    share = _pair((one.before, one.after), 4)
    return f"{one.comparison:<14}{one.level:<18}{share:>16}{stranger:>18}{_pair(one.house, 2):>18}"


def _pair(values: tuple[float, float], digits: int) -> str:
    return f"{values[0]:.{digits}f} > {values[1]:.{digits}f}"
