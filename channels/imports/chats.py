"""A shop's support chat as interactions: what was said, what the desk looked up, and from where on the
customer is proved.

The chat is a contact of its own. What the customer types (an address, an account id) stays a claim. From the
tool turn on in which the desk found the customer in the shop, the contact carries that account as verified.
The first account found stays the chat's: a second one is a fact on the thread and proves nobody.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from channels.imports.imported import bounded
from channels.imports.shop import Account, account_identifier
from identity.customers import ClaimedIdentifier, ContactClaim
from timeline.interactions import Direction, Interaction, Kind

_MARKER: Final = re.compile(r"\s*###[A-Z-]+###\s*")
_EMAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_ACCOUNT: Final = re.compile(r"\b[a-z]+_[a-z]+_\d{4}\b")
_MOST_CLAIMS: Final = 20

SUBJECTS: Final = {
    "find_user": "Looked for the customer's account",
    "get_user_details": "Looked up the customer's account",
    "get_order_details": "Looked up an order",
    "change_order": "Changed an order",
    "get_product_details": "Looked up a product",
    "list_all_product_types": "Listed the products",
    "get_reservation_details": "Looked up a reservation",
    "book_reservation": "Booked a reservation",
    "cancel_reservation": "Cancelled a reservation",
    "update_reservation_baggages": "Changed the bags of a reservation",
    "update_reservation_flights": "Changed the flights of a reservation",
    "update_reservation_passengers": "Changed the passengers of a reservation",
    "search_direct_flight": "Searched direct flights",
    "search_onestop_flight": "Searched flights with one stop",
    "list_all_airports": "Listed the airports",
    "send_certificate": "Sent a certificate",
    "calculate": "Calculated",
    "transfer_to_human_agents": "Handed the chat to a colleague",
}


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One turn; `number` is its place in the chat. A tool turn has the tool's name, what it was asked and
    what it answered; `found` is the account that it found in the shop."""

    number: int
    role: Literal["user", "assistant", "tool"]
    text: str = ""
    tool: str = ""
    arguments: dict[str, Any] | None = None
    result: Any = None
    found: Account | None = None

    @property
    def ok(self) -> bool:
        return not (isinstance(self.result, str) and self.result.startswith("Error"))


class Chat(msgspec.Struct, frozen=True, kw_only=True):
    """`times` has a moment for every number that a turn bears."""

    shop: str
    id: str
    turns: list[Turn]
    times: list[datetime]

    @property
    def source(self) -> str:
        return f"{self.shop}-chat"


class _Known:
    """Who the chat's contact is, as far as the chat has come."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self.proved: Account | None = None
        self.claims: dict[tuple[str, str], ClaimedIdentifier] = {}

    def hear(self, text: str) -> None:
        for email in _EMAIL.findall(text):
            self._claim(ClaimedIdentifier(kind="email", value=email.rstrip(".")))
        for account in _ACCOUNT.findall(text.lower()):
            self._claim(account_identifier(self.chat.shop, account, verified=False))

    def _claim(self, claim: ClaimedIdentifier) -> None:
        if len(self.claims) < _MOST_CLAIMS:
            self.claims.setdefault((claim.kind, claim.value), claim)

    def contact(self) -> ContactClaim:
        claims = dict(self.claims)
        if self.proved:
            verified = account_identifier(self.chat.shop, self.proved.id, verified=True)
            claims = {("account", self.proved.id): verified} | {
                key: claim for key, claim in claims.items() if key != ("account", self.proved.id)
            }
        name = self.proved.name if self.proved else None
        return ContactClaim(key=self.chat.id, name=name, identifiers=list(claims.values()))


def tell(chat: Chat, closing: dict[str, Any] | None = None) -> Iterator[tuple[int, Interaction]]:
    """The chat's interactions, each with the number of its turn; `closing` are the data of a last fact.

    Turns without content (an assistant that only calls a tool, a bare marker of the simulation's end, a tool
    that answers nothing to an unknown question) tell nothing and yield nothing."""
    known = _Known(chat)
    for turn in chat.turns:
        if turn.role == "user":
            known.hear(turn.text)
        if turn.found and not known.proved:
            known.proved = turn.found
        item = _item(chat, turn, known)
        if item:
            yield turn.number, item
    if closing is not None:
        last = chat.turns[-1].number
        at = chat.times[last] + timedelta(seconds=30)
        yield (
            last,
            _interaction(chat, "closed", at, "fact", "internal", known, subject="Chat closed", data=closing),
        )


def _item(chat: Chat, turn: Turn, known: _Known) -> Interaction | None:
    at, id_ = chat.times[turn.number], str(turn.number)
    if turn.role != "tool":
        body = _MARKER.sub("", turn.text).strip()
        direction: Direction = "inbound" if turn.role == "user" else "outbound"
        return _interaction(chat, id_, at, "message", direction, known, body=body) if body else None
    if turn.tool == "think":
        thought = str((turn.arguments or {}).get("thought") or "").strip()
        return _interaction(chat, id_, at, "note", "internal", known, body=thought) if thought else None
    if turn.result == "" and not turn.arguments:
        return None
    subject = SUBJECTS.get(turn.tool, turn.tool.replace("_", " ").capitalize() or "Asked the shop")
    data = {"tool": turn.tool, "ok": turn.ok, "result": bounded(turn.result)}
    if turn.arguments:
        data["arguments"] = bounded(turn.arguments)
    return _interaction(chat, id_, at, "fact", "internal", known, subject=subject, data=data)


def _interaction(
    chat: Chat,
    id_: str,
    at: datetime,
    kind: Kind,
    direction: Direction,
    known: _Known,
    *,
    subject: str | None = None,
    body: str | None = None,
    data: dict[str, Any] | None = None,
) -> Interaction:
    return Interaction(
        source=chat.source,
        source_id=f"{chat.id}/{id_}",
        kind=kind,
        channel="chat",
        direction=direction,
        occurred_at=at,
        contact=known.contact(),
        conversation=chat.id,
        subject=subject,
        body=body,
        data=data,
    )
