-- How the person wants the panel: each value is JSON. What is not here is as it comes.
CREATE TABLE settings(
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
