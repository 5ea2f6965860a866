-- The networks that each principal has used successfully, with when. Grain: principal_id, network_id.
select uses.principal_id, networks.network_id, min(uses.first_at) as first_seen_at
from int_address_uses as uses
inner join int_networks as networks using (source_ip)
where uses.principal_id is not null and networks.network_id is not null and uses.is_success
group by uses.principal_id, networks.network_id
