-- Hosts and functions on which code was run, and the role session of each that was used within a day. Grain: from_thing_id,
-- to_thing_id, occurred_at. The session of a host's role carries the host's name. From another network than the host's it was
-- taken along; from the host itself no log says whether it acted at the attacker's bidding, so the confidence is low.
with
    hosts as (
        select
            powers.to_thing_id, powers.tenant_id, lower(powers.to_name) as host, powers.action, min(powers.occurred_at) as run_at
        from int_aws_powers as powers
        where powers.to_kind = 'code'
        group by all
    ),

    uses as (
        select
            hosts.to_thing_id as from_thing_id,
            hosts.host,
            hosts.action,
            holders.thing_id,
            holders.occurred_at,
            holders.source,
            holders.tenant_id,
            holders.event_id,
            holders.network_id,
            coalesce(places.first_seen_at > hosts.run_at and principals.first_seen_at <= hosts.run_at, false) as is_elsewhere
        from hosts
        inner join
            int_event_holders as holders
            on holders.source = 'aws_cloudtrail'
            and holders.principal_kind = 'role'
            and holders.outcome <> 'failure'
            and hosts.host = lower(holders.principal_name)
            and hosts.tenant_id = holders.tenant_id
            and holders.occurred_at >= hosts.run_at
            and holders.occurred_at < hosts.run_at + interval 1 day
        left join
            int_principal_networks as places
            on holders.principal_id = places.principal_id
            and holders.network_id = places.network_id
        left join
            (
                select known.principal_id, min(known.first_seen_at) as first_seen_at
                from int_principal_networks as known
                group by known.principal_id
            ) as principals
            on holders.principal_id = principals.principal_id
    )

select
    min(uses.occurred_at) as occurred_at,
    uses.from_thing_id,
    uses.thing_id as to_thing_id,
    'temporary_key' as to_kind,
    'runs_code' as kind,
    case when uses.is_elsewhere then 0.8 else 0.4 end::double as confidence,
    arg_min(uses.source, struct_pack(at := uses.occurred_at, event_id := uses.event_id)) as source,
    arg_min(uses.tenant_id, struct_pack(at := uses.occurred_at, event_id := uses.event_id)) as tenant_id,
    arg_min(uses.event_id, struct_pack(at := uses.occurred_at, event_id := uses.event_id)) as event_id,
    case
        when uses.is_elsewhere
        then 'the role of ' || uses.host || ' is used away from its host after ' || min(uses.action)
        else 'the role of ' || uses.host || ' acts within a day after ' || min(uses.action) || ' there'
    end as why
from uses
group by uses.from_thing_id, uses.thing_id, uses.host, uses.is_elsewhere
