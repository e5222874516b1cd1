"""Whose word counts of who wrote a mail: our own server's topmost, however others spell theirs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from channels.email.authentication import Proof, judge
from channels.email.mail import From, Mailbox

OURS = "mx.desk.example"
ANN = From(raw="Ann <ann@shop.example>", mailbox=Mailbox(address="ann@shop.example", name="Ann"))
PASS = f"{OURS}; dmarc=pass (p=reject) header.from=shop.example"


def verdict(*fields: str, sender: From = ANN, ours: str | None = OURS) -> tuple[str, str | None] | None:
    proof = judge(sender, fields, ours)
    return None if proof is None else (proof.verdict, proof.by)


PROVED = [
    (PASS, "dmarc"),
    (f"{OURS} 1; dmarc=pass header.from=shop.example", "dmarc"),
    (f"\r\n {OURS};\r\n\tdmarc = pass\r\n header.from = Shop.Example.", "dmarc"),
    (f"{OURS}; spf=softfail smtp.mailfrom=x@bounce.example; dkim=pass header.d=shop.example header.s=a", "dkim"),
    (f"{OURS}; dkim=fail header.d=shop.example; dkim=pass header.d=shop.example", "dkim"),
    (f"{OURS}; dkim=pass (2048-bit key; unprotected) header.i=@shop.example header.b=aB+/", "dkim"),
    (f"{OURS}; spf=pass (domain of ann@shop.example (really) is ok) smtp.mailfrom=ann@shop.example; dkim=none", "spf"),
    (f'{OURS}; spf=pass reason="so; what" smtp.mailfrom="a b"@shop.example; dmarc=none', "spf"),
    (f"{OURS}; dkim/1=pass header.d=shop.example", "dkim"),
]


@pytest.mark.parametrize(("field", "by"), PROVED)
def test_what_our_own_server_has_proved(field: str, by: str):
    assert verdict(field) == ("proved", by)
    assert verdict(field, "other.example; dmarc=fail header.from=shop.example") == ("proved", by)


def test_a_parent_domain_proves_its_children_and_not_the_other_way_round():
    below = From(raw="", mailbox=Mailbox(address="ann@mail.shop.example"))
    assert verdict(PASS, sender=below) == ("proved", "dmarc")
    above = f"{OURS}; dkim=pass header.d=mail.shop.example; spf=pass smtp.mailfrom=x@mail.shop.example"
    assert verdict(above) == ("claimed", None)
    assert verdict(f"{OURS}; dkim=pass header.d=example; dmarc=pass header.from=example") == ("claimed", None)
    assert verdict(f"{OURS}; dkim=pass header.d=myshop.example") == ("claimed", None)
    assert verdict(f"{OURS}; dkim=pass header.d=op.example") == ("claimed", None)


FORGED = [
    [f"other.example; {PASS.partition(';')[2]}"],
    [f"{OURS}.attacker.example; dmarc=pass header.from=shop.example"],
    [PASS.replace(OURS, "MX.Desk.Example")],
    [PASS.replace(OURS, f"(hello) {OURS}")],
    [PASS.replace(OURS, f"{OURS} (hello)")],
    [PASS.replace(OURS, f'"{OURS}"')],
    [PASS.replace(OURS, f"{OURS} 2")],
    [PASS.replace(OURS, f"{OURS}/2")],
    [PASS.replace(OURS, f"(({OURS}; dmarc=pass) x")],
    [f"{OURS}; dmarc/2=pass header.from=shop.example"],
    [f"{OURS}; (dmarc=pass header.from=shop.example)"],
    [f'{OURS}; x-note="; dmarc=pass header.from=shop.example"'],
    ["other.example; dkim=none", PASS],
    ["", PASS],
    [";;;", PASS],
    ["(" * 20_000, PASS],
    ["x" * 100_000, PASS],
]


@pytest.mark.parametrize("fields", FORGED)
def test_a_forged_result_is_nobodys_word(fields: list[str]):
    assert verdict(*fields) is None


@pytest.mark.parametrize(
    "fields",
    [
        [f"{OURS}; dkim=none; spf=none smtp.mailfrom=x.example", PASS],
        [f"{OURS}; dkim=none", PASS.replace(OURS, OURS.upper())],
        [f"{OURS}; dkim=none; dmarc=pass header.from=shop.example; dmarc=none"],
        [f"{OURS}; dkim=none; spf=pass smtp.mailfrom=shop.example; spf=none"],
        [f"{OURS}; dkim=pass header.d=evil.example header.d=shop.example", f"{OURS}; dkim=none"],
        [f"{OURS}; dkim=none (x) reason=pass dmarc=pass header.from=shop.example"],
        [f"{OURS}; dkim=none; dmarc=pass"],
        [f"{OURS}; dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=ann@evil.example"],
        [f'{OURS}; dkim=none; spf=pass smtp.mailfrom="ann@shop.example"@evil.example'],
        [f"{OURS}; dkim=temperror header.d=shop.example; dmarc=temperror header.from=shop.example"],
        [f"{OURS}; dkim=permerror header.d=shop.example; dmarc=permerror header.from=shop.example; spf=softfail"],
        [f"{OURS}; dkim=neutral; dmarc=bestguesspass header.from=shop.example"],
    ],
)
def test_what_proves_nothing_is_claimed(fields: list[str]):
    assert verdict(*fields) == ("claimed", None)


def test_where_our_server_says_nothing_of_signatures_our_own_check_may():
    assert verdict() is None
    assert verdict(PASS, ours=None) is None
    assert verdict(f"{OURS}; none") is None
    assert verdict(f"{OURS}; spf=none; auth=none") is None


@pytest.mark.parametrize(
    ("fields", "by"),
    [
        ([f"{OURS}; dmarc=fail (p=none) header.from=shop.example"], "dmarc"),
        ([f"{OURS}; dkim=pass header.d=shop.example; dmarc=fail header.from=shop.example"], "dmarc"),
        ([f"{OURS}; spf=pass smtp.mailfrom=shop.example", f"{OURS}; dmarc=fail header.from=shop.example"], "dmarc"),
        ([f"{OURS}; dmarc=fail header.from=shop.example", PASS], "dmarc"),
        ([f"{OURS}; dkim=fail header.d=shop.example; spf=pass smtp.mailfrom=list.example"], "dkim"),
        ([f"{OURS}; dkim=none; spf=hardfail smtp.mailfrom=ann@shop.example"], "spf"),
    ],
)
def test_what_our_server_says_against_it_is_a_contradicted_claim(fields: list[str], by: str):
    assert verdict(*fields) == ("contradicted", by)


def test_a_failure_of_somebody_elses_domain_says_nothing():
    assert verdict(f"{OURS}; dkim=fail header.d=list.example; spf=fail smtp.mailfrom=x.example") == ("claimed", None)


@pytest.mark.parametrize(
    "sender",
    [
        From(raw="victim@corp <attacker@evil>", fault="it can be read as two addresses"),
        From(raw="a@shop.example, b@shop.example", mailbox=ANN.mailbox, fault="it names two"),
        From(raw=""),
        From(raw="ann@", mailbox=Mailbox(address="ann@")),
    ],
)
def test_whoever_cannot_be_told_is_ambiguous_whatever_was_proved(sender: From):
    assert verdict(PASS, sender=sender) == ("ambiguous", None)


def test_domains_in_other_scripts_are_compared_as_the_wire_writes_them():
    sender = From(raw="", mailbox=Mailbox(address="ann@xn--bcher-kva.example"))
    assert verdict(f"{OURS}; dmarc=pass header.from=Bücher.example", sender=sender) == ("proved", "dmarc")


@settings(max_examples=100, deadline=None)
@given(some.lists(some.text(alphabet='mx.desk.example;=()"\\ dmarcpsfheo/1', max_size=80), max_size=3))
def test_no_text_is_a_proof_by_chance_or_an_error(fields: list[str]):
    proof = judge(ANN, fields, OURS)
    assert proof is None or isinstance(proof, Proof)
    assert proof is None or proof.verdict != "proved" or "pass" in fields[0]
