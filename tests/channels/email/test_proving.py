"""Our own check of signatures: what it proves, what it does not, and when a broken one contradicts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

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
