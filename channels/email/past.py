"""How mails of the past are read, from archives that the account's owner hands in: as any mail, but that those in our
own name are outbound, and stand with whom they were written to.

Nobody's signature is looked up any more: keys of years ago are gone, and what our own server found then still counts.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from channels.contract import Account, Delivery
from channels.email.authentication import Proof
from channels.email.dns import NotAsked
from channels.email.mail import From, Mail, Mailbox
from channels.email.threading import Hashes
from channels.email.understanding import Answering, MailRead, MailReading, settings_of
from channels.reading import Placed, Read
from channels.store import Db
from timeline.intake import Outcome
from timeline.interactions import Interaction
from timeline.threads import Workspace

_NOBODY: Final = From(raw="", fault="it names no recipient")


class PastRead(Read, frozen=True, kw_only=True):
    """Of an outbound mail, `read` has its recipient in the place of its writer, and that we wrote to them; `ours` is
    what it said of its writer, and `found` what is known of that."""

    read: MailRead
    ours: From | None = None
    found: Proof | None = None


class PastMails:
    """The understanding of archives, over that of mails."""

    def __init__(self, mails: MailReading) -> None:
        self._mails = mails

    async def read(self, workspace: Workspace, account: Account, delivery: Delivery) -> PastRead:
        """Raises as `MailReading` does."""
        read = await self._mails.read(workspace, account, delivery)
        if _is_ours(read, account):
            return _turned(read, workspace, account)
        return PastRead(key=read.key, read=msgspec.structs.replace(read, alone=False))

    async def place(self, db: Db, workspace: Workspace, account: Account, reads: Sequence[PastRead]) -> list[Placed]:
        """In their order: each is known to those after it."""
        placed = await self._mails.place(db, workspace, account, [one.read for one in reads])
        return [_outbound(one, read) for one, read in zip(placed, reads, strict=True)]

    async def record(
        self, db: Db, workspace: Workspace, account: Account, done: Sequence[tuple[Placed, Sequence[Outcome]]]
    ) -> None:
        """Raises `FileGone`."""
        await self._mails.record(db, workspace, account, done)


async def nobody_asked(name: str) -> list[str]:
    """No name server."""
    raise NotAsked(name)


async def nobody_answers(db: Db, workspace: Workspace, account: Account, mail: Answering) -> str:  # noqa: ARG001
    """What an agent answered by mail in the past was done then."""
    return "it is of the past"


def _is_ours(read: MailRead, account: Account) -> bool:
    """Written in our name, and not by somebody else: what came in from outside has our server's word on it."""
    mailbox = read.mail.sender.mailbox
    if mailbox is None or mailbox.address.lower() not in _addresses(account):
        return False
    from_outside = read.mail.authentication_results and read.proof.verdict != "proved"
    return not from_outside and read.proof.verdict != "contradicted"


def _addresses(account: Account) -> set[str]:
    return {address.lower() for address in settings_of(account).addresses}


def _turned(read: MailRead, workspace: Workspace, account: Account) -> PastRead:
    """As if the recipient had written it: so it stands on their contact, and in the thread in which they take part."""
    recipient = _recipient(read.mail, account)
    sure = "proved" if settings_of(account).authserv_id else "claimed"
    sender = _NOBODY if recipient is None else From(raw=recipient.address, mailbox=recipient)
    verdict = Proof(verdict="ambiguous" if recipient is None else sure, words="we wrote to this address")
    own = None if recipient is None else Hashes(workspace.salt).of_address(recipient.address)
    turned = msgspec.structs.replace(
        read,
        alone=False,
        mail=msgspec.structs.replace(read.mail, sender=sender, robot=None, bounce=None),
        proof=verdict,
        wanted=msgspec.structs.replace(read.wanted, sender=own),
    )
    return PastRead(key=read.key, read=turned, ours=read.mail.sender, found=read.proof)


def _recipient(mail: Mail, account: Account) -> Mailbox | None:
    """The first that is not ours; a mail among ourselves is with the first of us."""
    named = [*mail.to, *mail.cc]
    others = [one for one in named if one.address.lower() not in _addresses(account)]
    return next(iter([*others, *named]), None)


def _outbound(placed: Placed, read: PastRead) -> Placed:
    if read.ours is None:
        return placed
    items: list[Interaction] = []
    for item in placed.items:
        said: dict[str, Any] = dict(item.data["mail"]) if isinstance(item.data, dict) else {}
        mailbox = read.ours.mailbox
        said["raw_from"] = read.ours.raw[:1_000]
        if mailbox is not None:
            said["from"] = {"address": mailbox.address} | ({"name": mailbox.name} if mailbox.name else {})
        said["proof"] = msgspec.to_builtins(read.found)
        items.append(msgspec.structs.replace(item, direction="outbound", data={"mail": said}))
    return msgspec.structs.replace(placed, items=items)
