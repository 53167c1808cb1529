-- The same day of other years is found year by year on the index of days: one page less to write
-- with each entry.
DROP INDEX entries_month_day;
