"""Templates mean what they mean to Jinja, however they are compiled."""

from typing import Any
from uuid import UUID

import pytest
from jinja2 import Environment, StrictUndefined, UndefinedError
from markupsafe import Markup, escape

from app.console.compiling import PageEnvironment
from app.console.language import translations


class Own:
    def __html__(self) -> str:
        return "<i>own</i>"


class Text(str):
    __slots__ = ()


VALUES = [
    "", "plain", "<script>", 'a "quote"', "it's", "a & b", "a > b", "é\u202e𝒳\x00", Text("<b>"), Markup("<b>"), Own(),
    5, -1.5, True, None, UUID(int=7), [1, "<"], b"<",
]  # fmt: skip


def environment(kind: type[Environment]) -> Environment:
    made = kind(autoescape=True, undefined=StrictUndefined, extensions=["jinja2.ext.i18n"])
    known: Any = made
    known.install_gettext_callables(translations().gettext, translations().ngettext, newstyle=True)
    return made


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_written_as_escape_would(value: object) -> None:
    assert str(PageEnvironment.written(value)) == str(escape(value))


TEMPLATES = [
    "{{ value }}",
    "<a title='{{ value }}'>{{ value | upper }}</a>",
    "{% macro m(x) %}<b>{{ x }}</b>{% endmacro %}{{ m(value) }}{{ m(m(value)) }}",
    "{% set kept %}<u>{{ value }}</u>{% endset %}{{ kept }}",
    "{{ _('Who <b>this</b> is') }}{{ _('100%% sure') }}",
    "{{ _('%(who)s took it', who=value) }}{{ ngettext('%(num)d thing', '%(num)d things', 2) }}",
    "{% for one, said in ((value, _('Older')), (1, _('It\\'s'))) %}{{ one }}{{ said }}{{ said | length }}{% endfor %}",
    "{{ value ~ '<' }}{{ '<' ~ _('a') }}{{ ('%s' | safe) % value }}",
    "{{ value if value is string else _('none') }}",
]


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("value", ["plain", "<script>alert('1')</script>", Markup("<b>"), 5, UUID(int=7)])
def test_a_template_renders_as_jinja_alone_would(template: str, value: object) -> None:
    ours, plain = environment(PageEnvironment), environment(Environment)
    assert ours.from_string(template).render(value=value) == plain.from_string(template).render(value=value)


def test_what_is_not_there_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        environment(PageEnvironment).from_string("{{ value }}").render()


def test_a_template_that_escapes_nothing_is_refused() -> None:
    with pytest.raises(AssertionError):
        PageEnvironment(autoescape=False).from_string("{{ value }}")
    with pytest.raises(AssertionError):
        environment(PageEnvironment).from_string("{% autoescape value %}{{ value }}{% endautoescape %}")
