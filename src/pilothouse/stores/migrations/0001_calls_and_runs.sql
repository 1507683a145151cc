-- The one fact table, scores, and proofs of concept with their paid answers.
CREATE TABLE calls (
  row_id INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  request_id TEXT NOT NULL,
  at_us INTEGER NOT NULL,
  source TEXT NOT NULL,
  route TEXT NOT NULL,
  arm TEXT NOT NULL,
  target TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  status TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  is_stream INTEGER NOT NULL,
  error_class TEXT,
  error TEXT,
  http_status INTEGER,
  finish_reason TEXT,
  latency_ms REAL,
  ttft_ms REAL,
  input_tokens INTEGER,
  output_tokens INTEGER,
  cached_input_tokens INTEGER NOT NULL,
  is_usage_estimated INTEGER NOT NULL,
  cost_pico_usd INTEGER,
  cost_note TEXT,
  share REAL,
  rollout_id TEXT,
  run_id TEXT,
  case_id TEXT,
  repeat INTEGER NOT NULL
);
CREATE INDEX calls_at ON calls (at_us);
CREATE INDEX calls_request ON calls (request_id);

CREATE TABLE scores (
  call_id TEXT NOT NULL,
  scorer TEXT NOT NULL,
  value REAL NOT NULL,
  detail TEXT,
  PRIMARY KEY (call_id, scorer)
) WITHOUT ROWID;

CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  spec_json BLOB NOT NULL,
  at_us INTEGER NOT NULL
);

CREATE TABLE answers (
  run_id TEXT NOT NULL REFERENCES runs (id),
  case_id TEXT NOT NULL,
  target TEXT NOT NULL,
  repeat INTEGER NOT NULL,
  call_id TEXT NOT NULL,
  text TEXT,
  PRIMARY KEY (run_id, case_id, target, repeat)
) WITHOUT ROWID;
