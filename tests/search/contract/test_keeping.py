"""What is written is there, once, until it is deleted; vectors stay while they are true."""

import msgspec
import pytest

from identity.customers import WorkspaceId
from search.documents import digest
from search.engine import Asked, Counts, Engine, Index
from tests.search.contract.desk import ANYBODY, embedded, found, message, numbers, put, vector, words

pytestmark = pytest.mark.anyio


async def test_what_is_written_is_found_and_compared(engine: Engine, workspace: WorkspaceId, index: Index):
    one, two = message(1, "The parcel is late"), message(2, "The jacket is torn")
    await put(engine, workspace, index, one, two, one)
    assert await found(engine, workspace, index, words("parcel")) == [1]
    assert await engine.digests(workspace, index, "", 10) == [(one.id, digest(one)), (two.id, digest(two))]
    assert await engine.digests(workspace, index, one.id, 10) == [(two.id, digest(two))]
    assert await engine.digests(workspace, index, "", 1) == [(one.id, digest(one))]
    assert await engine.held(workspace, index, [two.id, "item-nothing"]) == {two.id: digest(two)}
    assert await engine.count(workspace, index) == Counts(documents=2, unembedded=0)


async def test_a_document_takes_the_place_of_its_former_self(engine: Engine, workspace: WorkspaceId, index: Index):
    await put(engine, workspace, index, message(1, "The parcel is late"))
    changed = message(1, "It was redacted", facts={"statuses": ("open",)})
    await put(engine, workspace, index, changed)
    assert await found(engine, workspace, index, words("parcel")) == []
    assert await found(engine, workspace, index, words("redacted")) == [1]
    assert await engine.digests(workspace, index, "", 10) == [(changed.id, digest(changed))]


async def test_what_is_deleted_is_gone_and_may_be_deleted_again(engine: Engine, workspace: WorkspaceId, index: Index):
    one, two = message(1, "The parcel is late", meaning="late"), message(2, "Another parcel", meaning="another")
    await put(engine, workspace, index, one, two)
    for _ in range(2):
        await engine.delete(workspace, index, [one.id])
        assert await found(engine, workspace, index, words("parcel")) == [2]
        assert await engine.count(workspace, index) == Counts(documents=1, unembedded=1)


async def test_a_vector_stands_while_the_meaning_does(engine: Engine, workspace: WorkspaceId, index: Index):
    one, two = message(1, "a", meaning="one"), message(2, "b", meaning="two")
    await put(engine, workspace, index, one, two, message(3, "words alone"))
    waiting = await engine.unembedded(workspace, index, 10)
    assert [(each.id, each.meaning) for each in waiting] == [(two.id, "two"), (one.id, "one")]
    assert await engine.embed(workspace, index, [embedded(one, 1), embedded(two, 0, 1)]) == []
    assert await engine.count(workspace, index) == Counts(documents=3, unembedded=0)

    tagged = message(1, "a", meaning="one", facts={"tags": ("vip",)})
    await put(engine, workspace, index, tagged)
    assert await engine.unembedded(workspace, index, 10) == []
    await put(engine, workspace, index, message(1, "a", meaning="else"))
    assert [each.meaning for each in await engine.unembedded(workspace, index, 10)] == ["else"]
    assert await meant(engine, workspace, index) == [2]

    await engine.embed(workspace, index, [embedded(one, 1)])
    assert await meant(engine, workspace, index) == [2], "a vector of what it said before"
    await put(engine, workspace, index, message(2, "b"))
    assert await meant(engine, workspace, index) == []


async def meant(engine: Engine, workspace: WorkspaceId, index: Index) -> list[int]:
    return numbers((await engine.find(workspace, index, Asked(filters=ANYBODY, vector=vector(1, 1)))).meaning)


async def test_a_vector_of_another_length_is_refused_alone(engine: Engine, workspace: WorkspaceId, index: Index):
    one, two = message(1, meaning="one"), message(2, meaning="two")
    await put(engine, workspace, index, one, two)
    short = msgspec.structs.replace(embedded(one, 1), vector=vector(1)[:12])
    assert [each.id for each in await engine.embed(workspace, index, [short, embedded(two, 1)])] == [one.id]
    assert await meant(engine, workspace, index) == [2]


async def test_a_second_index_grows_beside_the_live_one_and_takes_over(
    engine: Engine, workspace: WorkspaceId, index: Index
):
    live, new = index, msgspec.structs.replace(index, generation=2, model="other")
    await put(engine, workspace, live, message(1, "The old parcel"))
    await engine.make(workspace, new)
    await put(engine, workspace, new, message(2, "The new parcel"))
    assert await found(engine, workspace, live, words("parcel")) == [1]
    await engine.swap(workspace, live, new)
    assert await found(engine, workspace, new, words("parcel")) == [2]
    assert await engine.count(workspace, new) == Counts(documents=1, unembedded=0)


async def test_a_dropped_index_is_empty_and_may_be_dropped_again(engine: Engine, workspace: WorkspaceId, index: Index):
    await put(engine, workspace, index, message(1, "parcel", meaning="parcel"))
    await engine.drop(workspace, index)
    await engine.drop(workspace, index)
    await engine.make(workspace, index)
    assert await engine.count(workspace, index) == Counts(documents=0, unembedded=0)
    assert await found(engine, workspace, index, words("parcel")) == []


async def test_a_document_that_cannot_be_taken_is_set_aside_alone(engine: Engine, workspace: WorkspaceId, index: Index):
    refused = await engine.write(
        workspace, index, [message(1, "parcel"), message(2, "parcel \ud800"), message(3, "parcel")]
    )
    taken = await found(engine, workspace, index, words("parcel"))
    assert sorted(taken) == sorted({1, 2, 3} - {int(one.id.split("-")[1], 16) for one in refused})
    assert {1, 3} <= set(taken)
