"""The pictures of docs/tickets.md, drawn from what the fold says of small threads: `make docs` draws them again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from tests.laws.ticket_cases import MONDAY, Case, asked, case, day, decided, joined, noted, ordered, replied, said
from tests.laws.ticket_folding import Answer, Shown, folded, known_as
from tests.laws.ticket_records import OEvent, OMerge

FOLDER: Final = Path(__file__).parents[2] / "docs" / "tickets"
WIDTH: Final = 960
LEFT: Final = 176
RIGHT: Final = 30
LANE: Final = 62
BAR: Final = 38
DOTS: Final = {"email": "#2f6fb3", "chat": "#2f8f6b", "voice": "#7c5cbf", "orders": "#b7791f"}
BARS: Final = {
    "new": "#a9cbee", "open": "#a9cbee", "pending": "#f3dca4", "on_hold": "#e3d5f1", "resolved": "#b6dfc6",
    "closed": "#d5dae0",
}  # fmt: skip
STYLE: Final = (
    "text{fill:#1f2933}.soft{fill:#52606d;font-size:12px}.line{stroke:#9aa5b1;fill:none}"
    ".late{stroke:#9aa5b1;stroke-dasharray:3 3;fill:none}.seam{stroke:#c0392b;stroke-dasharray:5 4;stroke-width:1.5}"
)


@dataclass(frozen=True)
class Picture:
    """A thread over some days. `words` stand at its events; the moment of a merge is that of what came before it."""

    case: Case
    days: float
    words: Mapping[str, str]
    lanes: Mapping[str, str] = field(default_factory=lambda: {"a": "the thread"})


def thread(*things: Any) -> Case:
    return case("", things, {})


MATTERS: Final = Picture(
    thread(
        said("m", 0, subject="Broken lamp"), said("c", 1, kind="call", channel="voice"), replied("r", 1.5, ticket="m"),
        said("n", 2.2, subject="Invoice for May"), ordered("o", 3, "1001", channel="orders"),
        said("p", 3.8, channel="chat"), said("q", 4.6, subject="Re: Broken lamp"),
    ),
    5.5,
    {"m": "mail: Broken lamp", "c": "call", "r": "our reply", "n": "mail: Invoice for May", "o": "order 1001 sent",
     "p": "chat", "q": "mail: Re: Broken lamp"},
)  # fmt: skip
ENDS: Final = Picture(
    thread(
        said("m", 0, conversation="c"), replied("r", 1, conversation="c"), asked("e", 2.4, "m", "status", "resolved"),
        said("n", 6, conversation="c"), replied("s", 7, conversation="c"), asked("f", 8.4, "m", "status", "resolved"),
        said("o", 21, conversation="c"),
    ),
    23,
    {"m": "mail", "r": "reply", "e": "resolved", "n": "mail", "s": "reply", "f": "resolved",
     "o": "mail"},
)  # fmt: skip
LATE: Final = Picture(
    thread(
        said("m", 0, subject="Broken lamp"), replied("r", 1, ticket="m"), asked("e", 2, "m", "status", "closed"),
        said("n", 9, subject="Invoice"),
        said("o", 1.5, known=10), said("p", 4.5, known=10.6),
    ),
    12,
    {"m": "mail", "r": "reply", "e": "closed", "n": "mail: Invoice", "o": "mail, late", "p": "mail, late"},
)  # fmt: skip
SIDES: Final = (
    said("m", 0, subject="Broken lamp"), said("n", 1, channel="chat", who="b"), joined("a", "b"),
    said("o", 2.6, channel="chat", who="b"),
    said("p", 3.3, subject="Re: Broken lamp", who="b"), asked("e", 4.2, "m", "status", "resolved", about="p", who="b"),
)  # fmt: skip
LANES: Final = {"a": "jane@example.com", "b": "Jane on chat"}
SAID: Final = {"m": "mail: Broken lamp", "n": "chat", "o": "chat", "p": "mail: Re: Broken lamp",
               "e": "resolved"}  # fmt: skip
MERGED: Final = Picture(thread(*SIDES), 5.4, SAID, LANES)
JOINED: Final = Picture(thread(decided(on_link="join"), *SIDES), 5.4, SAID, LANES)
UNMERGED: Final = Picture(thread(*(thing for thing in SIDES if not isinstance(thing, OMerge))), 5.4, SAID, LANES)
TALK: Final = (
    said("m", 0), replied("r", 0.4), said("n", 1.8, channel="chat"), replied("s", 2.1, channel="chat"),
    said("c", 4, kind="call", channel="voice"), noted("t", 4.6, ticket="c"),
)  # fmt: skip
SPOKEN: Final = {"m": "mail", "r": "reply", "n": "chat", "s": "reply", "c": "call", "t": "note"}
THREE_DAYS: Final = Picture(thread(*TALK), 5.4, SPOKEN)
ONE_DAY: Final = Picture(thread(decided(continues={"gap": "1 day"}), *TALK), 5.4, SPOKEN)

PICTURES: Final = {
    "matters": MATTERS,
    "ends": ENDS,
    "late": LATE,
    "merged": MERGED,
    "joined": JOINED,
    "unmerged": UNMERGED,
    "three-days": THREE_DAYS,
    "one-day": ONE_DAY,
}


def drawn(picture: Picture) -> str:
    """The picture as SVG: the contacts' lanes above, their tickets below."""
    lanes = {contact: 40 + LANE * at for at, contact in enumerate(picture.lanes)}
    first_bar = 40 + LANE * len(lanes) + 6
    final = folds(picture.case)[-1]
    opened = sorted(final[0], key=lambda ticket: final[0][ticket]["opened_position"])
    rows = {ticket: first_bar + BAR * at for at, ticket in enumerate(opened)}
    height = first_bar + BAR * len(rows) + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="system-ui, sans-serif" font-size="13">',
        f'<style>{STYLE}</style><rect width="{WIDTH}" height="{height}" fill="#f5f7fa" rx="10"/>',
        *days(picture, height),
        *seams(picture, height),
        *bars(picture, rows),
        *lines(picture, lanes),
        *dots(picture, lanes, rows, final),
    ]
    return "\n".join([*parts, "</svg>", ""])


