"""The people of the demo with something to tell about identity, and what colleagues decided about them by hand."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from app.demo.lists import GOODS
from app.demo.more_stories import CLUB, DELIVERY_DAY, LEFT_OUT, PRAISE
from app.demo.people import Person
from app.demo.script import account_opened, message, note, order_events, order_of, told, visit
from app.demo.stories import (
    ADVICE,
    ESCALATION,
    GIFT_CARD,
    LATE_PARCEL,
    MISSING_PART,
    STOCK,
    WARRANTY,
    WRONG_SIZE,
    Story,
)
from identity.customers import ClaimedIdentifier, ContactClaim
from timeline.interactions import Interaction

Name = tuple[str, str]
"""An interaction's source and source id: how the script points to a customer or an item."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What a colleague decided: `a` keeps its id in a merge; `a` is the item and `b` the receiver of a placement."""

    key: str
    at: datetime
    by: str
    kind: Literal["merge", "unmerge", "place"]
    a: Name
    b: Name
    undoes: "Decision | None" = None
    reason: str


HANNAH: Final = Person(
    account="NC-10012", given="Hannah", family="Whitlock", email="hannah.whitlock@fellmail.example",
    phone="07700 900001",
)  # fmt: skip
HANNAH_AT_WORK: Final = Person(
    account="GUEST-3118", given="Hannah", family="Whitlock", email="h.whitlock@lakesideprimary.example",
    phone="07700 900002", has_account=False,
)  # fmt: skip
HANNAH_CLIMBS: Final = Person(
    account="hannah.climbs", given="Hannah", family="Climbs", email="none@none.example", phone="", has_account=False,
    handle="hannah.climbs",
)  # fmt: skip
CLARE: Final = Person(
    account="NC-10480", given="Clare", family="Okafor", email="clare.okafor@homepost.example", phone="01632 960123"
)
DANIEL: Final = Person(
    account="NC-13871", given="Daniel", family="Okafor", email="dan.okafor@brightnet.example", phone="01632 960123"
)
JAMES: Final = Person(
    account="NC-11034", given="James", family="Carter", email="james.carter@inbox.example", phone="07700 900011"
)
OTHER_JAMES: Final = Person(
    account="NC-11977", given="James", family="Carter", email="jcarter.fells@postbox.example", phone="07700 900012"
)
RUTH: Final = Person(
    account="NC-12205", given="Ruth", family="Bell", email="ruth.bell@homepost.example", phone="07700 900021"
)
ADAM: Final = Person(
    account="NC-15340", given="Adam", family="Bell", email="adam.bell@brightnet.example", phone="07700 900022"
)
ROBERT: Final = Person(
    account="NC-16021", given="Robert", family="Thornton", email="robert@thorntonguides.example",
    phone="07700 900051", company="Thornton Guides",
)  # fmt: skip
RACHEL: Final = Person(
    account="NC-16388", given="Rachel", family="Thornton", email="rachel.thornton@inbox.example",
    phone="07700 900052", company="Thornton Guides",
)  # fmt: skip
SCHOOL: Final = Person(
    account="NC-12990", given="Brightwater", family="School", email="info@brightwater-school.example",
    phone="020 7946 0018", company="Brightwater School",
)  # fmt: skip
THOMAS: Final = Person(
    account="NC-14002", given="Thomas", family="Reed", email="the.reeds@homepost.example", phone="07700 900031"
)
OLIVER: Final = Person(
    account="NC-14555", given="Oliver", family="Grant", email="oliver.grant@postbox.example", phone="07700 900041"
)
LATEST_ORDER: Final = "NO-58821"
BASKETS: Final = {
    "NO-57233": (GOODS[6],),
    "NO-56610": (GOODS[17], GOODS[16], GOODS[14]),
    "NO-54790": (GOODS[13], GOODS[15]),
}
"""What else is in the basket of some orders."""


def pushed(anchor: datetime, now: datetime) -> Iterator[Interaction]:
    """Everything that the cast's channels and systems handed in before `anchor`, and a claim of two hours before `now`."""
    yield from _hannah(anchor)
    for person, days, good, number in (
        (RACHEL, 12, 3, "NO-58102"),
        (CLARE, 400, 9, "NO-41877"), (DANIEL, 210, 12, "NO-50312"), (JAMES, 320, 0, "NO-45520"),
        (OTHER_JAMES, 170, 3, "NO-51999"), (RUTH, 500, 16, "NO-37114"), (ADAM, 95, 1, "NO-54401"),
        (SCHOOL, 250, 10, "NO-48230"), (THOMAS, 380, 14, "NO-42690"), (OLIVER, 140, 4, "NO-52907"),
    ):  # fmt: skip
        opened = _at(anchor, days + 3, 10)
        yield account_opened(person, opened)
        yield from order_events(order_of(person, number, _at(anchor, days, 12), GOODS[good]), anchor)
    yield account_opened(ROBERT, _at(anchor, 260, 9))
    yield from order_events(order_of(ROBERT, "NO-55870", _at(anchor, 60, 14), GOODS[8], (GOODS[9],)), anchor)
    yield from _shared_by_several(anchor)
    yield from _claims(anchor, now)
    yield from _for_decisions(anchor)


