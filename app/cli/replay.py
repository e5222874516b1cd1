"""`throughline replay`."""

from pathlib import Path

import click
import msgspec

from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.words import Refused, data, failing_in_words, progress
from app.replaying import replay_sla
from timeline.interactions import InvalidField
from timeline.tickets.replaying import Replay, Tally, read_other


@click.group()
def replay() -> None:
    """The past under other policies, before they hold."""


@replay.command("sla")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="The comparison as one JSON object.")
@workspace_option
@failing_in_words
def sla(file: Path, slug: str | None, *, as_json: bool) -> None:
    """Fold all history with the SLA policies of FILE, beside those that were in force. Writes nothing.

    FILE is JSON: {"sla": {"policies": [...]}, "calendars": {...}}, as `GET /api/v1/sla-policies` and `/calendars` show
    them; without calendars, those in force. docs/sla.md explains every word.
    """
    try:
        other = read_other(file.read_bytes())
    except InvalidField as error:
        raise Refused(f"{file}: {error}") from None

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        with progress() as bar:
            line = bar.add_task("Customers", total=None)
            try:
                found = await replay_sla(
                    desk.database, workspace.id, other, lambda customers: bar.update(line, completed=customers)
                )
            except InvalidField as error:
                raise Refused(f"{file}: {error}") from None
        data(msgspec.json.encode(found).decode() if as_json else _told(found))

    with_desk(work)


def _told(found: Replay) -> str:
    lines = [f"{found.customers} customers, {found.events} events, {found.tickets} tickets"]
    for words, tallies in (("Today", found.today), ("With these policies", found.then)):
        lines += ["", f"{words}:", *map(_line, tallies)]
        if not tallies:
            lines.append("  nothing is promised")
    return "\n".join(lines)


def _line(one: Tally) -> str:
    ended = one.met + one.missed
    share = f"{one.met / ended:.1%}" if ended else "-"
    rest = f"{one.met} met, {one.missed} missed ({share}); {one.stopped} ended unanswered, {one.going_on} going on"
    return f"  {one.policy:<20} {one.target:<16} {rest}"
