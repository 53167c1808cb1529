-- Of an observation that a model put into words: its first sentence, which arithmetic made.
ALTER TABLE observation ADD COLUMN plain TEXT;

-- What the models of nodes did last, step by step; thought.py says how many of a node.
CREATE TABLE thought (
  node_id TEXT NOT NULL REFERENCES node,
  seq INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  clock TEXT NOT NULL,
  conversation TEXT NOT NULL,
  step INTEGER NOT NULL,
  tool TEXT NOT NULL,
  said TEXT NOT NULL,
  came TEXT NOT NULL,
  tainted INTEGER NOT NULL,
  PRIMARY KEY (node_id, seq)
) STRICT, WITHOUT ROWID;
