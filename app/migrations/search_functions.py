"""The functions of migration 0022: the only statements that search across the wall, each for `tl.workspace` alone.

How a statement reaches its rows is said by its `path`, never guessed by the planner: it knows neither how common a word
is in one workspace nor how many of its documents a filter leaves.
"""

SCOPE = """d.workspace_id = ws AND d.generation = gen
    AND (narrowed IS NULL OR d.facts @@ narrowed) AND (contacts IS NULL OR d.contact_id = ANY (contacts))
    AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
    AND (without IS NULL OR d.id <> ALL (without))"""
"""What may be found at all."""
HELD = "(held IS NULL OR d.words @@ held)"
"""The part of it that is kept among the words: ids, people and tickets."""

ARGUMENTS = """gen integer, path text, narrowed tsquery, held tsquery, contacts uuid[], since timestamptz,
  until timestamptz, without text[]"""
WORKSPACE = "ws uuid := nullif(current_setting('tl.workspace', true), '')::uuid"
HEAD = """LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
SET enable_sort = off SET enable_incremental_sort = off SET max_parallel_workers_per_gather = 0"""
"""Sorts are off so that an index is read in its order; where there is none, they are done all the same."""

BY_WORDS = f"""
CREATE FUNCTION search_by_words({ARGUMENTS}, probes tsquery[], worths real[], asked tsquery[], weights real[],
  whole tsquery, fewest integer, idents tsquery[], typical real, most integer)
RETURNS TABLE (id text, kind text, at timestamptz, facts tsvector, coverage real, closeness real, length integer,
  ident integer) {HEAD} SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE {WORKSPACE};
BEGIN
  RETURN QUERY
  WITH met AS MATERIALIZED (
    SELECT m.place, sum(m.worth) / (1 + 2 * max(m.length) / typical) AS worth, max(m.at) AS at
    FROM unnest(probes, worths) AS p(probe, worth) CROSS JOIN LATERAL (
      SELECT d.ctid AS place, d.at, length(d.words) AS length, p.worth FROM search_document d
      WHERE d.words @@ p.probe AND {SCOPE}) AS m
    GROUP BY m.place ORDER BY 2 DESC, 3 DESC, 1 LIMIT most),
  scored AS (
    SELECT d.id, d.kind, d.at, d.facts, a.coverage, a.held,
      CASE WHEN whole IS NULL THEN 1 ELSE least(1, ts_rank_cd('{{1,1,1,1}}', d.words, whole)) END AS closeness,
      length(d.words) AS length,
      (SELECT min(i.at) FROM unnest(idents) WITH ORDINALITY AS i(ident, at) WHERE d.words @@ i.ident)::integer AS ident
    FROM met m JOIN search_document d ON d.ctid = m.place AND d.workspace_id = ws
    CROSS JOIN LATERAL (SELECT coalesce(sum(w.weight), 0)::real AS coverage, count(*) AS held
      FROM unnest(asked, weights) AS w(word, weight) WHERE d.words @@ w.word) AS a)
  SELECT s.id, s.kind, s.at, s.facts, s.coverage, s.closeness::real, s.length, s.ident FROM scored s
  WHERE s.held >= fewest OR s.ident IS NOT NULL
  ORDER BY s.ident NULLS LAST, s.coverage DESC, s.closeness DESC, s.at DESC, s.id LIMIT most;
END $$"""

_NEWEST = f"""SELECT d.id, d.kind, d.at, d.facts FROM search_document d WHERE {SCOPE}
      AND (before IS NULL OR (d.at, d.id) < (before, before_id))"""
_ASKED = "(asked IS NULL OR d.words @@ asked)"

NEWEST = f"""
CREATE FUNCTION search_newest({ARGUMENTS}, asked tsquery, before timestamptz, before_id text, most integer)
RETURNS TABLE (id text, kind text, at timestamptz, facts tsvector) {HEAD} AS $$
#variable_conflict use_column
DECLARE {WORKSPACE};
BEGIN
  IF path = 'words' THEN
    RETURN QUERY WITH met AS MATERIALIZED ({_NEWEST} AND {HELD} AND d.words @@ asked)
    SELECT m.id, m.kind, m.at, m.facts FROM met m ORDER BY m.at DESC, m.id DESC LIMIT most;
  ELSIF path = 'contacts' THEN
    RETURN QUERY WITH met AS MATERIALIZED ({_NEWEST} AND {HELD} AND {_ASKED} AND d.contact_id = ANY (contacts))
    SELECT m.id, m.kind, m.at, m.facts FROM met m ORDER BY m.at DESC, m.id DESC LIMIT most;
  ELSIF before IS NULL THEN
    RETURN QUERY {_NEWEST} AND {HELD} AND {_ASKED} ORDER BY d.at DESC, d.id DESC LIMIT most;
  ELSE
    RETURN QUERY {_NEWEST} AND {HELD} AND {_ASKED} AND (d.at, d.id) < (before, before_id)
    ORDER BY d.at DESC, d.id DESC LIMIT most;
  END IF;
END $$"""


