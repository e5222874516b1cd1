"""Giving documents their vectors, after they are found by words: in batches, the newest first."""

from datetime import datetime
from typing import Final

from search import index_store
from search.embeddings import Embedder
from search.engine import Embedded
from search.indexing import Db, Place

BATCH: Final = 64
MOST_ASIDE: Final = 1_000


class Vectors:
    """What gives the documents of one index their vectors; it remembers which the engine refused."""

    def __init__(self) -> None:
        self._refused: set[tuple[str, str]] = set()

    async def step(self, place: Place, embedder: Embedder, now: datetime) -> int:
        """Embed the next that wait; returns how many. Raises `EngineAway` and `EmbedderAway`."""
        asked = BATCH + min(len(self._refused), MOST_ASIDE)
        waiting = await place.engine.unembedded(place.workspace, place.index, asked)
        todo = [one for one in waiting if (one.id, one.digest) not in self._refused][:BATCH]
        if not todo:
            return 0
        vectors = await embedder.embed([one.meaning for one in todo])
        made = [
            Embedded(id=one.id, digest=one.digest, vector=vector) for one, vector in zip(todo, vectors, strict=True)
        ]
        refused = {one.id: one.words for one in await place.engine.embed(place.workspace, place.index, made)}
        if refused:
            self._refused |= {(one.id, one.digest) for one in todo if one.id in refused}
            await self._set_aside(place, refused, now)
        return len(todo)

    async def _set_aside(self, place: Place, refused: dict[str, str], now: datetime) -> None:
        async def note(db: Db) -> None:
            await index_store.set_aside(db, place.workspace, place.generation, "embed", list(refused.items()), now)

        await place.access.write(place.workspace, note)
