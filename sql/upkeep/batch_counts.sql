-- All batches of the ledger (SQLite), and those under way. Grain: one row.
select count(*) as batches, coalesce(sum(batches.state = 'pending'), 0) as pending_batches from batches
