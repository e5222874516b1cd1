"""Whatever the console says can be translated, and stands in its catalogue."""

import re
from pathlib import Path

import pytest

from tests.house.sentences import CATALOGUE, CONSOLE, catalogue

TEMPLATES = CONSOLE / "templates"
JINJA = re.compile(r"{%-?\s*trans\b.*?endtrans\s*-?%}|{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)
CODE = re.compile(r"<(code|pre)\b.*?</\1>", re.DOTALL)
TAG = re.compile(r"<[^<>]*>|&#?\w+;", re.DOTALL)
TOLD = re.compile(r'\s(?:aria-label|placeholder|title|alt)="([^"]*)"')
ATTRIBUTE = re.compile(r'\b[a-z]+(?:-[a-z]+)*="[^"]*"|\bdata-[a-z-]+|\bautofocus\b')
WORD = re.compile(r"[^\W\d_]{2,}")
NAMES = {"Throughline", "CSV", "API", "Ctrl"}


def naked(template: str) -> list[str]:
    """Words of a template that nobody could translate."""
    plain = CODE.sub(" ", JINJA.sub("", template))
    texts = [*TOLD.findall(plain), *ATTRIBUTE.sub("", TAG.sub("\n", plain)).split("\n")]
    return [text.strip() for text in texts if set(WORD.findall(text)) - NAMES]


def test_the_catalogue_holds_every_sentence() -> None:
    """`make docs` writes it."""
    assert CATALOGUE.read_text(encoding="utf-8") == catalogue()


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: Path(path).name)
def test_no_template_says_anything_else(path: Path) -> None:
    assert naked(path.read_text(encoding="utf-8")) == []


def test_words_that_nobody_could_translate_are_seen() -> None:
    assert naked('<p title="Close it">{{ _("Open") }} now</p>') == ["Close it", "now"]
    assert (
        naked('<p class="x" title="{{ _(name) }}">{% if a %}{{ a }}{% endif %} &middot; <code>make run</code></p>')
        == []
    )
