"""May a request of ours go there? The one policy for addresses that others give us, by spelling and by DNS answer.

Public is what the registries of special addresses leave over:
https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry
"""

import re
from collections.abc import Sequence
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

import idna
import msgspec

from timeline.interactions import InvalidField

MOST_CHARACTERS: Final = 2_000
LEAST_PORT: Final = 1024
PORTS: Final = {"https": 443, "http": 80}

_URL: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]/?#@:\\%\s]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>(?:/[^?#]*)?(?:\?[^#]*)?)"
)
_PRINTED: Final = re.compile(r"[!$-;=?-\[\]_a-z~]*")
_NUMBER: Final = re.compile(r"(?:[0-9]+|0[xX][0-9a-fA-F]*)")
_LOCAL_NAMES: Final = ("localhost", "local", "internal", "home.arpa")

_SPECIAL: Final = [
    IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
]  # fmt: skip
_UNICAST: Final = IPv6Network("2000::/3")
"""All of IPv6 that is handed out. Outside of it lie ::1, mapped IPv4, NAT64, ULA, link-local and multicast."""
_SPECIAL_6: Final = [
    IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
]  # Teredo and other protocols, documentation, 6to4, AS112, documentation
_ISATAP: Final = (0x00005EFE, 0x02005EFE)
_PRIVATE: Final = [
    IPv4Network(text) for text in ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
]
_PRIVATE_6: Final = [IPv6Network("::1/128"), IPv6Network("fc00::/7")]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """An address as it is asked: `host` in lower case and ASCII, without brackets; `path` with its query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


class NotPublic(Exception):
    """A name has an answer that no request of ours may go to."""


def read_address(text: str, *, private: bool = False) -> Target:
    """The address, if its spelling alone says nothing against it. `private`: the operator lets requests go to private
    networks, and by http there. Raises `InvalidField`."""
    match = _URL.fullmatch(text) if len(text) <= MOST_CHARACTERS else None
    if match is None:
        words = (
            "a name and a password have no place in it" if "@" in text else "expected an address as https://host/path"
        )
        raise InvalidField("url", words)
    scheme = match["scheme"].lower()
    if scheme not in PORTS or (scheme == "http" and not private):
        raise InvalidField("url", "expected https")
    if not _PRINTED.fullmatch(match["path"]):
        raise InvalidField("url", "path and query must be percent-encoded")
    port = int(match["port"]) if match["port"] else PORTS[scheme]
    if port != PORTS[scheme] and not LEAST_PORT <= port <= 65_535:
        raise InvalidField("url", f"expected port {PORTS[scheme]} or one from {LEAST_PORT} to 65535")
    host = _read_host(match["host"], private)
    path = match["path"]
    return Target(scheme=scheme, host=host, port=port, path=path if path.startswith("/") else f"/{path}")


def check_answers(target: Target, answers: Sequence[str], *, private: bool = False) -> list[str]:
    """The addresses that a connection may go to: all that the name has, or none. Raises `NotPublic`."""
    if not answers:
        raise NotPublic("the name has no address")
    for text in answers:
        try:
            address = ip_address(text)
        except ValueError:
            raise NotPublic("the name has an address that is none") from None
        if not _may_go(address, target.scheme, private):
            raise NotPublic("the name leads to an address that is not public")
    return list(answers)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL)
    if address.scope_id is not None or address not in _UNICAST or any(address in network for network in _SPECIAL_6):
        return False
    return (int(address) >> 32) & 0xFFFFFFFF not in _ISATAP


def is_private(address: IPv4Address | IPv6Address) -> bool:
    """Loopback and networks of one's own. Link-local addresses are never asked: cloud metadata lives there."""
    if isinstance(address, IPv4Address):
        return any(address in network for network in _PRIVATE)
    return address.scope_id is None and any(address in network for network in _PRIVATE_6)


def _may_go(address: IPv4Address | IPv6Address, scheme: str, private: bool) -> bool:
    if private and is_private(address):
        return True
    return scheme == "https" and is_public(address)


def _read_host(text: str, private: bool) -> str:
    """Raises `InvalidField`. Of an address one spelling is taken, the usual one."""
    if text.startswith("["):
        try:
            return _literal(IPv6Address(text[1:-1]), private)
        except AddressValueError:
            raise InvalidField("url", "this is no IPv6 address") from None
    try:
        host = idna.encode(text.lower().removesuffix("."), uts46=True, std3_rules=True).decode()
    except (idna.IDNAError, UnicodeError):
        raise InvalidField("url", "this is no name of a host") from None
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return _literal(IPv4Address(host), private)
        except AddressValueError:
            raise InvalidField("url", "expected an IPv4 address as four decimal numbers") from None
    if private:
        return host
    if len(labels) == 1 or any(host == name or host.endswith(f".{name}") for name in _LOCAL_NAMES):
        raise InvalidField("url", "expected the name of a public host")
    return host


def _literal(address: IPv4Address | IPv6Address, private: bool) -> str:
    if not (is_public(address) or (private and is_private(address))):
        raise InvalidField("url", "expected a public address")
    return str(address)