_DATED = "d.at >= coalesce(since, '-infinity') AND d.at < coalesce(until, 'infinity')"
_ITS_DOCUMENT = f"""CROSS JOIN LATERAL (SELECT * FROM search_document i WHERE i.workspace_id = ws AND i.generation = gen
        AND i.id = v.id OFFSET 0) AS d WHERE {SCOPE} AND {HELD}"""
"""One after the other, until there are enough: the planner takes a filter for rarer than it is."""

_COVERED = """coalesce((SELECT sum(w.weight) FROM unnest(words_asked, weights) AS w(word, weight)
        WHERE d.words @@ w.word), 0)::real"""
_FIRST = f"""SELECT d.id, d.kind, d.at, d.facts, -v.far, {_COVERED} FROM (
      SELECT m.id, m.far FROM met m ORDER BY m.far, m.id) AS v {_ITS_DOCUMENT} LIMIT most;"""


def _nearest(dimensions: int) -> str:
    """By the graph: relaxed, so sorted once more."""
    return f"""
    RETURN QUERY WITH met AS MATERIALIZED (
      SELECT d.id, d.kind, d.at, d.facts, v.far, {_COVERED} AS coverage FROM (
        SELECT v.id, v.vector::halfvec({dimensions}) <#> asked::halfvec({dimensions}) AS far FROM search_vector v
        WHERE v.workspace_id = ws AND v.generation = gen AND v.dimensions = {dimensions}
        ORDER BY v.vector::halfvec({dimensions}) <#> asked::halfvec({dimensions})) AS v {_ITS_DOCUMENT} LIMIT most)
    SELECT m.id, m.kind, m.at, m.facts, -m.far, m.coverage FROM met m ORDER BY m.far, m.id;"""


def _one_by_one(reached: str) -> str:
    """Of the documents that a list leads to."""
    return f"""
    RETURN QUERY WITH allowed AS MATERIALIZED (
      SELECT d.id FROM search_document d WHERE {SCOPE} AND {reached}),
    met AS MATERIALIZED (
      SELECT a.id, v.vector <#> asked AS far FROM allowed a
      JOIN search_vector v ON v.workspace_id = ws AND v.generation = gen AND v.id = a.id
      WHERE v.dimensions = vector_dims(asked))
    {_FIRST}"""


_ALL = f"""
    RETURN QUERY WITH met AS MATERIALIZED (
      SELECT v.id, v.vector <#> asked AS far FROM search_vector v
      WHERE v.workspace_id = ws AND v.generation = gen AND v.dimensions = vector_dims(asked))
    {_FIRST}"""

BY_MEANING = f"""
CREATE FUNCTION search_by_meaning({ARGUMENTS}, asked halfvec, words_asked tsquery[], weights real[], most integer)
RETURNS TABLE (id text, kind text, at timestamptz, facts tsvector, cosine double precision, coverage real) {HEAD}
SET hnsw.ef_search = 100 SET hnsw.iterative_scan = relaxed_order SET hnsw.max_scan_tuples = 40000
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE {WORKSPACE};
BEGIN
  IF path = 'words' THEN {_one_by_one("d.words @@ held")}
  ELSIF path = 'contacts' THEN {_one_by_one(f"{HELD} AND d.contact_id = ANY (contacts)")}
  ELSIF path = 'dates' THEN {_one_by_one(f"{HELD} AND {_DATED}")}
  ELSIF path = 'narrow' THEN {_one_by_one(HELD)}
  ELSIF path = 'graph' AND vector_dims(asked) = 384 THEN {_nearest(384)}
  ELSIF path = 'graph' AND vector_dims(asked) = 768 THEN {_nearest(768)}
  ELSE {_ALL}
  END IF;
END $$"""

