-- Texts are unfinished, changed, deleted and brought back.

-- A composition is a writing field's content from its first letter until it is sent: the same one
-- sent again, because the answer got lost, is no second entry.
ALTER TABLE entries ADD COLUMN edited_ms INTEGER;
ALTER TABLE entries ADD COLUMN composition TEXT;
CREATE INDEX entries_composition ON entries(composition) WHERE composition IS NOT NULL;

-- The same day of other years.
CREATE INDEX entries_month_day ON entries(substr(day, 6), day);

-- What an entry said before, the newest `number` last.
CREATE TABLE versions(
    number INTEGER PRIMARY KEY,
    entry_id TEXT NOT NULL,
    written_ms INTEGER NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX versions_entry ON versions(entry_id, number);

-- Entries that can be brought back until the vault locks.
CREATE TABLE deleted(
    id TEXT PRIMARY KEY,
    day TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    author TEXT NOT NULL CHECK (author IN ('person', 'house')),
    source TEXT,
    text TEXT NOT NULL,
    edited_ms INTEGER,
    composition TEXT
);

-- `entry_id` is that of the entry being changed; `writer` is the page that saved the draft last, its
-- `revision`-th time.
ALTER TABLE drafts RENAME TO drafts_before;
CREATE TABLE drafts(
    composition TEXT PRIMARY KEY,
    day TEXT NOT NULL,
    entry_id TEXT,
    writer TEXT NOT NULL,
    revision INTEGER NOT NULL,
    saved_ms INTEGER NOT NULL,
    text TEXT NOT NULL
);
INSERT INTO drafts
SELECT lower(hex(randomblob(16))), day, NULL, '', 1, saved_ms, text FROM drafts_before;
DROP TABLE drafts_before;
CREATE INDEX drafts_day ON drafts(day, saved_ms);
