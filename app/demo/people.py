"""The people of the demo desk, and what each of their channels says about them."""

from typing import Final

import msgspec

from app.demo.dice import Dice
from app.demo.lists import FAMILY, GIVEN, MAIL_HOSTS, PLACES, SCOPE
from identity.customers import ClaimedIdentifier, ContactClaim

CROWD: Final = 112


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as the shop knows her: everything else is derived."""

    account: str
    given: str
    family: str
    email: str
    phone: str
    handle: str | None = None
    company: str | None = None
    has_account: bool = True

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}"

    def known(self) -> ContactClaim:
        """As the shop's own systems name her: by her account, which they prove; a guest by her address."""
        if not self.has_account:
            return ContactClaim(key=self.account, name=self.name, identifiers=[_said("email", self.email)])
        return ContactClaim(key=self.account, name=self.name, identifiers=[self._account()])

    def full(self) -> ContactClaim:
        """As she registered: the shop has confirmed address and number."""
        place, postcode, street = Dice("place", self.account).pick("place", PLACES)
        house = Dice("place", self.account).number("house", 1, 90)
        attributes: dict[str, str | None] = {
            "given_name": self.given,
            "family_name": self.family,
            "street": f"{house} {street}",
            "postcode": postcode,
            "place": place,
            "country": "GB",
            "company": self.company,
        }
        identifiers = [self._account(), _said("email", self.email), _said("phone", self.phone)]
        return ContactClaim(key=self.account, name=self.name, identifiers=identifiers, attributes=attributes)

    def by(self, channel: str) -> ContactClaim:
        """As a channel sees her, with what that channel proves."""
        if channel == "email":
            return ContactClaim(name=self.name, identifiers=[_said("email", self.email)])
        if channel in ("sms", "voice"):
            return ContactClaim(identifiers=[_said("phone", self.phone)])
        if channel == "chat" and self.has_account:
            return ContactClaim(key=self.account, name=self.given, identifiers=[self._account()])
        if channel == "social":
            handle = self.handle or f"{self.given}.{self.family}".lower()
            identifiers = [_said("handle", handle, scope="instagram")]
            if self.has_account and self.handle is None:  # the page's shop button sends the account along
                identifiers.append(self._account())
            return ContactClaim(name=f"@{handle}", identifiers=identifiers)
        if channel == "web_form" and self.has_account:  # sent while signed in
            return ContactClaim(key=self.account, name=self.name, identifiers=[self._account()])
        return ContactClaim(name=self.name, identifiers=[_said("email", self.email, verified=False)])

    def _account(self) -> ClaimedIdentifier:
        return _said("account", self.account, scope=SCOPE)


def _said(kind: str, value: str, *, scope: str | None = None, verified: bool = True) -> ClaimedIdentifier:
    return ClaimedIdentifier(kind=kind, value=value, scope=scope, verified=verified)  # pyright: ignore[reportArgumentType]


def crowd() -> list[Person]:
    """Customers with nothing special about them; no two share a name, an address or a number."""
    taken: set[str] = set()
    people: list[Person] = []
    number = 0
    while len(people) < CROWD:
        number += 1
        dice = Dice("person", number)
        given, family = dice.pick("given", GIVEN), dice.pick("family", FAMILY)
        if f"{given} {family}" in taken:
            continue
        taken.add(f"{given} {family}")
        host = dice.pick("host", MAIL_HOSTS)
        written = dice.pick("address", (f"{given}.{family}", f"{given[0]}{family}", f"{family}.{given}"))
        people.append(
            Person(
                account=f"NC-{20_400 + len(people) * 7}",
                given=given,
                family=family,
                email=f"{written.lower()}{number}@{host}",
                phone=f"07700 900{100 + len(people):03d}",
            )
        )
    return people
