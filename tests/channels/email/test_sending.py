"""What follows from an attempt: a table of ends, and laws that hold after any series of attempts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email.sending import (
    KEPT_TRYING,
    Attempt,
    Course,
    End,
    Standing,
    State,
    Told,
    all_alike,
    cleaned,
    judge,
    not_tried,
    standing_after,
    to_try,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)
BOTH = ["a@x", "b@x"]


@pytest.mark.parametrize(
    ("ends", "state", "again"),
    [
        (("sent", "sent"), "sent", False),
        (("sent", "failed"), "failed", False),
        (("failed", "failed"), "failed", False),
        (("sent", "later"), "waiting", True),
        (("later", "failed"), "waiting", True),
        (("uncertain", "failed"), "uncertain", True),
        (("uncertain", "later"), "uncertain", True),
    ],
)
def test_a_first_attempt(ends: tuple[End, End], state: State, again: bool) -> None:
    attempt = Attempt(told={one: Told(end=end, words="said") for one, end in zip(BOTH, ends, strict=True)})
    verdict = judge(Course(outcomes={}, tries=1, doubts=0, due_at=AT), attempt, AT, 0.5)
    assert (verdict.state, verdict.next_try_at is not None) == (state, again)


ENDS = st.lists(st.tuples(st.sampled_from(["sent", "later", "failed", "uncertain"]), st.floats(0, 1)), max_size=30)


@settings(max_examples=100, deadline=None)
@given(ends=ENDS)
def test_after_a_doubt_there_is_one_attempt_more_and_a_recipient_who_has_it_gets_no_other(
    ends: list[tuple[End, float]],
) -> None:
    course, now = Course(outcomes={}, tries=0, doubts=0, due_at=AT), AT
    attempts: list[list[str]] = []
    after_doubt = 0
    for end, dice in ends:
        course = Course(outcomes=course.outcomes, tries=course.tries + 1, doubts=course.doubts, due_at=AT)
        after_doubt += course.doubts > 0
        whom = to_try(course.outcomes, BOTH)
        attempts.append(whom)
        told = {one: Told(end=end if at == 0 else "sent", words="x") for at, one in enumerate(whom)}
        verdict = judge(course, Attempt(told=told), now, dice)
        course = Course(outcomes=verdict.outcomes, tries=course.tries, doubts=verdict.doubts, due_at=AT)
        if verdict.next_try_at is None:
            assert all(one.state != "waiting" for one in verdict.outcomes.values())
            break
        assert now < verdict.next_try_at <= AT + KEPT_TRYING + timedelta(hours=1)
        now = verdict.next_try_at
    assert after_doubt <= 1
    assert all("b@x" not in whom for whom in attempts[1:])


def test_a_domain_is_left_alone_after_three_failures_and_forgiven_by_one_success() -> None:
    standing, now = Standing(), AT
    pauses = []
    for _ in range(12):
        standing = standing_after(standing, all_alike(BOTH, "later", "no"), now, 1.0)
        pauses.append(None if standing.paused_until is None else (standing.paused_until - now).total_seconds())
        now = standing.paused_until or now
    assert pauses == [None, None, 5, 10, 20, 40, 80, 160, 300, 300, 300, 300]
    assert standing_after(standing, all_alike(BOTH, "failed", "no"), AT, 1.0) == Standing()


def test_what_was_in_hand_when_a_domain_is_left_alone_makes_that_no_longer() -> None:
    standing = Standing()
    for _ in range(64):
        standing = standing_after(standing, all_alike(BOTH, "later", "no"), AT, 1.0)
    assert (standing.failures, standing.paused_until) == (3, AT + timedelta(seconds=5))
    assert standing_after(standing, all_alike(BOTH, "sent", "ok"), AT, 1.0) == Standing()


def test_who_is_put_off_beside_a_doubt_is_tried_for_two_days_and_the_doubt_once_more() -> None:
    course, whom = Course(outcomes={}, tries=0, doubts=0, due_at=AT), list[list[str]]()
    for at in (AT, AT + timedelta(minutes=1), AT + timedelta(minutes=2), AT + KEPT_TRYING):
        whom.append(to_try(course.outcomes, BOTH))
        told = {one: Told(end="uncertain" if one == "a@x" else "later", words="said") for one in whom[-1]}
        verdict = judge(course, Attempt(told=told), at, 0.5)
        course = Course(outcomes=verdict.outcomes, tries=course.tries + 1, doubts=verdict.doubts, due_at=AT)
    assert whom == [BOTH, BOTH, ["b@x"], ["b@x"]]
    assert (verdict.state, verdict.next_try_at) == ("uncertain", None)
    assert {one: told.state for one, told in verdict.outcomes.items()} == {"a@x": "uncertain", "b@x": "failed"}


def test_what_was_in_doubt_and_cannot_be_tried_stays_in_doubt() -> None:
    first = Attempt(told={"a@x": Told(end="uncertain", words="hung up"), "b@x": Told(end="later", words="grey")})
    verdict = judge(Course(outcomes={}, tries=1, doubts=0, due_at=AT), first, AT, 0.5)
    course = Course(outcomes=verdict.outcomes, tries=2, doubts=verdict.doubts, due_at=AT)
    ended = judge(course, not_tried(course, BOTH, "its account is disabled"), AT, 0.5)
    assert (ended.state, ended.next_try_at) == ("uncertain", None)
    assert {one: told.state for one, told in ended.outcomes.items()} == {"a@x": "uncertain", "b@x": "failed"}
    assert ended.outcomes["a@x"].words == "hung up; then: its account is disabled"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("2.0.0 ok\r\nqueued", "2.0.0 ok queued"),
        ("\x1b[31mred\u202e", "[31mred"),
        ("x" * 400, "x" * 300 + "…"),
        ("", ""),
    ],
)
def test_a_servers_words_are_cleaned(said: str, shown: str) -> None:
    assert cleaned(said) == shown
