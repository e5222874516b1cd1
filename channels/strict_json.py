"""JSON from outside that every reader reads alike: no key twice in an object, no NaN, no bytes that are not UTF-8."""

import json
from typing import Any, NoReturn

from channels.contract import Unparseable
from timeline.interactions import MAX_DEPTH, InvalidField, check_json


def read_json(raw: bytes) -> Any:
    """The document in `raw`. Raises `Unparseable`."""
    try:
        document = json.loads(raw.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
        check_json(document)
    except UnicodeDecodeError as error:
        raise Unparseable("", f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise Unparseable("", f"malformed JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise Unparseable("", f"JSON nested deeper than {MAX_DEPTH} levels") from None
    except InvalidField as error:
        raise Unparseable(error.field, error.words) from None
    except Unparseable:
        raise
    except ValueError as error:  # a number of thousands of digits
        raise Unparseable("", str(error)) from None
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))
        raise Unparseable(twice, "this key stands twice in one object: which of them is meant?")
    return found


def _no_constant(name: str) -> NoReturn:
    raise Unparseable("", f"{name} is not JSON")
