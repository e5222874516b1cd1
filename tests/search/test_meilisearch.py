"""What is Meilisearch's alone: tasks that fail after 202, servers that do not answer well, and how it is asked."""

import socket
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.customers import WorkspaceId
from search.documents import Document, Facts, digest
from search.engine import Asked, Counts, EngineAway, Index, Word, Words
from search.meilisearch import NO_VECTORS, Meilisearch
from search.meilisearch_questions import TOO_MANY_CHOICES, TOO_MANY_WORDS, plan
from search.meilisearch_rows import digest_of, index_name, row_of
from tests.search.contract.desk import ANYBODY, DIMENSIONS, embedded, found, message, numbers, put, vector, words
from tests.search.fake_index import Failure
from tests.search.fake_matching import Question
from tests.search.fake_server import KEY, FakeMeilisearch

pytestmark = pytest.mark.anyio

INDEX = Index(generation=1, model="test", dimensions=DIMENSIONS)


@pytest.fixture(scope="module")
def server() -> Iterator[FakeMeilisearch]:
    with FakeMeilisearch().listening() as listening:
        yield listening


@pytest.fixture
async def engine(server: FakeMeilisearch) -> AsyncIterator[Meilisearch]:
    opened = Meilisearch(server.url, KEY, find_seconds=0.5)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def workspace() -> WorkspaceId:
    return WorkspaceId(uuid.uuid4())


async def test_one_document_that_fails_its_batch_is_set_aside_alone(
    engine: Meilisearch, server: FakeMeilisearch, workspace: WorkspaceId
):
    many = [message(number, "parcel") for number in range(1, 12)]
    bad = msgspec.structs.replace(many[4], id="no id of theirs!")
    refused = await engine.write(workspace, INDEX, [*many[:4], bad, *many[5:]])
    assert [(each.id, each.words.split(":")[0]) for each in refused] == [(bad.id, "invalid_document_id")]
    assert await engine.count(workspace, INDEX) == Counts(documents=10, unembedded=0)


@pytest.mark.parametrize(
    ("kind", "failure"),
    [
        ("documentAdditionOrUpdate", Failure("no_space_left_on_device", "No space left", kind="system")),
        ("documentAdditionOrUpdate", Failure("internal", "An internal error", kind="internal")),
        ("documentAdditionOrUpdate", Failure("canceled", "by somebody")),
        ("settingsUpdate", Failure("invalid_settings_embedders", "no", kind="invalid_request")),
        ("documentAdditionOrUpdate", Failure("invalid_settings_embedders", "somebody's, in the same batch")),
    ],
)
async def test_a_task_that_fails_for_no_document_is_the_engine_away(
    engine: Meilisearch, server: FakeMeilisearch, workspace: WorkspaceId, kind: str, failure: Failure
):
    """Nothing is refused: it is written again when the engine is back."""
    server.failing[kind].append(failure)
    with pytest.raises(EngineAway, match=failure.code):
        await engine.write(workspace, INDEX, [message(1, "parcel"), message(2, "parcel")])
    assert await engine.write(workspace, INDEX, [message(1, "parcel"), message(2, "parcel")]) == []
    assert sorted(await found(engine, workspace, INDEX, words("parcel"))) == [1, 2]


async def test_a_task_that_is_still_waited_for_is_not_done(
    engine: Meilisearch, server: FakeMeilisearch, workspace: WorkspaceId
):
    await put(engine, workspace, INDEX, message(1, "parcel"))
    asked = [path for _, path, _ in server.asked if path.startswith("/tasks/")]
    assert asked.count(asked[-1]) > 1
    assert all(task["status"] != "enqueued" for task in server.tasks)


async def test_an_index_that_was_wiped_is_empty_and_comes_back_with_its_settings(
    engine: Meilisearch, server: FakeMeilisearch, workspace: WorkspaceId
):
    await put(engine, workspace, INDEX, message(1, "parcel", meaning="parcel"))
    del server.indexes[index_name(workspace, INDEX)]
    assert await engine.count(workspace, INDEX) == Counts(documents=0, unembedded=0)
    assert await engine.digests(workspace, INDEX, "", 10) == []
    assert await engine.unembedded(workspace, INDEX, 10) == []
    for question in ("parcel", "parcel late"):
        with pytest.raises(EngineAway, match="not there"):
            await found(engine, workspace, INDEX, words(question, least=1))
    await put(engine, workspace, INDEX, message(2, "parcel", meaning="parcel"))
    assert await found(engine, workspace, INDEX, words("parcel")) == [2]


