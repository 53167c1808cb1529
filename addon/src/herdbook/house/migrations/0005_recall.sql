-- What can be recalled: a passage for each observation, fact and sensor, made with it and gone with
-- it by the triggers below. Its words come into the index, and what it is about is known, a moment
-- later: passages.py.

-- What passages are about: their words without numbers, which many of them have in common.
CREATE TABLE gist (
  id INTEGER PRIMARY KEY,
  what TEXT NOT NULL,                  -- observation, memory or sensor
  sensor TEXT NOT NULL,                -- '' of a fact
  kind TEXT NOT NULL,                  -- of an observation, otherwise ''
  text TEXT NOT NULL,
  half BLOB,                           -- its vector as half floats; NULL until it is made
  UNIQUE (what, sensor, kind, text)
) STRICT;
CREATE INDEX gist_waiting ON gist (id) WHERE half IS NULL;

CREATE TABLE gist_model (
  model TEXT NOT NULL                  -- whose the vectors are; no row: nobody's
) STRICT;

CREATE TABLE passage (
  id INTEGER PRIMARY KEY,
  what TEXT NOT NULL,                  -- observation, memory or sensor
  node_id TEXT NOT NULL REFERENCES node,
  number INTEGER NOT NULL,             -- the seq that told it; of a sensor, its series
  at_ms INTEGER NOT NULL,              -- 0 of a sensor
  text TEXT,                           -- its words as they are indexed; NULL until they are
  gist INTEGER REFERENCES gist,
  label TEXT NOT NULL GENERATED ALWAYS AS (what || ' ' || node_id) VIRTUAL,
  UNIQUE (what, node_id, number)
) STRICT;
CREATE INDEX passage_new ON passage (id) WHERE text IS NULL;
CREATE INDEX passage_by_gist ON passage (gist, at_ms);

-- The label says what a passage is and whose: a node is looked for by its name of the day.
CREATE VIRTUAL TABLE recall_words USING fts5 (
  text,
  label,
  content = 'passage',
  content_rowid = 'id',
  tokenize = 'unicode61 remove_diacritics 2'
);

CREATE TRIGGER passage_indexed AFTER UPDATE OF text ON passage BEGIN
  INSERT INTO recall_words (rowid, text, label) VALUES (new.id, new.text, new.label);
END;
CREATE TRIGGER passage_gone AFTER DELETE ON passage WHEN old.text IS NOT NULL BEGIN
  INSERT INTO recall_words (recall_words, rowid, text, label)
  VALUES ('delete', old.id, old.text, old.label);
  DELETE FROM gist WHERE id = old.gist AND NOT EXISTS (SELECT 1 FROM passage WHERE gist = old.gist);
END;

CREATE TRIGGER observation_told AFTER INSERT ON observation BEGIN
  INSERT INTO passage (what, node_id, number, at_ms)
  VALUES ('observation', new.node_id, new.seq, new.observed_ms);
END;
CREATE TRIGGER observation_moved AFTER UPDATE OF observed_ms ON observation BEGIN
  UPDATE passage SET at_ms = new.observed_ms
  WHERE what = 'observation' AND node_id = new.node_id AND number = new.seq;
END;
CREATE TRIGGER observation_gone AFTER DELETE ON observation BEGIN
  DELETE FROM passage
  WHERE what = 'observation' AND node_id = old.node_id AND number = old.seq;
END;

CREATE INDEX memory_by_seq ON memory (node_id, seq);
CREATE TRIGGER memory_told AFTER INSERT ON memory BEGIN
  INSERT INTO passage (what, node_id, number, at_ms)
  VALUES ('memory', new.node_id, new.seq, new.told_ms);
END;
CREATE TRIGGER memory_moved AFTER UPDATE OF told_ms ON memory BEGIN
  UPDATE passage SET at_ms = new.told_ms
  WHERE what = 'memory' AND node_id = new.node_id AND number = new.seq;
END;
CREATE TRIGGER memory_gone AFTER DELETE ON memory BEGIN
  DELETE FROM passage WHERE what = 'memory' AND node_id = old.node_id AND number = old.seq;
END;

CREATE TRIGGER series_told AFTER INSERT ON series BEGIN
  INSERT INTO passage (what, node_id, number, at_ms)
  VALUES ('sensor', new.node_id, new.id, 0);
END;
CREATE TRIGGER series_gone AFTER DELETE ON series BEGIN
  DELETE FROM passage WHERE what = 'sensor' AND node_id = old.node_id AND number = old.id;
END;

INSERT INTO passage (what, node_id, number, at_ms)
SELECT 'observation', node_id, seq, observed_ms FROM observation;
INSERT INTO passage (what, node_id, number, at_ms)
SELECT 'memory', node_id, seq, told_ms FROM memory;
INSERT INTO passage (what, node_id, number, at_ms)
SELECT 'sensor', node_id, id, 0 FROM series;
