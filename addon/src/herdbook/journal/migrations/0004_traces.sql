-- Traces: short names that people give to entries.

-- `folded` is the name without case and accents: what is one and the same trace.
CREATE TABLE traces(
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    folded TEXT NOT NULL UNIQUE
);

-- Which entries have which traces, in the order in which they were given. `day` is the entry's, so
-- that counting reads one index and no entry. References are deferred: an entry and its traces go
-- and come in one transaction, in any order.
CREATE TABLE entry_traces(
    entry INTEGER NOT NULL REFERENCES entries(number) DEFERRABLE INITIALLY DEFERRED,
    trace INTEGER NOT NULL REFERENCES traces(number) DEFERRABLE INITIALLY DEFERRED,
    day TEXT NOT NULL,
    UNIQUE(entry, trace)
);
CREATE INDEX entry_traces_day ON entry_traces(trace, day, entry);

-- Those of deleted entries, which an entry that is brought back has again.
CREATE TABLE deleted_traces(
    entry_id TEXT NOT NULL REFERENCES deleted(id) DEFERRABLE INITIALLY DEFERRED,
    trace INTEGER NOT NULL REFERENCES traces(number) DEFERRABLE INITIALLY DEFERRED,
    UNIQUE(entry_id, trace)
);
