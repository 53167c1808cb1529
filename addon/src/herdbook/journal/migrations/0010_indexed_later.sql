-- A save writes the entry alone: half of the pages that it wrote were those of the index of words.
-- What is written is indexed a moment later, or when somebody searches, whichever comes first.

-- Entries up to this number are in the index of words, and had their vectors made or wait for that.
-- A new entry's number is above those of all there are, and so above this one.
CREATE TABLE derived_indexed(number INTEGER NOT NULL);
INSERT INTO derived_indexed SELECT coalesce(max(number), 0) FROM entries;

DROP TRIGGER entries_added;
DROP TRIGGER entries_added_to_derive;
DROP TRIGGER entries_removed;
DROP TRIGGER entries_removed_from_derived;
DROP TRIGGER entries_changed;
DROP TRIGGER entries_changed_to_derive;

CREATE TRIGGER entries_removed AFTER DELETE ON entries BEGIN
    INSERT INTO words(words, rowid, text) SELECT 'delete', old.number, old.text
    WHERE old.number <= (SELECT number FROM derived_indexed);
    DELETE FROM derived_vectors WHERE entry = old.number;
    DELETE FROM derived_waiting WHERE entry = old.number;
    -- The last entry's number is given again, to one that is not indexed yet.
    UPDATE derived_indexed SET number = (SELECT coalesce(max(number), 0) FROM entries)
    WHERE number > (SELECT coalesce(max(number), 0) FROM entries);
END;
CREATE TRIGGER entries_changed AFTER UPDATE OF text ON entries
WHEN new.text <> old.text AND old.number <= (SELECT number FROM derived_indexed) BEGIN
    INSERT INTO words(words, rowid, text) VALUES('delete', old.number, old.text);
    INSERT INTO words(rowid, text) VALUES(new.number, new.text);
    DELETE FROM derived_vectors WHERE entry = old.number;
    INSERT OR IGNORE INTO derived_waiting VALUES(new.number);
END;
