-- Written by `make docs` from the migrations; not to be edited.

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';

CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;

COMMENT ON EXTENSION vector IS 'vector data type and ivfflat and hnsw access methods';

CREATE FUNCTION public.analyze_young_tables() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
DECLARE
  young regclass;
  done integer := 0;
BEGIN
  FOR young IN SELECT s.relid FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
    WHERE s.schemaname = 'public' AND c.relowner = (SELECT oid FROM pg_roles WHERE rolname = 'throughline_owner')
    AND c.reltuples < 50000 AND s.n_mod_since_analyze > 20 + greatest(c.reltuples, 0)
  LOOP
    EXECUTE format('ANALYZE %s', young);
    done := done + 1;
  END LOOP;
  RETURN done;
END $$;

ALTER FUNCTION public.analyze_young_tables() OWNER TO throughline_owner;

COMMENT ON FUNCTION public.analyze_young_tables() IS 'statistics for tables that doubled: until then their plans read a workspace whole';

CREATE FUNCTION public.current_epoch() RETURNS integer
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public'
    AS $$
  SELECT epoch FROM workspace WHERE id = nullif(current_setting('tl.workspace', true), '')::uuid
$$;

ALTER FUNCTION public.current_epoch() OWNER TO throughline_owner;

COMMENT ON FUNCTION public.current_epoch() IS 'the epoch of the workspace that the transaction works for';

CREATE SEQUENCE public.ledger_position
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.ledger_position OWNER TO throughline_owner;

CREATE TABLE public.link_decision (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    "position" bigint DEFAULT nextval('public.ledger_position'::regclass) NOT NULL,
    kind text NOT NULL,
    contact_a uuid,
    contact_b uuid,
    contacts uuid[] DEFAULT ARRAY[]::uuid[] NOT NULL,
    home_id uuid,
    event_id uuid,
    undoes uuid,
    grade text NOT NULL,
    actor text NOT NULL,
    reason text,
    evidence jsonb NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    epoch integer DEFAULT COALESCE(public.current_epoch(), 1) NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT link_decision_kind_check CHECK ((kind = ANY (ARRAY['link'::text, 'proof'::text, 'merge'::text, 'unmerge'::text, 'split'::text, 'not_same'::text, 'place'::text, 'undo'::text])))
);
ALTER TABLE ONLY public.link_decision ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.link_decision FORCE ROW LEVEL SECURITY;

ALTER TABLE public.link_decision OWNER TO throughline_owner;

COMMENT ON TABLE public.link_decision IS 'who is who, by whom, on what evidence: append-only';

COMMENT ON COLUMN public.link_decision.contact_a IS 'merge and unmerge: the side whose id stays; link: the arriving one; place: the origin; split: the new home';

COMMENT ON COLUMN public.link_decision.contact_b IS 'merge and unmerge: the side that loses its id; link: the one matched; place: the new place; split: the old home';

CREATE FUNCTION public.decision_digest(d public.link_decision) RETURNS bytea
    LANGUAGE sql STABLE
    AS $$
  SELECT sha256(convert_to(jsonb_build_array('decision', d.position, d.id, d.kind, d.contact_a, d.contact_b, d.contacts,
    d.home_id, d.event_id, d.undoes, d.grade, d.actor, d.reason, d.evidence, extract(epoch FROM d.decided_at))::text,
    'UTF8'))
$$;

ALTER FUNCTION public.decision_digest(d public.link_decision) OWNER TO throughline_owner;

CREATE FUNCTION public.erase(made uuid, people uuid[], items uuid[], keys bytea[], by_whom text, why text, at timestamp with time zone, again boolean) RETURNS TABLE(events integer, digest bytea)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
#variable_conflict use_column
DECLARE
  ws uuid := nullif(current_setting('tl.workspace', true), '')::uuid;
  ends uuid[];
  decided uuid[];
  blanked integer;
  proof bytea;
BEGIN
  IF NOT again AND EXISTS (SELECT FROM holds_over(ws, people, items)) THEN
    RAISE EXCEPTION 'a legal hold stands' USING ERRCODE = 'TL001';
  END IF;

  ends := ARRAY(SELECT unnest(people) UNION SELECT c.home_id FROM contact c
    WHERE c.workspace_id = ws AND c.id = ANY (people));
  WITH RECURSIVE about_them AS (
    SELECT d.id FROM link_decision d WHERE d.workspace_id = ws
      AND (d.contact_a = ANY (ends) OR d.contact_b = ANY (ends))
    UNION SELECT d.id FROM link_decision d WHERE d.workspace_id = ws AND d.kind = 'split' AND d.contacts && people
      AND d.contact_a = ANY (SELECT p.home_id FROM contact_past p WHERE p.workspace_id = ws
        AND p.contact_id = ANY (people))
    UNION SELECT p.decision_id FROM placement p WHERE p.workspace_id = ws
      AND (p.event_id = ANY (items) OR p.origin_id = ANY (people))
    UNION SELECT u.id FROM link_decision u JOIN about_them a ON u.undoes = a.id WHERE u.workspace_id = ws)
  SELECT array_agg(a.id) INTO decided FROM about_them a;

  WITH theirs AS MATERIALIZED (
    SELECT e.id, event_digest(e) AS original FROM event e WHERE e.workspace_id = ws AND e.contact_id = ANY (people)
      AND e.type <> 'CustomerErased' AND NOT e.data ? 'erased'
    UNION SELECT e.id, event_digest(e) FROM event e WHERE e.workspace_id = ws AND e.id = ANY (items)
      AND NOT e.data ? 'erased'
    UNION SELECT e.id, event_digest(e) FROM event e WHERE e.workspace_id = ws
      AND e.type IN ('CustomersMerged', 'CustomersUnmerged', 'ContactsSplit', 'ItemPlaced', 'DecisionUndone')
      AND e.data ? 'reason' AND NOT e.data ? 'erased' AND (e.data ->> 'decision')::uuid = ANY (decided)),
  gone AS (
    UPDATE event e SET data = tombstone(e, keys),
      conversation = pseudonym(keys, ws, 'conversation', coalesce(e.source, '') || chr(10) || e.conversation),
      source_id = pseudonym(keys, ws, 'source_id', e.source || chr(10) || e.source_id)
    FROM theirs t WHERE e.workspace_id = ws AND e.id = t.id
    RETURNING e.id, t.original, event_digest(e) AS tombstone)
  INSERT INTO erased_record (workspace_id, id, erasure_id, original, tombstone)
  SELECT ws, g.id, made, g.original, g.tombstone FROM gone g;
  GET DIAGNOSTICS blanked = ROW_COUNT;

  WITH theirs AS MATERIALIZED (
    SELECT d.id, decision_digest(d) AS original FROM link_decision d
    WHERE d.workspace_id = ws AND d.id = ANY (decided) AND (d.reason IS NOT NULL OR d.evidence <> '[]')),
  gone AS (
    UPDATE link_decision d SET reason = NULL, evidence = '[]' FROM theirs t WHERE d.workspace_id = ws AND d.id = t.id
    RETURNING d.id, t.original, decision_digest(d) AS tombstone)
  INSERT INTO erased_record (workspace_id, id, erasure_id, original, tombstone)
  SELECT ws, g.id, made, g.original, g.tombstone FROM gone g;

  PERFORM erase_identity(ws, people);
  SELECT sha256(coalesce(string_agg(uuid_send(r.id) || r.original || r.tombstone, '' ORDER BY r.id), ''))
    INTO proof FROM erased_record r WHERE r.workspace_id = ws AND r.erasure_id = made;
  INSERT INTO erasure (workspace_id, id, contacts, events, actor, reason, erased_at, digest)
  VALUES (ws, made, people, blanked, by_whom, why, at, proof);
  RETURN QUERY SELECT blanked, proof;
END $$;

ALTER FUNCTION public.erase(made uuid, people uuid[], items uuid[], keys bytea[], by_whom text, why text, at timestamp with time zone, again boolean) OWNER TO throughline_owner;

COMMENT ON FUNCTION public.erase(made uuid, people uuid[], items uuid[], keys bytea[], by_whom text, why text, at timestamp with time zone, again boolean) IS 'blanks people with all that they said, or single items; again: a restore repeats what no hold stopped then';

CREATE FUNCTION public.erase_identity(ws uuid, people uuid[]) RETURNS void
    LANGUAGE sql
    AS $$
  DELETE FROM value_class v USING identifier i WHERE v.workspace_id = ws AND i.workspace_id = ws
    AND i.contact_id = ANY (people) AND (v.kind, v.scope, v.value) = (i.kind, i.scope, i.value)
    AND NOT EXISTS (SELECT FROM identifier o WHERE o.workspace_id = ws AND o.kind = v.kind AND o.scope = v.scope
      AND o.value = v.value AND o.contact_id <> ALL (people));
  UPDATE value_class v SET reason = CASE v.actor WHEN 'system' THEN 'seen on several people' ELSE 'listed' END
    FROM identifier i WHERE v.workspace_id = ws AND i.workspace_id = ws AND i.contact_id = ANY (people)
    AND (v.kind, v.scope, v.value) = (i.kind, i.scope, i.value);
  DELETE FROM identifier WHERE workspace_id = ws AND contact_id = ANY (people);
  UPDATE contact SET source_key = 'erased/' || id, name = NULL, attributes = '{}', via = NULL
    WHERE workspace_id = ws AND id = ANY (people) AND source <> 'desk';
  UPDATE contact_past SET name = NULL, attributes = '{}', via = NULL
    WHERE workspace_id = ws AND contact_id = ANY (people);
  DELETE FROM home_key k WHERE k.workspace_id = ws AND k.home_id = ANY (ARRAY(
    SELECT h.home_id FROM (
      SELECT c.home_id FROM contact c WHERE c.workspace_id = ws AND c.id = ANY (people)
      UNION SELECT p.home_id FROM contact_past p WHERE p.workspace_id = ws AND p.contact_id = ANY (people)) AS h
    WHERE NOT EXISTS (SELECT FROM contact o WHERE o.workspace_id = ws AND o.home_id = h.home_id
      AND o.source <> 'desk' AND o.source_key <> 'erased/' || o.id)));
  DELETE FROM link_suggestion WHERE workspace_id = ws AND state = 'open'
    AND (contact_a = ANY (people) OR contact_b = ANY (people));
  UPDATE link_suggestion SET evidence = '[]' WHERE workspace_id = ws
    AND (contact_a = ANY (people) OR contact_b = ANY (people));
  UPDATE legal_hold SET reason = '' WHERE workspace_id = ws AND contacts && people;
$$;

ALTER FUNCTION public.erase_identity(ws uuid, people uuid[]) OWNER TO throughline_owner;

CREATE TABLE public.erasure (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    epoch integer DEFAULT COALESCE(public.current_epoch(), 1) NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    "position" bigint DEFAULT nextval('public.ledger_position'::regclass) NOT NULL,
    contacts uuid[] NOT NULL,
    events integer NOT NULL,
    actor text NOT NULL,
    reason text,
    erased_at timestamp with time zone NOT NULL,
    digest bytea NOT NULL,
    CONSTRAINT erasure_digest_check CHECK ((length(digest) = 32))
);
ALTER TABLE ONLY public.erasure ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.erasure FORCE ROW LEVEL SECURITY;

ALTER TABLE public.erasure OWNER TO throughline_owner;

COMMENT ON TABLE public.erasure IS 'whom and what was erased, by whom, when: append-only';

COMMENT ON COLUMN public.erasure.contacts IS 'the people erased; empty where single items were blanked';

COMMENT ON COLUMN public.erasure.digest IS 'over the records that it blanked: what they were, what they are';

CREATE FUNCTION public.erasure_digest(x public.erasure) RETURNS bytea
    LANGUAGE sql STABLE
    AS $$
  SELECT sha256(convert_to(jsonb_build_array('erasure', x.position, x.id, x.contacts, x.events, x.actor, x.reason,
    extract(epoch FROM x.erased_at), encode(x.digest, 'hex'))::text, 'UTF8'))
$$;

ALTER FUNCTION public.erasure_digest(x public.erasure) OWNER TO throughline_owner;

CREATE TABLE public.event (
    workspace_id uuid NOT NULL,
    epoch integer NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    "position" bigint DEFAULT nextval('public.ledger_position'::regclass) NOT NULL,
    id uuid NOT NULL,
    contact_id uuid NOT NULL,
    type text NOT NULL,
    channel text,
    direction text,
    conversation text,
    source text,
    source_id text,
    actor text NOT NULL,
    about uuid,
    shown_at timestamp with time zone NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    data jsonb NOT NULL
);
ALTER TABLE ONLY public.event ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.event FORCE ROW LEVEL SECURITY;

ALTER TABLE public.event OWNER TO throughline_owner;

COMMENT ON TABLE public.event IS 'what happened: append-only';

CREATE FUNCTION public.event_digest(e public.event) RETURNS bytea
    LANGUAGE sql STABLE
    AS $$
  SELECT sha256(convert_to(jsonb_build_array('event', e.position, e.id, e.contact_id, e.type, e.channel, e.direction,
    e.conversation, e.source, e.source_id, e.actor, e.about, extract(epoch FROM e.shown_at),
    extract(epoch FROM e.occurred_at), extract(epoch FROM e.recorded_at), e.data)::text, 'UTF8'))
$$;

ALTER FUNCTION public.event_digest(e public.event) OWNER TO throughline_owner;

COMMENT ON FUNCTION public.event_digest(e public.event) IS 'what a seal is made over; the bytes may never change';

CREATE FUNCTION public.holds_over(ws uuid, people uuid[], items uuid[]) RETURNS SETOF uuid
    LANGUAGE sql STABLE
    AS $$
  WITH touched AS (
    SELECT unnest(people) AS id UNION SELECT e.contact_id FROM event e WHERE e.workspace_id = ws AND e.id = ANY (items)
    UNION SELECT p.contact_id FROM placement p WHERE p.workspace_id = ws AND p.until = 'infinity'
      AND (p.event_id = ANY (items) OR p.origin_id = ANY (people)))
  SELECT h.id FROM legal_hold h WHERE h.workspace_id = ws AND h.lifted_at IS NULL AND h.contacts && ARRAY(
    SELECT id FROM touched UNION SELECT o.id FROM touched t JOIN contact c ON c.workspace_id = ws AND c.id = t.id
      JOIN contact o ON o.workspace_id = ws AND o.customer_id = c.customer_id) ORDER BY h.id
$$;

ALTER FUNCTION public.holds_over(ws uuid, people uuid[], items uuid[]) OWNER TO throughline_owner;

COMMENT ON FUNCTION public.holds_over(ws uuid, people uuid[], items uuid[]) IS 'the legal holds over any contact of the customers on whose threads these people and items lie or stand';

