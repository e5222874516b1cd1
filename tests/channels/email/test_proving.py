"""Our own check of signatures: what it proves, what it does not, and when a broken one contradicts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from channels.email.authentication import Proof
from channels.email.dkim import Outcome, Signature, find, verify
from channels.email.mail import From, Mailbox
from channels.email.proving import prove
from tests.channels.email.signing import BODY, Records, key, plain, signed, soon

KEY = "s1._domainkey.shop.example"
REJECT = "v=DMARC1; p=reject"


def sender(text: str = "Ann <ann@shop.example>", address: str = "ann@shop.example", fault: str | None = None) -> From:
    return From(raw=text, mailbox=Mailbox(address=address), fault=fault)


async def proved(
    raw: bytes, records: Mapping[str, str] | Records | None = None, said: From | None = None, *results: str
) -> Proof:
    found = records if isinstance(records, Records) else Records({KEY: key()[1]} if records is None else records)

    async def at_once(raw: bytes, signatures: Sequence[Signature], keys: Mapping[str, str]) -> list[Outcome]:
        return verify(raw, signatures, keys)

    now = datetime.now(UTC)
    return await prove(raw, said or sender(), results, "mx.desk.example", lookup=found.lookup, verify=at_once, now=now)


async def verdict(raw: bytes, records: Mapping[str, str] | Records | None = None, said: From | None = None) -> str:
    return (await proved(raw, records, said)).verdict


async def test_a_signature_of_the_senders_domain_proves_it():
    proof = await proved(signed(plain()))
    assert (proof.verdict, proof.by, proof.words) == ("proved", "dkim", "signed by shop.example")
    assert await verdict(signed(plain(), expires=soon())) == "proved"
    below = plain("ann@mail.shop.example")
    assert await verdict(signed(below), None, sender("ann@mail.shop.example", "ann@mail.shop.example")) == "proved"
    assert await verdict(signed(plain()).replace(b"\r\n", b"\n")) == "proved"


async def test_what_our_own_server_says_comes_first_and_nothing_is_looked_up():
    records = Records({KEY: key()[1]})
    proof = await proved(signed(plain()), records, None, "mx.desk.example; dkim=none; dmarc=none")
    assert (proof.verdict, records.asked) == ("claimed", [])
    proof = await proved(signed(plain()), records, None, "mx.desk.example; spf=none")
    assert proof.verdict == "proved"


UNPROVED = {
    "no signature": plain(),
    "of another domain": signed(plain(), "evil.example"),
    "of a domain below": signed(plain(), "mail.shop.example"),
    "without From": signed(plain()).replace(b"h=from : ", b"h="),
    "a part of the body": signed(plain(), length=True) + b"and pay into my account",
    "a part that is all of it": signed(plain(), length=True),
    "expired": signed(plain(), expires=1_600_000_000),
    "two Froms": b"From: eve@shop.example\r\n" + signed(plain()),
    "two Froms, the other below": signed(plain(more="From: eve@shop.example\r\n")),
    "a second subject": b"Subject: Pay me\r\n" + signed(plain()),
    "a From behind a lone CR": b"X-A: b\rFrom: eve@shop.example\r\n" + signed(plain()),
    "no header at all": b"",
    "garbage": b"DKIM-Signature: v=1; a=rsa-sha256; d=shop.example; s=s1; h=from; bh=x; b=y\r\n" + plain(),
}


@pytest.mark.parametrize("raw", UNPROVED.values(), ids=UNPROVED)
async def test_what_no_signature_proves_is_claimed(raw: bytes):
    every = {f"s1._domainkey.{name}": key()[1] for name in ("shop.example", "evil.example", "mail.shop.example")}
    assert await verdict(raw, every) in ("claimed", "contradicted")
    assert await verdict(raw, {**every, "_dmarc.shop.example": "v=DMARC1; p=none"}) == "claimed"


async def test_the_from_that_was_read_is_the_one_that_was_signed():
    raw = signed(plain())
    assert await verdict(raw, None, sender("Ann  <ann@shop.example>\r\n")) == "proved"
    assert await verdict(raw, None, sender("Eve <eve@shop.example>", "eve@shop.example")) == "claimed"
    assert await verdict(raw, None, sender(fault="it names two")) == "ambiguous"


@pytest.mark.parametrize(
    "record",
    ["", "v=DKIM1; k=rsa; p=", key()[1] + "; t=y", key()[1] + "; s=tlsrpt", key()[1] + "; h=sha1",
     key()[1].replace("DKIM1", "DKIM2"), key()[1].replace("k=rsa", "k=ed25519"), "v=DKIM1; p=AAAA", "p=!;p=!",
     key(1)[1] + "; p=x"],
)  # fmt: skip
async def test_a_key_that_holds_for_nothing_proves_nothing_and_contradicts_nothing(record: str):
    assert await verdict(signed(plain()), {KEY: record, "_dmarc.shop.example": REJECT}) == "claimed"


async def test_a_short_key_proves_nothing():
    assert await verdict(signed(plain(), short=True), {KEY: key(short=True)[1]}) == "claimed"


def test_a_signature_has_expired_by_the_second_that_it_says():
    raw, at = signed(plain(), expires=1_700_000_000), datetime.fromtimestamp(1_700_000_000, UTC)
    moments = [timedelta(days=-1), timedelta(0), timedelta(seconds=1)]
    found = [len(find(raw, "Ann <ann@shop.example>", "shop.example", at + one)) for one in moments]
    assert found == [1, 1, 0]
    for odd in (b"soon", b"-1", b"1e99", b"9" * 13, b""):
        changed = raw.replace(b"x=1700000000", b"x=" + odd)
        assert find(changed, "Ann <ann@shop.example>", "shop.example", at) == []


def test_a_short_key_is_refused_by_our_own_guard(monkeypatch: pytest.MonkeyPatch):
    (one,) = find(raw := signed(plain(), short=True), "Ann <ann@shop.example>", "shop.example", datetime.now(UTC))
    asked: list[bool] = []
    monkeypatch.setattr("channels.email.dkim._check", lambda *_: not asked.append(True))
    assert verify(raw, [one], {KEY: key(short=True)[1]}) == ["unusable"]
    assert asked == []
    assert verify(raw, [one], {KEY: key()[1]}) == ["good"]


FOOTBALL = "brisbane._domainkey.football.example.com"
JOE = "Joe SixPack <joe@football.example.com>"
RFC_8463 = (
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
    f"From: {JOE}\r\nTo: Suzie Q <suzie@shopping.example.net>\r\nSubject: Is dinner ready?\r\n"
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\nMessage-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
    "\r\nHi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
).encode()
ED25519 = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


@pytest.mark.parametrize(
    ("raw", "record", "expected"),
    [
        (RFC_8463, ED25519, "proved"),
        (RFC_8463.replace(b"We lost", b"We won"), ED25519, "contradicted"),
        (RFC_8463.replace(b"dinner", b"supper"), ED25519, "contradicted"),
        (RFC_8463.replace(b"b=/gCr", b"b=/gCs"), ED25519, "contradicted"),
        (RFC_8463.replace(b"b=/gCr", b"b="), ED25519, "contradicted"),
        (RFC_8463, ED25519.replace("=11q", "=12q"), "contradicted"),
        (RFC_8463, ED25519.replace("=11q", "="), "claimed"),
        (RFC_8463, ED25519.replace("=11q", "=!1q"), "claimed"),
        (RFC_8463, ED25519.replace("k=ed25519; ", ""), "claimed"),
        (RFC_8463, key()[1], "claimed"),
        (RFC_8463.replace(b"a=ed25519-", b"a=rsa-"), ED25519, "claimed"),
    ],
)
async def test_a_signature_by_ed25519_is_checked_as_its_standard_says(raw: bytes, record: str, expected: str):
    records = {FOOTBALL: record, "_dmarc.football.example.com": REJECT}
    assert await verdict(raw, records, sender(JOE, "joe@football.example.com")) == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({}, "claimed"),
        ({"_dmarc.shop.example": "v=DMARC1; p=none"}, "claimed"),
        ({"_dmarc.shop.example": "v=spf1 -all"}, "claimed"),
        ({"_dmarc.shop.example": "v=DMARC1; p=quarantine; pct=10"}, "contradicted"),
        ({"_dmarc.shop.example": "v=DMARC1;P=REJECT"}, "contradicted"),
    ],
)
async def test_a_broken_signature_contradicts_only_where_the_domain_asks_for_it(policy: dict[str, str], expected: str):
    changed = signed(plain()).replace(b"Where is", b"Send me")
    assert await verdict(changed, {KEY: key()[1], **policy}) == expected
    footer = signed(plain()) + b"-- \r\nthe list\r\n"
    assert await verdict(footer, {KEY: key()[1], **policy}) == expected
    assert await verdict(signed(plain()), {KEY: key(1)[1], **policy}) == expected


async def test_the_policy_of_a_domain_above_holds_for_those_below():
    raw = signed(plain("ann@mail.shop.example")) + b"more"
    said = sender("ann@mail.shop.example", "ann@mail.shop.example")
    assert (
        await verdict(raw, {KEY: key()[1], "_dmarc.shop.example": "v=DMARC1; p=none; sp=reject"}, said)
        == "contradicted"
    )
    assert await verdict(raw, {KEY: key()[1], "_dmarc.shop.example": "v=DMARC1; p=reject; sp=none"}, said) == "claimed"


async def test_what_cannot_be_asked_is_claimed():
    changed = signed(plain()) + b"more"
    assert await verdict(changed, Records({}, [KEY])) == "claimed"
    assert await verdict(changed, Records({KEY: key()[1]}, ["_dmarc.shop.example"])) == "claimed"


async def test_a_broken_signature_beside_a_good_one_says_nothing():
    twice = signed(signed(plain()).replace(b"Ann\r\n", b"Ann!\r\n"))
    assert await verdict(twice, {KEY: key()[1], "_dmarc.shop.example": REJECT}) == "proved"


def test_few_signatures_are_checked_whatever_a_mail_brings():
    one = b"DKIM-Signature: v=1; a=rsa-sha256; d=shop.example; s=s%d; h=from; bh=x; b=y\r\n"
    raw = b"".join(one % number for number in range(1_000)) + plain()
    assert len(find(raw, "Ann <ann@shop.example>", "shop.example", datetime.now(UTC))) == 4
    assert find(plain(body=BODY * 1_000_000), "Ann <ann@shop.example>", "shop.example", datetime.now(UTC)) == []