async def test_what_another_process_did_while_vectors_were_written_stands(
    engine: Meilisearch, server: FakeMeilisearch, workspace: WorkspaceId
):
    """An update makes a document that was deleted meanwhile, and gives one that was rewritten the old vector."""
    gone, changed = message(1, "a", meaning="one"), message(2, "b", meaning="two")
    await put(engine, workspace, INDEX, gone, changed)
    there = server.indexes[index_name(workspace, INDEX)]
    again = {**row_of(workspace, message(2, "b", meaning="else"), embedded=False), "_vectors": {"default": None}}

    def meanwhile() -> None:
        there.delete([gone.id])
        there.put([again], "id", update=False)

    server.meanwhile["documentAdditionOrUpdate"] = meanwhile
    await engine.embed(workspace, INDEX, [embedded(gone, 1), embedded(changed, 0, 1)])
    assert list(there.rows) == [changed.id]
    assert there.vectors == {}
    assert [each.meaning for each in await engine.unembedded(workspace, INDEX, 10)] == ["else"]


async def test_a_document_changed_by_hand_is_told_from_its_former_self(
    engine: Meilisearch, server: FakeMeilisearch, workspace: WorkspaceId
):
    one, two, three, four = (message(number, "parcel") for number in range(1, 5))
    await put(engine, workspace, INDEX, one, two, three, four)
    rows = server.indexes[index_name(workspace, INDEX)].rows
    rows[one.id]["text"] = "something else"
    del rows[two.id]["contact"]
    rows[four.id]["said"] = "what is searched"
    rows[three.id]["at"], at = "yesterday", rows[three.id]["at"]
    with pytest.raises(EngineAway, match="does not answer"):
        await found(engine, workspace, INDEX, words("parcel"))
    rows[three.id]["at"] = at
    told = dict(await engine.digests(workspace, INDEX, "", 10))
    assert (told[one.id], told[two.id], told[four.id]) == ("", "", "")
    assert told[three.id] == digest(three)


async def test_nothing_is_found_by_meaning_in_an_index_of_words(
    engine: Meilisearch, server: FakeMeilisearch, workspace: WorkspaceId
):
    bare = Index(generation=1)
    await put(engine, workspace, bare, message(1, "parcel", meaning="parcel"))
    answer = await engine.find(workspace, bare, Asked(filters=ANYBODY, words=words("parcel"), vector=vector(1)))
    assert (numbers(answer.words), answer.meaning, answer.degraded) == ([1], [], (NO_VECTORS,))
    assert (await engine.near(workspace, bare, message(1).id, Asked(filters=ANYBODY))).degraded == (NO_VECTORS,)
    assert await engine.count(workspace, bare) == Counts(documents=1, unembedded=0)


# -- servers that do not answer well


ANSWERS = [
    (502, b"<html>Bad Gateway</html>", "does not answer"),
    (200, b"<html>a proxy's page</html>", "does not answer"),
    (200, b'{"hits": 3}', "does not answer"),
    (503, b'{"code": "too_many_search_requests", "type": "system", "message": "", "link": ""}', "503"),
    (500, b'{"code": "internal", "type": "internal", "message": "", "link": ""}', "500: internal"),
]


@pytest.mark.parametrize(("status", "body", "told"), ANSWERS)
async def test_an_answer_that_is_none_is_the_engine_away(
    engine: Meilisearch, server: FakeMeilisearch, workspace: WorkspaceId, status: int, body: bytes, told: str
):
    server.answers.append((status, body))
    with pytest.raises(EngineAway, match=told):
        await found(engine, workspace, INDEX, words("parcel"))


async def test_a_connection_that_closes_as_it_is_used_is_no_server_that_is_away(
    engine: Meilisearch, server: FakeMeilisearch, workspace: WorkspaceId
):
    for _ in range(3):
        server.answers.append(None)
        await put(engine, workspace, INDEX, message(1, "parcel"))
        server.answers.append(None)
        assert await found(engine, workspace, INDEX, words("parcel")) == [1]
    server.answers += [None, None]
    with pytest.raises(EngineAway, match="does not answer"):
        await found(engine, workspace, INDEX, words("parcel"))


