-- Where a fact comes from, how often it was told, how long it holds, and what it took the place of.
ALTER TABLE memory ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE memory ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 1;
ALTER TABLE memory ADD COLUMN expires_ms INTEGER;
ALTER TABLE memory ADD COLUMN instead_of TEXT NOT NULL DEFAULT '';

-- A review has a number that grows, by which a node asks for those that it has not heard of.
-- Its verdict is kept, wrong or later, or '': nothing any more. `told` is NULL where somebody judged
-- here, else which node's word it is, as what orders their words.
ALTER TABLE review ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE review ADD COLUMN told TEXT;
UPDATE review SET verdict = 'wrong' WHERE verdict = 'dismissed';
UPDATE review SET number = (
  SELECT count(*) FROM review o
  WHERE o.topic < review.topic OR (o.topic = review.topic AND o.answer <= review.answer)
);
CREATE INDEX review_by_number ON review (number);

-- In a node's own notebook: the number of the last review of the Llama that came home.
ALTER TABLE node ADD COLUMN heard INTEGER NOT NULL DEFAULT 0;
