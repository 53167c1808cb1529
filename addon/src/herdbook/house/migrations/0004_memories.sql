-- Facts, each as the node that told it says it now; memory.py says when two are the same.
CREATE TABLE memory (
  node_id TEXT NOT NULL REFERENCES node,
  topic TEXT NOT NULL,                 -- subject and aspect, compared without regard to case
  answer TEXT NOT NULL,                -- the value, in the same way
  seq INTEGER NOT NULL,
  subject TEXT NOT NULL,
  aspect TEXT NOT NULL,
  value TEXT NOT NULL,
  sentence TEXT NOT NULL,
  confidence REAL NOT NULL,
  told_ms INTEGER NOT NULL,
  clock TEXT NOT NULL,
  PRIMARY KEY (node_id, topic)
) STRICT, WITHOUT ROWID;
CREATE INDEX memory_by_topic ON memory (topic, answer);

-- What a person thinks of a fact.
CREATE TABLE review (
  topic TEXT NOT NULL,
  answer TEXT NOT NULL,
  verdict TEXT NOT NULL,               -- kept or dismissed
  PRIMARY KEY (topic, answer)
) STRICT, WITHOUT ROWID;
