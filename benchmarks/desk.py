"""The stated desk: customers with a few contacts each and their interactions, made by our own rules."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from timeline.interactions import Interaction

ANCHOR: Final = datetime(2026, 6, 1, tzinfo=UTC)
# fmt: off
WORDS: Final = (
    "parcel", "order", "late", "refund", "size", "wrong", "please", "thank", "address", "change", "invoice",
    "payment", "broken", "screen", "return", "label", "tent", "boots", "delivery", "tomorrow", "yesterday",
    "still", "waiting", "answer", "call", "back", "number", "account", "login", "password", "reset",
    "colour", "blue", "green",
)
# fmt: on


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How much a run makes: the desk, a customer with many events, and one with a long history."""

    customers: int
    interactions: int
    many: int
    history: int


FULL: Final = Size(customers=20_000, interactions=400_000, many=100_000, history=1_000_000)
QUICK: Final = Size(customers=2_000, interactions=40_000, many=100_000, history=100_000)

_convert: Final = msgspec.json.Decoder(Interaction)


def interactions(customers: int, total: int, seed: int = 7) -> Iterator[Interaction]:
    """`total` interactions of `customers` people, each with two or three contacts, in the order of their times."""
    rng = random.Random(seed)
    for number in range(total):
        person = number % customers if number < 3 * customers else int(customers * rng.random() ** 2)
        yield one(person, number, rng, total)


def one(person: int, number: int, rng: random.Random, total: int) -> Interaction:
    """One interaction of a person: mail, chat, shop or phone, each by a contact of its own."""
    at = ANCHOR - timedelta(days=730) + timedelta(days=730) * (number / total)
    channel = rng.choice(("email", "email", "chat", "orders", "voice"))
    kind = {"orders": "order", "voice": "call"}.get(channel, "message")
    fields: dict[str, Any] = {
        "source": channel,
        "source_id": f"{channel}-{number}",
        "kind": kind,
        "channel": channel,
        "direction": "inbound" if rng.random() < 0.6 else "outbound",
        "occurred_at": at.isoformat(),
        "conversation": f"{channel}-{person}-{number % 5}",
        "subject": " ".join(rng.choices(WORDS, k=4)) if channel == "email" else None,
        "body": " ".join(rng.choices(WORDS, k=rng.randrange(8, 60))),
        "contact": contact(person, channel),
    }
    if kind == "order":
        order = f"O-{person}-{number % 7}"
        fields["object"] = {"type": "order", "id": order, "version": number, "state": rng.choice(("paid", "sent"))}
        fields["data"] = {"total": round(rng.uniform(5, 500), 2), "items": rng.choices(WORDS, k=3)}
    return _convert.decode(msgspec.json.encode(fields))


def contact(person: int, channel: str) -> dict[str, Any]:
    """The person as the channel knows them: every channel proves the address, so all are one customer."""
    email = {"kind": "email", "value": f"person{person}@mail{person % 97}.example", "verified": True}
    more: list[dict[str, Any]] = []
    if channel == "orders":
        more = [{"kind": "account", "scope": "shop", "value": f"A{person}", "verified": True}]
    if channel == "voice":
        more = [{"kind": "phone", "value": f"+4930{1000000 + person}", "verified": True}]
    return {"key": f"{channel}-{person}", "name": f"Person {person}", "identifiers": [email, *more]}
