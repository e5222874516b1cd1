"""One reader of the ledger a workspace and process, for all the streams that follow it there.

Five hundred streams of which each looked for itself after a hint made a push twenty times slower. A look asks for
every key that listens whether it still holds, in the snapshot that the events are read in.
"""

import asyncio
import contextlib
from bisect import bisect_right
from collections.abc import AsyncIterator, Sequence
from typing import Final
from uuid import UUID

import msgspec
import structlog

from app import store
from app.api.shapes import ChangeItem
from app.db import Database, DatabaseAway, KeyGone
from app.live import Live
from app.tokens import Tokens
from identity.customers import WorkspaceId
from timeline.followers import Checkpoint, Followed, head, read_after

_log = structlog.get_logger("throughline.feeds")

LOOK_SECONDS: Final = 4.0
SOON: Final = (0.05, 0.1, 0.2, 0.5)
"""After a hint: an event may still stand behind an open transaction."""
BATCH: Final = 200
KEPT: Final = 1_000
"""Events a feed, for streams that come a little later or read slowly; who is further behind reads by itself."""
BEHIND_AT_ONCE: Final = 4
"""Streams of a process that read by themselves at a time: when all come back at once, pushes find a connection too."""
AT_ONCE: Final = 20
"""Streams that are told before requests get their turn again."""
PACE_SECONDS: Final = 0.0005
"""A stream, between two tellings: so that telling many takes a small part of the process's time."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An event as streams send it."""

    at: Checkpoint
    said: bytes


def change_of(one: Followed) -> ChangeItem:
    event = one.event
    return ChangeItem(
        event_id=event.id, contact_id=event.contact_id, customer_id=one.customer_id, kind=event.kind, type=event.type
    )


class Feeds:
    """All of a process. A feed is there while somebody listens."""

    def __init__(self, database: Database, live: Live, tokens: Tokens) -> None:
        self.database = database
        self.live = live
        self.tokens = tokens
        self.catching_up = asyncio.Semaphore(BEHIND_AT_ONCE)
        self._feeds: dict[WorkspaceId, Feed] = {}

    @contextlib.asynccontextmanager
    async def seat(self, workspace: WorkspaceId, key: UUID, at: Checkpoint) -> AsyncIterator["Seat"]:
        """A place at the workspace's feed for what comes after `at`, for as long as the key holds."""
        feed = self._feeds.get(workspace)
        if feed is None or feed.is_over:
            feed = self._feeds[workspace] = Feed(self, workspace)
        seat = Seat(feed, key, at)
        feed.seats.add(seat)
        try:
            yield seat
        finally:
            feed.seats.discard(seat)
            if not feed.seats:
                feed.end()
                if self._feeds.get(workspace) is feed:
                    del self._feeds[workspace]

    def told(self, workspace: WorkspaceId, found: Sequence[Followed]) -> list[Told]:
        return [Told(at=one.at, said=self._said(workspace, one)) for one in found]

    def _said(self, workspace: WorkspaceId, one: Followed) -> bytes:
        name = self.tokens.seal_checkpoint(workspace, one.at).encode()
        return b"id: " + name + b"\nevent: change\ndata: " + msgspec.json.encode(change_of(one)) + b"\n\n"


class Feed:
    """The newest events of a workspace: all that was settled after `base`."""

    def __init__(self, feeds: Feeds, workspace: WorkspaceId) -> None:
        self.feeds = feeds
        self.workspace = workspace
        self.seats: set[Seat] = set()
        self.base: Checkpoint | None = None
        self.is_over = False
        self._told: list[Told] = []
        self._task = asyncio.create_task(self._run(), name="feed")

    def end(self) -> None:
        self.is_over = True
        self._task.cancel()

    def after(self, at: Checkpoint) -> list[Told]:
        return self._told[bisect_right(self._told, at, key=lambda one: one.at) :]

    async def _run(self) -> None:
        live, soon = self.feeds.live, 0
        try:
            while not live.closed:
                heard, is_first = live.heard(self.workspace), self.base is None
                if (found := await self._look()) or is_first:  # who came first looked before there was a base
                    soon = 0
                    self._keep(found)
                    await self._tell()
                    await asyncio.sleep(PACE_SECONDS * len(self.seats))
                    continue
                hinted = await live.wait(self.workspace, SOON[-soon] if soon else LOOK_SECONDS, heard)
                soon = len(SOON) if hinted else max(0, soon - 1)
        except DatabaseAway:
            pass
        except Exception as error:  # noqa: BLE001 - whatever it is, streams end with it and come back
            _log.error("feed.failed", workspace=self.workspace, error=error)
        finally:
            self.is_over = True
            for seat in self.seats:
                seat.end()

    async def _look(self) -> list[Followed]:
        """What is new; whose key no longer holds hears none of it."""
        keys = {seat.key for seat in self.seats}
        async with self.feeds.database.read(self.workspace) as db:
            holding = await store.keys_holding(db, self.workspace, sorted(keys))
            if self.base is None:
                self.base = await head(db, self.workspace)
            after = self._told[-1].at if self._told else self.base
            found = await read_after(db, self.workspace, after, BATCH)
        for seat in self.seats:
            if seat.key in keys and seat.key not in holding:
                seat.end()
        return found

    def _keep(self, found: list[Followed]) -> None:
        self._told += self.feeds.told(self.workspace, found)
        if len(self._told) > 2 * KEPT:
            self.base = self._told[-KEPT - 1].at
            del self._told[:-KEPT]

    async def _tell(self) -> None:
        for number, seat in enumerate(list(self.seats), 1):
            seat.news.set()
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)


class Seat:
    """Where a stream listens."""

    def __init__(self, feed: Feed, key: UUID, at: Checkpoint) -> None:
        self.key = key
        self.news = asyncio.Event()
        self._feed = feed
        self._at = at
        self._aside = b""
        self._is_over = feed.is_over

    def say(self, aside: bytes) -> None:
        """Something beside the ledger; said again before it is heard, it is heard once."""
        self._aside = aside
        self.news.set()

    def end(self) -> None:
        self._is_over = True
        self.news.set()

    async def hear(self, timeout: float) -> bytes | None:
        """What came, waited for as many seconds; nothing where nothing did, None where the stream is over."""
        while not self._is_over:
            self.news.clear()
            told = await self._told()
            if told is None or self._is_over:
                break
            if told:
                self._at = told[-1].at
                return b"".join(one.said for one in told)
            if self._aside:
                aside, self._aside = self._aside, b""
                return aside
            try:
                async with asyncio.timeout(timeout):
                    await self.news.wait()
            except TimeoutError:
                return b""
        return None

    async def _told(self) -> list[Told] | None:
        """Of the feed, or read for this stream alone while that lies further back; None where nobody may read."""
        base = self._feed.base
        if base is not None and self._at >= base:
            return self._feed.after(self._at)[:BATCH]
        feeds, workspace = self._feed.feeds, self._feed.workspace
        try:
            async with feeds.catching_up, feeds.database.read(workspace, self.key) as db:
                found = await read_after(db, workspace, self._at, BATCH)
        except (KeyGone, DatabaseAway):
            return None
        if not found and base is not None:  # nothing is left before it
            self._at = base
            return await self._told()
        return feeds.told(workspace, found)
