"""When a delivery is tried again, when it is given up, and what becomes of an endpoint that fails."""

from datetime import UTC, datetime, timedelta

import pytest

from channels.webhooks import kinds
from channels.webhooks.schedule import (
    DEAD,
    KEPT_TRYING,
    Attempt,
    Standing,
    how_many,
    judge,
    longest_pause,
    read_retry_after,
    standing_after,
)
from timeline.interactions import InvalidField

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAILED = Attempt(status=500)
DONE = Attempt(status=204)


def test_pauses_grow_as_the_page_says():
    assert [longest_pause(tries) for tries in range(1, 11)] == [
        5, 15, 45, 135, 405, 1215, 3645, 10935, 32805, 43200,
    ]  # fmt: skip
    assert longest_pause(10_000) == 43_200


@pytest.mark.parametrize("dice", [0.0, 0.3, 0.999])
def test_a_dead_endpoint_is_tried_for_three_days_and_no_longer(dice: float):
    now, tries = NOW, 0
    while True:
        tries += 1
        verdict = judge(FAILED, tries, NOW, now, dice)
        if verdict.state == "failed":
            break
        assert verdict.next_try_at is not None
        assert timedelta(seconds=1) <= verdict.next_try_at - now <= timedelta(seconds=longest_pause(tries) + 1)
        now = verdict.next_try_at
        if dice == 0.0 and tries == 50:
            return
    assert NOW + timedelta(days=2) < now <= NOW + KEPT_TRYING
    assert 10 < tries < 40


def test_the_receiver_says_how_long_to_wait_within_bounds():
    def pause(seconds: float) -> float:
        verdict = judge(Attempt(status=429, retry_after=seconds), 1, NOW, NOW, 0.0)
        assert verdict.next_try_at is not None
        return (verdict.next_try_at - NOW).total_seconds()

    assert [pause(seconds) for seconds in (0, 120, 10**9)] == [1, 120, 86_400]


@pytest.mark.parametrize(
    ("attempt", "state", "words"),
    [
        (Attempt(status=200), "delivered", None),
        (Attempt(status=299), "delivered", None),
        (Attempt(status=301), "waiting", "answered 301: no redirect is followed"),
        (Attempt(status=410), "failed", "answered 410"),
        (Attempt(status=404), "waiting", "answered 404"),
        (Attempt(words="no connection"), "waiting", "no connection"),
    ],
)
def test_what_an_answer_means(attempt: Attempt, state: str, words: str | None):
    verdict = judge(attempt, 1, NOW, NOW, 0.5)
    assert (verdict.state, verdict.reason) == (state, words)


def test_five_failures_open_the_circuit_and_one_arrival_closes_it():
    standing = standing_after(Standing(), [FAILED] * 4, NOW, 0.5)
    assert (standing.failures, standing.paused_until, how_many(standing)) == (4, None, 4)
    pauses = []
    for _ in range(10):
        standing = standing_after(standing, [FAILED], NOW, 1.0)
        assert standing.paused_until is not None
        pauses.append((standing.paused_until - NOW).total_seconds())
        assert how_many(standing) == 1
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300, 300]
    assert standing_after(standing, [FAILED, DONE], NOW, 0.5) == Standing()
    assert how_many(Standing()) == 256


def test_an_endpoint_is_disabled_when_it_is_gone_or_long_dead():
    assert standing_after(Standing(), [DONE, Attempt(status=410)], NOW, 0.5).ends == "the receiver answered 410 Gone"
    failing = Standing(failures=40, failing_since=NOW)
    assert standing_after(failing, [FAILED], NOW + DEAD - timedelta(seconds=1), 0.5).ends is None
    assert standing_after(failing, [FAILED], NOW + DEAD, 0.5).ends == "nothing could be delivered for three days"
    assert standing_after(failing, [DONE], NOW + DEAD, 0.5).ends is None


def test_who_asks_for_a_pause_gets_one():
    asked = standing_after(Standing(), [DONE, Attempt(status=503, retry_after=10_000)], NOW, 0.5)
    assert asked == Standing(paused_until=NOW + timedelta(seconds=300))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Sun, 01 Mar 2026 12:01:00 GMT", 60),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("-5", None),
        ("1e3", None),
        ("9" * 30, 1e9),
        ("soon", None),
        ("", None),
        (None, None),
        ("Sun, 99 Mar 2026 12:01:00 GMT", None),
    ],
)
def test_retry_after_in_both_forms(text: str | None, seconds: float | None):
    assert read_retry_after(text, NOW) == seconds


def test_names_come_from_the_ledger():
    assert {
        "interaction.message", "interaction.order", "customer.merged", "customer.unmerged", "customer.erased",
        "ticket.status_set", "ticket.assigned", "ticket.closed", "ticket.opened", "item.placed",
    } <= kinds.NAMES  # fmt: skip
    assert {"interaction.*", "ticket.*", "customer.*"} <= kinds.GROUPS
    assert all(name.count(".") == 1 and name.islower() for name in kinds.NAMES)


def test_patterns_choose():
    assert kinds.read_patterns(["ticket.*", "customer.merged", "ticket.*"]) == ["customer.merged", "ticket.*"]
    assert kinds.matches(["ticket.*"], "ticket.assigned")
    assert kinds.matches(["*"], "customer.merged")
    assert not kinds.matches(["ticket.*", "customer.merged"], "customer.unmerged")


@pytest.mark.parametrize("text", ["ticket", "tickets.*", "*.*", "ticket.nonsense", "webhook.ping", "TICKET.*", ""])
def test_an_unknown_type_is_named(text: str):
    with pytest.raises(InvalidField, match=r"^events\[1\]: unknown"):
        kinds.read_patterns(["*", text])
