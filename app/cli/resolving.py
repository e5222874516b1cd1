"""`throughline resolve`."""

from collections import Counter
from typing import Any, Final

import click
import msgspec

from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.words import data, failing_in_words, progress, say
from app.resolving import PHASES, Pass, Phase, Stand
from identity.second_look import End, Finding, Kind

SHOWN: Final = 20
_PHASES: Final[dict[Phase, str]] = {
    "keys": "Keys of homes",
    "values": "Values of customers",
    "numbers": "Learning again",
    "customers": "Customers",
}
_WORDS: Final[dict[Kind, tuple[str, str]]] = {
    "link": ("would be linked", "was linked"),
    "ask": ("would be asked about", "is asked about"),
    "unlink": ("would be proposed for unlinking", "is proposed for unlinking"),
}


@click.command()
@click.option("--apply", is_flag=True, help="Do it: link, and ask about what is unsure.")
@click.option("--limit", type=click.IntRange(0), help=f"Show so many of each kind with words; {SHOWN} by default.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object each: all of them, or --limit; counts at last.")
@workspace_option
@failing_in_words
def resolve(apply: bool, limit: int | None, as_json: bool, slug: str | None) -> None:
    """Go over everybody who is there: who is one person by what is known today?

    First counts again what identity keeps of its contacts (blocking keys, how common values are, what was never
    learned). Then looks at each customer as if it came today, with all its keys: with whom it is one, whom to ask
    about, and which contacts were linked by a value that is several people's by now. Without --apply that is only
    shown, and a link that makes another possible is not followed.

    Works beside a running server, in short transactions, under the policy of `throughline identity policy`: by proof
    alone where that says so, never against a person's word, and never more questions than it allows. Cut short, it
    goes on from there when it is started again within a day.
    """

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        shown = Shown(apply=apply, most=limit if limit is not None or as_json else SHOWN, as_json=as_json)
        with progress() as bar:
            lines = {phase: bar.add_task(words, total=None, visible=False) for phase, words in _PHASES.items()}

            def told(phase: Phase, done: int) -> None:
                bar.update(lines[phase], completed=done, visible=True)

            one = Pass(desk.database, workspace, apply=apply, told=told, tell=shown)
            if await one.resume():
                say(f"Goes on where it was cut short: {PHASES.index(one.stand.phase)} of {len(PHASES)} parts are done.")
            stand = await one.run()
        data(_counted(stand, apply) if as_json else _told(stand, workspace.slug, apply))
        if not apply and (stand.links or stand.asked or stand.unlinks):
            say("Nothing of this was changed: --apply does it.")

    with_desk(work)


class Shown:
    """Shows findings as they come, at most so many of a kind."""

    def __init__(self, *, apply: bool, most: int | None, as_json: bool) -> None:
        self._apply = apply
        self._most = most
        self._as_json = as_json
        self._shown: Counter[Kind] = Counter()

    def __call__(self, finding: Finding) -> None:
        if self._most is not None and self._shown[finding.kind] >= self._most:
            return
        self._shown[finding.kind] += 1
        said = _WORDS[finding.kind][self._apply]
        data(msgspec.json.encode(finding).decode() if self._as_json else in_lines(finding, said))


def in_lines(finding: Finding, said: str) -> str:
    """Both ends, what is said of them, and why."""
    grade = f" ({finding.grade})" if finding.grade else ""
    head = f"{_end(finding.a)}, {_end(finding.b)}: {said}{grade}, one person: {finding.probability:.1%}"
    return "\n".join([head, *(f"     {words}" for words in finding.words)])


def _end(end: End) -> str:
    return f"{end.name or 'no name'} [contact {end.contact_id}, customer {end.customer_id}]"


def _counts(stand: Stand) -> dict[str, Any]:
    names = ("contacts", "customers", "keys", "values", "learned_again", "links", "asked", "unlinks", "left")
    return {name: getattr(stand, name) for name in names}


def _counted(stand: Stand, apply: bool) -> str:
    return msgspec.json.encode({"kind": "counts", "applied": apply, **_counts(stand)}).decode()


def _told(stand: Stand, slug: str, apply: bool) -> str:
    lines = [
        f"{slug}: {stand.contacts} contacts of {stand.customers} customers",
        f"{stand.keys:>8} homes stood under other keys, {stand.values} values were counted otherwise",
    ]
    if stand.learned_again:
        lines.append("         what decisions teach was learned again from all contacts")
    found: list[tuple[int, str, Kind]] = [
        (stand.links, "pairs of customers", "link"),
        (stand.asked, "pairs of customers", "ask"),
        (stand.unlinks, "contacts", "unlink"),
    ]
    lines.extend(f"{count:>8} {what} {_plural(_WORDS[kind][apply])}" for count, what, kind in found)
    if stand.left:
        lines.append(f"{stand.left:>8} customers kept changing meanwhile and are left for the next time")
    return "\n".join(lines)


def _plural(words: str) -> str:
    return words.replace("was ", "were ").replace("is ", "are ")
