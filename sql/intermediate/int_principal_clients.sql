-- The clients that each principal has used successfully, with when. Grain: principal_id, client.
select holders.principal_id, holders.client, min(holders.occurred_at) as first_seen_at
from int_event_holders as holders
where holders.principal_id is not null and holders.client is not null and holders.outcome = 'success'
group by holders.principal_id, holders.client
