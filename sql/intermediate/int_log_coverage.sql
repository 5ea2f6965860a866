-- How many events of each source exist for each tenant, region and hour, and how long nothing came before that hour.
-- Grain: source, tenant_id, region, hour.
with
    hours as (
        select
            counts.source,
            counts.tenant_id,
            counts.region,
            counts.hour,
            sum(counts.event_count)::bigint as event_count,
            sum(counts.object_event_count)::bigint as object_event_count,
            max(counts.last_at) as last_at
        from int_hourly_counts as counts
        group by all
    )

select
    hours.*,
    date_diff(
        'hour', lag(hours.hour) over (partition by hours.source, hours.tenant_id, hours.region order by hours.hour), hours.hour
    ) as hours_since_last
from hours
