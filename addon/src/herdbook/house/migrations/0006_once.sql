-- Times: all moments at which a boot's time was known, not the latest alone: between two of them a clock
-- drifted evenly, and one that comes late puts right once more what lies around it. So what a wrong
-- clock told keeps what that clock said.

CREATE TABLE clock (
  boot INTEGER NOT NULL REFERENCES boot,
  monotonic_ms INTEGER NOT NULL,
  offset_ms INTEGER NOT NULL,          -- wall time less monotonic time
  PRIMARY KEY (boot, monotonic_ms, offset_ms)
) STRICT, WITHOUT ROWID;
INSERT INTO clock SELECT id, 0, offset_ms FROM boot;
ALTER TABLE boot DROP COLUMN offset_ms;

ALTER TABLE stretch ADD COLUMN known INTEGER NOT NULL DEFAULT 0;  -- its boot has a clock

-- What the clock of its stretch said at the first and the last reading, where it may change yet
-- when they were; NULL where that is sure.
ALTER TABLE block ADD COLUMN told_ms INTEGER;
ALTER TABLE block ADD COLUMN told_last_ms INTEGER;
UPDATE block SET told_ms = first_ms, told_last_ms = last_ms WHERE stretch > 0;

DROP VIEW placed;
CREATE VIEW placed AS
SELECT * FROM block
WHERE stretch = 0 OR stretch IN (SELECT id FROM stretch WHERE quality = 'unknown' OR known);

ALTER TABLE observation ADD COLUMN monotonic_ms INTEGER;
UPDATE observation
SET monotonic_ms = observed_ms - (SELECT lead_ms FROM stretch WHERE id = observation.stretch)
WHERE stretch > 0;

ALTER TABLE memory ADD COLUMN stretch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE memory ADD COLUMN monotonic_ms INTEGER;

-- How much a node's batches are that could not be folded: they are bounded.
ALTER TABLE unfolded ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
UPDATE unfolded SET size = length(wire);
CREATE INDEX unfolded_by_node ON unfolded (node_id, id, size);

-- What a node logs again behind a loss, and was folded under its first numbers: again.py.
CREATE TABLE missing (
  node_id TEXT NOT NULL REFERENCES node,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  PRIMARY KEY (node_id, first_seq)
) STRICT, WITHOUT ROWID;
-- Nobody noted so far where numbers were passed over.
INSERT INTO missing SELECT node_id, 1, seq FROM node WHERE seq > 0;
CREATE TABLE again (
  node_id TEXT NOT NULL REFERENCES node,
  first_seq INTEGER NOT NULL,          -- `count` events from here on
  had_seq INTEGER NOT NULL,            -- are those from there on
  count INTEGER NOT NULL,
  PRIMARY KEY (node_id, first_seq, had_seq)
) STRICT, WITHOUT ROWID;
