"""A leaf of a thread, a page of its items as one reads it: the oldest first, with days, talks, folded changes, and the
tickets as spans beside them. Pure: items and zones in, rows out.

A leaf is told what runs on at its border (`Border`), so that spans and days go on from one leaf to the next.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Literal
from uuid import UUID

import msgspec

from app.console.rendering import day, stamp
from app.console.sayings import File, Speaker
from app.signed_in import Who
from timeline.items import Item
from timeline.tickets.projection import TicketRef

LANES: Final = 4
FOLDED_FROM: Final = 3
"""So many changes in a row become one line."""
ENDED: Final = frozenset({"resolved", "closed"})
LATE: Final = timedelta(hours=1)
ONE_BREATH: Final = timedelta(minutes=15)
MOST_BODY: Final = 3_000
MOST_FILES: Final = 20
SEAMS: Final = frozenset({"CustomersMerged", "CustomersUnmerged", "ContactsSplit", "ItemPlaced", "DecisionUndone"})
QUIET: Final = frozenset({"MailSettled"})
"""Changes that an item shows on itself."""

Look = Literal["in", "out", "note", "card", "change", "seam"]


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket's span beside one row. `lane` is -1 where others take all the room."""

    number: int
    lane: int
    is_open: bool
    begins: bool = False
    ends: bool = False


class _Mail(msgspec.Struct, frozen=True, kw_only=True):
    html: bool = False
    quoted_at: int | None = None
    signed_at: int | None = None
    attachments: list[File | str] = []
    """Of what was sent from here only their ids."""


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """What of an item's own data a leaf shows."""

    mail: _Mail | None = None
    decision: UUID | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row: an item, or several changes (`folded`) in one line. `said` and
    `rest` are its text before and behind what may be folded; `cut` is how much of it is not shown."""

    item: Item
    look: Look
    who: str
    what: str
    clock: str
    theirs: str
    day: str
    day_key: str
    subject: str = ""
    goes_on: bool = False
    begins: tuple[TicketRef, ...] = ()
    bars: tuple[Bar, ...] = ()
    folded: tuple["Row", ...] = ()
    said: str = ""
    rest: str = ""
    cut: int = 0
    late: bool = False
    late_on: int = 0
    """So many after it came late together with it."""
    decision: UUID | None = None
    letter: bool = False
    files: tuple[File, ...] = ()

    @property
    def stamp(self) -> str:
        return stamp(self.item.shown_at)


class Border(msgspec.Struct, frozen=True, kw_only=True):
    """What stands at the edge that a leaf is put to: the lanes of the tickets that go on over it, and the day of the
    last row there (for newer leaves)."""

    lanes: Mapping[int, int] = {}
    open: frozenset[int] = frozenset()
    day: str = ""

    @property
    def text(self) -> str:
        """As an address carries it; a lane of an open ticket counts from `LANES` on."""
        return "-".join(f"{one}.{lane + LANES * (one in self.open)}" for one, lane in self.lanes.items())


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """Rows, and what stands at either edge for the leaves beside."""

    rows: list[Row]
    older: Border
    newer: Border


_said: Final = msgspec.json.Decoder(_Said)
_PLAIN: Final = _Said()
_NOTHING: Final = Border()
_ANSWERS: Final = re.compile(r"(?:\s*(?:re|aw|sv|antw|fwd?|wg)\s*:)+", re.IGNORECASE)
_WRITTEN: Final = frozenset(str(lane) for lane in range(2 * LANES))


def read_border(text: str, day: str = "") -> Border:
    """A border out of an address; what is none is left out."""
    lanes: dict[int, int] = {}
    is_open: set[int] = set()
    for one in text[:200].split("-"):
        number, _, lane = one.partition(".")
        if f"{number}{lane}".isascii() and number.isdigit() and lane in _WRITTEN:
            lanes[int(number)] = int(lane) % LANES
            is_open |= {int(number)} if int(lane) >= LANES else set()
    return Border(lanes=lanes, open=frozenset(is_open), day=day[:10])


class Clocks:
    """Where times are shown: where the agent is, and where the customer is, if that is known."""

    def __init__(self, who: Who | None, theirs: tzinfo | None, now: datetime) -> None:
        self.ours: tzinfo = who.clock if who is not None else UTC
        self._who, self._theirs, self._now = who, theirs, now
        self._days: dict[str, str] = {}

    def of_customer(self, at: datetime, here: datetime) -> str:
        """The customer's clock where it differs."""
        there = at.astimezone(self._theirs) if self._theirs is not None else here
        return "" if there.utcoffset() == here.utcoffset() else f"{there:%H:%M}"

    def day(self, at: datetime, key: str) -> str:
        if key not in self._days:
            self._days[key] = day(at, self._who, self._now)
        return self._days[key]


