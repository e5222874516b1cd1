"""The worker's lanes of search: words within a second of a push, vectors after, a second index beside the live one.

An index is worked on by one process at a time. An engine that is away keeps nothing else waiting: what came meanwhile
is in the ledger, and the checkpoint says from where.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import structlog

from app.db import Database, DatabaseAway, Db
from app.live import Live
from app.store import workspace as read_workspace_row
from identity.claims import lock_key
from identity.customers import WorkspaceId
from identity.store import lock
from search import index_store, indexes
from search.embeddings import Embedder, EmbedderAway
from search.engine import Engine, EngineAway, Index
from search.indexes import Kept
from search.indexing import Place, begin, catch_up, follow, pass_time, try_again
from search.meaning import Vectors
from search.postgres import PostgresEngine
from search.reconciling import sweep
from timeline.store import lock_follower

POLL_SECONDS: Final = 1.0
GATHER_SECONDS: Final = 0.2
PAUSE_SECONDS: Final = 0.5
ENGINE_SECONDS: Final = 2.0
"""After an engine or a model was away."""
AFTER_A_FAULT: Final = 5.0
BEAT_SECONDS: Final = 5.0
CHECK_SECONDS: Final = 15.0
RECHECK_SECONDS: Final = 600.0
FORGET_SECONDS: Final = 10.0
SWEEP_SECONDS: Final = 86_400.0
AT_ONCE: Final = 4
"""Indexes that a process works on at a time, each with two connections."""

log = structlog.get_logger(__name__)

Step = Callable[[WorkspaceId, datetime], Awaitable[int]]


class Indexer:
    """Keeps the indexes of all workspaces; without an embedder they hold words alone."""

    def __init__(self, database: Database, live: Live | None, engine: Engine, embedder: Embedder | None) -> None:
        self.engine = engine
        self._database = database
        self._live = live
        self._embedder = embedder
        self._room = asyncio.Semaphore(AT_ONCE)
        self._made: set[tuple[UUID, int]] = set()
        self._checked: dict[tuple[UUID, int], float] = {}
        self._vectors: dict[tuple[UUID, int], Vectors] = {}
        self._alone_here: set[UUID] = set()

    # -- loops -------------------------------------------------------------------------------------------------------

    async def attend(self, workspace: WorkspaceId) -> None:
        """Keep one workspace's documents until cancelled."""
        await self._go_on(workspace, self.step)

    async def attend_meaning(self, workspace: WorkspaceId) -> None:
        """Give one workspace's documents their vectors until cancelled."""
        if self._embedder is not None:
            await self._go_on(workspace, self.embed)

    async def _go_on(self, workspace: WorkspaceId, step: Step) -> None:
        away = False
        while True:
            try:
                done = await step(workspace, datetime.now(UTC))
                if away:
                    log.info("search.back", workspace=str(workspace))
                    away = False
                if not done and self._live is not None and await self._live.wait(workspace, POLL_SECONDS):
                    await asyncio.sleep(GATHER_SECONDS)
            except DatabaseAway:
                await asyncio.sleep(PAUSE_SECONDS)
            except (EngineAway, EmbedderAway) as error:
                if not away:
                    log.warning("search.away", workspace=str(workspace), words=error.words)
                away = True
                self._made = {one for one in self._made if one[0] != workspace}
                await asyncio.sleep(ENGINE_SECONDS)
            except Exception as error:  # noqa: BLE001 - a fault of ours here stops no other work of the process
                log.error("search.fault", workspace=str(workspace), error=error)
                await asyncio.sleep(AFTER_A_FAULT)

    # -- words -------------------------------------------------------------------------------------------------------

    async def step(self, workspace: WorkspaceId, now: datetime) -> int:
        """Do what is to be done next in each index; 0 where there is nothing. Raises `EngineAway`."""
        async with self._database.read(workspace) as db:
            found = await indexes.read_all(db, workspace, self.engine.name)
            waiting = {
                one.index.generation
                for one in found
                if one.state != "old" and await indexes.is_waiting(db, workspace, one, now)
            }
        done = await self._see_to(workspace, found, now)
        if workspace not in self._alone_here and any(one.state == "live" and one.swept_to is None for one in found):
            await self._leave_others(workspace)
        for kept in found:
            name = (workspace, kept.index.generation)
            if kept.state == "old":
                await self._drop(workspace, kept.index)
            elif kept.index.generation in waiting or name not in self._made or self._is_to_be_checked(name):
                async with self._room, self._alone(workspace, kept.index.generation) as mine:
                    done += await self._work(workspace, kept.index, now) if mine else 0
        return done + (await self._switch(workspace, now) if len(found) > 1 else 0)

    async def _work(self, workspace: WorkspaceId, index: Index, now: datetime) -> int:
        place = await self._place(workspace, index.generation)
        if place is None:
            return 0
        try:
            await self._make(place)
            done = await follow(place, now) + await pass_time(place, now) + await catch_up(place, now)
            if not done:
                done = await self._sweep(place, now)
        except EngineAway as error:
            await self._tell(place, error.words)
            raise
        if place.kept.trouble is not None:
            await self._tell(place, None)
        return done

    async def _sweep(self, place: Place, now: datetime) -> int:
        if place.kept.swept_to is None:
            return await self._check(place, now)
        following, done = await sweep(place, now, settled=place.kept.checked_at is not None)
        if following is None:
            await self._count(place)
            log.info("search.swept", workspace=str(place.workspace), generation=place.generation)
        return 1 + done.drift

    async def _count(self, place: Place) -> int:
        counts = await self.engine.count(place.workspace, place.index)

        async def keep(db: Db) -> None:
            await index_store.set_documents(db, place.workspace, place.generation, counts.documents)

        await self._database.write(place.workspace, keep)
        return counts.documents

    async def _check(self, place: Place, now: datetime) -> int:
        """Begin to compare all where the index holds another number of documents than were put there, and daily."""
        name = (place.workspace, place.generation)
        if not self._is_to_be_checked(name):
            return 0
        self._checked[name] = time.monotonic()
        there = (await self.engine.count(place.workspace, place.index)).documents
        age = (now - (place.kept.checked_at or place.kept.made_at)).total_seconds()
        wiped = there * 2 < place.kept.documents
        if not wiped and age < (SWEEP_SECONDS if there == place.kept.documents else RECHECK_SECONDS):
            return 0
        log.info("search.sweeping", workspace=str(place.workspace), there=there, expected=place.kept.documents)
        await self._database.write(
            place.workspace, lambda db: index_store.begin_sweep(db, place.workspace, place.generation)
        )
        return 1

    def _is_to_be_checked(self, name: tuple[UUID, int]) -> bool:
        return time.monotonic() - self._checked.get(name, -math.inf) >= CHECK_SECONDS

    async def _make(self, place: Place) -> None:
        name = (place.workspace, place.generation)
        if name in self._made:
            return
        await self.engine.make(place.workspace, place.index)
        self._made.add(name)

    async def _tell(self, place: Place, words: str | None) -> None:
        await self._database.write(
            place.workspace, lambda db: index_store.set_trouble(db, place.workspace, place.generation, words)
        )

    async def compare(self, workspace: WorkspaceId, index: Index, now: datetime, *, anew: bool = False) -> Kept | None:
        """Compare the next part of an index with the ledger, or the first; how far it is then. None where it was given
        up."""
        async with self._alone(workspace, index.generation, wait=True):
            if anew:
                await self._database.write(
                    workspace, lambda db: index_store.begin_sweep(db, workspace, index.generation)
                )
            place = await self._place(workspace, index.generation)
            if place is not None and place.kept.swept_to is not None:
                await self._make(place)
                await self._sweep(place, now)
                place = await self._place(workspace, index.generation)
            return None if place is None else place.kept

    # -- vectors -----------------------------------------------------------------------------------------------------

    async def embed(self, workspace: WorkspaceId, now: datetime) -> int:
        """Embed the next batch of each index; returns how many documents. Raises `EngineAway` and `EmbedderAway`."""
        embedder, done = self._embedder, 0
        if embedder is None:
            return 0
        async with self._database.read(workspace) as db:
            found = await indexes.read(db, workspace, self.engine.name)
        for kept in found:
            if kept.index.model != embedder.model or not await self.engine.unembedded(workspace, kept.index, 1):
                continue
            async with self._room, self._alone(workspace, kept.index.generation, "meaning") as mine:
                place = await self._place(workspace, kept.index.generation) if mine else None
                if place is not None:
                    vectors = self._vectors.setdefault((workspace, place.generation), Vectors())
                    done += await vectors.step(place, embedder, now)
        return done

    # -- which indexes -----------------------------------------------------------------------------------------------

    async def _see_to(self, workspace: WorkspaceId, found: Sequence[Kept], now: datetime) -> int:
        """Begin the first index where there is none; where the live one holds vectors of another model, one with this
        model's beside it. 0 where all is as it should be."""
        live = next((kept for kept in found if kept.state == "live"), None)
        beside = next((kept for kept in found if kept.state == "building"), None)
        if live is None:
            return int(await self.add(workspace, "live", now))
        if self._embedder is None or self._embedder.model == live.index.model:
            return 0
        if beside is None:
            return int(await self.add(workspace, "building", now))
        if beside.index.model == self._embedder.model:
            return 0
        await self.give_up(workspace, beside.index)
        return 1

    async def add(self, workspace: WorkspaceId, state: str, now: datetime) -> bool:
        """Begin an index, with the vectors of this process's model; False where there is one in that state."""
        model, dimensions = (self._embedder.model, self._embedder.dimensions) if self._embedder else (None, 0)

        async def work(db: Db) -> int | None:
            made = await index_store.add_index(
                db, workspace, engine=self.engine.name, model=model, dimensions=dimensions, state=state, now=now
            )
            if made is not None:
                await begin(db, workspace, made, f"{indexes.FOLLOWER}{made}", now)
            return made

        return await self._database.write(workspace, work) is not None

    async def give_up(self, workspace: WorkspaceId, index: Index) -> None:
        """Let an index be that does not answer."""
        async with self._alone(workspace, index.generation, wait=True):
            await self._database.write(workspace, lambda db: index_store.retire(db, workspace, index.generation))

    async def _drop(self, workspace: WorkspaceId, index: Index) -> None:
        """Drop what answers no more."""
        await self.engine.drop(workspace, index)
        await self._database.write(workspace, lambda db: index_store.dropped(db, workspace, index.generation))

    async def _leave_others(self, workspace: WorkspaceId) -> None:
        """Forget the indexes of an engine that served before: nobody keeps them true, also to erasures. What lies in
        PostgreSQL is deleted; a Meilisearch that is not set any more is out of reach."""
        async with self._database.read(workspace) as db:
            others = await indexes.read_others(db, workspace, self.engine.name)
        for kept in others:
            if kept.engine == PostgresEngine.name:
                await PostgresEngine(self._database).drop(workspace, kept.index)
            generation = kept.index.generation
            await self._database.write(workspace, lambda db, gone=generation: index_store.retire(db, workspace, gone))
            await self._database.write(workspace, lambda db, gone=generation: index_store.dropped(db, workspace, gone))
        self._alone_here.add(workspace)

    async def _switch(self, workspace: WorkspaceId, now: datetime) -> int:
        """Let the index that was made beside the live one answer, once it holds all that the live one does."""
        async with self._database.read(workspace) as db:
            found = await indexes.read(db, workspace, self.engine.name)
        if [kept.state for kept in found] != ["live", "building"] or found[1].swept_to is not None:
            return 0
        live, new = (kept.index for kept in found)
        if new.model is not None and (await self.engine.count(workspace, new)).unembedded:
            return 0
        async with self._alone(workspace, live.generation) as first, self._alone(workspace, new.generation) as second:
            place = await self._place(workspace, new.generation) if first and second else None
            if place is None or await follow(place, now) or await catch_up(place, now):
                return 0
            await self._database.write(
                workspace, lambda db: index_store.switch(db, workspace, live.generation, new.generation, now)
            )
            await self.engine.swap(workspace, live, new)  # who asks the old one for a moment still finds it
        log.info("search.switched", workspace=str(workspace), generation=new.generation, model=new.model)
        return 1

    async def _place(self, workspace: WorkspaceId, generation: int) -> Place | None:
        """An index as it is under its lock; None where it was given up."""
        async with self._database.read(workspace) as db:
            found = await indexes.read(db, workspace, self.engine.name)
            row = await read_workspace_row(db, workspace)
        for kept in found:
            if kept.index.generation == generation and row is not None:
                return Place(
                    access=self._database, engine=self.engine, workspace=workspace, region=row["region"], kept=kept
                )
        return None

    @asynccontextmanager
    async def _alone(
        self, workspace: WorkspaceId, generation: int, lane: str = "words", *, wait: bool = False
    ) -> AsyncIterator[bool]:
        """Whether nobody else works on an index meanwhile; with `wait`, once nobody does."""
        key = lock_key(workspace, "search", lane, str(generation))
        async with self._database.connection() as db, db.transaction():
            if wait:
                await lock(db, [key])
            mine = wait or await lock_follower(db, key)
            done = asyncio.Event()
            beating = asyncio.create_task(_beat(db, done), name="search lock")
            try:
                yield mine
            finally:
                done.set()
                await beating

    # -- faults ------------------------------------------------------------------------------------------------------

    async def retry(self, workspace: WorkspaceId, generation: int, document: str, now: datetime) -> bool:
        """Try a document again that was set aside; whether it is in the index now. Raises `EngineAway`."""
        async with self._alone(workspace, generation, wait=True):
            place = await self._place(workspace, generation)
            return place is not None and await try_again(place, document, now)

    # -- at once -----------------------------------------------------------------------------------------------------

    async def forget(self, workspace: WorkspaceId, contacts: Sequence[UUID], now: datetime) -> None:
        """Compare all of some contacts with the ledger now, as after an erasure. Raises `EngineAway`: it is done as
        soon as the engine is back, all the same."""
        async with self._database.read(workspace) as db:
            found = await indexes.read(db, workspace, self.engine.name)
        for kept in found:
            generation = kept.index.generation

            async def ask(db: Db, generation: int = generation) -> None:
                await index_store.ask(db, workspace, generation, "contact", contacts)

            await self._database.write(workspace, ask)
            async with self._alone(workspace, kept.index.generation, wait=True):
                place = await self._place(workspace, kept.index.generation)
                while place is not None and await catch_up(place, now):
                    pass
                if place is not None and await follow(place, now):  # the erasure's own events: a sweep waits for them
                    await catch_up(place, now)


async def forget_soon(indexer: Indexer, workspace: WorkspaceId, contacts: Sequence[UUID]) -> None:
    """Take who was just erased out of every index, unless that keeps the caller waiting: then the worker does it."""
    try:
        async with asyncio.timeout(FORGET_SECONDS):
            await indexer.forget(workspace, contacts, datetime.now(UTC))
    except (TimeoutError, EngineAway, DatabaseAway) as error:
        log.warning("search.not_forgotten_yet", workspace=str(workspace), error=str(error))


async def _beat(db: Db, done: asyncio.Event) -> None:
    while True:
        try:
            async with asyncio.timeout(BEAT_SECONDS):
                await done.wait()
                return
        except TimeoutError:
            await index_store.beat(db)
