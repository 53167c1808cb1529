-- Whose log this is, so that a lost or foreign identity is noticed. One row.
CREATE TABLE owner (public_key BLOB NOT NULL) STRICT;

-- Events that are not in a batch yet, encoded as they will stand in one.
CREATE TABLE tail (
  seq INTEGER PRIMARY KEY,
  lamport INTEGER NOT NULL,
  event BLOB NOT NULL
) STRICT;

-- Sealed batches, as they travel.
CREATE TABLE batch (
  last_seq INTEGER PRIMARY KEY,
  first_seq INTEGER NOT NULL,
  last_lamport INTEGER NOT NULL,
  hash BLOB NOT NULL,
  wire BLOB NOT NULL
) STRICT;