CREATE FUNCTION public.matter_of(subject text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
  SELECT trim(regexp_replace(lower(regexp_replace(left(subject, 480),
    '^(\s*(re|aw|sv|antw|fwd?|wg|tr|vs)\s*(\[\d+\])?\s*:)+', '', 'i')), '\s+', ' ', 'g'))
$$;

ALTER FUNCTION public.matter_of(subject text) OWNER TO throughline_owner;

COMMENT ON FUNCTION public.matter_of(subject text) IS 'what timeline/tickets/ticket.py compares subjects by';

CREATE FUNCTION public.pseudonym(keys bytea[], workspace uuid, field text, name text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT
    AS $$
  SELECT 'erased:' || encode(sha256(keys[2] || sha256(keys[1] || convert_to(workspace::text, 'UTF8') || '\x00'::bytea
    || convert_to(field, 'UTF8') || '\x00'::bytea || convert_to(name, 'UTF8'))), 'hex')
$$;

ALTER FUNCTION public.pseudonym(keys bytea[], workspace uuid, field text, name text) OWNER TO throughline_owner;

COMMENT ON FUNCTION public.pseudonym(keys bytea[], workspace uuid, field text, name text) IS 'HMAC-SHA256; keys are the inner and the outer block: timeline/pseudonyms.py makes the same';

CREATE TABLE public.restoration (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    epoch integer NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    "position" bigint DEFAULT nextval('public.ledger_position'::regclass) NOT NULL,
    backup_id uuid NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    restored_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.restoration ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.restoration FORCE ROW LEVEL SECURITY;

ALTER TABLE public.restoration OWNER TO throughline_owner;

COMMENT ON TABLE public.restoration IS 'restores of backups: append-only, written by the owner alone';

COMMENT ON COLUMN public.restoration.epoch IS 'what was recorded since the restore has this epoch';

COMMENT ON COLUMN public.restoration.taken_at IS 'when the backup was taken: what came between then and the restore is gone';

CREATE FUNCTION public.restoration_digest(r public.restoration) RETURNS bytea
    LANGUAGE sql STABLE
    AS $$
  SELECT sha256(convert_to(jsonb_build_array('restoration', r.position, r.id, r.epoch, r.backup_id,
    extract(epoch FROM r.taken_at), r.actor, extract(epoch FROM r.restored_at))::text, 'UTF8'))
$$;

ALTER FUNCTION public.restoration_digest(r public.restoration) OWNER TO throughline_owner;

CREATE FUNCTION public.says_nothing(value jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $_$
  SELECT CASE jsonb_typeof(value)
    WHEN 'string' THEN value #>> '{}' ~ '^[A-Za-z0-9_:.+-]{1,64}$'
    WHEN 'array' THEN NOT EXISTS (SELECT FROM jsonb_array_elements_text(value) AS one
      WHERE one !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$')
    WHEN 'object' THEN false
    ELSE true END
$_$;

ALTER FUNCTION public.says_nothing(value jsonb) OWNER TO throughline_owner;

CREATE FUNCTION public.search_by_meaning(gen integer, path text, narrowed tsquery, held tsquery, contacts uuid[], since timestamp with time zone, until timestamp with time zone, without text[], asked public.halfvec, words_asked tsquery[], weights real[], most integer) RETURNS TABLE(id text, kind text, at timestamp with time zone, facts tsvector, cosine double precision, coverage real)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_incremental_sort TO 'off'
    SET max_parallel_workers_per_gather TO '0'
    SET "hnsw.ef_search" TO '100'
    SET "hnsw.iterative_scan" TO 'relaxed_order'
    SET "hnsw.max_scan_tuples" TO '40000'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
#variable_conflict use_column
DECLARE ws uuid := nullif(current_setting('tl.workspace', true), '')::uuid;
BEGIN
  IF path = 'words' THEN 
    RETURN QUERY WITH allowed AS MATERIALIZED (
      SELECT d.id FROM search_document d WHERE d.workspace_id = ws AND d.generation = gen
    AND (narrowed IS NULL OR d.facts @@ narrowed) AND (contacts IS NULL OR d.contact_id = ANY (contacts))
    AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
    AND (without IS NULL OR d.id <> ALL (without)) AND d.words @@ held),
    met AS MATERIALIZED (
      SELECT a.id, v.vector <#> asked AS far FROM allowed a
      JOIN search_vector v ON v.workspace_id = ws AND v.generation = gen AND v.id = a.id
      WHERE v.dimensions = vector_dims(asked))
    SELECT d.id, d.kind, d.at, d.facts, -v.far, coalesce((SELECT sum(w.weight) FROM unnest(words_asked, weights) AS w(word, weight)
        WHERE d.words @@ w.word), 0)::real FROM (
      SELECT m.id, m.far FROM met m ORDER BY m.far, m.id) AS v CROSS JOIN LATERAL (SELECT * FROM search_document i WHERE i.workspace_id = ws AND i.generation = gen
        AND i.id = v.id OFFSET 0) AS d WHERE d.workspace_id = ws AND d.generation = gen
    AND (narrowed IS NULL OR d.facts @@ narrowed) AND (contacts IS NULL OR d.contact_id = ANY (contacts))
    AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
    AND (without IS NULL OR d.id <> ALL (without)) AND (held IS NULL OR d.words @@ held) LIMIT most;
  ELSIF path = 'contacts' THEN 
    RETURN QUERY WITH allowed AS MATERIALIZED (
      SELECT d.id FROM search_document d WHERE d.workspace_id = ws AND d.generation = gen
    AND (narrowed IS NULL OR d.facts @@ narrowed) AND (contacts IS NULL OR d.contact_id = ANY (contacts))
    AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
    AND (without IS NULL OR d.id <> ALL (without)) AND (held IS NULL OR d.words @@ held) AND d.contact_id = ANY (contacts)),
    met AS MATERIALIZED (
      SELECT a.id, v.vector <#> asked AS far FROM allowed a
      JOIN search_vector v ON v.workspace_id = ws AND v.generation = gen AND v.id = a.id
      WHERE v.dimensions = vector_dims(asked))
    SELECT d.id, d.kind, d.at, d.facts, -v.far, coalesce((SELECT sum(w.weight) FROM unnest(words_asked, weights) AS w(word, weight)
        WHERE d.words @@ w.word), 0)::real FROM (
      SELECT m.id, m.far FROM met m ORDER BY m.far, m.id) AS v CROSS JOIN LATERAL (SELECT * FROM search_document i WHERE i.workspace_id = ws AND i.generation = gen
        AND i.id = v.id OFFSET 0) AS d WHERE d.workspace_id = ws AND d.generation = gen
    AND (narrowed IS NULL OR d.facts @@ narrowed) AND (contacts IS NULL OR d.contact_id = ANY (contacts))
    AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
    AND (without IS NULL OR d.id <> ALL (without)) AND (held IS NULL OR d.words @@ held) LIMIT most;
  ELSIF path = 'dates' THEN 
    RETURN QUERY WITH allowed AS MATERIALIZED (
      SELECT d.id FROM search_document d WHERE d.workspace_id = ws AND d.generation = gen
    AND (narrowed IS NULL OR d.facts @@ narrowed) AND (contacts IS NULL OR d.contact_id = ANY (contacts))
    AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
    AND (without IS NULL OR d.id <> ALL (without)) AND (held IS NULL OR d.words @@ held) AND d.at >= coalesce(since, '-infinity') AND d.at < coalesce(until, 'infinity')),
    met AS MATERIALIZED (
      SELECT a.id, v.vector <#> asked AS far FROM allowed a
      JOIN search_vector v ON v.workspace_id = ws AND v.generation = gen AND v.id = a.id
      WHERE v.dimensions = vector_dims(asked))
    SELECT d.id, d.kind, d.at, d.facts, -v.far, coalesce((SELECT sum(w.weight) FROM unnest(words_asked, weights) AS w(word, weight)
        WHERE d.words @@ w.word), 0)::real FROM (
      SELECT m.id, m.far FROM met m ORDER BY m.far, m.id) AS v CROSS JOIN LATERAL (SELECT * FROM search_document i WHERE i.workspace_id = ws AND i.generation = gen
        AND i.id = v.id OFFSET 0) AS d WHERE d.workspace_id = ws AND d.generation = gen
    AND (narrowed IS NULL OR d.facts @@ narrowed) AND (contacts IS NULL OR d.contact_id = ANY (contacts))
    AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
    AND (without IS NULL OR d.id <> ALL (without)) AND (held IS NULL OR d.words @@ held) LIMIT most;
  ELSIF path = 'narrow' THEN 
    RETURN QUERY WITH allowed AS MATERIALIZED (
      SELECT d.id FROM search_document d WHERE d.workspace_id = ws AND d.generation = gen
    AND (narrowed IS NULL OR d.facts @@ narrowed) AND (contacts IS NULL OR d.contact_id = ANY (contacts))
    AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
    AND (without IS NULL OR d.id <> ALL (without)) AND (held IS NULL OR d.words @@ held)),
    met AS MATERIALIZED (
      SELECT a.id, v.vector <#> asked AS far FROM allowed a
      JOIN search_vector v ON v.workspace_id = ws AND v.generation = gen AND v.id = a.id
      WHERE v.dimensions = vector_dims(asked))
    SELECT d.id, d.kind, d.at, d.facts, -v.far, coalesce((SELECT sum(w.weight) FROM unnest(words_asked, weights) AS w(word, weight)
        WHERE d.words @@ w.word), 0)::real FROM (
      SELECT m.id, m.far FROM met m ORDER BY m.far, m.id) AS v CROSS JOIN LATERAL (SELECT * FROM search_document i WHERE i.workspace_id = ws AND i.generation = gen
        AND i.id = v.id OFFSET 0) AS d WHERE d.workspace_id = ws AND d.generation = gen
    AND (narrowed IS NULL OR d.facts @@ narrowed) AND (contacts IS NULL OR d.contact_id = ANY (contacts))
    AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
    AND (without IS NULL OR d.id <> ALL (without)) AND (held IS NULL OR d.words @@ held) LIMIT most;
  ELSIF path = 'graph' AND vector_dims(asked) = 384 THEN 
    RETURN QUERY WITH met AS MATERIALIZED (
      SELECT d.id, d.kind, d.at, d.facts, v.far, coalesce((SELECT sum(w.weight) FROM unnest(words_asked, weights) AS w(word, weight)
        WHERE d.words @@ w.word), 0)::real AS coverage FROM (
        SELECT v.id, v.vector::halfvec(384) <#> asked::halfvec(384) AS far FROM search_vector v
        WHERE v.workspace_id = ws AND v.generation = gen AND v.dimensions = 384
        ORDER BY v.vector::halfvec(384) <#> asked::halfvec(384)) AS v CROSS JOIN LATERAL (SELECT * FROM search_document i WHERE i.workspace_id = ws AND i.generation = gen
        AND i.id = v.id OFFSET 0) AS d WHERE d.workspace_id = ws AND d.generation = gen
    AND (narrowed IS NULL OR d.facts @@ narrowed) AND (contacts IS NULL OR d.contact_id = ANY (contacts))
    AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
    AND (without IS NULL OR d.id <> ALL (without)) AND (held IS NULL OR d.words @@ held) LIMIT most)
    SELECT m.id, m.kind, m.at, m.facts, -m.far, m.coverage FROM met m ORDER BY m.far, m.id;
  ELSIF path = 'graph' AND vector_dims(asked) = 768 THEN 
    RETURN QUERY WITH met AS MATERIALIZED (
      SELECT d.id, d.kind, d.at, d.facts, v.far, coalesce((SELECT sum(w.weight) FROM unnest(words_asked, weights) AS w(word, weight)
        WHERE d.words @@ w.word), 0)::real AS coverage FROM (
        SELECT v.id, v.vector::halfvec(768) <#> asked::halfvec(768) AS far FROM search_vector v
        WHERE v.workspace_id = ws AND v.generation = gen AND v.dimensions = 768
        ORDER BY v.vector::halfvec(768) <#> asked::halfvec(768)) AS v CROSS JOIN LATERAL (SELECT * FROM search_document i WHERE i.workspace_id = ws AND i.generation = gen
        AND i.id = v.id OFFSET 0) AS d WHERE d.workspace_id = ws AND d.generation = gen
    AND (narrowed IS NULL OR d.facts @@ narrowed) AND (contacts IS NULL OR d.contact_id = ANY (contacts))
    AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
    AND (without IS NULL OR d.id <> ALL (without)) AND (held IS NULL OR d.words @@ held) LIMIT most)
    SELECT m.id, m.kind, m.at, m.facts, -m.far, m.coverage FROM met m ORDER BY m.far, m.id;
  ELSE 
    RETURN QUERY WITH met AS MATERIALIZED (
      SELECT v.id, v.vector <#> asked AS far FROM search_vector v
      WHERE v.workspace_id = ws AND v.generation = gen AND v.dimensions = vector_dims(asked))
    SELECT d.id, d.kind, d.at, d.facts, -v.far, coalesce((SELECT sum(w.weight) FROM unnest(words_asked, weights) AS w(word, weight)
        WHERE d.words @@ w.word), 0)::real FROM (
      SELECT m.id, m.far FROM met m ORDER BY m.far, m.id) AS v CROSS JOIN LATERAL (SELECT * FROM search_document i WHERE i.workspace_id = ws AND i.generation = gen
        AND i.id = v.id OFFSET 0) AS d WHERE d.workspace_id = ws AND d.generation = gen
    AND (narrowed IS NULL OR d.facts @@ narrowed) AND (contacts IS NULL OR d.contact_id = ANY (contacts))
    AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
    AND (without IS NULL OR d.id <> ALL (without)) AND (held IS NULL OR d.words @@ held) LIMIT most;
  END IF;
END $$;

ALTER FUNCTION public.search_by_meaning(gen integer, path text, narrowed tsquery, held tsquery, contacts uuid[], since timestamp with time zone, until timestamp with time zone, without text[], asked public.halfvec, words_asked tsquery[], weights real[], most integer) OWNER TO throughline_search;

CREATE FUNCTION public.search_by_name(gen integer, path text, narrowed tsquery, held tsquery, contacts uuid[], since timestamp with time zone, until timestamp with time zone, without text[], asked text, most integer) RETURNS TABLE(id text, kind text, at timestamp with time zone, facts tsvector, likeness real)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_incremental_sort TO 'off'
    SET max_parallel_workers_per_gather TO '0'
    SET "pg_trgm.strict_word_similarity_threshold" TO '0.45'
    AS $$
#variable_conflict use_column
DECLARE ws uuid := nullif(current_setting('tl.workspace', true), '')::uuid;
BEGIN
  RETURN QUERY WITH met AS MATERIALIZED (
    SELECT d.id, d.kind, d.at, d.facts, strict_word_similarity(asked, d.people) AS likeness FROM search_document d
    WHERE d.kind = 'contact' AND asked <<% d.people AND d.workspace_id = ws AND d.generation = gen
    AND (narrowed IS NULL OR d.facts @@ narrowed) AND (contacts IS NULL OR d.contact_id = ANY (contacts))
    AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
    AND (without IS NULL OR d.id <> ALL (without)) AND (held IS NULL OR d.words @@ held))
  SELECT m.id, m.kind, m.at, m.facts, m.likeness FROM met m ORDER BY m.likeness DESC, m.at DESC, m.id LIMIT most;
END $$;

ALTER FUNCTION public.search_by_name(gen integer, path text, narrowed tsquery, held tsquery, contacts uuid[], since timestamp with time zone, until timestamp with time zone, without text[], asked text, most integer) OWNER TO throughline_search;

CREATE FUNCTION public.search_by_words(gen integer, path text, narrowed tsquery, held tsquery, contacts uuid[], since timestamp with time zone, until timestamp with time zone, without text[], probes tsquery[], worths real[], asked tsquery[], weights real[], whole tsquery, fewest integer, idents tsquery[], typical real, most integer) RETURNS TABLE(id text, kind text, at timestamp with time zone, facts tsvector, coverage real, closeness real, length integer, ident integer)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_incremental_sort TO 'off'
    SET max_parallel_workers_per_gather TO '0'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
#variable_conflict use_column
DECLARE ws uuid := nullif(current_setting('tl.workspace', true), '')::uuid;
BEGIN
  RETURN QUERY
  WITH met AS MATERIALIZED (
    SELECT m.place, sum(m.worth) / (1 + 2 * max(m.length) / typical) AS worth, max(m.at) AS at
    FROM unnest(probes, worths) AS p(probe, worth) CROSS JOIN LATERAL (
      SELECT d.ctid AS place, d.at, length(d.words) AS length, p.worth FROM search_document d
      WHERE d.words @@ p.probe AND d.workspace_id = ws AND d.generation = gen
    AND (narrowed IS NULL OR d.facts @@ narrowed) AND (contacts IS NULL OR d.contact_id = ANY (contacts))
    AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
    AND (without IS NULL OR d.id <> ALL (without))) AS m
    GROUP BY m.place ORDER BY 2 DESC, 3 DESC, 1 LIMIT most),
  scored AS (
    SELECT d.id, d.kind, d.at, d.facts, a.coverage, a.held,
      CASE WHEN whole IS NULL THEN 1 ELSE least(1, ts_rank_cd('{1,1,1,1}', d.words, whole)) END AS closeness,
      length(d.words) AS length,
      (SELECT min(i.at) FROM unnest(idents) WITH ORDINALITY AS i(ident, at) WHERE d.words @@ i.ident)::integer AS ident
    FROM met m JOIN search_document d ON d.ctid = m.place AND d.workspace_id = ws
    CROSS JOIN LATERAL (SELECT coalesce(sum(w.weight), 0)::real AS coverage, count(*) AS held
      FROM unnest(asked, weights) AS w(word, weight) WHERE d.words @@ w.word) AS a)
  SELECT s.id, s.kind, s.at, s.facts, s.coverage, s.closeness::real, s.length, s.ident FROM scored s
  WHERE s.held >= fewest OR s.ident IS NOT NULL
  ORDER BY s.ident NULLS LAST, s.coverage DESC, s.closeness DESC, s.at DESC, s.id LIMIT most;
END $$;

ALTER FUNCTION public.search_by_words(gen integer, path text, narrowed tsquery, held tsquery, contacts uuid[], since timestamp with time zone, until timestamp with time zone, without text[], probes tsquery[], worths real[], asked tsquery[], weights real[], whole tsquery, fewest integer, idents tsquery[], typical real, most integer) OWNER TO throughline_search;

CREATE FUNCTION public.search_counts(gen integer, path text, narrowed tsquery, held tsquery, contacts uuid[], since timestamp with time zone, until timestamp with time zone, without text[], asked tsquery, singles tsquery[], fewest integer, idents tsquery, counted text[], most integer) RETURNS TABLE(letter text, value text, documents bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_incremental_sort TO 'off'
    SET max_parallel_workers_per_gather TO '0'
    AS $$
#variable_conflict use_column
DECLARE
  ws uuid := nullif(current_setting('tl.workspace', true), '')::uuid;
  found tsvector[];
BEGIN
  IF path = 'words' THEN
    found := ARRAY(SELECT p.facts FROM (SELECT d.facts, d.words FROM search_document d WHERE d.workspace_id = ws AND d.generation = gen
    AND (narrowed IS NULL OR d.facts @@ narrowed) AND (contacts IS NULL OR d.contact_id = ANY (contacts))
    AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
    AND (without IS NULL OR d.id <> ALL (without)) AND (held IS NULL OR d.words @@ held) AND d.words @@ asked LIMIT most * 2) AS p WHERE fewest <= 1 OR (idents IS NOT NULL AND p.words @@ idents)
      OR (SELECT count(*) FROM unnest(singles) AS w(word) WHERE p.words @@ w.word) >= fewest LIMIT most);
  ELSIF path = 'contacts' THEN
    found := ARRAY(SELECT p.facts FROM (
      SELECT d.facts, d.words FROM search_document d WHERE d.workspace_id = ws AND d.generation = gen
    AND (narrowed IS NULL OR d.facts @@ narrowed) AND (contacts IS NULL OR d.contact_id = ANY (contacts))
    AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
    AND (without IS NULL OR d.id <> ALL (without)) AND (held IS NULL OR d.words @@ held) AND (asked IS NULL OR d.words @@ asked) AND d.contact_id = ANY (contacts) LIMIT most * 2) AS p WHERE fewest <= 1 OR (idents IS NOT NULL AND p.words @@ idents)
      OR (SELECT count(*) FROM unnest(singles) AS w(word) WHERE p.words @@ w.word) >= fewest LIMIT most);
  ELSE
    found := ARRAY(SELECT p.facts FROM (
      SELECT d.facts, d.words FROM search_document d WHERE d.workspace_id = ws AND d.generation = gen
    AND (narrowed IS NULL OR d.facts @@ narrowed) AND (contacts IS NULL OR d.contact_id = ANY (contacts))
    AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
    AND (without IS NULL OR d.id <> ALL (without)) AND (held IS NULL OR d.words @@ held) AND (asked IS NULL OR d.words @@ asked) ORDER BY d.at DESC, d.id DESC LIMIT most * 2) AS p WHERE fewest <= 1 OR (idents IS NOT NULL AND p.words @@ idents)
      OR (SELECT count(*) FROM unnest(singles) AS w(word) WHERE p.words @@ w.word) >= fewest LIMIT most);
  END IF;
  RETURN QUERY SELECT '', '', cardinality(found)::bigint;
  IF cardinality(counted) > 0 THEN
    RETURN QUERY SELECT left(f.fact, 1), substr(f.fact, 3), count(*) FROM unnest(found) AS one(facts)
      CROSS JOIN LATERAL unnest(tsvector_to_array(one.facts)) AS f(fact)
      WHERE left(f.fact, 1) = ANY (counted) GROUP BY f.fact;
  END IF;
END $$;

ALTER FUNCTION public.search_counts(gen integer, path text, narrowed tsquery, held tsquery, contacts uuid[], since timestamp with time zone, until timestamp with time zone, without text[], asked tsquery, singles tsquery[], fewest integer, idents tsquery, counted text[], most integer) OWNER TO throughline_search;

CREATE FUNCTION public.search_newest(gen integer, path text, narrowed tsquery, held tsquery, contacts uuid[], since timestamp with time zone, until timestamp with time zone, without text[], asked tsquery, before timestamp with time zone, before_id text, most integer) RETURNS TABLE(id text, kind text, at timestamp with time zone, facts tsvector)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_incremental_sort TO 'off'
    SET max_parallel_workers_per_gather TO '0'
    AS $$
#variable_conflict use_column
DECLARE ws uuid := nullif(current_setting('tl.workspace', true), '')::uuid;
BEGIN
  IF path = 'words' THEN
    RETURN QUERY WITH met AS MATERIALIZED (SELECT d.id, d.kind, d.at, d.facts FROM search_document d WHERE d.workspace_id = ws AND d.generation = gen
    AND (narrowed IS NULL OR d.facts @@ narrowed) AND (contacts IS NULL OR d.contact_id = ANY (contacts))
    AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
    AND (without IS NULL OR d.id <> ALL (without))
      AND (before IS NULL OR (d.at, d.id) < (before, before_id)) AND (held IS NULL OR d.words @@ held) AND d.words @@ asked)
    SELECT m.id, m.kind, m.at, m.facts FROM met m ORDER BY m.at DESC, m.id DESC LIMIT most;
  ELSIF path = 'contacts' THEN
    RETURN QUERY WITH met AS MATERIALIZED (SELECT d.id, d.kind, d.at, d.facts FROM search_document d WHERE d.workspace_id = ws AND d.generation = gen
    AND (narrowed IS NULL OR d.facts @@ narrowed) AND (contacts IS NULL OR d.contact_id = ANY (contacts))
    AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
    AND (without IS NULL OR d.id <> ALL (without))
      AND (before IS NULL OR (d.at, d.id) < (before, before_id)) AND (held IS NULL OR d.words @@ held) AND (asked IS NULL OR d.words @@ asked) AND d.contact_id = ANY (contacts))
    SELECT m.id, m.kind, m.at, m.facts FROM met m ORDER BY m.at DESC, m.id DESC LIMIT most;
  ELSIF before IS NULL THEN
    RETURN QUERY SELECT d.id, d.kind, d.at, d.facts FROM search_document d WHERE d.workspace_id = ws AND d.generation = gen
    AND (narrowed IS NULL OR d.facts @@ narrowed) AND (contacts IS NULL OR d.contact_id = ANY (contacts))
    AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
    AND (without IS NULL OR d.id <> ALL (without))
      AND (before IS NULL OR (d.at, d.id) < (before, before_id)) AND (held IS NULL OR d.words @@ held) AND (asked IS NULL OR d.words @@ asked) ORDER BY d.at DESC, d.id DESC LIMIT most;
  ELSE
    RETURN QUERY SELECT d.id, d.kind, d.at, d.facts FROM search_document d WHERE d.workspace_id = ws AND d.generation = gen
    AND (narrowed IS NULL OR d.facts @@ narrowed) AND (contacts IS NULL OR d.contact_id = ANY (contacts))
    AND (since IS NULL OR d.at >= since) AND (until IS NULL OR d.at < until)
    AND (without IS NULL OR d.id <> ALL (without))
      AND (before IS NULL OR (d.at, d.id) < (before, before_id)) AND (held IS NULL OR d.words @@ held) AND (asked IS NULL OR d.words @@ asked) AND (d.at, d.id) < (before, before_id)
    ORDER BY d.at DESC, d.id DESC LIMIT most;
  END IF;
END $$;

ALTER FUNCTION public.search_newest(gen integer, path text, narrowed tsquery, held tsquery, contacts uuid[], since timestamp with time zone, until timestamp with time zone, without text[], asked tsquery, before timestamp with time zone, before_id text, most integer) OWNER TO throughline_search;

CREATE FUNCTION public.search_sample(gen integer, most integer) RETURNS TABLE(word text, documents integer)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    SET plan_cache_mode TO 'force_generic_plan'
    SET enable_seqscan TO 'off'
    SET enable_sort TO 'off'
    SET enable_incremental_sort TO 'off'
    SET max_parallel_workers_per_gather TO '0'
    AS $$
#variable_conflict use_column
DECLARE ws uuid := nullif(current_setting('tl.workspace', true), '')::uuid;
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
END $$;

ALTER FUNCTION public.search_sample(gen integer, most integer) OWNER TO throughline_search;

CREATE FUNCTION public.tombstone(e public.event, keys bytea[]) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
  SELECT coalesce(jsonb_object_agg(f.key, CASE
      WHEN f.key = ANY (ARRAY['v', 'ticket', 'ticket_id', 'status', 'priority', 'assignee', 'cause', 'due', 'history',
        'ahead', 'decision', 'kept', 'absorbed', 'undoes', 'restored', 'contacts', 'old_home', 'new_home', 'event',
        'contact', 'erasure', 'items', 'type', 'queue', 'until', 'disposition', 'waiting',
        'target', 'started_by', 'policy'])
        AND says_nothing(f.value) THEN f.value
      WHEN f.key = 'object' AND f.value ? 'id' THEN jsonb_build_object('type', f.value -> 'type', 'id',
        pseudonym(keys, e.workspace_id, 'object', (f.value ->> 'type') || chr(10) || (f.value ->> 'id')), 'version',
        CASE jsonb_typeof(f.value -> 'version') WHEN 'number' THEN f.value -> 'version' ELSE '0' END)
      WHEN f.key = 'subject' AND e.type LIKE '%Recorded' THEN coalesce(to_jsonb(
        pseudonym(keys, e.workspace_id, 'matter', nullif(matter_of(f.value #>> '{}'), ''))), 'null')
      WHEN jsonb_typeof(f.value) IN ('null', 'number', 'boolean') THEN f.value
      WHEN jsonb_typeof(f.value) = 'string' THEN '""'
      WHEN jsonb_typeof(f.value) = 'array' THEN '[]'
      ELSE '{}' END), '{}') || '{"erased": true}'
  FROM jsonb_each(e.data) AS f
  WHERE NOT (e.type LIKE '%Recorded' AND f.key IN ('body', 'data', 'contact'))
$$;

ALTER FUNCTION public.tombstone(e public.event, keys bytea[]) OWNER TO throughline_owner;

COMMENT ON FUNCTION public.tombstone(e public.event, keys bytea[]) IS 'what is left of an event: ids, numbers, states, a keyed hash of its matter, and blanks where a reader expects words';

CREATE TABLE public.agent (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    disabled_at timestamp with time zone,
    state text DEFAULT 'offline'::text NOT NULL,
    state_until timestamp with time zone,
    zone text,
    calendar text,
    left_because text,
    mails text DEFAULT 'mine'::text NOT NULL,
    CONSTRAINT agent_mails_check CHECK ((mails = ANY (ARRAY['off'::text, 'mine'::text, 'all'::text]))),
    CONSTRAINT agent_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'lead'::text, 'agent'::text, 'auditor'::text]))),
    CONSTRAINT agent_state_check CHECK ((state = ANY (ARRAY['online'::text, 'away'::text, 'offline'::text])))
);
ALTER TABLE ONLY public.agent ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.agent FORCE ROW LEVEL SECURITY;

ALTER TABLE public.agent OWNER TO throughline_owner;

COMMENT ON COLUMN public.agent.state_until IS 'after it who was away is online, and who was online is offline';

COMMENT ON COLUMN public.agent.zone IS 'where the agent works: an IANA time zone';

COMMENT ON COLUMN public.agent.calendar IS 'the key of the calendar that the agent works by';

COMMENT ON COLUMN public.agent.left_because IS 'said on each ticket that is handed back for a disabled agent';

COMMENT ON COLUMN public.agent.mails IS 'which notifications also come by mail: none, what is meant for the agent, or all';

CREATE TABLE public.agent_password (
    workspace_id uuid NOT NULL,
    agent_id uuid NOT NULL,
    hash text NOT NULL,
    set_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.agent_password ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.agent_password FORCE ROW LEVEL SECURITY;

ALTER TABLE public.agent_password OWNER TO throughline_owner;

COMMENT ON COLUMN public.agent_password.hash IS 'argon2id, as its library writes it';

CREATE TABLE public.api_key (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    role text NOT NULL,
    hash bytea NOT NULL,
    hint text NOT NULL,
    proves text[] NOT NULL,
    rate integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    agent_id uuid,
    session boolean DEFAULT false NOT NULL,
    device text,
    CONSTRAINT api_key_rate_check CHECK ((rate >= 0)),
    CONSTRAINT api_key_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'lead'::text, 'agent'::text, 'auditor'::text, 'integration'::text]))),
    CONSTRAINT api_key_session_check CHECK (((NOT session) OR (agent_id IS NOT NULL)))
);
ALTER TABLE ONLY public.api_key ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.api_key FORCE ROW LEVEL SECURITY;

ALTER TABLE public.api_key OWNER TO throughline_owner;

COMMENT ON COLUMN public.api_key.agent_id IS 'whose key it is: what it does the agent did; null: a program''s';

COMMENT ON COLUMN public.api_key.session IS 'a browser''s: it is sent as a cookie and never as a bearer key';

COMMENT ON COLUMN public.api_key.device IS 'what the browser says that it is';

CREATE TABLE public.audit_seal (
    workspace_id uuid NOT NULL,
    number bigint NOT NULL,
    epoch integer NOT NULL,
    xid xid8 NOT NULL,
    "position" bigint NOT NULL,
    records integer NOT NULL,
    digest bytea NOT NULL,
    sealed_at timestamp with time zone NOT NULL,
    CONSTRAINT audit_seal_digest_check CHECK ((length(digest) = 32)),
    CONSTRAINT audit_seal_number_check CHECK ((number > 0)),
    CONSTRAINT audit_seal_records_check CHECK ((records > 0))
);
ALTER TABLE ONLY public.audit_seal ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.audit_seal FORCE ROW LEVEL SECURITY;

ALTER TABLE public.audit_seal OWNER TO throughline_owner;

COMMENT ON TABLE public.audit_seal IS 'a chain of SHA-256 over every event and decision in ledger order: append-only';

COMMENT ON COLUMN public.audit_seal."position" IS 'with epoch and xid: the last record that this seal covers';

CREATE TABLE public.channel_account (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    source text NOT NULL,
    settings jsonb NOT NULL,
    secrets bytea NOT NULL,
    hint text NOT NULL,
    overlap_until timestamp with time zone,
    proves text[] NOT NULL,
    rate integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    disabled_at timestamp with time zone,
    disabled_by text,
    CONSTRAINT channel_account_rate_check CHECK ((rate >= 0))
);
ALTER TABLE ONLY public.channel_account ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.channel_account FORCE ROW LEVEL SECURITY;

ALTER TABLE public.channel_account OWNER TO throughline_owner;

COMMENT ON TABLE public.channel_account IS 'one configured mailbox, number, page, widget or shop';

COMMENT ON COLUMN public.channel_account.secrets IS 'sealed under the installation''s secret: the newest, then the one before';

COMMENT ON COLUMN public.channel_account.overlap_until IS 'until when the secret before the newest holds too';

CREATE TABLE public.channel_account_change (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    passwords text[] NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL
);
ALTER TABLE ONLY public.channel_account_change ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.channel_account_change FORCE ROW LEVEL SECURITY;

ALTER TABLE public.channel_account_change OWNER TO throughline_owner;

COMMENT ON TABLE public.channel_account_change IS 'what an account''s name and settings were and became, and by whom';

COMMENT ON COLUMN public.channel_account_change.passwords IS 'which passwords were set with it, never what they are';

CREATE TABLE public.contact (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    source text NOT NULL,
    source_key text NOT NULL,
    home_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    grade text NOT NULL,
    name text,
    attributes jsonb NOT NULL,
    said_at timestamp with time zone NOT NULL,
    via text,
    home_decision uuid,
    customer_decision uuid,
    created_at timestamp with time zone NOT NULL,
    since timestamp with time zone NOT NULL,
    CONSTRAINT contact_grade_check CHECK ((grade = ANY (ARRAY['verified'::text, 'presumed'::text, 'possible'::text])))
);
ALTER TABLE ONLY public.contact ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.contact FORCE ROW LEVEL SECURITY;

ALTER TABLE public.contact OWNER TO throughline_owner;

COMMENT ON COLUMN public.contact.said_at IS 'when the source said what name and attributes hold; older news fills gaps only';

COMMENT ON COLUMN public.contact.via IS 'the identifier on which it came to its home';

CREATE TABLE public.contact_count (
    workspace_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    events bigint NOT NULL,
    messages bigint NOT NULL,
    orders bigint NOT NULL,
    tickets bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='80');
ALTER TABLE ONLY public.contact_count ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.contact_count FORCE ROW LEVEL SECURITY;

ALTER TABLE public.contact_count OWNER TO throughline_owner;

COMMENT ON TABLE public.contact_count IS 'how much lies in a contact''s stream, kept so that nobody counts a thread';

COMMENT ON COLUMN public.contact_count.orders IS 'events of kind order that name no object: the others count by object_state';

CREATE TABLE public.contact_past (
    workspace_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    home_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    grade text NOT NULL,
    name text,
    attributes jsonb NOT NULL,
    said_at timestamp with time zone NOT NULL,
    via text,
    home_decision uuid,
    customer_decision uuid
);
ALTER TABLE ONLY public.contact_past ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.contact_past FORCE ROW LEVEL SECURITY;

ALTER TABLE public.contact_past OWNER TO throughline_owner;

COMMENT ON TABLE public.contact_past IS 'what a contact was before it changed: as_of reads it';

CREATE TABLE public.customer (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.customer ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.customer FORCE ROW LEVEL SECURITY;

ALTER TABLE public.customer OWNER TO throughline_owner;

CREATE TABLE public.erased_record (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    erasure_id uuid NOT NULL,
    original bytea NOT NULL,
    tombstone bytea NOT NULL,
    CONSTRAINT erased_record_original_check CHECK ((length(original) = 32)),
    CONSTRAINT erased_record_tombstone_check CHECK ((length(tombstone) = 32))
);
ALTER TABLE ONLY public.erased_record ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.erased_record FORCE ROW LEVEL SECURITY;

ALTER TABLE public.erased_record OWNER TO throughline_owner;

COMMENT ON TABLE public.erased_record IS 'each blanked event or decision: the digest that its seal was made over, and that of what is left';

CREATE TABLE public.file_upload (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    size bigint NOT NULL,
    sha256 bytea NOT NULL,
    made_at timestamp with time zone NOT NULL,
    made_by text NOT NULL,
    CONSTRAINT file_upload_sha256_check CHECK ((length(sha256) = 32))
);
ALTER TABLE ONLY public.file_upload ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.file_upload FORCE ROW LEVEL SECURITY;

ALTER TABLE public.file_upload OWNER TO throughline_owner;

COMMENT ON TABLE public.file_upload IS 'a file that waits for its reply; used, it becomes a file_use of the same id';

CREATE TABLE public.file_use (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    event_id uuid NOT NULL,
    ordinal integer NOT NULL,
    part text NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    size bigint NOT NULL,
    sha256 bytea NOT NULL,
    content_id text,
    CONSTRAINT file_use_ordinal_check CHECK ((ordinal >= 0)),
    CONSTRAINT file_use_part_check CHECK ((part = ANY (ARRAY['attachment'::text, 'inline'::text, 'html'::text]))),
    CONSTRAINT file_use_sha256_check CHECK ((length(sha256) = 32))
);
ALTER TABLE ONLY public.file_use ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.file_use FORCE ROW LEVEL SECURITY;

ALTER TABLE public.file_use OWNER TO throughline_owner;

COMMENT ON TABLE public.file_use IS 'a stored file as a part of an event: what people open';

CREATE TABLE public.follower_checkpoint (
    workspace_id uuid NOT NULL,
    follower text NOT NULL,
    epoch integer NOT NULL,
    xid xid8 NOT NULL,
    "position" bigint NOT NULL,
    moved_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.follower_checkpoint ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.follower_checkpoint FORCE ROW LEVEL SECURITY;

ALTER TABLE public.follower_checkpoint OWNER TO throughline_owner;

CREATE TABLE public.home_key (
    workspace_id uuid NOT NULL,
    key bigint NOT NULL,
    home_id uuid NOT NULL
);
ALTER TABLE ONLY public.home_key ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.home_key FORCE ROW LEVEL SECURITY;

ALTER TABLE public.home_key OWNER TO throughline_owner;

COMMENT ON TABLE public.home_key IS 'projection: keyed hashes by which a home is found for comparing; `throughline resolve` makes them again';

CREATE TABLE public.idempotency_key (
    workspace_id uuid NOT NULL,
    caller text NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status integer NOT NULL,
    body bytea NOT NULL,
    created_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.idempotency_key ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.idempotency_key FORCE ROW LEVEL SECURITY;

ALTER TABLE public.idempotency_key OWNER TO throughline_owner;

CREATE TABLE public.identifier (
    workspace_id uuid NOT NULL,
    kind text NOT NULL,
    scope text NOT NULL,
    value text NOT NULL,
    contact_id uuid NOT NULL,
    raw text NOT NULL,
    problem text,
    verified_at timestamp with time zone,
    first_seen timestamp with time zone NOT NULL,
    last_seen timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.identifier ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.identifier FORCE ROW LEVEL SECURITY;

ALTER TABLE public.identifier OWNER TO throughline_owner;

CREATE TABLE public.identity_count (
    workspace_id uuid NOT NULL,
    counter text NOT NULL,
    amount double precision NOT NULL
)
WITH (fillfactor='80');
ALTER TABLE ONLY public.identity_count ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.identity_count FORCE ROW LEVEL SECURITY;

ALTER TABLE public.identity_count OWNER TO throughline_owner;

COMMENT ON TABLE public.identity_count IS 'projection: what was learned from decisions, as sums; `throughline resolve` counts again';

CREATE TABLE public.identity_pass (
    workspace_id uuid NOT NULL,
    pass text NOT NULL,
    state jsonb NOT NULL,
    moved_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.identity_pass ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.identity_pass FORCE ROW LEVEL SECURITY;

ALTER TABLE public.identity_pass OWNER TO throughline_owner;

COMMENT ON TABLE public.identity_pass IS 'how far a pass of `throughline resolve` got that was cut short; gone when it is over';

CREATE TABLE public.identity_policy (
    workspace_id uuid NOT NULL,
    version integer NOT NULL,
    policy jsonb NOT NULL,
    actor text NOT NULL,
    reason text,
    decided_at timestamp with time zone NOT NULL,
    CONSTRAINT identity_policy_version_check CHECK ((version > 0))
);
ALTER TABLE ONLY public.identity_policy ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.identity_policy FORCE ROW LEVEL SECURITY;

ALTER TABLE public.identity_policy OWNER TO throughline_owner;

COMMENT ON TABLE public.identity_policy IS 'append-only: the highest version is in force';

CREATE TABLE public.identity_training (
    workspace_id uuid NOT NULL,
    version integer NOT NULL,
    model text NOT NULL,
    training jsonb NOT NULL,
    actor text NOT NULL,
    reason text,
    decided_at timestamp with time zone NOT NULL,
    CONSTRAINT identity_training_version_check CHECK ((version > 0))
);
ALTER TABLE ONLY public.identity_training ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.identity_training FORCE ROW LEVEL SECURITY;

ALTER TABLE public.identity_training OWNER TO throughline_owner;

COMMENT ON TABLE public.identity_training IS 'append-only: shares that `throughline train identity` put in force, from what, and which links it compared';

COMMENT ON COLUMN public.identity_training.model IS 'the version of the table of weights that the shares are on top of';

CREATE TABLE public.inbound_delivery (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    account_id uuid NOT NULL,
    delivery_key text NOT NULL,
    digest bytea NOT NULL,
    raw bytea,
    size integer NOT NULL,
    headers jsonb NOT NULL,
    state text NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    reason text,
    event_ids uuid[] DEFAULT ARRAY[]::uuid[] NOT NULL,
    received_at timestamp with time zone NOT NULL,
    next_try_at timestamp with time zone,
    claimed_until timestamp with time zone,
    decided_at timestamp with time zone,
    CONSTRAINT inbound_delivery_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'understood'::text, 'failed'::text])))
);
ALTER TABLE ONLY public.inbound_delivery ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.inbound_delivery FORCE ROW LEVEL SECURITY;

ALTER TABLE public.inbound_delivery OWNER TO throughline_owner;

COMMENT ON TABLE public.inbound_delivery IS 'what a channel account was handed, archived before anybody reads it';

COMMENT ON COLUMN public.inbound_delivery.raw IS 'its bytes as they came; null where the quarantine has them';

COMMENT ON COLUMN public.inbound_delivery.claimed_until IS 'a worker is at it; past this time the worker is taken for dead';

CREATE TABLE public.legal_hold (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    customer_id uuid NOT NULL,
    contacts uuid[] NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    held_from timestamp with time zone NOT NULL,
    lifted_at timestamp with time zone,
    lifted_by text
);
ALTER TABLE ONLY public.legal_hold ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.legal_hold FORCE ROW LEVEL SECURITY;

ALTER TABLE public.legal_hold OWNER TO throughline_owner;

COMMENT ON TABLE public.legal_hold IS 'people who may not be erased while it stands, however their contacts are merged';

CREATE TABLE public.link_suggestion (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    contact_a uuid NOT NULL,
    contact_b uuid NOT NULL,
    state text NOT NULL,
    evidence jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    decided_at timestamp with time zone,
    decision_id uuid,
    kind text DEFAULT 'link'::text NOT NULL,
    probability double precision,
    value double precision DEFAULT 0 NOT NULL,
    later_until timestamp with time zone,
    CONSTRAINT link_suggestion_ends CHECK (((contact_a < contact_b) OR ((kind = 'unlink'::text) AND (contact_a <> contact_b)))),
    CONSTRAINT link_suggestion_kind_check CHECK ((kind = ANY (ARRAY['link'::text, 'unlink'::text]))),
    CONSTRAINT link_suggestion_state_check CHECK ((state = ANY (ARRAY['open'::text, 'accepted'::text, 'rejected'::text])))
);
ALTER TABLE ONLY public.link_suggestion ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.link_suggestion FORCE ROW LEVEL SECURITY;

ALTER TABLE public.link_suggestion OWNER TO throughline_owner;

COMMENT ON COLUMN public.link_suggestion.contact_a IS 'link: the lower id; unlink: the contact that would be split off';

COMMENT ON COLUMN public.link_suggestion.kind IS 'link: they may be one; unlink: what joined them no longer holds';

COMMENT ON COLUMN public.link_suggestion.probability IS 'that they are one, when it was suggested';

COMMENT ON COLUMN public.link_suggestion.value IS 'what an answer is worth, times the probability: the queue''s order';

COMMENT ON COLUMN public.link_suggestion.later_until IS 'an open one is not shown before';

CREATE TABLE public.mail_bounce (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    mail_id uuid NOT NULL,
    address text NOT NULL,
    event_id uuid NOT NULL,
    status text,
    words text,
    bounced_at timestamp with time zone NOT NULL,
    cleared_at timestamp with time zone,
    cleared_by text
);
ALTER TABLE ONLY public.mail_bounce ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.mail_bounce FORCE ROW LEVEL SECURITY;

ALTER TABLE public.mail_bounce OWNER TO throughline_owner;

COMMENT ON TABLE public.mail_bounce IS 'a mail of ours that did not arrive at an address; it marks the address until cleared';

COMMENT ON COLUMN public.mail_bounce.address IS 'in small letters';

COMMENT ON COLUMN public.mail_bounce.event_id IS 'the report that said so';

COMMENT ON COLUMN public.mail_bounce.status IS 'the enhanced code (RFC 3463), such as 5.1.1';

CREATE TABLE public.mail_reference (
    workspace_id uuid NOT NULL,
    account_id uuid NOT NULL,
    message bytea NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT mail_reference_message_check CHECK ((length(message) = 16))
);
ALTER TABLE ONLY public.mail_reference ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.mail_reference FORCE ROW LEVEL SECURITY;

ALTER TABLE public.mail_reference OWNER TO throughline_owner;

COMMENT ON TABLE public.mail_reference IS 'mails by what they refer to: a mail may come before the one that it answers';

CREATE TABLE public.mail_thread (
    workspace_id uuid NOT NULL,
    account_id uuid NOT NULL,
    event_id uuid NOT NULL,
    conversation text NOT NULL,
    message bytea,
    author bytea NOT NULL,
    named bytea[] NOT NULL,
    is_proved boolean NOT NULL,
    CONSTRAINT mail_thread_author_check CHECK ((length(author) = 16)),
    CONSTRAINT mail_thread_message_check CHECK ((length(message) = 16))
);
ALTER TABLE ONLY public.mail_thread ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.mail_thread FORCE ROW LEVEL SECURITY;

ALTER TABLE public.mail_thread OWNER TO throughline_owner;

COMMENT ON TABLE public.mail_thread IS 'a mail that others may refer to; several may bear one Message-ID';

COMMENT ON COLUMN public.mail_thread.conversation IS 'the thread: the item of the mail that began it';

COMMENT ON COLUMN public.mail_thread.message IS 'keyed hash of its Message-ID, as the other two are of addresses';

COMMENT ON COLUMN public.mail_thread.author IS 'who wrote it, as far as we can tell: proved or claimed';

COMMENT ON COLUMN public.mail_thread.named IS 'to whom else it went';

CREATE TABLE public.mailbox (
    workspace_id uuid NOT NULL,
    account_id uuid NOT NULL,
    folder text NOT NULL,
    uidvalidity bigint,
    mails bigint,
    claimed_by uuid,
    claimed_until timestamp with time zone,
    fetched_at timestamp with time zone,
    next_at timestamp with time zone,
    failures integer DEFAULT 0 NOT NULL,
    failing_since timestamp with time zone,
    failed_at timestamp with time zone,
    fault text
);
ALTER TABLE ONLY public.mailbox ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.mailbox FORCE ROW LEVEL SECURITY;

ALTER TABLE public.mailbox OWNER TO throughline_owner;

COMMENT ON TABLE public.mailbox IS 'one folder of an account on its mail server: who fetches it, and how that goes';

COMMENT ON COLUMN public.mailbox.mails IS 'how many the server said that the folder has';

COMMENT ON COLUMN public.mailbox.fetched_at IS 'when it was last looked through to its end';

COMMENT ON COLUMN public.mailbox.fault IS 'the last one, in words; it stands while failures do';

CREATE TABLE public.mailbox_mail (
    workspace_id uuid NOT NULL,
    account_id uuid NOT NULL,
    folder text NOT NULL,
    uidvalidity bigint NOT NULL,
    uid bigint NOT NULL,
    size bigint NOT NULL,
    arrived text NOT NULL,
    state text NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    next_try_at timestamp with time zone,
    entry_id uuid,
    CONSTRAINT mailbox_mail_state_check CHECK ((state = ANY (ARRAY['tried'::text, 'archived'::text, 'refused'::text])))
);
ALTER TABLE ONLY public.mailbox_mail ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.mailbox_mail FORCE ROW LEVEL SECURITY;

ALTER TABLE public.mailbox_mail OWNER TO throughline_owner;

COMMENT ON TABLE public.mailbox_mail IS 'one mail in a folder, by the server''s number for it';

COMMENT ON COLUMN public.mailbox_mail.arrived IS 'with size the mail''s fingerprint: INTERNALDATE as the server wrote it';

COMMENT ON COLUMN public.mailbox_mail.tries IS 'counted before it is asked for: a connection that dies of it is remembered';

COMMENT ON COLUMN public.mailbox_mail.entry_id IS 'of a refused one: what the quarantine says of it';

CREATE TABLE public.mailbox_password (
    workspace_id uuid NOT NULL,
    account_id uuid NOT NULL,
    door text NOT NULL,
    sealed bytea NOT NULL,
    set_at timestamp with time zone NOT NULL,
    set_by text NOT NULL,
    CONSTRAINT mailbox_password_door_check CHECK ((door = ANY (ARRAY['imap'::text, 'smtp'::text])))
);
ALTER TABLE ONLY public.mailbox_password ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.mailbox_password FORCE ROW LEVEL SECURITY;

ALTER TABLE public.mailbox_password OWNER TO throughline_owner;

COMMENT ON TABLE public.mailbox_password IS 'what an account signs in with; written and used, never shown';

COMMENT ON COLUMN public.mailbox_password.sealed IS 'sealed under the installation''s secret, for this account and door alone';

CREATE TABLE public.migration (
    id integer NOT NULL,
    name character varying(200) DEFAULT ''::character varying NOT NULL,
    app_name character varying(200) DEFAULT ''::character varying NOT NULL,
    ran_on timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);

ALTER TABLE public.migration OWNER TO postgres;

CREATE SEQUENCE public.migration_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.migration_id_seq OWNER TO postgres;

ALTER SEQUENCE public.migration_id_seq OWNED BY public.migration.id;

CREATE TABLE public.notification (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    agent_id uuid NOT NULL,
    kind text NOT NULL,
    ticket_id uuid NOT NULL,
    event_id uuid NOT NULL,
    actor text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    read_at timestamp with time zone,
    mailed_at timestamp with time zone,
    CONSTRAINT notification_kind_check CHECK ((kind = ANY (ARRAY['assigned'::text, 'mentioned'::text, 'changed'::text, 'task'::text, 'task_due'::text, 'answered'::text, 'rejected'::text, 'awake'::text, 'sla_warned'::text, 'sla_breached'::text, 'undelivered'::text])))
);
ALTER TABLE ONLY public.notification ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.notification FORCE ROW LEVEL SECURITY;

ALTER TABLE public.notification OWNER TO throughline_owner;

COMMENT ON TABLE public.notification IS 'what an agent is to hear of, once each; the event says what happened';

COMMENT ON COLUMN public.notification.mailed_at IS 'when it was decided whether a mail tells of it';

CREATE TABLE public.object_event (
    workspace_id uuid NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    id text NOT NULL,
    contact_id uuid NOT NULL,
    kind text NOT NULL,
    has_state boolean NOT NULL,
    version_number numeric NOT NULL,
    version_text text NOT NULL COLLATE pg_catalog."C",
    "position" bigint NOT NULL,
    shown_at timestamp with time zone NOT NULL,
    recorded_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.object_event ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.object_event FORCE ROW LEVEL SECURITY;

ALTER TABLE public.object_event OWNER TO throughline_owner;

COMMENT ON TABLE public.object_event IS 'projection: every event that names an object, on the contact where it came in';

COMMENT ON COLUMN public.object_event.version_number IS 'states are compared by version; an event that names an object without a state by the microsecond it is shown at';

CREATE TABLE public.object_state (
    workspace_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    type text NOT NULL,
    id text NOT NULL,
    version_number numeric NOT NULL,
    version_text text NOT NULL COLLATE pg_catalog."C",
    version jsonb NOT NULL,
    state jsonb NOT NULL,
    kind text NOT NULL,
    event_id uuid NOT NULL,
    shown_at timestamp with time zone NOT NULL,
    has_state boolean NOT NULL,
    "position" bigint NOT NULL,
    events bigint NOT NULL,
    orders bigint NOT NULL
);
ALTER TABLE ONLY public.object_state ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.object_state FORCE ROW LEVEL SECURITY;

ALTER TABLE public.object_state OWNER TO throughline_owner;

COMMENT ON TABLE public.object_state IS 'projection: the newest state of each object on each contact, by version and by where items stand';

COMMENT ON COLUMN public.object_state.has_state IS 'false: a stub, which events have named and no state has reached';

COMMENT ON COLUMN public.object_state.orders IS 'how many of its events are of kind order';

CREATE TABLE public.object_type (
    workspace_id uuid NOT NULL,
    type text NOT NULL,
    version integer NOT NULL,
    "position" bigint DEFAULT nextval('public.ledger_position'::regclass) NOT NULL,
    schema jsonb,
    title text,
    states jsonb,
    actor text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT object_type_version_check CHECK ((version > 0))
);
ALTER TABLE ONLY public.object_type ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.object_type FORCE ROW LEVEL SECURITY;

ALTER TABLE public.object_type OWNER TO throughline_owner;

COMMENT ON TABLE public.object_type IS 'append-only: the highest version of a type is in force';

COMMENT ON COLUMN public.object_type."position" IS 'the greatest one says whether what a process remembers is still true';

CREATE TABLE public.outbound_lane (
    workspace_id uuid NOT NULL,
    account_id uuid NOT NULL,
    domain text NOT NULL,
    failures integer NOT NULL,
    failing_since timestamp with time zone NOT NULL,
    paused_until timestamp with time zone,
    reason text NOT NULL
);
ALTER TABLE ONLY public.outbound_lane ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.outbound_lane FORCE ROW LEVEL SECURITY;

ALTER TABLE public.outbound_lane OWNER TO throughline_owner;

COMMENT ON TABLE public.outbound_lane IS 'domains that an account cannot reach right now, and until when they are left alone';

CREATE TABLE public.outbound_mail (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    key text NOT NULL,
    epoch integer DEFAULT COALESCE(public.current_epoch(), 1) NOT NULL,
    account_id uuid NOT NULL,
    event_id uuid,
    contact_id uuid,
    conversation text,
    purpose text NOT NULL,
    message_id text NOT NULL,
    recipients jsonb NOT NULL,
    domain text NOT NULL,
    raw bytea,
    files jsonb DEFAULT '[]'::jsonb NOT NULL,
    state text NOT NULL,
    outcomes jsonb DEFAULT '{}'::jsonb NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    doubts integer DEFAULT 0 NOT NULL,
    status integer,
    reason text,
    made_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    next_try_at timestamp with time zone,
    tried_at timestamp with time zone,
    sent_at timestamp with time zone,
    CONSTRAINT outbound_mail_purpose_check CHECK ((purpose ~ '^[a-z_]{1,40}$'::text)),
    CONSTRAINT outbound_mail_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'sending'::text, 'sent'::text, 'failed'::text, 'uncertain'::text, 'suppressed'::text])))
);
ALTER TABLE ONLY public.outbound_mail ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.outbound_mail FORCE ROW LEVEL SECURITY;

ALTER TABLE public.outbound_mail OWNER TO throughline_owner;

COMMENT ON TABLE public.outbound_mail IS 'one mail on its way out: rendered once, the same bytes in every attempt';

COMMENT ON COLUMN public.outbound_mail.id IS 'what the token in its Message-ID names';

COMMENT ON COLUMN public.outbound_mail.key IS 'what it is for, in words of ours: the second of one key is not made';

COMMENT ON COLUMN public.outbound_mail.epoch IS 'in which it was made: what a backup brings back is never sent by itself, it may have gone out since';

COMMENT ON COLUMN public.outbound_mail.event_id IS 'the event that it carries, or that caused it';

COMMENT ON COLUMN public.outbound_mail.recipients IS 'to, cc, bcc: who gets it, each an address and perhaps a name';

COMMENT ON COLUMN public.outbound_mail.domain IS 'of its first recipient: by account and domain mails wait for each other';

COMMENT ON COLUMN public.outbound_mail.raw IS 'null once it was erased or is long decided; files are put in when it is sent';

COMMENT ON COLUMN public.outbound_mail.outcomes IS 'what became of it, by address: sent, failed or uncertain, and in words';

COMMENT ON COLUMN public.outbound_mail.tries IS 'also what a worker knows its own attempt by';

COMMENT ON COLUMN public.outbound_mail.doubts IS 'attempts of which nobody knows how they ended';

COMMENT ON COLUMN public.outbound_mail.next_try_at IS 'of one that waits or is uncertain; also when another worker may have it that is in the hands of one';

CREATE TABLE public.placement (
    workspace_id uuid NOT NULL,
    event_id uuid NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone DEFAULT 'infinity'::timestamp with time zone NOT NULL,
    contact_id uuid NOT NULL,
    origin_id uuid NOT NULL,
    decision_id uuid NOT NULL
);
ALTER TABLE ONLY public.placement ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.placement FORCE ROW LEVEL SECURITY;

ALTER TABLE public.placement OWNER TO throughline_owner;

COMMENT ON TABLE public.placement IS 'where items stand that were given to another contact by hand; one row an event has until = infinity';

CREATE UNLOGGED TABLE public.presence (
    workspace_id uuid NOT NULL,
    customer_id uuid NOT NULL,
    agent_id uuid NOT NULL,
    ticket integer,
    replying boolean NOT NULL,
    until timestamp with time zone NOT NULL
)
WITH (fillfactor='60');
ALTER TABLE ONLY public.presence ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.presence FORCE ROW LEVEL SECURITY;

ALTER TABLE public.presence OWNER TO throughline_owner;

COMMENT ON TABLE public.presence IS 'who has a customer before them: it ends by itself, and a crash forgets it';

COMMENT ON COLUMN public.presence.ticket IS 'the number of the ticket that is open beside the thread';

CREATE TABLE public.quarantine (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    door text NOT NULL,
    source text,
    source_id text,
    event_id uuid,
    code text NOT NULL,
    reason text NOT NULL,
    fields text[] NOT NULL,
    raw bytea,
    digest bytea NOT NULL,
    state text NOT NULL,
    tries integer DEFAULT 1 NOT NULL,
    actor text NOT NULL,
    proves text[] NOT NULL,
    received_at timestamp with time zone NOT NULL,
    decided_at timestamp with time zone,
    decided_by text,
    account_id uuid,
    delivery_id uuid,
    headers jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT quarantine_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'replayed'::text, 'discarded'::text])))
);
ALTER TABLE ONLY public.quarantine ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.quarantine FORCE ROW LEVEL SECURITY;

