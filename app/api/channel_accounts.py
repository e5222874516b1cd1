"""Channel accounts: made with a secret that is shown once, seen, given a new secret, disabled and enabled."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec

from app.api.calls import Answer, Call, answer
from app.api.customers import CURSOR, LIMIT
from app.api.routes import Route, route
from app.api.shapes import Kind, Name
from app.db import Db, new_id
from channels import accounts, mailboxes
from channels.accounts import ChannelAccount, NewAccount, WithSecret
from channels.credentials import EMAIL, PasswordSet, check_passwords, list_passwords, set_passwords
from channels.lanes import FailingLane, list_failing
from channels.mailboxes import Standing
from identity.errors import NotFound

_LISTED: Final = "channel accounts"


Credentials = dict[str, str | None]
Proves = Annotated[list[Kind], msgspec.Meta(max_length=6)]
Rate = Annotated[int, msgspec.Meta(ge=0, le=100_000)]


class NewChannelAccount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without a `source` it bears its name. `proves` are the identifier kinds whose `verified` is believed (default:
    those that its kind proves). `credentials` are the passwords of a mailbox, for `imap` and `smtp`: nobody is shown
    them again. `secret` is for senders who choose it themselves; `rate` is deliveries a second, 0 for no limit."""

    kind: str
    name: Name
    source: Name | None = None
    settings: dict[str, Any] = {}
    credentials: Credentials = {}
    proves: Proves | None = None
    rate: Rate = accounts.DEFAULT_RATE
    secret: Annotated[str, msgspec.Meta(max_length=200)] | None = None


