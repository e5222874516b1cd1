"""One workspace's documents never show in another's answers, and nothing that is written or asked leaves its place."""

import uuid

import pytest

from identity.customers import WorkspaceId
from search.engine import FACETS, Asked, Counts, Engine, Filters, Index, Word, Words
from tests.search.contract.desk import ANYBODY, contact, embedded, found, message, numbers, put, vector, words

pytestmark = pytest.mark.anyio

HOSTILE = (
    "'",
    "\\",
    "''); DROP TABLE search_document; --",
    '" OR workspace_id != ""',
    "a:* | b & !c <-> (",
    "_geoRadius(0, 0, 1)",
    "k:message",
    "\x00null",
    "\u202eright to left",
    "%_*?[]",
    "'x':1A 'y':2",
    "$1 {} %s",
    "x" * 3000,
    "🙂🙂",
    "é́" * 40,
    "ａｂｃ",
)


async def test_nothing_of_another_workspace_is_found_or_counted(engine: Engine, workspace: WorkspaceId, index: Index):
    other = WorkspaceId(uuid.uuid4())
    await engine.make(other, index)
    mine = message(1, "parcel", meaning="p", facts={"tags": ("late",)})
    theirs = [
        *(message(number, "parcel ord1", meaning="p", facts={"tags": ("theirs",)}) for number in range(2, 40)),
        contact(50, "bertram oduya", "oduya1987@example.org"),
    ]
    await put(engine, workspace, index, mine)
    await put(engine, other, index, *theirs)
    await engine.embed(workspace, index, [embedded(mine, 0, 1)])
    await engine.embed(other, index, [embedded(one, 1) for one in theirs[:-1]])
    asked = Asked(filters=ANYBODY, words=words("parcel"), vector=vector(1), facets=FACETS, total=True)
    answer = await engine.find(workspace, index, asked)
    assert (numbers(answer.words), numbers(answer.meaning), answer.total) == ([1], [1], 1)
    assert answer.facets["tag"] == {"late": 1}
    assert await found(engine, workspace, index, words("oduya")) == []
    assert await found(engine, workspace, index, Words(idents=("ord1",))) == []
    assert await found(engine, workspace, index) == [1]
    assert (await engine.near(workspace, index, theirs[0].id, Asked(filters=ANYBODY))).meaning == []
    assert await engine.around(workspace, index, [(theirs[0].id, 1.0)], [mine.id, theirs[1].id]) == {}
    assert await engine.held(workspace, index, [theirs[0].id]) == {}
    await engine.delete(workspace, index, [one.id for one in theirs])
    await engine.drop(workspace, index)
    assert await engine.count(other, index) == Counts(documents=39, unembedded=1 if theirs[-1].meaning else 0)


async def test_scores_do_not_tell_how_common_a_word_is_elsewhere(engine: Engine, workspace: WorkspaceId, index: Index):
    documents = [message(1, "red jacket"), message(2, "red scarf"), message(3, "blue scarf")]
    await put(engine, workspace, index, *documents)
    asked = Asked(filters=ANYBODY, words=words("red jacket", least=1))
    before = await engine.find(workspace, index, asked)
    other = WorkspaceId(uuid.uuid4())
    await engine.make(other, index)
    await put(engine, other, index, *(message(number, "jacket") for number in range(10, 60)))
    assert await engine.find(workspace, index, asked) == before


async def test_whatever_is_written_comes_back_by_its_own_words(engine: Engine, workspace: WorkspaceId, index: Index):
    tags = tuple(sorted({one.replace("\x00", "")[:300] for one in HOSTILE}))
    documents = [
        message(number, f"marked{number} {text}", idents=(text[:50],), people=(text[:50],), facts={"tags": tags})
        for number, text in enumerate(HOSTILE, 1)
    ]
    refused = {one.id for one in await engine.write(workspace, index, documents)}
    assert len(refused) <= 1
    for number, text in enumerate(HOSTILE, 1):
        if documents[number - 1].id not in refused:
            assert (await found(engine, workspace, index, words(f"marked{number}")))[:1] == [number], text


@pytest.mark.parametrize("text", HOSTILE)
async def test_whatever_is_asked_stays_in_its_place(engine: Engine, workspace: WorkspaceId, index: Index, text: str):
    secret = message(1, "secret", internal=True, facts={"tags": ("late",)})
    await put(engine, workspace, index, secret)
    one = frozenset({text})
    for filters in (
        Filters(internal=False),
        Filters(internal=False, tags=one),
        Filters(internal=False, idents=one, people=one, tickets=one),
        Filters(internal=False, kinds=one, channels=one, directions=one),
        Filters(internal=False, statuses=one, queues=one, agents=one, outcomes=one, without=one),
    ):
        asked = Words(
            words=(Word(text=text, prefix=True, instead=(text,)),),
            phrases=(text,),
            groups=((Word(text=text), Word(text="secret")),),
            excluded=(text,),
            idents=(text,),
        )
        for order in ("relevance", "newest"):
            question = Asked(filters=filters, words=asked, order=order, facets=FACETS, total=True)
            answer = await engine.find(workspace, index, question)
            assert (answer.words, answer.meaning, answer.total) == ([], [], 0)
            assert all(not counted for counted in answer.facets.values())
