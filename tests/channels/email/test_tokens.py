"""Tokens hold in their account and nowhere else, whatever is changed in them."""

from uuid import UUID, uuid4

import pytest

from channels.email.tokens import MAC_BYTES, TAG_MAC_BYTES, Tokens

ACCOUNT, OTHER, MESSAGE = UUID(int=7), UUID(int=8), UUID("01890000-0000-7000-8000-0123456789ab")
TOKENS = Tokens("a secret of the installation")
ID = TOKENS.message_id(ACCOUNT, MESSAGE, "desk.example")
TAG = TOKENS.tag(ACCOUNT, MESSAGE)


def test_a_token_is_at_least_112_bits_and_the_same_for_ever():
    assert min(MAC_BYTES, TAG_MAC_BYTES) * 8 >= 112
    assert ID == "ageqaaaaabyabaaaaerukz4jvo7kbpgovvzcwgop3766uuj7nfca@desk.example"
    assert len(f"support.europe+{TAG}") <= 64


@pytest.mark.parametrize(
    "text",
    [ID, f"<{ID}>", f" <{ID}> ", ID.upper(), TAG, f"support+{TAG}@desk.example", f"s+{TAG}@other.example",
     ID.replace("desk.example", "elsewhere.example"), f"<support+{TAG.upper()}@desk.example>"],
)  # fmt: skip
def test_what_mail_servers_do_to_a_token_it_survives(text: str):
    assert TOKENS.read(ACCOUNT, text) == MESSAGE


@pytest.mark.parametrize("text", [ID, TAG, f"support+{TAG}@desk.example"])
def test_a_token_of_another_account_or_installation_is_none(text: str):
    assert TOKENS.read(OTHER, text) is None
    assert Tokens("another secret").read(ACCOUNT, text) is None


@pytest.mark.parametrize("token", [ID.partition("@")[0], TAG])
def test_no_letter_of_a_token_can_be_changed(token: str):
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    for at, letter in enumerate(token):
        changed = token[:at] + letters[(letters.index(letter) + 1) % 32] + token[at + 1 :]
        assert TOKENS.read(ACCOUNT, changed) is None


@pytest.mark.parametrize(
    "text",
    ["", "@", "<>", "+", "a" * 52, "a" * 48, "1" * 52, "x" * 2_000, TAG[:-1], TAG + "a", ID[1:],
     f"{TAG}+{TAG[:5]}@desk.example", "\0" * 52, "ſ" * 52, f"a b@c {ID}"],
)  # fmt: skip
def test_what_is_no_token_is_none(text: str):
    assert TOKENS.read(ACCOUNT, text) is None


def test_every_message_has_a_token_of_its_own():
    messages = [uuid4() for _ in range(200)]
    written = {TOKENS.message_id(ACCOUNT, one, "d.example"): one for one in messages}
    assert [TOKENS.read(ACCOUNT, text) for text in written] == messages
