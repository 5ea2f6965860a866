-- The networks that each person has used successfully, with when. Grain: person_id, network_id.
select
    holders.person_id,
    holders.network_id,
    min(holders.occurred_at) as first_seen_at,
    max(holders.occurred_at) as last_seen_at,
    count(*) as event_count
from int_event_holders as holders
where holders.person_id is not null and holders.network_id is not null and holders.outcome = 'success'
group by holders.person_id, holders.network_id
