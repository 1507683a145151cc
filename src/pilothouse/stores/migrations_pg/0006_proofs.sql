-- Runs keep their cases and are shared by processes; answers are found again by what was asked.
CREATE TABLE run_cases (
  run_id TEXT COLLATE "C" NOT NULL,
  ordinal BIGINT NOT NULL,
  case_id TEXT COLLATE "C" NOT NULL,
  case_json BYTEA NOT NULL,
  PRIMARY KEY (run_id, ordinal)
);
CREATE INDEX run_cases_by_id ON run_cases (run_id, case_id);

CREATE TABLE run_parts (
  run_id TEXT COLLATE "C" NOT NULL,
  part BIGINT NOT NULL,
  owner TEXT COLLATE "C" NOT NULL,
  until_us BIGINT NOT NULL,
  PRIMARY KEY (run_id, part)
);

ALTER TABLE answers ADD COLUMN attempts BIGINT NOT NULL DEFAULT 1;
ALTER TABLE answers ADD COLUMN question_key TEXT COLLATE "C";
ALTER TABLE answers ADD COLUMN more_json TEXT COLLATE "C";
CREATE INDEX answers_by_question ON answers (question_key) WHERE question_key IS NOT NULL;
CREATE INDEX answers_by_call ON answers (call_id);
CREATE INDEX calls_of_runs ON calls (run_id) WHERE run_id IS NOT NULL;
ALTER TABLE scores ADD COLUMN more_json TEXT COLLATE "C";
