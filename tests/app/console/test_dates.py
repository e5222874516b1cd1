"""Days, dates and spans: what is written, and that a translator has a say in every word of it."""

import gettext
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.console.dates import span_words
from app.console.graphs import step_name
from app.console.number_words import lasting
from app.console.periods import Span, in_words
from app.console.rendering import ago, day, moment

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
DAYS = [
    (timedelta(), "Today"),
    (timedelta(days=1), "Yesterday"),
    (timedelta(days=3), "Thursday"),
    (timedelta(days=30), "23 October"),
    (timedelta(days=365), "22 November 2025"),
]
SINCE = [
    (timedelta(seconds=20), "now"),
    (timedelta(minutes=5), "5 min"),
    (timedelta(hours=3), "3 h"),
    (timedelta(days=2), "2 d"),
    (timedelta(days=70), "2 mo"),
    (timedelta(days=800), "2 y"),
    (timedelta(hours=-3), "in 3 h"),
]


class Shouting(gettext.NullTranslations):
    def gettext(self, message: str) -> str:
        return "".join(part if part.startswith("%(") else part.upper() for part in _parts(message))


def _parts(message: str) -> list[str]:
    """Gaps, with their letter of a format, and what stands between."""
    whole: list[str] = []
    for at, part in enumerate(message.split("%(")):
        if not at:
            whole.append(part)
        else:
            gap, _sign, rest = part.partition(")")
            whole += [f"%({gap}){rest[:1]}", rest[1:]]
    return whole


@pytest.mark.parametrize(("since", "said"), DAYS)
def test_a_day_is_said_as_one_says_it(since: timedelta, said: str):
    assert day(NOW - since, None, NOW) == said
    within = said.lower() if since < timedelta(days=2) else said
    assert day(NOW - since, None, NOW, within=True) == within


@pytest.mark.parametrize(("since", "said"), SINCE)
def test_how_long_since_in_one_unit(since: timedelta, said: str):
    assert ago(NOW - since, NOW) == said


def test_a_span_in_two_units_at_most():
    assert [span_words(one) for one in (0, 59, 61, 3_700, 90_061)] == ["0 s", "59 s", "1 min", "1 h 1 min", "1 d 1 h"]


def every_word() -> list[str]:
    weeks = Span(first=date(2025, 11, 1), last=date(2026, 1, 28), start=NOW, end=NOW)
    return [
        *(day(NOW - since, None, NOW) for since, _said in DAYS),
        *(ago(NOW - since, NOW) for since, _said in SINCE),
        moment(NOW, None),
        span_words(90_061),
        lasting(7_200.0),
        lasting(3.0),
        in_words(weeks),
        *(step_name(NOW, step, BERLIN, long=long) for step in ("day", "week", "month") for long in (True, False)),
    ]


def test_every_word_is_translated(monkeypatch: pytest.MonkeyPatch):
    said = every_word()
    monkeypatch.setattr("app.console.language.translations", lambda *_: Shouting())
    assert every_word() == [one.upper() for one in said]
