-- Times are milliseconds since 1970 UTC; a day is the calendar date its writer meant, YYYY-MM-DD.
CREATE TABLE entries(
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    day TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    author TEXT NOT NULL CHECK (author IN ('person', 'house')),
    source TEXT,
    text TEXT NOT NULL
);
CREATE INDEX entries_day ON entries(day, created_ms, number);

CREATE TABLE drafts(
    day TEXT PRIMARY KEY,
    saved_ms INTEGER NOT NULL,
    text TEXT NOT NULL
);

-- Drops that have become entries. Apart from the entries: deleting one must not bring its drop back.
CREATE TABLE absorbed(
    drop_id TEXT PRIMARY KEY
) WITHOUT ROWID;
