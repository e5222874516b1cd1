"""`throughline demo`."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import click

from app import store, upkeep
from app.auth import MadeKey, make_key, workspace_of
from app.cli.desk import Desk, with_desk
from app.cli.words import Refused, data, failing_in_words, progress, say
from app.db import Db, new_id
from app.demo.cast import HANNAH, LATEST_ORDER, ROBERT
from app.demo.desk import FIRST, LAST, REGION, fill
from app.demo.lists import SHOP, SLUG
from timeline import store as ledger
from timeline.pseudonyms import pseudonyms
from timeline.threads import Workspace

KEY_DAYS = 30
OF_BEFORE = (
    ("northfold-shop", f"order/{LATEST_ORDER}/placed"),
    ("northfold-shop", f"account/{ROBERT.account}"),
)
"""What a demo has whose past ended with its day, and what it has not: it is whole, and stays as it is."""


@click.command()
@failing_in_words
def demo() -> None:
    """Fill the workspace `demo` with a believable outdoor shop, and print how to look at it.

    Some 120 customers over two years on nine channels, with merges made by hand, one of them wrong and undone, one
    wrong and left to be found, a family telephone, claims that stay claims; and a day's work that is under way as the
    demo is made. Made from Throughline's own lists; the same moment gives the same desk.
    Where the demo is there already nothing changes but that a new key is made (it ends by itself after 30 days).
    A workspace `demo` with other data in it is left alone, and the command fails.
    """

    async def work(desk: Desk) -> None:
        workspace, created_at = await _workspace(desk)
        state = await _state(desk, workspace)
        if state == "other":
            raise Refused(f"the workspace {SLUG} holds other data: the demo wants an empty one.")
        if state == "there":
            say(f"{SHOP} is there already, in the workspace {SLUG}.{aged(datetime.now(UTC) - created_at)}")
        else:
            await _fill(desk, workspace, created_at)
        await _tell(desk, workspace)

    with_desk(work)


def aged(age: timedelta) -> str:
    """What is to be known of a desk that has stood still for so long."""
    if age < timedelta(days=1):
        return ""
    return (
        f" It was made {age.days} day{'s' if age.days > 1 else ''} ago and has stood still since: what was due then is"
        " overdue now. With another folder as THROUGHLINE_HOME it is made anew, as of today."
    )


async def _workspace(desk: Desk) -> tuple[Workspace, datetime]:
    async def add(db: Db) -> store.Row:
        await store.add_workspace(db, id_, SLUG, REGION, ())
        row = await store.workspace_by_slug(db, SLUG)
        assert row is not None
        return row

    id_ = new_id()
    row = await desk.write(id_, add)
    names = pseudonyms(desk.settings.secret)
    return workspace_of(row, UUID(bytes=row["id"].bytes), names), row["created_at"]


async def _state(desk: Desk, workspace: Workspace) -> str:
    async with desk.database.read(workspace.id) as db:
        named = await ledger.by_source(db, workspace.id, [FIRST, LAST, *OF_BEFORE])
        there = {row["source_id"] for row in named}
        empty = not await upkeep.has_customers(db, workspace.id)
    ended_before, begun_now = (name[1] in there for name in OF_BEFORE)
    if LAST[1] in there or (ended_before and not begun_now):
        return "there"
    return "empty" if empty or FIRST[1] in there else "other"


async def _fill(desk: Desk, workspace: Workspace, created_at: datetime) -> None:
    say(f"Filling the workspace {SLUG} with {SHOP}.")
    with progress() as bar:
        line = bar.add_task("Two years of a shop's days")

        def show(done: int, of: int) -> None:
            bar.update(line, completed=done, total=of)

        await fill(desk.database, workspace, created_at, show)
    async with desk.database.read(workspace.id) as db:
        contacts, customers = await upkeep.contact_counts(db, workspace.id)
    say(f"Done: {customers} customers with {contacts} contacts.")


async def _tell(desk: Desk, workspace: Workspace) -> None:
    async def make(db: Db) -> MadeKey:
        return await make_key(
            db,
            workspace.id,
            name="demo",
            role="admin",
            expires_at=datetime.now(UTC) + timedelta(days=KEY_DAYS),
            created_by="cli",
        )

    made = await desk.write(workspace.id, make)
    async with desk.database.read(workspace.id) as db:
        names = [("northfold-shop", f"account/{HANNAH.account}")]
        customer = (await ledger.by_source(db, workspace.id, names))[0]["customer_id"]
    data(lines(desk.settings.public_url, made.text, str(customer)))


def lines(address: str, key: str, customer: str) -> str:
    """What to paste: push an order onto the longest thread, read that profile, find her by her address."""
    now = datetime.now(UTC)
    order = f"MY-{now:%H%M%S}"
    push = (
        f'{{"source":"my-shop","source_id":"{order}","kind":"order","channel":"orders","direction":"inbound",'
        f'"occurred_at":"{now:%Y-%m-%dT%H:%M:%SZ}",'
        f'"contact":{{"identifiers":[{{"kind":"email","value":"{HANNAH.email}","verified":true}}]}},'
        f'"subject":"Order {order}: a second headtorch",'
        f'"object":{{"type":"order","id":"{order}","version":1,'
        f'"state":{{"status":"placed","total":39,"currency":"GBP"}}}}}}'
    )
    auth = f"-H 'Authorization: Bearer {key}'"
    return "\n".join(
        [
            f"Address: {address}  (open it, and choose “Look at the demo desk”)",
            f"Key:     {key}",
            "",
            f"Push an order onto the thread of {HANNAH.name}, who has been a customer for two years:",
            f"curl -s {auth} -H 'Content-Type: application/json' -d '{push}' {address}/api/v1/interactions",
            "",
            "Read her profile:",
            f"curl -s {auth} {address}/api/v1/customers/{customer}",
            "",
            "Find her by her address:",
            f"curl -s {auth} '{address}/api/v1/customers?identifier=email:{HANNAH.email}'",
        ]
    )
