"""From headers that want to be misread: the address that is shown is the one that wrote, or there is none."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email.addresses import misleading_name, read_addresses, read_from
from channels.email.mail import Mailbox


@pytest.mark.parametrize(
    ("value", "address", "name"),
    [
        (b"jane@example.com", "jane@example.com", None),
        (b"< jane@example.com >", "jane@example.com", None),
        (b"Jane Doe <jane@EXAMPLE.com>", "jane@example.com", "Jane Doe"),
        (b'"Doe, Jane (Sales)" <jane@example.com>', "jane@example.com", "Doe, Jane (Sales)"),
        (b"jane@example.com (Jane (from Sales) Doe)", "jane@example.com", "Jane (from Sales) Doe"),
        (b"J. R. Doe (x) <jane@example.com> (y)", "jane@example.com", "J. R. Doe x"),
        (b"jane@example.com <jane@example.com>", "jane@example.com", None),
        (b"=?utf-8?q?J=C3=A4ne=2C?= =?utf-8?b?IERvZQ==?= <jane@example.com>", "jane@example.com", "Jäne, Doe"),
        (b"=?iso-8859-1?Q?M=FCller,_Jan?= <jan@example.de>", "jan@example.de", "Müller, Jan"),
        (b'"=?utf-8?q?J=C3=A4ne?=" <jane@example.com>', "jane@example.com", "Jäne"),
        ("Jan <jan@müller.example>".encode(), "jan@xn--mller-kva.example", "Jan"),
        ("Jan <jän@example.de>".encode(), "jän@example.de", "Jan"),
        (b"M\xfcller <jan@example.de>", "jan@example.de", "Müller"),
        (b'"jane doe"@example.com', '"jane doe"@example.com', None),
        (b'"jane"@example.com', "jane@example.com", None),
        (b"root@localhost", "root@localhost", None),
        ("J\u202eane\u200b <jane@example.com>".encode(), "jane@example.com", "Jane"),
        (b"Doe, Jane <jane@example.com>", "jane@example.com", "Doe, Jane"),
        (b"'Jane' <jane@example.com>,", "jane@example.com", "Jane"),
    ],
)
def test_an_address_beyond_doubt(value: bytes, address: str, name: str | None):
    assert read_from([value]).mailbox == Mailbox(address=address, name=name)
    assert read_from([value]).fault is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (b"victim@corp.example <attacker@evil.example>", "the name is written like another address"),
        (b"victim@corp.example, <attacker@evil.example>", "names 2 people"),
        (b"<victim@corp.example> <attacker@evil.example>", "twice"),
        (b"<victim@corp.example> attacker@evil.example", "something follows"),
        (b"victim@corp.example(<attacker@evil.example>", "no end"),
        (b"victim@corp.example\0 <attacker@evil.example>", "control characters"),
        (b"victim@corp.example\r<attacker@evil.example>", "control characters"),
        (b"<@relay.example:attacker@evil.example>", "more than one @"),
        (b"victim@corp.example@evil.example", "more than one @"),
        (b"=?utf-8?q?victim=40corp.example?=", "no address"),
        (b"=?utf-8?b?dmljdGlt?=@evil.example", "encoded"),
        (b"=?utf-8?q?=3Cvictim=40corp.example=3E?=", "no address"),
        (b"Team: a@corp.example, b@corp.example;", "group"),
        (b"undisclosed-recipients:;", "group"),
        (b"a@corp.example; b@corp.example", "names 2 people"),
        (b"victim @corp.example", "blanks"),
        (b"victim@", "no domain"),
        (b"victim@-corp.example", "no domain"),
        ("victim@corp\u2024example\u202e".encode(), "no domain"),
        (b"victim@corp.example <", "not closed"),
        (b'"victim@corp.example', "no end"),
        (b"Jane", "no address"),
        (b"<attacker@evil.example>, Jane", "names 2 people"),
        (b"victim@corp.example, Jane <attacker@evil.example>", "names 2 people"),
        (b"", "no address"),
        (b"(" * 5_000, "no end"),
        (b"a" * 400 + b"@example.com", "too long"),
    ],
)
def test_what_two_programs_could_read_in_two_ways_names_nobody(value: bytes, words: str):
    found = read_from([value])
    assert found.mailbox is None
    assert words in (found.fault or "")
    assert "\0" not in found.raw


def test_no_from_and_two_of_them_name_nobody():
    assert read_from([]).fault == "there is no From header"
    two = read_from([b"a@corp.example", b"a@corp.example"])
    assert (two.mailbox, two.fault) == (None, "there are 2 From headers")
    assert two.raw == "a@corp.example | a@corp.example"


@pytest.mark.parametrize(
    "value",
    [
        b'"victim@corp.example" <attacker@evil.example>',
        b"=?utf-8?q?victim=40corp.example?= <attacker@evil.example>",
        "“victim＠corp.example” <attacker@evil.example>".encode(),
        b"attacker@evil.example (victim@corp.example)",
    ],
)
def test_a_name_that_shows_another_address_is_left_out(value: bytes):
    assert read_from([value]).mailbox == Mailbox(address="attacker@evil.example")
    if b"\xef" not in value:
        assert "victim@corp.example" in (misleading_name([value]) or "")


@pytest.mark.parametrize("value", ["j@bücher.example", "J@EXAMPLE.COM", "a" * 70 + "@example.com", '"j"@example.com'])
def test_an_address_as_one_writes_it_is_no_other(value: str):
    assert read_from([value.encode()]).mailbox is not None
    assert misleading_name([value.encode()]) is None


def test_lists_are_read_with_groups_and_semicolons_and_at_most_500():
    found = read_addresses(b"Desk: a@example.com, B <b@example.com>;, c@example.com; Dee, D <d@example.com>, nobody")
    assert [one.address for one in found.mailboxes] == [f"{letter}@example.com" for letter in "abcd"]
    lost = read_addresses(b"A <a@example.com>\n =?utf-8?q?=2C?= B <b@example.com>, C <c@example.com>")
    assert [one.address for one in lost.mailboxes] == [f"{letter}@example.com" for letter in "abc"]
    many = read_addresses(b", ".join(b"p%d@example.com" % number for number in range(32_000)))
    assert len(many.mailboxes) == 500
    assert many.count > 500


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet='ab@.<>()",:;\\= ?\0\r\u202eü', max_size=60))
def test_never_raises_and_never_finds_what_is_not_there(text: str):
    found = read_from([text.encode()])
    if found.mailbox:
        local, _, domain = found.mailbox.address.rpartition("@")
        assert local.strip('"').replace("\\", "") in text.replace("\\", "")
        assert domain
        assert found.fault is None


@pytest.mark.parametrize("piece", [b"(", b"()", b"<", b'"\\', b"a@", b"a:", b"=?a?q?", b",", b"a@b.example,"])
def test_time_grows_with_the_length_and_no_faster(piece: bytes):
    def seconds(size: int) -> float:
        began = time.process_time()
        read_addresses(piece * (size // len(piece)))
        return time.process_time() - began

    assert min(seconds(64_000) for _ in range(2)) < 0.5
