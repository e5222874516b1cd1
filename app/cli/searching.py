"""`throughline reindex` and `throughline reconcile search`."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import click

from app.cli.desk import Desk, with_desk, workspace_option
from app.cli.words import Refused, data, failing_in_words, progress, say
from app.embedding import open_embedder
from app.engines import engine_of
from app.indexing import Indexer
from app.logs import configure_logs
from app.reindexing import reconcile, reindex
from search.embeddings import EmbedderAway
from search.engine import EngineAway

T = TypeVar("T")

PATIENCE: Final = 60.0
"""Seconds that a model may take to get ready."""


@click.command("reindex")
@workspace_option
@failing_in_words
def reindex_command(slug: str | None) -> None:
    """Make the search index again from the ledger, beside the live one, and switch.

    Searches go on being answered by the live one until the other holds everything, vectors included. Cut short, it is
    gone on with, here or by the worker. Needed for another embedding model only where no worker runs: that begins by
    itself.
    """

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        async with _indexer(desk) as indexer:
            with progress() as bar:
                line = bar.add_task("Documents", total=None)

                def told(done: int, of: int) -> None:
                    bar.update(line, completed=done, total=of)

                live = await _patiently(lambda: reindex(indexer, desk.database, workspace.id, told))
        model = f"with the vectors of {live.index.model}" if live.index.model else "by words alone"
        say(f"{workspace.slug}: index {live.index.generation} answers, {model}.")
        data(f"{live.documents} documents")

    with_desk(work)


@click.command("search")
@workspace_option
@failing_in_words
def reconcile_search(slug: str | None) -> None:
    """The search index with the ledger, document by document, and mend what differs.

    Compares each by its id and a digest of all that is in it. Says how many were missing, stale (other than they should
    be) and orphaned (nothing stands behind them): none, if all is well. Works beside the worker.
    """

    async def work(desk: Desk) -> None:
        workspace = await desk.workspace(slug)
        async with _indexer(desk, vectors=False) as indexer:
            with progress() as bar:
                line = bar.add_task("Documents", total=None)

                def told(done: int, of: int) -> None:
                    bar.update(line, completed=done, total=of)

                found = await _patiently(lambda: reconcile(indexer, desk.database, workspace.id, told))
        data(f"compared {found.swept}, missing {found.missing}, stale {found.stale}, orphaned {found.orphaned}")
        say(f"{workspace.slug}: {'all is well' if not found.drift else f'{found.drift} documents were mended'}.")

    with_desk(work)


@asynccontextmanager
async def _indexer(desk: Desk, *, vectors: bool = True) -> AsyncIterator[Indexer]:
    configure_logs(level=logging.WARNING)
    engine = engine_of(desk.settings, desk.database)
    embedder = open_embedder(desk.settings) if vectors else None
    await engine.open()
    try:
        yield Indexer(desk.database, None, engine, embedder)
    finally:
        if embedder is not None:
            await embedder.close()
        await engine.close()


async def _patiently(work: Callable[[], Awaitable[T]]) -> T:
    """A model that is being prepared is waited for."""
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE
    while True:
        try:
            return await work()
        except EngineAway as away:
            raise Refused(f"search does not answer: {away.words}.") from None
        except EmbedderAway as away:
            if loop.time() > until:
                raise Refused(f"no vectors can be had: {away.words}.") from None
            await asyncio.sleep(1)
