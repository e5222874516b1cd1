"""The lanes of search over the API's database: taken in, compared, and looked at."""

from datetime import UTC, datetime

import msgspec

from app.indexing import Indexer
from app.reindexing import reconcile
from identity.customers import WorkspaceId
from search import indexes
from search.indexes import Kept
from tests import settling
from tests.app.api.conftest import Api

MANY = 1_000


class Indexed:
    """The live index of a workspace, and what keeps it."""

    def __init__(self, api: Api, indexer: Indexer) -> None:
        self.api = api
        self.indexer = indexer
        self.workspace = WorkspaceId(api.mine.id)

    async def caught_up(self) -> None:
        """Until the lanes find nothing to do."""
        await settling.settled(self.api.database, self.workspace)
        while await self.indexer.step(self.workspace, datetime.now(UTC)):
            pass

    async def live(self) -> Kept:
        async with self.api.database.read(self.workspace) as db:
            return (await indexes.read(db, self.workspace, self.indexer.engine.name))[0]

    async def digests(self) -> dict[str, str]:
        """All that is really in the index."""
        live = await self.live()
        return dict(await self.indexer.engine.digests(self.workspace, live.index, "", MANY))

    async def kinds(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for name in await self.digests():
            kind = name.partition("-")[0]
            found[kind] = found.get(kind, 0) + 1
        return found

    async def drift(self) -> dict[str, int]:
        """What comparing everything finds and mends."""
        found = await reconcile(self.indexer, self.api.database, self.workspace, lambda *_: None)
        drift = {"missing": found.missing, "stale": found.stale, "orphaned": found.orphaned}
        return {name: count for name, count in drift.items() if count}


def hex_of(answer: dict[str, str], name: str = "event_id") -> str:
    return msgspec.convert(answer[name], str).replace("-", "")
