"""What a browser says of itself, in two words: for who looks through the list of sessions."""

import re
from typing import Final

from app.console.language import _

_BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
LONGEST: Final = 60
_VERSION: Final = re.compile(r"(\d+)")


def device_words(said: str) -> str:
    """`Firefox 128 on Linux`; what is no browser's word as it is, shortened."""
    system = next((name for sign, name in _SYSTEMS if sign in said), "")
    for sign, name in _BROWSERS:
        if sign in said:
            version = _VERSION.match(said.partition(sign)[2])
            browser = f"{name} {version[1]}" if version else name
            return _("%(browser)s on %(system)s", browser=browser, system=system) if system else browser
    return said[:LONGEST] or _("unknown")
