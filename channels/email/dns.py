"""What do the text records of a name say? Looked up with short timeouts: a name that has none is one thing, one that
could not be asked for another."""

from collections.abc import Awaitable, Callable
from typing import Final

import dns.asyncresolver
import dns.exception
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT

TRY_SECONDS: Final = 2.0
ALL_SECONDS: Final = 4.0
MOST_TEXT: Final = 8_192

Lookup = Callable[[str], Awaitable[list[str]]]
"""The text records of a name, each with its strings joined; none where there is no such name. Raises `NotAsked`."""


class NotAsked(Exception):
    """No name server answered in time, or none knew what to say."""


class Texts:
    """Looks text records up; made with the first question, so that nothing is read where nobody asks."""

    def __init__(self) -> None:
        self._resolver: dns.asyncresolver.Resolver | None = None

    async def lookup(self, name: str) -> list[str]:
        try:
            answer = await self._asked().resolve(name, dns.rdatatype.TXT, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError, UnicodeError, ValueError) as error:
            raise NotAsked(type(error).__name__) from None
        texts = [b"".join(one.strings) for one in answer if isinstance(one, TXT)]
        return [text.decode("latin-1") for text in texts if len(text) <= MOST_TEXT]

    def _asked(self) -> dns.asyncresolver.Resolver:
        if self._resolver is None:
            self._resolver = dns.asyncresolver.Resolver()
            self._resolver.timeout, self._resolver.lifetime = TRY_SECONDS, ALL_SECONDS
            self._resolver.cache = dns.resolver.LRUCache(1_000)
        return self._resolver