BY_NAME = f"""
CREATE FUNCTION search_by_name({ARGUMENTS}, asked text, most integer)
RETURNS TABLE (id text, kind text, at timestamptz, facts tsvector, likeness real) {HEAD}
SET pg_trgm.strict_word_similarity_threshold = 0.45 AS $$
#variable_conflict use_column
DECLARE {WORKSPACE};
BEGIN
  RETURN QUERY WITH met AS MATERIALIZED (
    SELECT d.id, d.kind, d.at, d.facts, strict_word_similarity(asked, d.people) AS likeness FROM search_document d
    WHERE d.kind = 'contact' AND asked <<% d.people AND {SCOPE} AND {HELD})
  SELECT m.id, m.kind, m.at, m.facts, m.likeness FROM met m ORDER BY m.likeness DESC, m.at DESC, m.id LIMIT most;
END $$"""

_LOOKED_AT = f"SELECT d.facts, d.words FROM search_document d WHERE {SCOPE}"
_ENOUGH = """WHERE fewest <= 1 OR (idents IS NOT NULL AND p.words @@ idents)
      OR (SELECT count(*) FROM unnest(singles) AS w(word) WHERE p.words @@ w.word) >= fewest LIMIT most"""
"""Of those that were looked at, and these are bounded: a question of many common words finds half of everything."""

COUNTED = f"""
CREATE FUNCTION search_counts({ARGUMENTS}, asked tsquery, singles tsquery[], fewest integer, idents tsquery,
  counted text[], most integer)
RETURNS TABLE (letter text, value text, documents bigint) {HEAD} AS $$
#variable_conflict use_column
DECLARE
  {WORKSPACE};
  found tsvector[];
BEGIN
  IF path = 'words' THEN
    found := ARRAY(SELECT p.facts FROM ({_LOOKED_AT} AND {HELD} AND d.words @@ asked LIMIT most * 2) AS p {_ENOUGH});
  ELSIF path = 'contacts' THEN
    found := ARRAY(SELECT p.facts FROM (
      {_LOOKED_AT} AND {HELD} AND {_ASKED} AND d.contact_id = ANY (contacts) LIMIT most * 2) AS p {_ENOUGH});
  ELSE
    found := ARRAY(SELECT p.facts FROM (
      {_LOOKED_AT} AND {HELD} AND {_ASKED} ORDER BY d.at DESC, d.id DESC LIMIT most * 2) AS p {_ENOUGH});
  END IF;
  RETURN QUERY SELECT '', '', cardinality(found)::bigint;
  IF cardinality(counted) > 0 THEN
    RETURN QUERY SELECT left(f.fact, 1), substr(f.fact, 3), count(*) FROM unnest(found) AS one(facts)
      CROSS JOIN LATERAL unnest(tsvector_to_array(one.facts)) AS f(fact)
      WHERE left(f.fact, 1) = ANY (counted) GROUP BY f.fact;
  END IF;
END $$"""

SAMPLED = f"""
CREATE FUNCTION search_sample(gen integer, most integer)
RETURNS TABLE (word text, documents integer) {HEAD} AS $$
#variable_conflict use_column
DECLARE {WORKSPACE};
BEGIN
  RETURN QUERY WITH newest AS MATERIALIZED (
    SELECT d.words, d.facts FROM search_document d WHERE d.workspace_id = ws AND d.generation = gen
    ORDER BY d.at DESC, d.id DESC LIMIT most)
  SELECT NULL, count(*)::integer FROM newest UNION ALL
  SELECT '', coalesce(avg(length(newest.words)), 0)::integer FROM newest UNION ALL
  SELECT repeat(' ', 4) || u.lexeme, count(*)::integer FROM newest CROSS JOIN LATERAL unnest(newest.facts) AS u
  GROUP BY u.lexeme UNION ALL
  SELECT u.lexeme, count(*)::integer FROM newest CROSS JOIN LATERAL unnest(newest.words) AS u
  WHERE substr(u.lexeme, 5, 1) NOT IN ('#', '@', '!') GROUP BY u.lexeme;
END $$"""

NAMES = ("search_by_words", "search_newest", "search_by_meaning", "search_by_name", "search_counts", "search_sample")
RIGHTS = "; ".join(
    f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC; GRANT EXECUTE ON FUNCTION {name} TO throughline_app" for name in NAMES
)
FUNCTIONS = (BY_WORDS, NEWEST, BY_MEANING, BY_NAME, COUNTED, SAMPLED, RIGHTS)
