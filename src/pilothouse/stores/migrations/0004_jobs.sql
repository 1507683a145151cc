-- Requests that may wait, their bodies and answers; uploaded files; batches of jobs.
CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  key_id TEXT NOT NULL,
  state TEXT NOT NULL,
  dialect TEXT NOT NULL,
  path TEXT NOT NULL,
  model TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  deadline_us INTEGER NOT NULL,
  release_us INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  batch_id TEXT,
  line INTEGER NOT NULL,
  custom_id TEXT,
  idempotency_key TEXT,
  webhook TEXT,
  webhook_at_us INTEGER,
  webhook_tries INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  worker TEXT,
  lease_until_us INTEGER,
  http_status INTEGER,
  error TEXT,
  target TEXT,
  cost_pico_usd INTEGER,
  finished_us INTEGER,
  is_due INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
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
  job_id TEXT PRIMARY KEY,
  body BLOB NOT NULL,
  headers_json BLOB NOT NULL
);

-- One a job at most: whatever is written here first is what was paid for and what the caller gets.
CREATE TABLE job_answers (
  job_id TEXT PRIMARY KEY,
  attempt INTEGER NOT NULL,
  body BLOB NOT NULL,
  at_us INTEGER NOT NULL
);

CREATE TABLE files (
  id TEXT PRIMARY KEY,
  key_id TEXT NOT NULL,
  name TEXT NOT NULL,
  size INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  content BLOB NOT NULL
);
CREATE INDEX files_key ON files (key_id, id);

CREATE TABLE batches (
  id TEXT PRIMARY KEY,
  key_id TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  input_file_id TEXT NOT NULL,
  completion_window TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  deadline_us INTEGER NOT NULL,
  total INTEGER NOT NULL,
  metadata_json BLOB NOT NULL,
  cancelled_us INTEGER,
  is_output_deleted INTEGER NOT NULL,
  is_error_deleted INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX batches_key ON batches (key_id, id);
