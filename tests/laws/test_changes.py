"""The change feed over HTTP misses nothing and tells nothing twice, whatever order writers commit in and whoever is
killed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import httpx
from hypothesis import given

from app.auth import make_key
from app.main import create_app
from tests.builders import settings
from tests.laws.test_followers import SCRIPTS, Writer, quiet
from tests.laws.world import World, law


async def play(world: World, home: Path, script: Sequence[tuple[str, int]]) -> tuple[list[str], list[str]]:
    """What was committed, and what the feed said, page by page from its last `head`."""
    place = await world.open_workspace()
    made = await place.write(
        lambda db: make_key(db, place.id, name="reader", role="auditor", rate=0, created_by="system")
    )
    app = create_app(settings(home), world.edge.dsn, logs=False)
    writers = [Writer(world, place, number) for number in range(4)]
    committed: list[UUID] = []
    seen: list[str] = []
    head: str | None = None
    transport = httpx.ASGITransport(app=cast("Any", app))
    said = {"Authorization": f"Bearer {made.text}"}
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://t", headers=said) as client:

        async def read(limit: int) -> int:
            nonlocal head
            query: dict[str, Any] = {"limit": limit} | ({"after": head} if head else {})
            page = (await client.get("/api/v1/changes", params=query)).json()
            head = page["head"]
            seen.extend(one["event_id"] for one in page["items"])
            return len(page["items"])

        try:
            for what, who in script:
                if what == "read":
                    await read(who + 1)
                elif what in ("begin", "write"):
                    await getattr(writers[who], what)()
                else:
                    committed += await writers[who].end(what)
        finally:
            for writer in writers:
                committed += await writer.end("commit")
        await quiet(place)
        while await read(3):
            pass
    return [str(event) for event in committed], seen


def test_the_feed_tells_every_event_once_in_any_commit_order(world: World, tmp_path: Path):
    @law(5)
    @given(SCRIPTS)
    def holds(script: Sequence[tuple[str, int]]) -> None:
        committed, seen = world.run(play(world, tmp_path, script))
        assert sorted(seen) == sorted(committed)

    holds()


def test_the_feed_waits_for_an_older_writer(world: World, tmp_path: Path):
    script = [
        ("write", 0),
        ("write", 1),
        ("commit", 1),
        ("read", 3),
        ("write", 2),
        ("kill", 2),
        ("commit", 0),
        ("read", 3),
    ]
    committed, seen = world.run(play(world, tmp_path, script))
    assert seen == [committed[1], committed[0]]
