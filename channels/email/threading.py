"""Which thread does a mail belong to? The one that its token of ours names, if it was sent to this very sender; else
that of a mail which it refers to, if the sender takes part in it; else a thread of its own.

Never by subject or by a ticket's number, and never for a sender who is contradicted or cannot be told. Addresses and
message ids are compared as keyed hashes: those are all that is kept of them.
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal
from uuid import UUID

import msgspec

from channels.email.authentication import Proof
from channels.email.mail import Mail
from channels.email.tokens import Tokens

MOST_REFERENCES: Final = 50
MOST_ADDRESSES: Final = 50

NOTIFICATION: Final = "notification"
"""The purpose of mails to agents: answering one is for that agent alone, and is no item of a customer's."""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A mail of ours, as far as answering it depends on it; `recipients` are addresses in small letters."""

    id: UUID
    purpose: str
    event_id: UUID | None
    conversation: str | None
    recipients: frozenset[str]
    ticket_id: UUID | None = None
    """The ticket that it opened: nothing came before it."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that is in a thread: its id, who wrote it, and whom it names beside."""

    conversation: str
    message: bytes | None
    author: bytes
    named: frozenset[bytes]
    is_proved: bool
    refers: frozenset[bytes] = frozenset()


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The thread of a mail, and by what; `sent` is the mail of ours that it answers. `words` say why a token or a
    reference was not believed."""

    conversation: str
    by: Literal["token", "references", "new"]
    sent: Sent | None = None
    words: str | None = None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be known to place a mail: mails of ours by their tokens, others by the hashes of their ids, in the
    order in which they count; and who refers to its `own`."""

    sent: tuple[UUID, ...]
    messages: tuple[bytes, ...]
    sender: bytes | None
    own: bytes | None


class Hashes:
    """Keyed hashes of addresses and message ids in one workspace: nobody reads them back."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt

    def of_address(self, address: str) -> bytes:
        return self._of(b"address", address.lower())

    def of_message(self, message_id: str) -> bytes:
        return self._of(b"message", message_id)

    def of_answer(self, *said: str) -> bytes:
        return self._of(b"answer", "\0".join(said))

    def _of(self, kind: bytes, text: str) -> bytes:
        said = kind + b"\0" + text.encode("utf-8", "surrogatepass")
        return hmac.digest(self._salt, said, hashlib.sha256)[:16]


class Threads:
    """What is known of threads; a mail that was placed is known to the next one."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._by_message: dict[bytes, list[str]] = {}
        self._by_reference: dict[bytes, list[str]] = {}
        self._members: dict[str, list[Member]] = {}
        for member in members:
            self.add(member)

    def add(self, member: Member) -> None:
        self._members.setdefault(member.conversation, []).append(member)
        if member.message is not None:
            _put(self._by_message, member.message, member.conversation)
        for message in member.refers:
            _put(self._by_reference, message, member.conversation)

    def find(self, message: bytes, sender: bytes) -> str | None:
        """The thread of a mail with this id in which the sender takes part. Anybody can send a mail under an id that
        another's bears: threads in which the sender is proved to have written come first, and where claims alone point
        to several, none is taken."""
        ranked = self._ranked(self._by_message.get(message, ()), sender)
        return _surest(ranked, (_PROVED, _CLAIMED, _NAMED))

    def find_later(self, own: bytes, sender: bytes, *, is_proved: bool) -> str | None:
        """The thread of a mail that came before the one that it refers to, if the same sender wrote both: what is
        proved is not drawn into a thread of mere claims."""
        ranked = self._ranked(self._by_reference.get(own, ()), sender)
        return _surest(ranked, (_PROVED,) if is_proved else (_PROVED, _CLAIMED))

    def _ranked(self, conversations: Sequence[str], sender: bytes) -> dict[int, list[str]]:
        ranked: dict[int, list[str]] = {}
        for conversation in conversations:
            rank = min((_rank(member, sender) for member in self._members.get(conversation, ())), default=_STRANGER)
            ranked.setdefault(rank, []).append(conversation)
        return ranked


