"""Putting a mail into the outbox: whom it goes to and all its bytes are decided then, and once.

Nothing that happens later changes whom it goes to. `channels/replying.py` makes mails of replies,
`channels/dispatch.py` hands them to who sends.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from channels import outbox_store
from channels.contract import Account
from channels.email import composing
from channels.email.composing import Letter, Recipient, Rendered, Sender, Uncomposable
from channels.email.sending import Outcome
from channels.email.settings import MailSettings
from channels.email.tokens import Tokens
from channels.outbox_store import Db, Row
from timeline.mail_events import RecipientFate

KIND: Final = "email"
LONGEST_LOCAL: Final = 64
RESTORED: Final = "a backup brought it back: whether it went out since is unknown, send it again by hand if it did not"
SENDS_NOTHING: Final = "its account is disabled, or sends no mail"

NewId = Callable[[], UUID]


class Recipients(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a mail goes to, as its headers say and beside them."""

    to: tuple[Recipient, ...] = ()
    cc: tuple[Recipient, ...] = ()
    bcc: tuple[Recipient, ...] = ()

    @property
    def addresses(self) -> list[str]:
        """Each once, in their order."""
        return list(dict.fromkeys(one.address for one in (*self.to, *self.cc, *self.bcc)))


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A mail about to be kept: rendered, or with the `fault` for which it cannot be."""

    id: UUID
    account: UUID
    key: str
    purpose: str
    message_id: str
    letter: Letter
    event: UUID | None
    contact: UUID | None
    conversation: str | None
    rendered: Rendered | None
    fault: str | None
    held: str | None
    suppressed: str | None = None

    @property
    def state(self) -> Literal["suppressed", "failed", "uncertain", "waiting"]:
        return "suppressed" if self.suppressed else "failed" if self.fault else "uncertain" if self.held else "waiting"

    @property
    def reason(self) -> str | None:
        return self.suppressed or self.fault or self.held


def prepare(
    account: Account,
    letter: Letter,
    *,
    key: str,
    purpose: str,
    tokens: Tokens,
    new_id: NewId,
    now: datetime,
    event: UUID | None = None,
    contact: UUID | None = None,
    conversation: str | None = None,
    held: str | None = None,
    fault: str | None = None,
    suppressed: str | None = None,
) -> Prepared:
    """A letter as it is sent. `held` keeps it back until a person decides, `suppressed` for good; each says why, and
    so does the `fault` for which it cannot go out now."""
    settings = account.settings
    assert isinstance(settings, MailSettings)
    mail = new_id()
    message_id = tokens.message_id(account.id, mail, settings.domain)
    rendered, wrong = None, None
    if suppressed is None:
        rendered, wrong = _render(letter, settings, tokens, account.id, mail, message_id, now)
    return Prepared(
        id=mail,
        account=account.id,
        key=key,
        purpose=purpose,
        message_id=message_id,
        letter=letter,
        event=event,
        contact=contact,
        conversation=conversation,
        rendered=rendered,
        fault=wrong or fault,
        held=held,
        suppressed=suppressed,
    )


async def keep(db: Db, workspace: UUID, mail: Prepared, now: datetime) -> bool:
    """Let it be sent from the commit on, or be there with the reason why not; False where one of its key is there
    already. With an event and a contact, what becomes of it is told on the thread of that contact, about that event."""
    letter, rendered = mail.letter, mail.rendered
    first = letter.everybody[0].address if letter.everybody else ""
    return await outbox_store.add(
        db,
        workspace,
        mail.id,
        key=mail.key,
        account=mail.account,
        event=mail.event,
        contact=mail.contact,
        conversation=mail.conversation,
        purpose=mail.purpose,
        message_id=mail.message_id,
        recipients=msgspec.json.encode(Recipients(to=letter.to, cc=letter.cc, bcc=letter.bcc)),
        domain=first.rpartition("@")[2].lower(),
        raw=rendered and rendered.raw,
        files=msgspec.json.encode(rendered.slots if rendered else ()),
        state=mail.state,
        reason=mail.reason,
        next_try_at=now if mail.state == "waiting" else None,
        now=now,
    )


def _render(
    letter: Letter, settings: MailSettings, tokens: Tokens, account: UUID, mail: UUID, message_id: str, now: datetime
) -> tuple[Rendered | None, str | None]:
    sender = Sender(
        address=settings.address,
        name=settings.name,
        reply_to=tagged(settings, tokens, account, mail) if settings.plus_addressing else None,
        signature=None if letter.automatic else settings.signature,
    )
    try:
        rendered = composing.render(letter, sender, message_id, now)
    except Uncomposable as error:
        return None, str(error)
    if rendered.size > settings.max_bytes:
        return None, f"it has {rendered.size:,} bytes, its account sends at most {settings.max_bytes:,}"
    return rendered, None


def tagged(settings: MailSettings, tokens: Tokens, account: UUID, mail: UUID) -> str:
    """The account's address with a token of this mail, where there is room for one."""
    local, _, domain = settings.address.rpartition("@")
    address = f"{local}+{tokens.tag(account, mail)}"
    return settings.address if len(address) > LONGEST_LOCAL else f"{address}@{domain}"


def account_of(row: Row) -> Account:
    """An account that sends, of its row, under the name that people read."""
    return Account(
        id=UUID(bytes=row["id"].bytes),
        kind=row["kind"],
        source=row["source"],
        settings=msgspec.json.decode(row["settings"], type=MailSettings).named(row["name"]),
        proves=frozenset(row["proves"]),
        is_disabled=row["disabled_at"] is not None,
    )


def outcomes_of(row: Row) -> dict[str, Outcome]:
    return msgspec.json.decode(row["outcomes"], type=dict[str, Outcome])


def fates_of(outcomes: Mapping[str, Outcome]) -> tuple[RecipientFate, ...]:
    """What is told of each recipient: nobody knows yet of one who is tried again."""
    return tuple(
        RecipientFate(address=address, status="uncertain" if one.state == "waiting" else one.state, words=one.words)
        for address, one in outcomes.items()
    )
