"""All sentences of the console in one place, for translators: `make docs` writes them as a POT."""

import io
import sys
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

ROOT: Final = Path(__file__).parents[2]
CONSOLE: Final = ROOT / "app" / "console"
CATALOGUE: Final = CONSOLE / "locale" / "messages.pot"
HOW: Final = [("**.py", "python"), ("templates/**.html", "jinja2")]
MARKED: Final = {"_": None, "noted": None, "counted": (1, 2), "ngettext": (1, 2)}


def catalogue() -> str:
    """Sorted, without places: a line that moves changes nothing."""
    found = Catalog(project="Throughline", charset="utf-8")
    for _, _, said, comments, _ in extract_from_dir(CONSOLE, HOW, keywords=MARKED):
        found.add(said, auto_comments=comments)
    out = io.BytesIO()
    write_po(out, found, width=120, no_location=True, omit_header=True, sort_output=True)
    return out.getvalue().decode()


if __name__ == "__main__":
    sys.stdout.write(catalogue())
