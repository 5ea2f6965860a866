-- How many records were read of each source, and how many of them set aside. Grain: source ('unrecognised' for records of no
-- known source).
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

    quarantined_by_source as (
        select coalesce(quarantined.source, 'unrecognised') as source, count(*) as quarantined from quarantined group by all
    )

select read.source, read.records, coalesce(quarantined_by_source.quarantined, 0) as quarantined
from read
left join quarantined_by_source using (source)
