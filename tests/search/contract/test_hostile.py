"""Whatever is asked, an answer is bounded, of this workspace alone, and of what may be seen."""

import uuid
from datetime import UTC, datetime

import msgspec
import pytest

from identity.customers import WorkspaceId
from search.engine import FACETS, Asked, Engine, Filters, Index, Word, Words
from tests.search.contract.desk import ANYBODY, DIMENSIONS, embedded, message, numbers, put, vector, words

pytestmark = pytest.mark.anyio

TEXTS = [
    '" OR workspace_id != ""',
    '" OR workspace != "" OR kind = "',
    "' OR 1=1 --",
    "'; DROP TABLE search_document; --",
    "\\",
    '"""""',
    "((((((",
    "a & | ! :* <-> b",
    "%_%",
    "_geoRadius(45.47, 9.18, 2000)",
    "_geoBoundingBox([0,0],[1,1])",
    "$1 {} %s",
    "NOT AND OR IN EXISTS",
    "-" * 50,
    "😀🎉",
    "\u202eright to left",
    "ﬁ ｆｕｌｌ",
    "İstanbul ß",
    "a" * 10_000,
    "word " * 2_000,
    "\n\t\r",
    "null",
]


@pytest.fixture
async def desks(engine: Engine, workspace: WorkspaceId, index: Index) -> WorkspaceId:
    """Ours has one parcel and one note; another workspace has many parcels under the same ids."""
    other = WorkspaceId(uuid.uuid4())
    await engine.make(other, index)
    note = message(2, "parcel, null", kind="note", internal=True, meaning="x")
    await put(engine, workspace, index, message(1, "parcel, null", meaning="x"), note)
    await put(engine, other, index, *(message(number, "parcel null secret", meaning="x") for number in range(1, 9)))
    for desk, seen in ((workspace, (1, 2)), (other, range(1, 9))):
        await engine.embed(desk, index, [embedded(message(number, meaning="x"), 1) for number in seen])
    return workspace


async def test_hostile_words_find_ours_or_nothing(engine: Engine, desks: WorkspaceId, index: Index):
    ours = Filters(internal=False)
    for text in TEXTS:
        asked = (
            Words(words=(Word(text=text, prefix=True, instead=(text,)),), excluded=(f"not{text}",)),
            Words(phrases=(text,)),
            Words(groups=((Word(text=text), Word(text="parcel")),), idents=(text,)),
        )
        for one in asked:
            question = Asked(filters=ours, words=one, vector=vector(1), facets=FACETS, total=True)
            answer = await engine.find(desks, index, question)
            assert set(numbers(answer.words)) | set(numbers(answer.meaning)) <= {1}, text[:40]
            assert answer.total in {0, 1}, text[:40]
            assert all(count <= 1 for counts in answer.facets.values() for count in counts.values()), text[:40]


async def test_hostile_filters_find_nothing(engine: Engine, desks: WorkspaceId, index: Index):
    fields = ("kinds", "channels", "directions", "statuses", "queues", "tags", "agents", "outcomes", "tickets")
    for text in TEXTS[:5]:
        for field in (*fields, "idents", "people"):
            filters = msgspec.structs.replace(ANYBODY, **{field: frozenset({text})})
            question = Asked(filters=filters, words=words("parcel"), vector=vector(1), total=True)
            answer = await engine.find(desks, index, question)
            assert (answer.words, answer.meaning, answer.total) == ([], [], 0), (field, text[:40])
        kept = msgspec.structs.replace(ANYBODY, without=frozenset({text}))
        answer = await engine.find(desks, index, Asked(filters=kept, words=words("parcel"), total=True))
        assert answer.total == 2


async def test_bounds_that_nobody_means(engine: Engine, desks: WorkspaceId, index: Index):
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    wide = Filters(internal=True, start=first, end=last)
    many = Words(words=tuple(Word(text=f"w{number}") for number in range(60)), least=1)
    idents = Words(idents=tuple(f"id{number}" for number in range(100)))
    for question, expected in (
        (Asked(filters=wide, words=words("parcel"), limit=1_000_000_000, total=True), {1, 2}),
        (Asked(filters=wide, vector=vector(1), limit=1_000_000_000), {1, 2}),
        (Asked(filters=Filters(internal=True, start=last), words=words("parcel")), set()),
        (Asked(filters=wide, words=many), set()),
        (Asked(filters=wide, words=idents), set()),
        (Asked(filters=wide, order="newest", after=(first, "")), set()),
        (Asked(filters=wide, order="newest", after=(last, '" OR id EXISTS')), {1, 2}),
        (Asked(filters=wide, words=words("parcel"), limit=0, total=True), set()),
    ):
        answer = await engine.find(desks, index, question)
        assert set(numbers(answer.words)) | set(numbers(answer.meaning)) == expected, question
    for short in (b"", b"\0" * 4 * (DIMENSIONS - 1)):
        answer = await engine.find(desks, index, Asked(filters=wide, words=words("parcel"), vector=short))
        assert (set(numbers(answer.words)), answer.meaning) == ({1, 2}, [])


async def test_documents_of_another_workspace_are_out_of_reach(engine: Engine, desks: WorkspaceId, index: Index):
    foreign = message(5).id
    assert await engine.held(desks, index, [foreign]) == {}
    assert (await engine.near(desks, index, foreign, Asked(filters=ANYBODY))).meaning == []
    assert await engine.around(desks, index, [(foreign, 1.0)], [foreign]) == {}
    await engine.delete(desks, index, [foreign])
    assert (await engine.count(desks, index)).documents == 2