ALTER TABLE public.quarantine OWNER TO throughline_owner;

COMMENT ON TABLE public.quarantine IS 'what reached us and could not become an event, with its bytes';

COMMENT ON COLUMN public.quarantine.account_id IS 'of the doors hooks/KIND: the channel account that was handed it';

COMMENT ON COLUMN public.quarantine.delivery_id IS 'the delivery that could not be understood; null for one that came beside another of its key';

CREATE TABLE public.queue (
    workspace_id uuid NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    team text,
    place integer NOT NULL,
    created_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.queue ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.queue FORCE ROW LEVEL SECURITY;

ALTER TABLE public.queue OWNER TO throughline_owner;

COMMENT ON TABLE public.queue IS 'where tickets wait; a ticket names it by its key';

COMMENT ON COLUMN public.queue.place IS 'where it stands among the queues';

CREATE TABLE public.retention_policy (
    workspace_id uuid NOT NULL,
    version integer NOT NULL,
    policy jsonb NOT NULL,
    actor text NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    CONSTRAINT retention_policy_version_check CHECK ((version > 0))
);
ALTER TABLE ONLY public.retention_policy ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.retention_policy FORCE ROW LEVEL SECURITY;

ALTER TABLE public.retention_policy OWNER TO throughline_owner;

COMMENT ON TABLE public.retention_policy IS 'append-only: the highest version is in force';

CREATE TABLE public.saved_view (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    owner text NOT NULL,
    audience text NOT NULL,
    team text,
    name text NOT NULL,
    filters jsonb NOT NULL,
    sort text NOT NULL,
    columns text[] NOT NULL,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT saved_view_audience_check CHECK ((audience = ANY (ARRAY['own'::text, 'team'::text, 'workspace'::text]))),
    CONSTRAINT saved_view_check CHECK (((audience = 'team'::text) = (team IS NOT NULL)))
);
ALTER TABLE ONLY public.saved_view ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.saved_view FORCE ROW LEVEL SECURITY;

ALTER TABLE public.saved_view OWNER TO throughline_owner;

COMMENT ON TABLE public.saved_view IS 'lists of tickets that somebody keeps';

COMMENT ON COLUMN public.saved_view.owner IS 'the actor who made it: an agent, or a key that is nobody''s';

COMMENT ON COLUMN public.saved_view.filters IS 'words and values as a list of tickets takes them in its query';

CREATE TABLE public.search_document (
    workspace_id uuid NOT NULL,
    generation integer NOT NULL,
    id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL,
    contact_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    facts tsvector NOT NULL,
    words tsvector NOT NULL,
    people text DEFAULT ''::text NOT NULL,
    content text NOT NULL,
    digest text NOT NULL
)
WITH (fillfactor='85');
ALTER TABLE ONLY public.search_document ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE public.search_document OWNER TO throughline_search;

COMMENT ON TABLE public.search_document IS 'one for each item, case and contact that can be found; made again by reindex';

COMMENT ON COLUMN public.search_document.generation IS 'of the index: one is live, another may be made beside it';

COMMENT ON COLUMN public.search_document.facts IS 'what is filtered by and counted, each a letter and its value; in no index, so that a change of them touches none';

COMMENT ON COLUMN public.search_document.words IS 'every word as it is and by its stem, ids, people and tickets; each behind a mark of the workspace and generation';

COMMENT ON COLUMN public.search_document.people IS 'of a contact: its names and addresses, for those with a typo';

COMMENT ON COLUMN public.search_document.content IS 'a digest of the other columns and of what is embedded, as they were written';

CREATE TABLE public.search_due (
    workspace_id uuid NOT NULL,
    generation integer NOT NULL,
    kind text NOT NULL,
    id uuid NOT NULL,
    after_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    after_position bigint DEFAULT 0 NOT NULL,
    round bigint DEFAULT 1 NOT NULL,
    CONSTRAINT search_due_kind_check CHECK ((kind = ANY (ARRAY['contact'::text, 'ticket'::text])))
);
ALTER TABLE ONLY public.search_due ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.search_due FORCE ROW LEVEL SECURITY;

ALTER TABLE public.search_due OWNER TO throughline_owner;

COMMENT ON TABLE public.search_due IS 'whose documents are to be compared with the ledger again, and how far that is done';

COMMENT ON COLUMN public.search_due.round IS 'asked again meanwhile, it begins anew';

CREATE TABLE public.search_fault (
    workspace_id uuid NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    generation integer NOT NULL,
    document_id text NOT NULL,
    step text NOT NULL,
    words text NOT NULL,
    tries integer DEFAULT 1 NOT NULL,
    failed_at timestamp with time zone NOT NULL,
    CONSTRAINT search_fault_step_check CHECK ((step = ANY (ARRAY['build'::text, 'write'::text, 'embed'::text])))
);
ALTER TABLE ONLY public.search_fault ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.search_fault FORCE ROW LEVEL SECURITY;

ALTER TABLE public.search_fault OWNER TO throughline_owner;

COMMENT ON TABLE public.search_fault IS 'documents that were set aside: the others are in the index';

CREATE TABLE public.search_index (
    workspace_id uuid NOT NULL,
    generation integer NOT NULL,
    engine text NOT NULL,
    model text,
    dimensions integer NOT NULL,
    state text NOT NULL,
    swept_to text,
    swept bigint DEFAULT 0 NOT NULL,
    missing bigint DEFAULT 0 NOT NULL,
    stale bigint DEFAULT 0 NOT NULL,
    orphaned bigint DEFAULT 0 NOT NULL,
    documents bigint DEFAULT 0 NOT NULL,
    timed_until timestamp with time zone NOT NULL,
    checked_at timestamp with time zone,
    trouble text,
    made_at timestamp with time zone NOT NULL,
    live_at timestamp with time zone,
    CONSTRAINT search_index_generation_check CHECK ((generation > 0)),
    CONSTRAINT search_index_state_check CHECK ((state = ANY (ARRAY['building'::text, 'live'::text, 'old'::text, 'gone'::text])))
);
ALTER TABLE ONLY public.search_index ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.search_index FORCE ROW LEVEL SECURITY;

ALTER TABLE public.search_index OWNER TO throughline_owner;

COMMENT ON TABLE public.search_index IS 'the indexes of a workspace: the one that answers, and one that is made beside it';

COMMENT ON COLUMN public.search_index.model IS 'whose vectors it holds; null: words alone';

COMMENT ON COLUMN public.search_index.state IS 'old: it answers no more and is to be dropped; gone: it was';

COMMENT ON COLUMN public.search_index.swept_to IS 'the document up to which all were compared with the ledger; null where all were';

COMMENT ON COLUMN public.search_index.swept IS 'documents compared by the pass under way, or by the last';

COMMENT ON COLUMN public.search_index.missing IS 'of those compared, with stale (other) and orphaned (too many)';

COMMENT ON COLUMN public.search_index.documents IS 'as many as should be in it';

COMMENT ON COLUMN public.search_index.timed_until IS 'what time alone did to tickets is in it up to here';

COMMENT ON COLUMN public.search_index.trouble IS 'why it does not get on, in words';

CREATE TABLE public.search_spoken (
    workspace_id uuid NOT NULL,
    document_id text NOT NULL,
    words text NOT NULL
);
ALTER TABLE ONLY public.search_spoken ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.search_spoken FORCE ROW LEVEL SECURITY;

ALTER TABLE public.search_spoken OWNER TO throughline_owner;

COMMENT ON TABLE public.search_spoken IS 'the words for which a document is counted, so that they go with it';

CREATE TABLE public.search_vector (
    workspace_id uuid NOT NULL,
    generation integer NOT NULL,
    id text NOT NULL COLLATE pg_catalog."C",
    at timestamp with time zone NOT NULL,
    digest text NOT NULL,
    meaning text,
    dimensions smallint DEFAULT 0 NOT NULL,
    vector public.halfvec
);
ALTER TABLE ONLY public.search_vector ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE public.search_vector OWNER TO throughline_search;

COMMENT ON TABLE public.search_vector IS 'what each document means, of length one; those without one wait for it';

COMMENT ON COLUMN public.search_vector.digest IS 'of the meaning: a vector stands while it is the same';

COMMENT ON COLUMN public.search_vector.meaning IS 'the text, until it is embedded';

CREATE TABLE public.search_word (
    workspace_id uuid NOT NULL,
    word text NOT NULL,
    documents integer NOT NULL
)
WITH (fillfactor='80');
ALTER TABLE ONLY public.search_word ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.search_word FORCE ROW LEVEL SECURITY;

ALTER TABLE public.search_word OWNER TO throughline_owner;

COMMENT ON TABLE public.search_word IS 'words that stand in some document, and in how many';

CREATE TABLE public.sign_in_link (
    workspace_id uuid NOT NULL,
    digest bytea NOT NULL,
    agent_id uuid NOT NULL,
    purpose text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT sign_in_link_purpose_check CHECK ((purpose = ANY (ARRAY['invitation'::text, 'reset'::text])))
);
ALTER TABLE ONLY public.sign_in_link ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.sign_in_link FORCE ROW LEVEL SECURITY;

ALTER TABLE public.sign_in_link OWNER TO throughline_owner;

COMMENT ON TABLE public.sign_in_link IS 'links that set a password once: gone when used';

CREATE TABLE public.sign_in_try (
    workspace_id uuid NOT NULL,
    name bytea NOT NULL,
    tries integer NOT NULL,
    last_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.sign_in_try ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.sign_in_try FORCE ROW LEVEL SECURITY;

ALTER TABLE public.sign_in_try OWNER TO throughline_owner;

COMMENT ON TABLE public.sign_in_try IS 'how often it was tried in vain; names are keyed hashes of address and place';

CREATE TABLE public.stored_file (
    workspace_id uuid NOT NULL,
    sha256 bytea NOT NULL,
    size bigint NOT NULL,
    look_at timestamp with time zone,
    going boolean DEFAULT false NOT NULL,
    CONSTRAINT stored_file_sha256_check CHECK ((length(sha256) = 32)),
    CONSTRAINT stored_file_size_check CHECK ((size >= 0))
);
ALTER TABLE ONLY public.stored_file ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.stored_file FORCE ROW LEVEL SECURITY;

ALTER TABLE public.stored_file OWNER TO throughline_owner;

COMMENT ON TABLE public.stored_file IS 'bytes that are in the file store or about to be: the row comes first and goes last';

COMMENT ON COLUMN public.stored_file.look_at IS 'when to look whether anything needs it; null: something did when it was looked at last';

COMMENT ON COLUMN public.stored_file.going IS 'its bytes are being deleted, or are already: nothing may begin to point to it';

CREATE TABLE public.team (
    workspace_id uuid NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.team ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.team FORCE ROW LEVEL SECURITY;

ALTER TABLE public.team OWNER TO throughline_owner;

COMMENT ON TABLE public.team IS 'agents who share queues and views';

CREATE TABLE public.team_member (
    workspace_id uuid NOT NULL,
    team text NOT NULL,
    agent_id uuid NOT NULL
);
ALTER TABLE ONLY public.team_member ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.team_member FORCE ROW LEVEL SECURITY;

ALTER TABLE public.team_member OWNER TO throughline_owner;

CREATE TABLE public.ticket (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    contact_id uuid NOT NULL,
    number bigint NOT NULL,
    opened_position bigint NOT NULL,
    "position" bigint NOT NULL,
    status text NOT NULL,
    is_open boolean NOT NULL,
    priority text NOT NULL,
    assignee uuid,
    tags text[] NOT NULL,
    channel text,
    opened_at timestamp with time zone NOT NULL,
    last_at timestamp with time zone NOT NULL,
    until_at timestamp with time zone NOT NULL,
    closes_at timestamp with time zone,
    history boolean NOT NULL,
    lapsed boolean DEFAULT false NOT NULL,
    joined_into uuid,
    fold jsonb NOT NULL,
    type text,
    queue text,
    waiting text,
    snoozed_until timestamp with time zone,
    resolves_at timestamp with time zone,
    next_at timestamp with time zone,
    sla_due_at timestamp with time zone,
    sla_alarm_at timestamp with time zone,
    CONSTRAINT ticket_status_check CHECK ((status = ANY (ARRAY['new'::text, 'open'::text, 'pending'::text, 'on_hold'::text, 'resolved'::text, 'closed'::text])))
)
WITH (fillfactor='80');
ALTER TABLE ONLY public.ticket ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.ticket FORCE ROW LEVEL SECURITY;

ALTER TABLE public.ticket OWNER TO throughline_owner;

COMMENT ON TABLE public.ticket IS 'projection: the ticket as its last event left it; columns repeat what lists filter by';

COMMENT ON COLUMN public.ticket.contact_id IS 'the contact that the opening event stands on; never a customer';

COMMENT ON COLUMN public.ticket."position" IS 'of the last event or merge that changed it';

COMMENT ON COLUMN public.ticket.until_at IS 'infinity unless closed: the fold loads what a new item could still meet';

COMMENT ON COLUMN public.ticket.history IS 'its last activity was imported: its closing is derived and never announced';

COMMENT ON COLUMN public.ticket.lapsed IS 'silence closed what was imported: status and is_open say so, the fold derives it';

COMMENT ON COLUMN public.ticket.fold IS 'the whole folded state';

COMMENT ON COLUMN public.ticket.snoozed_until IS 'lists may leave it out until then; the year 9999: until the customer writes';

COMMENT ON COLUMN public.ticket.resolves_at IS 'when silence resolves it; closes_at is when silence closes it';

COMMENT ON COLUMN public.ticket.next_at IS 'the first of closes_at, resolves_at, the reminder and the end of a snooze';

COMMENT ON COLUMN public.ticket.sla_due_at IS 'the earliest due time of promises that run, broken ones too';

COMMENT ON COLUMN public.ticket.sla_alarm_at IS 'when a warning or a breach is next to be told; null: never, as it stands';

CREATE TABLE public.ticket_conversation (
    workspace_id uuid NOT NULL,
    source text NOT NULL,
    conversation text NOT NULL,
    since bigint NOT NULL,
    ticket_id uuid NOT NULL
);
ALTER TABLE ONLY public.ticket_conversation ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.ticket_conversation FORCE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_conversation OWNER TO throughline_owner;

COMMENT ON TABLE public.ticket_conversation IS 'projection: the ticket that a conversation belongs to from a position on';

CREATE TABLE public.ticket_counter (
    workspace_id uuid NOT NULL,
    next bigint NOT NULL
);
ALTER TABLE ONLY public.ticket_counter ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.ticket_counter FORCE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_counter OWNER TO throughline_owner;

COMMENT ON TABLE public.ticket_counter IS 'the next block of numbers; processes take a hundred at a time, gaps stay';

CREATE TABLE public.ticket_deriving (
    workspace_id uuid NOT NULL,
    home_id uuid NOT NULL,
    asked_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.ticket_deriving ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.ticket_deriving FORCE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_deriving OWNER TO throughline_owner;

COMMENT ON TABLE public.ticket_deriving IS 'homes whose tickets wait for a job that folds them again';

CREATE TABLE public.ticket_edit (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    ticket_id uuid NOT NULL,
    other_id uuid,
    items uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    contact_id uuid NOT NULL,
    about uuid,
    "position" bigint NOT NULL,
    actor text NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    undone_by uuid,
    undone_at timestamp with time zone,
    CONSTRAINT ticket_edit_check CHECK (((undone_by IS NULL) = (undone_at IS NULL))),
    CONSTRAINT ticket_edit_kind_check CHECK ((kind = ANY (ARRAY['merge'::text, 'split'::text, 'move'::text, 'share'::text, 'backstage'::text, 'duplicate'::text, 'parent'::text, 'child'::text, 'related'::text])))
);
ALTER TABLE ONLY public.ticket_edit ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.ticket_edit FORCE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_edit OWNER TO throughline_owner;

COMMENT ON TABLE public.ticket_edit IS 'what was done to the tickets that items are in, and links between tickets: as the ledger has it';

COMMENT ON COLUMN public.ticket_edit.id IS 'of the event; undone_by is that of the event that took it back';

COMMENT ON COLUMN public.ticket_edit.other_id IS 'merge: the ticket that became part; split, backstage: the new one; move, share: where it was; links: the other end';

COMMENT ON COLUMN public.ticket_edit.contact_id IS 'in whose stream the event lies';

CREATE TABLE public.ticket_follower (
    workspace_id uuid NOT NULL,
    ticket_id uuid NOT NULL,
    agent_id uuid NOT NULL,
    since timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.ticket_follower ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.ticket_follower FORCE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_follower OWNER TO throughline_owner;

COMMENT ON TABLE public.ticket_follower IS 'agents who want to hear of a ticket';

CREATE TABLE public.ticket_item (
    workspace_id uuid NOT NULL,
    event_id uuid NOT NULL,
    ticket_id uuid NOT NULL,
    "position" bigint NOT NULL,
    shown_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY public.ticket_item ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.ticket_item FORCE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_item OWNER TO throughline_owner;

COMMENT ON TABLE public.ticket_item IS 'projection: which events belong to which ticket';

CREATE TABLE public.ticket_moment (
    workspace_id uuid NOT NULL,
    ticket_id uuid NOT NULL,
    "position" bigint NOT NULL,
    turn text NOT NULL,
    round integer NOT NULL,
    at timestamp with time zone NOT NULL,
    since timestamp with time zone,
    agent uuid,
    CONSTRAINT ticket_moment_turn_check CHECK ((turn = ANY (ARRAY['first_response'::text, 'next_response'::text, 'resolved'::text, 'closed'::text, 'reopened'::text])))
);
ALTER TABLE ONLY public.ticket_moment ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.ticket_moment FORCE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_moment OWNER TO throughline_owner;

COMMENT ON TABLE public.ticket_moment IS 'projection: answers, ends and reopenings of tickets, for reports';

COMMENT ON COLUMN public.ticket_moment.round IS 'how often the ticket had been reopened by then';

COMMENT ON COLUMN public.ticket_moment.since IS 'where its duration runs from: the message that it answers, the opening';

COMMENT ON COLUMN public.ticket_moment.agent IS 'who had the ticket';

CREATE TABLE public.ticket_number (
    workspace_id uuid NOT NULL,
    number bigint NOT NULL,
    ticket_id uuid NOT NULL,
    CONSTRAINT ticket_number_number_check CHECK ((number > 0))
);
ALTER TABLE ONLY public.ticket_number ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.ticket_number FORCE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_number OWNER TO throughline_owner;

COMMENT ON TABLE public.ticket_number IS 'the registry: append-only, so that every number answers for ever';

CREATE TABLE public.ticket_past (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    "position" bigint NOT NULL,
    until bigint NOT NULL,
    fold jsonb NOT NULL
);
ALTER TABLE ONLY public.ticket_past ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.ticket_past FORCE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_past OWNER TO throughline_owner;

COMMENT ON TABLE public.ticket_past IS 'projection: what a ticket was when a standing merge came, for those changed since';

CREATE TABLE public.ticket_policy (
    workspace_id uuid NOT NULL,
    version integer NOT NULL,
    from_position bigint NOT NULL,
    policy jsonb NOT NULL,
    actor text NOT NULL,
    reason text,
    decided_at timestamp with time zone NOT NULL,
    part text DEFAULT 'policy'::text NOT NULL,
    CONSTRAINT ticket_policy_part_check CHECK ((part = ANY (ARRAY['policy'::text, 'desk'::text]))),
    CONSTRAINT ticket_policy_version_check CHECK ((version > 0))
);
ALTER TABLE ONLY public.ticket_policy ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.ticket_policy FORCE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_policy OWNER TO throughline_owner;

COMMENT ON TABLE public.ticket_policy IS 'append-only: the highest version among those from a position at or before an event is in force for it';

COMMENT ON COLUMN public.ticket_policy.part IS 'policy: `policy` is a ticket policy; desk: what is set up beside it. Versions of both are numbered together';

CREATE TABLE public.ticket_task (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    ticket_id uuid NOT NULL,
    owner_id uuid,
    due_at timestamp with time zone,
    done_at timestamp with time zone,
    done_by text,
    told_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL
);
ALTER TABLE ONLY public.ticket_task ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.ticket_task FORCE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_task OWNER TO throughline_owner;

COMMENT ON TABLE public.ticket_task IS 'what is to be done about a ticket; the event of the same id says what';

COMMENT ON COLUMN public.ticket_task.told_at IS 'when its owner was told that it is due';

CREATE TABLE public.ticket_version (
    workspace_id uuid NOT NULL,
    ticket_id uuid NOT NULL,
    base integer NOT NULL,
    CONSTRAINT ticket_version_base_check CHECK ((base > 0))
);
ALTER TABLE ONLY public.ticket_version ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.ticket_version FORCE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_version OWNER TO throughline_owner;

COMMENT ON TABLE public.ticket_version IS 'what is added to the version of a ticket that an undoing took steps back, so that no version is shown of two states';

CREATE TABLE public.ticket_void (
    workspace_id uuid NOT NULL,
    event_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    "position" bigint NOT NULL,
    reason text NOT NULL
);
ALTER TABLE ONLY public.ticket_void ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.ticket_void FORCE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_void OWNER TO throughline_owner;

COMMENT ON TABLE public.ticket_void IS 'projection: commands that find no ticket, or not in a state for them';

CREATE TABLE public.triage_model (
    workspace_id uuid NOT NULL,
    version integer NOT NULL,
    embedder text NOT NULL,
    report jsonb NOT NULL,
    heads bytea NOT NULL,
    active boolean NOT NULL,
    made_at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    CONSTRAINT triage_model_version_check CHECK ((version > 0))
);
ALTER TABLE ONLY public.triage_model ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.triage_model FORCE ROW LEVEL SECURITY;

ALTER TABLE public.triage_model OWNER TO throughline_owner;

COMMENT ON TABLE public.triage_model IS 'what was learned from labelled tickets; one at most is in force';

COMMENT ON COLUMN public.triage_model.embedder IS 'whose vectors it was learned from, and is asked with';

COMMENT ON COLUMN public.triage_model.report IS 'how right it was on tickets that were held back';

COMMENT ON COLUMN public.triage_model.heads IS 'weights by aim; empty where they are not kept any more';

CREATE TABLE public.value_class (
    workspace_id uuid NOT NULL,
    kind text NOT NULL,
    scope text NOT NULL,
    value text NOT NULL,
    class text NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    CONSTRAINT value_class_class_check CHECK ((class = ANY (ARRAY['shared'::text, 'personal'::text])))
);
ALTER TABLE ONLY public.value_class ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.value_class FORCE ROW LEVEL SECURITY;

ALTER TABLE public.value_class OWNER TO throughline_owner;

COMMENT ON TABLE public.value_class IS 'values known to be shared (they link nobody), learned or listed by an operator; personal overrules';

CREATE TABLE public.value_count (
    workspace_id uuid NOT NULL,
    value bigint NOT NULL,
    customers integer NOT NULL
);
ALTER TABLE ONLY public.value_count ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.value_count FORCE ROW LEVEL SECURITY;

ALTER TABLE public.value_count OWNER TO throughline_owner;

COMMENT ON TABLE public.value_count IS 'projection: how many customers hold a value, by its keyed hash; `throughline resolve` counts again';

CREATE TABLE public.webhook (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    url text NOT NULL,
    events text[] NOT NULL,
    content text NOT NULL,
    description text NOT NULL,
    secrets bytea NOT NULL,
    hint text NOT NULL,
    overlap_until timestamp with time zone,
    enabled boolean NOT NULL,
    reason text,
    since_epoch integer NOT NULL,
    since_xid xid8 NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    failing_since timestamp with time zone,
    paused_until timestamp with time zone,
    delivered_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    CONSTRAINT webhook_content_check CHECK ((content = ANY (ARRAY['ids'::text, 'item'::text])))
);
ALTER TABLE ONLY public.webhook ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.webhook FORCE ROW LEVEL SECURITY;

ALTER TABLE public.webhook OWNER TO throughline_owner;

COMMENT ON TABLE public.webhook IS 'a subscription: which events go to which address';

COMMENT ON COLUMN public.webhook.events IS 'types and groups of types, as channels/webhooks/kinds.py names them';

COMMENT ON COLUMN public.webhook.secrets IS 'sealed under the installation''s secret: the newest, then the one before';

COMMENT ON COLUMN public.webhook.reason IS 'why it was disabled, where no person did it';

COMMENT ON COLUMN public.webhook.since_xid IS 'with since_epoch: where the ledger stood when it was made or enabled';

COMMENT ON COLUMN public.webhook.failures IS 'attempts that failed since the last that arrived';

CREATE TABLE public.webhook_delivery (
    workspace_id uuid NOT NULL,
    id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    type text NOT NULL,
    event_id uuid,
    state text NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    status integer,
    reason text,
    made_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    next_try_at timestamp with time zone,
    tried_at timestamp with time zone,
    CONSTRAINT webhook_delivery_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'delivered'::text, 'failed'::text])))
);
ALTER TABLE ONLY public.webhook_delivery ALTER COLUMN workspace_id SET (n_distinct=1);

ALTER TABLE ONLY public.webhook_delivery FORCE ROW LEVEL SECURITY;

ALTER TABLE public.webhook_delivery OWNER TO throughline_owner;

COMMENT ON TABLE public.webhook_delivery IS 'one event for one webhook: ids only, the content is read when it is sent';

COMMENT ON COLUMN public.webhook_delivery.tries IS 'since due_at: replayed by hand it begins anew';

COMMENT ON COLUMN public.webhook_delivery.next_try_at IS 'of a waiting one: also when another worker may have it that is in the hands of one';

CREATE TABLE public.workspace (
    id uuid NOT NULL,
    slug text NOT NULL,
    region text,
    channels text[] DEFAULT ARRAY[]::text[] NOT NULL,
    epoch integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT workspace_region_check CHECK ((region ~ '^[A-Z][A-Z]$'::text)),
    CONSTRAINT workspace_slug_check CHECK (((slug ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$'::text) AND (length(slug) <= 63)))
);

ALTER TABLE public.workspace OWNER TO throughline_owner;

COMMENT ON COLUMN public.workspace.epoch IS 'raised by a restore, because transaction ids start again';

ALTER TABLE ONLY public.migration ALTER COLUMN id SET DEFAULT nextval('public.migration_id_seq'::regclass);

ALTER TABLE ONLY public.agent_password
    ADD CONSTRAINT agent_password_pkey PRIMARY KEY (workspace_id, agent_id);

ALTER TABLE ONLY public.agent
    ADD CONSTRAINT agent_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.agent
    ADD CONSTRAINT agent_workspace_id_email_key UNIQUE (workspace_id, email);

ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT api_key_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT api_key_workspace_id_hash_key UNIQUE (workspace_id, hash);

ALTER TABLE ONLY public.audit_seal
    ADD CONSTRAINT audit_seal_pkey PRIMARY KEY (workspace_id, number);

ALTER TABLE ONLY public.channel_account_change
    ADD CONSTRAINT channel_account_change_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.channel_account
    ADD CONSTRAINT channel_account_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.contact_count
    ADD CONSTRAINT contact_count_pkey PRIMARY KEY (workspace_id, contact_id);

ALTER TABLE ONLY public.contact_past
    ADD CONSTRAINT contact_past_pkey PRIMARY KEY (workspace_id, contact_id, since);

ALTER TABLE ONLY public.contact
    ADD CONSTRAINT contact_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.contact
    ADD CONSTRAINT contact_workspace_id_source_source_key_key UNIQUE (workspace_id, source, source_key);

ALTER TABLE ONLY public.customer
    ADD CONSTRAINT customer_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.erased_record
    ADD CONSTRAINT erased_record_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.erasure
    ADD CONSTRAINT erasure_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_workspace_id_source_source_id_key UNIQUE (workspace_id, source, source_id);

ALTER TABLE ONLY public.file_upload
    ADD CONSTRAINT file_upload_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.file_use
    ADD CONSTRAINT file_use_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.file_use
    ADD CONSTRAINT file_use_workspace_id_event_id_ordinal_key UNIQUE (workspace_id, event_id, ordinal);

ALTER TABLE ONLY public.follower_checkpoint
    ADD CONSTRAINT follower_checkpoint_pkey PRIMARY KEY (workspace_id, follower);

ALTER TABLE ONLY public.home_key
    ADD CONSTRAINT home_key_pkey PRIMARY KEY (workspace_id, key, home_id);

ALTER TABLE ONLY public.idempotency_key
    ADD CONSTRAINT idempotency_key_pkey PRIMARY KEY (workspace_id, caller, route, key);

ALTER TABLE ONLY public.identifier
    ADD CONSTRAINT identifier_pkey PRIMARY KEY (workspace_id, kind, scope, value, contact_id);

ALTER TABLE ONLY public.identity_count
    ADD CONSTRAINT identity_count_pkey PRIMARY KEY (workspace_id, counter);

ALTER TABLE ONLY public.identity_pass
    ADD CONSTRAINT identity_pass_pkey PRIMARY KEY (workspace_id, pass);

ALTER TABLE ONLY public.identity_policy
    ADD CONSTRAINT identity_policy_pkey PRIMARY KEY (workspace_id, version);

ALTER TABLE ONLY public.identity_training
    ADD CONSTRAINT identity_training_pkey PRIMARY KEY (workspace_id, version);

ALTER TABLE ONLY public.inbound_delivery
    ADD CONSTRAINT inbound_delivery_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.inbound_delivery
    ADD CONSTRAINT inbound_delivery_workspace_id_account_id_delivery_key_key UNIQUE (workspace_id, account_id, delivery_key);

ALTER TABLE ONLY public.legal_hold
    ADD CONSTRAINT legal_hold_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.link_decision
    ADD CONSTRAINT link_decision_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.link_suggestion
    ADD CONSTRAINT link_suggestion_once UNIQUE (workspace_id, contact_a, contact_b, kind);

ALTER TABLE ONLY public.link_suggestion
    ADD CONSTRAINT link_suggestion_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.mail_bounce
    ADD CONSTRAINT mail_bounce_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.mail_bounce
    ADD CONSTRAINT mail_bounce_workspace_id_mail_id_address_key UNIQUE (workspace_id, mail_id, address);

ALTER TABLE ONLY public.mail_reference
    ADD CONSTRAINT mail_reference_pkey PRIMARY KEY (workspace_id, account_id, message, event_id);

ALTER TABLE ONLY public.mail_thread
    ADD CONSTRAINT mail_thread_pkey PRIMARY KEY (workspace_id, account_id, event_id);

ALTER TABLE ONLY public.mailbox_mail
    ADD CONSTRAINT mailbox_mail_pkey PRIMARY KEY (workspace_id, account_id, folder, uidvalidity, uid);

ALTER TABLE ONLY public.mailbox_password
    ADD CONSTRAINT mailbox_password_pkey PRIMARY KEY (workspace_id, account_id, door);

ALTER TABLE ONLY public.mailbox
    ADD CONSTRAINT mailbox_pkey PRIMARY KEY (workspace_id, account_id, folder);

ALTER TABLE ONLY public.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.notification
    ADD CONSTRAINT notification_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.notification
    ADD CONSTRAINT notification_workspace_id_agent_id_event_id_kind_key UNIQUE (workspace_id, agent_id, event_id, kind);

ALTER TABLE ONLY public.object_event
    ADD CONSTRAINT object_event_pkey PRIMARY KEY (workspace_id, event_id);

ALTER TABLE ONLY public.object_state
    ADD CONSTRAINT object_state_pkey PRIMARY KEY (workspace_id, contact_id, type, id);

ALTER TABLE ONLY public.object_type
    ADD CONSTRAINT object_type_pkey PRIMARY KEY (workspace_id, type, version);

ALTER TABLE ONLY public.outbound_lane
    ADD CONSTRAINT outbound_lane_pkey PRIMARY KEY (workspace_id, account_id, domain);

ALTER TABLE ONLY public.outbound_mail
    ADD CONSTRAINT outbound_mail_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.outbound_mail
    ADD CONSTRAINT outbound_mail_workspace_id_key_key UNIQUE (workspace_id, key);

ALTER TABLE ONLY public.placement
    ADD CONSTRAINT placement_pkey PRIMARY KEY (workspace_id, event_id, decision_id, since);

ALTER TABLE ONLY public.presence
    ADD CONSTRAINT presence_pkey PRIMARY KEY (workspace_id, customer_id, agent_id);

ALTER TABLE ONLY public.quarantine
    ADD CONSTRAINT quarantine_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.quarantine
    ADD CONSTRAINT quarantine_workspace_id_door_digest_key UNIQUE (workspace_id, door, digest);

ALTER TABLE ONLY public.queue
    ADD CONSTRAINT queue_pkey PRIMARY KEY (workspace_id, key);

ALTER TABLE ONLY public.restoration
    ADD CONSTRAINT restoration_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.retention_policy
    ADD CONSTRAINT retention_policy_pkey PRIMARY KEY (workspace_id, version);

ALTER TABLE ONLY public.saved_view
    ADD CONSTRAINT saved_view_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.search_document
    ADD CONSTRAINT search_document_pkey PRIMARY KEY (workspace_id, generation, id);

ALTER TABLE ONLY public.search_due
    ADD CONSTRAINT search_due_pkey PRIMARY KEY (workspace_id, generation, kind, id);

ALTER TABLE ONLY public.search_fault
    ADD CONSTRAINT search_fault_pkey PRIMARY KEY (workspace_id, generation, document_id);

ALTER TABLE ONLY public.search_fault
    ADD CONSTRAINT search_fault_workspace_id_id_key UNIQUE (workspace_id, id);

ALTER TABLE ONLY public.search_index
    ADD CONSTRAINT search_index_pkey PRIMARY KEY (workspace_id, generation);

ALTER TABLE ONLY public.search_spoken
    ADD CONSTRAINT search_spoken_pkey PRIMARY KEY (workspace_id, document_id);

ALTER TABLE ONLY public.search_vector
    ADD CONSTRAINT search_vector_pkey PRIMARY KEY (workspace_id, generation, id);

ALTER TABLE ONLY public.search_word
    ADD CONSTRAINT search_word_pkey PRIMARY KEY (workspace_id, word);

ALTER TABLE ONLY public.sign_in_link
    ADD CONSTRAINT sign_in_link_pkey PRIMARY KEY (workspace_id, digest);

ALTER TABLE ONLY public.sign_in_try
    ADD CONSTRAINT sign_in_try_pkey PRIMARY KEY (workspace_id, name);

ALTER TABLE ONLY public.stored_file
    ADD CONSTRAINT stored_file_pkey PRIMARY KEY (workspace_id, sha256);

ALTER TABLE ONLY public.team_member
    ADD CONSTRAINT team_member_pkey PRIMARY KEY (workspace_id, team, agent_id);

ALTER TABLE ONLY public.team
    ADD CONSTRAINT team_pkey PRIMARY KEY (workspace_id, key);

ALTER TABLE ONLY public.ticket_conversation
    ADD CONSTRAINT ticket_conversation_pkey PRIMARY KEY (workspace_id, source, conversation, since);

ALTER TABLE ONLY public.ticket_counter
    ADD CONSTRAINT ticket_counter_pkey PRIMARY KEY (workspace_id);

ALTER TABLE ONLY public.ticket_deriving
    ADD CONSTRAINT ticket_deriving_pkey PRIMARY KEY (workspace_id, home_id);

ALTER TABLE ONLY public.ticket_edit
    ADD CONSTRAINT ticket_edit_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.ticket_follower
    ADD CONSTRAINT ticket_follower_pkey PRIMARY KEY (workspace_id, ticket_id, agent_id);

ALTER TABLE ONLY public.ticket_item
    ADD CONSTRAINT ticket_item_pkey PRIMARY KEY (workspace_id, event_id, ticket_id);

ALTER TABLE ONLY public.ticket_moment
    ADD CONSTRAINT ticket_moment_pkey PRIMARY KEY (workspace_id, ticket_id, "position", turn);

ALTER TABLE ONLY public.ticket_number
    ADD CONSTRAINT ticket_number_pkey PRIMARY KEY (workspace_id, number);

ALTER TABLE ONLY public.ticket_number
    ADD CONSTRAINT ticket_number_workspace_id_ticket_id_key UNIQUE (workspace_id, ticket_id);

ALTER TABLE ONLY public.ticket_past
    ADD CONSTRAINT ticket_past_pkey PRIMARY KEY (workspace_id, id, "position");

ALTER TABLE ONLY public.ticket
    ADD CONSTRAINT ticket_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.ticket_policy
    ADD CONSTRAINT ticket_policy_pkey PRIMARY KEY (workspace_id, version);

ALTER TABLE ONLY public.ticket_task
    ADD CONSTRAINT ticket_task_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.ticket_version
    ADD CONSTRAINT ticket_version_pkey PRIMARY KEY (workspace_id, ticket_id);

ALTER TABLE ONLY public.ticket_void
    ADD CONSTRAINT ticket_void_pkey PRIMARY KEY (workspace_id, event_id);

ALTER TABLE ONLY public.triage_model
    ADD CONSTRAINT triage_model_pkey PRIMARY KEY (workspace_id, version);

ALTER TABLE ONLY public.value_class
    ADD CONSTRAINT value_class_pkey PRIMARY KEY (workspace_id, kind, scope, value);

ALTER TABLE ONLY public.value_count
    ADD CONSTRAINT value_count_pkey PRIMARY KEY (workspace_id, value);

ALTER TABLE ONLY public.webhook_delivery
    ADD CONSTRAINT webhook_delivery_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.webhook_delivery
    ADD CONSTRAINT webhook_delivery_workspace_id_webhook_id_event_id_type_key UNIQUE (workspace_id, webhook_id, event_id, type);

ALTER TABLE ONLY public.webhook
    ADD CONSTRAINT webhook_pkey PRIMARY KEY (workspace_id, id);

ALTER TABLE ONLY public.workspace
    ADD CONSTRAINT workspace_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.workspace
    ADD CONSTRAINT workspace_slug_key UNIQUE (slug);

CREATE INDEX api_key_of_agent ON public.api_key USING btree (workspace_id, agent_id) WHERE (agent_id IS NOT NULL);

CREATE INDEX channel_account_change_by_account ON public.channel_account_change USING btree (workspace_id, account_id, id);

CREATE INDEX contact_by_customer ON public.contact USING btree (workspace_id, customer_id);

CREATE INDEX contact_by_home ON public.contact USING btree (workspace_id, home_id);

CREATE INDEX contact_past_by_customer ON public.contact_past USING btree (workspace_id, customer_id, until);

CREATE INDEX contact_past_by_home ON public.contact_past USING btree (workspace_id, home_id, until);

CREATE INDEX erased_record_by_erasure ON public.erased_record USING btree (workspace_id, erasure_id, id);

CREATE INDEX erasure_followers ON public.erasure USING btree (workspace_id, epoch, xid, "position");

CREATE INDEX event_about ON public.event USING btree (workspace_id, about) WHERE (about IS NOT NULL);

CREATE INDEX event_followers ON public.event USING btree (workspace_id, epoch, xid, "position");

CREATE INDEX event_seams ON public.event USING btree (workspace_id, "position") WHERE (type = ANY (ARRAY['CustomersMerged'::text, 'CustomersUnmerged'::text, 'ContactsSplit'::text, 'ItemPlaced'::text, 'DecisionUndone'::text]));

COMMENT ON INDEX public.event_seams IS 'decisions as threads show them: an erasure takes their reasons, also from others';

CREATE INDEX event_stream ON public.event USING btree (workspace_id, contact_id, "position");

CREATE INDEX event_thread ON public.event USING btree (workspace_id, contact_id, shown_at, "position");

CREATE INDEX file_upload_of_content ON public.file_upload USING btree (workspace_id, sha256);

CREATE INDEX file_upload_old ON public.file_upload USING btree (workspace_id, made_at);

CREATE INDEX file_use_of_content ON public.file_use USING btree (workspace_id, sha256);

CREATE INDEX home_key_by_home ON public.home_key USING btree (workspace_id, home_id);

CREATE INDEX idempotency_key_age ON public.idempotency_key USING btree (workspace_id, created_at);

CREATE INDEX identifier_by_contact ON public.identifier USING btree (workspace_id, contact_id);

CREATE INDEX identifier_proved ON public.identifier USING btree (workspace_id, kind, scope, value, contact_id) WHERE ((verified_at IS NOT NULL) AND (problem IS NULL));

CREATE INDEX inbound_delivery_by_account ON public.inbound_delivery USING btree (workspace_id, account_id, id);

CREATE INDEX inbound_delivery_by_state ON public.inbound_delivery USING btree (workspace_id, state, id);

CREATE INDEX inbound_delivery_waiting ON public.inbound_delivery USING btree (workspace_id, account_id, id) WHERE (state = 'waiting'::text);

CREATE INDEX link_decision_by_a ON public.link_decision USING btree (workspace_id, contact_a);

CREATE INDEX link_decision_by_b ON public.link_decision USING btree (workspace_id, contact_b);

CREATE INDEX link_decision_followers ON public.link_decision USING btree (workspace_id, epoch, xid, "position");

CREATE UNIQUE INDEX link_decision_undone_once ON public.link_decision USING btree (workspace_id, undoes) WHERE (undoes IS NOT NULL);

CREATE INDEX link_suggestion_by_b ON public.link_suggestion USING btree (workspace_id, contact_b);

CREATE INDEX link_suggestion_queue ON public.link_suggestion USING btree (workspace_id, state, value DESC, id);

CREATE INDEX mail_bounce_marks ON public.mail_bounce USING btree (workspace_id, address) WHERE (cleared_at IS NULL);

CREATE INDEX mail_reference_by_event ON public.mail_reference USING btree (workspace_id, event_id);

CREATE INDEX mail_thread_by_event ON public.mail_thread USING btree (workspace_id, event_id);

CREATE INDEX mail_thread_by_message ON public.mail_thread USING btree (workspace_id, account_id, message, event_id) WHERE (message IS NOT NULL);

CREATE INDEX mail_thread_members ON public.mail_thread USING btree (workspace_id, account_id, conversation, event_id);

CREATE INDEX notification_of_agent ON public.notification USING btree (workspace_id, agent_id, id);

CREATE INDEX notification_unmailed ON public.notification USING btree (workspace_id, made_at) WHERE ((mailed_at IS NULL) AND (read_at IS NULL));

CREATE INDEX notification_unread ON public.notification USING btree (workspace_id, agent_id, id) WHERE (read_at IS NULL);

CREATE INDEX object_event_by_contact ON public.object_event USING btree (workspace_id, contact_id, "position");

CREATE INDEX object_event_by_object ON public.object_event USING btree (workspace_id, type, id, "position");

CREATE INDEX object_state_by_object ON public.object_state USING btree (workspace_id, type, id);

CREATE INDEX object_type_changes ON public.object_type USING btree (workspace_id, "position");

CREATE INDEX outbound_mail_automatic ON public.outbound_mail USING btree (workspace_id, lower((recipients #>> '{to,0,address}'::text[])), made_at) WHERE (purpose <> 'reply'::text);

CREATE INDEX outbound_mail_by_contact ON public.outbound_mail USING btree (workspace_id, contact_id) WHERE (contact_id IS NOT NULL);

CREATE INDEX outbound_mail_by_event ON public.outbound_mail USING btree (workspace_id, event_id) WHERE (event_id IS NOT NULL);

CREATE INDEX outbound_mail_due ON public.outbound_mail USING btree (workspace_id, account_id, domain, next_try_at, id) WHERE (next_try_at IS NOT NULL);

CREATE INDEX outbound_mail_troubled ON public.outbound_mail USING btree (workspace_id, id) WHERE (state = ANY (ARRAY['failed'::text, 'uncertain'::text]));

CREATE INDEX outbound_mail_whole ON public.outbound_mail USING btree (workspace_id, id) WHERE ((raw IS NOT NULL) AND (next_try_at IS NULL));

CREATE INDEX placement_by_contact ON public.placement USING btree (workspace_id, contact_id);

CREATE INDEX placement_by_origin ON public.placement USING btree (workspace_id, origin_id);

CREATE UNIQUE INDEX placement_standing ON public.placement USING btree (workspace_id, event_id) WHERE (until = 'infinity'::timestamp with time zone);

CREATE INDEX quarantine_waiting ON public.quarantine USING btree (workspace_id, state, id);

CREATE INDEX queue_of_team ON public.queue USING btree (workspace_id, team) WHERE (team IS NOT NULL);

CREATE INDEX restoration_followers ON public.restoration USING btree (workspace_id, epoch, xid, "position");

CREATE INDEX search_document_by_contact ON public.search_document USING btree (workspace_id, generation, contact_id, at);

CREATE INDEX search_document_newest ON public.search_document USING btree (workspace_id, generation, at, id);

CREATE INDEX search_document_people ON public.search_document USING gin (people public.gin_trgm_ops) WITH (fastupdate=off) WHERE (kind = 'contact'::text);

CREATE INDEX search_document_words ON public.search_document USING gin (words) WITH (fastupdate=off);

CREATE UNIQUE INDEX search_index_one ON public.search_index USING btree (workspace_id, engine, state) WHERE (state = ANY (ARRAY['building'::text, 'live'::text]));

CREATE INDEX search_vector_384 ON public.search_vector USING hnsw (((vector)::public.halfvec(384)) public.halfvec_ip_ops) WHERE (dimensions = 384);

COMMENT ON INDEX public.search_vector_384 IS 'vectors of other lengths are searched one by one';

CREATE INDEX search_vector_768 ON public.search_vector USING hnsw (((vector)::public.halfvec(768)) public.halfvec_ip_ops) WHERE (dimensions = 768);

CREATE INDEX search_vector_waiting ON public.search_vector USING btree (workspace_id, generation, at, id) WHERE (vector IS NULL);

CREATE INDEX sign_in_link_of_agent ON public.sign_in_link USING btree (workspace_id, agent_id);

CREATE INDEX stored_file_looks ON public.stored_file USING btree (workspace_id, look_at) WHERE (look_at IS NOT NULL);

CREATE INDEX team_member_of_agent ON public.team_member USING btree (workspace_id, agent_id);

CREATE INDEX ticket_alarm ON public.ticket USING btree (workspace_id, sla_alarm_at) WHERE (sla_alarm_at IS NOT NULL);

CREATE INDEX ticket_by_assignee ON public.ticket USING btree (workspace_id, assignee, last_at, id) WHERE (assignee IS NOT NULL);

CREATE INDEX ticket_by_contact ON public.ticket USING btree (workspace_id, contact_id, until_at);

CREATE INDEX ticket_by_queue ON public.ticket USING btree (workspace_id, queue, last_at, id) WHERE (queue IS NOT NULL);

CREATE INDEX ticket_by_sla ON public.ticket USING btree (workspace_id, sla_due_at, id) WHERE is_open;

CREATE INDEX ticket_by_status ON public.ticket USING btree (workspace_id, status, last_at, id);

CREATE INDEX ticket_changed ON public.ticket USING btree (workspace_id, contact_id, "position");

CREATE INDEX ticket_conversation_by_ticket ON public.ticket_conversation USING btree (workspace_id, ticket_id);

CREATE INDEX ticket_due ON public.ticket USING btree (workspace_id, closes_at) WHERE ((closes_at IS NOT NULL) AND (NOT lapsed));

CREATE INDEX ticket_edit_about ON public.ticket_edit USING btree (workspace_id, about) WHERE (about IS NOT NULL);

CREATE INDEX ticket_edit_by_contact ON public.ticket_edit USING btree (workspace_id, contact_id, "position");

CREATE INDEX ticket_edit_of_other ON public.ticket_edit USING btree (workspace_id, other_id, "position") WHERE (other_id IS NOT NULL);

CREATE INDEX ticket_edit_of_ticket ON public.ticket_edit USING btree (workspace_id, ticket_id, "position");

CREATE INDEX ticket_held ON public.ticket USING btree (workspace_id, assignee, id) WHERE (is_open AND (assignee IS NOT NULL));

CREATE INDEX ticket_item_thread ON public.ticket_item USING btree (workspace_id, ticket_id, shown_at, "position");

CREATE INDEX ticket_joined ON public.ticket USING btree (workspace_id, joined_into) WHERE (joined_into IS NOT NULL);

CREATE INDEX ticket_lapsed ON public.ticket USING btree (workspace_id, closes_at) WHERE lapsed;

CREATE INDEX ticket_moment_reported ON public.ticket_moment USING btree (workspace_id, turn, at) INCLUDE (ticket_id, since, round, agent);

CREATE INDEX ticket_next ON public.ticket USING btree (workspace_id, next_at) WHERE ((next_at IS NOT NULL) AND (NOT lapsed));

CREATE INDEX ticket_open ON public.ticket USING btree (workspace_id, last_at, id) WHERE is_open;

CREATE INDEX ticket_opened ON public.ticket USING btree (workspace_id, opened_at, id);

CREATE INDEX ticket_queue_due ON public.ticket USING btree (workspace_id, queue, sla_due_at, id) WHERE (is_open AND (queue IS NOT NULL));

CREATE INDEX ticket_task_due ON public.ticket_task USING btree (workspace_id, due_at, id) WHERE (done_at IS NULL);

CREATE INDEX ticket_task_of_ticket ON public.ticket_task USING btree (workspace_id, ticket_id, id);

CREATE INDEX ticket_task_owned ON public.ticket_task USING btree (workspace_id, owner_id, due_at, id) WHERE (done_at IS NULL);

CREATE INDEX ticket_void_by_contact ON public.ticket_void USING btree (workspace_id, contact_id);

CREATE UNIQUE INDEX triage_model_active ON public.triage_model USING btree (workspace_id) WHERE active;

CREATE INDEX value_count_frequent ON public.value_count USING btree (workspace_id, customers, value) WHERE (customers > 1);

CREATE INDEX webhook_delivery_by_webhook ON public.webhook_delivery USING btree (workspace_id, webhook_id, id);

CREATE INDEX webhook_delivery_due ON public.webhook_delivery USING btree (workspace_id, webhook_id, next_try_at, id) WHERE (state = 'waiting'::text);

CREATE INDEX webhook_delivery_failed ON public.webhook_delivery USING btree (workspace_id, id) WHERE (state = 'failed'::text);

ALTER TABLE public.agent ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.agent_password ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.api_key ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.audit_seal ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.channel_account ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.channel_account_change ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.contact ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.contact_count ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.contact_past ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.customer ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.erased_record ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.erasure ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.event ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.file_upload ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.file_use ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.follower_checkpoint ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.home_key ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.idempotency_key ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.identifier ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.identity_count ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.identity_pass ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.identity_policy ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.identity_training ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.inbound_delivery ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.legal_hold ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.link_decision ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.link_suggestion ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.mail_bounce ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.mail_reference ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.mail_thread ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.mailbox ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.mailbox_mail ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.mailbox_password ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.notification ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.object_event ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.object_state ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.object_type ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.outbound_lane ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.outbound_mail ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.placement ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.presence ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.quarantine ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.queue ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.restoration ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.retention_policy ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.saved_view ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.search_document ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.search_due ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.search_fault ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.search_index ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.search_spoken ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.search_vector ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.search_word ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sign_in_link ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.sign_in_try ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.stored_file ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.team ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.team_member ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.ticket ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_conversation ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_counter ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_deriving ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_edit ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_follower ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_item ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_moment ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_number ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_past ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_policy ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_task ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_version ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.ticket_void ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.triage_model ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.value_class ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.value_count ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.webhook ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.webhook_delivery ENABLE ROW LEVEL SECURITY;

CREATE POLICY workspace_wall ON public.agent USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.agent_password USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.api_key USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.audit_seal USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.channel_account USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.channel_account_change USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.contact USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.contact_count USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.contact_past USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.customer USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.erased_record USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.erasure USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.event USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.file_upload USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.file_use USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.follower_checkpoint USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.home_key USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.idempotency_key USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.identifier USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.identity_count USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.identity_pass USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.identity_policy USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.identity_training USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.inbound_delivery USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.legal_hold USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.link_decision USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.link_suggestion USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.mail_bounce USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.mail_reference USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.mail_thread USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.mailbox USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.mailbox_mail USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.mailbox_password USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.notification USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.object_event USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.object_state USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.object_type USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.outbound_lane USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.outbound_mail USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.placement USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.presence USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.quarantine USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.queue USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.restoration USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.retention_policy USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.saved_view USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.search_document USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.search_due USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.search_fault USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.search_index USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.search_spoken USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.search_vector USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.search_word USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.sign_in_link USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.sign_in_try USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.stored_file USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.team USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.team_member USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.ticket USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.ticket_conversation USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.ticket_counter USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.ticket_deriving USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.ticket_edit USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.ticket_follower USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.ticket_item USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.ticket_moment USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.ticket_number USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.ticket_past USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.ticket_policy USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.ticket_task USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.ticket_version USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.ticket_void USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.triage_model USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.value_class USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.value_count USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.webhook USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

CREATE POLICY workspace_wall ON public.webhook_delivery USING ((workspace_id = (NULLIF(current_setting('tl.workspace'::text, true), ''::text))::uuid));

GRANT ALL ON SCHEMA public TO throughline_owner;
GRANT USAGE ON SCHEMA public TO throughline_app;
GRANT USAGE ON SCHEMA public TO throughline_reports;
GRANT USAGE ON SCHEMA public TO throughline_search;

REVOKE ALL ON FUNCTION public.analyze_young_tables() FROM PUBLIC;
GRANT ALL ON FUNCTION public.analyze_young_tables() TO throughline_app;

GRANT USAGE ON SEQUENCE public.ledger_position TO throughline_app;

GRANT SELECT,INSERT ON TABLE public.link_decision TO throughline_app;
GRANT SELECT ON TABLE public.link_decision TO throughline_reports;

REVOKE ALL ON FUNCTION public.erase(made uuid, people uuid[], items uuid[], keys bytea[], by_whom text, why text, at timestamp with time zone, again boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION public.erase(made uuid, people uuid[], items uuid[], keys bytea[], by_whom text, why text, at timestamp with time zone, again boolean) TO throughline_app;

REVOKE ALL ON FUNCTION public.erase_identity(ws uuid, people uuid[]) FROM PUBLIC;

GRANT SELECT ON TABLE public.erasure TO throughline_app;
GRANT SELECT ON TABLE public.erasure TO throughline_reports;

GRANT SELECT,INSERT ON TABLE public.event TO throughline_app;
GRANT SELECT ON TABLE public.event TO throughline_reports;

GRANT SELECT ON TABLE public.restoration TO throughline_app;
GRANT SELECT ON TABLE public.restoration TO throughline_reports;

REVOKE ALL ON FUNCTION public.search_by_meaning(gen integer, path text, narrowed tsquery, held tsquery, contacts uuid[], since timestamp with time zone, until timestamp with time zone, without text[], asked public.halfvec, words_asked tsquery[], weights real[], most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.search_by_meaning(gen integer, path text, narrowed tsquery, held tsquery, contacts uuid[], since timestamp with time zone, until timestamp with time zone, without text[], asked public.halfvec, words_asked tsquery[], weights real[], most integer) TO throughline_app;

REVOKE ALL ON FUNCTION public.search_by_name(gen integer, path text, narrowed tsquery, held tsquery, contacts uuid[], since timestamp with time zone, until timestamp with time zone, without text[], asked text, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.search_by_name(gen integer, path text, narrowed tsquery, held tsquery, contacts uuid[], since timestamp with time zone, until timestamp with time zone, without text[], asked text, most integer) TO throughline_app;

REVOKE ALL ON FUNCTION public.search_by_words(gen integer, path text, narrowed tsquery, held tsquery, contacts uuid[], since timestamp with time zone, until timestamp with time zone, without text[], probes tsquery[], worths real[], asked tsquery[], weights real[], whole tsquery, fewest integer, idents tsquery[], typical real, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.search_by_words(gen integer, path text, narrowed tsquery, held tsquery, contacts uuid[], since timestamp with time zone, until timestamp with time zone, without text[], probes tsquery[], worths real[], asked tsquery[], weights real[], whole tsquery, fewest integer, idents tsquery[], typical real, most integer) TO throughline_app;

REVOKE ALL ON FUNCTION public.search_counts(gen integer, path text, narrowed tsquery, held tsquery, contacts uuid[], since timestamp with time zone, until timestamp with time zone, without text[], asked tsquery, singles tsquery[], fewest integer, idents tsquery, counted text[], most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.search_counts(gen integer, path text, narrowed tsquery, held tsquery, contacts uuid[], since timestamp with time zone, until timestamp with time zone, without text[], asked tsquery, singles tsquery[], fewest integer, idents tsquery, counted text[], most integer) TO throughline_app;

REVOKE ALL ON FUNCTION public.search_newest(gen integer, path text, narrowed tsquery, held tsquery, contacts uuid[], since timestamp with time zone, until timestamp with time zone, without text[], asked tsquery, before timestamp with time zone, before_id text, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.search_newest(gen integer, path text, narrowed tsquery, held tsquery, contacts uuid[], since timestamp with time zone, until timestamp with time zone, without text[], asked tsquery, before timestamp with time zone, before_id text, most integer) TO throughline_app;

REVOKE ALL ON FUNCTION public.search_sample(gen integer, most integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.search_sample(gen integer, most integer) TO throughline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.agent TO throughline_app;
GRANT SELECT ON TABLE public.agent TO throughline_reports;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.agent_password TO throughline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.api_key TO throughline_app;

GRANT SELECT,INSERT ON TABLE public.audit_seal TO throughline_app;
GRANT SELECT ON TABLE public.audit_seal TO throughline_reports;

GRANT SELECT,INSERT,UPDATE ON TABLE public.channel_account TO throughline_app;

GRANT SELECT,INSERT ON TABLE public.channel_account_change TO throughline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.contact TO throughline_app;
GRANT SELECT ON TABLE public.contact TO throughline_reports;

GRANT SELECT,INSERT,UPDATE ON TABLE public.contact_count TO throughline_app;
GRANT SELECT ON TABLE public.contact_count TO throughline_reports;

GRANT SELECT,INSERT ON TABLE public.contact_past TO throughline_app;
GRANT SELECT ON TABLE public.contact_past TO throughline_reports;

GRANT SELECT,INSERT ON TABLE public.customer TO throughline_app;
GRANT SELECT ON TABLE public.customer TO throughline_reports;

GRANT SELECT ON TABLE public.erased_record TO throughline_app;
GRANT SELECT ON TABLE public.erased_record TO throughline_reports;

GRANT SELECT,INSERT,DELETE ON TABLE public.file_upload TO throughline_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.file_use TO throughline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.follower_checkpoint TO throughline_app;
GRANT SELECT ON TABLE public.follower_checkpoint TO throughline_reports;

GRANT SELECT,INSERT,DELETE ON TABLE public.home_key TO throughline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.idempotency_key TO throughline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.identifier TO throughline_app;
GRANT SELECT ON TABLE public.identifier TO throughline_reports;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.identity_count TO throughline_app;
GRANT SELECT ON TABLE public.identity_count TO throughline_reports;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.identity_pass TO throughline_app;

GRANT SELECT,INSERT ON TABLE public.identity_policy TO throughline_app;
GRANT SELECT ON TABLE public.identity_policy TO throughline_reports;

GRANT SELECT,INSERT ON TABLE public.identity_training TO throughline_app;
GRANT SELECT ON TABLE public.identity_training TO throughline_reports;

GRANT SELECT,INSERT,UPDATE ON TABLE public.inbound_delivery TO throughline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.legal_hold TO throughline_app;
GRANT SELECT ON TABLE public.legal_hold TO throughline_reports;

GRANT SELECT,INSERT,UPDATE ON TABLE public.link_suggestion TO throughline_app;
GRANT SELECT ON TABLE public.link_suggestion TO throughline_reports;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.mail_bounce TO throughline_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.mail_reference TO throughline_app;

GRANT SELECT,INSERT,DELETE ON TABLE public.mail_thread TO throughline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.mailbox TO throughline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.mailbox_mail TO throughline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.mailbox_password TO throughline_app;

GRANT SELECT ON TABLE public.migration TO throughline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.notification TO throughline_app;
GRANT SELECT ON TABLE public.notification TO throughline_reports;

GRANT SELECT,INSERT,DELETE ON TABLE public.object_event TO throughline_app;
GRANT SELECT ON TABLE public.object_event TO throughline_reports;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.object_state TO throughline_app;
GRANT SELECT ON TABLE public.object_state TO throughline_reports;

GRANT SELECT,INSERT ON TABLE public.object_type TO throughline_app;
GRANT SELECT ON TABLE public.object_type TO throughline_reports;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.outbound_lane TO throughline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.outbound_mail TO throughline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.placement TO throughline_app;
GRANT SELECT ON TABLE public.placement TO throughline_reports;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.presence TO throughline_app;

GRANT SELECT,INSERT,UPDATE ON TABLE public.quarantine TO throughline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.queue TO throughline_app;
GRANT SELECT ON TABLE public.queue TO throughline_reports;

GRANT SELECT,INSERT ON TABLE public.retention_policy TO throughline_app;
GRANT SELECT ON TABLE public.retention_policy TO throughline_reports;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.saved_view TO throughline_app;
GRANT SELECT ON TABLE public.saved_view TO throughline_reports;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.search_document TO throughline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.search_due TO throughline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.search_fault TO throughline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.search_index TO throughline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.search_spoken TO throughline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.search_vector TO throughline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.search_word TO throughline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sign_in_link TO throughline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.sign_in_try TO throughline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.stored_file TO throughline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.team TO throughline_app;
GRANT SELECT ON TABLE public.team TO throughline_reports;

GRANT SELECT,INSERT,DELETE ON TABLE public.team_member TO throughline_app;
GRANT SELECT ON TABLE public.team_member TO throughline_reports;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.ticket TO throughline_app;
GRANT SELECT ON TABLE public.ticket TO throughline_reports;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.ticket_conversation TO throughline_app;
GRANT SELECT ON TABLE public.ticket_conversation TO throughline_reports;

GRANT SELECT,INSERT,UPDATE ON TABLE public.ticket_counter TO throughline_app;
GRANT SELECT ON TABLE public.ticket_counter TO throughline_reports;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.ticket_deriving TO throughline_app;
GRANT SELECT ON TABLE public.ticket_deriving TO throughline_reports;

GRANT SELECT,INSERT,UPDATE ON TABLE public.ticket_edit TO throughline_app;
GRANT SELECT ON TABLE public.ticket_edit TO throughline_reports;

GRANT SELECT,INSERT,DELETE ON TABLE public.ticket_follower TO throughline_app;
GRANT SELECT ON TABLE public.ticket_follower TO throughline_reports;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.ticket_item TO throughline_app;
GRANT SELECT ON TABLE public.ticket_item TO throughline_reports;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.ticket_moment TO throughline_app;
GRANT SELECT ON TABLE public.ticket_moment TO throughline_reports;

GRANT SELECT,INSERT ON TABLE public.ticket_number TO throughline_app;
GRANT SELECT ON TABLE public.ticket_number TO throughline_reports;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.ticket_past TO throughline_app;
GRANT SELECT ON TABLE public.ticket_past TO throughline_reports;

GRANT SELECT,INSERT ON TABLE public.ticket_policy TO throughline_app;
GRANT SELECT ON TABLE public.ticket_policy TO throughline_reports;

GRANT SELECT,INSERT,UPDATE ON TABLE public.ticket_task TO throughline_app;
GRANT SELECT ON TABLE public.ticket_task TO throughline_reports;

GRANT SELECT,INSERT,UPDATE ON TABLE public.ticket_version TO throughline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.ticket_void TO throughline_app;
GRANT SELECT ON TABLE public.ticket_void TO throughline_reports;

GRANT SELECT,INSERT,UPDATE ON TABLE public.triage_model TO throughline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.value_class TO throughline_app;
GRANT SELECT ON TABLE public.value_class TO throughline_reports;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.value_count TO throughline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.webhook TO throughline_app;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.webhook_delivery TO throughline_app;

GRANT SELECT,INSERT ON TABLE public.workspace TO throughline_app;
GRANT SELECT ON TABLE public.workspace TO throughline_reports;
