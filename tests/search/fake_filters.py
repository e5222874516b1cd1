"""Filters as Meilisearch reads them: its grammar, its escapes, and what its settings allow."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

Row = Mapping[str, Any]
Test = Callable[[Row], bool]

KEYWORDS = frozenset({"AND", "OR", "IN", "NOT", "TO", "EXISTS", "IS", "NULL", "EMPTY", "CONTAINS", "STARTS", "WITH"})
WORD = re.compile(r"[\w.\-]+")
ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\\": "\\", "'": "'", '"': '"'}


class BadFilter(Exception):
    pass


class Attributes:
    """What `filterableAttributes` allows, as names or as patterns with features."""

    def __init__(self, settings: list[Any]) -> None:
        self.equal: set[str] = set()
        self.compared: set[str] = set()
        self.counted: set[str] = set()
        for each in settings:
            features = {} if isinstance(each, str) else each["features"]
            names = {each} if isinstance(each, str) else set(each["attributePatterns"])
            allowed = features.get("filter", {"equality": True, "comparison": True})
            self.equal |= names if allowed["equality"] else set()
            self.compared |= names if allowed["comparison"] else set()
            self.counted |= names if features.get("facetSearch", True) else set()

    def check(self, name: str, operator: str) -> None:
        compared = operator in {">", ">=", "<", "<=", "TO"}
        if name not in (self.compared if compared else self.equal):
            raise BadFilter(f"Attribute `{name}` is not filterable with `{operator}`.")


def parse(written: Any, attributes: Attributes) -> Test:
    if written is None:
        return lambda row: True
    if isinstance(written, str):
        return _Reader(written, attributes).whole() if written.strip() else lambda row: True
    if not isinstance(written, list):
        raise BadFilter("expected a string or an array")
    outer: list[Test] = []
    for each in written:
        inner = [parse(one, attributes) for one in (each if isinstance(each, list) else [each]) if _text(one)]
        outer.append(lambda row, tests=inner: any(test(row) for test in tests))
    return lambda row: all(test(row) for test in outer)


def _text(one: Any) -> bool:
    if not isinstance(one, str):
        raise BadFilter("arrays nest two deep, of strings")
    return True


def folded(value: str) -> str:
    return unicodedata.normalize("NFKD", value.strip()).lower()


class _Reader:
    """expression = and (OR and)*; and = not (AND not)*; not = NOT not | ( expression ) | condition"""

    def __init__(self, text: str, attributes: Attributes) -> None:
        self.text, self.at, self.attributes = text, 0, attributes

    def whole(self) -> Test:
        test = self.either()
        self.blank()
        if self.at < len(self.text):
            raise BadFilter(f"Found unexpected characters at the end of the filter: `{self.text[self.at :]}`.")
        return test

    def blank(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def takes(self, sign: str) -> bool:
        self.blank()
        if not self.text.startswith(sign, self.at):
            return False
        after = self.text[self.at + len(sign) : self.at + len(sign) + 1]
        if sign.isalpha() and (after.isalnum() or after in {"_", "-", "."}):
            return False
        self.at += len(sign)
        return True

    def either(self) -> Test:
        tests = [self.both()]
        while self.takes("OR"):
            tests.append(self.both())
        return lambda row: any(test(row) for test in tests)

    def both(self) -> Test:
        tests = [self.single()]
        while self.takes("AND"):
            tests.append(self.single())
        return lambda row: all(test(row) for test in tests)

    def single(self) -> Test:
        if self.takes("NOT"):
            test = self.single()
            return lambda row: not test(row)
        if self.takes("("):
            test = self.either()
            if not self.takes(")"):
                raise BadFilter("Expression is missing the following closing delimiter: `)`.")
            return test
        return self.condition()

    def condition(self) -> Test:
        name = self.value()
        for sign in (">=", "<=", "!=", "=", ">", "<"):
            if self.takes(sign):
                return self.compared(name, sign)
        negative = self.takes("NOT")
        test = self.member(name)
        return (lambda row: not test(row)) if negative else test

    def member(self, name: str) -> Test:
        if self.takes("EXISTS"):
            self.attributes.check(name, "EXISTS")
            return lambda row: name in row
        if not self.takes("IN"):
            raise BadFilter(f"Was expecting an operation after `{name}`.")
        self.attributes.check(name, "IN")
        if not self.takes("["):
            raise BadFilter("Expected only comma-separated field names inside `IN[..]`.")
        wanted: set[str] = set()
        while not self.takes("]"):
            wanted.add(folded(self.value()))
            if not self.takes(",") and not self.text.startswith("]", self.at):
                raise BadFilter("Expected only comma-separated field names inside `IN[..]`.")
        return lambda row: any(folded(value) in wanted for value in strings(row.get(name)))

    def compared(self, name: str, sign: str) -> Test:
        value = self.value()
        self.attributes.check(name, sign)
        if sign in {"=", "!="}:
            same: Test = lambda row: folded(value) in {folded(each) for each in strings(row.get(name))}  # noqa: E731
            return same if sign == "=" else lambda row: not same(row)
        number = _number(value)
        return lambda row: any(_stands(each, sign, value, number) for each in _values(row.get(name)))

    def value(self) -> str:
        self.blank()
        quote = self.text[self.at : self.at + 1]
        if quote in {"'", '"'} and quote:
            return self.quoted(quote)
        found = WORD.match(self.text, self.at)
        if found is None or found.group() in KEYWORDS:
            raise BadFilter(f"Was expecting a value but instead got `{self.text[self.at :]}`.")
        self.at = found.end()
        return found.group()

    def quoted(self, quote: str) -> str:
        self.at += 1
        read = ""
        while self.at < len(self.text):
            letter = self.text[self.at]
            self.at += 1
            if letter == quote:
                return read
            if letter == "\\":
                following = self.text[self.at : self.at + 1]
                self.at += 1
                if following not in ESCAPED:
                    raise BadFilter("Malformed value.")
                letter = ESCAPED[following]
            read += letter
        raise BadFilter(f"Expression is missing the following closing delimiter: `{quote}`.")


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _values(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def strings(value: Any) -> list[str]:
    """Values by which a row is filtered and counted; booleans are words, null is nothing."""
    told = {True: "true", False: "false"}
    return [told[each] if isinstance(each, bool) else str(each) for each in _values(value)]


def _stands(each: Any, sign: str, value: str, number: float | None) -> bool:
    if isinstance(each, str):
        left, right = folded(each), folded(value)
        return {">": left > right, ">=": left >= right, "<": left < right, "<=": left <= right}[sign]
    if number is None:
        return False
    return {">": each > number, ">=": each >= number, "<": each < number, "<=": each <= number}[sign]
