"""What is asked for is found, and nothing that may not be seen."""

import uuid
from datetime import timedelta

import msgspec
import pytest

from identity.customers import WorkspaceId
from search.engine import Asked, Engine, Filters, Index, Word, Words
from tests.search.contract.desk import (
    ANNA,
    ANYBODY,
    BEN,
    NOON,
    contact,
    embedded,
    found,
    message,
    numbers,
    put,
    vector,
    words,
)

pytestmark = pytest.mark.anyio


async def test_words_are_found_whatever_their_case_accents_and_ending(
    engine: Engine, workspace: WorkspaceId, index: Index
):
    await put(
        engine,
        workspace,
        index,
        message(1, "The parcels were delivered to the café, and I don't want them"),
        message(2, "Die Häuser sind zu klein und wir können nicht warten"),
        message(3, "荷物がまだ届いていません"),
    )
    for asked, expected in (("PARCELS", 1), ("cafe", 1), ("café", 1), ("dont", 1), ("Hauser", 2), ("häuser", 2)):
        assert await found(engine, workspace, index, words(asked)) == [expected], asked
    assert await found(engine, workspace, index, words("荷物")) == [3]
    assert await found(engine, workspace, index, words("nothing")) == []


async def test_least_says_how_many_of_the_words_there_must_be(engine: Engine, workspace: WorkspaceId, index: Index):
    await put(
        engine, workspace, index, message(1, "red jacket"), message(2, "red jacket torn"), message(3, "green jacket")
    )
    assert await found(engine, workspace, index, words("red jacket torn")) == [2]
    assert await found(engine, workspace, index, words("red jacket torn", least=2)) == [2, 1]
    assert await found(engine, workspace, index, words("red jacket torn", least=1)) == [2, 1, 3]


async def test_scores_say_how_much_of_the_question_is_there(engine: Engine, workspace: WorkspaceId, index: Index):
    many = [message(number, f"jacket number {number}") for number in range(10, 20)]
    await put(engine, workspace, index, message(1, "red jacket"), message(2, "zipper"), *many)
    answer = await engine.find(workspace, index, Asked(filters=ANYBODY, words=words("red jacket", least=1)))
    assert numbers(answer.words)[0] == 1
    assert answer.words[0].score > 0.9
    assert answer.words[0].coverage == pytest.approx(1, abs=0.01)
    assert all(0 <= one.score < 0.7 and not one.ident for one in answer.words[1:])


async def test_a_phrase_stands_together_and_the_excluded_nowhere(engine: Engine, workspace: WorkspaceId, index: Index):
    await put(
        engine,
        workspace,
        index,
        message(1, "my gift card is empty"),
        message(2, "the card came with a gift"),
        message(3, "gift card, never again"),
    )
    assert sorted(await found(engine, workspace, index, Words(phrases=("gift card",)))) == [1, 3]
    assert await found(engine, workspace, index, Words(phrases=("gift card",), excluded=("again",))) == [1]
    assert await found(engine, workspace, index, words("gift", excluded=("gift card",))) == [2]
    assert sorted(await found(engine, workspace, index, Words(excluded=("empty",)))) == [2, 3]


async def test_one_of_each_group_must_be_there(engine: Engine, workspace: WorkspaceId, index: Index):
    await put(engine, workspace, index, message(1, "refund now"), message(2, "replacement now"), message(3, "now"))
    group = (Word(text="refund"), Word(text="replacement"))
    assert sorted(await found(engine, workspace, index, Words(groups=(group,)))) == [1, 2]
    assert sorted(await found(engine, workspace, index, words("now", groups=(group,)))) == [1, 2]


async def test_a_word_that_is_being_typed_and_one_that_was_meant(engine: Engine, workspace: WorkspaceId, index: Index):
    await put(engine, workspace, index, message(1, "the invoice"), message(2, "the parcel"))
    assert await found(engine, workspace, index, Words(words=(Word(text="invo", prefix=True),))) == [1]
    assert await found(engine, workspace, index, Words(words=(Word(text="parzel", instead=("parcel",)),))) == [2]


