-- A secret that was read, and the key of an application or the Okta token that was in it. Grain: from_thing_id, to_thing_id.
-- Tied where the secret's name holds the application's name or the key's id; else inferred from the first use of a credential
-- within a day, from the reader's address or network or from a new one, and only if no log says who issued it.
with
    read_secrets as (
        select
            edges.to_thing_id,
            edges.occurred_at,
            lower(coalesce(holders.target_id, '') || ' ' || coalesce(holders.target_name, '')) as secret,
            holders.target_name,
            holders.source_ip,
            holders.network_id
        from int_edges_secrets as edges
        inner join
            int_event_holders as holders
            on edges.source = holders.source
            and edges.event_id = holders.event_id
            and edges.tenant_id is not distinct from holders.tenant_id
            and edges.from_thing_id = holders.thing_id
        where edges.kind = 'reads_secret' and edges.to_kind = 'secret'
    ),

    first_uses as (
        select origins.*
        from int_session_origins as origins
        anti join
            int_given_things as given
            on split_part(origins.thing_id, '@', 1) = given.to_thing_id
            and given.occurred_at <= origins.first_used_at
        where
            origins.kind in ('service_principal_key_use', 'api_token_use')
            -- at the start of the logs every use is a first one
            and origins.first_used_at >= $since + interval 3 days
    ),

    weighed as (
        select
            read_secrets.to_thing_id as from_thing_id,
            read_secrets.target_name,
            first_uses.*,
            contains(read_secrets.secret, lower(first_uses.credential_id))
            or contains(read_secrets.secret, lower(first_uses.app_id))
            or (
                length(first_uses.principal_name) > 3 and contains(read_secrets.secret, lower(first_uses.principal_name))
            ) as is_named,
            0.25 + case
                when
                    regexp_matches(
                        read_secrets.secret, 'client.?secret|app.?(id|secret|reg)|service.?principal|entra|azure.?ad|okta'
                    )
                then 0.25
                else 0
            end
            + case
                when read_secrets.source_ip = first_uses.source_ip
                then 0.3
                when read_secrets.network_id = first_uses.network_id
                then 0.2
                else 0
            end
            + case when first_uses.is_new_network or first_uses.is_unusual_network then 0.2 else 0 end as weight
        from read_secrets
        inner join
            first_uses
            on first_uses.first_used_at > read_secrets.occurred_at
            and first_uses.first_used_at <= read_secrets.occurred_at + interval 1 day
    )

select
    weighed.first_used_at as occurred_at,
    weighed.from_thing_id,
    weighed.thing_id as to_thing_id,
    weighed.kind as to_kind,
    'reads_secret' as kind,
    max(case when weighed.is_named then 0.95 else weighed.weight end)::double as confidence,
    weighed.first_source as source,
    weighed.tenant_id,
    weighed.first_event_id as event_id,
    case when bool_or(weighed.is_named) then '' else 'inferred: ' end
    || coalesce(weighed.principal_name, weighed.principal_id)
    || ' is first signed in to from '
    || coalesce(weighed.network_id, 'an unknown network')
    || case when weighed.is_new_network then ', a network new to the organisation,' else '' end
    || ' within a day after secret '
    || max(weighed.target_name)
    || ' was read'
    || case when bool_or(weighed.is_named) then ', which is named for it' else '' end as why
from weighed
group by
    weighed.first_used_at,
    weighed.from_thing_id,
    weighed.thing_id,
    weighed.kind,
    weighed.first_source,
    weighed.tenant_id,
    weighed.first_event_id,
    weighed.principal_name,
    weighed.principal_id,
    weighed.network_id,
    weighed.is_new_network
having confidence >= 0.5
