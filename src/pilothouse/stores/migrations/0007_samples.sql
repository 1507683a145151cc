-- A sample of live questions, personal data taken out.
CREATE TABLE samples (
  request_id TEXT PRIMARY KEY,
  at_us INTEGER NOT NULL,
  route TEXT NOT NULL,
  tag TEXT,
  body BLOB NOT NULL
);
CREATE INDEX samples_of_routes ON samples (route, at_us);
