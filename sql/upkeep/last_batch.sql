-- The batch that began last and what became of its records, of the ledger (SQLite). Grain: at most one row.
select
    batches.batch_id,
    batches.state,
    batches.started_at,
    coalesce(sum(counts.records), 0) as records,
    coalesce(sum(counts.events), 0) as events,
    coalesce(sum(counts.duplicates), 0) as duplicates,
    coalesce(sum(counts.quarantined), 0) as quarantined
from batches
left join counts using (batch_id)
group by batches.rowid, batches.batch_id, batches.state, batches.started_at
order by batches.rowid desc
limit 1
