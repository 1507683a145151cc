-- Rollouts as opaque, versioned state with an append-only history; calls found by rollout and run.
CREATE TABLE rollouts (
  id TEXT PRIMARY KEY,
  route TEXT NOT NULL,
  status TEXT NOT NULL,
  version INTEGER NOT NULL,
  state_json BLOB NOT NULL,
  saved_order INTEGER NOT NULL
);

CREATE TABLE audit (
  row_id INTEGER PRIMARY KEY,
  rollout_id TEXT NOT NULL,
  at_us INTEGER NOT NULL,
  who TEXT NOT NULL,
  what TEXT NOT NULL,
  why TEXT NOT NULL,
  evidence_json BLOB NOT NULL
);
CREATE INDEX audit_rollout ON audit (rollout_id, row_id);
CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit
BEGIN SELECT RAISE (ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE (ABORT, 'the audit trail is append-only'); END;

CREATE INDEX calls_rollout ON calls (rollout_id, row_id) WHERE rollout_id IS NOT NULL;
CREATE INDEX calls_run ON calls (run_id) WHERE run_id IS NOT NULL;
