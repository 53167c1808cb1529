-- Files that were brought in, to be taken out again.
CREATE TABLE imports(
    number INTEGER PRIMARY KEY,
    made_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE
);

-- The entries that came with each; those that are deleted for good are no longer in it.
CREATE TABLE imported(
    import INTEGER NOT NULL REFERENCES imports(number) DEFERRABLE INITIALLY DEFERRED,
    entry_id TEXT NOT NULL UNIQUE
);
CREATE INDEX imported_import ON imported(import);
