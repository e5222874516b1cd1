"""What was answered to the cast, and how those tickets ended: nothing of months ago stands open."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from app.demo.cast import CLARE, JAMES, RUTH, SCHOOL
from app.demo.handling import LOCAL, Handled
from app.demo.people import Person
from app.demo.script import message
from timeline.commands import AddNote, Command, SetStatus
from timeline.interactions import Interaction

MAREN, TOM, PRIYA, EWAN = tuple(LOCAL)[:4]
MAILROOM: Final = "northfold-mailroom"
FORM: Final = "northfold-contact-form"


class Answer(NamedTuple):
    """To an item so many days before the anchor, `after` hours of that day's beginning. Without a person, who cannot be
    written to, it is a note."""

    source: str
    item: str
    days: int
    after: int
    by: str
    words: str | None
    person: Person | None = None
    channel: str = "email"
    conversation: str = ""


ANSWERS: Final = (
    Answer(MAILROOM, "school/0", 240, 13, MAREN, "Hello Mrs Kerr,\n\nthe invoice with your order number is attached.\n\nMaren", SCHOOL, "email", "school-0"),
    Answer(MAILROOM, "school/1", 120, 12, TOM, "Hello Mr Obi,\n\ngladly: a Wasdale goes out to you on the 10th, and nobody has to give it back clean.\n\nTom", SCHOOL, "email", "school-1"),
    Answer(MAILROOM, "school/2", 15, 11, PRIYA, "Hello Mrs Kerr,\n\nthank you, the carrier has the new code.\n\nPriya", SCHOOL, "email", "school-2"),
    Answer("northfold-text-line", "family/0", 180, 15, EWAN, "They can: bring or send them, it takes two weeks. Ewan, Northfold", CLARE, "sms", "family-0"),
    Answer("northfold-text-line", "family/1", 60, 15, PRIYA, "Hello Dan, it is. A new mat is on its way, keep the old one for picnics. Priya", CLARE, "sms", "family-1"),
    Answer(MAILROOM, "carter/1", 98, 11, PRIYA, "Hello James,\n\nthey are, until next spring. What is wrong with them?\n\nPriya", JAMES, "email", "carter"),
    Answer(MAILROOM, "forwarded/1", 87, 10, EWAN, "Hello Ruth,\n\nit is usual, and it goes: another week of walking. I have written it down with Adam's boots.\n\nEwan", RUTH, "email", "forwarded"),
    Answer(MAILROOM, "thornton/0", 58, 13, EWAN, None),
    Answer(MAILROOM, "thornton/1", 4, 13, EWAN, None),
    Answer(FORM, "open-form/1", 33, 18, MAREN, "Not signed in, and asks for card digits. Told nothing; rang Oliver Grant on the number of his account, who had asked nothing."),
    Answer(FORM, "open-form/2", 75, 18, TOM, "Not signed in. The refund went out on Monday; Ruth Bell has it in her account's mail."),
)  # fmt: skip


def answers(anchor: datetime) -> Iterator[Interaction]:
    """What was written to them."""
    for one in ANSWERS:
        if one.person is not None:
            yield message(
                one.person, one.channel, f"{one.item}/answered", _at(one, anchor), one.words or "", one.by, None,
                one.conversation,
            )  # fmt: skip


def ended(anchor: datetime) -> Iterator[Handled]:
    """Taken by who answered, and resolved."""
    for one in ANSWERS:
        commands: list[Command] = [] if one.person or one.words is None else [AddNote(body=one.words)]
        yield Handled(
            key=f"answers/{one.item}",
            at=_at(one, anchor) + timedelta(minutes=3),
            by=LOCAL[one.by],
            item=(one.source, one.item),
            takes=True,
            commands=(*commands, SetStatus(status="resolved")),
        )


def _at(one: Answer, anchor: datetime) -> datetime:
    return anchor - timedelta(days=one.days) + timedelta(hours=one.after, minutes=20)
