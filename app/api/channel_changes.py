"""Changing a channel account, trying whether it works, and what it was before."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from app.api.calls import Answer, Call, answer
from app.api.channel_accounts import AccountView, Credentials, Proves, Rate, view_of, wanted_account
from app.api.customers import CURSOR, LIMIT
from app.api.routes import Route, route
from app.api.shapes import Name
from app.db import Db, new_id
from app.mail_trying import Finding, try_mailbox
from channels import accounts, credentials, mailboxes
from channels.credentials import Change, Changed
from channels.email.settings import MailSettings
from channels.vault import DoesNotOpen
from timeline.interactions import InvalidField

_LISTED: Final = "changes of a channel account"


class AccountChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said is changed, the rest stays. `settings` are merged into those that there are, null takes one away;
    `credentials` likewise."""

    name: Name | None = None
    settings: dict[str, Any] = {}
    credentials: Credentials = {}
    proves: Proves | None = None
    rate: Rate | None = None


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """`findings` are what the servers of a mailbox said just now; `faults` what else is known to be wrong."""

    ok: bool
    findings: Sequence[Finding]
    faults: list[str]


class ChangePage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[Changed]
    next: str | None


@route(
    "PATCH",
    "/api/v1/channel-accounts/{account}",
    "channels.write",
    takes=AccountChange,
    answers={200: AccountView},
    refuses=frozenset({422}),
)
async def change(call: Call) -> Answer:
    """Change an account; a mailbox is fetched under the new settings within seconds. What it was is kept."""
    wanted = wanted_account(call)
    asked = await call.take(AccountChange)
    wish = Change(
        name=asked.name, settings=asked.settings, proves=asked.proves, rate=asked.rate, passwords=asked.credentials
    )

    async def work(db: Db) -> Answer:
        by, vault = call.caller.actor, call.edge.vault
        done = await credentials.change_account(db, call.workspace, wanted, wish, vault, by=by, new_id=new_id)
        return answer(AccountView(**view_of(call, done)))

    return await call.write(work)


@route(
    "GET",
    "/api/v1/channel-accounts/{account}/changes",
    "channels.read",
    query=(LIMIT, CURSOR),
    answers={200: ChangePage},
)
async def list_changes(call: Call) -> Answer:
    """What an account was before each change, the newest first. Of passwords it says that they were set."""
    wanted, limit = wanted_account(call), call.query.limit()
    after = call.start_of(_LISTED)
    async with call.read() as db:
        found = await credentials.list_changes(db, call.workspace, wanted, after, limit + 1)
    return answer(ChangePage(items=found[:limit], next=call.next_of(_LISTED, [one.id for one in found], limit)))


@route(
    "POST",
    "/api/v1/channel-accounts/{account}/test",
    "channels.write",
    answers={200: Tried},
)
async def test(call: Call) -> Answer:
    """Ask a mailbox's servers whether they let us in, and say what is wrong. Nothing is fetched and nothing is sent."""
    wanted = wanted_account(call)
    vault, passwords = call.edge.vault, dict[str, str | None]()
    async with call.read() as db:
        await accounts.show_account(db, call.workspace, wanted)
        faults = await mailboxes.find_faults(db, call.workspace, wanted, vault, datetime.now(UTC))
        try:
            account = await accounts.find_account(db, call.workspace, wanted)
            for door in credentials.DOORS:
                passwords[door] = await credentials.open_password(db, call.workspace, wanted, door, vault)
        except (InvalidField, DoesNotOpen):
            return answer(Tried(ok=False, findings=[], faults=faults))  # which say so
        standing = await mailboxes.show_standing(db, call.workspace, account)
    settings = account.settings
    findings: list[Finding] = []
    if isinstance(settings, MailSettings) and not account.is_disabled:
        findings = await try_mailbox(call.edge.mail_doors, settings, passwords, standing)
    ok = not faults and not any(one.wrong for one in findings)
    return answer(Tried(ok=ok, findings=findings, faults=faults))


ROUTES: Final[tuple[Route, ...]] = (change, list_changes, test)
