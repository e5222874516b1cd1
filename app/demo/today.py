"""What the desk is in the midst of when the demo is made: who waits, for whom it runs out in minutes, what is overdue
by hours, and what was missed and kept in the days before."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Final, Literal, NamedTuple

from app.demo.cast import HANNAH, LATEST_ORDER, RACHEL
from app.demo.dice import Dice
from app.demo.handling import LOCAL, Handled
from app.demo.lists import GOODS
from app.demo.more_stories import DELIVERY_DAY, PRICE_MATCH, SIZING
from app.demo.people import Person, crowd
from app.demo.script import in_hours, message, order_events, order_of, told
from app.demo.stories import ADDRESS_CHANGE, GIFT_CARD, MISSING_PART, WRONG_SIZE
from timeline.commands import AddNote, Command, SetPriority, SetStatus, Tag
from timeline.events import Priority
from timeline.interactions import Interaction

MAREN, TOM, PRIYA, EWAN, SOFIA = LOCAL.values()
RECENT: Final = (ADDRESS_CHANGE, GIFT_CARD, MISSING_PART, WRONG_SIZE, PRICE_MATCH, SIZING, DELIVERY_DAY)
LAST: Final = ("northfold-text-line", "today/next-door/1")
"""The item with which the demo ends."""


class Said(NamedTuple):
    """What was written, so many minutes before the end of its scene."""

    before: int
    who: Literal["in", "out", "note"]
    words: str


class Scene(NamedTuple):
    """A ticket of these days. It ends now, or with an hour of a day before the day of the demo; `by` has it from the
    first answer on, `to` was given it, and it was resolved so many minutes before the end."""

    key: str
    person: Person
    channel: str
    said: tuple[Said, ...]
    subject: str | None = None
    by: str = MAREN
    to: str | None = None
    tag: str | None = None
    priority: Priority | None = None
    resolved: int | None = None
    days: int | None = None
    hour: int = 0
    goes_on: str | None = None
    """The conversation of before that it belongs to."""

    def end(self, now: datetime) -> datetime:
        if self.days is None:
            return now
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight - timedelta(days=self.days) + timedelta(hours=self.hour)


@cache
def scenes() -> tuple[Scene, ...]:
    people = crowd()
    return (*_waiting(people), *_overdue(people), *_before(people))


def _waiting(people: Sequence[Person]) -> tuple[Scene, ...]:
    """Whose promises still run: in minutes, in hours, or not while they are to answer."""
    return (
        Scene(
            "hannah", HANNAH, "email", subject=f"Re: Where is my order {LATEST_ORDER}?",
            goes_on=f"late-parcel-{LATEST_ORDER}",
            said=(Said(40, "in", "Hello Tom,\n\nthe parcel still says Swindon, and we set off the day after tomorrow. Is the second sleeping bag on its way?\n\nHannah"),),
        ),
        Scene(
            "thornton", RACHEL, "email", subject="Those are not my tents", tag="wrong person", to=SOFIA,
            said=(
                Said(100, "in", "Hello,\n\nyou wrote to me about two tents for Thornton Guides. I never bought a tent: that is my brother Robert, and he runs the guides. I buy for myself, and I would rather he did not read what I order either. Could you put that right?\n\nRachel Thornton"),
                Said(85, "note", "Rachel and Robert Thornton were made one customer on Ewan's word, and they are two people: look at the addresses. The merge stands under Same person, Latest decisions. Please take it apart before anybody answers her."),
            ),
        ),
        Scene(
            "next-door", people[17], "sms",
            said=(Said(24, "in", "Hi, your driver says he left my tent next door at number 9. There is no number 9. What now?"),),
        ),
        Scene(
            "over-a-jumper", people[2], "chat",
            said=(Said(26, "in", "hello, is somebody there? does the Skiddaw rain jacket in M fit over a thick jumper?"),),
        ),
        Scene(
            "one-mat", people[9], "chat", by=PRIYA, tag="missing part",
            said=(
                Said(52, "in", "hi, I ordered two sleeping mats and got one"),
                Said(49, "out", "Sorry about that. Could you look whether the box has a second label on it?"),
                Said(38, "in", "there is one, it says 1 of 2"),
            ),
        ),
        Scene(
            "vat", people[25], "email", subject="Invoice with our VAT number",
            said=(Said(70, "in", "Good day,\n\ncould you make out the invoice for our last order again, with our VAT number on it? It is GB 000 0000 00.\n\nKind regards"),),
        ),
        Scene(
            "pole-length", people[33], "web_form", subject="Which length of poles?",
            said=(Said(31, "in", "I am 1.82 m and walk mostly uphill. Which of the two lengths of the carbon poles is right for me?"),),
        ),
        Scene(
            "re-proof", people[41], "social",
            said=(Said(55, "in", "hiya, can I wash the Torridon jacket at 30 or does that kill the down?"),),
        ),
        Scene(
            "group-order", people[73], "email", subject="Six rucksacks for a school trip", by=EWAN, tag="b2b quote",
            said=(
                Said(410, "in", "Hello,\n\nwe need six Larig 35 for a trip in spring. Is there a price for schools?\n\nBest wishes"),
                Said(180, "out", "Hello,\n\nthere is: ten percent off from five pieces. Which colours, and to which address?\n\nEwan"),
            ),
        ),
    )  # fmt: skip


def _overdue(people: Sequence[Person]) -> tuple[Scene, ...]:
    """Whose promises ran out in the last hours."""
    return (
        Scene(
            "zip", people[49], "sms", by=TOM, tag="repair",
            said=(
                Said(300, "in", "The zip of my sleeping bag came off on the first night. Order from October. What do I do?"),
                Said(290, "out", "Sorry to hear that! Could you send us a picture of it? Tom, Northfold"),
                Said(205, "in", "Sent it to your mail address just now."),
            ),
        ),
        Scene(
            "code", people[57], "chat",
            said=(Said(51, "in", "the code AUTUMN10 does not work at the checkout, it says expired, but your mail says until Sunday"),),
        ),
        Scene(
            "burner", people[65], "email", subject="Ember stove: flame goes yellow", priority="high",
            said=(Said(1_620, "in", "Hello,\n\nsince last weekend the flame of my stove is yellow and soots the pot. I have cleaned the jet as the leaflet says. Is it safe to use until I hear from you?\n\nRegards"),),
        ),
    )  # fmt: skip


def _before(people: Sequence[Person]) -> tuple[Scene, ...]:
    """What was answered or ended too late in the last days."""
    return (
        Scene(
            "boots-late", people[81], "email", subject="Boots for wide feet", by=EWAN, days=2, hour=16, resolved=5,
            said=(
                Said(400, "in", "Hello,\n\nwhich of your boots run wide? I have had trouble with two brands.\n\nThanks"),
                Said(30, "out", "Hello,\n\nthe Stanage runs widest, and there is a wide fitting of it. Sorry that this took until the afternoon.\n\nEwan"),
            ),
        ),
        Scene(
            "chat-late", people[89], "chat", by=MAREN, days=1, hour=12, resolved=2,
            said=(
                Said(60, "in", "hi, can I still change the colour of my order? blue instead of grey"),
                Said(9, "out", "It is still here, so yes: blue it is. Sorry for the wait, the whole shop called this morning."),
                Said(6, "in", "great, thank you"),
            ),
        ),
        Scene(
            "kept", people[97], "email", subject="Gaiters for the Helvellyn?", by=PRIYA, days=1, hour=15, resolved=3,
            said=(
                Said(120, "in", "Hello,\n\ndo your gaiters fit over the Helvellyn in 46?\n\nThanks"),
                Said(20, "out", "Hello,\n\nthey do, in L. There is a picture of the two together on the page of the boots.\n\nPriya"),
            ),
        ),
        Scene(
            "long-repair", people[105], "email", subject="Pole of my Corrie tent", by=TOM, tag="repair", days=1, hour=17,
            resolved=10,
            said=(
                Said(7_000, "in", "Hello,\n\none pole of my Corrie is bent where it meets the hub. Can I get a single one?\n\nRegards"),
                Said(6_930, "out", "Hello,\n\nyou can, and it costs nothing: that hub was made badly. I have ordered one for you.\n\nTom"),
                Said(6_800, "in", "Splendid, thank you. Please send it to the address of my account."),
                Said(40, "note", "Came from the workshop today, two days later than they said. Posted first class."),
            ),
        ),
    )  # fmt: skip


def under_way(now: datetime) -> Iterator[Interaction]:
    """Everything written in the scenes, and some stories that began in the last days and go on until now."""
    for scene in scenes():
        for number, said in enumerate(scene.said, 1):
            if said.who != "note":
                agent = _name(scene.by) if said.who == "out" else None
                conversation = scene.goes_on or f"today-{scene.key}"
                yield message(
                    scene.person, scene.channel, f"today/{scene.key}/{number}", _at(scene, said, now), said.words, agent,
                    scene.subject, conversation,
                )  # fmt: skip
    people = crowd()
    for number in range(14):
        story, person, dice = RECENT[number % len(RECENT)], people[5 + number * 7], Dice("recent", number)
        fitting = [good for good in GOODS if good.sku.startswith(story.fits)]
        began = in_hours(now - timedelta(days=number % 6, hours=dice.number("hour", 1, 9)), dice, number, "in")
        placed = began - timedelta(days=max(story.days, 3), hours=5)
        order = order_of(person, f"NO-59{number:03d}", placed, dice.pick("good", fitting))
        yield from order_events(order, now)
        yield from told(story, order, began, now, number)


def done(now: datetime) -> Iterator[Handled]:
    """What colleagues did about the scenes."""
    for scene in scenes():
        if scene.goes_on is None:
            yield from (one for one in _done(scene, now) if one.at < now)


def _done(scene: Scene, now: datetime) -> Iterator[Handled]:
    source = message(scene.person, scene.channel, f"today/{scene.key}/1", now, "", None, None, scene.key)
    item = (source.source, source.source_id)
    first: list[Command] = [Tag(added=(scene.tag,))] if scene.tag else []
    if scene.priority:
        first.append(SetPriority(priority=scene.priority))
    answered = next((said for said in scene.said if said.who == "out"), None)
    begun = _at(scene, answered or scene.said[0], now) + timedelta(seconds=40)
    if answered or first or scene.to:
        yield Handled(
            key=f"today/{scene.key}/taken", at=begun, by=scene.by, item=item, takes=answered is not None,
            gives=scene.to, commands=tuple(first),
        )  # fmt: skip
    for number, said in enumerate(scene.said, 1):
        if said.who == "note":
            words = (AddNote(body=said.words),)
            yield Handled(
                key=f"today/{scene.key}/{number}", at=_at(scene, said, now), by=scene.by, item=item, commands=words
            )
    if scene.resolved is not None:
        at = scene.end(now) - timedelta(minutes=scene.resolved)
        ended = (SetStatus(status="resolved"),)
        yield Handled(key=f"today/{scene.key}/resolved", at=at, by=scene.by, item=item, commands=ended)


def _at(scene: Scene, said: Said, now: datetime) -> datetime:
    return scene.end(now) - timedelta(minutes=said.before)


def _name(local: str) -> str:
    return next(name for name, one in LOCAL.items() if one == local)
