"""A mailbox's fetching as the database knows it: who has it, what is here, what could not be had, and how it stands.

A mail counts as here in the transaction that archives it, and never before.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from channels import accounts, credentials, deliveries, inbox, lanes, mailbox_store, store
from channels.contract import Account
from channels.email import kind
from channels.email.backlog import Known, refused_until
from channels.email.imap_answers import Listed, read_arrived
from channels.email.settings import MailSettings
from channels.vault import DoesNotOpen, Vault
from timeline.interactions import InvalidField
from timeline.pseudonyms import Pseudonyms

CLAIM: Final = timedelta(seconds=60)
NOT_FETCHED: Final = inbox.NOT_FETCHED
NO_PASSWORD: Final = "It has no password for {door}: `throughline channel change` sets one."  # noqa: S105 - words
NOT_OPENED: Final = "Its password for {door} does not open: THROUGHLINE_SECRET has changed. Set it again."
QUIET: Final = timedelta(minutes=10)

NewId = Callable[[], UUID]


class Fetching(msgspec.Struct, frozen=True, kw_only=True):
    """An account whose mail is fetched; `state` is another as soon as its settings or its password are."""

    account: UUID
    state: str


class Mailbox(msgspec.Struct, frozen=True, kw_only=True):
    """One folder of one account, opened: `uidvalidity` says which numbers its mails bear."""

    workspace: UUID
    account: Account
    folder: str
    uidvalidity: int = 0

    @property
    def key(self) -> tuple[UUID, UUID, str]:
        return self.workspace, self.account.id, self.folder

    @property
    def place(self) -> tuple[UUID, UUID, str, int]:
        return (*self.key, self.uidvalidity)


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A mailbox is ours for a while; how often it failed in a row, and when it may be tried again."""

    uidvalidity: int | None
    failures: int
    next_at: datetime | None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a mailbox stands: `mails` it has by the server's last word, `archived` of them are here, `refused` could not
    be had and are in the quarantine. `fault` is the last one; it holds while there are `failures`."""

    folder: str
    mails: int | None
    archived: int
    refused: int
    fetched_at: datetime | None
    next_at: datetime | None
    failures: int
    failing_since: datetime | None
    failed_at: datetime | None
    fault: str | None


class NotOurs(Exception):
    """Another worker has the mailbox, or nobody may fetch it any more."""


async def list_fetching(db: store.Db, workspace: UUID) -> list[Fetching]:
    rows = await mailbox_store.fetching_accounts(db, workspace)
    return [Fetching(account=UUID(bytes=row["id"].bytes), state=row["state"]) for row in rows]


async def claim(db: store.Db, box: Mailbox, by: UUID, now: datetime) -> Turn:
    """Take it, or go on having it. Raises `NotOurs`."""
    row = await mailbox_store.claim(db, *box.key, by, now, now + CLAIM)
    if row is None:
        raise NotOurs
    return Turn(**dict(row))


async def release(db: store.Db, box: Mailbox, by: UUID) -> None:
    await mailbox_store.release(db, *box.key, by)


async def begin(db: store.Db, box: Mailbox, before: int | None) -> None:
    """Under other numbers than before everything is looked at again."""
    if before != box.uidvalidity:
        await mailbox_store.begin_anew(db, *box.place)


async def find_known(db: store.Db, box: Mailbox, listed: Sequence[Listed]) -> dict[int, Known]:
    rows = await mailbox_store.known(db, *box.place, [one.uid for one in listed])
    fields = Known.__struct_fields__
    return {row["uid"]: Known(**{name: row[name] for name in fields}) for row in rows}


async def highest(db: store.Db, box: Mailbox) -> int:
    """The newest mail that is here, by its number; 0 for none."""
    return await mailbox_store.highest_archived(db, *box.place)


async def begin_page(db: store.Db, box: Mailbox, page: Sequence[Listed], by: UUID, now: datetime) -> None:
    """Before it is asked for: still ours, and counted as tried. Raises `NotOurs` and `NotFound`."""
    await claim(db, box, by, now)
    await check_open(db, box)
    await mailbox_store.count_try(db, *box.place, [(one.uid, one.size, one.arrived) for one in page])


async def check_open(db: store.Db, box: Mailbox) -> None:
    """Whether something may come in through the account. Raises `NotOurs` and `NotFound`."""
    if (await accounts.find_account(db, box.workspace, box.account.id)).is_disabled:
        raise NotOurs


async def archive(
    db: store.Db, box: Mailbox, mails: Sequence[tuple[Listed, bytes]], names: Pseudonyms, *, new_id: NewId
) -> None:
    """Archive mails, each one delivery by its bytes, and count their numbers as done. Raises `NotOurs`."""
    await check_open(db, box)
    for mail, raw in mails:
        delivery = kind.delivery(raw, arrived=read_arrived(mail.arrived))
        await deliveries.accept(db, box.workspace, box.account, delivery, names, new_id=new_id)
    uids = [mail.uid for mail, _ in mails]
    said = await mailbox_store.mark_archived(db, *box.place, uids)
    for entry in (*said, *await mailbox_store.forget_refused_before(db, *box.place, uids)):
        await inbox.came_after_all(db, box.workspace, entry, by=box.account.actor)


async def refuse(
    db: store.Db,
    box: Mailbox,
    mail: Listed,
    words: str,
    headers: bytes,
    tries: int,
    now: datetime,
    *,
    for_ever: bool = False,
    new_id: NewId,
) -> None:
    """Show in the quarantine that a mail could not be had; unless `for_ever` it is asked for again, ever later."""
    refused = inbox.Refused(
        door=NOT_FETCHED,
        code="not_fetched",
        reason=words,
        source=box.account.source,
        source_id=f"{box.folder}/{box.uidvalidity}/{mail.uid}",
        raw=headers,
        actor=box.account.actor,
        proves=box.account.proves,
        account=box.account.id,
    )
    entry = await inbox.keep(db, box.workspace, refused, new_id=new_id)
    until = None if for_ever else refused_until(tries, now)
    await mailbox_store.mark_refused(db, *box.place, (mail.uid, mail.size, mail.arrived), entry, until)
    for before in await mailbox_store.forget_refused_before(db, *box.place, [mail.uid]):
        await inbox.came_after_all(db, box.workspace, before, by=box.account.actor)  # the new entry says it now


async def forget_mail(db: store.Db, box: Mailbox, uid: int) -> None:
    """The server does not have it any more."""
    await mailbox_store.forget_mail(db, *box.place, uid)


async def finish(db: store.Db, box: Mailbox, mails: int, there: Sequence[int] | None, now: datetime) -> None:
    """It was looked through to its end; `there` is every number that the folder has, where all were listed."""
    if there is not None:
        await mailbox_store.keep_only(db, *box.place, there)
    await mailbox_store.note_look(db, *box.key, mails, now)


async def fail(db: store.Db, box: Mailbox, words: str, now: datetime, next_at: datetime) -> None:
    await mailbox_store.note_fault(db, *box.key, words[:1_000], now, next_at)


async def find_faults(db: store.Db, workspace: UUID, account_id: UUID, vault: Vault, now: datetime) -> list[str]:
    """What is wrong with an account, a sentence each, as far as that is known here. Raises `NotFound`."""
    faults = await accounts.find_faults(db, workspace, account_id, vault, now)
    try:
        account = await accounts.find_account(db, workspace, account_id)
    except InvalidField:
        return faults
    settings = account.settings
    if not isinstance(settings, MailSettings) or account.is_disabled:
        return faults
    doors: list[credentials.Door] = ["imap"] if settings.imap is not None else []
    if settings.smtp is not None and settings.smtp.user is not None:
        doors.append("smtp")
    for door in doors:
        try:
            if await credentials.open_password(db, workspace, account_id, door, vault) is None:
                faults.append(NO_PASSWORD.format(door=door))
        except DoesNotOpen:
            faults.append(NOT_OPENED.format(door=door))
    if settings.smtp is not None:
        faults += lanes.faults_of(await lanes.list_failing(db, workspace, account_id))
    if settings.imap is None:
        return faults
    standing = await show_standing(db, workspace, account)
    pause = max(QUIET, timedelta(seconds=3 * settings.imap.poll_seconds))
    return [one for one in faults if one != accounts.NOTHING_CAME] + _faults_of(standing, pause, now)


def _faults_of(standing: Standing | None, pause: timedelta, now: datetime) -> list[str]:
    if standing is None:
        return ["Nobody has looked into its mailbox yet: does a worker run?"]
    found: list[str] = []
    if standing.failures and standing.failing_since is not None:
        found.append(f"Fetching fails since {standing.failing_since:%Y-%m-%d %H:%M} UTC: {standing.fault}")
    elif standing.fetched_at is not None and standing.fetched_at < now - pause:
        since = f"{standing.fetched_at:%Y-%m-%d %H:%M} UTC"
        found.append(f"Nobody looks into its mailbox since {since}: does a worker run?")
    if standing.refused:
        found.append(f"{standing.refused} mails of {standing.folder} could not be fetched: see the quarantine.")
    return found


async def standing_of(db: store.Db, workspace: UUID, account: UUID) -> Standing | None:
    """None also where its settings are not understood. Raises `NotFound`."""
    try:
        return await show_standing(db, workspace, await accounts.find_account(db, workspace, account))
    except InvalidField:
        return None


async def show_standing(db: store.Db, workspace: UUID, account: Account) -> Standing | None:
    """None where nobody fetches, or has yet."""
    settings = account.settings
    if not isinstance(settings, MailSettings) or settings.imap is None:
        return None
    row = await mailbox_store.standing(db, workspace, account.id, settings.imap.folder)
    return None if row is None else Standing(**dict(row))
