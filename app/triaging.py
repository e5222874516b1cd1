"""Triage in the worker and on the command line: learns from a workspace's labelled tickets, and says of each new ticket
what it looks like. Nothing acts on it."""

import asyncio
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec
import structlog

from app.db import Database, DatabaseAway, Db, new_id
from app.live import Live
from identity.claims import lock_key
from identity.customers import WorkspaceId
from search import indexes, triage_store
from search.embeddings import Embedder, EmbedderAway
from search.engine import Engine, EngineAway, Index
from search.triage import Learned, Model, Opened, Report, Told, classify, keep, learn, opened, read_model
from timeline import posting, store
from timeline.events import KIND_OF, Actor
from timeline.followers import START, Followed, head, read_after, read_checkpoint
from timeline.posting import Settled

FOLLOWER: Final = "triage"
BATCH: Final = 50
POLL_SECONDS: Final = 2.0
PAUSE_SECONDS: Final = 0.5
AWAY_SECONDS: Final = 5.0
SYSTEM: Final = Actor("system")

log = structlog.get_logger(__name__)


class NoSuchModel(Exception):
    """There is no such version, or its weights are not kept any more."""


class Triage:
    """Classifies the new tickets of every workspace that has a model in force."""

    def __init__(self, database: Database, live: Live | None, engine: Engine, embedder: Embedder | None) -> None:
        self._database = database
        self._live = live
        self._engine = engine
        self._embedder = embedder
        self._models: dict[UUID, Model] = {}

    async def attend(self, workspace: WorkspaceId) -> None:
        """Follow one workspace until cancelled."""
        while self._embedder is not None:
            try:
                done = await self.step(workspace, datetime.now(UTC))
                if not done and self._live is not None:
                    await self._live.wait(workspace, POLL_SECONDS)
            except DatabaseAway:
                await asyncio.sleep(PAUSE_SECONDS)
            except (EngineAway, EmbedderAway) as error:
                log.info("triage.waits", workspace=str(workspace), words=error.words)
                await asyncio.sleep(AWAY_SECONDS)
            except Exception as error:  # noqa: BLE001 - a fault of ours here stops no other work of the process
                log.error("triage.fault", workspace=str(workspace), error=error)
                await asyncio.sleep(AWAY_SECONDS)

    async def step(self, workspace: WorkspaceId, now: datetime) -> int:
        """Classify what the next events opened; of how many events it was decided. Raises `EngineAway` and
        `EmbedderAway`."""
        ready = await self._ready(workspace)
        if ready is None:
            return 0
        model, index, embedder = ready
        async with self._database.read(workspace) as db:
            after = await read_checkpoint(db, workspace, FOLLOWER)
            batch = await read_after(db, workspace, after, BATCH) if after != START else []
            asked = [one.event.id for one in batch if one.event.type in KIND_OF and one.event.direction == "inbound"]
            tickets = await opened(db, workspace, asked, now) if asked else []
        vectors = await embedder.embed([ticket.text for ticket in tickets])
        settled = [
            await self._settled(workspace, ticket, model, vector, index)
            for ticket, vector in zip(tickets, vectors, strict=True)
        ]
        return await self._write(workspace, batch, settled, now) if batch else 0

    async def _ready(self, workspace: WorkspaceId) -> tuple[Model, Index, Embedder] | None:
        """What it takes to classify; None: no model is in force, or it is of vectors that there are not."""
        async with self._database.read(workspace) as db:
            row = await triage_store.in_force(db, workspace)
            if row is None or self._embedder is None or row["embedder"] != self._embedder.model:
                self._models.pop(workspace, None)
                return None
            index = await indexes.live(db, workspace, self._engine.name)
            if index is None or index.model != self._embedder.model:
                return None
            model = self._models.get(workspace)
            if model is None or model.version != row["version"]:
                model = await read_model(db, workspace, row["version"], row["embedder"])
        self._models[workspace] = model
        return model, index, self._embedder

    async def _settled(
        self, workspace: WorkspaceId, ticket: Opened, model: Model, vector: bytes, index: Index
    ) -> Settled:
        told = await classify(self._database, workspace, ticket, model, vector, self._engine, index)
        return Settled(event_id=ticket.ticket, contact_id=ticket.contact, told=told)

    async def _write(self, workspace: WorkspaceId, batch: list[Followed], settled: list[Settled], now: datetime) -> int:
        """Tell it, once, and move on: 0 where another worker did."""
        first, last = batch[0].at, batch[-1].at

        async def work(db: Db) -> int:
            owners = await posting.lock(db, workspace, [one.contact_id for one in settled])
            mine = await store.lock_follower(db, lock_key(workspace, "follower", FOLLOWER))
            if not mine or await read_checkpoint(db, workspace, FOLLOWER) >= first:
                return 0
            await posting.tell(db, workspace, owners, settled, actor=SYSTEM, new_id=new_id)
            await store.move_checkpoint(db, workspace, FOLLOWER, (last.epoch, last.xid, last.position), now)
            return len(batch)

        return await self._database.write(workspace, work)


# -- the command -----------------------------------------------------------------------------------------------------


async def train(database: Database, workspace: WorkspaceId, embedder: Embedder, told: Told) -> Learned:
    """Learn from what is there; changes nothing. Raises `EmbedderAway`."""
    return await learn(database, workspace, embedder, told, datetime.now(UTC))


async def keep_learned(database: Database, workspace: WorkspaceId, learned: Learned, actor: str) -> int:
    return await database.write(workspace, lambda db: keep(db, workspace, learned, actor=actor, now=datetime.now(UTC)))


async def activate(database: Database, workspace: WorkspaceId, version: int) -> None:
    """Put a version in force for the tickets that come from now on. Raises `NoSuchModel`."""

    async def work(db: Db) -> None:
        if not await triage_store.heads(db, workspace, version):
            raise NoSuchModel
        await triage_store.stop(db, workspace)
        await triage_store.activate(db, workspace, version)
        at = await head(db, workspace)
        await store.move_checkpoint(db, workspace, FOLLOWER, (at.epoch, at.xid, at.position), datetime.now(UTC))

    await database.write(workspace, work)


async def stop(database: Database, workspace: WorkspaceId) -> int | None:
    """Classify no more; the version that was in force."""
    return await database.write(workspace, lambda db: triage_store.stop(db, workspace))


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A version of what was learned, and how right it is on tickets that were held back."""

    version: int
    active: bool
    embedder: str
    made_at: datetime
    actor: str
    report: Report


async def read_models(db: Db, workspace: WorkspaceId, limit: int) -> list[Kept]:
    """The latest first."""
    rows = await triage_store.models(db, workspace, limit)
    return [
        Kept(
            version=row["version"],
            active=row["active"],
            embedder=row["embedder"],
            made_at=row["made_at"],
            actor=row["actor"],
            report=msgspec.json.decode(row["report"], type=Report),
        )
        for row in rows
    ]
