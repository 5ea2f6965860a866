-- How many events of each source exist for each tenant, region and hour; the last hour is counted whole. Grain: source,
-- tenant_id, region, hour.
select
    events.source,
    events.tenant_id,
    events.region,
    date_trunc('hour', events.occurred_at) as hour,
    date_trunc('hour', events.occurred_at) as first_at,
    max(events.occurred_at) as last_at,
    count(*) as event_count,
    count(*) filter (events.target_kind = 'object') as object_event_count
from events
where
    events.occurred_at >= $since
    and events.occurred_at < date_trunc('hour', $until::timestamp - interval 1 microsecond) + interval 1 hour
group by all
