"""Words that stand in every sentence and tell nothing of what it is about."""

from collections.abc import Sequence
from typing import Final

_ENGLISH: Final = (
    "a about after again all also am an and any are as at be been before but by can could did do does done each for "
    "from get got had has have he her here him his how i if in into is it its just like me more most my no nor not "
    "now of off on one only or our out over own she so some such than that the their them then there these they this "
    "those to too under until up us very was we were what when where which while who whom whose why will with would "
    "you your"
)
_OTHERS: Final = (
    "aan als an au auf aus avec bei bin bis con da dans das de degli dei del della dem den der des die di dir door du "
    "een ein eine einem einen einer el elle en er es est et für gli hat het hij ich ihr il ils im in ist je la las le "
    "les lo los mais med met mich mir mit não nach naar niet nicht noch non och oder om os ou para par pas per por "
    "pour på que qui se sie sind sur te til till um un una und une uno van vom von voor war wie wir y zu zum zur är"
)
LITTLE: Final = frozenset(f"{_ENGLISH} {_OTHERS}".split())


def without_little(words: Sequence[str]) -> Sequence[str]:
    """What tells something; all of them where none does."""
    return [word for word in words if word.casefold() not in LITTLE] or words
