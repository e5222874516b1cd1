"""Every statement of the words of a corpus: learnt with the documents, forgotten with them, and read."""

from collections.abc import Sequence
from typing import Any

from identity.claims import lock_key
from identity.customers import WorkspaceId
from identity.store import lock
from search.documents import Document
from search.vocabulary import HIDDEN, MOST, words_of

Db = Any


async def learn(db: Db, workspace: WorkspaceId, documents: Sequence[Document], gone: Sequence[str] = ()) -> None:
    """Count the words of documents, in the place of those for which they were counted before; those that are gone have
    none. A word that nothing holds any more goes."""
    if not (documents or gone):
        return
    await lock(db, [lock_key(workspace, "search words", "")])
    spoken = {**dict.fromkeys(gone, ""), **{one.id: " ".join(words_of(one)) for one in documents}}
    names = sorted(spoken)
    lost = await db.fetch(
        "WITH new AS (SELECT document_id, words FROM unnest($2::text[], $3::text[]) AS n(document_id, words)), "
        "old AS MATERIALIZED (SELECT s.document_id, s.words FROM new n JOIN search_spoken s ON s.workspace_id = $1 "
        "AND s.document_id = n.document_id), "
        "changed AS MATERIALIZED (SELECT n.document_id, n.words, coalesce(o.words, '') AS before FROM new n "
        "LEFT JOIN old o ON o.document_id = n.document_id WHERE n.words <> coalesce(o.words, '')), "
        "put AS (INSERT INTO search_spoken (workspace_id, document_id, words) SELECT $1, document_id, words "
        "FROM changed WHERE words <> '' ON CONFLICT (workspace_id, document_id) DO UPDATE SET words = excluded.words), "
        "taken AS (DELETE FROM search_spoken WHERE workspace_id = $1 AND document_id IN "
        "(SELECT document_id FROM changed WHERE words = '')), "
        "each AS (SELECT word, 1 AS one FROM changed, string_to_table(words, ' ') AS word UNION ALL "
        "SELECT word, -1 FROM changed, string_to_table(before, ' ') AS word), "
        "more AS (SELECT word, sum(one)::integer AS documents FROM each WHERE word <> '' GROUP BY word "
        "HAVING sum(one) <> 0) "
        "INSERT INTO search_word AS w (workspace_id, word, documents) SELECT $1, word, documents FROM more "
        "ORDER BY word ON CONFLICT (workspace_id, word) DO UPDATE SET documents = w.documents + excluded.documents "
        "RETURNING w.word, w.documents",
        workspace,
        names,
        [spoken[name] for name in names],
    )
    if none := [row["word"] for row in lost if row["documents"] <= 0]:
        await db.execute("DELETE FROM search_word WHERE workspace_id = $1 AND word = ANY($2::text[])", workspace, none)


async def words(db: Db, workspace: WorkspaceId, *, internal: bool) -> dict[str, int]:
    """The words of a workspace, with `internal` those of its notes too, the commonest where there are too many to keep;
    with their documents."""
    told = await db.fetchval(
        "SELECT string_agg(word || ' ' || documents, ' ') FROM (SELECT word, documents FROM search_word "
        "WHERE workspace_id = $1 AND ($3 OR NOT starts_with(word, $4)) ORDER BY documents DESC LIMIT $2) AS w",
        workspace,
        MOST,
        internal,
        HIDDEN,
    )
    parts = (told or "").split(" ")
    counts: dict[str, int] = {}
    for word, count in zip(parts[::2], parts[1::2], strict=False):
        name = word.removeprefix(HIDDEN)
        counts[name] = counts.get(name, 0) + int(count)
    return counts


async def known(db: Db, workspace: WorkspaceId, asked: Sequence[str], *, internal: bool) -> set[str]:
    """Which of some words stand in some document now, with `internal` a note or not."""
    names = [*asked, *(HIDDEN + word for word in asked if internal)]
    rows = await db.fetch(
        "SELECT word FROM search_word WHERE workspace_id = $1 AND word = ANY($2::text[])", workspace, names
    )
    return {row["word"].removeprefix(HIDDEN) for row in rows}
