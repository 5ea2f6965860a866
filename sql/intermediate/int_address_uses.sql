-- The addresses that each principal came from, day by day, with what the logs say of them. Grain: day, source_ip,
-- principal_id, asn, country, is_success.
select
    events.occurred_at::date as day,
    events.source_ip,
    events.principal_id,
    events.asn,
    events.country,
    events.outcome = 'success' as is_success,
    min(events.occurred_at) as first_at
from events
where events.source_ip is not null and events.occurred_at >= $since and events.occurred_at < $until
group by all
