-- The accounts and tenants that events name as their target's, day by day. Grain: target_tenant_id, day.
select events.target_tenant_id, events.occurred_at::date as day, min(events.occurred_at) as first_at
from events
where events.target_tenant_id is not null and events.occurred_at >= $since and events.occurred_at < $until
group by all
