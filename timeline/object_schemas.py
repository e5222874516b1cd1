"""Does a pushed state fit the schema of its type, and is a schema one that can be checked against in bounded time?

A schema is JSON Schema 2020-12 without what reaches outside (`$ref` other than `#...`) or has no bound: references that
lead back to themselves, `unevaluated...`, dynamic references. Patterns run in an engine that is linear in the text.
What is left costs at most its expanded size for each value of a state: `MOST_WORK` holds the product.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import jsonschema_rs
import msgspec

from timeline.interactions import InvalidField

MOST_BYTES: Final = 32 * 1024
MOST_DEPTH: Final = 32
MOST_SIZE: Final = 5_000
MOST_HOPS: Final = 100
MOST_WORK: Final = 1_000_000
"""Expanded size of a schema times the values in a state: at worst a tenth of a second on one core of ours, in which the
process does nothing else."""
MOST_MATCHING: Final = 200_000
"""Patterns of a schema times the characters in a state: at worst half a second, for patterns made to be slow."""
MOST_TELLING: Final = 20_000
"""Size of alternatives times values: beyond, telling why none fits takes longer (15 µs each) than it is worth."""
MOST_WORDS: Final = 300

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_PATTERNS: Final = jsonschema_rs.RegexOptions(size_limit=10_000, dfa_size_limit=200_000)
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,5}")
_MAPS: Final = ("properties", "patternProperties", "dependentSchemas")
_LISTS: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE: Final = ("items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else")
_ROOMS: Final = ("$defs", "definitions")
_REFUSED: Final = (
    "$anchor", "$dynamicAnchor", "$dynamicRef", "$id", "$recursiveAnchor", "$recursiveRef", "$schema", "$vocabulary",
    "dependencies", "unevaluatedItems", "unevaluatedProperties",
)  # fmt: skip


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Where in a value, and what was expected there."""

    field: str
    words: str


class Checker:
    """A schema made ready. `size` is what it costs for each value of a state, its references followed."""

    def __init__(self, schema: dict[str, Any]) -> None:
        """Raises `InvalidField` with the path in the schema."""
        _check_extent(schema)
        schema = _without_name(schema)
        weighed = _Weighed(schema)
        self.size = weighed.size
        self._alternatives = weighed.alternatives
        self._patterns = weighed.patterns
        try:
            self._validator = jsonschema_rs.Draft202012Validator(
                schema, offline=True, pattern_options=_PATTERNS, validate_formats=False, mask="the value"
            )
        except jsonschema_rs.ValidationError as error:
            pattern = error.kind.name == "format"
            words = "expected a regular expression, not too large, without look-around and back references"
            raise InvalidField("schema" + _path(error.instance_path), words if pattern else error.message) from None
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            raise InvalidField("schema", str(error)[:MOST_WORDS]) from None

    def fault(self, state: Any) -> Fault | None:
        """The first thing in a state that its schema does not allow."""
        values, letters = _extent(state)
        if self.size * values > MOST_WORK or self._patterns * letters > MOST_MATCHING:
            return Fault(field="", words="holds more values or text than the schema of its type can check")
        if self._validator.is_valid(state):
            return None
        if self._alternatives * values > MOST_TELLING:
            return Fault(field="", words="does not fit the schema of its type")
        try:
            self._validator.validate(state)
        except jsonschema_rs.ValidationError as error:
            return _told(error)
        return None


def _told(error: jsonschema_rs.ValidationError) -> Fault:
    said = error.kind.as_dict()
    field = _path(error.instance_path)
    if error.kind.name == "required":
        return Fault(field=field + _path([said["property"]]), words="missing, and the schema of its type requires it")
    if error.kind.name == "additionalProperties":
        return Fault(field=field + _path(said["unexpected"][:1]), words="the schema of its type knows no such field")
    return Fault(field=field, words=error.message[:MOST_WORDS])


