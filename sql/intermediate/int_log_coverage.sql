-- How many events of each source exist for each tenant, region and hour, and how long nothing came before that hour.
-- Grain: source, tenant_id, region, hour.
with
    hours as (
        select
            events.source,
            events.tenant_id,
            events.region,
            date_trunc('hour', events.occurred_at) as hour,
            count(*) as event_count,
            count(*) filter (events.target_kind = 'object') as object_event_count
        from events
        where events.occurred_at >= $since and events.occurred_at < $until
        group by all
    )

select
    hours.*,
    date_diff(
        'hour', lag(hours.hour) over (partition by hours.source, hours.tenant_id, hours.region order by hours.hour), hours.hour
    ) as hours_since_last
from hours
