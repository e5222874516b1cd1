"""A desk in memory: contacts come one at a time and find their customer by the pure modules alone."""

from dataclasses import dataclass, field
from typing import Any

from identity.decision import Bands, Score, Standing, learn, rival_odds, score, verdict
from identity.facts import Profile, merged, read_facts
from identity.identifiers import Identifier, normalise, shared_by_form
from identity.statistics import Counts, Statistics, countable

HOME = {"street": "12 High Street", "postcode": "4001", "place": "Hill"}


def held(*labels: str) -> list[tuple[Identifier, bool]]:
    """`email:a@b.com` is proved, `?email:a@b.com` claimed. What is nobody's own by its form is left out."""
    found: list[tuple[Identifier, bool]] = []
    for label in labels:
        kind, _, value = label.lstrip("?").partition(":")
        scope = "shop" if kind in ("account", "external", "handle", "visitor") else None
        identifier = normalise(kind, value, scope, None)
        if identifier.problem is None and shared_by_form(identifier) is None:
            found.append((identifier, not label.startswith("?")))
    return found


def contact(name: str | None = None, *labels: str, **attributes: str) -> Profile:
    return read_facts(name, attributes, held(*labels))


@dataclass
class Customer:
    profile: Profile
    counted: set[tuple[str, Any]] = field(default_factory=set)


class Desk:
    """Every customer is a candidate: blocking is tried elsewhere."""

    def __init__(self, bands: Bands | None = None) -> None:
        self.statistics = Statistics(Counts(), Counts(), {}, b"desk")
        self.bands = bands or Bands()
        self.customers: list[Customer] = []
        self.asked: list[tuple[int, Score]] = []

    def receive(self, profile: Profile) -> int:
        """The number of the customer that the contact came to."""
        self.turned = self.statistics.saw(profile)
        scored = sorted(
            ((score(profile, one.profile, self.statistics), at) for at, one in enumerate(self.customers)),
            key=lambda pair: -pair[0].odds,
        )
        at = self._choose(profile, scored)
        if at is None:
            self.statistics.saw_opened(max((found.housemate for found, _ in scored), default=0.0))
            self.customers.append(Customer(profile))
            at = len(self.customers) - 1
        else:
            self.statistics.saw_known()
            self.customers[at].profile = merged(self.customers[at].profile, profile)
        new = countable(profile) - self.customers[at].counted
        self.customers[at].counted |= new
        self.statistics.count(new)
        return at

    def _choose(self, profile: Profile, scored: list[tuple[Score, int]]) -> int | None:
        standing = [one for one in scored if not one[0].vetoes]
        if not standing:
            return None
        best, at = standing[0]
        first, *others = (Standing(profile=self.customers[one].profile, score=found) for found, one in standing)
        rivals = rival_odds(profile, first, others, self.statistics)
        said, probability = verdict(best, rivals, self.bands)
        learn(self.statistics, best, probability)
        if said == "review":
            self.asked.append((at, best))
        return at if said == "same" else None


def customers_of(*profiles: Profile, bands: Bands | None = None) -> list[int]:
    desk = Desk(bands)
    return [desk.receive(profile) for profile in profiles]
