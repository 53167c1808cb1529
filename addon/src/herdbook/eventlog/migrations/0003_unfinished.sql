-- Readings that are in no event yet: the event that they will be, but for its number. They go with
-- the transaction that makes it one, or that notes them anew; what is here at a start was left
-- behind by a crash.
CREATE TABLE unfinished (
  sensor TEXT NOT NULL,
  start_ms INTEGER NOT NULL,
  event BLOB NOT NULL,
  crc INTEGER NOT NULL                 -- CRC-32 of it
) STRICT;
