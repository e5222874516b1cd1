"""Equal ones become equal, unequal ones stay apart, and no text breaks anything."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.identifiers import (
    KINDS,
    LONGEST_RAW,
    LONGEST_VALUE,
    STRONG,
    UnknownKind,
    label,
    mailbox,
    normalise,
    parse_label,
    shared_by_form,
)


def read(kind, value, scope=None, region="DE"):
    identifier = normalise(kind, value, scope, region)
    assert identifier.problem is None, identifier.problem
    return identifier.value


def problem(kind, value, scope=None, region="DE"):
    identifier = normalise(kind, value, scope, region)
    assert identifier.problem is not None
    assert not identifier.strong
    return identifier.problem


@pytest.mark.parametrize(
    ("given_text", "value"),
    [
        ("Jane.Doe@Example.COM", "jane.doe@example.com"),
        ("  jane@example.com\n", "jane@example.com"),
        ("\u200bjane@example.com\ufeff", "jane@example.com"),
        ("mailto:Jane@example.com", "jane@example.com"),
        ("<jane@example.com>", "jane@example.com"),
        ("jane@MÜNCHEN.de", "jane@xn--mnchen-3ya.de"),
        ("jane@XN--MNCHEN-3YA.de", "jane@xn--mnchen-3ya.de"),
        ("jane@straße.de", "jane@xn--strae-oqa.de"),
        ("ja\u0308ne@example.com", "j\u00e4ne@example.com"),
        ('"Jane"@example.com', "jane@example.com"),
        ('"jane doe"@example.com', '"jane doe"@example.com'),
        ("jane+shop@gmail.com", "jane+shop@gmail.com"),
        ("o'neill_x@sub.example.co.uk", "o'neill_x@sub.example.co.uk"),
        ("jane@example", "jane@example"),
        ("jane@localhost", "jane@localhost"),
        ("jane@desk.local", "jane@desk.local"),
        ("jane@shop.test", "jane@shop.test"),
        ("jane@nowhere.invalid", "jane@nowhere.invalid"),
    ],
)
def test_an_address_is_read_in_one_way(given_text, value):
    assert read("email", given_text) == value
    assert normalise("email", given_text, None, None).raw == given_text


@pytest.mark.parametrize(
    ("given_text", "words"),
    [
        ("victim@corp.com <attacker@evil.com>", "hand in the address alone"),
        ("Jane <jane@example.com>", "hand in the address alone"),
        ("jane(home)@example.com", "no e-mail address"),
        ("jane@@example.com", "no e-mail address"),
        ("jane@example.com, bob@example.com", "no e-mail address"),
        ("jane..doe@example.com", "no e-mail address"),
        ("jane doe@example.com", "no e-mail address"),
        ("jane@gmail", "no full domain"),
        ("jane@[127.0.0.1]", "no e-mail address"),
        ("jane@-example.com", "no e-mail address"),
        ("jane@xn--zzzzzzz999.de", "no e-mail address"),
        ("jane", "no e-mail address"),
        ("@", "no e-mail address"),
        ("n/a", "no e-mail address"),
        ("a" * 250 + "@example.com", "too long"),
        ("jane\x00@example.com", "control characters"),
        ("jane\r\nBcc: x@example.com", "control characters"),
        ("moc.elpmaxe@\u202eenaj", "control characters"),
        ("   ", "empty"),
    ],
)
def test_what_is_no_bare_address_says_so(given_text, words):
    assert words in problem("email", given_text)


@pytest.mark.parametrize(
    ("given_text", "region", "value"),
    [
        ("030 123456", "DE", "+4930123456"),
        ("030/12 34 56", "DE", "+4930123456"),
        ("+49 (0)30 – 123 456", None, "+4930123456"),
        ("0049 30 123456", None, "+4930123456"),
        ("0049 30 123456", "US", "+4930123456"),
        ("(+49) 30 123456", None, "+4930123456"),
        ("tel:+49-30-123456", None, "+4930123456"),
        ("٠٣٠١٢٣٤٥٦", "DE", "+4930123456"),
        ("０３０１２３４５６", "DE", "+4930123456"),
        ("011 49 30 123456", "US", "+4930123456"),
        ("07700 900123", "GB", "+447700900123"),
        ("+44 07700 900123", None, "+447700900123"),
        ("02 3661 8300", "IT", "+390236618300"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("555 010 0199", "US", "+15550100199"),
        ("0421 212 453", "AU", "+61421212453"),
        ("+800 1234 5678", None, "+80012345678"),
        ("+1 (212) 555-0123 x5", None, "+12125550123;ext=5"),
        ("+49 30 123456 ext. 12", None, "+4930123456;ext=12"),
        ("+49 30 123456;ext=012", None, "+4930123456;ext=12"),
        ("030 123456", None, "030123456"),
        ("30-123456", None, "30123456"),
    ],
)
def test_a_phone_number_is_read_in_one_way(given_text, region, value):
    assert read("phone", given_text, region=region) == value


@pytest.mark.parametrize(
    ("given_text", "region", "words"),
    [
        ("1234", "DE", "too short"),
        ("call me 030 123456", "DE", "something else than digits"),
        ("1-800-FLOWERS", "US", "something else than digits"),
        ("030 123456 or 0171 1234567", "DE", "something else than digits"),
        ("030 123456 / 0171 1234567", "DE", "not a possible"),
        ("555-0123", "US", "not a possible"),
        ("+999 12345678", None, "not a possible"),
        ("+49 30 123+456", "DE", "something else than digits"),
        ("0" * 40, None, "not a possible"),
        ("1" * 30, None, "too long"),
        ("1" * 70, "DE", "too long"),
        ("+", "DE", "something else than digits"),
        ("n/a", "DE", "something else than digits"),
        ("", "DE", "empty"),
    ],
)
def test_what_is_no_phone_number_says_so(given_text, region, words):
    assert words in problem("phone", given_text, region=region)


def test_an_extension_is_another_number():
    assert read("phone", "+4930123456") != read("phone", "+4930123456 ext 7")


@pytest.mark.parametrize(
    ("given_text", "scope", "network", "value"),
    [
        ("@Jane", "Twitter", "twitter", "jane"),
        ("jane", "X", "twitter", "jane"),
        (" @@ Jane ", "Instagram ", "instagram", "jane"),
        ("ＪＡＮＥ", "vk", "vk", "jane"),
        ("Jane@mastodon.social", "mastodon", "mastodon", "jane@mastodon.social"),
        ("https://twitter.com/Jane", None, "twitter", "jane"),
        ("https://x.com/Jane?lang=en", None, "twitter", "jane"),
        ("www.linkedin.com/in/jane-doe/", None, "linkedin", "jane-doe"),
        ("https://www.tiktok.com/@jane", "tiktok", "tiktok", "jane"),
        ("https://x.com/jane", "facebook", "facebook", "https://x.com/jane"),
        ("https://example.com/jane", None, "", "https://example.com/jane"),
    ],
)
def test_a_handle_belongs_to_its_network(given_text, scope, network, value):
    identifier = normalise("handle", given_text, scope, None)
    assert (identifier.problem, identifier.scope, identifier.value) == (None, network, value)


def test_ids_given_by_others_are_opaque():
    assert read("account", " A-17b ", "Shop") == "A-17b"
    assert read("account", "a-17B", "shop") != read("account", "A-17b", "shop")
    assert normalise("account", "1", " SHOP ", None).scope == "shop"
    assert normalise("email", "jane@example.com", "shop", None).scope == ""
    assert "control" in problem("external", "a\x07b")
    assert "scope" in problem("account", "17", "s" * 101)
    assert "scope" in problem("account", "17", "s\x00p")


def test_what_is_too_long_is_kept_apart_by_its_digest():
    long, longer = (normalise("account", "x" * size, "shop", None) for size in (257, 258))
    assert "too long" in (long.problem or "")
    assert len(long.value) == 180 + 1 + 64
    assert long.value != longer.value


def test_strong_kinds_and_unknown_ones():
    assert set(KINDS) - STRONG == {"visitor"}
    assert not normalise("visitor", "d60", None, None).strong
    with pytest.raises(UnknownKind, match="fax"):
        normalise("fax", "1", None, None)


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("email:Jane@Example.com", [("", "jane@example.com")]),
        ("email:jane tag@example.com", [("", "jane+tag@example.com"), ("", "jane tag@example.com")]),
        ("phone: 4930123456", [("", "+4930123456")]),
        ("phone:030 123456", [("", "+4930123456")]),
        ("account:shop:123", [("shop", "123"), ("", "shop:123")]),
        ("account:123", [("", "123")]),
        ("external:a:b:c", [("a", "b:c"), ("a:b", "c"), ("", "a:b:c")]),
        ("handle:twitter:@Jane", [("twitter", "jane"), ("", "twitter:@jane")]),
    ],
)
def test_a_label_is_read_in_its_possible_ways(text, readings):
    assert [(i.scope, i.value) for i in parse_label(text, "DE")] == readings


@pytest.mark.parametrize("text", ["", "jane@example.com", "fax:1", "email:", "phone:  ", ":x"])
def test_what_is_no_label_is_refused_with_words(text):
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        parse_label(text, "DE")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("jane.doe@gmail.com", "janedoe+shop@googlemail.com", True),
        ("jane.doe@outlook.com", "janedoe@outlook.com", False),
        ("jane+x@outlook.com", "jane@outlook.com", True),
        ("jane-shop@yahoo.com", "jane@yahoo.com", True),
        ("jane-shop@example.com", "jane@example.com", False),
        ("jane@me.com", "jane@icloud.com", True),
        ("shop@jane.fastmail.com", "jane@fastmail.com", True),
        ("j.doe@protonmail.com", "jdoe@proton.me", True),
        ("+jane@gmail.com", "jane@gmail.com", False),
        ('"jane+x"@gmail.com', "jane@gmail.com", False),
    ],
)
def test_one_mailbox_has_many_addresses(one, other, same):
    assert (mailbox(one) == mailbox(other)) is same


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("email", "info@acme.com", "info@acme.com is a role mailbox"),
        ("email", "Customer-Service@acme.com", "role mailbox"),
        ("email", "no.reply+17@acme.com", "role mailbox"),
        ("email", "info.de@acme.com", "role mailbox"),
        ("email", "kundenservice@acme.de", "role mailbox"),
        ("email", "ventas@acme.es", "role mailbox"),
        ("email", "test@test.com", "placeholder address"),
        ("email", "abc@abc.com", "placeholder address"),
        ("email", "no-email@acme.com", "placeholder address"),
        ("phone", "+1 555 555 5555", "placeholder number"),
        ("phone", "0400 000 000", "placeholder number"),
        ("phone", "123456789", "placeholder number"),
        ("phone", "0123 4567890", "placeholder number"),
        ("phone", "0987654321", "placeholder number"),
        ("account", "N/A", "placeholder"),
        ("external", "0000", "placeholder"),
        ("handle", "@unknown", "placeholder"),
    ],
)
def test_some_values_are_nobodys_own(kind, value, words):
    assert words in (shared_by_form(normalise(kind, value, "shop", None)) or "")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "jane@example.com"),
        ("email", "a@example.com"),
        ("email", "sales.jane@acme.com"),
        ("email", "jane.sales@acme.com"),
        ("email", "abc@acme.com"),
        ("email", "informatik.meier@acme.de"),
        ("phone", "+49 30 1234567"),
        ("phone", "+49 151 12345678"),
        ("phone", "+1 212 555 0123"),
        ("phone", "+1 555 123 4567"),
        ("phone", "+44 7700 900000"),
        ("account", "1"),
        ("account", "100000"),
    ],
)
def test_most_values_may_be_somebodys_own(kind, value):
    assert shared_by_form(normalise(kind, value, "shop", None)) is None


addresses = st.one_of(
    st.text(max_size=300),
    st.emails(),
    st.from_regex(r"\A[+0-9() /;ext=.-]{0,40}\Z"),
    st.builds("{}@{}".format, st.text(max_size=20), st.text(max_size=20)),
    st.from_regex(r"\A(https://)?(x|t|github)\.(com|me)/@?\w{1,9}/?\Z"),
)
anything = st.one_of(addresses, st.text(st.characters(), max_size=30).map(lambda text: text * 12))


@settings(deadline=None)
@given(
    st.sampled_from(KINDS),
    anything,
    st.none() | st.text(max_size=120),
    st.sampled_from([None, "DE", "US", "IT", "AU", "zz", ""]),
)
def test_no_text_breaks_it_and_twice_is_once(kind, text, scope, region):
    once = normalise(kind, text, scope, region)
    assert len(once.value) <= LONGEST_VALUE
    assert len(once.raw) <= LONGEST_RAW
    for stored in (once.value, once.scope, once.raw):
        assert "\x00" not in stored
        stored.encode()
    shared_by_form(once)
    if once.problem is None:
        twice = normalise(kind, once.value, once.scope, region)
        assert (twice.problem, twice.key) == (None, once.key)
        assert once.key in [reading.key for reading in parse_label(label(once), region)] or ":" in once.scope
        if kind == "email":
            assert mailbox(mailbox(once.value)) == mailbox(once.value)


@settings(deadline=None)
@given(anything)
def test_a_label_of_any_text_is_read_or_refused(text):
    try:
        readings = parse_label(text, None)
    except ValueError:
        return
    assert readings


@pytest.mark.parametrize(
    "text",
    [
        "a" * 10_000_000,
        "a" * 100_000 + "@" + "b." * 100_000,
        "x" + " \u200b" * 1_000_000,
        "(" * 1_000_000,
        "\ufdfa" * 1_000_000,
        "1 " * 31,
        "-" * 63 + "1",
        "@" * 256,
        "a@" + "xn--" * 50,
        '"' * 250,
        "(0" * 32,
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_hostile_text_is_bounded(kind, text):
    began = time.perf_counter()
    normalise(kind, text, text, "DE")
    assert time.perf_counter() - began < 0.5
