-- Of an observation that a model put into words: its first sentence, which arithmetic made.
ALTER TABLE observation ADD COLUMN plain TEXT;
