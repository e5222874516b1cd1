"""Does a mailbox work? Its servers are asked as fetching and sending ask them, and what is wrong is said so that
somebody can mend it.

Nothing is fetched and nothing is sent: the sender is offered, and taken back.
"""

from collections.abc import Mapping
from typing import Final, Literal

import aiosmtplib
import msgspec
from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from app.mail_doors import MailDoors, MailFault, not_connected, open_folder
from channels.email.composing import Uncomposable, check_address
from channels.email.imap import ImapFault
from channels.email.settings import ImapSettings, MailSettings, SmtpSettings
from channels.mailboxes import NO_PASSWORD, Standing

COMMAND_SECONDS: Final = 15.0


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a server said to us, in words; where something is wrong, `setting` is the one to look at."""

    door: Literal["imap", "smtp"]
    wrong: bool
    setting: str | None
    words: str


async def try_mailbox(
    doors: MailDoors, settings: MailSettings, passwords: Mapping[str, str | None], standing: Standing | None
) -> list[Finding]:
    """One finding for each door that the account has; `passwords` by door."""
    found: list[Finding] = []
    if settings.imap is not None:
        try:
            words = await _try_imap(doors, settings, settings.imap, passwords.get("imap"), standing)
            found.append(Finding(door="imap", wrong=False, setting=None, words=words))
        except MailFault as error:
            found.append(Finding(door="imap", wrong=True, setting=error.setting, words=str(error)))
    if settings.smtp is not None:
        try:
            words = await _try_smtp(doors, settings, settings.smtp, passwords.get("smtp"))
            found.append(Finding(door="smtp", wrong=False, setting=None, words=words))
        except MailFault as error:
            found.append(Finding(door="smtp", wrong=True, setting=error.setting, words=str(error)))
    return found


async def _try_imap(
    doors: MailDoors, settings: MailSettings, server: ImapSettings, password: str | None, standing: Standing | None
) -> str:
    if password is None:
        raise MailFault("credentials.imap", NO_PASSWORD.format(door="imap"))
    imap = await doors.open_imap(server, password, most_bytes=settings.max_bytes)
    try:
        await open_folder(imap, server)
        mails = imap.mails
    except ImapFault as error:
        raise MailFault("imap.host", f"{server.host} fails: {error}.") from None
    finally:
        await imap.sign_out()
    here = standing.archived if standing is not None else 0
    refused = f", {standing.refused} could not be fetched (see the quarantine)" if standing and standing.refused else ""
    return f"{server.host} opens {server.folder}: it has {mails} mails, {here} are here{refused}."


async def _try_smtp(doors: MailDoors, settings: MailSettings, server: SmtpSettings, password: str | None) -> str:
    if server.user is not None and password is None:
        raise MailFault("credentials.smtp", NO_PASSWORD.format(door="smtp"))
    try:
        check_address(settings.address)
    except Uncomposable as error:
        raise MailFault("address", f"No mail can come from {settings.address}: {error}.") from None
    sock = await doors.reach(server)
    client = SMTP(
        hostname=server.host,
        sock=sock,
        timeout=COMMAND_SECONDS,
        local_hostname=settings.domain,
        use_tls=server.security == "tls",
        start_tls=False,
        tls_context=doors.context(),
    )
    try:
        await _let_in(client, server, password)
        await _offer_sender(client, server, settings.address)
        await client.quit(timeout=1.0)
    except (SMTPException, OSError, ValueError):
        raise MailFault("smtp.host", f"{server.host}:{server.at} does not answer as a mail server.") from None
    finally:
        client.close()
    return f"{server.host} takes mail from {settings.address}."


async def _let_in(client: SMTP, server: SmtpSettings, password: str | None) -> None:
    where = f"{server.host}:{server.at}"
    try:
        await client.connect()
        await client.ehlo()
        if server.security == "starttls":
            if not client.supports_extension("starttls"):
                words = f"{where} offers no STARTTLS: try smtp.security tls, usually at port 465."
                raise MailFault("smtp.security", words)
            await client.starttls()
            await client.ehlo()
    except SMTPResponseException as error:
        raise MailFault("smtp.host", f"{where} does not let us in ({error.code} {_printed(error.message)}).") from None
    except (SMTPException, OSError, ValueError) as error:
        raise not_connected(server, _cause(error)) from None
    if server.user is None or password is None:
        return
    try:
        await client.login(server.user, password)
    except aiosmtplib.SMTPAuthenticationError as error:
        said = _printed(error.message.replace(password, "…"))
        words = f"{server.host} refuses to sign {server.user} in ({error.code} {said})"
        words += ": are smtp.user and the password right?"
        raise MailFault("smtp.user", words, refused_sign_in=True) from None
    except aiosmtplib.SMTPNotSupported:
        without = " without TLS" if server.security == "none" else ""
        words = f"{where} asks nobody to sign in{without}: leave smtp.user out?"
        raise MailFault("smtp.user", words) from None


async def _offer_sender(client: SMTP, server: SmtpSettings, address: str) -> None:
    try:
        await client.mail(address)
        await client.rset()
    except SMTPResponseException as error:
        said = f"{error.code} {_printed(error.message)}"
        words = f"{server.host} takes no mail from {address} ({said}): may {server.user or 'we'} send as it?"
        raise MailFault("address", words) from None


def _cause(error: BaseException) -> BaseException:
    """What lies below: the library wraps it."""
    below: BaseException | None = error
    while below is not None:
        if isinstance(below, OSError) and not isinstance(below, SMTPException):
            return below
        below = below.__cause__ or below.__context__
    return error


def _printed(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)[:300].strip()
