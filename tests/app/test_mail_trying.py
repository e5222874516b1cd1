"""What is wrong with a mailbox is said so that a person can mend it: the words, and the setting that they are about."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.mail_doors import MailDoors
from app.mail_trying import Finding, try_mailbox
from app.outward import Outward
from channels.email.settings import ImapSettings, MailSettings, SmtpSettings
from tests.app.test_outward import certificate
from tests.channels.email.imap_server import PASSWORD, USER, ImapServer, imap_server
from tests.channels.email.smtp_server import MailServer, mail_server

WHERE = {"mail.example": ["127.0.0.1"], "public.example": ["1.1.1.1"], "two.example": ["127.0.0.1", "169.254.169.254"]}


async def look_up(host: str, port: int) -> list[str]:
    if host not in WHERE:
        raise OSError
    return WHERE[host]


class Place:
    """An IMAP and an SMTP server under the name mail.example, whose certificate `trust` knows."""

    def __init__(self, imap: ImapServer, smtp: MailServer, trust: ssl.SSLContext) -> None:
        self.imap = imap
        self.smtp = smtp
        self.trust = trust

    async def say(
        self,
        imap: dict[str, Any] | None = None,
        smtp: dict[str, Any] | None = None,
        *,
        password: str | None = PASSWORD,
        private: bool = True,
        trusted: bool = True,
        address: str = USER,
    ) -> Finding:
        """What is found of the one server that is set."""
        common: dict[str, Any] = {"host": "mail.example", "user": USER, "security": "starttls"}
        settings = MailSettings(
            address=address,
            imap=None if imap is None else msgspec.convert({**common, "port": self.imap.port, **imap}, ImapSettings),
            smtp=None if smtp is None else msgspec.convert({**common, "port": self.smtp.port, **smtp}, SmtpSettings),
        )
        outward = Outward(private=private, look_up=look_up)
        doors = MailDoors(outward, trust=self.trust if trusted else None)
        try:
            (found,) = await try_mailbox(doors, settings, {"imap": password, "smtp": password}, None)
        finally:
            outward.close()
        return found


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("paper"), "mail.example")


@pytest.fixture
async def place(paper: Path) -> AsyncIterator[Place]:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(paper)
    async with imap_server(starttls=serving) as imap, mail_server() as smtp:
        smtp.tls, smtp.password = serving, "right"
        yield Place(imap, smtp, ssl.create_default_context(cafile=str(paper)))


async def test_what_works_says_what_there_is(place: Place) -> None:
    place.imap.put(b"Subject: 1\r\n\r\n1\r\n")
    found = await place.say(imap={})
    assert (found.wrong, found.words) == (False, "mail.example opens INBOX: it has 1 mails, 0 are here.")
    found = await place.say(smtp={})
    assert (found.wrong, found.words) == (False, f"mail.example takes mail from {USER}.")
    assert place.smtp.taken == []
    assert [one.flags for one in place.imap.inbox] == [set()]


IMAP: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    ({"host": "gone.example"}, {}, "imap.host", "The name gone.example is not found"),
    ({"port": 1}, {}, "imap.port", "refuses connections to port 1"),
    ({}, {"trusted": False}, "imap.host", "is not trusted for mail.example"),
    ({"security": "tls"}, {}, "imap.security", "does not speak TLS"),
    ({}, {"password": "wrong"}, "imap.user", "refuses to sign help@desk.example in (wrong name or password)"),
    ({}, {"password": None}, "credentials.imap", "has no password for imap"),
    ({"folder": "Support"}, {}, "imap.folder", "It has Archive, INBOX."),
    ({}, {"private": False}, "imap.host", "THROUGHLINE_MAIL_PRIVATE=yes"),
    ({"host": "two.example"}, {}, "imap.host", "not public"),
    ({"host": "public.example", "security": "none"}, {}, "imap.host", "set imap.security to tls or starttls"),
]


@pytest.mark.parametrize(("imap", "how", "setting", "words"), IMAP)
async def test_imap_faults_are_told_in_words(
    place: Place, imap: dict[str, Any], how: dict[str, Any], setting: str, words: str
) -> None:
    place.imap.folders["Archive"] = []
    found = await place.say(imap=imap, **how)
    assert found.wrong
    assert (found.setting, words in found.words) == (setting, True), found.words
    assert PASSWORD not in found.words


SMTP: list[tuple[dict[str, Any], dict[str, Any], dict[str, str], str, str]] = [
    ({"host": "gone.example"}, {}, {}, "smtp.host", "The name gone.example is not found"),
    ({"port": 1}, {}, {}, "smtp.port", "refuses connections to port 1"),
    ({}, {"trusted": False}, {}, "smtp.host", "is not trusted for mail.example"),
    ({}, {"password": None}, {}, "credentials.smtp", "has no password for smtp"),
    ({}, {"private": False}, {}, "smtp.host", "THROUGHLINE_MAIL_PRIVATE=yes"),
    ({}, {}, {"CONNECT": "554 not you"}, "smtp.host", "does not let us in (554"),
    ({}, {"address": "hülfe@desk.example"}, {}, "address", "No mail can come from hülfe@desk.example"),
    ({}, {"address": '"help me"@desk.example'}, {}, "address", "no address that mail can be sent"),
    ({}, {}, {"MAIL": "553 not yours"}, "address", "takes no mail from help@desk.example (553 not yours)"),
]


@pytest.mark.parametrize(("smtp", "how", "answers", "setting", "words"), SMTP)
async def test_smtp_faults_are_told_in_words(
    place: Place, smtp: dict[str, Any], how: dict[str, Any], answers: dict[str, str], setting: str, words: str
) -> None:
    place.smtp.answers = answers
    found = await place.say(smtp=smtp, **how)
    assert found.wrong
    assert (found.setting, words in found.words) == (setting, True), found.words


async def test_who_may_not_sign_in_to_send_is_told_so(place: Place) -> None:
    place.smtp.password = "another"
    found = await place.say(smtp={})
    assert (found.wrong, found.setting) == (True, "smtp.user")
    assert "refuses to sign help@desk.example in (535" in found.words
    found = await place.say(smtp={"security": "tls", "port": place.imap.port})
    assert (found.setting, "does not speak TLS" in found.words) == ("smtp.security", True)
    place.smtp.offers_tls = False
    found = await place.say(smtp={})
    assert (found.setting, "offers no STARTTLS" in found.words) == ("smtp.security", True)
