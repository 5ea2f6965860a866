-- How many events of each source exist for each tenant and hour. Grain: source, tenant_id, hour.
select
    holders.source,
    holders.tenant_id,
    date_trunc('hour', holders.occurred_at) as hour,
    count(*) as event_count,
    count(*) filter (holders.target_kind = 'object') as object_event_count
from int_event_holders as holders
group by all
