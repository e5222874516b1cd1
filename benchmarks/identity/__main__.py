"""`make identity-bench`: replay sets with known truth through the API of a house of its own and print how right it
is; or, with --decision, what it costs."""

import argparse
import asyncio
import json
import re
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from benchmarks import house
from benchmarks.identity import deciding, sets, sheet
from benchmarks.identity.promises import OF
from benchmarks.identity.records import ORDERS, SHUFFLE, Record, in_order, read_records, whole_persons
from benchmarks.identity.replay import Replay, Way, replay
from benchmarks.table import Line

RESULTS = Path(__file__).parents[1] / "identity-results.md"

Sets = dict[str, Callable[[], list[Record]]]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    parser = _parser()
    asked = parser.parse_args()
    if asked.write and (asked.limit or asked.contacts != deciding.CONTACTS):
        parser.error("a part of a set is a look, and not written.")
    chosen = _chosen(asked)
    with house.installation(_free_port()) as where:
        replays = [
            one
            for name, load in chosen.items()
            for one in _replay_set(where, name, whole_persons(load(), asked.limit), asked)
        ]
        decisions = _decide(where, asked) if asked.decision else []
    text = sheet.render(replays, decisions, asked.held_to, _how(asked))
    print(text, end="")
    if asked.write:
        RESULTS.write_text(text, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.identity", description=__doc__)
    add = parser.add_argument
    add("--sets", type=_names, help=f"of {', '.join(sets.SETS)}; by default the public ones that are there")
    add("--file", type=Path, action="append", default=[], help="NDJSON in the API's shape, each line with a `truth`")
    add("--truth", type=Path, help="lines of {source_id, person, trap?} where --file has no `truth`")
    add("--held-to", choices=OF, help="the promises for a --file")
    add("--orders", type=_orders, default=["stored"], help=f"of {', '.join(ORDERS)} (shuffleN: by the seed N), or all")
    add("--limit", type=int, help="a look: about so many contacts of each set, of whole persons")
    add("--batch", type=int, default=100, help="interactions a request")
    add("--single", dest="batch", action="store_const", const=1, help="one by one, with the time of each")
    add("--region", help="of the workspaces, such as AU; none by default")
    add("--policy", type=json.loads, help='of identity for all of them, such as \'{"claims": "personal"}\'')
    add("--decision", action="store_true", help="the cost of a push beside many contacts; alone, no set is replayed")
    add("--contacts", type=int, default=deciding.CONTACTS, help="how many those are")
    add("--pushes", type=int, default=deciding.PUSHES)
    add("--write", action="store_true", help=f"keep the tables in {RESULTS.name}")
    return parser


def _names(text: str) -> Sequence[str]:
    wanted = sets.PUBLIC if text == "all" else text.split(",")
    for name in wanted:
        if name not in sets.SETS:
            raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(sets.SETS)}")
    return wanted


def _orders(text: str) -> Sequence[str]:
    wanted = ORDERS if text == "all" else text.split(",")
    for order in wanted:
        if order not in ORDERS and not re.fullmatch(rf"{SHUFFLE}\d+", order):
            raise argparse.ArgumentTypeError(f"{order} is none of {', '.join(ORDERS)}")
    return wanted


def _chosen(asked: argparse.Namespace) -> Sets:
    """The files and the sets asked for; of the public ones those that are on this machine."""
    chosen: Sets = {
        path.name.partition(".")[0]: lambda path=path: read_records(path, asked.truth) for path in asked.file
    }
    wanted = asked.sets or ([] if asked.file or asked.decision else sets.PUBLIC)
    for name in wanted:
        if name in sets.PUBLIC and not sets.DATA.exists():
            say(f"{name} is left out: there is no {sets.DATA}.")
        else:
            chosen[name] = sets.SETS[name]
    return chosen


def _replay_set(where: house.House, name: str, records: Sequence[Record], asked: argparse.Namespace) -> list[Replay]:
    return [_replay(where, name, order, in_order(records, order), asked) for order in asked.orders]


def _replay(where: house.House, name: str, order: str, records: Sequence[Record], asked: argparse.Namespace) -> Replay:
    say(f"Replaying {len(records):,} records of {name}, {order} …")
    done = asyncio.run(replay(where, name, order, records, _way(asked)))
    for (source, source_id), why in list(done.pushed.refused.items())[:5]:
        say(f"  refused {source} {source_id}: {why}")
    say(
        f"  {done.figures.contacts:,} contacts in {done.pushed.seconds:.0f} s, {len(done.pushed.refused):,} refused: "
        f"pairs {done.figures.pair_precision:.4f} / {done.figures.pair_recall:.4f}, B³ {done.figures.b3_f1:.4f}"
    )
    return done


def _decide(where: house.House, asked: argparse.Namespace) -> list[Line]:
    say(f"Filling a workspace with {asked.contacts:,} contacts, then {asked.pushes:,} pushes …")
    return asyncio.run(
        deciding.measure(
            where, asked.contacts, asked.pushes, msgspec.structs.replace(_way(asked), batch=max(asked.batch, 2))
        )
    )


def _way(asked: argparse.Namespace) -> Way:
    return Way(batch=asked.batch, region=asked.region, policy=asked.policy)


def _how(asked: argparse.Namespace) -> str:
    pushed = "single pushes" if asked.batch == 1 else f"batches of {asked.batch}"
    look = f"; a look at about {asked.limit:,} contacts of each set, no figures that count" if asked.limit else ""
    region = f"; region {asked.region}" if asked.region else ""
    policy = f"; policy {json.dumps(asked.policy)}" if asked.policy else ""
    return f"{pushed}{region}{policy}{look}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


if __name__ == "__main__":
    main()