class NewSecret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The secret before holds for so many seconds more (default: a day); 0 where it got into wrong hands."""

    overlap: Annotated[int, msgspec.Meta(ge=0, le=30 * 86_400)] = 86_400
    secret: Annotated[str, msgspec.Meta(max_length=200)] | None = None


class AccountView(ChannelAccount, frozen=True, kw_only=True):
    """An account and the address that its sender posts to."""

    address: str


class AccountWithFaults(AccountView, frozen=True, kw_only=True):
    """`faults` says what is wrong with it, a sentence each. Of a mailbox: how its fetching stands, which passwords
    there are, and which domains it cannot send to right now."""

    faults: list[str]
    mailbox: Standing | msgspec.UnsetType | None = msgspec.UNSET
    credentials: list[PasswordSet] | msgspec.UnsetType = msgspec.UNSET
    failing: list[FailingLane] | msgspec.UnsetType = msgspec.UNSET


class AccountWithSecret(AccountView, frozen=True, kw_only=True):
    """`secret` is shown this once."""

    secret: str


class AccountPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[AccountView]
    next: str | None


def address_of(public_url: str, account: str) -> str:
    return f"{public_url}/api/v1/hooks/{account}"


@route(
    "POST",
    "/api/v1/channel-accounts",
    "channels.write",
    takes=NewChannelAccount,
    answers={201: AccountWithSecret},
    refuses=frozenset({422}),
)
async def make(call: Call) -> Answer:
    """Make an account. Its secret is in this answer and nowhere else."""
    asked = await call.take(NewChannelAccount)
    new = NewAccount(**{name: getattr(asked, name) for name in NewAccount.__struct_fields__})

    async def work(db: Db) -> Answer:
        vault, by = call.edge.vault, call.caller.actor
        made = await accounts.make_account(db, call.workspace, new, vault, by=by, new_id=new_id)
        check_passwords(asked.kind, asked.credentials)
        await set_passwords(db, call.workspace, account_id(call, made.account.id), asked.credentials, vault, by=by)
        return answer(_with_secret(call, made), 201)

    return await call.write(work, secret=True)


@route("GET", "/api/v1/channel-accounts", "channels.read", query=(LIMIT, CURSOR), answers={200: AccountPage})
async def list_accounts(call: Call) -> Answer:
    """Every account of the workspace, disabled ones too, in the order in which they were made."""
    limit = call.query.limit()
    after = call.start_of(_LISTED)
    async with call.read() as db:
        found = await accounts.list_accounts(db, call.workspace, after, limit + 1)
    more = call.next_of(_LISTED, [account_id(call, one.id) for one in found], limit)
    return answer(AccountPage(items=[AccountView(**view_of(call, one)) for one in found[:limit]], next=more))


@route("GET", "/api/v1/channel-accounts/{account}", "channels.read", answers={200: AccountWithFaults})
async def show(call: Call) -> Answer:
    """One account, and what is wrong with it."""
    wanted = wanted_account(call)
    async with call.read() as db:
        found = await accounts.show_account(db, call.workspace, wanted)
        faults = await mailboxes.find_faults(db, call.workspace, wanted, call.edge.vault, datetime.now(UTC))
        if found.kind != EMAIL:
            return answer(AccountWithFaults(**view_of(call, found), faults=faults))
        standing = await mailboxes.standing_of(db, call.workspace, wanted)
        passwords = await list_passwords(db, call.workspace, wanted)
        failing = await list_failing(db, call.workspace, wanted)
    view = view_of(call, found)
    return answer(AccountWithFaults(**view, faults=faults, mailbox=standing, credentials=passwords, failing=failing))


@route(
    "DELETE",
    "/api/v1/channel-accounts/{account}",
    "channels.write",
    answers={200: AccountView},
    refuses=frozenset({422}),
)
async def disable(call: Call) -> Answer:
    """Disable an account: with the next request nothing comes in through it. What came in stays."""
    wanted = wanted_account(call)

    async def work(db: Db) -> Answer:
        done = await accounts.disable_account(db, call.workspace, wanted, by=call.caller.actor, new_id=new_id)
        return answer(AccountView(**view_of(call, done)))

    return await call.write(work)


@route(
    "POST",
    "/api/v1/channel-accounts/{account}/enable",
    "channels.write",
    answers={200: AccountView},
    refuses=frozenset({422}),
)
async def enable(call: Call) -> Answer:
    """Enable an account that was disabled, with the secrets and the passwords of before. Mail that failed meanwhile is
    sent again by hand."""
    wanted = wanted_account(call)

    async def work(db: Db) -> Answer:
        done = await accounts.enable_account(db, call.workspace, wanted, by=call.caller.actor, new_id=new_id)
        return answer(AccountView(**view_of(call, done)))

    return await call.write(work)


@route(
    "POST",
    "/api/v1/channel-accounts/{account}/secret",
    "channels.write",
    takes=NewSecret,
    needs_body=False,
    answers={200: AccountWithSecret},
    refuses=frozenset({422}),
)
async def rotate(call: Call) -> Answer:
    """Give an account a new secret, shown this once. The one before holds beside it until the overlap is over."""
    wanted = wanted_account(call)
    asked = await call.take(NewSecret) if await call.body() else NewSecret()

    async def work(db: Db) -> Answer:
        done = await accounts.rotate_secret(
            db,
            call.workspace,
            wanted,
            call.edge.vault,
            secret=asked.secret,
            overlap=timedelta(seconds=asked.overlap),
            now=datetime.now(UTC),
        )
        return answer(_with_secret(call, done))

    return await call.write(work, secret=True)


def wanted_account(call: Call) -> UUID:
    return account_id(call, call.request.path_params["account"])


def account_id(call: Call, text: str) -> UUID:
    """Raises `NotFound`, for another workspace's as for nobody's."""
    workspace, account = accounts.read_public_id(text)
    if workspace != call.workspace:
        raise NotFound
    return account


def view_of(call: Call, account: ChannelAccount) -> dict[str, Any]:
    fields = {name: getattr(account, name) for name in account.__struct_fields__}
    return {**fields, "address": address_of(call.edge.settings.public_url, account.id)}


def _with_secret(call: Call, done: WithSecret) -> AccountWithSecret:
    return AccountWithSecret(**view_of(call, done.account), secret=done.secret)


ROUTES: Final[tuple[Route, ...]] = (make, list_accounts, show, disable, enable, rotate)
