-- Events that are in the lake more than once. Asked for one span [since, until) at a time, so that the keys of a large lake
-- need not fit into memory: copies have one time. Grain: source, event_id, occurred_at, discriminator.
with
    doubled as (
        select events.event_key
        from events
        where events.occurred_at >= $since and events.occurred_at < $until and events.event_key is not null
        group by events.event_key
        having count(*) > 1
    )

select
    events.source,
    events.event_id,
    events.occurred_at,
    discriminator_of(events.source, events.tenant_id, events.token_id) as discriminator,
    min(events.tenant_id) as tenant_id,
    count(*) as copy_count,
    bool_or(coalesce(starts_with(events.batch_id, $batch_id), events.ingested_at >= $arrived_since, false)) as is_new
from events
semi join doubled on events.event_key = doubled.event_key
where events.occurred_at >= $since and events.occurred_at < $until
group by events.source, events.event_id, events.occurred_at, discriminator
having count(*) > 1
