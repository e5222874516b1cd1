"""What colleagues did about tickets: whoever answered a story took its ticket, wrote notes, and resolved it at the
end."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from app.demo.cast import Name
from app.demo.dice import Dice
from app.demo.lists import COLLEAGUES
from app.demo.more_stories import STORIES
from timeline.commands import AddNote, Command, SetPriority, SetStatus, Tag
from timeline.events import Priority
from timeline.interactions import Interaction

URGENT: Final[dict[str, Priority]] = {
    "angry-escalation": "urgent",
    "parcel-stolen": "high",
    "damaged-on-arrival": "high",
}
TURNS: Final = {story.name.replace(" ", "-"): len(story.turns) for story in STORIES}
FORGOTTEN: Final = timedelta(days=4)
"""After so long nothing that has come to its end still stands open."""
LOCAL: Final = {name: local for local, name, _ in COLLEAGUES}


class Handled(msgspec.Struct, frozen=True, kw_only=True):
    """Commands of a colleague on the ticket of an item; with `takes` it becomes the colleague's own, with `gives`
    another's."""

    key: str
    at: datetime
    by: str
    item: Name
    takes: bool = False
    gives: str | None = None
    commands: tuple[Command, ...]


def handled(items: Sequence[Interaction], now: datetime) -> Iterator[Handled]:
    """What was done before `now` about the stories among `items`, which are in the order of time. A note bears its
    item's source id as key: it is written at the ticket and not handed in."""
    stories: dict[str, list[Interaction]] = {}
    for item in items:
        name, _, turn = item.source_id.rpartition("/")
        if turn.isdigit() and _slug(name) in TURNS:
            stories.setdefault(name, []).append(item)
    for name, turns in stories.items():
        yield from (one for one in _story(name, turns, now) if one.at < now)


def _slug(name: str) -> str:
    return next((slug for slug in TURNS if name.startswith(f"{slug}-")), "")


def _story(name: str, turns: Sequence[Interaction], now: datetime) -> Iterator[Handled]:
    dice, slug = Dice("handling", name), _slug(name)
    opening = next((turn for turn in turns if turn.kind in ("message", "call")), None)
    answer = next((turn for turn in turns if turn.data and "agent" in turn.data and turn.kind != "note"), None)
    if opening is None or opening.direction != "inbound" or answer is None or answer.data is None:
        return
    by, item = LOCAL[answer.data["agent"]], (opening.source, opening.source_id)
    first: list[Command] = [Tag(added=(slug.replace("-", " "),))]
    if slug in URGENT:
        first.append(SetPriority(priority=URGENT[slug]))
    taken = answer.occurred_at + timedelta(seconds=20)
    yield Handled(key=f"{name}/taken", at=taken, by=by, item=item, takes=True, commands=tuple(first))
    for turn in turns:
        if turn.kind == "note" and turn.occurred_at > taken:
            written = (AddNote(body=turn.body or ""),)
            yield Handled(key=turn.source_id, at=turn.occurred_at, by=by, item=item, commands=written)
    last = turns[-1]
    is_told = last.source_id.endswith(f"/{TURNS[slug]}")
    if is_told and (dice.happens("resolved", 92) or now - last.occurred_at > FORGOTTEN):
        at = last.occurred_at + timedelta(minutes=dice.number("after", 2, 40))
        done = (SetStatus(status="resolved"),)
        yield Handled(key=f"{name}/resolved", at=at, by=by, item=item, commands=done)
