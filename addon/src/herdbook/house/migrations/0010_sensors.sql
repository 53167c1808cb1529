-- What people call a sensor, as its node told it last: with a block of its readings, now and then,
-- or with what it noticed.
CREATE TABLE sensor (
  node_id TEXT NOT NULL REFERENCES node,
  sensor TEXT NOT NULL,
  name TEXT NOT NULL,                  -- as it came; names.py says how it is shown
  seq INTEGER NOT NULL,                -- the event that told it
  PRIMARY KEY (node_id, sensor)
) STRICT, WITHOUT ROWID;

-- It is found by what it is called now: its passages are made anew.
CREATE TRIGGER sensor_called AFTER INSERT ON sensor BEGIN
  DELETE FROM passage WHERE what = 'sensor' AND node_id = new.node_id
  AND number IN (SELECT id FROM series WHERE node_id = new.node_id AND sensor = new.sensor);
  INSERT INTO passage (what, node_id, number, at_ms)
  SELECT 'sensor', node_id, id, 0 FROM series
  WHERE node_id = new.node_id AND sensor = new.sensor;
END;
CREATE TRIGGER sensor_renamed AFTER UPDATE OF name ON sensor WHEN new.name <> old.name BEGIN
  DELETE FROM passage WHERE what = 'sensor' AND node_id = new.node_id
  AND number IN (SELECT id FROM series WHERE node_id = new.node_id AND sensor = new.sensor);
  INSERT INTO passage (what, node_id, number, at_ms)
  SELECT 'sensor', node_id, id, 0 FROM series
  WHERE node_id = new.node_id AND sensor = new.sensor;
END;

-- Of older nodes, what they noticed tells it. Beside max(), SQLite gives the row that has it.
INSERT INTO sensor (node_id, sensor, name, seq)
SELECT node_id, sensor, sensor_name, max(seq) FROM observation GROUP BY node_id, sensor;
