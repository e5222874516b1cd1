"""What a mailbox's account is set to: its address, where it is fetched from, where its mail goes out.

Passwords are no settings: they are sealed apart and never shown (`channels/mailboxes.py`).
"""

import re
from typing import Annotated, Any, Final, Literal, Self

import idna
import msgspec

from identity.identifiers import normalise
from timeline.interactions import InvalidField

Security = Literal["tls", "starttls", "none"]
Line = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Text = Annotated[str, msgspec.Meta(max_length=4_000)]
Port = Annotated[int, msgspec.Meta(ge=1, le=65_535)]

IMAP_PORTS: Final[dict[Security, int]] = {"tls": 993, "starttls": 143, "none": 143}
SMTP_PORTS: Final[dict[Security, int]] = {"tls": 465, "starttls": 587, "none": 25}
MOST_BYTES: Final = 50 * 1024 * 1024
LINK: Final = "{link}"
"""What the link that is asked for stands for in a text."""

_HOST: Final = re.compile(r"[a-z0-9_.-]{1,253}|[0-9a-f]{0,4}:[0-9a-f:.]{1,43}")
_AUTHSERV_ID: Final = re.compile(r"[!#-'*-:<-?A-Z^-~-]{1,200}")


class ImapSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where mail is fetched. Without a port it is the usual one for the security. `idle` lets the server tell of new
    mail where it can; it is asked every `poll_seconds` all the same."""

    host: Line
    user: Line
    port: Port | None = None
    security: Security = "tls"
    folder: Line = "INBOX"
    poll_seconds: Annotated[int, msgspec.Meta(ge=5, le=86_400)] = 60
    idle: bool = True

    @property
    def at(self) -> int:
        """The port that is asked."""
        return self.port or IMAP_PORTS[self.security]


class SmtpSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where mail goes out. Without a user nobody signs in."""

    host: Line
    user: Line | None = None
    port: Port | None = None
    security: Security = "starttls"

    @property
    def at(self) -> int:
        """The port that is asked."""
        return self.port or SMTP_PORTS[self.security]


class MailSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`aliases` are further addresses that are ours. `authserv_id` names the server whose Authentication-Results are
    believed; no other is. `acknowledge` is the text of the automatic answer to a new thread, `confirm` that of the
    question whether a resolved ticket is one, with its `{link}`: without them there are none. `notifies`: agents are
    written to by this account. Raises `InvalidField`, which names the setting."""

    address: Line
    name: Line | None = None
    imap: ImapSettings | None = None
    smtp: SmtpSettings | None = None
    authserv_id: Line | None = None
    aliases: Annotated[tuple[Line, ...], msgspec.Meta(max_length=100)] = ()
    plus_addressing: bool = False
    acknowledge: Text | None = None
    confirm: Text | None = None
    notifies: bool = False
    signature: Text | None = None
    max_bytes: Annotated[int, msgspec.Meta(ge=1024, le=MOST_BYTES)] = MOST_BYTES

    def __post_init__(self) -> None:
        """Hosts and domains are kept as they are compared: small letters of ASCII."""
        _put(self, "address", _address("address", self.address))
        _put(self, "aliases", tuple(_address(f"aliases[{at}]", one) for at, one in enumerate(self.aliases)))
        for at, server in (("imap", self.imap), ("smtp", self.smtp)):
            if server is not None:
                _put(server, "host", _host(f"{at}.host", server.host))
                _check_line(f"{at}.user", server.user)
        _check_line("name", self.name)
        _check_line("imap.folder", self.imap and self.imap.folder)
        if self.authserv_id is not None and not _AUTHSERV_ID.fullmatch(self.authserv_id):
            raise InvalidField("authserv_id", "expected the name that our mail server bears in Authentication-Results")
        for field, text in self._texts:
            if text is not None and any(not (one.isprintable() or one == "\n") for one in text):
                raise InvalidField(field, "expected lines of text")
        if self.confirm is not None and LINK not in self.confirm:
            raise InvalidField("confirm", f"expected a text with {LINK}, where the link is put in")

    @property
    def _texts(self) -> tuple[tuple[str, str | None], ...]:
        return (("acknowledge", self.acknowledge), ("confirm", self.confirm), ("signature", self.signature))

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address that is ours, the one that mail is sent from first."""
        return (self.address, *self.aliases)

    def named(self, name: str) -> Self:
        """With the account's own name where they say none, as far as it can be printed."""
        printed = "".join(letter for letter in name if letter.isprintable()).strip()
        return self if self.name or not printed else msgspec.structs.replace(self, name=printed)

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


def _put(struct: msgspec.Struct, name: str, value: Any) -> None:
    """While it is made, and never after: a frozen struct has no other way to keep a value in its normal form."""
    msgspec.structs.force_setattr(struct, name, value)


def _address(field: str, text: str) -> str:
    """The local part as it is written, the domain in small letters of ASCII."""
    normal = normalise("email", text, None, None)
    if normal.problem is not None:
        raise InvalidField(field, normal.problem)
    local = text.rpartition("@")[0]
    if local.lower() != normal.value.rpartition("@")[0]:
        raise InvalidField(field, "expected one bare address, such as support@example.com")
    return f"{local}@{normal.value.rpartition('@')[2]}"


def _host(field: str, text: str) -> str:
    """A name or an address in its usual spelling; where a connection may go is decided when it is made."""
    name = text.strip().lower().removesuffix(".")
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True, std3_rules=True).decode()
        except (idna.IDNAError, UnicodeError):
            name = ""
    if not _HOST.fullmatch(name):
        raise InvalidField(field, "expected the name of a server, such as imap.example.com, without a scheme or a port")
    return name


def _check_line(field: str, text: str | None) -> None:
    if text is not None and (not text.isprintable() or not text.strip()):
        raise InvalidField(field, "expected one line of text")
