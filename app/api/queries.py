"""What stands behind the question mark: every parameter declared, every value checked, every fault named."""

import re
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from app.errors import bad_request
from timeline.interactions import InvalidField, check_time

MOST_PARAMETERS: Final = 100
MOST_VALUE: Final = 1_000
LIMIT: Final = 50
MOST: Final = 200

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_ZONE_AFTER_SPACE: Final = re.compile(r" (\d\d:\d\d)\Z")


class Query:
    """A query string, read once. `allowed` are the parameters that the route declares; `name.*` allows every name that
    begins so."""

    def __init__(self, raw: bytes, allowed: frozenset[str]) -> None:
        self._values: dict[str, list[str]] = {}
        if not raw:
            return
        try:
            pairs = parse_qsl(
                raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS
            )
        except (UnicodeDecodeError, ValueError):
            raise bad_request("", "the query is not percent-encoded UTF-8, or too long") from None
        for name, value in pairs:
            if name not in allowed and name.partition(".")[0] + ".*" not in allowed:
                known = ", ".join(sorted(allowed)) or "none"
                raise bad_request(name[:100], f"unknown parameter; this route knows {known}")
            if len(value) > MOST_VALUE or _CONTROL.search(value):
                raise bad_request(name, f"expected at most {MOST_VALUE} characters, none of them a control character")
            self._values.setdefault(name, []).append(value)

    def text(self, name: str) -> str | None:
        """One value. Raises the 400 where there are several."""
        values = self._values.get(name)
        if values is None:
            return None
        if len(values) > 1:
            raise bad_request(name, "given more than once")
        return values[0]

    def texts(self, name: str) -> tuple[str, ...]:
        """A filter of free text: given twice means or."""
        return tuple(sorted(set(self._values.get(name, ()))))

    def several(self, name: str, known: frozenset[str]) -> frozenset[str]:
        """A filter: given twice means or. Raises the 400 for a value that is not known."""
        values = frozenset(self._values.get(name, ()))
        if values - known:
            raise bad_request(name, "unknown value; expected some of " + ", ".join(sorted(known)))
        return values

    def below(self, name: str) -> dict[str, tuple[str, ...]]:
        """The filters `name.…` by what follows the dot."""
        start = f"{name}."
        return {one.removeprefix(start): self.texts(one) for one in self._values if one.startswith(start)}

    def limit(self) -> int:
        text = self.text("limit")
        if text is None:
            return LIMIT
        if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MOST):
            raise bad_request("limit", f"expected a number from 1 to {MOST}")
        return int(text)

    def flag(self, name: str) -> bool:
        text = self.text(name)
        if text not in (None, "true", "false"):
            raise bad_request(name, "expected true or false")
        return text == "true"

    def time(self, name: str) -> datetime | None:
        """RFC 3339 with a zone; a plus sign that became a space is taken as one."""
        text = self.text(name)
        if text is None:
            return None
        try:
            found = msgspec.convert(_ZONE_AFTER_SPACE.sub(r"+\1", text), datetime)
            check_time(name, found)
        except (msgspec.ValidationError, InvalidField):
            raise bad_request(
                name,
                "expected an RFC 3339 time with a zone between the years 1970 and 2200, such as 2026-01-31T09:30:00Z",
            ) from None
        return found
