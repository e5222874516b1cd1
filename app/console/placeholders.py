"""What does an answer say once its placeholders are filled in? `{{customer.name}}` becomes the name; what nobody knows
is named, and nothing is sent."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

LONGEST: Final = 200
_PLACE: Final = re.compile(r"\{\{[ \t]*([^{}\n]{0,80}?)[ \t]*\}\}")


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """The text as it is sent. `unknown` are the placeholders that could not be filled, each once."""

    text: str
    unknown: tuple[str, ...] = ()


def fill(text: str, values: Mapping[str, str]) -> Filled:
    """A value is put in as it is: what looks like a placeholder in it stays."""
    unknown: dict[str, None] = {}

    def one(found: re.Match[str]) -> str:
        value = values.get(found[1].lower(), "")
        if not value:
            unknown[found[0]] = None
        return value or found[0]

    return Filled(text=_PLACE.sub(one, text), unknown=tuple(unknown))


def values_of(
    *, customer: str | None, given_name: str | None, number: int | None, subject: str | None, agent: str
) -> dict[str, str]:
    """What is known, in a line each and not longer than one reads."""
    said = {
        "customer.name": customer,
        "customer.given_name": given_name,
        "ticket.number": None if number is None else str(number),
        "ticket.subject": subject,
        "agent.name": agent,
    }
    return {name: line for name, text in said.items() if (line := " ".join((text or "").split())[:LONGEST])}
