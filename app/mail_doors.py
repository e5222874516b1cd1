"""The way to a mail server: to the very address that was checked, under TLS for the name, and signed in.

What is wrong on the way is a `MailFault`, whose words tell a person what to change. Without TLS only servers in private
networks are asked, and those only where the operator allows it (THROUGHLINE_MAIL_PRIVATE).
"""

import asyncio
import socket
import ssl
from typing import Final

from app.outward import CONNECT_SECONDS, NotReached, Outward
from channels.email.imap import LONGEST_LINE, Broken, Declined, Imap
from channels.email.settings import ImapSettings, SmtpSettings
from channels.webhooks.addresses import NotPublic, Target

MOST_FOLDERS: Final = 20


class MailFault(Exception):
    """What is wrong, and what could be done. `setting` is the one that it is about, as the API names it."""

    def __init__(self, setting: str, words: str, *, refused_sign_in: bool = False) -> None:
        self.setting = setting
        self.refused_sign_in = refused_sign_in
        super().__init__(words)


class MailDoors:
    """What all connections to mail servers share: what the operator allows, how names are read, whom TLS trusts."""

    def __init__(self, outward: Outward, *, trust: ssl.SSLContext | None = None) -> None:
        self._outward = outward
        self._trust = trust

    async def addresses(self, server: ImapSettings | SmtpSettings) -> list[str]:
        """Where a connection may go. Raises `MailFault`."""
        door = _door(server)
        scheme = "http" if server.security == "none" else "https"  # what may be asked without TLS is what may by http
        try:
            return await self._outward.addresses(Target(scheme=scheme, host=server.host, port=server.at, path=""))
        except NotReached:
            raise MailFault(f"{door}.host", f"The name {server.host} is not found: is {door}.host right?") from None
        except NotPublic as error:
            raise MailFault(f"{door}.host", self._not_public(door, server, str(error))) from None

    def _not_public(self, door: str, server: ImapSettings | SmtpSettings, why: str) -> str:
        if server.security == "none" and self._outward.private:
            return (
                f"{server.host} is no server in a private network, and only such are asked without TLS: "
                f"set {door}.security to tls or starttls."
            )
        return (
            f"{server.host} is not asked: {why}. THROUGHLINE_MAIL_PRIVATE=yes lets mailboxes be on servers in private "
            f"networks{', and there without TLS' if server.security == 'none' else ''}."
        )

    async def reach(self, server: ImapSettings | SmtpSettings) -> socket.socket:
        """A connection to the first address that answers, without TLS yet. Raises `MailFault`."""
        fault = MailFault("", "")
        loop = asyncio.get_running_loop()
        for address in await self.addresses(server):
            sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
            sock.setblocking(False)
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await loop.sock_connect(sock, (address, server.at))
            except (OSError, TimeoutError) as error:
                sock.close()
                fault = not_connected(server, error)
            except BaseException:
                sock.close()
                raise
            else:
                return sock
        raise fault

    async def connect(self, server: ImapSettings | SmtpSettings) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """As `reach`; under TLS at once where that is the security. Raises `MailFault`."""
        sock = await self.reach(server)
        tls = server.security == "tls"
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await asyncio.open_connection(
                    sock=sock,
                    ssl=self.context() if tls else None,
                    server_hostname=server.host if tls else None,
                    limit=LONGEST_LINE,
                )
        except (OSError, TimeoutError) as error:
            raise not_connected(server, error) from None

    async def open_imap(self, server: ImapSettings, password: str, *, most_bytes: int) -> Imap:
        """A connection that is signed in. Raises `MailFault`."""
        imap = Imap(*await self.connect(server), most_bytes=most_bytes)
        try:
            await self._sign_in(imap, server, password)
        except BaseException:
            imap.close()
            raise
        return imap

    async def _sign_in(self, imap: Imap, server: ImapSettings, password: str) -> None:
        where = f"{server.host}:{server.at}"
        try:
            await imap.greet()
            if server.security == "starttls":
                await imap.start_tls(self.context(), server.host)
        except Declined as error:
            words = f"{where} refuses STARTTLS ({error.said.words}): try imap.security tls, usually at port 993."
            raise MailFault("imap.security", words) from None
        except Broken as error:
            words = f"{where} does not answer as a mail server ({error}): are imap.port and imap.security right?"
            raise MailFault("imap.security", words) from None
        except OSError as error:
            raise not_connected(server, error) from None
        if "LOGINDISABLED" in imap.capabilities:
            words = f"{where} takes no passwords without TLS: set imap.security to tls or starttls."
            raise MailFault("imap.security", words)
        try:
            await imap.sign_in(server.user, password)
        except Declined as error:
            words = (
                f"{server.host} refuses to sign {server.user} in ({error.said.words}): are imap.user and the password "
                "right, and does the mailbox allow IMAP?"
            )
            raise MailFault("imap.user", words, refused_sign_in=True) from None
        except Broken as error:
            raise MailFault("imap.user", f"{where} hangs up while {server.user} signs in ({error}).") from None

    def close(self) -> None:
        self._outward.close()

    def context(self) -> ssl.SSLContext:
        """The system's authorities, read when they are needed."""
        if self._trust is None:
            self._trust = ssl.create_default_context()
        return self._trust


async def open_folder(imap: Imap, server: ImapSettings) -> int:
    """Open the folder for looking only; its UIDVALIDITY. Raises `MailFault` and `Broken`."""
    try:
        return (await imap.open(server.folder)).uidvalidity
    except Declined as error:
        said = error.said.words
    try:
        there = await imap.folders()
    except Declined:
        there = []
    more = f" and {len(there) - MOST_FOLDERS} more" if len(there) > MOST_FOLDERS else ""
    known = f"It has {', '.join(there[:MOST_FOLDERS])}{more}." if there else "It does not tell which it has."
    raise MailFault("imap.folder", f"{server.host} does not open the folder {server.folder} ({said}). {known}")


def not_connected(server: ImapSettings | SmtpSettings, error: BaseException) -> MailFault:
    """Why there is no connection."""
    door, where = _door(server), f"{server.host}:{server.at}"
    if isinstance(error, ssl.SSLCertVerificationError):
        words = f"The certificate of {where} is not trusted for {server.host} ({error.verify_message})."
        return MailFault(f"{door}.host", words)
    if isinstance(error, ssl.SSLError):
        words = f"{where} does not speak TLS with us: is {door}.security right? (tls from the beginning, or starttls)"
        return MailFault(f"{door}.security", words)
    if isinstance(error, ConnectionRefusedError):
        return MailFault(f"{door}.port", f"{server.host} refuses connections to port {server.at}: is it {door}.port?")
    if isinstance(error, TimeoutError):
        return MailFault(f"{door}.port", f"{where} does not answer in {CONNECT_SECONDS:.0f} seconds.")
    if isinstance(error, socket.gaierror):
        return MailFault(f"{door}.host", f"The name {server.host} is not found: is {door}.host right?")
    return MailFault(f"{door}.host", f"There is no connection to {where}.")


def _door(server: ImapSettings | SmtpSettings) -> str:
    return "imap" if isinstance(server, ImapSettings) else "smtp"
