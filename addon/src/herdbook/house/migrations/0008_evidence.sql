-- What an observation rests on, as its Alpaca told it. Of older ones nothing of it was kept.
ALTER TABLE observation ADD COLUMN seconds REAL NOT NULL DEFAULT 0;
ALTER TABLE observation ADD COLUMN readings TEXT NOT NULL DEFAULT '[]';  -- JSON, oldest first
ALTER TABLE observation ADD COLUMN before REAL;
ALTER TABLE observation ADD COLUMN known_days REAL NOT NULL DEFAULT 0;

DROP VIEW noticed;
CREATE VIEW noticed AS
SELECT
  o.node_id, o.seq, coalesce(n.label, n.name) AS node_name, o.sensor, o.sensor_name, o.kind,
  o.sentence, o.value, o.unit, o.usual_low, o.usual_high, o.observed_ms, o.clock, o.confidence,
  o.seconds, o.readings, o.before, o.known_days, o.lamport, o.order_ms
FROM observation o JOIN node n USING (node_id);
