"""What a mail server says, read: values for what is said well, a refusal for what is said to hurt."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email.imap_answers import (
    NotImap,
    Said,
    Skipped,
    literal_at_end,
    read_arrived,
    read_fetched,
    read_number,
    read_said,
    read_values,
)


def test_fetched_data_is_read_whatever_its_order_and_form():
    found = read_fetched(
        [b"3 FETCH (FLAGS (\\Seen $x) BODY[] ", b"a (raw) mail", b' UID 7 INTERNALDATE " 1-Jan-2026 x")']
    )
    assert found is not None
    assert (found.number, found.uid, found.items["BODY[]"]) == (3, 7, b"a (raw) mail")
    assert found.items["INTERNALDATE"] == b" 1-Jan-2026 x"
    header = read_fetched([b"1 FETCH (BODY[HEADER]<0> ", b"From: a", b" UID 1)"])
    assert header is not None
    assert header.items == {"BODY[HEADER]<0>": b"From: a", "UID": "1"}
    skipped = read_fetched([b"1 FETCH (UID 1 BODY[] ", Skipped(size=9), b")"])
    assert skipped is not None
    assert skipped.items["BODY[]"] == Skipped(size=9)
    assert read_fetched([b"3 EXISTS"]) is None


def test_verdicts_come_with_their_code_and_printable_words():
    assert read_said(b"NO [AUTHENTICATIONFAILED] no\x1b[31m way") == Said(
        verdict="NO", code="AUTHENTICATIONFAILED", words="no [31m way"
    )
    assert read_said(b"OK [UIDVALIDITY 12] fine") == Said(verdict="OK", code="UIDVALIDITY", value="12", words="fine")
    assert read_said(b"12 EXISTS") is None
    assert read_number(b"12 EXISTS", b"EXISTS") == 12
    assert (literal_at_end(b"BODY[] {12}"), literal_at_end(b"{12} x"), literal_at_end(b"{99999999999999}")) == (
        12,
        None,
        None,
    )


@pytest.mark.parametrize(
    "text",
    [
        b"1 FETCH (UID 1",
        b"1 FETCH UID 1)",
        b"1 FETCH (UID)",
        b"1 FETCH (\\)",
        b"1 FETCH " + b"(" * 5_000,
        b'1 FETCH (A "x)',
    ],
)
def test_what_is_no_answer_is_refused(text: bytes):
    with pytest.raises(NotImap):
        read_fetched([text])


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=5))
def test_any_bytes_are_read_or_refused(parts: list[bytes]):
    try:
        read_values(list(parts))
        read_fetched([b"1 FETCH " + parts[0], *parts[1:]])
    except NotImap:
        pass
    read_said(parts[0])


def test_arrivals_are_moments():
    assert read_arrived(" 1-Feb-2026 10:00:00 +0100") == datetime(2026, 2, 1, 9, tzinfo=UTC)
    for text in ("31-Feb-2026 10:00:00 +0000", "1-Foo-2026 10:00:00 +0000", "", "1-Jan-2026 10:00:00"):
        assert read_arrived(text) is None
