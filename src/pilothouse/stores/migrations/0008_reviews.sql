-- What people said of a proof's answers.
CREATE TABLE reviews (
  run_id TEXT NOT NULL,
  reviewer TEXT NOT NULL,
  item TEXT NOT NULL,
  verdict TEXT NOT NULL,
  at_us INTEGER NOT NULL,
  PRIMARY KEY (run_id, reviewer, item)
) WITHOUT ROWID;
