-- Requests that may wait, their bodies and answers; uploaded files; batches of jobs.
CREATE TABLE jobs (
  id TEXT COLLATE "C" PRIMARY KEY,
  key_id TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL,
  dialect TEXT COLLATE "C" NOT NULL,
  path TEXT COLLATE "C" NOT NULL,
  model TEXT COLLATE "C" NOT NULL,
  created_us BIGINT NOT NULL,
  deadline_us BIGINT NOT NULL,
  release_us BIGINT NOT NULL,
  priority BIGINT NOT NULL,
  batch_id TEXT COLLATE "C",
  line BIGINT NOT NULL,
  custom_id TEXT COLLATE "C",
  idempotency_key TEXT COLLATE "C",
  webhook TEXT COLLATE "C",
  webhook_at_us BIGINT,
  webhook_tries BIGINT NOT NULL,
  attempt BIGINT NOT NULL,
  failures BIGINT NOT NULL,
  worker TEXT COLLATE "C",
  lease_until_us BIGINT,
  http_status BIGINT,
  error TEXT COLLATE "C",
  target TEXT COLLATE "C",
  cost_pico_usd BIGINT,
  finished_us BIGINT,
  is_due BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX jobs_due ON jobs (priority DESC, deadline_us, id) WHERE state = 'queued' AND is_due = 1;
CREATE INDEX jobs_waiting ON jobs (release_us) WHERE state = 'queued' AND is_due = 0;
CREATE INDEX jobs_deadline ON jobs (deadline_us) WHERE state = 'queued';
CREATE INDEX jobs_leased ON jobs (lease_until_us) WHERE state = 'running';
CREATE INDEX jobs_webhook ON jobs (webhook_at_us) WHERE webhook_at_us IS NOT NULL;
CREATE INDEX jobs_finished ON jobs (finished_us) WHERE finished_us IS NOT NULL;
CREATE INDEX jobs_key ON jobs (key_id, state);
CREATE INDEX jobs_key_id ON jobs (key_id, id);
CREATE INDEX jobs_batch ON jobs (batch_id, line) WHERE batch_id IS NOT NULL;
CREATE UNIQUE INDEX jobs_idempotency ON jobs (key_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE job_requests (
  job_id TEXT COLLATE "C" PRIMARY KEY,
  body BYTEA NOT NULL,
  headers_json BYTEA NOT NULL
);

-- One a job at most: whatever is written here first is what was paid for and what the caller gets.
CREATE TABLE job_answers (
  job_id TEXT COLLATE "C" PRIMARY KEY,
  attempt BIGINT NOT NULL,
  body BYTEA NOT NULL,
  at_us BIGINT NOT NULL
);

CREATE TABLE files (
  id TEXT COLLATE "C" PRIMARY KEY,
  key_id TEXT COLLATE "C" NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  size BIGINT NOT NULL,
  created_us BIGINT NOT NULL,
  content BYTEA NOT NULL
);
CREATE INDEX files_key ON files (key_id, id);

CREATE TABLE batches (
  id TEXT COLLATE "C" PRIMARY KEY,
  key_id TEXT COLLATE "C" NOT NULL,
  endpoint TEXT COLLATE "C" NOT NULL,
  input_file_id TEXT COLLATE "C" NOT NULL,
  completion_window TEXT COLLATE "C" NOT NULL,
  created_us BIGINT NOT NULL,
  deadline_us BIGINT NOT NULL,
  total BIGINT NOT NULL,
  metadata_json BYTEA NOT NULL,
  cancelled_us BIGINT,
  is_output_deleted BIGINT NOT NULL,
  is_error_deleted BIGINT NOT NULL
);
CREATE INDEX batches_key ON batches (key_id, id);
