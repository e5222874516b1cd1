"""The demo desk as a list of steps in the order of time: what was pushed, and what colleagues decided by hand."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from app.demo.dice import Dice
from app.demo.lists import CARRIERS, COLLEAGUES, GOODS, Good
from app.demo.people import Person
from app.demo.stories import Story, Turn
from identity.customers import ContactClaim
from timeline.interactions import Direction, Interaction, Kind, ObjectState

MAIL: Final = "support@northfold.example"
NAMES: Final = tuple(name for _, name, _ in COLLEAGUES[:4])
_SOURCES: Final = {
    "email": "mailroom",
    "chat": "chat-widget",
    "sms": "text-line",
    "voice": "phones",
    "web_form": "contact-form",
    "social": "instagram",
}


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the demo knows it."""

    person: Person
    number: str
    good: Good
    size: str
    placed: datetime
    carrier: str
    track: str
    amount: float
    more: tuple[Good, ...] = ()
    """What else was in the basket."""


def order_of(person: Person, number: str, placed: datetime, good: Good, more: tuple[Good, ...] = ()) -> Order:
    dice = Dice("order", number)
    return Order(
        person=person,
        number=number,
        good=good,
        size=dice.pick("size", good.sizes),
        placed=placed,
        carrier=dice.pick("carrier", CARRIERS),
        track=f"{dice.pick('prefix', ('PH', 'ML', 'RC'))}{dice.number('track', 10**8, 10**9 - 1)}GB",
        amount=sum(one.price for one in (good, *more)),
        more=more,
    )


def account_opened(person: Person, at: datetime) -> Interaction:
    return _pushed(
        person,
        "shop",
        f"account/{person.account}",
        "fact",
        "crm",
        "internal",
        at,
        subject="Account opened",
        data={"fact": "account_opened", "newsletter": Dice(person.account).happens("newsletter", 60)},
        contact=person.full(),
    )


def order_events(order: Order, until: datetime) -> Iterator[Interaction]:
    """Placed, paid, shipped, delivered, as far as it has come by `until`."""
    dice, at = Dice("states", order.number), order.placed
    products = [_product(order.good, order.size), *(_product(one, one.sizes[0]) for one in order.more)]
    basket = {"items": products, "total": order.amount, "currency": "GBP"}
    yield _state(order, "order", "placed", 1, at, basket | {"status": "placed"})
    paid = {"amount": order.amount, "currency": "GBP", "method": dice.pick("method", ("card", "PayPal", "gift card"))}
    payment = f"payment/{order.number}"
    subject = f"Payment of {order.amount:.2f} for {order.number}"
    at += timedelta(seconds=dice.number("paid", 20, 90))
    yield _pushed(order.person, "shop", payment, "payment", "orders", "inbound", at, subject=subject, data=paid)
    sent = order.placed + timedelta(hours=dice.number("sent", 20, 50))
    there = sent + timedelta(hours=dice.number("there", 22, 70))
    way = {"carrier": order.carrier, "tracking": order.track, "order": order.number}
    if sent < until:
        yield _state(order, "order", "shipped", 2, sent, basket | {"status": "shipped"})
        yield _state(order, "shipment", "handed over", 1, sent + timedelta(minutes=4), way | {"status": "handed over"})
    if there < until:
        yield _state(order, "shipment", "delivered", 3, there, way | {"status": "delivered"})
        yield _state(order, "order", "delivered", 3, there + timedelta(seconds=40), basket | {"status": "delivered"})


def _product(good: Good, size: str) -> dict[str, Any]:
    return {"sku": good.sku, "name": good.name, "size": size, "price": good.price}


def _state(order: Order, kind: str, word: str, version: int, at: datetime, state: dict[str, Any]) -> Interaction:
    id_ = order.number if kind == "order" else order.track
    goods = order.good.name + (f" and {len(order.more)} more" if order.more else "")
    subject = f"{kind.capitalize()} {id_} {word}" + (f": {goods}" if kind == "order" else "")
    return _pushed(
        order.person,
        "shop" if kind == "order" else "carriers",
        f"{kind}/{id_}/{word.replace(' ', '-')}",
        "order" if kind == "order" else "shipment",
        "orders",
        "inbound" if word == "placed" else "internal",
        at,
        subject=subject,
        data={"state": word},
        object_=ObjectState(type=kind, id=id_, version=version, state=state),
    )


def told(story: Story, order: Order, began: datetime, until: datetime, number: int) -> Iterator[Interaction]:
    """A story's turns, as far as it has come by `until`."""
    dice, at = Dice("story", order.number, story.name), began
    agent = dice.pick("agent", NAMES)
    conversation = f"{story.name.replace(' ', '-')}-{order.number}"
    for place, turn in enumerate(story.turns):
        at += timedelta(minutes=turn.after, seconds=dice.number(("pause", place), 0, 50))
        if place and turn.after >= 60:
            at = in_hours(at, dice, place, turn.who)
        if at >= until:
            return
        words = _filled(dice.words(("words", place), turn.words), order, agent)
        yield _turn(story, order, turn, words, at, (conversation, f"{conversation}/{place + 1}"), (agent, number))


