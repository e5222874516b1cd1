"""What the console says, ready for translation: every sentence goes through here, in templates as `_("…")` too.

`locale/messages.pot` lists them all in one place (`make docs`); English is what stands in the code.
"""

import gettext
from functools import lru_cache
from importlib import resources
from typing import Final

DOMAIN: Final = "messages"
ENGLISH: Final = "en"


@lru_cache(maxsize=16)
def translations(language: str = ENGLISH) -> gettext.NullTranslations:
    """The sentences of a language, English where it has none."""
    folder = resources.files("app.console").joinpath("locale")
    return gettext.translation(DOMAIN, str(folder), [language], fallback=True)


def _(sentence: str, **values: object) -> str:
    """A sentence, with `%(name)s` filled in. A sign of per cent in it is written twice."""
    return translations().gettext(sentence) % values


def counted(one: str, many: str, number: int, **values: object) -> str:
    """A sentence about a number, which it names as `%(num)s`."""
    return translations().ngettext(one, many, number) % {"num": number, **values}


def noted(sentence: str) -> str:
    """A sentence of a constant, which is translated where it is shown."""
    return sentence
