-- Readings in blocks of many (block.py) with their hours beside them, times that can be corrected,
-- and nodes with a label of the household's own.

ALTER TABLE node ADD COLUMN label TEXT;                            -- what people call it here
ALTER TABLE node ADD COLUMN retired INTEGER NOT NULL DEFAULT 0;    -- left the herd; its data stays
ALTER TABLE node ADD COLUMN clock TEXT;                            -- of its newest event

-- What was stored as it came is folded again at the next start, in this order, and goes then.
CREATE TABLE refold (
  id INTEGER PRIMARY KEY,
  node_id TEXT NOT NULL REFERENCES node,
  last_seq INTEGER NOT NULL,
  wire BLOB NOT NULL
) STRICT;
INSERT INTO refold SELECT id, node_id, last_seq, wire FROM batch ORDER BY id;
DELETE FROM observation;
DELETE FROM reading_count;
DROP TABLE readings;

-- Where each log stands: the hashes of its newest batches.
CREATE TABLE position (
  node_id TEXT NOT NULL REFERENCES node,
  last_seq INTEGER NOT NULL,
  first_seq INTEGER NOT NULL,
  last_lamport INTEGER NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (node_id, last_seq)
) STRICT, WITHOUT ROWID;
INSERT INTO position SELECT node_id, last_seq, first_seq, last_lamport, hash FROM batch;
DROP TABLE batch;

-- Batches that hold something which this version cannot fold, as they came.
CREATE TABLE unfolded (
  id INTEGER PRIMARY KEY,
  node_id TEXT NOT NULL REFERENCES node,
  last_seq INTEGER NOT NULL,
  wire BLOB NOT NULL
) STRICT;

-- What a sensor measures; in another unit it is another series.
CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  node_id TEXT NOT NULL REFERENCES node,
  sensor TEXT NOT NULL,
  unit TEXT NOT NULL,                  -- '' for none
  yes_no INTEGER NOT NULL,
  UNIQUE (node_id, sensor, unit, yes_no)
) STRICT;

-- A run of one boot in which a clock that nobody had set right went evenly; see clocks.py.
CREATE TABLE stretch (
  id INTEGER PRIMARY KEY,
  node_id TEXT NOT NULL REFERENCES node,
  boot_id TEXT NOT NULL,
  quality TEXT NOT NULL,
  lead_ms INTEGER NOT NULL             -- wall time less monotonic time, as the node had them
) STRICT;
CREATE INDEX stretch_of_boot ON stretch (node_id, boot_id);
-- The same, once it is known what it should have been.
CREATE TABLE boot (
  id INTEGER PRIMARY KEY,
  node_id TEXT NOT NULL REFERENCES node,
  boot_id TEXT NOT NULL,
  offset_ms INTEGER NOT NULL,
  UNIQUE (node_id, boot_id)
) STRICT;

CREATE TABLE block (
  id INTEGER PRIMARY KEY,
  series INTEGER NOT NULL REFERENCES series,
  stretch INTEGER NOT NULL,            -- 0: the times are sure; -1: they never will be
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  count INTEGER NOT NULL,
  stored_ms INTEGER NOT NULL,
  columns BLOB NOT NULL
) STRICT;
CREATE INDEX block_by_time ON block (series, last_ms, first_ms, stored_ms, stretch);
CREATE INDEX block_unsure ON block (stretch, series) WHERE stretch <> 0;
CREATE INDEX block_loose ON block (series, stretch, count) WHERE count < 1024;

-- The blocks whose times are to be believed. A clock that was never set tells none.
CREATE VIEW placed AS
SELECT * FROM block
WHERE stretch = 0 OR stretch IN (SELECT id FROM stretch WHERE quality = 'unknown');

-- What is kept of readings for ever.
CREATE TABLE rollup (
  series INTEGER NOT NULL REFERENCES series,
  hour INTEGER NOT NULL,               -- since 1970 UTC
  count INTEGER NOT NULL,
  least REAL NOT NULL,
  most REAL NOT NULL,
  total REAL NOT NULL,
  PRIMARY KEY (series, hour)
) STRICT, WITHOUT ROWID;

ALTER TABLE observation ADD COLUMN stretch INTEGER NOT NULL DEFAULT 0;
CREATE INDEX observation_unsure ON observation (stretch) WHERE stretch <> 0;

DROP VIEW noticed;
CREATE VIEW noticed AS
SELECT
  o.node_id, o.seq, coalesce(n.label, n.name) AS node_name, o.sensor, o.sensor_name, o.kind,
  o.sentence, o.value, o.unit, o.usual_low, o.usual_high, o.observed_ms, o.clock, o.confidence,
  o.lamport, o.order_ms
FROM observation o JOIN node n USING (node_id);
