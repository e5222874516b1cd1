"""What did one comparison find: which level, and what does it weigh?"""

from typing import Final

import msgspec

from identity.facts import Value
from identity.statistics import Statistics
from identity.weights import TABLE, bits

STRONG: Final = frozenset({"email", "phone", "account", "external", "handle"})
Pair = tuple[str, float, float]
"""A level, and its bits against strangers and against the same house."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """`stranger` and `house` are bits for one person, against strangers and against people of one house or firm;
    `proved` says on which sides the value is; `others` is how many people with other names were seen on an equal
    value; `parts` are the levels to learn from."""

    comparison: str
    level: str
    stranger: float
    house: float
    values: tuple[Value, Value]
    proved: tuple[bool, bool] = (False, False)
    others: int = 0
    parts: tuple[tuple[str, str], ...] = ()


def looked_up(comparison: str, level: str, among: float | None = None, statistics: Statistics | None = None) -> Pair:
    """`among` is the learned share of the value; with `statistics` the level's own share is the learned one."""
    same = statistics.same(comparison, level) if statistics else None
    stranger, house = bits(TABLE[comparison, level], among, same)
    return level, stranger, house