def _hannah(anchor: datetime) -> Iterator[Interaction]:
    yield account_opened(HANNAH, _at(anchor, 741, 19))
    plan: tuple[tuple[Person, str, int, int, tuple[tuple[Story, int], ...]], ...] = (
        (HANNAH, "NO-30155", 734, 0, ((ADVICE, -4), (WRONG_SIZE, 8))),
        (HANNAH_AT_WORK, "NO-33460", 601, 10, ((LATE_PARCEL, 6),)),
        (HANNAH, "NO-36872", 512, 3, ((WARRANTY, 121),)),
        (HANNAH, "NO-44019", 300, 8, ((MISSING_PART, 5),)),
        (HANNAH, "NO-47703", 228, 7, ((CLUB, 6),)),
        (HANNAH, "NO-51188", 151, 17, ((DELIVERY_DAY, 1), (PRAISE, 30))),
        (HANNAH, "NO-54790", 92, 11, ((ESCALATION, 6),)),
        (HANNAH, "NO-56610", 41, 19, ((GIFT_CARD, 12),)),
        (HANNAH, "NO-57233", 24, 5, ((LEFT_OUT, 4),)),
        (HANNAH, LATEST_ORDER, 6, 12, ((LATE_PARCEL, 5),)),
    )
    for number, (person, name, days, good, stories) in enumerate(plan):
        order = order_of(person, name, _at(anchor, days, 20), GOODS[good], BASKETS.get(name, ()))
        until = anchor if name != LATEST_ORDER else _at(anchor, 4, 0)
        yield from order_events(order, until)
        for story, after in stories:
            yield from told(story, order, _at(anchor, days - after, 9 + number % 6), anchor, number)
    wish = order_of(HANNAH_CLIMBS, "wish", _at(anchor, 431, 12), GOODS[4])
    yield from told(STOCK, wish, _at(anchor, 431, 18), anchor, 0)
    for number in range(14):
        yield visit(HANNAH, _at(anchor, 700 - number * 51, 21), number)


def _shared_by_several(anchor: datetime) -> Iterator[Interaction]:
    """A family's telephone, which stops linking, and a school's mailbox, which never links anybody."""
    for number, (days, words) in enumerate((
        (180, "Can my boots be mended? Sole is coming off. C. Okafor"),
        (60, "This is Dan. The mat has a puncture, is that warranty?"),
    )):  # fmt: skip
        yield message(CLARE, "sms", f"family/{number}", _at(anchor, days, 13), words, None, None, f"family-{number}")
    for number, (days, who, words) in enumerate((
        (240, "Anna Kerr, office", "Please add our order number 2291 to the invoice."),
        (120, "Mr Obi, outdoor club", "Could we borrow a demo tent for assembly on the 12th?"),
        (15, "Anna Kerr, office", "The gate code has changed to 4471Z for deliveries."),
    )):  # fmt: skip
        body = f"Hello,\n\n{words}\n\n{who}\nBrightwater School"
        yield message(
            SCHOOL,
            "email",
            f"school/{number}",
            _at(anchor, days, 10),
            body,
            None,
            "From the school",
            f"school-{number}",
        )


def _claims(anchor: datetime, now: datetime) -> Iterator[Interaction]:
    """What somebody says he is: an address alone is shown beside its customer, one with her name in the thread with a
    mark."""
    for number, (at, person, name, words) in enumerate((
        (now - timedelta(hours=2), HANNAH, None, "Please send my last order to 4 Quarry Lane, Leeds instead. I have moved. Hannah"),
        (_at(anchor, 33, 16), OLIVER, OLIVER.name, "I forgot which card I paid with. What are its last four digits? Oliver Grant"),
        (_at(anchor, 75, 16), RUTH, None, "Is my refund through yet? Ruth B."),
    )):  # fmt: skip
        address = ClaimedIdentifier(kind="email", value=person.email, verified=False)
        yield Interaction(
            source="northfold-contact-form",
            source_id=f"open-form/{number}",
            kind="message",
            channel="web_form",
            direction="inbound",
            occurred_at=at,
            contact=ContactClaim(name=name, identifiers=[address]),
            subject="Contact form, not signed in",
            body=words,
        )
    yield Interaction(
        source="northfold-loyalty",
        source_id="card/7731",
        kind="fact",
        channel="crm",
        direction="internal",
        occurred_at=_at(anchor, 9, 15),
        contact=ContactClaim(
            key="7731",
            name="Susan Reed",
            identifiers=[
                ClaimedIdentifier(kind="external", value="7731", scope="loyalty", verified=True),
                ClaimedIdentifier(kind="email", value=THOMAS.email, verified=True),
            ],
        ),
        subject="Loyalty card handed out in Sheffield",
        data={"card": "7731", "store": "Sheffield"},
    )


