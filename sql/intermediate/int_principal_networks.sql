-- The networks that each principal has used successfully, with when. Grain: principal_id, network_id.
select holders.principal_id, holders.network_id, min(holders.occurred_at) as first_seen_at
from int_event_holders as holders
where holders.principal_id is not null and holders.network_id is not null and holders.outcome = 'success'
group by holders.principal_id, holders.network_id