async def test_a_wrong_key_is_told(server: FakeMeilisearch, workspace: WorkspaceId):
    for key in ("wrong", None):
        engine = Meilisearch(server.url, key)
        await engine.open()
        for asked in (engine.version(), engine.make(workspace, INDEX), engine.count(workspace, INDEX)):
            with pytest.raises(EngineAway, match="MEILISEARCH_KEY"):
                await asked
        await engine.close()


async def test_nobody_there_and_nobody_who_answers(workspace: WorkspaceId):
    """A port that is closed, and one behind which nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        closed = socket.create_server(("127.0.0.1", 0))
        closed.close()
        for door, seconds in ((closed, 5.0), (silent, 0.1)):
            port = silent.getsockname()[1] if door is silent else 1
            engine = Meilisearch(f"http://127.0.0.1:{port}", KEY, find_seconds=seconds)
            await engine.open()
            before = time.monotonic()
            with pytest.raises(EngineAway):
                await found(engine, workspace, INDEX, words("parcel"))
            assert time.monotonic() - before < 2
            await engine.close()


# -- how it is asked


def asked(*texts: str, **more: Any) -> Words:
    return Words(words=tuple(Word(text=text) for text in texts), **more)


def test_what_is_typed_is_never_read_as_its_language():
    """Quotation marks and dashes are its signs for phrases and refusals."""
    hostile = Words(
        words=(Word(text='"late'), Word(text="-parcel"), Word(text="it's")),
        phrases=('not" -paid',),
        excluded=('spam" ham',),
        least=3,
    )
    question = Question(plan(hostile).queries[0].q)
    assert question.refused == [("spam", "ham")]
    assert question.terms == [("not", "paid"), "late", "parcel", "it", "s"]


@pytest.mark.parametrize("nothing", [asked("😀", "…"), Words(phrases=("!?",)), Words(groups=((Word(text="--"),),))])
def test_words_without_a_letter_find_nothing_rather_than_all(nothing: Words):
    assert plan(nothing).queries == ()


def test_only_the_word_that_is_being_typed_is_a_beginning():
    whole, begun = asked("late", "parc"), Words(words=(Word(text="parc", prefix=True), Word(text="late")), least=2)
    assert plan(whole).queries[0].q == "late parc "
    assert plan(begun).queries[0].q == "late parc"
    assert Question("late parc").prefix
    assert not Question("late parc ").prefix


def test_ten_terms_are_kept_for_what_is_rare_and_the_rest_is_told():
    many = asked(*(f"w{number:0{number}d}" for number in range(1, 15)), phrases=("a phrase",), least=14)
    planned = plan(many)
    assert planned.degraded == (TOO_MANY_WORDS,)
    assert Question(planned.queries[0].q).terms[0] == ("a", "phrase")
    assert [len(term) for term in Question(planned.queries[0].q).terms[1:]] == list(range(7, 16))


def test_alternatives_become_questions_and_are_bounded():
    groups = tuple((Word(text=f"a{number}"), Word(text=f"b{number}")) for number in range(2))
    assert [query.q for query in plan(Words(groups=groups)).queries] == [f'"{a}0" "{b}1" ' for a in "ab" for b in "ab"]
    wide = tuple((Word(text=f"a{number}"), Word(text=f"b{number}")) for number in range(5))
    assert len(plan(Words(groups=wide)).queries) == 8
    assert plan(Words(groups=wide)).degraded == (TOO_MANY_CHOICES,)


words_of_documents = st.lists(st.text(max_size=8), max_size=3).map(tuple)
documents = st.builds(
    Document,
    id=st.uuids().map(lambda each: f"item-{each.hex}"),
    kind=st.sampled_from(["message", "note"]),
    contact_id=st.uuids(),
    event_id=st.none() | st.uuids(),
    at=st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    channel=st.none() | st.just("email"),
    internal=st.booleans(),
    title=st.text(max_size=20),
    text=st.text(max_size=20),
    idents=words_of_documents,
    meaning=st.text(max_size=20),
    facts=st.builds(Facts, tags=words_of_documents, outcomes=st.just(("solved",))),
)


@given(documents, st.booleans())
@settings(max_examples=60)
def test_what_is_kept_is_what_was_written(document: Document, has_vector: bool):
    row = row_of(WorkspaceId(uuid.UUID(int=1)), document, embedded=has_vector)
    assert digest_of(msgspec.json.decode(msgspec.json.encode(row))) == digest(document)
