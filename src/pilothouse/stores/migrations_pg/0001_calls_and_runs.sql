-- The one fact table, scores, and proofs of concept with their paid answers. COLLATE "C": ids and names sort
-- by their bytes on every server, as they do in SQLite, and faster.
CREATE TABLE calls (
  row_id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id TEXT COLLATE "C" NOT NULL UNIQUE,
  request_id TEXT COLLATE "C" NOT NULL,
  at_us BIGINT NOT NULL,
  source TEXT COLLATE "C" NOT NULL,
  route TEXT COLLATE "C" NOT NULL,
  arm TEXT COLLATE "C" NOT NULL,
  target TEXT COLLATE "C" NOT NULL,
  provider TEXT COLLATE "C" NOT NULL,
  model TEXT COLLATE "C" NOT NULL,
  status TEXT COLLATE "C" NOT NULL,
  attempt BIGINT NOT NULL,
  is_stream SMALLINT NOT NULL,
  error_class TEXT COLLATE "C",
  error TEXT COLLATE "C",
  http_status BIGINT,
  finish_reason TEXT COLLATE "C",
  latency_ms DOUBLE PRECISION,
  ttft_ms DOUBLE PRECISION,
  input_tokens BIGINT,
  output_tokens BIGINT,
  cached_input_tokens BIGINT NOT NULL,
  is_usage_estimated SMALLINT NOT NULL,
  cost_pico_usd BIGINT,
  cost_note TEXT COLLATE "C",
  share DOUBLE PRECISION,
  rollout_id TEXT COLLATE "C",
  run_id TEXT COLLATE "C",
  case_id TEXT COLLATE "C",
  repeat BIGINT NOT NULL
);
CREATE INDEX calls_at ON calls (at_us);
-- Hash, because a caller may send a request id of any length, and a B-tree refuses one of 3 kB.
CREATE INDEX calls_request ON calls USING hash (request_id);

CREATE TABLE scores (
  call_id TEXT COLLATE "C" NOT NULL,
  scorer TEXT COLLATE "C" NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  detail TEXT COLLATE "C",
  PRIMARY KEY (call_id, scorer)
);

CREATE TABLE runs (
  id TEXT COLLATE "C" PRIMARY KEY,
  spec_json BYTEA NOT NULL,
  at_us BIGINT NOT NULL
);

CREATE TABLE answers (
  run_id TEXT COLLATE "C" NOT NULL REFERENCES runs (id),
  case_id TEXT COLLATE "C" NOT NULL,
  target TEXT COLLATE "C" NOT NULL,
  repeat BIGINT NOT NULL,
  call_id TEXT COLLATE "C" NOT NULL,
  text TEXT COLLATE "C",
  PRIMARY KEY (run_id, case_id, target, repeat)
);
