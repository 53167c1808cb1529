-- One row a node; those not approved are few and forgotten after a week.
CREATE TABLE node (
  node_id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  approved INTEGER NOT NULL DEFAULT 0,
  hello_seq INTEGER NOT NULL,          -- the highest its hellos have told: older ones are ignored
  seq INTEGER NOT NULL DEFAULT 0,      -- the end of its last batch below
  last_seen_ms INTEGER NOT NULL
) STRICT;

-- What arrived, as it arrived: everything below can be folded from it again.
CREATE TABLE batch (
  id INTEGER PRIMARY KEY,
  node_id TEXT NOT NULL REFERENCES node,
  first_seq INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  last_lamport INTEGER NOT NULL,
  hash BLOB NOT NULL,
  wire BLOB NOT NULL,
  UNIQUE (node_id, last_seq)
) STRICT;

CREATE TABLE observation (
  node_id TEXT NOT NULL REFERENCES node,
  seq INTEGER NOT NULL,
  lamport INTEGER NOT NULL,
  observed_ms INTEGER NOT NULL,
  clock TEXT NOT NULL,
  order_ms INTEGER NOT NULL,           -- see observation.py
  sensor TEXT NOT NULL,
  sensor_name TEXT NOT NULL,
  kind TEXT NOT NULL,
  sentence TEXT NOT NULL,
  value REAL,
  unit TEXT,
  usual_low REAL,
  usual_high REAL,
  confidence REAL NOT NULL,
  PRIMARY KEY (node_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX observation_by_time ON observation (observed_ms);
CREATE INDEX observation_by_order ON observation (order_ms, lamport, node_id, seq);

-- An observation with its node's present name.
CREATE VIEW noticed AS
SELECT
  o.node_id, o.seq, n.name AS node_name, o.sensor, o.sensor_name, o.kind, o.sentence, o.value,
  o.unit, o.usual_low, o.usual_high, o.observed_ms, o.clock, o.confidence, o.lamport, o.order_ms
FROM observation o JOIN node n USING (node_id);

-- Blocks of readings, one sensor each, as the node packed them.
CREATE TABLE readings (
  id INTEGER PRIMARY KEY,
  node_id TEXT NOT NULL REFERENCES node,
  seq INTEGER NOT NULL,
  sensor TEXT NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  count INTEGER NOT NULL,
  block BLOB NOT NULL
) STRICT;
CREATE INDEX readings_by_sensor ON readings (node_id, sensor, first_ms);

-- How many readings fell into each quarter of an hour UTC. Days of every time zone are made of
-- whole quarters, so the zone may change without counting again.
CREATE TABLE reading_count (
  quarter_ms INTEGER PRIMARY KEY,
  count INTEGER NOT NULL
) STRICT;

-- What was not taken: how often for each reason, and the newest hundred.
CREATE TABLE refusal (
  reason TEXT PRIMARY KEY,
  count INTEGER NOT NULL
) STRICT;
CREATE TABLE quarantine (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  node_id TEXT NOT NULL,               -- the name it came under
  reason TEXT NOT NULL,
  size INTEGER NOT NULL,
  content BLOB                         -- NULL when it was over 64 KiB
) STRICT;
