-- Long-lived keys and secrets by the network they are used from, and whether that network is new to the organisation.
-- Grain: thing_id.
select
    sessions.*,
    split_part(sessions.thing_id, '@', 1) as known_thing_id,
    -- new: nobody here used it before the two days before this use, and the logs go back further than that
    networks.first_seen_at >= sessions.first_used_at - interval 2 days
    and sessions.first_used_at >= (select min(int_networks.first_seen_at) from int_networks) + interval 3 days as is_new_network
from int_sessions as sessions
left join int_networks as networks on sessions.source_ip = networks.source_ip
where sessions.kind in ('access_key_use', 'service_principal_key_use', 'api_token_use')
