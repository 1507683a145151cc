-- The chance that the first target of a request had, where a policy drew it.
ALTER TABLE calls ADD COLUMN propensity REAL;