async def test_an_id_is_found_whatever_the_words_and_the_longest_reading_first(
    engine: Engine, workspace: WorkspaceId, index: Index
):
    await put(
        engine,
        workspace,
        index,
        message(1, "where is it", idents=("ord482133", "482133")),
        message(2, "where is it", idents=("inv482133", "482133")),
        message(3, "ord where"),
    )
    asked = words("ord where", idents=("ord482133", "482133"))
    answer = await engine.find(workspace, index, Asked(filters=ANYBODY, words=asked))
    assert numbers(answer.words) == [1, 2, 3]
    assert [one.ident for one in answer.words] == [True, True, False]
    assert await found(engine, workspace, index, Words(idents=("999999",))) == []


async def test_names_and_addresses_with_a_typo_or_in_part(engine: Engine, workspace: WorkspaceId, index: Index):
    await put(
        engine,
        workspace,
        index,
        contact(1, "margarethe hollingsworth", "m.hollingsworth@example.com"),
        contact(2, "bertram oduya", "oduya1987@example.org"),
    )
    for asked, expected in (("margarete", 1), ("holingsworth", 1), ("oduya", 2), ("bertran oduya", 2)):
        assert (await found(engine, workspace, index, words(asked)))[:1] == [expected], asked


async def test_filters_hold_on_both_sides(engine: Engine, workspace: WorkspaceId, index: Index):
    one = message(1, "parcel", meaning="p", facts={"statuses": ("open",), "tags": ("vip",), "tickets": ("t1",)})
    two = message(2, "parcel", meaning="p", channel="chat", contact_id=BEN, people=("ben@example.com",))
    three = message(3, "parcel", meaning="p", kind="note", internal=True, idents=("ord1",))
    await put(engine, workspace, index, one, two, three)
    await engine.embed(workspace, index, [embedded(each, 1) for each in (one, two, three)])
    later = NOON + timedelta(minutes=2)
    for filters, expected in (
        (ANYBODY, {1, 2, 3}),
        (Filters(internal=False), {1, 2}),
        (Filters(internal=True, contacts=(BEN,)), {2}),
        (Filters(internal=True, contacts=()), set()),
        (Filters(internal=True, contacts=(uuid.uuid4(),)), set()),
        (Filters(internal=True, kinds=frozenset({"note", "call"})), {3}),
        (Filters(internal=True, channels=frozenset({"chat"})), {2}),
        (Filters(internal=True, directions=frozenset({"outbound"})), set()),
        (Filters(internal=True, statuses=frozenset({"open", "closed"})), {1}),
        (Filters(internal=True, tags=frozenset({"vip"})), {1}),
        (Filters(internal=True, tickets=frozenset({"t1"})), {1}),
        (Filters(internal=True, idents=frozenset({"ord1"})), {3}),
        (Filters(internal=True, people=frozenset({"ben@example.com"})), {2}),
        (Filters(internal=True, start=later), {2, 3}),
        (Filters(internal=True, end=later), {1}),
        (Filters(internal=True, without=frozenset({one.id})), {2, 3}),
        (Filters(internal=True, channels=frozenset({"chat"}), contacts=(ANNA,)), set()),
    ):
        asked = Asked(filters=filters, words=words("parcel"), vector=vector(1), total=True)
        answer = await engine.find(workspace, index, asked)
        assert set(numbers(answer.words)) == expected, filters
        assert set(numbers(answer.meaning)) == expected, filters
        assert answer.total == len(expected), filters


async def test_meaning_is_a_raw_cosine(engine: Engine, workspace: WorkspaceId, index: Index):
    one, two, three = (message(number, meaning="x") for number in (1, 2, 3))
    await put(engine, workspace, index, one, two, three)
    await engine.embed(workspace, index, [embedded(one, 1), embedded(two, 1, 1), embedded(three, -1)])
    answer = await engine.find(workspace, index, Asked(filters=ANYBODY, vector=vector(1)))
    assert numbers(answer.meaning) == [1, 2, 3]
    assert [one.score for one in answer.meaning] == pytest.approx([1, 0.7071, -1], abs=0.01)
    assert answer.words == []


async def test_what_is_excluded_is_no_more_found_by_meaning(engine: Engine, workspace: WorkspaceId, index: Index):
    one, two = message(1, "gift card", meaning="x"), message(2, "torn jacket", meaning="x")
    await put(engine, workspace, index, one, two)
    await engine.embed(workspace, index, [embedded(one, 1), embedded(two, 1)])
    for asked in (Words(excluded=("jacket",)), Words(phrases=("gift card",))):
        answer = await engine.find(workspace, index, Asked(filters=ANYBODY, words=asked, vector=vector(1)))
        assert numbers(answer.meaning) == [1], asked


