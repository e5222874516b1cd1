"""What the two shops have in common: a customer's profile as a contact, and objects with their states."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from channels.imports.imported import bounded
from identity.customers import ClaimedIdentifier, ContactClaim
from timeline.interactions import Direction, Interaction, Kind, ObjectState


class Name(msgspec.Struct, frozen=True, kw_only=True):
    first_name: str
    last_name: str


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody lives; the shops' tools say `province` for what their profiles call `state`."""

    address1: str
    address2: str = ""
    city: str
    country: str
    state: str = ""
    province: str = ""
    zip: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's profile, as far as both shops and this import understand it."""

    name: Name
    address: Address
    email: str
    dob: str | None = None
    membership: str | None = None
    payment_methods: dict[str, dict[str, Any]] = {}
    saved_passengers: list[Name] = []


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """Money that moved for an object; a refund has a negative amount at the airline and its own type at the
    shop."""

    amount: float
    transaction_type: str | None = None
    payment_method_id: str | None = None
    payment_id: str | None = None

    @property
    def is_refund(self) -> bool:
        return self.transaction_type == "refund" or self.amount < 0

    @property
    def method(self) -> str:
        return self.payment_method_id or self.payment_id or ""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's account at a shop; `person` is None where the shop names an account that it does not
    describe."""

    shop: str
    id: str
    person: Person | None

    @property
    def name(self) -> str | None:
        return f"{self.person.name.first_name} {self.person.name.last_name}" if self.person else None


def account_identifier(shop: str, account: str, *, verified: bool) -> ClaimedIdentifier:
    return ClaimedIdentifier(kind="account", value=account, verified=verified, scope=shop)


def contact(account: Account) -> ContactClaim:
    """The account in short, for everything after its opening."""
    return ContactClaim(
        key=account.id,
        name=account.name,
        identifiers=[account_identifier(account.shop, account.id, verified=True)],
    )


def account_opened(account: Account, person: Person, at: datetime) -> Interaction:
    """The fact that makes the customer known, orders or not, with everything that the profile says.

    The e-mail is verified: both shops recognise their customers by it (the shop's desk looks people up by
    e-mail before it opens an account to them; tickets and receipts go there), so they have confirmed it at
    registration."""
    full = contact(account)
    email = ClaimedIdentifier(kind="email", value=person.email, verified=True)
    return Interaction(
        source=account.shop,
        source_id=f"account/{account.id}",
        kind="fact",
        channel="crm",
        direction="internal",
        occurred_at=at,
        contact=ContactClaim(
            key=full.key,
            name=full.name,
            identifiers=[*(full.identifiers or ()), email],
            attributes=_attributes(person),
        ),
        subject="Account opened",
        data={
            "fact": "account_opened",
            "payment_methods": bounded(list(person.payment_methods.values())),
            "saved_passengers": [f"{one.first_name} {one.last_name}" for one in person.saved_passengers],
        },
    )


def _attributes(person: Person) -> dict[str, str | None]:
    address = person.address
    said = {
        "given_name": person.name.first_name,
        "family_name": person.name.last_name,
        "birth_date": person.dob,
        "street": ", ".join(part for part in (address.address1, address.address2) if part),
        "postcode": address.zip,
        "place": address.city,
        "region": address.state or address.province,
        "country": address.country,
        "membership": person.membership,
    }
    return {field: value for field, value in said.items() if value}


def object_state(
    account: Account,
    kind: Kind,
    source_id: str,
    at: datetime,
    state: ObjectState,
    direction: Direction,
    data: Mapping[str, Any],
    about: str = "",
) -> Interaction:
    """One state that an object reached; `about` is a word or two on what it is."""
    return Interaction(
        source=account.shop,
        source_id=source_id,
        kind=kind,
        channel="orders",
        direction=direction,
        occurred_at=at,
        contact=contact(account),
        subject=f"{state.type.capitalize()} {state.id} {state.state}" + (f": {about}" if about else ""),
        data=bounded(dict(data)),
        object=state,
    )


def reached(type_: str, id_: str, state: str, at: datetime) -> ObjectState:
    """The state with its version: the second in which it was reached, so that later is greater whichever
    record told it, and mending one record renumbers no other."""
    return ObjectState(type=type_, id=id_, version=int(at.timestamp()), state=state)


def payment(account: Account, source_id: str, at: datetime, of: tuple[str, str], paid: Payment) -> Interaction:
    """Money for the object `of` (type, id), or back."""
    type_, id_ = of
    method = account.person.payment_methods.get(paid.method, {}) if account.person else {}
    word = "Refund" if paid.is_refund else "Payment"
    return Interaction(
        source=account.shop,
        source_id=source_id,
        kind="payment",
        channel="orders",
        direction="outbound" if paid.is_refund else "inbound",
        occurred_at=at,
        contact=contact(account),
        subject=f"{word} of {abs(paid.amount):.2f} for {type_} {id_}",
        data={
            "transaction_type": word.lower(),
            "amount": abs(paid.amount),
            f"{type_}_id": id_,
            "payment_method_id": paid.method or None,
            "method": {key: method[key] for key in ("source", "brand", "last_four") if key in method},
        },
    )


def payments_since(new: Sequence[Payment], old: Sequence[Payment]) -> list[tuple[int, Payment]]:
    """What was added to an object's payments, each with its place in the list."""
    return list(enumerate(new))[len(old) :]