def lay_out(
    items: Sequence[Item],
    speaker: Speaker,
    clocks: Clocks,
    *,
    older: Border = _NOTHING,
    newer: Border = _NOTHING,
) -> Leaf:
    """`items` come newest first. `older` is the border of the leaf above, `newer` of the one below; a lane of -1 there
    is any."""
    bare = list(_without_echoes(_row(item, speaker, clocks) for item in reversed(items)))
    bars, begins = _bars(bare, older, newer), _begins(bare)
    rows = [
        msgspec.structs.replace(
            row, bars=beside, begins=new, goes_on=on, subject=subject, late=late > 0, late_on=max(0, late - 1), day=day
        )
        for row, beside, new, on, subject, late, day in zip(
            bare, bars, begins, _goings_on(bare, begins), _subjects(bare), _lates(bare), _days(bare, older.day),
            strict=True,
        )
    ]  # fmt: skip
    above = [bar for bar in rows[0].bars if not bar.begins] if rows else []
    below = [bar for bar in rows[-1].bars if not bar.ends] if rows else []
    day = rows[-1].day_key if rows else older.day
    return Leaf(
        rows=_folded(rows),
        older=_border(above) if rows else newer,
        newer=msgspec.structs.replace(_border(below) if rows else older, day=day),
    )


def _border(bars: Sequence[Bar]) -> Border:
    return Border(
        lanes={bar.number: bar.lane for bar in bars}, open=frozenset(bar.number for bar in bars if bar.is_open)
    )


def _row(item: Item, speaker: Speaker, clocks: Clocks) -> Row:
    here = item.shown_at.astimezone(clocks.ours)
    data, key = _decoded(item), here.date().isoformat()
    change = item.kind == "change"
    mail = data.mail or _Mail()
    said, rest, cut = _parted(item.body or "", mail)
    return Row(
        item=item,
        look=_look(item),
        who=speaker.who(item),
        what=speaker.what(item) if change else "",
        clock=f"{here:%H:%M}",
        theirs=clocks.of_customer(item.shown_at, here),
        day=clocks.day(item.shown_at, key),
        day_key=key,
        said=said,
        rest=rest,
        cut=cut,
        late=not item.history and not change and item.recorded_at - item.occurred_at >= LATE,
        decision=data.decision or (item.why.decision if item.type in SEAMS else None),
        letter=mail.html and not item.erased,
        files=() if item.erased else _files(item, mail, speaker),
    )


def _files(item: Item, mail: _Mail, speaker: Speaker) -> tuple[File, ...]:
    said = tuple(one for one in mail.attachments if isinstance(one, File))
    return (said or speaker.enclosed.get(item.event_id, ()))[:MOST_FILES]


def _decoded(item: Item) -> _Said:
    try:
        return _said.decode(item.data) if item.data != b"null" else _PLAIN
    except msgspec.ValidationError:
        return _PLAIN


def _look(item: Item) -> Look:
    if item.kind == "change":
        return "seam" if item.type in SEAMS else "change"
    if item.kind == "note":
        return "note"
    if item.kind in ("message", "call"):
        return "out" if item.direction == "outbound" else "in"
    return "card"


def _parted(body: str, mail: _Mail) -> tuple[str, str, int]:
    """A text, what of it may be folded (quotes and signature, from whichever comes first), and how much is cut off."""
    marks = [at for at in (mail.quoted_at, mail.signed_at) if at is not None and 0 <= at < len(body)]
    at = min(marks, default=len(body))
    said, rest = body[:at].rstrip(), body[at:].strip()
    if not said:
        said, rest = rest, ""
    return said[:MOST_BODY], rest[:MOST_BODY], max(0, len(said) - MOST_BODY) + max(0, len(rest) - MOST_BODY)


def _bars(rows: Sequence[Row], older: Border, newer: Border) -> list[tuple[Bar, ...]]:
    """The spans beside each row. A ticket runs from its first row here, or from the top where it opened earlier, to its
    last, or to the bottom where it goes on."""
    spans: dict[int, _Span] = {}
    last = len(rows) - 1
    for at, row in enumerate(rows):
        for ticket in row.item.tickets:
            span = spans.setdefault(ticket.number, _Span(at, ticket.status not in ENDED))
            span.stop, span.began = at, span.began or ticket.id == row.item.event_id
    for number in newer.lanes:
        spans.setdefault(number, _Span(0, number in newer.open)).stop = last
    for number, span in spans.items():
        if not span.began or number in older.lanes:
            span.start, span.began = 0, False
        span.goes_on = number in newer.lanes
    lanes = _lanes(spans, {**newer.lanes, **older.lanes})
    beside: list[list[Bar]] = [[] for _ in rows]
    for number, span in sorted(spans.items(), key=lambda one: lanes[one[0]]):
        for at in range(span.start, span.stop + 1 if rows else 0):
            begins, ends = at == span.start and span.began, at == span.stop and not span.goes_on
            beside[at].append(Bar(number=number, lane=lanes[number], is_open=span.is_open, begins=begins, ends=ends))
    return [tuple(bars) for bars in beside]


