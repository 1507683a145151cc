-- Virtual keys (state as versioned JSON, found by what changed), money spent by scope and period, and what
-- running processes have drawn of it.
CREATE TABLE keys (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  is_live INTEGER NOT NULL,
  key_json BLOB NOT NULL,
  changed INTEGER NOT NULL UNIQUE
) WITHOUT ROWID;
CREATE UNIQUE INDEX keys_live_name ON keys (name) WHERE is_live;
CREATE INDEX keys_name ON keys (name, changed);

CREATE TABLE budgets (
  scope_id TEXT NOT NULL,
  period TEXT NOT NULL,
  spent_pico_usd INTEGER NOT NULL,
  PRIMARY KEY (scope_id, period)
) WITHOUT ROWID;

CREATE TABLE budget_allotments (
  scope_id TEXT NOT NULL,
  period TEXT NOT NULL,
  holder TEXT NOT NULL,
  left_pico_usd INTEGER NOT NULL,
  until_us INTEGER NOT NULL,
  PRIMARY KEY (scope_id, period, holder)
) WITHOUT ROWID;
CREATE INDEX budget_allotments_holder ON budget_allotments (holder);