def folds(drawn: Case) -> list[Answer]:
    """What the fold says after each thing, in order of position."""
    things = sorted([*drawn.events, *drawn.merges], key=lambda thing: thing.position)
    homes = {known_as(contact): known_as(home) for contact, home in drawn.homes.items()}
    return [
        folded(
            [replace(thing, contact=known_as(thing.contact)) for thing in things[:end] if isinstance(thing, OEvent)],
            [OMerge(t.position, known_as(t.a), known_as(t.b)) for t in things[:end] if isinstance(t, OMerge)],
            homes,
            drawn.policies,
        )
        for end in range(1, len(things) + 1)
    ]


def across(picture: Picture, moment: datetime) -> float:
    passed = (moment - MONDAY) / timedelta(days=picture.days)
    return round(LEFT + 20 + min(max(passed, 0), 1) * (WIDTH - LEFT - RIGHT - 40), 1)


def days(picture: Picture, height: int) -> list[str]:
    step = 1 if picture.days < 13 else 7
    return [
        f'<text x="{across(picture, day(number))}" y="{height - 10}" class="soft" text-anchor="middle">'
        f"day {number}</text>"
        for number in range(0, int(picture.days) + 1, step)
    ]


def seams(picture: Picture, height: int) -> list[str]:
    found: list[str] = []
    for merge in picture.case.merges:
        before = max(event.recorded for event in picture.case.events if event.position < merge.position)
        x = across(picture, before + timedelta(hours=18))
        found.append(f'<line x1="{x}" y1="18" x2="{x}" y2="{height - 28}" class="seam"/>')
        found.append(f'<text x="{x + 5}" y="24" class="soft">found to be one person</text>')
    return found


