-- What became of the batch's records. Grain: source ('unrecognised' for records of no known source).
with
    known as (
        select staged.source
        from staged
        union all
        select 'unrecognised' as source
        from landed
        where landed.source is null
    ),

    read as (select known.source, count(*) as records from known group by known.source),

    kept_by_source as (
        select staged.source, count(*) as events from staged semi join kept on staged.rowid = kept.staged_id group by all
    ),

    quarantined_by_source as (
        select coalesce(quarantined.source, 'unrecognised') as source, count(*) as quarantined from quarantined group by all
    )

select
    read.source,
    read.records,
    coalesce(kept_by_source.events, 0) as events,
    read.records - coalesce(kept_by_source.events, 0) - coalesce(quarantined_by_source.quarantined, 0) as duplicates,
    coalesce(quarantined_by_source.quarantined, 0) as quarantined
from read
left join kept_by_source using (source)
left join quarantined_by_source using (source)
order by read.source
