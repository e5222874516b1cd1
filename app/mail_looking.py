"""One look through a folder: what is in it, what of that is not here yet, page by page until it is.

Nothing is skipped because an answer came short: a mail that was not handed out is asked for again, alone, and what
cannot be had is shown in the quarantine, so that it holds up nothing after it.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, TypeVar
from uuid import UUID

import msgspec

from app.db import Database, Db, new_id
from app.live import Live
from channels import mailboxes
from channels.email.backlog import MOST_ASKED, PAGE_BYTES, Wanted, find_wanted, next_page
from channels.email.imap import Broken, Declined, Imap
from channels.email.imap_answers import Listed
from channels.mailboxes import Mailbox
from timeline.pseudonyms import Pseudonyms

WINDOW: Final = 1_000
"""Mails listed at once."""
ALWAYS_WHOLE: Final = 2_000
"""A folder of so many is listed whole at every look; a larger one when its numbers do not add up, and now and then."""
WHOLE_AGAIN: Final = timedelta(minutes=10)
TAIL: Final = 100

T = TypeVar("T")


class Office(Protocol):
    """What a look needs of the fetcher."""

    database: Database
    live: Live
    names: Pseudonyms


class Look:
    """Looks through one folder over one connection, for as long as that lasts."""

    def __init__(self, office: Office, imap: Imap, by: UUID, most_bytes: int) -> None:
        self._office = office
        self._imap = imap
        self._by = by
        self._most_bytes = most_bytes
        self._mails = -1
        self._whole_at: datetime | None = None
        self.box: Mailbox

    async def begin(self, box: Mailbox, uidvalidity: int, before: int | None) -> None:
        """Under other numbers than `before` everything is looked at again."""
        self.box = msgspec.structs.replace(box, uidvalidity=uidvalidity)
        if before != uidvalidity:
            self._mails, self._whole_at = -1, None
        await self._write(lambda db: mailboxes.begin(db, self.box, before))

    async def through(self) -> None:
        """Until everything that the folder has is here, or shown to be not. Raises `Broken`, `NotOurs`, `NotFound`."""
        now = datetime.now(UTC)
        whole, mails = self._is_due(now), self._imap.mails
        wanted, there = await self._find(1 if whole else max(1, self._mails - TAIL), mails)
        async with self._office.database.read(self.box.workspace) as db:
            highest = await mailboxes.highest(db, self.box)
        while wanted:
            page = next_page(list(wanted.values()), highest)
            await self._take(page, wanted)
            highest = max(highest, *(one.uid for one in page))
            if self._imap.mails > mails:
                newer, more = await self._find(mails + 1, self._imap.mails)
                wanted.update(newer)
                there += more
                mails = self._imap.mails
        complete = whole and len(set(there)) == mails
        await self._write(
            lambda db: mailboxes.finish(db, self.box, mails, there if complete else None, datetime.now(UTC))
        )
        if whole and len(set(there)) < self._imap.mails <= mails:
            raise Broken(f"it says that the folder has {mails} mails, and lists {len(set(there))}")
        self._mails, self._whole_at = mails, now if whole else self._whole_at

    def _is_due(self, now: datetime) -> bool:
        """Whether to list the folder whole."""
        few, fewer = self._imap.mails <= ALWAYS_WHOLE, self._imap.mails < self._mails
        return few or fewer or self._whole_at is None or self._whole_at + WHOLE_AGAIN <= now

    async def _find(self, first: int, last: int) -> tuple[dict[int, Wanted], list[int]]:
        """What is wanted of what stands at these places, and the numbers of all that does."""
        wanted: dict[int, Wanted] = {}
        there: list[int] = []
        for start in range(first, last + 1, WINDOW):
            listed = await self._list(start, min(start + WINDOW - 1, last))
            async with self._office.database.read(self.box.workspace) as db:
                known = await mailboxes.find_known(db, self.box, listed)
            wanted.update({one.uid: one for one in find_wanted(listed, known, self._most_bytes, datetime.now(UTC))})
            there += (one.uid for one in listed)
        return wanted, there

    async def _list(self, first: int, last: int) -> list[Listed]:
        """Asked again once where it came short."""
        found = {one.uid: one for one in await self._imap.list_mails(first, last)}
        if len(found) < last - first + 1:
            found.update({one.uid: one for one in await self._imap.list_mails(first, last)})
        return list(found.values())

    async def _take(self, page: Sequence[Wanted], wanted: dict[int, Wanted]) -> None:
        """Fetch a page; what is done with is wanted no more, what was not handed out is to be asked for alone."""
        for one in [one for one in page if one.mail.size > self._most_bytes]:
            await self._refuse(one, _too_large(one.mail.size, self._most_bytes), for_ever=True)
            del wanted[one.uid]
        page = [one for one in page if one.uid in wanted]
        alone = page[0] if len(page) == 1 else None
        if alone is not None and alone.deadly:
            words = f"the connection ended while the server handed it out, {alone.tries} times"
            await self._refuse(alone, words, with_headers=False)
            del wanted[alone.uid]
            return
        if not page:
            return
        await self._write(lambda db: self._count(db, page))
        refusal = await self._fetch(page, wanted)
        for one in page:
            if one.uid in wanted:
                wanted[one.uid] = msgspec.structs.replace(one, tries=one.tries + 1)
        if alone is not None and alone.uid in wanted:
            await self._not_handed_out(wanted[alone.uid], wanted, refusal)

    async def _count(self, db: Db, page: Sequence[Wanted]) -> None:
        await mailboxes.begin_page(db, self.box, [one.mail for one in page], self._by, datetime.now(UTC))

    async def _fetch(self, page: Sequence[Wanted], wanted: dict[int, Wanted]) -> str | None:
        """Archive what the server hands out, in parts that fit in memory; its words where it declines."""
        held: list[tuple[Listed, bytes]] = []
        too_large: list[int] = []
        refusal: str | None = None
        try:
            async for mailed in self._imap.fetch([one.uid for one in page]):
                if mailed.raw is None:
                    too_large.append(mailed.uid)
                else:
                    held.append((wanted[mailed.uid].mail, mailed.raw))
                if sum(len(raw) for _, raw in held) >= PAGE_BYTES:
                    await self._archive(held, wanted)
                    held = []
        except Declined as error:
            refusal = f"the server says {error.said.verdict}: {error.said.words}"
        finally:
            if held:
                await self._archive(held, wanted)  # also where the connection ended: it is here, and was whole
        for uid in too_large:
            await self._refuse(wanted[uid], f"it is longer than the {self._most_bytes} bytes that the account takes")
            del wanted[uid]
        return refusal

    async def _archive(self, held: Sequence[tuple[Listed, bytes]], wanted: dict[int, Wanted]) -> None:
        await self._write(lambda db: mailboxes.archive(db, self.box, held, self._office.names, new_id=new_id))
        self._office.live.say(self.box.workspace)
        for mail, _ in held:
            wanted.pop(mail.uid, None)

    async def _not_handed_out(self, one: Wanted, wanted: dict[int, Wanted], refusal: str | None) -> None:
        if refusal is None and await self._is_gone(one.uid):
            await self._write(lambda db: mailboxes.forget_mail(db, self.box, one.uid))
        elif refusal is None and one.tries % MOST_ASKED:
            return
        else:
            await self._refuse(one, refusal or "the server lists it and does not hand it out")
        del wanted[one.uid]

    async def _is_gone(self, uid: int) -> bool:
        try:
            return await self._imap.find(uid) is None
        except Declined:
            return False

    async def _refuse(self, one: Wanted, words: str, *, with_headers: bool = True, for_ever: bool = False) -> None:
        headers = b""
        if with_headers:
            try:
                headers = await self._imap.headers(one.uid)
            except Declined:
                pass

        async def work(db: Db) -> None:
            now = datetime.now(UTC)
            await mailboxes.refuse(
                db, self.box, one.mail, words, headers, one.tries, now, for_ever=for_ever, new_id=new_id
            )

        await self._write(work)

    async def _write(self, work: Callable[[Db], Awaitable[T]]) -> T:
        return await self._office.database.write(self.box.workspace, work)


def _too_large(size: int, most: int) -> str:
    return f"it is {size} bytes long, and the account takes {most} (max_bytes)"
