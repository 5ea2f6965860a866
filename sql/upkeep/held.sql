-- How many events the lake holds, and of which span. Grain: source, tenant_id.
select
    events.source, events.tenant_id, count(*) as events, min(events.occurred_at) as first_at, max(events.occurred_at) as last_at
from events
group by events.source, events.tenant_id
order by events.source, events.tenant_id
