-- Who asked, for what kind of work, and what a kept answer saved.
ALTER TABLE calls ADD COLUMN cache TEXT;
ALTER TABLE calls ADD COLUMN saved_pico_usd INTEGER;
ALTER TABLE calls ADD COLUMN key_id TEXT;
ALTER TABLE calls ADD COLUMN team TEXT;
ALTER TABLE calls ADD COLUMN tag TEXT;
