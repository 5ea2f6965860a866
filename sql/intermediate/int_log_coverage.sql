-- How many events of each source exist for each tenant and hour, and how long nothing came before that hour.
-- Grain: source, tenant_id, hour.
with
    hours as (
        select
            holders.source,
            holders.tenant_id,
            date_trunc('hour', holders.occurred_at) as hour,
            count(*) as event_count,
            count(*) filter (holders.target_kind = 'object') as object_event_count
        from int_event_holders as holders
        group by all
    )

select
    hours.*,
    date_diff(
        'hour', lag(hours.hour) over (partition by hours.source, hours.tenant_id order by hours.hour), hours.hour
    ) as hours_since_last
from hours
