-- Sessions and uses of credentials with how strange the network was in which they began. Grain: thing_id.
-- new: nobody here had used the network until ten days before. unusual: this principal had not, and was known before. shared:
-- an office, a provider or a VPN, which proves nothing about who is behind it. All three are false at the start of the logs.
with
    log_starts as (select min(networks.first_seen_at) + interval 3 days as past_begins_at from int_networks as networks),

    crowds as (select uses.network_id, count(*) as principal_count from int_principal_networks as uses group by uses.network_id),

    newest_networks as (
        select networks.network_id, min(networks.first_seen_at) as first_seen_at
        from int_networks as networks
        group by networks.network_id
    ),

    principals as (
        select uses.principal_id, min(uses.first_seen_at) as first_seen_at
        from int_principal_networks as uses
        group by uses.principal_id
    )

select
    sessions.*,
    coalesce(crowds.principal_count > 5, false) as is_shared_network,
    coalesce(
        newest_networks.first_seen_at >= sessions.first_used_at - interval 10 days
        and newest_networks.first_seen_at >= log_starts.past_begins_at,
        false
    ) as is_new_network,
    coalesce(
        uses.first_seen_at >= sessions.first_used_at - interval 1 day
        and principals.first_seen_at < sessions.first_used_at - interval 1 day,
        false
    ) as is_unusual_network
from int_sessions as sessions
cross join log_starts
left join newest_networks on sessions.network_id = newest_networks.network_id
left join crowds on sessions.network_id = crowds.network_id
left join int_principal_networks as uses on sessions.principal_id = uses.principal_id and sessions.network_id = uses.network_id
left join principals on sessions.principal_id = principals.principal_id
