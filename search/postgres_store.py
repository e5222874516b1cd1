"""Every statement of search in PostgreSQL: what writes and reads single documents goes through the wall, what searches
calls the functions of migration 0022."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from search.lexemes import LANGUAGES

Db = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Row = asyncpg.Record


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A document as it is kept: `words` and `facts` are the text of tsvectors."""

    id: str
    kind: str
    contact_id: UUID
    at: datetime
    facts: str
    words: str
    people: str
    digest: str
    meaning: str
    meaning_digest: str


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What may be found, and how it is reached: the first arguments of every function that searches."""

    generation: int
    path: str
    narrowed: str | None = None
    held: str | None = None
    contacts: tuple[UUID, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    without: tuple[str, ...] | None = None

    def arguments(self) -> list[object]:
        return [
            self.generation,
            self.path,
            self.narrowed,
            self.held,
            self.contacts,
            self.since,
            self.until,
            self.without,
        ]


_STEMS = ", ".join(f"coalesce((ts_lexize('{language}_stem', w.word))[1], '')" for language in LANGUAGES)


async def stems(db: Db, words: Sequence[str]) -> list[Row]:
    """Each word with its stem in every language; empty: it is a stop word there."""
    return await db.fetch(f"SELECT w.word, ARRAY[{_STEMS}] AS stems FROM unnest($1::text[]) AS w(word)", words)


def _seal(row: str, meant: str) -> str:
    """A digest of a document's columns as they stand, and of what its vector is of: other than what was kept with it
    where somebody changed them by hand."""
    at = f"extract(epoch FROM {row}.at)"
    columns = f"{row}.words, {row}.facts, {row}.people, {row}.kind, {row}.contact_id, {at}, {row}.digest, {meant}"
    return f"md5(concat_ws(E'\\n', {columns}))"


_COLUMNS = "kind, contact_id, at, facts, words, people, content, digest"
_OTHER = ", ".join(f"d.{name.strip()}" for name in _COLUMNS.split(","))
_NEW = ", ".join(f"excluded.{name.strip()}" for name in _COLUMNS.split(","))


async def write(db: Db, workspace: UUID, generation: int, documents: Sequence[Kept]) -> None:
    """What is as it was stays untouched; words that are as they were keep their place, so that no index is touched."""
    await db.execute(
        "INSERT INTO search_document AS d (workspace_id, generation, id, kind, contact_id, at, facts, words, people, "
        "digest, content) SELECT $1, $2, k.id, k.kind, k.contact_id, k.at, k.facts, k.words, k.people, k.digest, "
        f"{_seal('k', 'k.meant')} FROM (SELECT id, kind, contact_id, at, facts::tsvector AS facts, "
        "words::tsvector AS words, people, digest, meant FROM unnest($3::text[], $4::text[], $5::uuid[], "
        "$6::timestamptz[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[]) AS n(id, kind, contact_id, "
        "at, facts, words, people, digest, meant) OFFSET 0) AS k "
        "ON CONFLICT (workspace_id, generation, id) DO UPDATE SET kind = excluded.kind, "
        "contact_id = excluded.contact_id, at = excluded.at, facts = excluded.facts, "
        "words = CASE WHEN d.words = excluded.words THEN d.words ELSE excluded.words END, "
        "people = CASE WHEN d.people = excluded.people THEN d.people ELSE excluded.people END, "
        f"content = excluded.content, digest = excluded.digest WHERE ({_OTHER}) IS DISTINCT FROM ({_NEW})",
        workspace,
        generation,
        [one.id for one in documents],
        [one.kind for one in documents],
        [one.contact_id for one in documents],
        [one.at for one in documents],
        [one.facts for one in documents],
        [one.words for one in documents],
        [one.people for one in documents],
        [one.digest for one in documents],
        [one.meaning_digest for one in documents],
    )


async def write_meanings(db: Db, workspace: UUID, generation: int, documents: Sequence[Kept]) -> None:
    """What means something else waits for its vector; what means what it meant keeps it."""
    await db.execute(
        "INSERT INTO search_vector AS v (workspace_id, generation, id, at, digest, meaning) "
        "SELECT $1, $2, k.id, k.at, k.digest, k.meaning FROM unnest($3::text[], $4::timestamptz[], $5::text[], "
        "$6::text[]) AS k(id, at, digest, meaning) ON CONFLICT (workspace_id, generation, id) DO UPDATE SET "
        "at = excluded.at, digest = excluded.digest, meaning = excluded.meaning, dimensions = 0, vector = NULL "
        "WHERE v.digest <> excluded.digest",
        workspace,
        generation,
        [one.id for one in documents],
        [one.at for one in documents],
        [one.meaning_digest for one in documents],
        [one.meaning for one in documents],
    )


async def delete(db: Db, workspace: UUID, generation: int, ids: Sequence[str]) -> None:
    await delete_meanings(db, workspace, generation, ids)
    await db.execute(
        "DELETE FROM search_document WHERE workspace_id = $1 AND generation = $2 AND id = ANY($3::text[])",
        workspace,
        generation,
        ids,
    )


async def delete_meanings(db: Db, workspace: UUID, generation: int, ids: Sequence[str]) -> None:
    await db.execute(
        "DELETE FROM search_vector WHERE workspace_id = $1 AND generation = $2 AND id = ANY($3::text[])",
        workspace,
        generation,
        ids,
    )


async def some_ids(db: Db, workspace: UUID, generation: int, limit: int) -> list[str]:
    """Ids of the index, also of what has a vector and no document."""
    rows = await db.fetch(
        "(SELECT id FROM search_document WHERE workspace_id = $1 AND generation = $2 LIMIT $3) UNION "
        "(SELECT id FROM search_vector WHERE workspace_id = $1 AND generation = $2 LIMIT $3)",
        workspace,
        generation,
        limit,
    )
    return [row["id"] for row in rows]


async def waiting(db: Db, workspace: UUID, generation: int, limit: int) -> list[Row]:
    return await db.fetch(
        "SELECT id, meaning, digest FROM search_vector WHERE workspace_id = $1 AND generation = $2 AND vector IS NULL "
        "ORDER BY at DESC, id DESC LIMIT $3",
        workspace,
        generation,
        limit,
    )


async def put_vectors(db: Db, workspace: UUID, generation: int, rows: Sequence[tuple[str, str, list[float]]]) -> None:
    """Ids with the digest of what was embedded: of what means something else by now the vector is left out."""
    await db.executemany(
        "UPDATE search_vector SET vector = $5::real[]::halfvec, dimensions = cardinality($5::real[]), meaning = NULL "
        "WHERE workspace_id = $1 AND generation = $2 AND id = $3 AND digest = $4",
        [(workspace, generation, *row) for row in rows],
    )


async def vector_of(db: Db, workspace: UUID, generation: int, name: str) -> list[float] | None:
    return await db.fetchval(
        "SELECT vector::real[] FROM search_vector WHERE workspace_id = $1 AND generation = $2 AND id = $3",
        workspace,
        generation,
        name,
    )


async def around(
    db: Db, workspace: UUID, generation: int, seeds: Sequence[tuple[str, float]], ids: Sequence[str]
) -> list[Row]:
    """The cosine of each id to the weighted sum of the seeds."""
    return await db.fetch(
        "WITH seed AS MATERIALIZED (SELECT v.vector, s.weight FROM unnest($3::text[], $4::float8[]) AS s(id, weight) "
        "JOIN search_vector v ON v.workspace_id = $1 AND v.generation = $2 AND v.id = s.id "
        "WHERE v.vector IS NOT NULL), "
        "middle AS MATERIALIZED (SELECT sqrt(nullif(sum(-(a.vector <#> b.vector) * a.weight * b.weight), 0)) AS length "
        "FROM seed a CROSS JOIN seed b) "
        "SELECT n.id, sum(-(n.vector <#> seed.vector) * seed.weight) / min(middle.length) AS cosine "
        "FROM search_vector n CROSS JOIN seed CROSS JOIN middle WHERE n.workspace_id = $1 AND n.generation = $2 "
        "AND n.id = ANY($5::text[]) AND n.vector IS NOT NULL AND middle.length IS NOT NULL GROUP BY n.id",
        workspace,
        generation,
        [name for name, _ in seeds],
        [weight for _, weight in seeds],
        ids,
    )


async def digests(db: Db, workspace: UUID, generation: int, after: str, limit: int) -> list[Row]:
    """By what is really there: of what was changed by hand, or lost what it means, nothing."""
    seal = _seal("d", "coalesce(v.digest, '')")
    return await db.fetch(
        f"SELECT d.id, CASE d.content WHEN {seal} THEN d.digest ELSE '' END AS digest "
        "FROM (SELECT * FROM search_document WHERE workspace_id = $1 AND generation = $2 AND id > $3 ORDER BY id "
        "LIMIT $4) AS d LEFT JOIN search_vector v ON v.workspace_id = $1 AND v.generation = $2 AND v.id = d.id "
        "ORDER BY d.id",
        workspace,
        generation,
        after,
        limit,
    )


async def held(db: Db, workspace: UUID, generation: int, ids: Sequence[str]) -> list[Row]:
    return await db.fetch(
        "SELECT id, digest FROM search_document WHERE workspace_id = $1 AND generation = $2 AND id = ANY($3::text[])",
        workspace,
        generation,
        ids,
    )


async def count(db: Db, workspace: UUID, generation: int) -> Row | None:
    return await db.fetchrow(
        "SELECT (SELECT count(*) FROM search_document WHERE workspace_id = $1 AND generation = $2) AS documents, "
        "(SELECT count(*) FROM search_vector WHERE workspace_id = $1 AND generation = $2 AND vector IS NULL) "
        "AS waiting",
        workspace,
        generation,
    )


async def count_between(
    db: Db, workspace: UUID, generation: int, since: datetime | None, until: datetime | None, most: int
) -> int:
    """Documents of these dates, or `most` where there are more."""
    found = await db.fetchval(
        "SELECT count(*) FROM (SELECT FROM search_document WHERE workspace_id = $1 AND generation = $2 "
        "AND at >= coalesce($3, '-infinity'::timestamptz) AND at < coalesce($4, 'infinity'::timestamptz) LIMIT $5) "
        "AS d",
        workspace,
        generation,
        since,
        until,
        most,
    )
    return int(found or 0)


async def count_everybody(db: Db) -> int:
    """Documents of all workspaces, as of the last statistics; -1 before the first."""
    return int(await db.fetchval("SELECT reltuples FROM pg_class WHERE oid = 'search_document'::regclass") or 0)


async def sample(db: Db, generation: int, most: int) -> list[Row]:
    """Of the newest documents of each kind: how many they are (no word) and of how many (a blank, each kind to a
    million), how long they are (an empty word), and in how many each word (four letters behind its beginning) and each
    fact (behind four blanks) stands."""
    return await db.fetch("SELECT word, documents FROM search_sample($1, $2)", generation, most)


async def by_words(
    db: Db,
    scope: Scope,
    *,
    probes: Sequence[tuple[str, float]],
    asked: Sequence[tuple[str, float]],
    whole: str | None,
    least: int,
    idents: Sequence[str],
    typical: float,
    most: int,
) -> list[Row]:
    """Probes are what is looked up, and what each adds to being looked at; `asked` is what is scored."""
    return await db.fetch(
        "SELECT id, kind, at, facts, coverage, closeness, length, ident FROM search_by_words($1, $2, $3::tsquery, "
        "$4::tsquery, $5, $6, $7, $8, $9::text[]::tsquery[], $10, $11::text[]::tsquery[], $12, $13::tsquery, $14, "
        "$15::text[]::tsquery[], $16, $17)",
        *scope.arguments(),
        [query for query, _ in probes],
        [worth for _, worth in probes],
        [query for query, _ in asked],
        [weight for _, weight in asked],
        whole,
        least,
        idents,
        typical,
        most,
    )


async def newest(db: Db, scope: Scope, asked: str | None, after: tuple[datetime, str] | None, most: int) -> list[Row]:
    before, before_id = after or (None, None)
    return await db.fetch(
        "SELECT id, kind, at, facts FROM search_newest($1, $2, $3::tsquery, $4::tsquery, $5, $6, $7, $8, "
        "$9::tsquery, $10, $11, $12)",
        *scope.arguments(),
        asked,
        before,
        before_id,
        most,
    )


async def by_meaning(
    db: Db, scope: Scope, vector: list[float], asked: Sequence[tuple[str, float]], most: int
) -> list[Row]:
    return await db.fetch(
        "SELECT id, kind, at, facts, cosine, coverage FROM search_by_meaning($1, $2, $3::tsquery, $4::tsquery, $5, $6, "
        "$7, $8, $9::real[]::halfvec, $10::text[]::tsquery[], $11, $12)",
        *scope.arguments(),
        vector,
        [query for query, _ in asked],
        [weight for _, weight in asked],
        most,
    )


async def by_name(db: Db, scope: Scope, asked: str, most: int) -> list[Row]:
    return await db.fetch(
        "SELECT id, kind, at, facts, likeness FROM search_by_name($1, $2, $3::tsquery, $4::tsquery, $5, $6, $7, $8, "
        "$9, $10)",
        *scope.arguments(),
        asked,
        most,
    )


async def counted(
    db: Db,
    scope: Scope,
    *,
    asked: str | None,
    words: Sequence[str],
    least: int,
    idents: str | None,
    letters: Sequence[str],
    most: int,
) -> list[Row]:
    """A row without a letter is the total; the others count each value of the facts that are asked for."""
    return await db.fetch(
        "SELECT letter, value, documents FROM search_counts($1, $2, $3::tsquery, $4::tsquery, $5, $6, $7, $8, "
        "$9::tsquery, $10::text[]::tsquery[], $11, $12::tsquery, $13, $14)",
        *scope.arguments(),
        asked,
        words,
        least,
        idents,
        letters,
        most,
    )
