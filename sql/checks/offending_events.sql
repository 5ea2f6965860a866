-- Events with a time or an id that cannot be, the newest three of each fact, source and tenant. Grain: fact, source, tenant_id,
-- is_new, event.
with
    offending as (
        select
            case
                when coalesce(events.event_id, '') = ''
                then 'event_id_missing_count'
                when events.occurred_at > events.ingested_at + interval 1 hour
                then 'in_future_count'
                when events.occurred_at < timestamp '2006-01-01'
                then 'before_cloud_count'
                when events.received_at < events.occurred_at - interval 1 hour
                then 'received_early_count'
            end as fact,
            events.source,
            events.tenant_id,
            coalesce(starts_with(events.batch_id, $batch_id), events.ingested_at >= $arrived_since, false) as is_new,
            events.event_id,
            events.occurred_at,
            events.source_file,
            events.source_row
        from events
    )

select offending.*
from offending
where offending.fact is not null
qualify
    row_number() over (
        partition by offending.fact, offending.source, offending.tenant_id, offending.is_new
        order by offending.occurred_at desc, offending.source_file, offending.source_row
    )
    <= 3
order by
    offending.fact,
    offending.source,
    offending.tenant_id,
    offending.is_new,
    offending.occurred_at desc,
    offending.source_file,
    offending.source_row