def in_hours(at: datetime, dice: Dice, place: object, who: str) -> datetime:
    """The desk answers between eight and six; customers write until late."""
    opens, closes = (8, 17) if not who.startswith("in") else (7, 22)
    if at.hour < opens:
        return at.replace(hour=opens, minute=dice.number(("minute", place), 0, 59))
    if at.hour > closes:
        return (at + timedelta(days=1)).replace(hour=opens, minute=dice.number(("minute", place), 0, 59))
    return at


def _turn(
    story: Story, order: Order, turn: Turn, words: str, at: datetime, names: tuple[str, str], who: tuple[str, int]
) -> Interaction:
    conversation, source_id = names
    agent, _ = who
    way, _, channel = turn.who.partition(":")
    if way == "fact":
        return _fact(order, channel, words, at, source_id)
    person, subject = order.person, _filled(Dice(source_id).words("subject", story.subject), order, agent) or None
    if way == "note":
        return note(person, source_id, at, agent, words, conversation=conversation)
    if way == "call":
        return _pushed(
            person, "phones", source_id, "call", "voice", "inbound" if channel == "in" else "outbound", at,
            subject=subject, body=words, conversation=conversation, contact=person.by("voice"),
            data={"agent": agent, "minutes": Dice(source_id).number("minutes", 3, 14), "summary": True},
        )  # fmt: skip
    channel = channel or story.channel
    return message(person, channel, source_id, at, words, agent if way == "out" else None, subject, conversation)


def message(
    person: Person,
    channel: str,
    source_id: str,
    at: datetime,
    words: str,
    agent: str | None,
    subject: str | None,
    conversation: str,
) -> Interaction:
    """Something written, by a colleague where `agent` is named."""
    data: dict[str, Any] | None = {"agent": agent} if agent else None
    if channel == "email":
        data = (data or {}) | ({"to": person.email, "from": MAIL} if agent else {"from": person.email, "to": MAIL})
    direction: Direction = "outbound" if agent else "inbound"
    return _pushed(
        person,
        _SOURCES[channel],
        source_id,
        "message",
        channel,
        direction,
        at,
        subject=subject if channel in ("email", "web_form") else None,
        body=words,
        data=data,
        conversation=f"{channel}/{conversation}",
        contact=person.by(channel),
    )


def note(
    person: Person, source_id: str, at: datetime, agent: str, words: str, conversation: str | None = None
) -> Interaction:
    """What a colleague wrote down."""
    return _pushed(
        person, "desk-notes", source_id, "note", "crm", "internal", at,
        body=words, data={"agent": agent}, conversation=conversation,
    )  # fmt: skip


def _fact(order: Order, what: str, words: str, at: datetime, source_id: str) -> Interaction:
    if what == "shipment":
        state = {"carrier": order.carrier, "tracking": order.track, "order": order.number, "status": words}
        return _state(order, "shipment", words, 2, at, state)
    if what == "cancelled":
        state = {"status": "cancelled", "total": order.amount, "currency": "GBP"}
        return _state(order, "order", "cancelled", 4, at, state)
    part = words.removesuffix("%")
    amount = order.amount * float(part) / 100 if words.endswith("%") else float(words or order.amount)
    return _pushed(
        order.person, "shop", f"refund/{source_id}", "payment", "orders", "outbound", at,
        subject=f"Refund of {amount:.2f} for {order.number}",
        data={"amount": round(amount, 2), "currency": "GBP", "refund": True, "order": order.number},
    )  # fmt: skip


def visit(person: Person, at: datetime, number: int) -> Interaction:
    """Seen on a page while signed in, or in the shop with the card."""
    dice = Dice("visit", person.account, number)
    good = dice.pick("good", GOODS)
    if dice.happens("in the shop", 25):
        where = dice.pick("store", ("Keswick", "Sheffield", "Edinburgh"))
        subject, data = f"Showed the card in the {where} store", {"store": where, "looked_at": good.name}
    else:
        subject = f"Looked at {good.name}"
        data = {"page": f"/goods/{good.sku.lower()}", "seconds": dice.number("seconds", 8, 400)}
    source_id = f"visit/{person.account}/{number}"
    return _pushed(person, "shop", source_id, "visit", "api", "inbound", at, subject=subject, data=data)


def _pushed(
    person: Person,
    source: str,
    source_id: str,
    kind: Kind,
    channel: str,
    direction: Direction,
    at: datetime,
    *,
    subject: str | None = None,
    body: str | None = None,
    data: dict[str, Any] | None = None,
    conversation: str | None = None,
    object_: ObjectState | None = None,
    contact: ContactClaim | None = None,
) -> Interaction:
    return Interaction(
        source=f"northfold-{source}",
        source_id=source_id,
        kind=kind,
        channel=channel,
        direction=direction,
        occurred_at=at,
        contact=contact or person.known(),
        conversation=conversation,
        subject=subject,
        body=body,
        data=data,
        object=object_,
    )


def _filled(words: str, order: Order, agent: str) -> str:
    values = {
        "name": order.person.given,
        "agent": agent.partition(" ")[0],
        "order": order.number,
        "item": order.good.name,
        "size": order.size,
        "carrier": order.carrier,
        "track": order.track,
    }
    for name, value in values.items():
        words = words.replace("{" + name + "}", value)
    return words
