-- A sample of live questions, personal data taken out.
CREATE TABLE samples (
  request_id TEXT COLLATE "C" PRIMARY KEY,
  at_us BIGINT NOT NULL,
  route TEXT COLLATE "C" NOT NULL,
  tag TEXT COLLATE "C",
  body BYTEA NOT NULL
);
CREATE INDEX samples_of_routes ON samples (route, at_us);
