-- What entries are about, as vectors. Tables whose names begin with derived_ are made out of others
-- again where they are lost: no salvage takes them along.

-- The model that made them; no row before the first.
CREATE TABLE derived_model(model TEXT NOT NULL);

-- One of each piece of an entry's text, which stands there from `first` to before `last`, in
-- characters. `half` are its numbers as half floats.
CREATE TABLE derived_vectors(
    place INTEGER PRIMARY KEY,
    entry INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    half BLOB NOT NULL
);
CREATE INDEX derived_vectors_entry ON derived_vectors(entry);

-- On which side of zero each number is: one bit, 256 places a row, zeros where there is no vector.
CREATE TABLE derived_sides(
    block INTEGER PRIMARY KEY,
    bits BLOB NOT NULL
);

-- Entries whose vectors are still to be made.
CREATE TABLE derived_waiting(entry INTEGER PRIMARY KEY);
INSERT INTO derived_waiting SELECT number FROM entries;

CREATE TRIGGER derived_vectors_removed AFTER DELETE ON derived_vectors BEGIN
    UPDATE derived_sides SET bits = CAST(
        substr(bits, 1, old.place % 256 * (length(old.half) / 16))
        || zeroblob(length(old.half) / 16)
        || substr(bits, (old.place % 256 + 1) * (length(old.half) / 16) + 1) AS BLOB
    ) WHERE block = old.place / 256;
END;

CREATE TRIGGER entries_added_to_derive AFTER INSERT ON entries BEGIN
    INSERT OR IGNORE INTO derived_waiting VALUES(new.number);
END;
CREATE TRIGGER entries_removed_from_derived AFTER DELETE ON entries BEGIN
    DELETE FROM derived_vectors WHERE entry = old.number;
    DELETE FROM derived_waiting WHERE entry = old.number;
END;
CREATE TRIGGER entries_changed_to_derive AFTER UPDATE OF text ON entries
WHEN new.text <> old.text BEGIN
    DELETE FROM derived_vectors WHERE entry = old.number;
    INSERT OR IGNORE INTO derived_waiting VALUES(new.number);
END;
