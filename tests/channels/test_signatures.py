"""Signatures as another hand makes them: the package `standardwebhooks` signs, ours verifies, and every trick fails."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from channels import signatures
from channels.contract import Unverified
from channels.signatures import ID, SIGNATURE, TIMESTAMP
from timeline.interactions import InvalidField

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = signatures.new_secret()
BODY = '{"type": "order.created", "note": "Grüße"}'


def headers(body: str = BODY, *, key: str = "msg_1", at: datetime = NOW, secret: str = SECRET) -> dict[str, str]:
    return {ID: key, TIMESTAMP: str(int(at.timestamp())), SIGNATURE: Webhook(secret).sign(key, at, body)}


def holds(said: dict[str, str], body: bytes | str = BODY, *secrets: str) -> bool:
    raw = body if isinstance(body, bytes) else body.encode()
    try:
        return signatures.verify(said, raw, secrets or (SECRET,), NOW) == said[ID]
    except Unverified:
        return False


def test_what_the_package_signs_holds() -> None:
    assert holds(headers())
    assert holds(headers(""), "")
    assert holds(headers(key="~!#-/x" * 33), BODY)
    for secret in (
        OTHER,
        "whsec_" + base64.b64encode(bytes(24)).decode(),
        "whsec_" + base64.b64encode(bytes(64)).decode(),
    ):
        assert holds(headers(secret=secret), BODY, secret)  # fmt: skip


def test_what_we_sign_holds_for_the_package() -> None:
    at = datetime.now(UTC)
    signed = f"msg_1.{int(at.timestamp())}.{BODY}".encode()
    said = {ID: "msg_1", TIMESTAMP: str(int(at.timestamp())), SIGNATURE: signatures.sign(OTHER, signed).decode()}
    Webhook(OTHER).verify(BODY, said)


def test_the_example_that_libraries_of_all_languages_share() -> None:
    said = {
        ID: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        TIMESTAMP: "1614265330",
        SIGNATURE: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    now = datetime.fromtimestamp(1614265330, UTC)
    assert signatures.verify(said, b'{"test": 2432232314}', [secret], now) == said[ID]


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_five_minutes_either_way(seconds: int) -> None:
    assert holds(headers(at=NOW + timedelta(seconds=seconds)))


@pytest.mark.parametrize("seconds", [-86_400, -301, 301, 86_400])
def test_an_old_or_early_time_is_refused(seconds: int) -> None:
    assert not holds(headers(at=NOW + timedelta(seconds=seconds)))


def test_each_part_is_signed() -> None:
    good = headers()
    assert not holds(good, BODY + " ")
    assert not holds(good, BODY.encode("utf-16"))
    assert not holds({**good, ID: "msg_2"})
    assert not holds({**good, TIMESTAMP: str(int(NOW.timestamp()) + 1)})
    assert not holds(headers(secret=OTHER))
    assert not holds(good, BODY, OTHER)


@pytest.mark.parametrize("name", [ID, TIMESTAMP, SIGNATURE])
def test_each_header_is_needed(name: str) -> None:
    good = headers()
    assert not holds({**good, name: ""})
    with pytest.raises(Unverified):
        signatures.verify(
            {other: value for other, value in good.items() if other != name}, BODY.encode(), [SECRET], NOW
        )


def test_one_of_several_signatures_is_enough() -> None:
    good = headers()
    for before in (
        "v1,AAAA",
        "v1a,AAAA",
        "v1",
        "v1,",
        ",",
        "nonsense",
        "v1,ÄÖÜ",
        "v1,a,b",
        "v0," + good[SIGNATURE][3:],
    ):
        assert holds({**good, SIGNATURE: f"{before} {good[SIGNATURE]}"}), before
        assert holds({**good, SIGNATURE: f"{good[SIGNATURE]} {before}"}), before
        assert not holds({**good, SIGNATURE: before}), before
    assert not holds({**good, SIGNATURE: "v1,AAAA " * 20 + good[SIGNATURE]})


@pytest.mark.parametrize("change", [str.lower, str.upper, str.swapcase, lambda text: text[3:], lambda text: text[:-1]])
def test_a_signature_has_one_spelling(change) -> None:
    good = headers()
    assert not holds({**good, SIGNATURE: change(good[SIGNATURE])})


@pytest.mark.parametrize(
    "spelled", ["{}.0", " {}", "{} ", "+{}", "{}e0", "0x{}", "-{}", "١٢٣", "nan", "inf", "1" * 400]
)
def test_a_time_is_digits(spelled: str) -> None:
    seconds = spelled.format(int(NOW.timestamp()))
    signed = signatures.sign(SECRET, f"msg_1.{seconds}.{BODY}".encode()).decode()
    assert not holds({ID: "msg_1", TIMESTAMP: seconds, SIGNATURE: signed})


@pytest.mark.parametrize("key", ["a.b", "a b", "a\tb", "ä", "x" * 201, "a\0b", "a\nb"])
def test_an_id_is_printable_ascii_without_full_stops(key: str) -> None:
    signed = signatures.sign(SECRET, f"{key}.{int(NOW.timestamp())}.{BODY}".encode()).decode()
    assert not holds({ID: key, TIMESTAMP: str(int(NOW.timestamp())), SIGNATURE: signed})


def test_the_border_between_id_time_and_body_cannot_be_moved() -> None:
    seconds = str(int(NOW.timestamp()))
    good = headers(f"{seconds}.{BODY}")
    assert holds(good, f"{seconds}.{BODY}")
    assert not holds({**good, ID: f"msg_1.{seconds}"}, BODY)


def test_nobodys_account_has_no_signature_that_holds() -> None:
    with pytest.raises(Unverified):
        signatures.verify(headers(), BODY.encode(), [], NOW)


def test_both_secrets_of_an_overlap_hold_and_no_third() -> None:
    third = signatures.new_secret()
    assert holds(headers(secret=SECRET), BODY, SECRET, OTHER)
    assert holds(headers(secret=OTHER), BODY, SECRET, OTHER)
    assert not holds(headers(secret=third), BODY, SECRET, OTHER)


@pytest.mark.parametrize(
    "text",
    ["", "whsec_", "secret", base64.b64encode(bytes(32)).decode(), "whsec_" + base64.b64encode(bytes(23)).decode(),
     "whsec_" + base64.b64encode(bytes(65)).decode(), "whsec_!!!!", "whsec_ÄÄ"],
)  # fmt: skip
def test_a_senders_own_secret_is_long_enough(text: str) -> None:
    with pytest.raises(InvalidField) as refused:
        signatures.read_secret(text)
    assert refused.value.field == "secret"
    assert len(text) < 10 or text not in str(refused.value)
    assert signatures.read_secret(SECRET) == SECRET
