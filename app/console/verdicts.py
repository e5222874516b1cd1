"""What weighing two people came to, in words: the reason of the decision, and its figures where they decide."""

import re
from collections.abc import Mapping, Sequence
from math import floor, log10
from typing import Any, Final

from app.console.language import _, noted
from identity.customers import Grade
from identity.views import Piece

_FIGURES: Final = re.compile(r"[:,]?\s*-?[\d.]+ of -?[\d.]+ needed$")
_WEIGHED: Final = {
    "one person, no conflict": noted("One person by this evidence, and nothing contradicts it."),
    "could as well be another customer": noted("It could as well be another customer."),
    "nothing says that they are one person": noted("Nothing says that they are one person."),
    "could be somebody of the same house or firm": noted("It could be somebody of the same house or firm."),
    "could be a stranger who looks alike": noted("It could be a stranger who looks alike."),
}
"""By the words of `identity.wording`: where the figures decided."""
_RULED: Final = {
    "a claim that nothing else supports links nobody": noted(
        "Only one claim speaks for it. However rare it is, one claim alone never joins two without asking."
    ),
    "one thing that nothing else supports links nobody": noted(
        "Only one thing speaks for it. However rare it is, one thing alone never joins two without asking."
    ),
    "this workspace links on proof alone": noted("This is evidence, and only proof joins two here without asking."),
    "kept apart": noted("As long as something contradicts it, nothing joins the two without asking."),
}
"""The same where a rule decided, whatever the figures."""
_GRADES: Final[dict[Grade, str]] = {
    "verified": noted("proved"),
    "presumed": noted("presumed: by evidence, without a proof"),
    "possible": noted("possible: nothing is joined yet"),
}
_MOST: Final = 20
"""Bits from which a weight is not told more exactly."""


def percent(probability: float) -> str:
    shown = round(probability * 100)
    return _("under 1 %%") if shown < 1 else _("over 99 %%") if shown > 99 else _("%(percent)d %%", percent=shown)


def likely(evidence: Sequence[Mapping[str, Any]], probability: float | None) -> str:
    """How likely two are one, for people; nothing where a rule decides and the figure would say more than is known."""
    return "" if probability is None or _ruled(_decision(evidence)) else percent(probability)


def verdict_words(evidence: Sequence[Mapping[str, Any]]) -> str:
    """What the evidence came to, a sentence, and a second one with the figures where these decided."""
    found = _decision(evidence)
    if found is None:
        return ""
    said, ruled = _sentence(str(found["words"])), _ruled(found)
    chance, needed = found.get("probability"), found.get("needed")
    if ruled or chance is None or needed is None:
        return said
    if found.get("level") == "alone":
        return _("%(said)s Likely one person: %(likely)s.", said=said, likely=percent(chance))
    return _(
        "%(said)s Likely one person: %(likely)s; joined without asking from %(needed)s on.",
        said=said,
        likely=percent(chance),
        needed=percent(needed),
    )


def stands_alone(evidence: Sequence[Mapping[str, Any]]) -> bool:
    """Whether one thing speaks for it and would be enough, were it not alone."""
    found = _decision(evidence)
    return found is not None and found.get("level") == "alone" and _ruled(found)


def because(evidence: Sequence[Piece]) -> list[str]:
    """What a decision rests on, a part of a sentence each, what it came to last."""
    told = [one.words for one in evidence if one.words and one.comparison != "decision"]
    return told + [_sentence(one.words) for one in evidence if one.words and one.comparison == "decision"]


def grade_words(grade: Grade) -> str:
    """How sure it is that something belongs where it stands."""
    return _(_GRADES[grade])


def weight_words(bits: float) -> str:
    """How much more often it is seen of one person than of strangers, or the other way round."""
    if round(abs(bits), 1) == 0.0:
        return _("says nothing either way")
    if abs(bits) >= _MOST:
        return _("practically only seen of one person") if bits > 0 else _("practically only seen of strangers")
    times = 2.0 ** abs(bits)
    shown = f"{_two_digits(times):,.0f}" if times >= 2 else f"{times:.1f}"
    if bits < 0:
        return _("%(times)s times as often seen of strangers as of one person", times=shown)
    return _("%(times)s times as often seen of one person as of strangers", times=shown)


def _decision(evidence: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    return next((one for one in evidence if one.get("comparison") == "decision" and one.get("words")), None)


def _ruled(decision: Mapping[str, Any] | None) -> bool:
    return decision is not None and _beginning(str(decision["words"])) in _RULED


def _beginning(words: str) -> str:
    return _FIGURES.sub("", words).partition(":")[0]


def _sentence(words: str) -> str:
    """Of the decision's own words, without figures; words of before stay as they were."""
    known = {**_WEIGHED, **_RULED}.get(_beginning(words))
    if known is not None:
        return _(known)
    plain = _FIGURES.sub("", words)
    return f"{plain[:1].upper()}{plain[1:]}." if plain else ""


def _two_digits(number: float) -> float:
    size = 10.0 ** (floor(log10(number)) - 1)
    return round(number / size) * size if size > 1 else round(number)
