-- Photos and files. Each is an entry's, or a composition's until that is sent.

-- `state`: 'arriving' until its last byte is here, then 'kept'; 'gone' until its pieces are deleted.
-- `entry_id` is an id in entries or in deleted. `dropped_by` is the composition of a change that takes
-- the file off its entry, once it is sent. Only pictures have a width and a height, in pixels as they
-- are shown. `sha256` is of the bytes that are kept.
CREATE TABLE files(
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('arriving', 'kept', 'gone')),
    entry_id TEXT,
    composition TEXT,
    dropped_by TEXT,
    added_ms INTEGER NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    kind TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    width INTEGER,
    height INTEGER
);
CREATE INDEX files_entry ON files(entry_id) WHERE entry_id IS NOT NULL;
CREATE INDEX files_composition ON files(composition) WHERE composition IS NOT NULL;
CREATE INDEX files_dropped ON files(dropped_by) WHERE dropped_by IS NOT NULL;
CREATE INDEX files_unkept ON files(state) WHERE state <> 'kept';

-- The bytes of a file, 262,144 to a piece but for the last; `place` counts from 0. `padding` fills what
-- a row has in a page that it shares with others, and that others' coming and going may leave copies
-- of. So all of `bytes` lies in pages of its own, which are overwritten as soon as it is deleted.
CREATE TABLE file_pieces(
    number INTEGER PRIMARY KEY,
    file INTEGER NOT NULL REFERENCES files(number),
    place INTEGER NOT NULL,
    padding BLOB NOT NULL,
    bytes BLOB NOT NULL,
    UNIQUE(file, place)
);

-- A small picture of each picture: WebP.
CREATE TABLE thumbnails(
    file INTEGER PRIMARY KEY REFERENCES files(number),
    padding BLOB NOT NULL,
    bytes BLOB NOT NULL
);
