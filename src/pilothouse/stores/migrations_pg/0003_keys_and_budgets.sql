-- Virtual keys (state as versioned JSON, found by what changed), money spent by scope and period, and what
-- running processes have drawn of it.
CREATE TABLE keys (
  id TEXT COLLATE "C" PRIMARY KEY,
  name TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  is_live BOOLEAN NOT NULL,
  key_json BYTEA NOT NULL,
  changed BIGINT NOT NULL UNIQUE
);
CREATE UNIQUE INDEX keys_live_name ON keys (name) WHERE is_live;
CREATE INDEX keys_name ON keys (name, changed);

-- Numeric: a sum of all that was ever spent has no bound.
CREATE TABLE budgets (
  scope_id TEXT COLLATE "C" NOT NULL,
  period TEXT COLLATE "C" NOT NULL,
  spent_pico_usd NUMERIC(38, 0) NOT NULL,
  PRIMARY KEY (scope_id, period)
);

CREATE TABLE budget_allotments (
  scope_id TEXT COLLATE "C" NOT NULL,
  period TEXT COLLATE "C" NOT NULL,
  holder TEXT COLLATE "C" NOT NULL,
  left_pico_usd BIGINT NOT NULL,
  until_us BIGINT NOT NULL,
  PRIMARY KEY (scope_id, period, holder)
);
CREATE INDEX budget_allotments_holder ON budget_allotments (holder);
