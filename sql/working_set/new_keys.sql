-- Long-lived keys and secrets that were first used from a network in the window of the hunt, and by whom. Grain: credential_id,
-- network_id.
select uses.credential_id, networks.network_id, min(uses.first_at) as first_at, list(distinct uses.holder_key) as holder_keys
from kept_key_uses as uses
left join int_networks as networks using (source_ip)
where uses.first_at >= $since and uses.first_at < $until
group by uses.credential_id, networks.network_id
having min(uses.first_at) >= $window_from
