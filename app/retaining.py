"""Carrying a retention policy out: in runs over customers and contacts, each erasure a short transaction of its own."""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

from app.db import Database, Db, new_id
from app.erasing import erase_customer, erase_items
from identity.customers import ContactId, CustomerId
from identity.errors import Absorbed, NotFound
from timeline import retention
from timeline.decisions import Desk
from timeline.errors import UnderHold
from timeline.events import Actor
from timeline.retention import OldItems, RetentionPolicy, RetentionVersion
from timeline.threads import Workspace
from timeline.tickets import streams

CUSTOMERS_AT_ONCE: Final = 500
CONTACTS_AT_ONCE: Final = 200
ITEMS_AT_ONCE: Final = 500


class Retained(msgspec.Struct, frozen=True, kw_only=True):
    """What a pass erased, or would: whole customers, and single items of those who stay. Not `whole` where it ended
    before it had looked at everybody."""

    version: int
    customers: int = 0
    items: int = 0
    whole: bool = True


class Pass(msgspec.Struct, frozen=True, kw_only=True):
    """One pass over a workspace: under which version, as of when, and whether it only counts."""

    database: Database
    workspace: Workspace
    home: Path
    version: RetentionVersion
    now: datetime
    preview: bool = False
    told: Callable[[int], None] = lambda _: None
    is_over: Callable[[], bool] = lambda: False
    """Whether a preview has looked long enough."""

    @property
    def desk(self) -> Desk:
        actor = Actor(f"policy:retention/{self.version.version}")
        return Desk(workspace=self.workspace.id, actor=actor, new_id=new_id)

    async def run(self) -> Retained:
        """Inactive customers first, then old items. `told` hears how many of both are done."""
        customers, gone = await self._customers()
        items = 0
        for rule in retention.old_items(self.version.policy, self.now):
            items += await self._items(rule, gone, customers + items)
        whole = not self.is_over()
        return Retained(version=self.version.version, customers=customers, items=items, whole=whole)

    async def _customers(self) -> tuple[int, set[ContactId]]:
        rule, done, gone = self.version.policy.customers, 0, set[ContactId]()
        if rule is None:
            return 0, gone
        since = retention.before("customers.inactive_for", rule.inactive_for, self.now)
        after: CustomerId | None = None
        while True:
            async with self.database.read(self.workspace.id) as db:
                page = [
                    one for one, _ in await streams.customers_after(db, self.workspace.id, after, CUSTOMERS_AT_ONCE)
                ]
                due = await retention.inactive(db, self.workspace.id, page, since)
                if self.preview:
                    gone.update(await streams.homes(db, self.workspace.id, due))
            for customer in due:
                done += 1 if self.preview else await self._erase_customer(customer, since)
                self.told(done)
            if len(page) < CUSTOMERS_AT_ONCE or self.is_over():
                return done, gone
            after = page[-1]

    async def _erase_customer(self, customer: CustomerId, since: datetime) -> int:
        made = new_id()

        async def work(db: Db) -> int:
            try:
                await erase_customer(db, self.workspace, self.desk, customer, made, self.home, still=still)
            except (NotFound, Absorbed, UnderHold):
                return 0  # decided otherwise since it was found: the next pass looks again
            return 1

        async def still(db: Db) -> bool:
            return bool(await retention.inactive(db, self.workspace.id, [customer], since))

        return await self.database.write(self.workspace.id, work)

    async def _items(self, rule: OldItems, gone: set[ContactId], before: int) -> int:
        done, after = 0, None
        while True:
            async with self.database.read(self.workspace.id) as db:
                page = await retention.contacts_after(db, self.workspace.id, after, CONTACTS_AT_ONCE)
            here = [one for one in page if one not in gone]
            limit = 1_000_000 if self.preview else ITEMS_AT_ONCE
            while due := await self._due(here, rule, limit):
                erased = len(due) if self.preview else 0
                for items in () if self.preview else _of_each(due):
                    erased += await self._erase_items(rule, items)
                done += erased
                self.told(before + done)
                if self.preview or not erased:
                    break
            if len(page) < CONTACTS_AT_ONCE or self.is_over():
                return done
            after = page[-1]

    async def _due(self, contacts: list[ContactId], rule: OldItems, limit: int) -> list[tuple[ContactId, UUID]]:
        async with self.database.read(self.workspace.id) as db:
            return await retention.items_due(db, self.workspace.id, contacts, rule, limit)

    async def _erase_items(self, rule: OldItems, found: list[tuple[ContactId, UUID]]) -> int:
        contact, made = found[0][0], new_id()

        async def still(db: Db) -> list[UUID]:
            due = await retention.items_due(db, self.workspace.id, [contact], rule, ITEMS_AT_ONCE)
            return [item for _, item in due]

        async def work(db: Db) -> int:
            try:
                items = [item for _, item in found]
                return await erase_items(db, self.workspace, self.desk, items, made, self.home, still=still)
            except UnderHold:
                return 0

        return await self.database.write(self.workspace.id, work)


def _of_each(found: Iterable[tuple[ContactId, UUID]]) -> Iterable[list[tuple[ContactId, UUID]]]:
    for _, items in groupby(found, key=itemgetter(0)):
        yield list(items)


async def apply(
    database: Database,
    workspace: Workspace,
    home: Path,
    now: datetime,
    *,
    preview: bool = False,
    policy: RetentionPolicy | None = None,
    told: Callable[[int], None] = lambda _: None,
    is_over: Callable[[], bool] = lambda: False,
) -> Retained:
    """One pass under the policy in force, or a preview under another, which ends once `is_over`."""
    assert policy is None or preview, "what is erased is erased under a version on record"
    async with database.read(workspace.id) as db:
        version = (await retention.read_versions(db, workspace.id))[0]
    if policy is not None:
        version = RetentionVersion(version=version.version + 1, policy=policy)
    one = Pass(
        database=database,
        workspace=workspace,
        home=home,
        version=version,
        now=now,
        preview=preview,
        told=told,
        is_over=is_over,
    )
    return await one.run()