def lines(picture: Picture, lanes: Mapping[str, int]) -> list[str]:
    found: list[str] = []
    for contact, y in lanes.items():
        found.append(f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" class="line"/>')
        found.append(f'<text x="16" y="{y + 4}">{escape(picture.lanes[contact])}</text>')
    return found


def bars(picture: Picture, rows: Mapping[Any, int]) -> list[str]:
    """A ticket's states over time, and at the end of its line what it is."""
    found: list[str] = []
    for number, (ticket, y) in enumerate(rows.items(), 1):
        spans = stretches(picture, ticket)
        for start, end, status in spans:
            x, right = across(picture, start), across(picture, end)
            found.append(
                f'<rect x="{x - 9}" y="{y}" width="{max(round(right - x, 1), 18)}" height="24" rx="4" '
                f'fill="{BARS[status]}"><title>{status}</title></rect>'
            )
        found.append(f'<text x="16" y="{y + 16}">{escape(f"#{number}, {told(picture, ticket, rows)}")}</text>')
    return found


def told(picture: Picture, ticket: Any, rows: Mapping[Any, int]) -> str:
    state = states(picture)[-1][1][ticket]
    for field_, words in (("joined_into", "in"), ("follow_up_of", "after")):
        if state[field_] is not None:
            return f"{words} #{list(rows).index(state[field_]) + 1}"
    return stretches(picture, ticket)[-1][2]


def states(picture: Picture) -> Sequence[tuple[datetime, Mapping[Any, Shown]]]:
    """Every ticket after each event, with the moment at which that was known."""
    things = sorted([*picture.case.events, *picture.case.merges], key=lambda thing: thing.position)
    found: list[tuple[datetime, Mapping[Any, Shown]]] = []
    for thing, answer in zip(things, folds(picture.case), strict=True):
        moment = thing.recorded if isinstance(thing, OEvent) else found[-1][0] + timedelta(hours=18)
        found.append((moment, answer[0]))
    return found


def stretches(picture: Picture, ticket: Any) -> list[tuple[datetime, datetime, str]]:
    """(from, until, status), with what silence does at its time. One that came late begins when it was meant."""
    end = day(picture.days)
    found: list[tuple[datetime, datetime, str]] = []
    seen = [(moment, tickets[ticket]) for moment, tickets in states(picture) if ticket in tickets]
    for at, (moment, state) in enumerate(seen):
        until = seen[at + 1][0] if at + 1 < len(seen) else end
        start = min(moment, state["opened_at"]) if at == 0 else moment
        if state["joined_into"] is not None:
            break
        closes = state["closes_at"]
        spans = [(start, closes, state["status"]), (closes, until, "closed")]
        for span in spans if closes is not None and closes < until else [(start, until, state["status"])]:
            same = bool(found) and found[-1][2] == span[2]
            found[-1:] = [(found[-1][0], span[1], span[2])] if same else [*found[-1:], span]
    if seen[0][1]["status"] == "closed":
        found = [(seen[0][1]["opened_at"], seen[0][1]["opened_at"] + timedelta(hours=1), "closed")]
    return found


def dots(picture: Picture, lanes: Mapping[str, int], rows: Mapping[Any, int], final: Answer) -> list[str]:
    """An event on its lane with its words, and on the line of the ticket that it belongs to."""
    found: list[str] = []
    holders = dict(final[1])
    above: dict[str, list[float]] = {}
    for event in sorted(picture.case.events, key=lambda event: event.shown):
        x, y = across(picture, event.shown), lanes[event.contact]
        crowded = any(abs(x - other) < 120 for other in above.get(event.contact, [])[-1:])
        above.setdefault(event.contact, []).append(-1000 if crowded else x)
        mark = dot(event, x, y)
        if event.recorded > event.shown:
            known = across(picture, event.recorded)
            found.append(f'<path d="M{known} {y} C{known} {y + 22} {x} {y + 22} {x} {y}" class="late"/>')
            found.append(f'<circle cx="{known}" cy="{y}" r="3" fill="#9aa5b1"><title>when it came</title></circle>')
        found.append(mark)
        found.append(
            f'<text x="{x if x > LEFT + 30 else x - 9}" y="{y + (24 if crowded else -14)}" '
            f'text-anchor="{"middle" if x > LEFT + 30 else "start"}" class="soft">'
            f"{escape(picture.words[event.id])}</text>"
        )
        if (ticket := holders.get(known_as(event.id))) is not None:
            while (into := final[0][ticket]["joined_into"]) is not None:
                ticket = into
            found.append(dot(event, x, rows[ticket] + 12))
    return found


def dot(event: OEvent, x: float, y: int) -> str:
    if event.sets is not None:
        return f'<rect x="{x - 5}" y="{y - 5}" width="10" height="10" fill="#1f2933"/>'
    color = DOTS[event.channel or "email"] if event.kind != "note" else "#52606d"
    if event.direction == "outbound":
        return f'<circle cx="{x}" cy="{y}" r="6" fill="#fff" stroke="{color}" stroke-width="2.5"/>'
    return f'<circle cx="{x}" cy="{y}" r="7" fill="{color}"/>'


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, picture in PICTURES.items():
        (FOLDER / f"{name}.svg").write_text(drawn(picture))


if __name__ == "__main__":
    main()
