"""Who uses a value, by the names of those who hold it."""

from collections.abc import Iterable

from identity.facts import NameKey
from identity.statistics import Use


def use_of(sightings: Iterable[NameKey | None]) -> Use:
    """The use of a value by the names of the contacts that hold it, in the order given; None: came without a name."""
    use = Use()
    for name in sightings:
        if name is not None:
            use = use.seen_with(name)
    return use
