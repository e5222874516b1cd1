"""May an automatic mail go to this address? Robots, loops, limits; and what such a mail may say: the desk's own words
and a ticket's number, never what somebody from outside wrote.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from channels.email.settings import MailSettings

WITHIN: Final = timedelta(minutes=120)
MOST: Final = 20
"""Automatic mails to one address in that time, whatever they are for."""
ACKNOWLEDGED_WITHIN: Final = timedelta(hours=1)
"""An address gets one acknowledgement in this time."""
LATEST: Final = timedelta(days=1)
"""What is older than this when it is read needs no automatic answer any more."""

ACKNOWLEDGEMENT: Final = "acknowledgement"
REMINDER: Final = "reminder"
CONFIRMATION: Final = "confirmation"
NOTIFICATION: Final = "notification"
LINKS: Final = {
    "invitation": "You are an agent at this desk now.\n\nChoose a password here, within a week: {url}\n",
    "reset": "Somebody, most likely you, asked to set your password anew.\n\n"
    "Do it here, within an hour: {url}\n\nIf it was not you, there is nothing to do.\n",
}
"""What goes to agents with a link that is used once, by its purpose."""

OURS: Final = "this address is our own"
NOBODY: Final = "nobody to send it to: it is not known who wrote"
UNPROVED: Final = "nothing shows that the address is the customer's: it is not proved, and holds no token of ours"
COMES_BACK: Final = "a mail of ours comes back, or is answered by somebody to whom it was not sent"
BOUNCED: Final = "mail to this address came back: an agent has to clear it first"
TOO_MANY: Final = f"{MOST} automatic mails went to this address within {WITHIN // timedelta(minutes=1)} minutes"
ACKNOWLEDGED: Final = "this address got an acknowledgement within the hour"


class Lately(msgspec.Struct, frozen=True, kw_only=True):
    """What went to an address by itself lately, and whether mail to it came back."""

    sent: int = 0
    acknowledged: int = 0
    bounced: bool = False


class _From(msgspec.Struct, frozen=True, kw_only=True):
    address: str


class _Proof(msgspec.Struct, frozen=True, kw_only=True):
    verdict: str


class _Why(msgspec.Struct, frozen=True, kw_only=True):
    why: str


class _Thread(msgspec.Struct, frozen=True, kw_only=True):
    by: Literal["token", "references", "new"] = "new"


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """What a mail that came in says of itself, as its item has it."""

    proof: _Proof
    sender: _From | None = msgspec.field(name="from", default=None)
    robot: _Why | None = None
    bounce: Any = None
    thread: _Thread = _Thread()
    message_id: str | None = None
    references: tuple[str, ...] = ()

    @property
    def address(self) -> str | None:
        """Who may be answered: the address that it says it is from, where that is not denied."""
        known = self.sender is not None and self.proof.verdict in ("proved", "claimed")
        return self.sender.address if known and self.sender is not None else None


def not_answered(came: Came, has_token: bool) -> str | None:
    """Why no automatic mail answers this one; `has_token` says that an id of ours stands in it."""
    if came.robot is not None:
        return f"no robot is answered: {came.robot.why}"
    if came.bounce is not None:
        return "no report of delivery is answered"
    if came.address is None:
        return NOBODY
    return COMES_BACK if has_token and came.thread.by == "new" else None


def not_told(came: Came) -> str | None:
    """Why nothing about a ticket goes to who wrote this by itself."""
    if came.robot is not None:
        return f"no robot is answered: {came.robot.why}"
    if came.address is None:
        return NOBODY
    is_theirs = came.proof.verdict == "proved" or came.thread.by == "token"
    return None if is_theirs else UNPROVED


def refused(purpose: str, address: str, ours: Collection[str], lately: Lately) -> str | None:
    """Why an address gets no further automatic mail now. `ours`: addresses of accounts, in small letters."""
    if address.lower() in ours:
        return OURS
    if lately.bounced:
        return BOUNCED
    if lately.sent >= MOST:
        return TOO_MANY
    return ACKNOWLEDGED if purpose == ACKNOWLEDGEMENT and lately.acknowledged else None


def counted(lately: Lately, purpose: str) -> Lately:
    """After one more went out."""
    more = int(purpose == ACKNOWLEDGEMENT)
    return msgspec.structs.replace(lately, sent=lately.sent + 1, acknowledged=lately.acknowledged + more)


def is_due(written_at: datetime, recorded_at: datetime, since: datetime, now: datetime) -> bool:
    """Whether something that was written then, and known to us from then on, is still to be answered by an account that
    is there `since`: an old mailbox that is read for the first time waits for nothing."""
    return written_at >= since and recorded_at >= since and now - min(written_at, recorded_at) <= LATEST


def subject(settings: MailSettings, number: int | None) -> str:
    """The desk's name and the ticket's number: the same in every language."""
    name = settings.name or settings.address
    return name if number is None else f"{name} #{number}"


def filled(words: str, number: int | None, link: str | None = None) -> str:
    """The desk's words with the ticket's number and a link of ours where they ask for them."""
    return words.replace("{number}", "" if number is None else str(number)).replace("{link}", link or "")


_KINDS: Final = {
    "assigned": "was given to you",
    "mentioned": "has a note for you",
    "changed": "has changed",
    "task": "has a task for you",
    "task_due": "has a task whose time has come",
    "answered": "has an answer that you waited for",
    "rejected": "is not settled, says the customer",
    "awake": "is back: the time for which it was laid aside is over",
    "sla_warned": "has a promise that is about to be broken",
    "sla_breached": "has a promise that was broken",
    "undelivered": "has a reply of yours that did not arrive",
}
MEANT: Final = frozenset(_KINDS) - {"changed"}
"""What an agent who wants mails about what is meant for them is told of."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One notification in a mail to an agent."""

    kind: str
    number: int | None
    actor: str | None


def notification(told: Sequence[Told], console: str, *, can_answer: bool) -> str:
    """What an agent is told: which tickets and why, in words of ours. `actor` is an agent's name."""
    lines = [f"{_ticket(one)} {_KINDS[one.kind]}{f' ({one.actor})' if one.actor else ''}." for one in told]
    how = "Answer this mail to answer in the ticket, or open it" if can_answer else "Open them"
    return "\n".join(list(dict.fromkeys(lines))) + f"\n\n{how} here: {console}\n"


def _ticket(one: Told) -> str:
    return "A ticket" if one.number is None else f"Ticket #{one.number}"


def notification_subject(settings: MailSettings, told: Sequence[Told]) -> str:
    numbers = list(dict.fromkeys(one.number for one in told))
    return subject(settings, numbers[0]) if len(numbers) == 1 else f"{subject(settings, None)}: {len(numbers)} tickets"
