-- What became of the batch's records. Grain: source.
with
    kept_by_source as (
        select staged.source, count(*) as events from staged semi join kept on staged.rowid = kept.staged_id group by all
    )

select
    read_counts.source,
    read_counts.records,
    coalesce(kept_by_source.events, 0) as events,
    read_counts.records - coalesce(kept_by_source.events, 0) - read_counts.quarantined as duplicates,
    read_counts.quarantined
from read_counts
left join kept_by_source using (source)
order by read_counts.source