class _Span:
    """The rows beside which a ticket is drawn."""

    def __init__(self, at: int, is_open: bool) -> None:
        self.start, self.stop, self.is_open = at, at, is_open
        self.began = self.goes_on = False


def _begins(rows: Sequence[Row]) -> list[tuple[TicketRef, ...]]:
    """A ticket is named beside its first row, and its bar tells it from there."""
    named: set[int] = set()
    found: list[tuple[TicketRef, ...]] = []
    for row in rows:
        found.append(tuple(ticket for ticket in row.item.tickets if ticket.number not in named))
        named.update(ticket.number for ticket in row.item.tickets)
    return found


def _lanes(spans: Mapping[int, _Span], beside: Mapping[int, int]) -> dict[int, int]:
    """A lane each: the one of the leaf beside where it goes on there, else the first that is free; the last for all
    that find none."""
    lanes = {number: lane for number, lane in beside.items() if number in spans and lane >= 0}
    taken: dict[int, list[_Span]] = {}
    for number, lane in lanes.items():
        taken.setdefault(lane, []).append(spans[number])
    for number, span in sorted(spans.items(), key=lambda one: (one[1].start, one[0])):
        if number not in lanes:
            lanes[number] = next((lane for lane in range(LANES) if _is_free(taken.get(lane, ()), span)), LANES - 1)
            taken.setdefault(lanes[number], []).append(span)
    return lanes


def _is_free(taken: Iterable[_Span], span: _Span) -> bool:
    return all(span.stop < one.start or span.start > one.stop for one in taken)


def _subjects(rows: Sequence[Row]) -> Iterator[str]:
    """A talk's subject is said once."""
    subjects: dict[str | None, str] = {}
    for item in (row.item for row in rows):
        subject = bare_subject(item.subject) if item.subject else ""
        is_new = bool(subject) and (item.conversation is None or subjects.get(item.conversation) != subject)
        subjects[item.conversation] = subject or subjects.get(item.conversation, "")
        yield (item.subject or "") if is_new else ""


def bare_subject(subject: str) -> str:
    """Without what answering and passing on put before it."""
    return _ANSWERS.sub("", subject).strip().casefold()


def _goings_on(rows: Sequence[Row], begins: Sequence[tuple[TicketRef, ...]]) -> Iterator[bool]:
    """Of what one side says in one breath, the first row alone says who and where."""
    before: Row | None = None
    for row, new in zip(rows, begins, strict=True):
        yield before is not None and not new and _goes_on(before, row)
        before = row


def _goes_on(before: Row, row: Row) -> bool:
    one, other = before.item, row.item
    return (
        row.look in ("in", "out", "note")
        and before.look == row.look
        and before.who == row.who
        and one.channel == other.channel
        and one.conversation == other.conversation
        and other.shown_at - one.shown_at < ONE_BREATH
        and before.day_key == row.day_key
        and other.subject in (None, one.subject)
    )


def _lates(rows: Sequence[Row]) -> list[int]:
    """Of a run that came late at one time, the first row says so for all: of how many. Elsewhere it is 0."""
    told = [0] * len(rows)
    first: int | None = None
    before: datetime | None = None
    for at, row in enumerate(rows):
        known = row.item.recorded_at
        if row.look == "change":
            continue
        goes_on = row.late and first is not None and before is not None and abs(known - before) < ONE_BREATH
        first = (first if goes_on else at) if row.late else None
        if first is not None:
            told[first] += 1
        before = known
    return told


def _days(rows: Sequence[Row], day: str) -> Iterator[str]:
    """A day stands on its first row alone."""
    for row in rows:
        yield "" if row.day_key == day else row.day
        day = row.day_key


def _folded(rows: Sequence[Row]) -> list[Row]:
    """Many changes in a row are one line; those that an item shows on itself are none."""
    told: list[Row] = []
    run: list[Row] = []
    for row in rows:
        if row.look == "change" and not (run and row.day):
            run.append(row)
            continue
        told += _one_line(run)
        run = [row] if row.look == "change" else []
        if row.look != "change":
            told.append(row)
    return told + _one_line(run)


def _without_echoes(rows: Iterable[Row]) -> Iterator[Row]:
    """Without what an item shows on itself; and a decision, which lies in the streams of both sides, is told once."""
    told: set[tuple[str, UUID | None]] = set()
    for row in rows:
        decided = (row.item.type, row.decision)
        if row.item.type in QUIET or (row.look == "seam" and decided in told):
            continue
        told.add(decided)
        yield row


def _one_line(run: list[Row]) -> list[Row]:
    return run if len(run) < FOLDED_FROM else [msgspec.structs.replace(run[-1], day=run[0].day, folded=tuple(run))]
