"""Erasing as the edge does it: everything about one person in one transaction, on record outside before it commits.

The bytes that PostgreSQL leaves in its files are another matter: `app.sweep`.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec

from app import store
from app.auth import workspace_of
from app.db import Database, Db, new_id
from app.erasure_log import ErasureLog, Logged, logs_in
from app.store import Row
from channels import files, forgetting, mentioned
from identity.claims import lock_key
from identity.customers import ContactId, CustomerId
from identity.errors import NotFound
from timeline import erasure
from timeline.decisions import Desk
from timeline.erasure import Changed, Person
from timeline.events import Actor
from timeline.pseudonyms import Pseudonyms
from timeline.threads import Workspace


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """What an erasure did, or would do: a preview has no `erasure_id`. Somebody who was erased before has the earlier
    one's, and nothing changes."""

    erasure_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    customer_id: UUID
    contacts: list[UUID]
    changed: Changed


async def erase_customer(
    db: Db,
    workspace: Workspace,
    desk: Desk,
    customer: CustomerId,
    made: UUID,
    home: Path,
    still: Callable[[Db], Awaitable[bool]] | None = None,
) -> Erasure:
    """Erase a customer in the caller's transaction; `made` becomes the erasure's id, the same in every attempt.
    `still` is asked under the locks whether it is still wanted.

    Raises `NotFound`, `Absorbed`, `UnderHold` and `StartOver`."""
    await erasure.take_time(db)
    reading = erasure.read_customer if desk.preview else erasure.lock_person
    person = await reading(db, workspace.id, customer)
    changed = await erasure.extent(db, workspace.id, person)
    told = Erasure(customer_id=customer, contacts=list(person.contacts), changed=changed)
    await erasure.check_holds(db, workspace.id, person)
    if desk.preview:
        return told
    if still is not None and not await still(db):
        raise NotFound
    if changed.nothing:
        return msgspec.structs.replace(told, erasure_id=await erasure.last_of(db, workspace.id, person))
    await _carry_out(db, workspace, desk, person, made, home)
    return msgspec.structs.replace(told, erasure_id=made)


async def erase_items(
    db: Db,
    workspace: Workspace,
    desk: Desk,
    items: Sequence[UUID],
    made: UUID,
    home: Path,
    still: Callable[[Db], Awaitable[Sequence[UUID]]],
) -> int:
    """Blank single items in the caller's transaction, those that `still` names under the locks; returns how many.

    Raises `UnderHold` and `StartOver`."""
    person = await erasure.lock_again(db, workspace.id, [], items)
    wanted = {*person.items} & {*await still(db)}
    if not wanted:
        return 0
    person = msgspec.structs.replace(person, items=tuple(sorted(wanted, key=str)))
    await erasure.check_holds(db, workspace.id, person)
    await _carry_out(db, workspace, desk, person, made, home)
    return len(wanted)


async def missing(database: Database, home: Path) -> list[tuple[Row, Logged]]:
    """The erasures that the logs name and the database lacks, in their order, with their workspaces."""
    logs = logs_in(home)
    if not logs:
        return []
    async with database.connection() as db:
        workspaces = await store.workspaces(db)
    found: list[tuple[Row, Logged]] = []
    for row in workspaces:
        logged = logs[row["id"]].read() if row["id"] in logs else {}
        if logged:
            async with database.read(row["id"]) as db:
                known = await erasure.known(db, row["id"], list(logged))
            found.extend((row, one) for one in logged.values() if one.id not in known)
    return found


async def make_good(database: Database, home: Path, pseudonyms: Pseudonyms) -> int:
    """Do what the logs say was done and the database does not know; returns how many erasures that were."""
    lacking = await missing(database, home)
    for row, logged in lacking:
        workspace = workspace_of(row, row["id"], pseudonyms)
        await database.write(workspace.id, _repetition(workspace, logged, home))
    return len(lacking)


def _repetition(workspace: Workspace, logged: Logged, home: Path) -> Callable[[Db], Awaitable[None]]:
    desk = Desk(workspace=workspace.id, actor=Actor(logged.actor), new_id=new_id)

    async def work(db: Db) -> None:
        await erasure.take_time(db)
        await store.lock(db, lock_key(workspace.id, "erasure", str(logged.id)))
        contacts = [ContactId(contact) for contact in logged.contacts]
        person = await erasure.lock_again(db, workspace.id, contacts, logged.items)
        if not await erasure.known(db, workspace.id, [logged.id]):
            await _carry_out(db, workspace, desk, person, logged.id, home, again=True)

    return work


async def _carry_out(
    db: Db, workspace: Workspace, desk: Desk, person: Person, made: UUID, home: Path, *, again: bool = False
) -> None:
    assert workspace.pseudonyms is not None
    payloads = await forgetting.entries_about(db, workspace, person, datetime.now(UTC))
    done = await erasure.erase(db, desk, made, person, workspace.pseudonyms, again=again)
    await forgetting.forget(db, workspace, payloads, made, person.contacts)
    await mentioned.forget(db, workspace.id, mentioned.addresses_of(person))
    await files.forget(db, workspace.id, made, datetime.now(UTC))
    if person.contacts:  # single items are older than any kept answer
        blocks = workspace.pseudonyms.blocks
        await store.blank_answers(db, workspace.id, made, [*person.contacts, *person.customers], blocks)
    ErasureLog(home, workspace.id).append(done, desk.actor)
