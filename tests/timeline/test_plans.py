"""The statements behind a thread walk their index from the place that is asked for, under row-level security too."""

from tests.laws.world import Db, World
from timeline import views

TYPES = "uuid, uuid[], timestamptz, uuid, int, text[], bool, text[], text[], timestamptz, timestamptz, timestamptz"
VALUES = "'{}', now(), NULL, 50, NULL, false, '{}', NULL, now(), now(), now(), '{}', '{}', NULL"


def test_a_page_deep_in_a_thread_begins_there_and_not_at_its_end(world: World):
    async def told() -> None:
        place = await world.open_workspace()

        async def conditions(db: Db, statement: str) -> list[str]:
            await db.execute(f"PREPARE page ({TYPES}, uuid[], uuid[], uuid[]) AS {statement}")
            plan = await db.fetch(f"EXPLAIN EXECUTE page('{place.id}', {VALUES})")
            await db.execute("DEALLOCATE page")
            return [row[0] for row in plan if "Index Cond" in row[0] and "contact_id" in row[0]]

        for newer in (False, True):
            for filtered in (False, True):
                statement = views._PAGES[newer, filtered]
                found = await place.read(lambda db, statement=statement: conditions(db, statement))
                assert found
                assert all(f"shown_at {'>=' if newer else '<='} $3" in one for one in found), found

    world.run(told())
