"""The kinds of controls that a form has: how each writes a value of the API into text, and reads it back. Pure."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from app.console.language import _

Kind = Literal[
    "text",
    "long",
    "number",
    "choice",
    "several",
    "flag",
    "lines",
    "words",
    "duration",
    "zone",
    "secret",
    "moment",
    "spans",
    "holidays",
    "json",
    "rows",
]

UNITS: Final = (("hour", 3_600), ("minute", 60), ("second", 1))
_DURATION: Final = re.compile(r"([0-9]{1,9}) *(hours?|h|minutes?|min|seconds?|s|days?|d)\b")
_SECONDS: Final = {"h": 3_600, "m": 60, "s": 1, "d": 86_400}
_SPAN: Final = re.compile(r"([0-9]{1,2}:[0-9]{2}) *[-–] *([0-9]{1,2}:[0-9]{2})")
_LOCAL: Final = "%Y-%m-%dT%H:%M"


class Misread(ValueError):
    """What was typed is nothing of the kind; the words are for whoever typed it."""


def _number(said: list[str], _zone: Any) -> int | float:
    text = said[-1].strip().replace("\u00a0", "")
    try:
        if re.fullmatch(r"[+-]?[0-9]{1,18}", text):
            return int(text)
        if re.fullmatch(r"[+-]?[0-9]{0,12}[.,][0-9]{1,12}", text):
            return float(text.replace(",", "."))
    except ValueError:
        pass
    raise Misread(_("Expected a number."))


def _duration(said: list[str], _zone: Any) -> int:
    parts = _DURATION.findall(said[-1].lower())
    if not parts or _DURATION.sub("", said[-1].lower()).strip(" ,"):
        raise Misread(_("Expected hours or minutes, such as “8 hours” or “1 hour 30 minutes”."))
    return sum(int(number) * _SECONDS[unit[0]] for number, unit in parts)


def write_duration(seconds: Any, _zone: Any = None) -> list[str]:
    left, parts = int(seconds), list[str]()
    for unit, length in UNITS:
        number, left = divmod(left, length)
        if number:
            parts.append(f"{number} {unit}{'' if number == 1 else 's'}")
    return [" ".join(parts) or "0 seconds"]


def _moment(said: list[str], zone: Any) -> str:
    try:
        return datetime.strptime(said[-1].strip(), _LOCAL).replace(tzinfo=zone).isoformat()
    except (ValueError, OverflowError):
        raise Misread(_("Expected a day and a time.")) from None


def _write_moment(value: Any, zone: Any) -> list[str]:
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return [f"{at.astimezone(zone or ZoneInfo('UTC')):%Y-%m-%dT%H:%M}"]


def _spans_of(text: str) -> list[list[str]]:
    if _SPAN.sub("", text).strip(" ,;"):
        raise Misread(_("Expected times from and to, such as “09:00-12:30, 13:30-18:00”."))
    return [[start.zfill(5), end.zfill(5)] for start, end in _SPAN.findall(text)]


def _write_spans(value: Any, _zone: Any = None) -> list[str]:
    return [", ".join(f"{start}-{end}" for start, end in value)]


def _holidays(said: list[str], _zone: Any) -> list[Any]:
    found: list[Any] = []
    for line in _lines(said, None):
        day, _gap, hours = line.partition(" ")
        spans = _spans_of(hours)
        found.append({"date": day, "hours": spans} if spans else day)
    return found


def _write_holidays(value: Any, _zone: Any) -> list[str]:
    lines = [
        one if isinstance(one, str) else f"{one['date']} {_write_spans(one.get('hours', ()))[0]}".strip()
        for one in value
    ]
    return ["\n".join(lines)]


def _lines(said: list[str], _zone: Any) -> list[str]:
    return [line.strip() for text in said for line in text.split("\n") if line.strip()]


def _words(said: list[str], _zone: Any) -> list[str]:
    return [one.strip() for text in said for one in re.split(r"[,\n]", text) if one.strip()]


def _json(said: list[str], _zone: Any) -> Any:
    try:
        return msgspec.json.decode(said[-1].encode())
    except (msgspec.DecodeError, RecursionError) as error:
        raise Misread(_("This is no JSON: %(why)s.", why=error)) from None


def _write_json(value: Any, _zone: Any) -> list[str]:
    return [msgspec.json.format(msgspec.json.encode(value), indent=2).decode()]


Reader = Callable[[list[str], Any], Any]
Writer = Callable[[Any, Any], list[str]]

READERS: Final[dict[str, Reader]] = {
    "text": lambda said, _: said[-1].strip(),
    "long": lambda said, _: said[-1].strip("\n"),
    "zone": lambda said, _: said[-1].strip(),
    "secret": lambda said, _: said[-1],
    "choice": lambda said, _: said[-1],
    "number": _number,
    "several": lambda said, _: list(dict.fromkeys(said)),
    "flag": lambda said, _: bool(said),
    "lines": _lines,
    "words": _words,
    "duration": _duration,
    "moment": _moment,
    "spans": lambda said, _: _spans_of(" ".join(said)),
    "holidays": _holidays,
    "json": _json,
}
WRITERS: Final[dict[str, Writer]] = {
    **dict.fromkeys(("text", "long", "zone", "choice", "number"), lambda value, _: [str(value)]),
    "secret": lambda _value, _: [],
    "several": lambda value, _: [str(one) for one in value],
    "flag": lambda value, _: ["on"] if value else [],
    "lines": lambda value, _: ["\n".join(str(one) for one in value)],
    "words": lambda value, _: [", ".join(str(one) for one in value)],
    "duration": write_duration,
    "moment": _write_moment,
    "spans": _write_spans,
    "holidays": _write_holidays,
    "json": _write_json,
}
