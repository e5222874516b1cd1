"""How common words are, once more: of all kinds of documents as many as there are of each.

The newest by their time were contacts alone where a history was imported: those are of today, what they said is of
then, and no word of it was known to be common.
"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app.migrations.search_functions import HEAD, WORKSPACE
from app.migrations.statements import run_script

ID = "0028-search-sample"
VERSION = "1.38.0"
DESCRIPTION = "Search: a sample of all kinds of documents."

SAMPLED = f"""
CREATE OR REPLACE FUNCTION search_sample(gen integer, most integer)
RETURNS TABLE (word text, documents integer) {HEAD} AS $$
#variable_conflict use_column
DECLARE {WORKSPACE};
BEGIN
  RETURN QUERY WITH kinds AS MATERIALIZED (
    SELECT k.low, k.high, c.documents, sum(c.documents) OVER () AS everything
    FROM (VALUES ('case-', 'case.'), ('contact-', 'contact.'), ('item-', 'item.')) AS k(low, high)
    CROSS JOIN LATERAL (SELECT count(*) AS documents FROM (
      SELECT FROM search_document d WHERE d.workspace_id = ws AND d.generation = gen
        AND d.id >= k.low COLLATE "C" AND d.id < k.high COLLATE "C" LIMIT 1000000) AS d) AS c),
  newest AS MATERIALIZED (
    SELECT s.words, s.facts FROM kinds k CROSS JOIN LATERAL (
      SELECT d.words, d.facts FROM search_document d WHERE d.workspace_id = ws AND d.generation = gen
        AND d.id >= k.low COLLATE "C" AND d.id < k.high COLLATE "C"
      ORDER BY d.id DESC LIMIT ceil(most * k.documents / greatest(k.everything, most, 1))) AS s)
  SELECT NULL, count(*)::integer FROM newest UNION ALL
  SELECT ' ', coalesce(max(k.everything), 0)::integer FROM kinds k UNION ALL
  SELECT '', coalesce(avg(length(newest.words)), 0)::integer FROM newest UNION ALL
  SELECT repeat(' ', 4) || u.lexeme, count(*)::integer FROM newest CROSS JOIN LATERAL unnest(newest.facts) AS u
  GROUP BY u.lexeme UNION ALL
  SELECT u.lexeme, count(*)::integer FROM newest CROSS JOIN LATERAL unnest(newest.words) AS u
  WHERE substr(u.lexeme, 5, 1) NOT IN ('#', '@', '!') GROUP BY u.lexeme;
END $$"""  # noqa: S608 - nothing in it is anybody's words

SCRIPTS = (
    "GRANT throughline_search TO CURRENT_USER; GRANT CREATE ON SCHEMA public TO throughline_search",
    "SET LOCAL ROLE throughline_search",
    SAMPLED,
    "RESET ROLE; REVOKE CREATE ON SCHEMA public FROM throughline_search",
)


async def forwards() -> MigrationManager:
    """As the role that owns search."""
    manager = MigrationManager(migration_id=ID, app_name="app", description=DESCRIPTION)

    async def run() -> None:
        for script in SCRIPTS:
            await run_script(script)

    manager.add_raw(run)
    return manager
