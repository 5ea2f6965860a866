-- The clients that each principal has used successfully, with when. Grain: principal_id, client.
select uses.principal_id, uses.client, min(uses.first_at) as first_seen_at
from int_client_uses as uses
where uses.client is not null
group by uses.principal_id, uses.client