def _path(steps: list[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step[:100]}" for step in steps)[:MOST_WORDS]


def _check_extent(schema: dict[str, Any]) -> None:
    if len(msgspec.json.encode(schema)) > MOST_BYTES:
        raise InvalidField("schema", f"expected at most {MOST_BYTES:,} bytes of JSON")
    todo: list[tuple[int, Any]] = [(1, schema)]
    while todo:
        depth, part = todo.pop()
        if depth > MOST_DEPTH:
            raise InvalidField("schema", f"nested deeper than {MOST_DEPTH} levels")
        if isinstance(part, dict | list):
            todo.extend((depth + 1, inner) for inner in (part.values() if isinstance(part, dict) else part))


def _without_name(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without what its root may say of itself: its own address, and the draft, which must be ours."""
    if schema.get("$schema", _DRAFT) not in (_DRAFT, f"{_DRAFT}#"):
        raise InvalidField("schema.$schema", f"expected {_DRAFT}, or nothing")
    return {key: value for key, value in schema.items() if key not in ("$schema", "$id")}


def _extent(value: Any) -> tuple[int, int]:
    """How many values a document holds, and how many characters its texts and names have."""
    values = letters = 0
    todo = [value]
    while todo:
        part = todo.pop()
        values += 1
        if isinstance(part, str):
            letters += len(part)
        elif isinstance(part, dict):
            letters += sum(map(len, part))
            todo.extend(part.values())
        elif isinstance(part, list):
            todo.extend(part)
    return values, letters


class _Weighed:
    """What a schema costs, its references followed: each place of a state meets each of its parts once at most."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._root = schema
        self._known: dict[int, tuple[int, int, int]] = {}
        self._open: set[int] = set()
        self.size, self.patterns, self.alternatives = self._weigh(schema, "schema")
        if self.size > MOST_SIZE:
            raise InvalidField("schema", f"expected at most {MOST_SIZE:,} parts, the references followed")

    def _weigh(self, schema: Any, at: str) -> tuple[int, int, int]:
        """Size, patterns and alternatives of a schema. Raises `InvalidField`."""
        if not isinstance(schema, dict):
            return 1, 0, 0
        name = id(schema)
        if name in self._open:
            raise InvalidField(at, "this reference leads back to itself")
        if len(self._open) >= MOST_HOPS:
            raise InvalidField(at, f"more than {MOST_HOPS} references lead on from each other")
        if name not in self._known:
            self._open.add(name)
            self._known[name] = self._weigh_parts(schema, at)
            self._open.discard(name)
        return self._known[name]

    def _weigh_parts(self, schema: dict[str, Any], at: str) -> tuple[int, int, int]:
        for word in _REFUSED:
            if word in schema:
                raise InvalidField(f"{at}.{word}", "this keyword is not taken here")
        for room in _ROOMS:
            for key, part in _parts(schema, (room,), at):
                self._weigh(part, key)
        patterns = schema.get("patternProperties")
        size, matched = 1 + _literals(schema), int("pattern" in schema)
        matched += len(patterns) if isinstance(patterns, dict) else 0
        alternatives = 0
        for key, part in _parts(schema, (*_MAPS, *_LISTS, *_SINGLE), at):
            inner = self._weigh(part, key)
            size, matched, alternatives = size + inner[0], matched + inner[1], alternatives + inner[2]
            if key.startswith((f"{at}.anyOf[", f"{at}.oneOf[")):
                alternatives += inner[0]
        if "$ref" in schema:
            target = self._target(schema["$ref"], f"{at}.$ref")
            inner = self._weigh(target, "schema" + schema["$ref"].replace("/", ".")[1:])
            size, matched, alternatives = size + inner[0], matched + inner[1], alternatives + inner[2]
        return size, matched, alternatives

    def _target(self, reference: Any, at: str) -> Any:
        if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
            raise InvalidField(at, "expected a place in this schema, such as #/$defs/item")
        if "%" in reference:  # who follows it would decode it, and so go elsewhere than we who weigh it
            raise InvalidField(at, "expected a place whose names are spelled without %")
        found: Any = self._root
        for step in reference.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict) and name in found:
                found = found[name]
            elif isinstance(found, list) and _NUMBER.fullmatch(name) and int(name) < len(found):
                found = found[int(name)]
            else:
                raise InvalidField(at, "there is nothing at this place of the schema")
        if not isinstance(found, dict | bool):
            raise InvalidField(at, "there is no schema at this place")
        return found


def _parts(schema: dict[str, Any], words: tuple[str, ...], at: str) -> Iterator[tuple[str, Any]]:
    for word in words:
        value = schema.get(word)
        if word in _SINGLE:
            if value is not None:
                yield f"{at}.{word}", value
        elif isinstance(value, dict):
            yield from ((f"{at}.{word}.{name[:100]}", part) for name, part in value.items())
        elif isinstance(value, list):
            yield from ((f"{at}.{word}[{number}]", part) for number, part in enumerate(value))


def _literals(schema: dict[str, Any]) -> int:
    """What comparing with the values that a schema spells out costs."""
    return sum(_extent(schema[word])[0] for word in ("enum", "const", "required") if word in schema)
