"""A mailbox's settings: what is refused is named, what is kept is in its normal form."""

from typing import Any

import pytest

from channels.email.settings import ImapSettings, MailSettings
from channels.registry import read_settings
from timeline.interactions import InvalidField


class Mailboxes:
    """As far as reading settings goes, a kind is its struct."""

    settings = MailSettings


def read(**said: Any) -> Any:
    return read_settings(Mailboxes, {"address": "help@desk.example", **said})  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"address": "nobody"}, "address"),
        ({"address": "Eve <help@desk.example>"}, "address"),
        ({"address": "<help@desk.example>"}, "address"),
        ({"address": "mailto:help@desk.example"}, "address"),
        ({"address": "help@desk.example\r\nBcc: eve@evil.example"}, "address"),
        ({"aliases": ["sales@desk.example", "sales"]}, "aliases[1]"),
        ({"imap": {"user": "u"}}, "imap.host"),
        ({"imap": {"host": "imaps://desk.example", "user": "u"}}, "imap.host"),
        ({"imap": {"host": "desk.example:993", "user": "u"}}, "imap.host"),
        ({"imap": {"host": "desk.example", "user": "u\r\nA LOGOUT"}}, "imap.user"),
        ({"imap": {"host": "desk.example", "user": "u", "folder": "IN\nBOX"}}, "imap.folder"),
        ({"imap": {"host": "desk.example", "user": "u", "port": 0}}, "imap.port"),
        ({"imap": {"host": "desk.example", "user": "u", "security": "ssl"}}, "imap.security"),
        ({"imap": {"host": "desk.example", "user": "u", "password": "p"}}, "imap.password"),
        ({"smtp": {"host": " "}}, "smtp.host"),
        ({"authserv_id": "mx.desk.example; spf=pass"}, "authserv_id"),
        ({"acknowledge": "Hello\x00"}, "acknowledge"),
        ({"max_bytes": 10}, "max_bytes"),
        ({"password": "p"}, "password"),
    ],
)
def test_what_is_refused_is_named(said: dict[str, Any], field: str):
    with pytest.raises(InvalidField) as refused:
        read(**said)
    assert refused.value.field == f"settings.{field}"


def test_hosts_and_domains_are_kept_as_they_are_compared():
    known = read(
        address="Help@Bücher.example",
        aliases=["Sales@Desk.Example"],
        imap={"host": "IMAP.Bücher.example.", "user": "Help"},
        smtp={"host": "2001:db8::1", "security": "tls"},
    )
    assert known.addresses == ("Help@xn--bcher-kva.example", "Sales@desk.example")
    assert known.domain == "xn--bcher-kva.example"
    assert known.imap == ImapSettings(host="imap.xn--bcher-kva.example", user="Help")
    assert (known.imap.at, known.smtp.at) == (993, 465)
