-- Rollouts as opaque, versioned state with an append-only history; calls found by rollout and run.
CREATE TABLE rollouts (
  id TEXT COLLATE "C" PRIMARY KEY,
  route TEXT COLLATE "C" NOT NULL,
  status TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  state_json BYTEA NOT NULL,
  saved_order BIGINT NOT NULL
);

CREATE TABLE audit (
  row_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  rollout_id TEXT COLLATE "C" NOT NULL,
  at_us BIGINT NOT NULL,
  who TEXT COLLATE "C" NOT NULL,
  what TEXT COLLATE "C" NOT NULL,
  why TEXT COLLATE "C" NOT NULL,
  evidence_json BYTEA NOT NULL
);
CREATE INDEX audit_rollout ON audit (rollout_id, row_id);
CREATE FUNCTION refuse_change () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change ();

CREATE INDEX calls_rollout ON calls (rollout_id, row_id) WHERE rollout_id IS NOT NULL;
CREATE INDEX calls_run ON calls (run_id) WHERE run_id IS NOT NULL;
