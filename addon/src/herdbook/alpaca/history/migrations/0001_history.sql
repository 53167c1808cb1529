-- An index beside log.db: everything in it can be made again from there.
CREATE TABLE mark (owner BLOB NOT NULL, seq INTEGER NOT NULL) STRICT;

CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  sensor TEXT NOT NULL UNIQUE,
  unit TEXT,
  yes_no INTEGER NOT NULL
) STRICT;

-- Ten minutes of a series; `slot` is their number since 1970.
CREATE TABLE slice (
  series INTEGER NOT NULL REFERENCES series (id),
  slot INTEGER NOT NULL,
  count INTEGER NOT NULL,
  least REAL NOT NULL,
  most REAL NOT NULL,
  total REAL NOT NULL,
  PRIMARY KEY (series, slot)
) STRICT, WITHOUT ROWID;

-- Events as they stand in the log: what sets the time, what was noticed, and readings of a boot in
-- which nobody has known the time yet.
CREATE TABLE held (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, event BLOB NOT NULL) STRICT;
CREATE INDEX held_kind ON held (kind, seq);