def _for_decisions(anchor: datetime) -> Iterator[Interaction]:
    yield message(
        RUTH, "email", "forwarded/1", _at(anchor, 88, 20),
        "Hello,\n\nI forward this for my son, who never writes himself. His boots (NO-54401) squeak with every step, is"
        " that usual?\n\nRuth Bell",
        None, "Fwd: squeaking boots", "forwarded",
    )  # fmt: skip
    yield note(
        ADAM, "decision/forwarded", _at(anchor, 87, 9), "Ewan Doyle",
        "Moved his mother's mail here: it is about his boots. Told him to walk them in for another week.",
    )  # fmt: skip
    for number, (person, days, subject, words, answer) in enumerate((
        (ROBERT, 58, "Tents for the season", "Hello,\n\nare the two tents from one batch? We put them up side by side.\n\nRobert Thornton, Thornton Guides",
         "Hello Robert,\n\nthey are, both from this spring.\n\nEwan"),
        (RACHEL, 4, "My rain jacket", "Hello,\n\nmy new jacket has arrived and is lovely. Does it need proofing before the first rain?\n\nRachel Thornton",
         "Hello,\n\nnot yet. And are the two tents for Thornton Guides well?\n\nEwan"),
    )):  # fmt: skip
        conversation, at = f"thornton-{number}", _at(anchor, days, 10)
        yield message(person, "email", f"thornton/{number}", at, words, None, subject, conversation)
        at += timedelta(hours=2)
        yield message(
            person, "email", f"thornton/{number}/answer", at, answer, "Ewan Doyle", f"Re: {subject}", conversation
        )
    yield message(
        JAMES, "email", "carter/1", _at(anchor, 101, 11),
        "Hi, are the boots I bought last year still under warranty? James Carter", None, "Warranty?", "carter",
    )  # fmt: skip
    yield note(
        OTHER_JAMES, "decision/carter", _at(anchor, 98, 10), "Priya Nair",
        "Two people of one name. This James lives in Bangor and has never bought boots; taken apart again.",
    )  # fmt: skip


def decisions(anchor: datetime) -> Iterator[Decision]:
    """What colleagues decided, with their reasons."""
    hannah: Name = ("northfold-shop", f"account/{HANNAH.account}")
    carter: Name = ("northfold-shop", f"account/{JAMES.account}")
    other: Name = ("northfold-shop", f"account/{OTHER_JAMES.account}")
    yield Decision(
        key="guest", at=_at(anchor, 588, 11), by="maren.holt", kind="merge", a=hannah,
        b=("northfold-shop", "order/NO-33460/placed"),
        reason="Ordered as a guest from her office address; gave her customer number on the phone.",
    )  # fmt: skip
    yield Decision(
        key="climbs", at=_at(anchor, 428, 10), by="priya.nair", kind="merge", a=hannah,
        b=("northfold-instagram", "back-in-stock-wish/1"),
        reason="Asked on Instagram to keep the jacket on her account and named her last order.",
    )  # fmt: skip
    yield Decision(
        key="thornton", at=_at(anchor, 4, 11), by="ewan.doyle", kind="merge",
        a=("northfold-shop", f"account/{ROBERT.account}"), b=("northfold-shop", f"account/{RACHEL.account}"),
        reason="Same surname, same company: one customer with two addresses.",
    )  # fmt: skip
    wrong = Decision(
        key="carter", at=_at(anchor, 100, 16), by="tom.ashworth", kind="merge", a=carter, b=other,
        reason="Same name, both from the Lakes.",
    )  # fmt: skip
    yield wrong
    yield Decision(
        key="carter-undone", at=_at(anchor, 98, 9), by="priya.nair", kind="unmerge", a=carter, b=other,
        undoes=wrong, reason="Two people: this one called, lives in Bangor and knows nothing of the boots.",
    )  # fmt: skip
    yield Decision(
        key="forwarded", at=_at(anchor, 87, 8), by="ewan.doyle", kind="place",
        a=("northfold-mailroom", "forwarded/1"), b=("northfold-shop", f"account/{ADAM.account}"),
        reason="Forwarded by his mother; it is about his boots.",
    )  # fmt: skip


def _at(anchor: datetime, days: int, hour: int) -> datetime:
    return anchor - timedelta(days=days) + timedelta(hours=hour, minutes=(days * 7 + hour * 13) % 60)
