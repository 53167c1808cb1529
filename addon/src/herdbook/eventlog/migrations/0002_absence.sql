-- Numbers whose events are not here any more, in runs that end where a batch ended.
CREATE TABLE absence (
  last_seq INTEGER PRIMARY KEY,
  first_seq INTEGER NOT NULL,
  last_lamport INTEGER NOT NULL,
  hash BLOB NOT NULL,                  -- of the batch that ended there
  why TEXT NOT NULL                    -- retired, lost or told: see piece.py
) STRICT;

-- Up to where the Llama said that it has the log, and when: what is kept is counted from then.
CREATE TABLE acknowledged (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL
) STRICT;

-- CRC-32 of an event, for SQLite does not notice every damage; NULL in older rows.
ALTER TABLE tail ADD COLUMN crc INTEGER;