async def test_what_means_the_same_as_a_document(engine: Engine, workspace: WorkspaceId, index: Index):
    one, two, three = (message(number, meaning="x") for number in (1, 2, 3))
    await put(engine, workspace, index, one, two, three, message(4))
    await engine.embed(workspace, index, [embedded(one, 1), embedded(two, 1, 0.1), embedded(three, 0, 1)])
    answer = await engine.near(workspace, index, one.id, Asked(filters=ANYBODY))
    assert numbers(answer.meaning) == [2, 3]
    assert (await engine.near(workspace, index, message(4).id, Asked(filters=ANYBODY))).meaning == []
    assert (await engine.near(workspace, index, "item-nothing", Asked(filters=ANYBODY))).meaning == []


async def test_around_the_middle_of_some_documents(engine: Engine, workspace: WorkspaceId, index: Index):
    one, two, three = (message(number, meaning="x") for number in (1, 2, 3))
    await put(engine, workspace, index, one, two, three, message(4))
    await engine.embed(workspace, index, [embedded(one, 1), embedded(two, 0, 1), embedded(three, 1, 1)])
    ids = [each.id for each in (one, two, three, message(4))]
    near = await engine.around(workspace, index, [(one.id, 1.0), (two.id, 1.0)], ids)
    assert near == pytest.approx({one.id: 0.7071, two.id: 0.7071, three.id: 1.0}, abs=0.01)
    tilted = await engine.around(workspace, index, [(one.id, 3.0), (two.id, 1.0)], ids)
    assert tilted[one.id] > tilted[two.id]
    assert await engine.around(workspace, index, [(message(4).id, 1.0)], ids) == {}


async def test_newest_first_goes_on_where_it_ended(engine: Engine, workspace: WorkspaceId, index: Index):
    same = NOON + timedelta(hours=1)
    await put(engine, workspace, index, *(message(n, "parcel") for n in range(1, 6)))
    await put(engine, workspace, index, *(message(n, "parcel", at=same) for n in (6, 7)), message(8, "else"))
    for asked in (words("parcel"), None):
        seen: list[int] = []
        after = None
        while True:
            question = Asked(filters=ANYBODY, words=asked, order="newest", after=after, limit=3)
            page = (await engine.find(workspace, index, question)).words
            if not page:
                break
            seen += numbers(page)
            after = (page[-1].at, page[-1].id)
        assert seen == [7, 6, *([8] if asked is None else []), 5, 4, 3, 2, 1]


async def test_facets_count_what_is_found_and_may_be_seen(engine: Engine, workspace: WorkspaceId, index: Index):
    await put(
        engine,
        workspace,
        index,
        message(1, "parcel", facts={"statuses": ("open",), "tags": ("late", "vip"), "outcomes": ("open",)}),
        message(2, "parcel", facts={"statuses": ("closed", "open"), "tags": ("late",), "queues": ("post: 'a'",)}),
        message(3, "parcel", channel="chat", kind="note", internal=True, facts={"tags": ("late",)}),
        message(4, "jacket", facts={"tags": ("late",)}),
    )
    question = Asked(
        filters=Filters(internal=False),
        words=words("parcel"),
        facets=("kind", "channel", "status", "tag", "queue", "agent", "outcome"),
        total=True,
    )
    answer = await engine.find(workspace, index, question)
    assert answer.total == 2
    assert answer.facets == {
        "kind": {"message": 2},
        "channel": {"email": 2},
        "status": {"open": 2, "closed": 1},
        "tag": {"late": 2, "vip": 1},
        "queue": {"post: 'a'": 1},
        "agent": {},
        "outcome": {"open": 1},
    }
    everything = msgspec.structs.replace(question, words=None, facets=("kind",), filters=ANYBODY)
    answer = await engine.find(workspace, index, everything)
    assert (answer.total, answer.facets) == (4, {"kind": {"message": 3, "note": 1}})


async def test_outcomes_come_with_a_candidate(engine: Engine, workspace: WorkspaceId, index: Index):
    await put(engine, workspace, index, message(1, "parcel", facts={"outcomes": ("came_back", "solved")}))
    answer = await engine.find(workspace, index, Asked(filters=ANYBODY, words=words("parcel")))
    assert [one.outcomes for one in answer.words] == [("came_back", "solved")]