_PROVED: Final = 0
_CLAIMED: Final = 1
_NAMED: Final = 2
_STRANGER: Final = 3


def _put(found: dict[bytes, list[str]], message: bytes, conversation: str) -> None:
    there = found.setdefault(message, [])
    if conversation not in there:
        there.append(conversation)


def _surest(ranked: Mapping[int, Sequence[str]], ranks: Sequence[int]) -> str | None:
    for rank in ranks:
        found = ranked.get(rank, ())
        if found:
            return found[0] if rank == _PROVED or len(found) == 1 else None
    return None


def _rank(member: Member, sender: bytes) -> int:
    if member.author == sender:
        return _PROVED if member.is_proved else _CLAIMED
    return _NAMED if sender in member.named else _STRANGER


def want(mail: Mail, account: UUID, tokens: Tokens, hashes: Hashes) -> Wanted:
    """What to look up before a mail is placed."""
    sent = (tokens.read(account, text) for text in _texts(mail))
    references = [*mail.in_reply_to, *reversed(mail.references)][:MOST_REFERENCES]
    mailbox = mail.sender.mailbox
    return Wanted(
        sent=tuple(dict.fromkeys(one for one in sent if one is not None)),
        messages=tuple(dict.fromkeys(hashes.of_message(one) for one in references)),
        sender=hashes.of_address(mailbox.address) if mailbox is not None else None,
        own=hashes.of_message(mail.message_id) if mail.message_id else None,
    )


def _texts(mail: Mail) -> Iterator[str]:
    """Where a token may stand, the surest place first."""
    yield from mail.in_reply_to[:MOST_REFERENCES]
    yield from mail.delivered_to[:MOST_ADDRESSES]
    for mailbox in (*mail.to[:MOST_ADDRESSES], *mail.cc[:MOST_ADDRESSES]):
        yield mailbox.address
    yield from mail.references[: -MOST_REFERENCES - 1 : -1]


def place(
    mail: Mail, proof: Proof, wanted: Wanted, source_id: str, sent: Mapping[UUID, Sent], threads: Threads
) -> Place:
    """`source_id` names the mail, and the thread that it begins; `sent` are the mails of ours that there are."""
    if proof.verdict in ("contradicted", "ambiguous") or mail.sender.mailbox is None or wanted.sender is None:
        words = "nobody is answered by a sender who is not known" if wanted.sent or wanted.messages else None
        return Place(conversation=source_id, by="new", words=words)
    address = mail.sender.mailbox.address.lower()
    ours = [sent[one] for one in wanted.sent if one in sent]
    for one in ours:
        if address in one.recipients:
            return Place(conversation=one.conversation or f"mail-out:{one.id}", by="token", sent=one)
    for message in wanted.messages:
        conversation = threads.find(message, wanted.sender)
        if conversation is not None:
            return Place(conversation=conversation, by="references")
    later = wanted.own and threads.find_later(wanted.own, wanted.sender, is_proved=proof.verdict == "proved")
    if later:
        return Place(conversation=later, by="references")
    words = "it answers a mail of ours that was not sent to this address" if ours else None
    return Place(conversation=source_id, by="new", words=words)


def member_of(
    mail: Mail, proof: Proof, wanted: Wanted, conversation: str, our_addresses: Sequence[str], hashes: Hashes
) -> Member | None:
    """What is kept of a mail for those that will refer to it; None of one whose sender is not known: nothing can be
    made to follow it."""
    if proof.verdict in ("contradicted", "ambiguous") or mail.sender.mailbox is None:
        return None
    ours = {address.lower() for address in our_addresses}
    author = mail.sender.mailbox.address.lower()
    others = [mailbox.address.lower() for mailbox in (*mail.to, *mail.cc)][: 2 * MOST_ADDRESSES]
    named = [hashes.of_address(one) for one in dict.fromkeys(others) if one not in ours and one != author]
    return Member(
        conversation=conversation,
        message=wanted.own,
        author=hashes.of_address(author),
        named=frozenset(named[:MOST_ADDRESSES]),
        is_proved=proof.verdict == "proved",
        refers=frozenset(wanted.messages),
    )
